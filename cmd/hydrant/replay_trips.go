package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/hydrant-stream/hydrant/taxi"
	"golang.org/x/sync/errgroup"
)

// replayClient is what a replay needs of *kinesis.Client, which should not retry by itself.
type replayClient interface {
	PutRecords(context.Context, *kinesis.PutRecordsInput, ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error)
	ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error)
}

// replayOptions say what is replayed, and how.
type replayOptions struct {
	Stream    string
	Source    taxi.Source
	Rows      int     // at most this many trips; 0 means all
	Speedup   float64 // seconds of dropoff time per second; 0 means flat out
	Watermark bool
	Aggregate bool // pack trips of a shard into aggregates of the producer library
	InFlight  int  // lanes, that is, calls in flight; 0 means 8
	// Report, if set, is called with the figures so far, every so often and from one goroutine at a time.
	Report func(replayStats)
	Every  time.Duration
	// GiveUp ends the replay when no entry of a lane was accepted for so long. 0 means 2 minutes.
	GiveUp time.Duration
}

// replayStats are the figures of a replay, so far or at its end.
type replayStats struct {
	Sent       int           // trips accepted by the stream
	Bytes      int64         // of their events
	Calls      int           // of PutRecords
	Throttled  int           // entries that were refused and sent again
	Watermarks int           // put, one per shard and time
	First      time.Time     // dropoff of the first trip
	EventTime  time.Time     // all trips that drop off before were accepted
	Lag        time.Duration // how far behind its time the last trip was taken; 0 flat out
	Took       time.Duration
}

const (
	replayCallRecords = 500
	replayCallBytes   = 5 << 20 // data and partition keys
	replayRecordBytes = 1 << 20
	replayQueue       = 2 * replayCallRecords // trips waiting per lane
	replayArena       = 256 << 10
)

// replayTrips puts the source's trips on the stream in order of dropoff, and returns once every one of
// them is accepted, or with the reason why not; the figures hold in both cases. Trips are spread over
// lanes by partition key. A lane sends one call at a time and resends what was refused before it goes
// on, so that the order within a partition key is kept; between keys trips may overtake by a call.
// A call whose answer was lost is repeated, so a trip can arrive twice, as with any producer.
func replayTrips(ctx context.Context, client replayClient, opts replayOptions) (replayStats, error) {
	if opts.InFlight <= 0 {
		opts.InFlight = 8
	}
	if opts.GiveUp <= 0 {
		opts.GiveUp = 2 * time.Minute
	}
	r := &replayer{client: client, opts: opts, begun: time.Now(), queue: replayQueue, callTrips: replayCallRecords, callBytes: replayCallBytes}
	if opts.Aggregate {
		if err := r.firstLook(ctx); err != nil {
			return r.stats(), err
		}
		r.queue, r.callTrips, r.callBytes = replayAggregateQueue, replayAggregateTrips, replayAggregateBytes
	}
	r.lanes = make([]*replayLane, opts.InFlight)
	for i := range r.lanes {
		r.lanes[i] = newReplayLane(r, i)
	}

	side, stopSide := context.WithCancel(ctx)
	var sides errgroup.Group
	if opts.Report != nil && opts.Every > 0 {
		sides.Go(func() error { return r.report(side) })
	}
	if opts.Watermark {
		sides.Go(func() error { return r.watermarks(side) })
	}
	if opts.Aggregate {
		sides.Go(func() error { return r.followShards(side) })
	}
	work, workCtx := errgroup.WithContext(ctx)
	for _, l := range r.lanes {
		work.Go(func() error { return l.run(workCtx) })
	}
	work.Go(func() error {
		defer func() {
			for _, l := range r.lanes {
				close(l.queue)
			}
		}()
		return r.feed(workCtx)
	})
	err := work.Wait()
	stopSide()
	err = errors.Join(err, sides.Wait())
	if err == nil && opts.Watermark && r.first.Load() != 0 {
		err = r.lastWatermark(ctx)
	}
	s := r.stats()
	if opts.Report != nil {
		opts.Report(s)
	}
	return s, err
}

