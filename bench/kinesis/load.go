package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// conn is one HTTP/1.1 connection that costs next to nothing: the load shares its cores with the server.
type conn struct {
	net.Conn
	r    *bufio.Reader
	body []byte // of the last reply
}

func dial(addr string) (*conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, r: bufio.NewReaderSize(c, 64<<10)}, nil
}

// request is a whole request, with a signature that nobody checks.
func request(op string, body []byte) []byte {
	b := fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202.%s\r\n"+
		"X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=00\r\nContent-Length: %d\r\n\r\n", op, len(body))
	return append(b, body...)
}

// call sends a request and reads the reply. The body stays good until the next call.
func (c *conn) call(req []byte) (status int, body []byte, err error) {
	if _, err := c.Write(req); err != nil {
		return 0, nil, err
	}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if n := resp.ContentLength; n >= 0 {
		c.body = slices.Grow(c.body[:0], int(n))[:n]
		_, err = io.ReadFull(resp.Body, c.body)
	} else {
		c.body, err = io.ReadAll(resp.Body)
	}
	if body = c.body; err != nil {
		return 0, nil, err
	}
	if resp.StatusCode != 200 {
		return resp.StatusCode, body, fmt.Errorf("%w: %d %s", errStatus, resp.StatusCode, body)
	}
	return 200, body, nil
}

// put sends a PutRecords and throws the reply away; only its status and what failed count.
func (c *conn) put(req []byte) error {
	if _, err := c.Write(req); err != nil {
		return err
	}
	length := -1
	for first := true; ; first = false {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return fmt.Errorf("%w: %s", errStatus, line)
		}
		if k, v, _ := bytes.Cut(line, []byte(": ")); bytes.EqualFold(k, []byte("Content-Length")) {
			length, _ = strconv.Atoi(string(v))
		}
	}
	if length < 0 {
		return fmt.Errorf("a reply without Content-Length")
	}
	head, err := c.r.Peek(min(length, 64))
	if err != nil {
		return err
	}
	if !bytes.Contains(head, []byte(`"FailedRecordCount":0`)) {
		return fmt.Errorf("records failed: %s", head)
	}
	_, err = c.r.Discard(length)
	return err
}

// batches are PutRecords of 500 records of 300 bytes with keys of their own.
func batches(n int) [][]byte {
	const letters = " abcdefghijklmnopqrstuvwxyz,:\"{}0123456789"
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([][]byte, n)
	for i := range out {
		body := []byte(`{"Records":[`)
		for r := range 500 {
			if r > 0 {
				body = append(body, ',')
			}
			data := make([]byte, 300)
			for j := range data {
				data[j] = letters[rng.IntN(len(letters))]
			}
			body = fmt.Appendf(body, `{"Data":"%s","PartitionKey":"%d"}`, base64.StdEncoding.EncodeToString(data), rng.Uint32())
		}
		out[i] = request("PutRecords", append(body, `],"StreamName":"bench"}`...))
	}
	return out
}

// create makes the stream and waits until it takes records.
func create(s *server, stream string, shards int) error {
	if s.name == "floor" {
		return nil
	}
	c, err := dial(s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, _, err := c.call(request("CreateStream", fmt.Appendf(nil, `{"StreamName":%q,"ShardCount":%d}`, stream, shards))); err != nil {
		return err
	}
	for range 500 {
		_, body, err := c.call(request("DescribeStream", fmt.Appendf(nil, `{"StreamName":%q}`, stream)))
		if err != nil {
			return err
		}
		if bytes.Contains(body, []byte(`"ACTIVE"`)) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("the stream does not become ACTIVE")
}

// putLoad puts for a turn, after a short warming up, and gives records per second.
func putLoad(s *server, o *options) (float64, error) {
	if err := create(s, "bench", o.Shards); err != nil {
		return 0, err
	}
	reqs := batches(8)
	var calls atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	errs := make(chan error, o.Conns)
	for i := range o.Conns {
		wg.Go(func() {
			c, err := dial(s.addr)
			if err != nil {
				errs <- err
				return
			}
			defer c.Close()
			for n := i; !stop.Load(); n++ {
				if err := c.put(reqs[n%len(reqs)]); err != nil {
					errs <- err
					return
				}
				calls.Add(1)
			}
		})
	}
	time.Sleep(o.Turn / 4)
	before, began := calls.Load(), time.Now()
	time.Sleep(o.Turn)
	n, took := calls.Load()-before, time.Since(began)
	stop.Store(true)
	wg.Wait()
	select {
	case err := <-errs:
		return 0, err
	default:
	}
	return float64(n*500) / took.Seconds(), nil
}

// fill makes a stream of one shard and puts records.
func fill(s *server, records int) error {
	if err := create(s, "bench", 1); err != nil {
		return err
	}
	return add(s, records)
}

// add puts more.
func add(s *server, records int) error {
	c, err := dial(s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for i, reqs := 0, batches(8); i < records/500; i++ {
		if err := c.put(reqs[i%len(reqs)]); err != nil {
			return err
		}
	}
	return nil
}

// getLoad reads the shard from its beginning, again and again for a while, or once through. It gives records a
// second, and how many they were.
func getLoad(s *server, during time.Duration) (rate float64, records int, err error) {
	c, err := dial(s.addr)
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	began := time.Now()
	for {
		_, body, err := c.call(request("GetShardIterator", []byte(`{"StreamName":"bench","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}`)))
		if err != nil {
			return 0, 0, err
		}
		var it struct{ ShardIterator string }
		if err := json.Unmarshal(body, &it); err != nil {
			return 0, 0, err
		}
		for {
			_, body, err := c.call(request("GetRecords", fmt.Appendf(nil, `{"ShardIterator":"%s","Limit":10000}`, it.ShardIterator)))
			if err != nil {
				return 0, 0, err
			}
			n := bytes.Count(body, []byte(`"SequenceNumber":`))
			if n == 0 {
				break
			}
			records += n
			_, tail, ok := bytes.Cut(body[bytes.LastIndex(body, []byte(`"NextShardIterator":"`))+1:], []byte(`:"`))
			end := bytes.IndexByte(tail, '"')
			if !ok || end < 0 {
				break
			}
			it.ShardIterator = string(tail[:end])
		}
		if took := time.Since(began); took >= during {
			return float64(records) / took.Seconds(), records, nil
		}
	}
}
