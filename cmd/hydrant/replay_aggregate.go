package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/hydrant-stream/hydrant/wire/kpl"
)

// replayAggregateQueue is how many trips wait per lane where they are aggregated: a call carries more of them.
const replayAggregateQueue = 20 * replayCallRecords

// What a lane takes at once where it aggregates; it leaves room in a call for what aggregates add.
const (
	replayAggregateTrips = replayAggregateQueue
	replayAggregateBytes = 4 << 20
)

// replayRanges are the first hash keys of the open shards, in order.
type replayRanges [][md5.Size]byte

func newReplayRanges(hashKeys []string) (replayRanges, error) {
	var r replayRanges
	for _, text := range hashKeys {
		n, ok := new(big.Int).SetString(text, 10)
		if !ok || n.Sign() < 0 || n.BitLen() > 8*md5.Size {
			return nil, fmt.Errorf("%q is not a hash key", text)
		}
		var key [md5.Size]byte
		n.FillBytes(key[:])
		r = append(r, key)
	}
	if len(r) == 0 {
		return nil, fmt.Errorf("there is no open shard")
	}
	slices.SortFunc(r, func(a, b [md5.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	return r, nil
}

// of is the shard a partition key belongs to, by its place in r.
func (r replayRanges) of(key string) int {
	at, found := slices.BinarySearchFunc(r, md5.Sum([]byte(key)), func(a, b [md5.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	if found {
		return at
	}
	return max(at-1, 0)
}

// lookAtShards learns which shards there are.
func (r *replayer) lookAtShards(ctx context.Context) error {
	hashKeys, err := r.shards(ctx)
	if err != nil {
		return err
	}
	ranges, err := newReplayRanges(hashKeys)
	if err != nil {
		return fmt.Errorf("shards of %s: %w", r.opts.Stream, err)
	}
	r.ranges.Store(&ranges)
	return nil
}

// firstLook is lookAtShards before the first trip; it is not let down by a call that fails for a while.
func (r *replayer) firstLook(ctx context.Context) error {
	for {
		err := r.lookAtShards(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case !replayTransient(err):
			return replayFailed(r.opts.Stream, err)
		case time.Since(r.begun) > replayFirstGiveUp:
			return err
		}
		if err := replaySleep(ctx, replayWatermarkLook); err != nil {
			return err
		}
	}
}

// followShards notices resharding. Until it does, an aggregate may hold trips of two shards: readers that keep
// to a shard's hash keys then see it whole.
func (r *replayer) followShards(ctx context.Context) error {
	for {
		if replaySleep(ctx, replayShardsKeptFor) != nil {
			return nil
		}
		_ = r.lookAtShards(ctx) // what is known will do; it is asked again
	}
}

// aggregated packs the trips of a call by shard, in order. One that would be alone goes as it is.
func (l *replayLane) aggregated(batch []types.PutRecordsRequestEntry) (out []types.PutRecordsRequestEntry) {
	ranges := *l.ranges.Load()
	packers := map[int]*kpl.Packer{}
	lone := map[int]types.PutRecordsRequestEntry{} // the first of each packer
	take := func(shard int) {
		if p := packers[shard]; p.Len() == 1 {
			p.Take()
			out = append(out, lone[shard])
		} else if p.Len() > 1 {
			whole := p.Take()
			out = append(out, types.PutRecordsRequestEntry{Data: whole.Data, PartitionKey: aws.String(whole.Key)})
		}
	}
	for _, e := range batch {
		shard := ranges.of(*e.PartitionKey)
		p := packers[shard]
		if p == nil {
			p = new(kpl.Packer)
			packers[shard] = p
		}
		record := kpl.Record{Key: *e.PartitionKey, Data: e.Data}
		if !p.Add(record) {
			take(shard)
			p.Add(record)
		}
		if p.Len() == 1 {
			lone[shard] = e
		}
	}
	for shard := range packers {
		take(shard)
	}
	return out
}
