package source

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// inOrder checks that every number up to n was seen, and those of one key in order. Repeats are
// allowed where again says so.
func inOrder(t *testing.T, all []string, n int, again bool) {
	t.Helper()
	seen := map[int]int{}
	last := map[int]int{}
	for _, s := range all {
		v, _ := strconv.Atoi(s)
		if seen[v]++; seen[v] > 1 {
			if !again {
				t.Errorf("%d came twice", v)
			}
			continue
		}
		if key := v % 7; v < last[key] {
			t.Errorf("%d after %d of the same key", v, last[key])
		} else {
			last[key] = v
		}
	}
	for v := range n {
		if seen[v] == 0 {
			t.Errorf("%d never came", v)
		}
	}
}

func TestLanesKeepTheOrderOfKeys(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		var mu sync.Mutex
		var good []string
		running, most := 0, 0
		w.fn.do = func(a attempt) (Answer, error) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Duration(rand.IntN(3000)) * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			running--
			if rand.IntN(4) == 0 {
				return failure, nil
			}
			good = append(good, a.nums...)
			return Answer{}, nil
		}
		m := w.create(func(m *Mapping) { m.Settings.BatchSize, m.Settings.Parallel = 5, 4 })
		for n := 0; n < 300; n += 20 {
			w.streams.put(shard0, n, n+20)
			time.Sleep(500 * time.Millisecond)
		}
		time.Sleep(time.Hour)
		mu.Lock()
		inOrder(t, good, 300, false)
		mu.Unlock()
		if most < 2 || most > 4 {
			t.Errorf("at most %d at once", most)
		}
		c, _, _ := journal.Load[checkpoint](w.journal, checkpointKey(m.ID, shard0))
		if c.Next != 3001 || c.Lanes != nil {
			t.Errorf("%+v", c)
		}
	})
}

// TestLanesSurviveRestartAndRenumbering: lanes that stand apart when the run stops neither repeat
// nor skip, be their number the same afterwards or another.
func TestLanesSurviveRestartAndRenumbering(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		var mu sync.Mutex
		var good []string
		blocked := "k3"
		w.fn.do = func(a attempt) (Answer, error) {
			mu.Lock()
			defer mu.Unlock()
			for _, n := range a.nums {
				if v, _ := strconv.Atoi(n); fmt.Sprintf("k%d", v%7) == blocked {
					return failure, nil
				}
			}
			good = append(good, a.nums...)
			return Answer{}, nil
		}
		m := w.create(func(m *Mapping) { m.Settings.BatchSize, m.Settings.Parallel = 5, 3 })
		n := 0
		for _, lanes := range []int{3, 4, 1, 2} {
			w.streams.put(shard0, n, n+50)
			n += 50
			time.Sleep(10 * time.Second)
			c, _, _ := journal.Load[checkpoint](w.journal, checkpointKey(m.ID, shard0))
			if len(good) == 0 || c.Next >= 2000 {
				t.Fatalf("%+v", c)
			}
			w.close()
			w.open()
			if _, err := w.set.Update(t.Context(), testScope, m.ID, func(m *Mapping, _ *bool) error { m.Settings.Parallel = lanes; return nil }); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		mu.Lock()
		blocked = ""
		mu.Unlock()
		time.Sleep(time.Hour)
		mu.Lock()
		defer mu.Unlock()
		inOrder(t, good, n, false)
	})
}

func TestEvent(t *testing.T) {
	enc := newEncoder(testStream, "shardId-000000000006", "us-east-2", "arn:aws:iam::1:role/r")
	recs := []hydrant.Record{
		{Arrival: 1545084650987, Sequence: "4959", Key: "k", Data: []byte("Hello")},
		{Arrival: 1545084650007, Sequence: "4960", Key: "ü\"<\x01" + strings.Repeat("é", 90), Data: []byte{0xff}},
		{Arrival: 5, Sequence: "4961"},
	}
	got := string(enc.event(nil, recs))
	want := `{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"k","sequenceNumber":"4959","data":"SGVsbG8=",` +
		`"approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000006:4959",` +
		`"eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::1:role/r","awsRegion":"us-east-2","eventSourceARN":"` + testStream + `"}`
	if !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var doc struct {
		Records []struct{ Kinesis struct{ PartitionKey string } }
	}
	if err := json.Unmarshal([]byte(got), &doc); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	for i := range recs {
		if doc.Records[i].Kinesis.PartitionKey != recs[i].Key {
			t.Errorf("key %q became %q", recs[i].Key, doc.Records[i].Kinesis.PartitionKey)
		}
	}
	if size := enc.bound(recs); size < len(got) {
		t.Errorf("bounded by %d, is %d", size, len(got))
	}
}

// TestEventIsAtMostSixMegabytes: large records make small batches.
func TestEventIsAtMostSixMegabytes(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		for i := range 12 {
			w.streams.change(func() {
				s := w.streams.shard(shard0)
				o := uint64(i+1) * 10
				s.recs = append(s.recs, hydrant.Record{Offset: o, Sequence: fmt.Sprint(o), Key: "k", Data: make([]byte, 1<<20)})
			})
		}
		w.create(nil)
		got := w.sizes()
		sum := 0
		for _, n := range got {
			sum += n
		}
		if sum != 12 || slices.Max(got) != 4 {
			t.Errorf("batches of %v", got)
		}
	})
}

func BenchmarkEvent(b *testing.B) {
	enc := newEncoder(testStream, shard0, "us-east-1", "arn:aws:iam::000000000000:role/r")
	recs := make([]hydrant.Record, 1000)
	for i := range recs {
		recs[i] = hydrant.Record{Arrival: 1545084650987, Sequence: "49590338271490256608559692538361571095921575989136588898", Key: "key", Data: make([]byte, 500)}
	}
	var buf []byte
	for b.Loop() {
		buf = enc.event(buf[:0], recs)
	}
	b.SetBytes(int64(len(buf)))
}
