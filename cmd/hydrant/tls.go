package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	tlsFolder = "tls" // below the data folder; survives a reset, since clients may trust what is in it
	certLife  = 2 * 365 * 24 * time.Hour
	certRenew = 30 * 24 * time.Hour // before it ends
)

// certificates answers TLS clients with the operator's certificate, or with one of our own making. That
// one is made when the first such client comes and kept in the data folder, so that AWS_CA_BUNDLE may
// name it.
type certificates struct {
	certFile, keyFile string // the operator's, or ""
	dir               string
	host              string // that we were told to listen on

	mu   sync.Mutex
	cert *tls.Certificate
}

func newCertificates(c Config) (*certificates, error) {
	host, _, _ := net.SplitHostPort(c.Addr)
	s := &certificates{certFile: c.TLSCert, keyFile: c.TLSKey, dir: filepath.Join(c.Data, tlsFolder), host: host}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return nil, hinted{errors.New("a certificate and its key belong together"), "give both --tls-cert and --tls-key, or neither"}
	}
	if c.TLSCert == "" {
		return s, nil
	}
	cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, hinted{fmt.Errorf("load the certificate: %w", err), "--tls-cert and --tls-key are PEM files"}
	}
	s.cert = &cert
	return s, nil
}

func (s *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.certFile != "" || s.cert != nil && time.Until(s.cert.Leaf.NotAfter) > certRenew {
		return s.cert, nil
	}
	cert, err := s.own()
	if err == nil {
		s.cert = cert
	}
	return cert, err
}

// own loads the self-signed certificate, or makes it.
func (s *certificates) own() (*tls.Certificate, error) {
	certFile, keyFile := filepath.Join(s.dir, "cert.pem"), filepath.Join(s.dir, "key.pem")
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil && time.Until(cert.Leaf.NotAfter) > certRenew && (s.host == "" || cert.Leaf.VerifyHostname(s.host) == nil) {
		return &cert, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "hydrant"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certLife),
		IsCA: true, BasicConstraintsValid: true, // so that it can stand in a bundle of authorities
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost", "*.localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if name, err := os.Hostname(); err == nil {
		t.DNSNames = append(t.DNSNames, name)
	}
	if ip := net.ParseIP(s.host); ip != nil {
		t.IPAddresses = append(t.IPAddresses, ip)
	} else if s.host != "" && !slices.Contains(t.DNSNames, s.host) {
		t.DNSNames = append(t.DNSNames, s.host)
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	if err := errors.Join(os.WriteFile(keyFile, keyPEM, 0o600), os.WriteFile(certFile, certPEM, 0o644)); err != nil {
		return nil, err
	}
	cert, err = tls.X509KeyPair(certPEM, keyPEM)
	return &cert, err
}
