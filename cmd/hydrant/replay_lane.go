package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// replayFirstGiveUp is how long a replay waits for its very first trip to be accepted.
const replayFirstGiveUp = 10 * time.Second

// replayTrip is a trip in a lane.
type replayTrip struct {
	dropoff int64
	entry   types.PutRecordsRequestEntry
}

func (t *replayTrip) size() int { return len(t.entry.Data) + len(*t.entry.PartitionKey) }

// replayLane sends the trips of its partition keys, one call at a time.
type replayLane struct {
	*replayer
	queue chan replayTrip
	rng   *rand.Rand
	held  *replayTrip // taken from the queue, but too large for the last call

	mu      sync.Mutex
	pending []int64 // dropoffs of trips put into the queue and not yet accepted, in order
}

func newReplayLane(r *replayer, n int) *replayLane {
	return &replayLane{replayer: r, queue: make(chan replayTrip, r.queue), rng: rand.New(rand.NewPCG(uint64(n), 0))}
}

// put queues a trip, waiting while the lane is behind.
func (l *replayLane) put(ctx context.Context, t replayTrip) error {
	l.mu.Lock()
	l.pending = append(l.pending, t.dropoff)
	l.mu.Unlock()
	select {
	case l.queue <- t:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// oldest is the dropoff of the oldest trip not yet accepted.
func (l *replayLane) oldest() (dropoff int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) == 0 {
		return 0, false
	}
	return l.pending[0], true
}

func (l *replayLane) run(ctx context.Context) error {
	var batch []types.PutRecordsRequestEntry
	for {
		var bytes int64
		var err error
		if batch, bytes, err = l.collect(ctx, batch[:0]); err != nil || len(batch) == 0 {
			return err
		}
		n := len(batch)
		entries := batch
		if l.opts.Aggregate {
			entries = l.aggregated(batch)
		}
		for call := range slices.Chunk(entries, replayCallRecords) {
			if err := l.send(ctx, call); err != nil {
				return err
			}
		}
		l.sent.Add(int64(n))
		l.bytes.Add(bytes)
		l.mu.Lock()
		l.pending = append(l.pending[:0], l.pending[n:]...)
		l.mu.Unlock()
	}
}

// collect waits for a trip and takes what else is there already, as much as one call carries. It
// returns nothing at the end of the replay.
func (l *replayLane) collect(ctx context.Context, batch []types.PutRecordsRequestEntry) ([]types.PutRecordsRequestEntry, int64, error) {
	size, data := 0, int64(0)
	take := func(t replayTrip) bool {
		if size += t.size(); size > l.callBytes {
			l.held = &t
			return false
		}
		batch = append(batch, t.entry)
		data += int64(len(t.entry.Data))
		return len(batch) < l.callTrips
	}
	if held := l.held; held != nil {
		l.held = nil
		take(*held)
	} else {
		select {
		case t, ok := <-l.queue:
			if !ok {
				return nil, 0, nil
			}
			take(t)
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
	for {
		select {
		case t, ok := <-l.queue:
			if !ok || !take(t) {
				return batch, data, nil
			}
		default:
			return batch, data, nil
		}
	}
}

// send puts a batch until all of it is accepted: what is refused, and only that, is sent again after a
// wait. batch is used up.
func (l *replayLane) send(ctx context.Context, batch []types.PutRecordsRequestEntry) error {
	progress := time.Now()
	for attempt := 0; ; attempt++ {
		l.calls.Add(1)
		before := len(batch)
		left, reason, err := l.call(ctx, batch)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
		batch = left
		l.throttled.Add(int64(len(batch)))
		if len(batch) < before {
			progress, attempt = time.Now(), min(attempt, 2)
		}
		patience := l.opts.GiveUp
		if l.sent.Load() == 0 {
			patience = min(patience, replayFirstGiveUp)
		}
		if stuck := time.Since(progress); stuck > patience {
			return hinted{fmt.Errorf("put records on %s: nothing accepted for %s: %w", l.opts.Stream, stuck.Round(time.Second), reason),
				"is the endpoint up, and has the stream enough shards? a lower --speedup or --in-flight asks less of it"}
		}
		if err := replaySleep(ctx, replayWait(l.rng, attempt)); err != nil {
			return err
		}
	}
}

// replayWait is a random time up to 50 ms, doubling with each attempt up to 5 s.
func replayWait(rng *rand.Rand, attempt int) time.Duration {
	ceiling := min(50*time.Millisecond<<min(attempt, 10), 5*time.Second)
	return time.Duration(rng.Int64N(int64(ceiling)) + 1)
}

// call makes one call and returns the entries that were refused and why, or an error that no repetition mends.
func (l *replayLane) call(ctx context.Context, batch []types.PutRecordsRequestEntry) (left []types.PutRecordsRequestEntry, reason, err error) {
	out, err := l.client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String(l.opts.Stream), Records: batch})
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if !replayTransient(err) {
			return nil, nil, replayFailed(l.opts.Stream, err)
		}
		return batch, err, nil
	}
	if aws.ToInt32(out.FailedRecordCount) == 0 {
		return nil, nil, nil
	}
	if len(out.Records) != len(batch) {
		return nil, nil, fmt.Errorf("put records on %s: %d answers to %d records", l.opts.Stream, len(out.Records), len(batch))
	}
	left = batch[:0] // entries move forward only
	for i, r := range out.Records {
		if r.ErrorCode != nil {
			left = append(left, batch[i])
			reason = fmt.Errorf("%s: %s", *r.ErrorCode, aws.ToString(r.ErrorMessage))
		}
	}
	return left, reason, nil
}

var replayRetryer = retry.NewStandard()

// replayTransient reports whether a failed call may succeed later: throttling, a server's fault, or no connection.
func replayTransient(err error) bool {
	if replayRetryer.IsErrorRetryable(err) {
		return true
	}
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorFault() == smithy.FaultServer
}

func replayFailed(stream string, err error) error {
	hint := ""
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		hint = "create it: aws kinesis create-stream --stream-name " + stream + " --shard-count 4"
	}
	return hinted{fmt.Errorf("put records on %s: %w", stream, err), hint}
}
