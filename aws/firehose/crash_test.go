package firehose

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

var errCrash = errors.New("the process is gone")

// fuse burns with every operation that leaves a trace on disk. When it has burnt down the process
// is gone: the operation happens or not (last), and nothing after it.
type fuse struct {
	mu   sync.Mutex
	left int
	last bool
	burn []string
}

// step reports whether an operation happens and whether its caller lives to see it.
func (f *fuse) step(what string) (happens, returns bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left < 0 {
		return false, false
	}
	f.left--
	f.burn = append(f.burn, what)
	if f.left < 0 {
		return f.last, false
	}
	return true, true
}

func (f *fuse) do(what string, op func() error) error {
	happens, returns := f.step(what)
	var err error
	if happens {
		err = op()
	}
	if !returns {
		return errCrash
	}
	return err
}

type crashLog struct {
	shardlog.Engine
	*fuse
}

func (l crashLog) Append(ctx context.Context, b []shardlog.Batch) error {
	return l.do("append", func() error { return l.Engine.Append(ctx, b) })
}

func (l crashLog) Trim(ctx context.Context, id shardlog.ShardID, below uint64) error {
	return l.do("trim", func() error { return l.Engine.Trim(ctx, id, below) })
}

type crashJournal struct {
	journal.Journal
	*fuse
}

func (j crashJournal) Commit(ctx context.Context, c ...journal.Change) error {
	what := c[0].Key[:strings.IndexByte(c[0].Key[len("firehose/"):], '/')+len("firehose/")]
	if c[0].Value == nil {
		what = "commit"
	}
	return j.do(what, func() error { return j.Journal.Commit(ctx, c...) })
}

type crashLake struct {
	blob.Store
	*fuse
}

func (l crashLake) Put(ctx context.Context, bucket, key string, body io.Reader, p blob.Put) (info blob.Info, err error) {
	err = l.do("put", func() error {
		info, err = l.Store.Put(ctx, bucket, key, body, p)
		return err
	})
	return info, err
}

// Every record that was acknowledged is in the lake once, whichever operation was the last before
// the crash, and whether that one was still done or not.
func TestCrashAtEveryStep(t *testing.T) {
	for _, last := range []bool{false, true} {
		for left := 0; ; left++ {
			if left > 100 {
				t.Fatal("the run does not end")
			}
			burnt := crashOnce(t, left, last)
			if len(burnt) <= left { // the whole run went through
				seen := strings.Join(burnt, " ")
				for _, want := range []string{"append", "firehose/intent", "put put", "commit", "trim"} {
					if !strings.Contains(seen, want) {
						t.Fatalf("a whole run has no %q: %s", want, seen)
					}
				}
				break
			}
		}
	}
}

func crashOnce(t *testing.T, left int, last bool) []string {
	t.Helper()
	name := fmt.Sprintf("after %d steps, last done: %v", left, last)
	h := newHouse(t, nil)
	h.tables.set(nil, "id bigint")
	h.create("s", converting)
	h.stop()

	f := &fuse{left: left, last: last}
	h.config = func(c *Config) {
		c.Log, c.Journal, c.Lake = crashLog{h.log, f}, crashJournal{h.journal, f}, crashLake{h.lake, f}
	}
	h.start()
	acked := map[string]bool{}
	tried := map[string]bool{}
	for i := range 3 {
		for k := range 2 {
			records := []string{fmt.Sprintf(`{"id":%d}`, 10*i+2*k), fmt.Sprintf(`bad %d`, 10*i+2*k+1)}
			in := &PutRecordBatchIn{DeliveryStreamName: "s"}
			for _, r := range records {
				in.Records = append(in.Records, Record{Data: []byte(r)})
				tried[r] = true
			}
			if _, err := h.PutRecordBatch(t.Context(), in); err == nil {
				for _, r := range records {
					acked[r] = true
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { h.find(here, "s").work.Load().direct.untilCrash(ctx, cancel) })
		h.Flush(ctx, here, "s")
		cancel()
		wg.Wait()
	}
	h.stop()

	h.config = nil
	h.start()
	h.flush("s")
	h.check(name, "s", acked, tried)
	h.stop()
	return f.burn
}

// untilCrash gives up a flush that cannot succeed any more.
func (p *pump) untilCrash(ctx context.Context, giveUp func()) {
	for ctx.Err() == nil {
		p.mu.Lock()
		news, err := p.news, p.err
		p.mu.Unlock()
		if errors.Is(err, errCrash) {
			giveUp()
		}
		select {
		case <-news:
		case <-ctx.Done():
		}
	}
}

// check holds the lake against what was put: acknowledged records once, others at most once, all of
// them where the manifest says, and no object the manifest does not know.
func (h *house) check(name, stream string, acked, tried map[string]bool) {
	h.t.Helper()
	times := map[string]int{}
	bodies := h.objects("lake")
	all, err := h.Deliveries(h.t.Context(), here, stream)
	if err != nil {
		h.t.Fatal(err)
	}
	known := 0
	for i, d := range all {
		if i > 0 && d.From < all[i-1].To {
			h.t.Errorf("%s: ranges overlap: %+v", name, all)
		}
		for _, o := range d.Objects {
			known++
			body, ok := bodies[o.Key]
			if !ok {
				h.t.Errorf("%s: %s is committed and not there", name, o.Key)
				continue
			}
			records := recordsOf(h.t, o, body)
			if int64(len(records)) != o.Records {
				h.t.Errorf("%s: %s holds %d records, the manifest says %d", name, o.Key, len(records), o.Records)
			}
			for _, r := range records {
				times[r]++
			}
		}
	}
	if known != len(bodies) {
		h.t.Errorf("%s: %d objects, %d in the manifest: %q", name, len(bodies), known, slices.Collect(maps.Keys(bodies)))
	}
	for r := range acked {
		if times[r] != 1 {
			h.t.Errorf("%s: acknowledged %q is there %d times", name, r, times[r])
		}
	}
	for r, n := range times {
		if n > 1 || !tried[r] {
			h.t.Errorf("%s: %q is there %d times (put: %v)", name, r, n, tried[r])
		}
	}
}

// recordsOf takes an object apart into the records that were put.
func recordsOf(t *testing.T, o Object, body string) (records []string) {
	t.Helper()
	if o.Error == "" {
		return parquetIDs(t, body)
	}
	for line := range strings.Lines(body) {
		var v struct{ RawData string }
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(v.RawData)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, string(raw))
	}
	return records
}

// faultyLake fails or tears a share of its writes, by seed.
type faultyLake struct {
	blob.Store
	mu  sync.Mutex
	rng *rand.Rand
}

func (l *faultyLake) odds() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rng.Float64()
}

