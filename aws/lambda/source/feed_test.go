package source

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

const testConsumer = testStream + "/consumer/c:1700000000"

func pushed(m *Mapping) { m.Stream, m.Consumer = "", testConsumer }

// unpackCommas takes "1,2,3" for an aggregate of three.
func unpackCommas(_, _ string, r hydrant.Record) (inner []hydrant.Record, ok bool) {
	if !bytes.Contains(r.Data, []byte(",")) {
		return nil, false
	}
	for data := range bytes.SplitSeq(r.Data, []byte(",")) {
		inner = append(inner, hydrant.Record{Key: "inner", Data: data})
	}
	return inner, true
}

func (m *memoryStreams) putData(shard, data string) {
	m.change(func() { m.append(shard, "k0", data) })
}

// TestPush: a consumer's records come at once whatever the limits, name the consumer, and aggregates
// come taken apart, their parts under one sequence number.
func TestPush(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.reopen(func(c *Config) { c.Limits, c.Unpack = true, unpackCommas })
		m := w.create(pushed)
		if m.Stream != testStream || m.Source() != testConsumer {
			t.Errorf("%+v", m)
		}
		w.sleep(10300 * time.Millisecond)
		began := time.Now()
		w.streams.putData(shard0, "1,2,3")
		synctest.Wait()
		w.want([]string{"1", "2", "3"})
		if time.Since(began) > 0 {
			t.Error("a pushed record waited")
		}
		a := w.fn.seen()[0]
		if a.seqs[0] != a.seqs[2] || !strings.Contains(string(a.event), `"eventSourceARN":"`+testConsumer+`"`) || !strings.Contains(string(a.event), `"partitionKey":"inner"`) {
			t.Errorf("%s", a.event)
		}
		progress, err := w.set.Progress(t.Context())
		if err != nil || len(progress) != 1 || progress[0].Behind != 0 || progress[0].Next != 11 {
			t.Errorf("%+v %v", progress, err)
		}
	})
}

// TestPolledAggregatesStayWhole, as on AWS.
func TestPolledAggregatesStayWhole(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.reopen(func(c *Config) { c.Unpack = unpackCommas })
		w.create(nil)
		w.streams.putData(shard0, "1,2,3")
		synctest.Wait()
		w.want([]string{"1,2,3"})
	})
}

// TestBatchesEndInsideAggregates: and a restart goes on inside, nothing missing and nothing again.
func TestBatchesEndInsideAggregates(t *testing.T) {
	for _, parallel := range []int{1, 3} {
		t.Run(fmt.Sprint(parallel), func(t *testing.T) {
			play(t, func(t *testing.T, w *world) {
				w.reopen(func(c *Config) { c.Unpack = unpackCommas })
				w.streams.putData(shard0, strings.Join(sequence(0, 10), ","))
				w.streams.putData(shard0, "10")
				w.streams.putData(shard0, strings.Join(sequence(11, 14), ","))
				slow := make(chan struct{})
				w.fn.do = func(a attempt) (Answer, error) {
					if slices.Contains(a.nums, "4") {
						<-slow
					}
					return Answer{}, nil
				}
				w.create(func(m *Mapping) { pushed(m); m.Settings.BatchSize, m.Settings.Parallel = 4, parallel })
				go func() { time.Sleep(time.Second); close(slow) }()
				w.close() // finishes 4 to 7 within the grace, begins nothing new
				w.open()
				w.sleep(time.Minute)
				got := w.fn.numbers()
				if parallel > 1 { // lanes have their own order
					slices.SortFunc(got, func(a, b string) int { return len(a) - len(b) })
					slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(fmt.Sprintf("%2s", a), fmt.Sprintf("%2s", b)) })
				}
				if !slices.Equal(got, sequence(0, 14)) {
					t.Errorf("%v", got)
				}
			})
		})
	}
}

