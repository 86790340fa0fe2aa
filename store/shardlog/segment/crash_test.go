package segment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// seeds is how many random histories the crash test runs.
func seeds() uint64 {
	if os.Getenv("HYDRANT_HEAVY") != "" {
		return 10_000
	}
	return 300
}

// Random appends, trims, deletions and sweeps, some with a disk that fails or is full; a crash at a
// random call of the file system; then all that was acknowledged is there once, in order and byte for
// byte, and what was not acknowledged is there at most once.
func TestCrash(t *testing.T) {
	var total Stats
	var mu sync.Mutex // over total
	var next atomic.Uint64
	var lives sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		lives.Go(func() {
			for seed := next.Add(1) - 1; seed < seeds() && !t.Failed(); seed = next.Add(1) - 1 {
				h := &history{seed: seed, rnd: rand.New(rand.NewPCG(seed, 7)), disk: vfs.NewMem()}
				for h.round = range 4 {
					if err := h.run(); err != nil {
						t.Errorf("seed %d round %d: %v", seed, h.round, err)
						return
					}
				}
				mu.Lock()
				total.Rolls += h.stats.Rolls
				total.Dropped += h.stats.Dropped
				total.Rewritten += h.stats.Rewritten
				mu.Unlock()
			}
		})
	}
	lives.Wait()
	t.Logf("%d rolls, %d segments dropped, %d rewritten", total.Rolls, total.Dropped, total.Rewritten)
	if total.Rolls == 0 || total.Dropped == 0 || total.Rewritten == 0 {
		t.Error("the histories do not do what they are to prove")
	}
}

// history is one random life of an engine, and what is known of it.
type history struct {
	seed   uint64
	rnd    *rand.Rand
	round  int
	serial int
	disk   *vfs.Mem
	shards []*modelShard
	clock  atomic.Int64
	latest int64 // that the clock has been
	stats  Stats
}

type modelShard struct {
	name    string
	id      shardlog.ShardID
	records []hydrant.Record // acknowledged
	maybe   []hydrant.Record // of the call the crash fell in, without offsets
	low     uint64
	lowAt   uint64 // of the trim the crash fell in
	expires int64  // the shortest retention it ever had, ms; 0: none
	unsure  bool   // made or deleted by the call the crash fell in
}

func (h *history) options() Options {
	o := small
	o.SegmentBytes = int64(300 + h.rnd.IntN(2000))
	o.TailBytes = int64(1 + h.rnd.IntN(3000))
	o.Now = func() time.Time { return time.UnixMilli(h.clock.Load()) }
	o.SweepEvery = time.Hour
	return o
}

// run opens the engine, checks it, uses it, crashes it in the midst and checks what is left.
func (h *history) run() error {
	f := vfs.NewFaults(h.disk)
	e, err := Open(f, "log", h.options())
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if err := h.check(e); err != nil {
		return fmt.Errorf("after an orderly start: %w", err)
	}
	calls, at, crashSeed := 0, 1+h.rnd.IntN(150), h.rnd.Uint64()
	keep := []float64{0, 0.2, 0.5, 0.9, 1}[h.rnd.IntN(5)]
	var crashed atomic.Pointer[vfs.Mem]
	f.Trace(func(vfs.Op, string) {
		if calls++; calls == at {
			crashed.Store(h.disk.CrashClone(crashSeed, keep))
		}
	})
	h.plan(f)
	for steps := 0; crashed.Load() == nil; steps++ {
		if steps == 300 { // an engine that has failed makes no more calls to crash at
			crashed.Store(h.disk.CrashClone(crashSeed, keep))
			break
		}
		h.clock.Add(int64(h.rnd.IntN(20) - 5)) // the clock may step back
		h.latest = max(h.latest, h.clock.Load())
		if err := h.step(e, &crashed); err != nil {
			return err
		}
	}
	f.Trace(nil)
	e.Close()
	st := e.Stats()
	h.stats.Rolls += st.Rolls
	h.stats.Dropped += st.Dropped
	h.stats.Rewritten += st.Rewritten
	h.disk = crashed.Load()
	if e, err = Open(h.disk, "log", h.options()); err != nil {
		return fmt.Errorf("open after the crash: %w", err)
	}
	err = h.check(e)
	if h.rnd.IntN(2) == 0 { // what a start has shown stays, through the next crash too
		h.disk = h.disk.CrashClone(h.rnd.Uint64(), 0)
	}
	e.Close()
	if err != nil {
		return fmt.Errorf("after the crash: %w", err)
	}
	return nil
}

