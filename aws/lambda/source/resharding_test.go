package source

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant/aws/kinesis"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// river is the real stream, in memory.
type river struct {
	*kinesis.Service
	t   *testing.T
	put int // records so far
}

// onRiver gives a world the real stream to read. The caller ends the world before the river.
func onRiver(t *testing.T, w *world) (*river, func()) {
	t.Helper()
	files := vfs.NewMem()
	log, err := segment.Open(files, "log", segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(files, "journal")
	if err != nil {
		t.Fatal(err)
	}
	service, err := kinesis.New(t.Context(), kinesis.Config{Log: log, Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	w.reopen(func(c *Config) { c.Streams = service })
	return &river{Service: service, t: t}, func() {
		w.close()
		if err := errors.Join(service.Close(), j.Close(), log.Close()); err != nil {
			t.Error(err)
		}
		w.streams = newStreams(shard0) // for the end of the play
		w.change = nil
		w.open()
	}
}

func (r *river) create(shards int) {
	r.t.Helper()
	if _, err := r.CreateStream(r.t.Context(), &kinesis.CreateStreamIn{StreamName: "trips", ShardCount: &shards}); err != nil {
		r.t.Fatal(err)
	}
}

// flow puts records whose keys are of seven and whose data count on.
func (r *river) flow(n int) {
	r.t.Helper()
	in := &kinesis.PutRecordsIn{StreamName: "trips"}
	for range n {
		in.Records = append(in.Records, kinesis.PutRecordsRequestEntry{PartitionKey: fmt.Sprint(r.put % 7), Data: fmt.Append(nil, r.put)})
		r.put++
	}
	if out, err := r.PutRecords(r.t.Context(), in); err != nil || out.FailedRecordCount > 0 {
		r.t.Fatal(out, err)
	}
}

func (r *river) register() (arn string) {
	r.t.Helper()
	out, err := r.RegisterStreamConsumer(r.t.Context(), &kinesis.RegisterStreamConsumerIn{StreamARN: testStream, ConsumerName: "c"})
	if err != nil {
		r.t.Fatal(err)
	}
	return out.Consumer.ConsumerARN
}

// flaky keeps what a function has acknowledged; a quarter of its calls fail.
type flaky struct {
	mu  sync.Mutex
	rng *rand.Rand
	got []int
}

func (f *flaky) do(a attempt) (Answer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rng.IntN(4) == 0 {
		return failure, nil
	}
	for _, n := range a.nums {
		i, _ := strconv.Atoi(n)
		f.got = append(f.got, i)
	}
	return Answer{}, nil
}

// TestResharding: a real stream is split, merged and scaled while a mapping reads it, and a quarter of the calls fail:
// each record is acknowledged once, those of a key in order.
func TestResharding(t *testing.T) {
	for _, mode := range []string{"polled", "pushed"} {
		for _, parallel := range []int{1, 4} {
			t.Run(fmt.Sprint(mode, parallel), func(t *testing.T) {
				play(t, func(t *testing.T, w *world) {
					r, end := onRiver(t, w)
					defer end()
					f := &flaky{rng: rand.New(rand.NewPCG(1, 2))}
					w.fn.do = f.do
					r.create(2)
					r.flow(50)
					w.create(func(m *Mapping) {
						if mode == "pushed" {
							m.Stream, m.Consumer = "", r.register()
						}
						m.Settings.Parallel, m.Settings.BatchSize = parallel, 9
					})
					ctx := t.Context()
					for i, change := range []func() error{
						func() error {
							_, err := r.SplitShard(ctx, &kinesis.SplitShardIn{StreamName: "trips", ShardToSplit: "0", NewStartingHashKey: "80000000000000000000000000000000000000"})
							return err
						},
						func() error {
							_, err := r.MergeShards(ctx, &kinesis.MergeShardsIn{StreamName: "trips", ShardToMerge: "3", AdjacentShardToMerge: "1"})
							return err
						},
						func() error {
							n := 4
							_, err := r.UpdateShardCount(ctx, &kinesis.UpdateShardCountIn{StreamName: "trips", TargetShardCount: &n, ScalingType: "UNIFORM_SCALING"})
							return err
						},
						func() error { w.close(); w.open(); return nil },
						func() error {
							n := 2
							_, err := r.UpdateShardCount(ctx, &kinesis.UpdateShardCountIn{StreamName: "trips", TargetShardCount: &n, ScalingType: "UNIFORM_SCALING"})
							return err
						},
					} {
						if err := change(); err != nil {
							t.Fatal(i, err)
						}
						r.flow(50)
						w.sleep(300 * time.Millisecond)
					}
					w.sleep(30 * time.Minute)
					last := map[int]int{}
					for _, n := range f.got {
						if was, ok := last[n%7]; ok && n <= was {
							t.Fatalf("%d after %d", n, was)
						}
						last[n%7] = n
					}
					if len(f.got) != r.put {
						t.Errorf("%d of %d records", len(f.got), r.put)
					}
				})
			})
		}
	}
}

// TestRealStreamsAndConsumersGo: what a mapping says when they do, and that it reads a stream made anew from
// its beginning, whatever its checkpoints say of the old one.
func TestRealStreamsAndConsumersGo(t *testing.T) {
	for _, mode := range []string{"polled", "pushed"} {
		t.Run(mode, func(t *testing.T) {
			play(t, func(t *testing.T, w *world) {
				r, end := onRiver(t, w)
				defer end()
				r.create(1)
				r.flow(4)
				gone := resultStream
				m := w.create(func(m *Mapping) {
					if mode == "pushed" {
						m.Stream, m.Consumer, gone = "", r.register(), resultConsumer
					}
				})
				w.want(sequence(0, 4))
				ctx := t.Context()
				if _, err := r.SplitShard(ctx, &kinesis.SplitShardIn{StreamName: "trips", ShardToSplit: "0", NewStartingHashKey: "80000000000000000000000000000000000000"}); err != nil {
					t.Fatal(err)
				}
				r.flow(3)
				w.sleep(time.Second)
				force := true
				if _, err := r.DeleteStream(ctx, &kinesis.DeleteStreamIn{StreamName: "trips", EnforceConsumerDeletion: &force}); err != nil {
					t.Fatal(err)
				}
				w.sleep(2 * time.Minute)
				if got, _ := w.set.Get(testScope, m.ID); got.State != Enabled || got.Result != gone {
					t.Errorf("%s %s", got.State, got.Result)
				}
				if mode == "pushed" {
					return // its consumer will not come back: a new one has another ARN
				}
				w.fn.mu.Lock()
				w.fn.calls = nil
				w.fn.mu.Unlock()
				r.put = 0
				r.create(1)
				r.flow(9) // more than the old checkpoint of shard 0, which was done
				w.sleep(2 * time.Minute)
				w.want(sequence(0, 9))
				if _, err := r.SplitShard(ctx, &kinesis.SplitShardIn{StreamName: "trips", ShardToSplit: "0", NewStartingHashKey: "80000000000000000000000000000000000000"}); err != nil {
					t.Fatal(err)
				}
				r.flow(40) // in children whose numbers the old ones had
				w.sleep(2 * time.Minute)
				got := w.fn.numbers()
				slices.SortFunc(got, func(a, b string) int { return len(a)*100 + strings.Compare(a, b) - len(b)*100 })
				if !slices.Equal(got, sequence(0, 49)) {
					t.Errorf("%v", got)
				}
				if got, _ := w.set.Get(testScope, m.ID); got.Result != resultOK {
					t.Error(got.Result)
				}
			})
		})
	}
}
