package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hydrant-stream/hydrant/bench/process"
)

// soak: puts at full load, or at a rate, for a turn of minutes, with a GetRecords reader at the tail of every
// shard; what memory does meanwhile. In one stream nothing expires within the turn, so --mbs bounds what the
// disk must hold; with --move-gb streams follow each other, and subscriptions read beside the tails.
func soak(o *options) error {
	s, err := startHydrant(o, "soak")
	if err != nil {
		return err
	}
	defer s.stop()
	c := &course{server: s, o: o, data: batches(8)}
	if err := c.move(); err != nil {
		return err
	}
	hold := &pace{perSecond: int64(o.MBs) * 1_000_000 / (500 * recordSize), began: time.Now()}
	errs := make(chan error, o.Conns+2)
	var puts, mover sync.WaitGroup
	for i := range o.Conns {
		puts.Go(func() { errs <- c.putter(i, hold) })
	}
	mover.Go(func() { errs <- c.follow() })
	began := time.Now()
	cpu := s.CPU()
	sampled := sample(s, o.Turn)
	seconds, cores := time.Since(began).Seconds(), (s.CPU() - cpu).Seconds()
	c.stop.Store(true)
	puts.Wait()
	mover.Wait()
	errs <- c.leave(c.now.Load())
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	put := float64(c.put.Load())
	fmt.Printf("soak         %v, %d connections, %d shards: %.0f records/s put (%.0f MB/s), %.0f read at the tail, %.0f out of subscriptions; the server had %.2f cores\n",
		o.Turn, o.Conns, o.Shards, put/seconds, put*recordSize/1e6/seconds, float64(c.got.Load())/seconds, float64(c.pushed.Load())/seconds, cores/seconds)
	fmt.Printf("soak         %d streams one after another, %.1f GB put in all, at most %.1f GB on disk, %.1f GB at the end\n",
		c.streams, put*recordSize/1e9, float64(sampled.disk)/1e9, float64(sampled.diskLate)/1e9)
	fmt.Printf("soak         RSS %s\n", sampled)
	return nil
}

// recordSize is about what a record of batches takes: its data and its key.
const recordSize = 310

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

// memories is what was seen of a process while it ran.
type memories struct {
	tenths         [10]process.Memory // the most of each tenth of the time
	disk, diskLate int64              // the most, and the last
}

func (m memories) String() string {
	var own []string
	var most process.Memory
	for _, t := range m.tenths {
		own = append(own, fmt.Sprint(t.Own>>20))
		if t.Total() > most.Total() {
			most = t
		}
	}
	mib := func(m process.Memory) string { return fmt.Sprintf("%d MiB (%d its own)", m.Total()>>20, m.Own>>20) }
	return fmt.Sprintf("after a tenth of the time %s, at the end %s, at most %s; its own MiB by tenths of the time: %s",
		mib(m.tenths[1]), mib(m.tenths[9]), mib(most), strings.Join(own, " "))
}

// sample looks at the memory every second.
func sample(s *server, during time.Duration) (m memories) {
	for began := time.Now(); ; time.Sleep(time.Second) {
		at := time.Since(began)
		if at >= during {
			return m
		}
		tenth := &m.tenths[at*10/during]
		*tenth = slices.MaxFunc([]process.Memory{*tenth, s.Memory()}, func(a, b process.Memory) int { return a.Total() - b.Total() })
		m.diskLate = folderSize(s.dir)
		m.disk = max(m.disk, m.diskLate)
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
