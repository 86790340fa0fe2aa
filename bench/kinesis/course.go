package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hydrant-stream/hydrant/wire/eventstream"
)

// course is a load that goes on from stream to stream: when one has had its share the next is made, its
// readers begin, the puts move over, and the old one is deleted.
type course struct {
	server  *server
	o       *options
	data    [][]byte // requests of PutRecords to the stream "bench"
	now     atomic.Pointer[leg]
	streams int
	stop    atomic.Bool // of the whole

	put, got, pushed atomic.Int64 // records
}

// leg is one stream of a course.
type leg struct {
	name    string
	reqs    [][]byte
	putting sync.RWMutex // held for reading over a put; gone is written under it
	gone    bool
	put     atomic.Int64
	end     chan struct{} // closed when its readers are to end
	readers sync.WaitGroup
	errs    chan error
}

// move makes the next stream and lets the puts go there. The old one is given to leave.
func (c *course) move() error {
	l := &leg{name: fmt.Sprintf("bench-%d", c.streams), end: make(chan struct{}), errs: make(chan error, 2*c.o.Shards)}
	c.streams++
	if err := create(c.server, l.name, c.o.Shards); err != nil {
		return err
	}
	for _, req := range c.data {
		_, body, _ := bytes.Cut(req, []byte("\r\n\r\n"))
		l.reqs = append(l.reqs, request("PutRecords", bytes.Replace(body, []byte(`"StreamName":"bench"`), []byte(`"StreamName":"`+l.name+`"`), 1)))
	}
	for i := range c.o.Shards {
		l.readers.Go(func() { l.errs <- c.tail(l, i) })
	}
	if c.o.MoveGB > 0 {
		consumer, err := register(c.server, l.name)
		if err != nil {
			return err
		}
		for i := range c.o.Shards {
			l.readers.Go(func() { l.errs <- c.pushes(l, consumer, fmt.Sprintf("shardId-%012d", i)) })
		}
	}
	if old := c.now.Swap(l); old != nil {
		return c.leave(old)
	}
	return nil
}

// leave waits for the puts under way, ends the readers and deletes the stream.
func (c *course) leave(l *leg) error {
	l.putting.Lock()
	l.gone = true
	l.putting.Unlock()
	close(l.end)
	l.readers.Wait()
	close(l.errs)
	for err := range l.errs {
		if err != nil {
			return err
		}
	}
	conn, err := dial(c.server.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, _, err = conn.call(request("DeleteStream", fmt.Appendf(nil, `{"StreamName":%q,"EnforceConsumerDeletion":true}`, l.name)))
	return err
}

// follow moves on whenever the stream has had its share.
func (c *course) follow() error {
	for share := int64(c.o.MoveGB * 1e9 / recordSize); !c.stop.Load(); time.Sleep(20 * time.Millisecond) {
		if share > 0 && c.now.Load().put.Load() >= share {
			if err := c.move(); err != nil {
				c.stop.Store(true)
				return err
			}
		}
	}
	return nil
}

// putter puts until the course ends.
func (c *course) putter(i int, hold *pace) error {
	conn, err := dial(c.server.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	for n := i; !c.stop.Load(); n++ {
		hold.wait()
		l := c.now.Load()
		l.putting.RLock()
		if !l.gone {
			if err = conn.put(l.reqs[n%len(l.reqs)]); err == nil {
				c.put.Add(500)
				l.put.Add(500)
			}
		}
		l.putting.RUnlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// tail reads a shard from LATEST on, as a consumer does.
func (c *course) tail(l *leg, shard int) error {
	conn, err := dial(c.server.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, body, err := conn.call(request("GetShardIterator", fmt.Appendf(nil, `{"StreamName":%q,"ShardId":"%d","ShardIteratorType":"LATEST"}`, l.name, shard)))
	if err != nil {
		return err
	}
	var it struct{ ShardIterator string }
	if err := json.Unmarshal(body, &it); err != nil {
		return err
	}
	for {
		_, body, err := conn.call(request("GetRecords", fmt.Appendf(nil, `{"ShardIterator":"%s","Limit":10000}`, it.ShardIterator)))
		if err != nil {
			return err
		}
		n := bytes.Count(body, []byte(`"SequenceNumber":`))
		c.got.Add(int64(n))
		_, rest, _ := bytes.Cut(body[bytes.LastIndex(body, []byte(`"NextShardIterator":"`)):], []byte(`:"`))
		it.ShardIterator = string(rest[:bytes.IndexByte(rest, '"')])
		var pause time.Duration
		if n < 1000 {
			pause = 20 * time.Millisecond
		}
		select {
		case <-l.end:
			return nil
		case <-time.After(pause):
		}
	}
}

// pushes counts what a subscription to a shard brings. One that has lived its five minutes is renewed.
func (c *course) pushes(l *leg, consumer, shard string) error {
	for {
		stream, err := subscribe(c.server, consumer, shard, "LATEST")
		if err != nil {
			return err
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				m, err := eventstream.Read(stream)
				if err != nil {
					return // its end, or ours
				}
				c.pushed.Add(int64(bytes.Count(m.Payload, []byte(`"SequenceNumber":`))))
			}
		}()
		select {
		case <-ended:
			stream.Close()
		case <-l.end:
			stream.Close()
			<-ended
			return nil
		}
	}
}

// register makes a consumer of a stream.
func register(s *server, stream string) (arn string, err error) {
	c, err := dial(s.addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_, body, err := c.call(request("RegisterStreamConsumer", fmt.Appendf(nil, `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/%s","ConsumerName":"c"}`, stream)))
	if err != nil {
		return "", err
	}
	var out struct{ Consumer struct{ ConsumerARN string } }
	err = json.Unmarshal(body, &out)
	return out.Consumer.ConsumerARN, err
}
