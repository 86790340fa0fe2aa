package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// outage: the bucket is gone while records come, half of them as fast as they can, the rest over a while.
// Then it is back, and all is delivered.
func outage(o *options, s *server) error {
	if err := s.create("full", converting("full/", 64, 60)); err != nil {
		return err
	}
	if err := s.dropBucket(); err != nil {
		return err
	}
	return s.sitOut("outage", o, nil, func() error { return s.bucket(http.MethodPut) })
}

// away: as outage, but the bucket is at an S3 endpoint (another hydrant) that refuses connections, then is
// overloaded, then takes connections and is silent.
func away(o *options, s *server) error {
	s.Halt()
	there := &server{bin: s.bin, dir: s.dir + "/there"}
	if err := there.start(); err != nil {
		return err
	}
	defer there.Halt()
	e, err := newEndpoint(there.addr)
	if err != nil {
		return err
	}
	defer e.close()
	s.args = []string{"--lake", "s3://bench", "--lake-endpoint", "http://" + e.addr}
	s.env = []string{"AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_REGION=us-east-1"}
	if err := errors.Join(s.start(), there.bucket(http.MethodPut), s.create("full", converting("full/", 64, 60))); err != nil {
		return err
	}
	if err := e.is("refuses"); err != nil {
		return err
	}
	return s.sitOut("away", o, func(share float64) error {
		return e.is([]string{"refuses", "overloaded", "silent"}[min(int(share*3), 2)])
	}, func() error { return e.is("sound") })
}

// sitOut puts records while nothing can be delivered, then ends the outage and waits until all is there. during
// hears which share of the time has passed.
func (s *server) sitOut(name string, o *options, during func(share float64) error, end func() error) error {
	began, curve := time.Now(), []string{}
	sample := func() {
		s.sample()
		curve = append(curve, fmt.Sprintf("%.0fs %d", time.Since(began).Seconds(), s.now.total>>20))
	}
	half := int(o.GB * 1e9 / 2 / wideBytes)
	put := 0
	for put < half {
		n, err := s.load(o.Conns, 2*time.Second, func(int) []byte { return wide("full") })
		if err != nil {
			return err
		}
		put += n
		sample()
	}
	fast := time.Since(began)
	req, until, next := wide("full"), began.Add(fast+o.For), time.Now()
	c, err := dial(s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	pace := time.Duration(float64(o.For) / (float64(half) / 500))
	for at := time.Now(); at.Before(until); at = at.Add(pace) {
		if during != nil {
			if err := during(1 - time.Until(until).Seconds()/o.For.Seconds()); err != nil {
				return err
			}
		}
		if err := c.put(req); err != nil {
			return err
		}
		put += 500
		if time.Now().After(next) {
			sample()
			next = time.Now().Add(o.For / 10)
		}
		time.Sleep(time.Until(at.Add(pace)))
	}
	sample()
	most := s.peak
	if err := end(); err != nil {
		return err
	}
	mended := time.Now()
	if err := s.flush("full"); err != nil {
		return err
	}
	rows, err := s.count("full")
	if err != nil {
		return err
	}
	sample()
	fmt.Printf("%-12s %.1f GB spooled, the first half in %v, the rest over %v: peak %d MiB RSS (%d MiB its own) until it ended, %d MiB after; all %d records (put %d) delivered %v after its end\n             MiB RSS at: %s\n",
		name, float64(put)*wideBytes/1e9, fast.Round(time.Second), o.For, most.total>>20, most.own>>20, s.peak.total>>20, rows, put, time.Since(mended).Round(100*time.Millisecond), strings.Join(curve, ", "))
	if rows != put {
		return fmt.Errorf("%d records put, %d delivered", put, rows)
	}
	return nil
}

// endpoint stands before an S3 endpoint and has its troubles.
type endpoint struct {
	addr    string
	proxy   *httputil.ReverseProxy
	trouble atomic.Value // string

	mu     sync.Mutex
	server *http.Server // nil: connections are refused
}

func newEndpoint(to string) (*endpoint, error) {
	e := &endpoint{addr: "127.0.0.1:0", proxy: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: to})}
	return e, e.is("sound")
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch e.trouble.Load() {
	case "overloaded":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "silent":
		<-r.Context().Done()
	default:
		e.proxy.ServeHTTP(w, r)
	}
}

// is changes what the endpoint does. Whoever waits for an answer is hung up on.
func (e *endpoint) is(what string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.trouble.Swap(what) == what {
		return nil
	}
	if e.server != nil {
		e.server.Close()
		e.server = nil
	}
	if what == "refuses" {
		return nil
	}
	l, err := net.Listen("tcp", e.addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: e}
	e.addr, e.server = l.Addr().String(), server
	go func() { _ = server.Serve(l) }() // until it is closed
	return nil
}

func (e *endpoint) close() { _ = e.is("refuses") }