func (l *faultyLake) Put(ctx context.Context, bucket, key string, body io.Reader, p blob.Put) (blob.Info, error) {
	switch x := l.odds(); {
	case x < 0.2:
		return blob.Info{}, errors.New("lake: refused")
	case x < 0.4:
		io.CopyN(io.Discard, body, 10)
		return blob.Info{}, errors.New("lake: connection lost")
	case x < 0.5: // done, and the answer lost
		l.Store.Put(ctx, bucket, key, body, p)
		return blob.Info{}, errors.New("lake: timeout")
	}
	return l.Store.Put(ctx, bucket, key, body, p)
}

// Concurrent producers, a lake that fails half the time, and restarts between.
func TestExactlyOnceUnderLoad(t *testing.T) {
	for seed := range uint64(4) {
		h := newHouse(t, nil)
		h.tables.set(nil, "id bigint")
		sound := h.lake
		h.config = func(c *Config) {
			c.Lake = &faultyLake{Store: sound, rng: rand.New(rand.NewPCG(seed, 0))}
		}
		h.stop()
		h.start()
		h.create("s", func(d *ExtendedS3DestinationConfiguration) {
			converting(d)
			d.BufferingHints.IntervalInSeconds = new(0)
		})
		acked := map[string]bool{}
		const rounds, producers, batches, each = 3, 4, 20, 25
		for round := range rounds {
			var wg sync.WaitGroup
			for p := range producers {
				for b := range batches {
					for i := range each {
						acked[loadRecord(((round*producers+p)*batches+b)*each+i)] = true
					}
				}
				wg.Go(func() {
					for b := range batches {
						records := make([]string, each)
						for i := range records {
							records[i] = loadRecord(((round*producers+p)*batches+b)*each + i)
						}
						h.put("s", records...)
					}
				})
			}
			wg.Wait()
			h.stop() // what is buffered or half delivered is taken up again
			h.start()
		}
		h.flush("s")
		h.check(fmt.Sprintf("seed %d", seed), "s", acked, acked)
		if n, shards := h.log.(*memlog).held(); n != 0 {
			t.Errorf("seed %d: %d records left in the spool\n%s", seed, n, shards)
		}
		h.stop()
	}
}

func loadRecord(n int) string {
	if n%7 == 0 {
		return fmt.Sprintf("bad %d", n)
	}
	return fmt.Sprintf(`{"id":%d}`, n)
}

// A full disk is an error to the caller, never an acknowledgement.
func TestAppendFails(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", nil)
	h.stop()
	f := &fuse{left: -1}
	h.config = func(c *Config) { c.Log = crashLog{h.log, f} }
	h.start()
	_, err := h.PutRecord(t.Context(), &PutRecordIn{DeliveryStreamName: "s", Record: &Record{Data: []byte("x")}})
	if f, ok := hydrant.AsFault(err); !ok || f.Code != "ServiceUnavailableException" || f.HTTPStatus() != 503 {
		t.Errorf("PutRecord: %v", err)
	}
	_, err = h.PutRecordBatch(t.Context(), &PutRecordBatchIn{DeliveryStreamName: "s", Records: []Record{{Data: []byte("x")}}})
	if f, ok := hydrant.AsFault(err); !ok || f.Code != "ServiceUnavailableException" || f.HTTPStatus() != 503 {
		t.Errorf("PutRecordBatch: %v", err)
	}
}