// TestDeregisteredConsumer: its mapping reads no more and says so; so it does after a restart.
func TestDeregisteredConsumer(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		gone := hydrant.Faultf("ResourceNotFoundException", "Consumer not found.")
		w.streams.put(shard0, 0, 2)
		m := w.create(pushed)
		w.want(sequence(0, 2))
		w.streams.change(func() { w.streams.consumer = gone })
		w.sleep(2 * time.Second)
		w.streams.put(shard0, 2, 4)
		for range 2 {
			w.sleep(time.Minute)
			w.want(sequence(0, 2))
			if got, _ := w.set.Get(testScope, m.ID); got.State != Enabled || got.Result != resultConsumer {
				t.Errorf("%s %s", got.State, got.Result)
			}
			w.close()
			w.open()
		}
		_, err := w.set.Create(t.Context(), Mapping{Scope: testScope, Consumer: testConsumer + "x", Function: testFunction, Settings: Defaults(), Position: "LATEST"}, true)
		if hydrant.FaultCode(err) != "InvalidParameterValueException" || !strings.Contains(err.Error(), "Stream consumer not found: "+testConsumer+"x") {
			t.Error(err)
		}
	})
}

// TestConsumerInTheMaking: a mapping waits until its consumer is ACTIVE.
func TestConsumerInTheMaking(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.streams.change(func() { w.streams.consumer = hydrant.Faultf("ResourceInUseException", "not ACTIVE") })
		w.streams.put(shard0, 0, 2)
		w.create(pushed)
		w.sleep(3 * time.Second)
		w.want(nil)
		w.streams.change(func() { w.streams.consumer = nil })
		w.sleep(5 * time.Second)
		w.want(sequence(0, 2))
	})
}

// TestBaseRate: with AWS's limits a polled shard is asked once a second while nothing is new, and at
// once while more is there; asking costs nothing while nothing is.
func TestBaseRate(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.reopen(func(c *Config) { c.Limits = true })
		began := time.Now()
		w.create(func(m *Mapping) { m.Settings.BatchSize = 10 })
		w.sleep(100*time.Second + 300*time.Millisecond)
		if w.streams.reads != 1 {
			t.Errorf("an idle shard was read %d times", w.streams.reads)
		}
		w.streams.put(shard0, 0, 35)
		w.sleep(600 * time.Millisecond)
		w.want(nil)
		w.sleep(time.Second)
		w.want(sequence(0, 35))
		if got := w.sizes(); !slices.Equal(got, []int{10, 10, 10, 5}) {
			t.Errorf("batches of %v", got)
		}
		for _, a := range w.fn.seen() {
			if d := a.at.Sub(began); d < 101*time.Second || d >= 101*time.Second+10*time.Millisecond {
				t.Errorf("invoked after %v", d)
			}
		}
	})
}

// TestShardRate: 2 MiB a second come out of a shard with the limits.
func TestShardRate(t *testing.T) {
	for _, change := range []func(*Mapping){func(*Mapping) {}, pushed} {
		play(t, func(t *testing.T, w *world) {
			w.reopen(func(c *Config) { c.Limits = true })
			for range 20 {
				w.streams.putData(shard0, strings.Repeat("x", 1<<20))
			}
			began := time.Now()
			w.create(change)
			w.sleep(time.Minute)
			calls := w.fn.seen()
			if d := calls[len(calls)-1].at.Sub(began); len(w.fn.numbers()) != 20 || d < 7*time.Second || d > 11*time.Second {
				t.Errorf("%d records in %v", len(w.fn.numbers()), d)
			}
		})
	}
}

func TestPushRefusesImpossibleOffsets(t *testing.T) {
	m := newStreams(shard0)
	m.shard(shard0).recs = []hydrant.Record{{Offset: maxOffset}}
	p := push{in: poll{streams: m, stream: testStream, shard: shard0}}
	if _, _, _, err := p.read(context.Background(), 0, shardlog.Limit{}); err == nil {
		t.Error("an offset was bent")
	}
}
