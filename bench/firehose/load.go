package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// conn is one HTTP/1.1 connection that costs next to nothing: the load shares its cores with the server.
type conn struct {
	net.Conn
	r *bufio.Reader
}

func dial(addr string) (*conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReaderSize(c, 64<<10)}, nil
}

// request is a whole call, with a signature that nobody checks.
func request(op string, body []byte) []byte {
	service, target := "firehose", "Firehose_20150804."
	if strings.HasPrefix(op, "AWSGlue.") {
		service, target = "glue", ""
	}
	b := fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: %s%s\r\n"+
		"X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/%s/aws4_request, SignedHeaders=host, Signature=00\r\nContent-Length: %d\r\n\r\n", target, op, service, len(body))
	return append(b, body...)
}

// put sends a request. Of a reply only its status and what failed count.
func (c *conn) put(req []byte) error {
	if _, err := c.Write(req); err != nil {
		return err
	}
	reply, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	head := make([]byte, 64)
	n, err := io.ReadFull(reply.Body, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return err
	}
	rest, err := io.Copy(io.Discard, reply.Body)
	head = head[:n]
	switch {
	case err != nil:
		return err
	case reply.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s", reply.Status, head)
	case bytes.Contains(head, []byte("FailedPutCount")) && !bytes.Contains(head, []byte(`"FailedPutCount":0`)):
		return fmt.Errorf("records failed: %s (%d bytes more)", head, rest)
	}
	return nil
}

// load puts batches of 500 over many connections for a while and counts the records.
func (s *server) load(conns int, d time.Duration, next func(int) []byte) (records int, err error) {
	var (
		wg    sync.WaitGroup
		count atomic.Int64
		fault atomic.Pointer[error]
	)
	until := time.Now().Add(d)
	for i := range conns {
		wg.Go(func() {
			c, err := dial(s.addr)
			if err == nil {
				defer c.Close()
				for req := next(i); err == nil && time.Now().Before(until) && fault.Load() == nil; {
					if err = c.put(req); err == nil {
						count.Add(500)
					}
				}
			}
			if err != nil {
				fault.Store(&err)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for {
		select {
		case <-done:
			s.sample()
			if e := fault.Load(); e != nil {
				return 0, *e
			}
			return int(count.Load()), nil
		case <-time.After(100 * time.Millisecond):
			s.sample()
		}
	}
}

// each does something n times, 8 at once.
func (s *server) each(n int, f func(c *conn, i int) error) error {
	var (
		wg    sync.WaitGroup
		next  atomic.Int64
		fault atomic.Pointer[error]
	)
	for range min(8, n) {
		wg.Go(func() {
			c, err := dial(s.addr)
			if err == nil {
				defer c.Close()
			}
			for err == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				err = f(c, i)
				s.sampled.Lock()
				s.sample()
				s.sampled.Unlock()
			}
			fault.Store(&err)
		})
	}
	wg.Wait()
	if e := fault.Load(); e != nil {
		return *e
	}
	return nil
}

// batch is a PutRecordBatch of 500 trips; the partition of a trip is its place in the batch.
func batch(stream string, round int) []byte {
	return putting(stream, func(i int) []byte {
		return fmt.Appendf(nil, `{"trip_id":%d,"pickup_latitude":40.%06d,"pickup_longitude":-73.%06d,"dropoff_latitude":40.75%04d,"dropoff_longitude":-73.97%04d,"trip_distance":%d.%d,"passenger_count":%d,"pickup_datetime":"2016-01-01T00:%02d:%02d.000Z","dropoff_datetime":"2016-01-01T01:%02d:%02d.000Z","total_amount":%d.5,"part":"p%d"}`+"\n",
			round*500+i, 700000+i*131, 900000+i*97, i*17%10000, i*13%10000, i%20, i%10, i%6, i%60, i%59, i%58, i%57, i%80, i)
	})
}

const wideBytes = 4000

// wide is a PutRecordBatch of 500 records of wideBytes.
func wide(stream string) []byte {
	text := strings.Repeat("hydrant ", wideBytes/8)
	return putting(stream, func(i int) []byte {
		d := fmt.Appendf(nil, `{"trip_id":%d,"note":"%s"}`, i, text)
		return append(d[:wideBytes-2:wideBytes-2], `"}`...)
	})
}

func putting(stream string, record func(i int) []byte) []byte {
	b := fmt.Appendf(nil, `{"DeliveryStreamName":%q,"Records":[`, stream)
	for i := range 500 {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"Data":"%s"}`, base64.StdEncoding.EncodeToString(record(i)))
	}
	return request("PutRecordBatch", append(b, "]}"...))
}
