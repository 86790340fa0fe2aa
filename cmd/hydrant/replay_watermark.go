package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/hydrant-stream/hydrant/taxi"
)

// How often the AWS replay tool puts watermarks and looks for shards.
const (
	replayWatermarkTime   = time.Second
	replayWatermarkTrips  = 20_000
	replayWatermarkLook   = 100 * time.Millisecond
	replayShardsKeptFor   = 10 * time.Second
	replayWatermarkKey    = "watermark" // the explicit hash key decides, but a partition key is required
	replayShardsPerCall   = 500
	replayWatermarkGiveUp = 10 // attempts for the last one
)

// watermarks puts the present low mark on every shard until the context ends. One that fails is
// skipped: the next one says more.
func (r *replayer) watermarks(ctx context.Context) error {
	tick := time.NewTicker(replayWatermarkLook)
	defer tick.Stop()
	var hashKeys []string
	var listed, put time.Time
	var trips int64
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		sent := r.sent.Load()
		if sent == 0 || time.Since(put) < replayWatermarkTime && sent-trips < replayWatermarkTrips {
			continue
		}
		if time.Since(listed) > replayShardsKeptFor {
			if keys, err := r.shards(ctx); err == nil {
				hashKeys, listed = keys, time.Now()
			}
		}
		// A trip of the very time of the mark may still be under way: the mark promises none at or before it.
		if _, err := r.putWatermark(ctx, hashKeys, r.low()-1); err == nil {
			put, trips = time.Now(), sent
		}
	}
}

// lastWatermark tells every shard that the replay has come to its end.
func (r *replayer) lastWatermark(ctx context.Context) error {
	var reason error
	for range replayWatermarkGiveUp {
		hashKeys, err := r.shards(ctx)
		if err == nil {
			var refused int
			if refused, err = r.putWatermark(ctx, hashKeys, r.last.Load()); err == nil && refused == 0 {
				return nil
			}
			if err == nil {
				err = fmt.Errorf("%d of %d shards refused it", refused, len(hashKeys))
			}
		}
		reason = err
		if err := replaySleep(ctx, replayWatermarkLook); err != nil {
			return err
		}
	}
	return fmt.Errorf("put the last watermark on %s: %w", r.opts.Stream, reason)
}

// putWatermark puts one record on each shard, and returns how many refused it.
func (r *replayer) putWatermark(ctx context.Context, hashKeys []string, ms int64) (refused int, err error) {
	data := taxi.Watermark(time.UnixMilli(ms))
	for len(hashKeys) > 0 {
		n := min(len(hashKeys), replayShardsPerCall)
		var records []types.PutRecordsRequestEntry
		for _, k := range hashKeys[:n] {
			records = append(records, types.PutRecordsRequestEntry{Data: data, PartitionKey: aws.String(replayWatermarkKey), ExplicitHashKey: aws.String(k)})
		}
		out, err := r.client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String(r.opts.Stream), Records: records})
		if err != nil {
			return refused, err
		}
		failed := int(aws.ToInt32(out.FailedRecordCount))
		refused += failed
		r.watered.Add(int64(n - failed))
		hashKeys = hashKeys[n:]
	}
	return refused, nil
}

// shards lists the first hash key of every open shard.
func (r *replayer) shards(ctx context.Context) (hashKeys []string, err error) {
	in := &kinesis.ListShardsInput{StreamName: aws.String(r.opts.Stream)}
	for {
		out, err := r.client.ListShards(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, s := range out.Shards {
			if s.SequenceNumberRange == nil || s.SequenceNumberRange.EndingSequenceNumber == nil {
				hashKeys = append(hashKeys, aws.ToString(s.HashKeyRange.StartingHashKey))
			}
		}
		if out.NextToken == nil {
			return hashKeys, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}