// plan makes the disk fail at some later call, or be full for a while, in every third life.
func (h *history) plan(f *vfs.Faults) {
	if h.rnd.IntN(3) > 0 {
		return
	}
	r := vfs.Rule{
		Op: vfs.OpWrite, Path: []string{"*.seg", "*.log", "*"}[h.rnd.IntN(3)], Skip: h.rnd.IntN(60),
		Times: 1 + h.rnd.IntN(5), Err: syscall.ENOSPC, Partial: h.rnd.IntN(200),
	}
	switch h.rnd.IntN(4) {
	case 0:
		r.Err = syscall.EIO
	case 1:
		r.Op, r.Err, r.Apply = vfs.OpSync, syscall.EIO, h.rnd.IntN(2) == 0
	case 2:
		r.Op, r.Path = vfs.OpCreate, "*.seg"
	}
	f.Add(r)
}

// expected tells whether an error is one that a failing disk explains.
func expected(err error) bool {
	return errors.Is(err, shardlog.ErrFailed) || errors.Is(err, shardlog.ErrNoSpace)
}

// step does one thing, and records it as certain where it returned before the crash.
func (h *history) step(e *Engine, crashed *atomic.Pointer[vfs.Mem]) error {
	ctx := context.Background()
	alive := slices.DeleteFunc(slices.Clone(h.shards), func(m *modelShard) bool { return m.unsure })
	switch n := h.rnd.IntN(20); {
	case len(alive) < 2 || n == 0 && len(alive) < 8:
		h.serial++
		m := &modelShard{name: fmt.Sprint("shard", h.serial)}
		var err error
		if m.id, err = e.Open(ctx, m.name); expected(err) {
			return nil // whether it is there, nobody will know
		} else if err != nil {
			return err
		}
		m.unsure = crashed.Load() != nil
		h.shards = append(h.shards, m)
	case n == 1:
		m := alive[h.rnd.IntN(len(alive))]
		m.unsure = true
		if err := e.Delete(ctx, m.id); expected(err) {
			return nil
		} else if err != nil {
			return err
		}
		if crashed.Load() == nil {
			h.shards = slices.DeleteFunc(h.shards, func(o *modelShard) bool { return o == m })
		}
	case n == 2:
		m := alive[h.rnd.IntN(len(alive))]
		d := int64(50 + h.rnd.IntN(500))
		m.expires = min(d, cmp.Or(m.expires, d))
		if err := e.SetRetention(ctx, m.id, time.Duration(d)*time.Millisecond); err != nil && !expected(err) {
			return err
		}
	case n < 6:
		m := alive[h.rnd.IntN(len(alive))]
		if len(m.records) == 0 || m.lowAt > 0 {
			return nil
		}
		m.lowAt = m.records[h.rnd.IntN(len(m.records))].Offset + uint64(h.rnd.IntN(2))
		if err := e.Trim(ctx, m.id, m.lowAt); expected(err) {
			return nil
		} else if err != nil {
			return err
		}
		if crashed.Load() == nil {
			m.low, m.lowAt = max(m.low, m.lowAt), 0
		}
	default:
		return h.append(e, alive, crashed)
	}
	return nil
}

// append is one call to several shards, or several calls at once to one shard each, which may share
// a group.
func (h *history) append(e *Engine, alive []*modelShard, crashed *atomic.Pointer[vfs.Mem]) error {
	var calls [][]shardlog.Batch
	if h.rnd.IntN(3) == 0 {
		for _, m := range alive {
			calls = append(calls, []shardlog.Batch{h.batch(m)})
		}
	} else {
		var call []shardlog.Batch
		for range 1 + h.rnd.IntN(3) {
			call = append(call, h.batch(alive[h.rnd.IntN(len(alive))]))
		}
		calls = append(calls, call)
	}
	errs := make([]error, len(calls))
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(func() { errs[i] = e.Append(context.Background(), call) })
	}
	wg.Wait()
	certain := crashed.Load() == nil
	for i, call := range calls {
		if errs[i] != nil && !expected(errs[i]) {
			return errs[i]
		}
		for _, b := range call {
			m := alive[slices.IndexFunc(alive, func(m *modelShard) bool { return m.id == b.Shard })]
			switch {
			case !certain:
				m.maybe = append(m.maybe, b.Records...)
			case errs[i] == nil:
				m.records = append(m.records, b.Records...)
			case errors.Is(errs[i], shardlog.ErrFailed): // of the first such call it is unknown
				m.maybe = append(m.maybe, b.Records...)
			}
		}
	}
	return nil
}

