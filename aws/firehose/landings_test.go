package firehose

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/wire"
)

const batchA, batchB = "00000000aaaaaaaaaaaaaaaaaaaaaaaa", "00000000bbbbbbbbbbbbbbbbbbbbbbbb"

func traced(trace, call string) context.Context {
	r := &http.Request{Header: http.Header{}}
	r.Header.Set("X-Amzn-Trace-Id", trace)
	r.Header.Set("Amz-Sdk-Invocation-Id", call)
	return wire.WithCall(context.Background(), &wire.Call{Request: r})
}

func traceOf(name string, n uint64) string {
	return fmt.Sprintf("Root=1-%s-%s;Parent=%016x;Sampled=0", name[:8], name[8:], n)
}

// batched puts one batch as a function would in an attempt of a batch.
func (h *house) batched(trace, call, stream string, data ...string) (ids []string, err error) {
	in := &PutRecordBatchIn{DeliveryStreamName: stream}
	for _, d := range data {
		in.Records = append(in.Records, Record{Data: []byte(d + "\n")})
	}
	out, err := h.PutRecordBatch(traced(trace, call), in)
	if err != nil {
		return nil, err
	}
	for _, r := range out.RequestResponses {
		ids = append(ids, r.RecordId)
	}
	return ids, nil
}

