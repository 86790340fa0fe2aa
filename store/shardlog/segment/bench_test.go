package segment

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// Figures in bench/results/segment.txt come from
//
//	go test -run - -bench . -benchtime 3s ./store/shardlog/segment

const (
	benchRecords = 500
	benchBytes   = 300
)

func benchBatch(id shardlog.ShardID) []shardlog.Batch {
	b := shardlog.Batch{Shard: id, Records: make([]hydrant.Record, benchRecords)}
	for i := range b.Records {
		b.Records[i] = hydrant.Record{Key: fmt.Sprintf("key-%012d", i), Data: make([]byte, benchBytes-16)}
	}
	return []shardlog.Batch{b}
}

func benchEngine(b *testing.B, o Options) *Engine {
	b.Helper()
	e, err := Open(vfs.OS(b.TempDir()), "log", o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close() })
	return e
}

// BenchmarkAppend is PutRecords as callers see it: each puts 500 records of 300 bytes into a shard
// of its own and waits until they are on disk.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			e := benchEngine(b, Options{})
			ctx := context.Background()
			// Old segments go, so that the disk does not fill however long this runs.
			batches := make([][]shardlog.Batch, callers)
			for i := range batches {
				id, err := e.Open(ctx, fmt.Sprintf("shardId-%012d", i))
				if err != nil {
					b.Fatal(err)
				}
				e.SetRetention(ctx, id, 5*time.Second)
				batches[i] = benchBatch(id)
			}
			b.SetBytes(benchRecords * benchBytes)
			b.ResetTimer()
			var wg sync.WaitGroup
			work := make(chan struct{}, b.N)
			for range b.N {
				work <- struct{}{}
			}
			close(work)
			for i := range callers {
				wg.Go(func() {
					for range work {
						if err := e.Append(ctx, batches[i]); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			st := e.Stats()
			sec := b.Elapsed().Seconds()
			b.ReportMetric(float64(st.Records)/sec, "records/s")
			b.ReportMetric(float64(st.Syncs)/sec, "syncs/s")
			b.ReportMetric(st.SyncTime.Seconds()/float64(max(st.Syncs, 1))*1e3, "ms/sync")
		})
	}
}

// BenchmarkAppendOne is PutRecord: 64 callers, one record of 300 bytes each.
func BenchmarkAppendOne(b *testing.B) {
	e := benchEngine(b, Options{})
	ctx := context.Background()
	id, err := e.Open(ctx, "s")
	if err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(32)
	b.SetBytes(benchBytes)
	b.RunParallel(func(pb *testing.PB) {
		batch := benchBatch(id)
		batch[0].Records = batch[0].Records[:1]
		for pb.Next() {
			if err := e.Append(ctx, batch); err != nil {
				b.Error(err)
				return
			}
		}
	})
	st := e.Stats()
	b.ReportMetric(float64(st.Records)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(st.Syncs)/b.Elapsed().Seconds(), "syncs/s")
}

// BenchmarkRead reads a shard of 100,000 records in pages of 10,000: from memory, and from files.
func BenchmarkRead(b *testing.B) {
	for name, o := range map[string]Options{"tail": {}, "cold": {TailBytes: 1, CacheBytes: 1, SegmentBytes: 16 << 20}} {
		b.Run(name, func(b *testing.B) {
			e := benchEngine(b, o)
			ctx := context.Background()
			id, _ := e.Open(ctx, "s")
			for range 200 {
				if err := e.Append(ctx, benchBatch(id)); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(200 * benchRecords * benchBytes)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				n := 0
				for from := uint64(0); ; {
					p, err := e.Read(ctx, id, from, shardlog.Limit{Records: 10_000})
					if err != nil {
						b.Fatal(err)
					}
					if len(p.Records) == 0 {
						break
					}
					n += len(p.Records)
					from = p.Next
				}
				if n != 200*benchRecords {
					b.Fatalf("%d records", n)
				}
			}
			b.ReportMetric(float64(200*benchRecords*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkTail is one record's way: appended by one goroutine, read by another that waits for it.
func BenchmarkTail(b *testing.B) {
	e := benchEngine(b, Options{})
	ctx := context.Background()
	id, _ := e.Open(ctx, "s")
	batch := benchBatch(id)
	batch[0].Records = batch[0].Records[:1]
	for from := uint64(0); b.Loop(); from++ {
		got := make(chan error)
		go func() {
			err := e.Wait(ctx, id, from)
			if err == nil {
				_, err = e.Read(ctx, id, from, shardlog.Limit{})
			}
			got <- err
		}()
		if err := e.Append(ctx, batch); err != nil {
			b.Fatal(err)
		}
		if err := <-got; err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen starts on 1 GB of records in 200 shards, in eight segments.
func BenchmarkOpen(b *testing.B) {
	fsys := vfs.OS(b.TempDir())
	e, err := Open(fsys, "log", Options{})
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	var wg sync.WaitGroup
	for i := range 200 {
		id, err := e.Open(ctx, fmt.Sprintf("shardId-%012d", i))
		if err != nil {
			b.Fatal(err)
		}
		wg.Go(func() {
			batch := benchBatch(id)
			for range 33 {
				if err := e.Append(ctx, batch); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	size := e.Stats().DiskBytes
	e.Close()
	b.ResetTimer()
	for b.Loop() {
		e, err := Open(fsys, "log", Options{})
		if err != nil {
			b.Fatal(err)
		}
		e.Close()
	}
	b.ReportMetric(float64(size)/1e9, "GB")
}

// BenchmarkIdleShards is what 5,000 shards cost that nobody uses.
func BenchmarkIdleShards(b *testing.B) {
	for b.Loop() {
		e := benchEngine(b, Options{})
		var wg sync.WaitGroup
		for w := range 50 {
			wg.Go(func() {
				for i := range 100 {
					if _, err := e.Open(context.Background(), fmt.Sprintf("stream%d/shardId-%012d", w, i)); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
		e.Close()
	}
}
