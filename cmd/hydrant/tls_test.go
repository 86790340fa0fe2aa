package main

import (
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// A client that trusts the certificate in the data folder speaks TLS with the same port, across a
// reset and a restart.
func TestServeSpeaksTLS(t *testing.T) {
	c := defaultConfig()
	c.Data, c.Addr = t.TempDir(), "127.0.0.1:0"
	bundle := filepath.Join(c.Data, "tls", "cert.pem")
	list := func(url string) error {
		pem, err := os.ReadFile(bundle)
		if err != nil {
			return err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		client := kinesis.New(kinesis.Options{
			Region: "us-east-1", BaseEndpoint: aws.String(strings.Replace(url, "http:", "https:", 1)), RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
			HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
				tr.TLSClientConfig.RootCAs = roots
			}),
		})
		_, err = client.ListStreams(t.Context(), &kinesis.ListStreamsInput{})
		return err
	}
	serve := func() *server {
		s, err := startServer(t.Context(), c, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := serve()
	if _, err := os.Stat(bundle); err == nil {
		t.Error("a certificate was made before anybody asked for one")
	}
	if _, err := http.Get(strings.Replace(s.url(), "http:", "https:", 1)); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a client that does not know the certificate: %v", err)
	}
	if err := list(s.url()); err != nil {
		t.Error(err)
	}
	if err := s.reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := list(s.url()); err != nil {
		t.Error("after a reset:", err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(bundle)
	s = serve()
	defer s.stop()
	if err := list(s.url()); err != nil {
		t.Error("after a restart:", err)
	}
	if after, _ := os.ReadFile(bundle); string(after) != string(before) {
		t.Error("the certificate changed with a restart")
	}
}

func TestServeOnAPortThatIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := defaultConfig()
	c.Data, c.Addr = t.TempDir(), l.Addr().String()
	for range 2 { // the second time shows that the folder was let go of
		if _, err := startServer(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "address already in use") {
			t.Errorf("got %v", err)
		}
	}
}

func TestOwnCertificateNeedsItsKey(t *testing.T) {
	c := defaultConfig()
	c.Data, c.Addr, c.TLSCert = t.TempDir(), "127.0.0.1:0", "cert.pem"
	if _, err := startServer(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "belong together") {
		t.Errorf("got %v", err)
	}
}
