package filter

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/smithy-go"
)

// Limits of PutRecordBatch.
const (
	maxCallRecords = 500
	maxCallBytes   = 4 << 20
)

// margin is the time kept before the invocation's deadline to report and return.
const margin = 500 * time.Millisecond

// sender sends the items of one batch.
type sender struct {
	*Handler
	log            *slog.Logger
	rng            *rand.Rand
	calls, retries int
}

// jitter makes the batch's source of random waits: the same settings and batch give the same waits,
// two batches throttled together do not.
func jitter(seed int, records []record) *rand.Rand {
	h := fnv.New64a()
	if len(records) > 0 {
		h.Write([]byte(records[0].shard + ":" + records[0].sequence))
	}
	return rand.New(rand.NewPCG(uint64(seed), h.Sum64()))
}

// sendAll sends items in order, call by call, and returns what could not be sent, in order: the rest
// of the first call that stayed incomplete and everything behind it, which is not even tried.
func (s *sender) sendAll(ctx context.Context, items []item) (unsent []item) {
	ctx, cancel := withMargin(ctx)
	defer cancel()
	for len(items) > 0 {
		n := callSize(items)
		left := s.send(ctx, items[:n:n])
		if len(left) > 0 {
			return append(left, items[n:]...)
		}
		items = items[n:]
	}
	return nil
}

// callSize is how many of items fit one call.
func callSize(items []item) int {
	bytes := 0
	for n := range items {
		bytes += len(items[n].record.data)
		if n == maxCallRecords || bytes > maxCallBytes {
			return n
		}
	}
	return len(items)
}

// withMargin ends the context a little before the invocation's deadline.
func withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-margin))
	}
	return context.WithCancel(ctx)
}

// send makes one call and repeats it for the entries that failed, and returns those that stayed unsent.
func (s *sender) send(ctx context.Context, items []item) []item {
	for attempt := 0; ; attempt++ {
		if ctx.Err() != nil {
			s.log.Error("no time left to send", "records", len(items), "trips", someTrips(items))
			return items
		}
		s.calls++
		failed, codes := s.put(ctx, items)
		if len(failed) == 0 {
			return nil
		}
		items = failed
		if attempt == s.settings.Retries {
			s.log.Error("retries exhausted", "records", len(items), "attempts", attempt+1, "errors", codes, "trips", someTrips(items))
			return items
		}
		ceiling := s.settings.ceiling(attempt + 1)
		wait := time.Duration(s.rng.Int64N(int64(ceiling) + 1))
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
			s.log.Error("the next attempt would miss the deadline", "records", len(items), "attempts", attempt+1,
				"wait", seconds(wait), "errors", codes, "trips", someTrips(items))
			return items
		}
		s.retries++
		s.log.Warn("retrying", "attempt", attempt+2, "of", s.settings.Retries+1, "records", len(items),
			"errors", codes, "wait", seconds(wait), "trips", someTrips(items))
		if !sleep(ctx, wait) {
			return items
		}
	}
}

// put makes one call and returns the items it did not take, with the error codes and their numbers.
func (s *sender) put(ctx context.Context, items []item) (failed []item, codes counts) {
	in := &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String(s.settings.DeliveryStream), Records: make([]types.Record, len(items))}
	for i := range items {
		in.Records[i].Data = items[i].record.data
	}
	out, err := s.client.PutRecordBatch(ctx, in)
	if err != nil {
		s.log.Warn("call failed", "records", len(items), "error", err)
		codes.add(errorCode(err), len(items))
		return items, codes
	}
	if aws.ToInt32(out.FailedPutCount) == 0 {
		return nil, nil
	}
	if len(out.RequestResponses) != len(items) {
		s.log.Error("answer does not match its request, taking the whole call as failed",
			"failed", aws.ToInt32(out.FailedPutCount), "records", len(items), "answers", len(out.RequestResponses))
		codes.add("MalformedAnswer", len(items))
		return items, codes
	}
	for i, r := range out.RequestResponses {
		if r.ErrorCode != nil {
			codes.add(*r.ErrorCode, 1)
			failed = append(failed, items[i])
		}
	}
	return failed, codes
}

func errorCode(err error) string {
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		return api.ErrorCode()
	case errors.Is(err, context.DeadlineExceeded):
		return "DeadlineExceeded"
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return fmt.Sprintf("%T", err) // such as *net.OpError
		}
		err = inner
	}
}

// sleep waits, and reports false if the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
