package kinesis

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// load puts so many small records a second for a while, under keys one after another, and tells how many
// were taken.
func (h *house) load(stream string, perSecond, keys int, during time.Duration) (taken int) {
	h.t.Helper()
	n := 0
	for until := time.Now().Add(during); time.Now().Before(until); time.Sleep(time.Second) {
		for left := perSecond; left > 0; left -= maxPutRecords {
			in := &PutRecordsIn{StreamName: stream}
			for range min(left, maxPutRecords) {
				in.Records = append(in.Records, PutRecordsRequestEntry{Data: fmt.Append(nil, time.Now().Unix()*1_000_000+int64(n)), PartitionKey: fmt.Sprint(n % keys)})
				n++
			}
			out, err := h.PutRecords(context.Background(), in)
			if err != nil {
				h.t.Fatal(err)
			}
			taken += len(out.Records) - out.FailedRecordCount
		}
	}
	synctest.Wait()
	return taken
}

func (h *house) shards(stream string) (all []Shard, open int) {
	h.t.Helper()
	out, err := h.ListShards(context.Background(), &ListShardsIn{StreamName: stream})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, s := range out.Shards {
		if s.SequenceNumberRange.EndingSequenceNumber == "" {
			open++
		}
	}
	return out.Shards, open
}

// With AWS's limits an on-demand stream doubles its shards when they are more than half busy, takes then what it
// refused before, and keeps the order of a key from parent to child, over a restart.
func TestABusyOnDemandStreamSplits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{Limits: true})
		defer h.close()
		ctx := context.Background()
		for _, name := range []string{"busy", "calm"} {
			if _, err := h.CreateStream(ctx, &CreateStreamIn{StreamName: name, StreamModeDetails: &StreamModeDetails{onDemand}}); err != nil {
				t.Fatal(err)
			}
		}
		const seconds = 60
		h.load("calm", 4*demandRecords*9/10, 100_000, 2*seconds*time.Second)
		if _, n := h.shards("calm"); n != onDemandShards {
			t.Errorf("a stream less than half busy has %d open shards", n)
		}
		const perSecond = 6000
		before := h.load("busy", perSecond, 100_000, seconds*time.Second)
		h.load("busy", perSecond, 100_000, 2*time.Second) // the window's end
		all, n := h.shards("busy")
		if n != 2*onDemandShards || len(all) != 3*onDemandShards {
			t.Fatalf("%d shards, %d open, want %d and %d", len(all), n, 3*onDemandShards, 2*onDemandShards)
		}
		if d, err := h.DescribeStreamSummary(ctx, &DescribeStreamSummaryIn{StreamName: "busy"}); err != nil || d.StreamDescriptionSummary.StreamStatus != active {
			t.Errorf("%+v, %v", d, err)
		}
		after := h.load("busy", perSecond, 100_000, (seconds-2)*time.Second)
		if got, want := before/seconds, onDemandShards*shardWriteRecords; got > want*11/10 {
			t.Errorf("four shards took %d records a second", got)
		}
		if got := after / (seconds - 2); got < perSecond*99/100 {
			t.Errorf("eight shards took %d of %d records a second", got, perSecond)
		}
		for _, s := range all[onDemandShards:] {
			parent := all[0]
			for _, p := range all {
				if p.ShardId == s.ParentShardId {
					parent = p
				}
			}
			if parent.SequenceNumberRange.EndingSequenceNumber == "" || s.HashKeyRange.StartingHashKey != parent.HashKeyRange.StartingHashKey && s.HashKeyRange.EndingHashKey != parent.HashKeyRange.EndingHashKey {
				t.Errorf("%+v is no half of %+v", s, parent)
			}
		}

		// Closed parents lead to their children, and no key's records are out of order.
		h.reopen()
		last := map[string]int{}
		for _, s := range all { // by number: parents first
			it := h.iterator(GetShardIteratorIn{StreamName: "busy", ShardId: s.ShardId, ShardIteratorType: "TRIM_HORIZON"})
			for it != "" {
				time.Sleep(time.Second)
				out := h.get(it, 0)
				for _, r := range out.Records.All() {
					var n int
					fmt.Sscan(string(r.Data), &n)
					if was, ok := last[r.PartitionKey]; ok && n <= was {
						t.Fatalf("key %s: %d after %d", r.PartitionKey, n, was)
					}
					last[r.PartitionKey] = n
				}
				if it = out.NextShardIterator; it == "" && len(out.ChildShards) != 2 {
					t.Fatalf("%s ends with children %+v", s.ShardId, out.ChildShards)
				}
				if out.Records.Len() == 0 && out.MillisBehindLatest == 0 {
					break
				}
			}
		}
	})
}

// What does not split: a shard busy with a single key, a provisioned stream, anything without limits, and a
// stream whose account has no more shards.
func TestWhatDoesNotSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		for _, limits := range []bool{true, false} {
			h := open(t, Config{Limits: limits})
			for name, mode := range map[string]string{"d": onDemand, "full": onDemand, "p": provisioned} {
				in := &CreateStreamIn{StreamName: name, StreamModeDetails: &StreamModeDetails{mode}}
				if mode == provisioned {
					in.ShardCount = ptr(onDemandShards)
				}
				if _, err := h.CreateStream(ctx, in); err != nil {
					t.Fatal(err)
				}
			}
			h.load("p", 3600, 1000, 62*time.Second)
			keys := 1
			if !limits {
				keys = 1000
			}
			h.load("d", 1200, keys, 62*time.Second)
			h.create("rest", defaultShardLimit-3*onDemandShards)
			h.load("full", 3600, 1000, 62*time.Second)
			for _, name := range []string{"p", "d", "full"} {
				if _, n := h.shards(name); n != onDemandShards {
					t.Errorf("limits %v: %s has %d open shards", limits, name, n)
				}
			}
			h.close()
		}
	})
}

func TestMiddle(t *testing.T) {
	for _, r := range append(uniform(7), hashRange{}, hashRange{hashKey{3, 5}, hashKey{3, 6}}, hashRange{hashKey{}, maxHashKey}) {
		at := r.middle()
		if r.Start == r.End {
			if at != r.Start {
				t.Errorf("%v: %v", r, at)
			}
			continue
		}
		left, right := new(hashRange{r.Start, at.prev()}), new(hashRange{at, r.End})
		if !r.holds(at) || at == r.Start {
			t.Fatalf("%v: %v", r, at)
		}
		size := func(r *hashRange) (n float64) {
			return float64(r.End.hi-r.Start.hi)*(1<<64) + float64(r.End.lo) - float64(r.Start.lo)
		}
		if a, b := size(left), size(right); a > b*1.001+1 || b > a*1.001+1 {
			t.Errorf("%v is cut at %v", r, at)
		}
	}
}
