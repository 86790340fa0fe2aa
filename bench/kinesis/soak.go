package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// soak: puts at full load, or at a rate, for a turn of minutes, with a reader at the tail of every shard;
// what memory does meanwhile. Nothing expires within it, so --mbs bounds what the disk must hold.
func soak(o *options) error {
	s, err := startHydrant(o, "soak")
	if err != nil {
		return err
	}
	defer s.stop()
	if err := create(s, o.Shards); err != nil {
		return err
	}
	var stop atomic.Bool
	var put, got atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, o.Conns+o.Shards)
	hold := &pace{perSecond: int64(o.MBs) * 1_000_000 / (500 * 310), began: time.Now()}
	reqs := batches(8)
	for i := range o.Conns {
		wg.Go(func() { errs <- soakPut(s, reqs, i, hold, &stop, &put) })
	}
	for i := range o.Shards {
		wg.Go(func() { errs <- tail(s, i, &stop, &got) })
	}
	sampled := sample(s, o.Turn)
	stop.Store(true)
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	seconds := o.Turn.Seconds()
	fmt.Printf("soak         %v, %d connections, %d shards: %.0f records/s put, %.0f read at the tail, %.1f GB on disk\n",
		o.Turn, o.Conns, o.Shards, float64(put.Load())/seconds, float64(got.Load())/seconds, float64(folderSize(s.dir))/1e9)
	fmt.Printf("soak         RSS %s\n", sampled)
	return nil
}

// pace lets calls through at a rate; 0: as they come.
type pace struct {
	perSecond int64
	began     time.Time
	calls     atomic.Int64
}

func (p *pace) wait() {
	if n := p.calls.Add(1); p.perSecond > 0 {
		time.Sleep(time.Until(p.began.Add(time.Duration(n) * time.Second / time.Duration(p.perSecond))))
	}
}

func soakPut(s *server, reqs [][]byte, i int, hold *pace, stop *atomic.Bool, put *atomic.Int64) error {
	c, err := dial(s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for n := i; !stop.Load(); n++ {
		hold.wait()
		if err := c.put(reqs[n%len(reqs)]); err != nil {
			return err
		}
		put.Add(500)
	}
	return nil
}

// tail reads a shard from LATEST on, as a consumer does.
func tail(s *server, shard int, stop *atomic.Bool, got *atomic.Int64) error {
	c, err := dial(s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_, body, err := c.call(request("GetShardIterator", fmt.Appendf(nil, `{"StreamName":"bench","ShardId":"%d","ShardIteratorType":"LATEST"}`, shard)))
	if err != nil {
		return err
	}
	var it struct{ ShardIterator string }
	if err := json.Unmarshal(body, &it); err != nil {
		return err
	}
	for !stop.Load() {
		_, body, err := c.call(request("GetRecords", fmt.Appendf(nil, `{"ShardIterator":"%s","Limit":10000}`, it.ShardIterator)))
		if err != nil {
			return err
		}
		n := bytes.Count(body, []byte(`"SequenceNumber":`))
		got.Add(int64(n))
		_, rest, _ := bytes.Cut(body[bytes.LastIndex(body, []byte(`"NextShardIterator":"`)):], []byte(`:"`))
		it.ShardIterator = string(rest[:bytes.IndexByte(rest, '"')])
		if n < 1000 {
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}

// memories is what was seen of a process's memory.
type memories struct{ early, late, most memory }

func (m memories) String() string {
	mib := func(m memory) string { return fmt.Sprintf("%d MiB (%d its own)", m.total()>>20, m.anonymous>>20) }
	return fmt.Sprintf("after a tenth of the time %s, at the end %s, at most %s", mib(m.early), mib(m.late), mib(m.most))
}

// sample looks at the memory every second. early and late are the most of the second tenth and of the last.
func sample(s *server, during time.Duration) (m memories) {
	more := func(a, b memory) memory {
		if b.total() > a.total() {
			return b
		}
		return a
	}
	for began := time.Now(); ; time.Sleep(time.Second) {
		at := time.Since(began)
		if at >= during {
			return m
		}
		now := s.memory()
		m.most = more(m.most, now)
		switch tenth := at * 10 / during; tenth {
		case 1:
			m.early = more(m.early, now)
		case 9:
			m.late = more(m.late, now)
		}
	}
}

func folderSize(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}