func (h *house) must(f func() []journal.Change) {
	h.t.Helper()
	if err := h.journal.Commit(h.t.Context(), f()...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) attempt(name string, n uint64) {
	h.t.Helper()
	if err := h.Landings().Attempt(h.t.Context(), name, n); err != nil {
		h.t.Fatal(err)
	}
}

// lines are those of all objects, sorted.
func (h *house) lines() string {
	h.t.Helper()
	h.flush("s")
	var all []string
	for _, body := range h.objects("lake") {
		all = append(all, strings.Fields(body)...)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func (h *house) want(lines string) {
	h.t.Helper()
	if got := h.lines(); got != lines {
		h.t.Errorf("landed %q, want %q", got, lines)
	}
}

// A batch that is tried again puts what it has not: after an attempt cut short, after a restart, and when
// all of it has left the spool for the lake. A stage behind the spool makes no difference.
func TestBatchTriedAgainLandsOnce(t *testing.T) {
	for _, staged := range []bool{false, true} {
		f := &function{answer: func(_ int, e invocation) (any, string, error) {
			var all []told
			for _, r := range e.Records {
				all = append(all, told{RecordID: r.RecordID, Result: "Ok", Data: r.Data})
			}
			return all, "", nil
		}}
		h := newHouse(t, func(c *Config) { c.Functions = f })
		if staged {
			h.create("s", processors(transforming()))
		} else {
			h.create("s", nil)
		}
		h.put("s", "zero\n")
		h.must(func() []journal.Change { return h.Landings().Open(batchA) })
		h.attempt(batchA, 1)
		if _, err := h.batched(traceOf(batchA, 1), "c1", "s", "a", "b", "twin"); err != nil {
			t.Fatal(err)
		}
		h.attempt(batchA, 2) // cut otherwise, in another order
		first, err := h.batched(traceOf(batchA, 2), "c2", "s", "c", "twin", "twin")
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range first {
			if _, ok := RecordOffset(id); !ok || i > 0 && id == first[i-1] {
				t.Errorf("ids %v", first)
			}
		}
		h.flush("s") // into the lake
		if !staged {
			if _, shards := h.log.(*memlog).held(); !strings.Contains(shards, ": 5\n") {
				t.Errorf("the spool does not hold what has landed for the batch:\n%s", shards)
			}
		}
		h.stop()
		h.start()
		h.flush("s")
		if _, err := h.batched(traceOf(batchA, 2), "late", "s", "a"); hydrant.FaultCode(err) != "InvalidArgumentException" {
			t.Errorf("a call of the last life: %v", err)
		}
		h.attempt(batchA, 3)
		for i, d := range []string{"twin", "c", "b", "twin", "a"} {
			if _, err := h.batched(traceOf(batchA, 3), fmt.Sprint("d", i), "s", d); err != nil {
				t.Fatal(err)
			}
		}
		h.want("a b c twin twin zero")
		h.must(func() []journal.Change { return h.Landings().Close(batchA) })
		if _, err := h.batched(traceOf(batchA, 3), "e", "s", "a"); hydrant.FaultCode(err) != "InvalidArgumentException" {
			t.Errorf("a call of a closed batch: %v", err)
		}
		h.must(func() []journal.Change { return h.Landings().Open(batchB) }) // the same contents again, rightly
		h.attempt(batchB, 4)
		if _, err := h.batched(traceOf(batchB, 4), "f", "s", "a", "zero"); err != nil {
			t.Fatal(err)
		}
		h.want("a a b c twin twin zero zero")
		h.must(func() []journal.Change { return h.Landings().Close(batchB) })
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			n, shards := h.log.(*memlog).held()
			if n == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("a closed batch holds the spool back:\n%s", shards)
			}
		}
		if err := h.Landings().Attempt(t.Context(), batchA, 9); err == nil {
			t.Error("an attempt of a closed batch")
		}
	}
}

// The SDK repeats a call under one id when it did not get the answer.
func TestRepeatedCallIsTheSameCall(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", nil)
	h.must(func() []journal.Change { return h.Landings().Open(batchA) })
	h.attempt(batchA, 1)
	first, _ := h.batched(traceOf(batchA, 1), "c", "s", "a", "b")
	again, err := h.batched(traceOf(batchA, 1), "c", "s", "a", "b")
	if err != nil || !slices.Equal(first, again) {
		t.Errorf("%v %v %v", first, again, err)
	}
	if out, err := h.PutRecord(traced(traceOf(batchA, 1), "d"), &PutRecordIn{DeliveryStreamName: "s", Record: &Record{Data: []byte("a\n")}}); err != nil || out.RecordId == first[0] {
		t.Errorf("another call: %+v %v", out, err)
	}
	h.want("a a b")
}

// Traces that are no batch's are nobody's business, and their records bear nothing.
func TestOtherTraces(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", nil)
	for _, trace := range []string{
		"", "Root=1-67891233-abcdef012345678912345678", "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=0",
		"Root=1-00000000-abc;Parent=1", "Root=1-00000000-zzzzzzzzzzzzzzzzzzzzzzzz;Parent=0000000000000001;Sampled=0",
	} {
		for range 2 {
			if _, err := h.batched(trace, "same", "s", "a"); err != nil {
				t.Errorf("%q: %v", trace, err)
			}
		}
	}
	h.want(strings.TrimSpace(strings.Repeat("a ", 10)))
}

// An append that fails may have happened or not; the next call finds out.
func TestBatchAfterFailedAppend(t *testing.T) {
	for _, happens := range []bool{false, true} {
		log := &failingLog{Engine: newMemlog(), happens: happens}
		h := newHouse(t, func(c *Config) { c.Log = log })
		h.create("s", nil)
		h.must(func() []journal.Change { return h.Landings().Open(batchA) })
		h.attempt(batchA, 1)
		for _, d := range []string{"a", "twin"} {
			if _, err := h.batched(traceOf(batchA, 1), d, "s", d); err != nil {
				t.Fatal(err)
			}
		}
		log.fails = true
		if _, err := h.batched(traceOf(batchA, 1), "c", "s", "twin", "b"); hydrant.FaultCode(err) != "ServiceUnavailableException" {
			t.Fatal(err)
		}
		log.fails = false
		if _, err := h.batched(traceOf(batchA, 1), "c", "s", "twin", "b"); err != nil {
			t.Fatal(err)
		}
		h.want("a b twin twin")
	}
}

type failingLog struct {
	shardlog.Engine
	fails, happens bool
}

func (l *failingLog) Append(ctx context.Context, b []shardlog.Batch) error {
	if !l.fails {
		return l.Engine.Append(ctx, b)
	}
	if l.happens {
		_ = l.Engine.Append(ctx, b)
	}
	return errors.New("disk trouble")
}

// A batch whose closing did not reach the journal is still open.
func TestBatchNotClosedOnDisk(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", nil)
	h.must(func() []journal.Change { return h.Landings().Open(batchA) })
	h.attempt(batchA, 1)
	if _, err := h.batched(traceOf(batchA, 1), "c", "s", "a"); err != nil {
		t.Fatal(err)
	}
	h.Landings().Close(batchA)
	h.attempt(batchA, 2)
	if _, err := h.batched(traceOf(batchA, 2), "c", "s", "a", "b"); err != nil {
		t.Fatal(err)
	}
	h.want("a b")
}
