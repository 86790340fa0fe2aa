package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"time"
)

// The AWS SDK for Java begins with HTTP/2 in TLS without having agreed on it by ALPN, as AWS's endpoints
// let it. net/http takes HTTP/2 from clients that know only without TLS, so such a connection comes to it as
// one that hides its TLS.

// preface is how a client that speaks HTTP/2 begins; no HTTP/1 request does.
const preface = "PRI * HTTP/2.0"

// settle shakes hands with a TLS client and looks at how one without ALPN begins. A handshake that fails
// is left to the server to tell of.
func settle(c *tls.Conn) net.Conn {
	if c.SetDeadline(time.Now().Add(helloWait)) != nil || c.Handshake() != nil || c.ConnectionState().NegotiatedProtocol != "" {
		_ = c.SetDeadline(time.Time{}) // a connection that is broken shows it at the next read
		return c
	}
	begun := &begunConn{c, bufio.NewReaderSize(c, 4096)}
	for n := 1; n <= len(preface); n++ { // one by one: HTTP/1 need not send so much
		b, err := begun.r.Peek(n)
		if err != nil || b[n-1] != preface[n-1] {
			_ = c.SetDeadline(time.Time{})
			return &tlsConn{begun}
		}
	}
	_ = c.SetDeadline(time.Time{})
	return &knowingConn{begun}
}

// begunConn is a connection of which something was read ahead.
type begunConn struct {
	net.Conn
	r *bufio.Reader
}

func (c *begunConn) Read(b []byte) (int, error) { return c.r.Read(b) }

// tlsConn is one whose TLS shows.
type tlsConn struct{ *begunConn }

// ConnectionState is what net/http asks of a connection that is no *tls.Conn.
func (c *tlsConn) ConnectionState() tls.ConnectionState { return c.Conn.(*tls.Conn).ConnectionState() }

// knowingConn is one of a client that speaks HTTP/2 unasked.
type knowingConn struct{ *begunConn }

type overTLSKey struct{}

// markTLS is the http.Server's ConnContext: it says of a hidden TLS that it is there.
func markTLS(ctx context.Context, c net.Conn) context.Context {
	if _, ok := c.(*knowingConn); ok {
		return context.WithValue(ctx, overTLSKey{}, true)
	}
	return ctx
}

func overTLS(ctx context.Context) bool { return ctx.Value(overTLSKey{}) != nil }
