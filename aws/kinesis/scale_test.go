package kinesis

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// A thousand streams of five thousand shards cost no goroutine and no file each, live or started anew,
// and can be listed, written and read.
func TestAThousandStreams(t *testing.T) {
	const streams, shards, large = 1000, 4, 1004 // 999 of 4 and one of 1,004: 5,000 shards
	ctx := context.Background()
	files := vfs.NewFaults(vfs.NewMem())
	var opened atomic.Int64
	files.Trace(func(op vfs.Op, _ string) {
		if op == vfs.OpCreate || op == vfs.OpOpen {
			opened.Add(1)
		}
	})
	start := func() (*Service, func()) {
		log, err := segment.Open(files, "log", segment.Options{})
		if err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(files, "journal")
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(ctx, Config{Log: log, Journal: j})
		if err != nil {
			t.Fatal(err)
		}
		return s, func() { s.Close(); j.Close(); log.Close() }
	}
	s, stop := start()
	if _, err := s.CreateStream(ctx, &CreateStreamIn{StreamName: "empty", ShardCount: ptr(1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeleteStream(ctx, &DeleteStreamIn{StreamName: "empty"}); err != nil {
		t.Fatal(err)
	}
	goroutines, files0 := runtime.NumGoroutine(), opened.Load()
	for i := range streams {
		n := shards
		if i == 0 {
			n = large
		}
		if _, err := s.CreateStream(ctx, &CreateStreamIn{StreamName: fmt.Sprintf("stream-%04d", i), ShardCount: &n}); err != nil {
			t.Fatal(err)
		}
	}
	idle := func(when string) {
		t.Helper()
		if n := runtime.NumGoroutine() - goroutines; n > 5 {
			t.Errorf("%s: %d goroutines more", when, n)
		}
		if n := opened.Load() - files0; n > 20 {
			t.Errorf("%s: %d files opened", when, n)
		}
	}
	idle("made")

	stop()
	files0 = opened.Load()
	s, stop = start()
	defer stop()
	idle("started anew")

	listed := 0
	for in := (&ListStreamsIn{}); ; {
		out, err := s.ListStreams(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range out.StreamNames {
			if want := fmt.Sprintf("stream-%04d", listed); name != want {
				t.Fatalf("%s, want %s", name, want)
			}
			listed++
		}
		if len(out.StreamNames) != 100 {
			t.Errorf("a page of %d", len(out.StreamNames))
		}
		if !out.HasMoreStreams {
			break
		}
		in = &ListStreamsIn{NextToken: out.NextToken}
	}
	if listed != streams {
		t.Errorf("%d streams listed", listed)
	}
	page, err := s.ListShards(ctx, &ListShardsIn{StreamName: "stream-0000"})
	if err != nil || len(page.Shards) != maxListShards || page.NextToken == "" {
		t.Fatalf("%d shards, token %q: %v", len(page.Shards), page.NextToken, err)
	}
	if page, err = s.ListShards(ctx, &ListShardsIn{NextToken: page.NextToken}); err != nil || len(page.Shards) != large-maxListShards || page.NextToken != "" {
		t.Fatalf("%d shards, token %q: %v", len(page.Shards), page.NextToken, err)
	}
	if last := page.Shards[len(page.Shards)-1].ShardId; last != shardName(large-1) {
		t.Errorf("the last shard is %s", last)
	}
	if out, err := s.DescribeLimits(ctx, &DescribeLimitsIn{}); err != nil || out.OpenShardCount != 5000 {
		t.Errorf("%+v: %v", out, err)
	}

	for i := 0; i < streams; i += 100 {
		name := fmt.Sprintf("stream-%04d", i)
		put, err := s.PutRecord(ctx, &PutRecordIn{StreamName: name, PartitionKey: "k", Data: []byte(name)})
		if err != nil {
			t.Fatal(err)
		}
		it, err := s.GetShardIterator(ctx, &GetShardIteratorIn{StreamName: name, ShardId: put.ShardId, ShardIteratorType: "TRIM_HORIZON"})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := s.GetRecords(ctx, &GetRecordsIn{ShardIterator: it.ShardIterator}); err != nil || texts(out) != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	idle("used")
}

// Thousands of shards are cut and joined in one call's time, the way a few are.
func TestScalingThousandsOfShards(t *testing.T) {
	st := newStream(streamInfo{NextShard: 4000}, nil)
	for i, r := range uniform(4000) {
		st.add(shardInfo{Number: uint32(i), Range: r}, 0)
	}
	st.index()
	for _, n := range []int{7999, 4001, 3000} {
		r := st.reshape(st.created())
		r.now = 1
		r.scale(n)
		open := r.open()
		if len(open) != n {
			t.Fatalf("%d open, want %d", len(open), n)
		}
		for i, w := range uniform(n) {
			if open[i].Range != w {
				t.Fatalf("%d/%d: %v, want %v", i, n, open[i].Range, w)
			}
		}
	}
}