func (h *history) batch(m *modelShard) shardlog.Batch {
	b := shardlog.Batch{Shard: m.id}
	for range 1 + h.rnd.IntN(4) {
		h.serial++
		size := h.rnd.IntN(100)
		if h.rnd.IntN(10) == 0 {
			size = h.rnd.IntN(3000)
		}
		b.Records = append(b.Records, hydrant.Record{
			Key: fmt.Sprint("k", h.serial), Data: []byte(strings.Repeat(string(rune('a'+h.serial%26)), size)),
		})
	}
	return b
}

// check compares the engine with what is known, and makes known what was uncertain.
func (h *history) check(e *Engine) error {
	for _, m := range slices.Clone(h.shards) {
		err := h.checkShard(e, m)
		if m.unsure && errors.Is(err, shardlog.ErrNoShard) {
			h.shards = slices.DeleteFunc(h.shards, func(o *modelShard) bool { return o == m })
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		m.unsure = false
	}
	return nil
}

func (h *history) checkShard(e *Engine, m *modelShard) error {
	b, err := e.Bounds(m.id)
	if err != nil {
		return err
	}
	if low := max(m.low, m.lowAt); b.Low > low { // no further than retention allows
		for _, r := range m.records {
			if r.Offset >= low && r.Offset < b.Low && (m.expires == 0 || r.Arrival >= h.latest-m.expires) {
				return fmt.Errorf("low is %d, but the record at %d has not expired", b.Low, r.Offset)
			}
		}
	} else if b.Low < m.low || m.expires == 0 && b.Low != m.low && b.Low != m.lowAt {
		return fmt.Errorf("low is %d, want %d or %d", b.Low, m.low, m.lowAt)
	}
	if m.expires == 0 { // a bound from retention may come back when the clock has stepped back
		m.low, m.lowAt = b.Low, 0
	}
	if n := len(m.records); n > 0 && b.Next <= m.records[n-1].Offset {
		return fmt.Errorf("next is %d, but the record at %d was acknowledged", b.Next, m.records[n-1].Offset)
	}
	var got []hydrant.Record
	for from := b.Low; ; {
		p, err := e.Read(context.Background(), m.id, from, shardlog.Limit{Records: 1 + h.rnd.IntN(5)})
		if err != nil {
			return err
		}
		if len(p.Records) == 0 {
			break
		}
		got = append(got, p.Records...)
		from = p.Next
	}
	i := slices.IndexFunc(m.records, func(r hydrant.Record) bool { return r.Offset >= b.Low })
	if i < 0 {
		i = len(m.records)
	}
	want := m.records[i:]
	if len(got) < len(want) || len(got) > len(want)+len(m.maybe) {
		return fmt.Errorf("%d records, want %d and up to %d more", len(got), len(want), len(m.maybe))
	}
	for i, r := range got {
		if i > 0 && (r.Offset != got[i-1].Offset+1 || r.Arrival < got[i-1].Arrival) {
			return fmt.Errorf("offset %d arrival %d after %d, %d", r.Offset, r.Arrival, got[i-1].Offset, got[i-1].Arrival)
		}
		if i < len(want) {
			if w := want[i]; r.Offset != w.Offset || r.Arrival != w.Arrival || r.Key != w.Key || string(r.Data) != string(w.Data) {
				return fmt.Errorf("record %d is %s at %d, want %s at %d", i, r.Key, r.Offset, w.Key, w.Offset)
			}
		} else if w := m.maybe[i-len(want)]; r.Key != w.Key || string(r.Data) != string(w.Data) {
			return fmt.Errorf("unacknowledged record %d is %s, want %s", i-len(want), r.Key, w.Key)
		}
	}
	m.records = append(m.records, got[len(want):]...)
	m.maybe = nil
	return nil
}
