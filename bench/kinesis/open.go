package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// open: how long hydrant takes from its start to its first answer, on a log of that many GB.
func open(o *options) error {
	s, err := startHydrant(o, "open")
	if err != nil {
		return err
	}
	defer s.stop()
	if err := create(s, "bench", o.Shards); err != nil {
		return err
	}
	s.Halt()
	if err := fatten(filepath.Join(s.dir, "log"), o.LogGB); err != nil {
		return err
	}
	var first []time.Duration
	for range 5 {
		next, err := again(s)
		if err != nil {
			return err
		}
		first = append(first, next.Ready)
		next.Halt()
	}
	slices.Sort(first)
	fmt.Printf("open         %d GB of log: first answer %v after start (median of 5; worst %v)\n", o.LogGB, first[2].Round(100*time.Microsecond), first[4].Round(100*time.Microsecond))
	return nil
}

// fatten appends GBs to the log as the engine does, 50 shards of records of 20 kB.
func fatten(dir string, gb int) error {
	e, err := segment.Open(vfs.OS(filepath.Dir(dir)), filepath.Base(dir), segment.Options{})
	if err != nil {
		return err
	}
	defer e.Close()
	ctx := context.Background()
	call := make([]shardlog.Batch, 50)
	for i := range call {
		id, err := e.Open(ctx, fmt.Sprintf("filling/%d", i))
		if err != nil {
			return err
		}
		call[i] = shardlog.Batch{Shard: id, Records: make([]hydrant.Record, 10)}
		for r := range call[i].Records {
			call[i].Records[r] = hydrant.Record{Key: "key", Data: make([]byte, 20_000)}
		}
	}
	for range gb * 100 { // 10 MB a call
		if err := e.Append(ctx, call); err != nil {
			return err
		}
	}
	return e.Close()
}
