package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// helloWait is how long a connection may say nothing before its first byte.
const helloWait = 20 * time.Second

// OnePort listens on l for clients that speak TLS and for clients that do not: the first byte a
// connection sends tells. It is peeked at, not read, so that a plain connection stays a *net.TCPConn
// and objects still leave by sendfile. HTTP/2 is offered in TLS, and taken from clients that begin with it
// unasked. Serve it by NewHTTPServer.
func OnePort(l net.Listener, certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) net.Listener {
	p := &onePort{
		Listener: l,
		config:   &tls.Config{GetCertificate: certificate, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12},
		ready:    make(chan net.Conn), closed: make(chan struct{}),
		silent: map[net.Conn]struct{}{},
	}
	p.work.Add(1)
	go p.accept()
	return p
}

type onePort struct {
	net.Listener
	config *tls.Config
	ready  chan net.Conn
	closed chan struct{}
	once   sync.Once
	work   sync.WaitGroup // accept, and one for each silent connection

	mu     sync.Mutex
	ended  bool
	err    error                 // of the listener, once closed
	silent map[net.Conn]struct{} // connections that have not said what they are
}

func (p *onePort) Accept() (net.Conn, error) {
	select {
	case c := <-p.ready:
		return c, nil
	case <-p.closed:
		p.mu.Lock()
		defer p.mu.Unlock()
		return nil, p.err
	}
}

// Close closes the listener and the connections that have said nothing.
func (p *onePort) Close() error {
	err := p.end(net.ErrClosed)
	p.work.Wait()
	return err
}

func (p *onePort) end(why error) (err error) {
	p.once.Do(func() {
		p.mu.Lock()
		p.ended, p.err = true, why
		for c := range p.silent {
			c.Close()
		}
		p.mu.Unlock()
		err = p.Listener.Close()
		close(p.closed)
	})
	return err
}

func (p *onePort) accept() {
	defer p.work.Done()
	for {
		c, err := p.Listener.Accept()
		if err != nil {
			if n, ok := err.(net.Error); ok && n.Timeout() { //nolint:errorlint // as net/http asks it
				continue
			}
			if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED) {
				time.Sleep(10 * time.Millisecond) // as net/http does: some connection will close
				continue
			}
			_ = p.end(err)
			return
		}
		p.mu.Lock()
		if p.ended {
			p.mu.Unlock()
			c.Close()
			return
		}
		p.silent[c] = struct{}{}
		p.work.Add(1)
		p.mu.Unlock()
		go p.hear(c)
	}
}

// hear waits for a connection's first byte, and a TLS client's handshake, and hands the connection on as what it turns out to be.
func (p *onePort) hear(c net.Conn) {
	defer p.work.Done()
	raw := c
	first, err := peek(c)
	if err == nil && first == 0x16 { // a TLS handshake record; no HTTP method begins with it
		c = settle(tls.Server(c, p.config))
	}
	p.mu.Lock()
	delete(p.silent, raw)
	p.mu.Unlock()
	if err != nil {
		c.Close()
		return
	}
	select {
	case p.ready <- c:
	case <-p.closed:
		c.Close()
	}
}

// peek is the first byte that c sends, which stays to be read.
func peek(c net.Conn) (byte, error) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return 0, errors.New("wire: not a socket")
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, err
	}
	if err := c.SetReadDeadline(time.Now().Add(helloWait)); err != nil {
		return 0, err
	}
	var b [1]byte
	var n int
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		n, _, failed = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		return !errors.Is(failed, syscall.EAGAIN) && !errors.Is(failed, syscall.EINTR)
	})
	if err = errors.Join(err, failed); err == nil && n == 0 {
		err = io.EOF
	}
	return b[0], errors.Join(err, c.SetReadDeadline(time.Time{}))
}
