package wire_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant/wire"
)

func TestOnePortSpeaksTLSAndPlainBothVersions(t *testing.T) {
	certified := httptest.NewTLSServer(nil) // for its certificate
	defer certified.Close()
	cert := certified.TLS.Certificates[0]
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	plainTCP := make(chan bool, 8)
	srv := wire.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Write(b)
	}))
	srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_, ok := c.(*net.TCPConn)
		plainTCP <- ok
		return ctx
	}
	one := wire.OnePort(l, func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &cert, nil })
	done := make(chan error, 1)
	go func() { done <- srv.Serve(one) }()

	silent, err := net.Dial("tcp", l.Addr().String()) // says nothing: it must hold up nobody
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, way := range []struct {
		scheme string
		h2     bool
	}{{"http", false}, {"http", true}, {"https", false}, {"https", true}} {
		p := new(http.Protocols)
		p.SetHTTP1(!way.h2)
		p.SetUnencryptedHTTP2(way.h2)
		p.SetHTTP2(way.h2)
		tr := certified.Client().Transport.(*http.Transport).Clone()
		tr.Protocols, tr.ForceAttemptHTTP2 = p, way.h2
		c := &http.Client{Transport: tr, Timeout: 10 * time.Second}
		resp, err := c.Post(way.scheme+"://"+l.Addr().String(), "text/plain", http.NoBody)
		if err != nil {
			t.Fatalf("%v: %v", way, err)
		}
		resp.Body.Close()
		if want := map[bool]int{false: 1, true: 2}[way.h2]; resp.ProtoMajor != want || (resp.TLS != nil) != (way.scheme == "https") {
			t.Errorf("%v: answered by %s, TLS %v", way, resp.Proto, resp.TLS != nil)
		}
		if plain := <-plainTCP; plain != (way.scheme == "http") {
			t.Errorf("%v: the server's connection is a bare TCP one: %v", way, plain)
		}
		c.CloseIdleConnections()
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != http.ErrServerClosed {
		t.Error(err)
	}
	silent.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("a silent connection outlives the listener")
	}
}