// replayer is one replay under way.
type replayer struct {
	client replayClient
	opts   replayOptions
	lanes  []*replayLane
	begun  time.Time

	queue, callTrips, callBytes int                          // of a lane: trips waiting, and what a call takes
	ranges                      atomic.Pointer[replayRanges] // where trips are aggregated

	first, last               atomic.Int64 // dropoffs taken from the source, Unix ms
	taken                     atomic.Int64
	sent, bytes               atomic.Int64
	calls, throttled, watered atomic.Int64
	lag                       atomic.Int64 // ns
}

// feed takes trips from the source at their time and hands them to their lanes.
func (r *replayer) feed(ctx context.Context) error {
	var e taxi.Event
	arena := make([]byte, 0, replayArena)
	for n := 0; (r.opts.Rows == 0 || n < r.opts.Rows) && r.opts.Source.Next(&e); n++ {
		if len(e.JSON) > replayRecordBytes {
			return fmt.Errorf("trip %d has %d bytes, a stream takes %d", e.ID, len(e.JSON), replayRecordBytes)
		}
		if n == 0 {
			r.first.Store(e.Dropoff)
		}
		if err := r.pace(ctx, e.Dropoff); err != nil {
			return err
		}
		r.last.Store(e.Dropoff)
		r.taken.Add(1)
		if cap(arena)-len(arena) < len(e.JSON) {
			arena = make([]byte, 0, max(replayArena, len(e.JSON)))
		}
		from := len(arena)
		arena = append(arena, e.JSON...)
		key := replayKey(e.ID)
		lane := r.lanes[uint32(key)%uint32(len(r.lanes))]
		trip := replayTrip{dropoff: e.Dropoff, entry: types.PutRecordsRequestEntry{
			Data: arena[from:len(arena):len(arena)], PartitionKey: aws.String(strconv.FormatInt(int64(key), 10)),
		}}
		if err := lane.put(ctx, trip); err != nil {
			return err
		}
	}
	return r.opts.Source.Err()
}

// replayKey spreads trips over the shards as the AWS tool does: by a 32 bit hash, printed as a number.
func replayKey(id int64) int32 {
	h := fnv.New32a()
	var b [20]byte
	h.Write(strconv.AppendInt(b[:0], id, 10))
	return int32(h.Sum32())
}

// pace waits until a trip is due.
func (r *replayer) pace(ctx context.Context, dropoff int64) error {
	if r.opts.Speedup <= 0 {
		return nil
	}
	after := float64(dropoff-r.first.Load()) * float64(time.Millisecond) / r.opts.Speedup
	wait := time.Until(r.begun.Add(time.Duration(after)))
	if wait <= 0 {
		r.lag.Store(int64(-wait))
		return nil
	}
	r.lag.Store(0)
	return replaySleep(ctx, wait)
}

func replaySleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// low is the time before which every trip was accepted, in Unix ms; 0 before the first trip.
func (r *replayer) low() int64 {
	low := r.last.Load() // read first: trips taken later are later
	for _, l := range r.lanes {
		if oldest, ok := l.oldest(); ok {
			low = min(low, oldest)
		}
	}
	return low
}

func (r *replayer) stats() replayStats {
	s := replayStats{
		Sent: int(r.sent.Load()), Bytes: r.bytes.Load(), Calls: int(r.calls.Load()), Throttled: int(r.throttled.Load()),
		Watermarks: int(r.watered.Load()), Lag: time.Duration(r.lag.Load()), Took: time.Since(r.begun),
	}
	if first := r.first.Load(); first != 0 {
		s.First, s.EventTime = time.UnixMilli(first).UTC(), time.UnixMilli(r.low()).UTC()
	}
	return s
}

func (r *replayer) report(ctx context.Context) error {
	tick := time.NewTicker(r.opts.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.opts.Report(r.stats())
		case <-ctx.Done():
			return nil
		}
	}
}
