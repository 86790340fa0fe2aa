package kinesis

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// SubscribeToShardEvent is what a subscription pushes. At the end of a closed shard ChildShards is
// set and ContinuationSequenceNumber absent: by that the KCL tells the end.
// It has codecs of its own (page_codec.go).
type SubscribeToShardEvent struct {
	Records Page
	SubscribeToShardEventEnd
}

// SubscribeToShardEventEnd is what follows the records.
type SubscribeToShardEventEnd struct {
	ContinuationSequenceNumber string
	MillisBehindLatest         int64
	ChildShards                []ChildShard
}

// Why a subscription ends before its time.
var (
	errTakenOver = errors.New("kinesis: a later subscription took over")
	errDrained   = errors.New("kinesis: the server is shutting down")
)

// subscription is one reading of a shard on behalf of a consumer. Nothing is read ahead: the next
// records are looked for when the client has taken the last ones, so a slow client costs one event.
type subscription struct {
	s     *Service
	st    *stream
	h     *shard
	named string // as a fault speaks of it
	begun time.Time
	ctx   context.Context // ends with the connection, or by end
	end   context.CancelCauseFunc
	from  uint64
	after sequence // the place of from, as clients see it
	out   bucket   // of the bytes pushed
}

// subscriptions are those of one shard, by consumer ARN: open ones, and ones that began so lately
// that they stand in the way of another.
type subscriptions struct {
	mu   sync.Mutex
	byID map[string]*subscription
}

// begin makes u the subscription of a consumer; the one before ends. false: it began too lately.
func (l *subscriptions) begin(consumer string, u *subscription) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, old := range l.byID {
		if old.ctx.Err() != nil && u.begun.Sub(old.begun) >= resubscribeAfter {
			delete(l.byID, id)
		}
	}
	old := l.byID[consumer]
	if old != nil && u.begun.Sub(old.begun) < resubscribeAfter {
		return false
	}
	if old != nil {
		old.end(errTakenOver)
	}
	if l.byID == nil {
		l.byID = map[string]*subscription{}
	}
	l.byID[consumer] = u
	return true
}

func (u *subscription) inUse() *hydrant.Fault {
	return hydrant.Faultf("ResourceInUseException", "Another active subscription exists for this consumer: %s", u.named)
}

// events pushes until the subscription's time is over, the shard ends, the client leaves or another
// subscription takes over.
func (u *subscription) events(send func(kind string, event any) error) error {
	ctx, cancel := context.WithDeadline(u.ctx, u.begun.Add(subscriptionLife))
	defer cancel()
	for {
		e, last, err := u.next(ctx)
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, errTakenOver):
			return u.inUse()
		case cause != nil: // over, left or drained: the stream ends without a word
			return nil
		case err != nil:
			return u.s.logFault(err, u.st)
		}
		if err := send("SubscribeToShardEvent", e); err != nil {
			return nil // the client has gone
		}
		if last {
			return nil
		}
	}
}

// next is the event that comes next: records as soon as there are any, none after heartbeat.
func (u *subscription) next(ctx context.Context) (e *SubscribeToShardEvent, last bool, err error) {
	if err := u.pace(ctx); err != nil {
		return nil, false, err
	}
	beat, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	for {
		page, err := u.s.readFrom(ctx, u.h, u.from, shardlog.Limit{Records: maxGetRecords, Bytes: maxEventBytes})
		if err != nil {
			return nil, false, err
		}
		u.st.mu.RLock()
		bounds, err := u.s.Log.Bounds(u.h.log)
		last = err == nil && u.h.Closed != 0 && page.Next >= bounds.Next
		if err == nil && (last || len(page.Records) > 0 || beat.Err() != nil) {
			e = u.event(page, bounds, last)
		}
		u.st.mu.RUnlock()
		if err != nil || e != nil {
			return e, last, err
		}
		if err := u.h.wait(beat, u.s.Log, u.from); err != nil && beat.Err() == nil {
			return nil, false, err
		}
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
	}
}

// event turns a page into an event and moves on. The caller holds the stream's lock.
func (u *subscription) event(page shardlog.Page, bounds shardlog.Bounds, last bool) *SubscribeToShardEvent {
	now := time.Now()
	e := &SubscribeToShardEvent{Records: u.h.page(page.Records, u.st.info.Encryption)}
	e.MillisBehindLatest = behind(page, bounds, now)
	if n := len(page.Records); n > 0 {
		r := &page.Records[n-1]
		u.after = u.h.sequenceOf(r.Offset, r.Arrival)
		u.out.spend(float64(e.Records.bytes()), shardReadBytes, now)
	}
	u.from = page.Next
	if last {
		e.ChildShards = u.st.childShards(u.h)
	} else {
		e.ContinuationSequenceNumber = u.after.String()
	}
	return e
}

// pace waits until the consumer may be given more, where throughput is limited.
func (u *subscription) pace(ctx context.Context) error {
	if !u.s.Limits {
		return nil
	}
	for {
		debt := u.out.debt(shardReadBytes, time.Now())
		if debt <= 0 {
			return nil
		}
		t := time.NewTimer(debt)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}
