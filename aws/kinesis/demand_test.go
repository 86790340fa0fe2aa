package kinesis

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// keysOfFirst are keys that the first of a new on-demand stream's shards takes.
func keysOfFirst(n int) (keys []string) {
	for i := 0; len(keys) < n; i++ {
		if k := fmt.Sprint(i); uniform(onDemandShards)[0].holds(hashOf(k)) {
			keys = append(keys, k)
		}
	}
	return keys
}

// load puts so many small records a second for a while, under keys one after another, and tells how many
// were taken.
func (h *house) load(stream string, perSecond int, keys []string, during time.Duration) (taken int) {
	h.t.Helper()
	n := 0
	for until := time.Now().Add(during); time.Now().Before(until); time.Sleep(time.Second) {
		for left := perSecond; left > 0; left -= maxPutRecords {
			in := &PutRecordsIn{StreamName: stream}
			for range min(left, maxPutRecords) {
				in.Records = append(in.Records, PutRecordsRequestEntry{Data: fmt.Append(nil, time.Now().Unix()*1_000_000+int64(n)), PartitionKey: keys[n%len(keys)]})
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

// With AWS's limits an on-demand stream splits a shard that is more than half busy, takes then what it refused before, and keeps the order of a key from parent to child, over a restart.
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
		keys := keysOfFirst(1000)
		h.load("calm", demandRecords*9/10, keys, 2*seconds*time.Second)
		if _, n := h.shards("calm"); n != onDemandShards {
			t.Errorf("a stream less than half busy has %d open shards", n)
		}
		const perSecond = 1500
		before := h.load("busy", perSecond, keys, seconds*time.Second)
		h.load("busy", perSecond, keys, 2*time.Second) // the window's end
		all, n := h.shards("busy")
		if n != onDemandShards+1 || len(all) != onDemandShards+2 {
			t.Fatalf("%d shards, %d open, want %d and %d", len(all), n, onDemandShards+2, onDemandShards+1)
		}
		if d, err := h.DescribeStreamSummary(ctx, &DescribeStreamSummaryIn{StreamName: "busy"}); err != nil || d.StreamDescriptionSummary.StreamStatus != active {
			t.Errorf("%+v, %v", d, err)
		}
		const later = 10
		after := h.load("busy", perSecond, keys, later*time.Second)
		if got := before / seconds; got > shardWriteRecords*11/10 {
			t.Errorf("a shard took %d records a second", got)
		}
		if got := after / later; got < perSecond*99/100 {
			t.Errorf("its halves took %d of %d records a second", got, perSecond)
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
			const perSecond = demandRecords * 3 / 2
			keys := keysOfFirst(1000)
			h.load("p", perSecond, keys, 62*time.Second)
			if limits {
				h.load("d", perSecond, keys[:1], 62*time.Second)
				h.create("rest", defaultShardLimit-3*onDemandShards)
				h.load("full", perSecond, keys, 62*time.Second)
			} else {
				h.load("d", perSecond, keys, 62*time.Second)
			}
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
