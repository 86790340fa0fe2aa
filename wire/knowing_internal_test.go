package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestTLSWithoutALPN: a client that has agreed on no protocol is served what it begins with, and known to have
// come by TLS.
func TestTLSWithoutALPN(t *testing.T) {
	certified := httptest.NewTLSServer(nil) // for its certificate
	defer certified.Close()
	cert := certified.TLS.Certificates[0]
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.ProtoMajor, newExchange(&Server{Config: Config{Now: time.Now}}, w, r).call.TLS)
	}))
	done := make(chan error, 1)
	go func() {
		done <- srv.Serve(OnePort(l, func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &cert, nil }))
	}()
	for _, h2 := range []bool{false, true} {
		p := new(http.Protocols)
		p.SetHTTP1(!h2)
		p.SetUnencryptedHTTP2(h2) // as the client believes
		tr := &http.Transport{Protocols: p, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
			c, err := d.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return struct{ net.Conn }{c}, nil
		}}
		c := &http.Client{Transport: tr, Timeout: 30 * time.Second}
		for range 2 {
			resp, err := c.Get("http://" + l.Addr().String())
			if err != nil {
				t.Fatalf("HTTP/2 %v: %v", h2, err)
			}
			b, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if want := map[bool]string{false: "1 true", true: "2 true"}[h2]; err != nil || string(b) != want {
				t.Errorf("HTTP/2 %v: %s, %v", h2, b, err)
			}
		}
		tr.CloseIdleConnections()
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	<-done
}
