package source

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// errStopped: the run ends before the batch is settled. Its checkpoint has not moved.
var errStopped = errors.New("event source mapping stops")

// Conditions under which a batch is given up, in the words of the reports about them.
const (
	retriesExhausted = "RetryAttemptsExhausted"
	ageExceeded      = "RecordAgeExceeded"
)

// part is a batch, or what is left of one, on its way to being settled.
type part struct {
	batch
	failures int // calls that count as attempts and failed
	pauses   int // calls in a row that were no success, for the backoff
	last     Answer
	report   bool      // last was a partial response
	final    bool      // no records: the call that ends a tumbling window
	since    time.Time // of the first call
}

// settle invokes the function with a batch until every record is done or given up, calling done
// whenever everything below an offset is; done's error ends it. An empty batch is settled at once.
//
//	success                 done
//	partial success         done below the first failed record; the rest is a new batch
//	failure                 again after a pause; with Bisect each half is a new batch
//	retries, age, expiry    given up: reported to OnFailure, then done
//	throttled, no function  again after a pause; not an attempt
func (r *reader) settle(ctx context.Context, b batch, done func(next uint64) error) error {
	if len(b.recs) == 0 {
		return done(b.next)
	}
	return r.work(ctx, []part{{batch: b}}, done)
}

func (r *reader) work(ctx context.Context, work []part, done func(next uint64) error) error {
	for len(work) > 0 {
		p := &work[0]
		if n := r.expired(ctx, p); n > 0 {
			old := *p
			old.recs = p.recs[:n]
			if n < len(p.recs) {
				old.next = p.recs[n].Offset
				*p = part{batch: batch{recs: p.recs[n:], next: p.next}}
			} else {
				work = work[1:]
			}
			if err := r.giveUp(ctx, &old, ageExceeded); err != nil {
				return err
			}
			if err := done(old.next); err != nil {
				return err
			}
			continue
		}

		if ctx.Err() != nil {
			return errStopped
		}
		id := r.id(p)
		began := time.Now()
		if p.since.IsZero() {
			p.since = began
		}
		answer, err := r.call(id, p)
		if r.set.hard.Err() != nil {
			return errStopped // whatever came back, we did not wait for it in earnest
		}
		if err != nil && !attempted(err) {
			p.pauses++
			pause := backoff(p.pauses)
			r.result(problem(err))
			r.log.Warn("function cannot be called; the batch waits", r.about(p, id, "err", err, "calls", p.pauses, "pause", pause)...)
			if !r.pauseIn(ctx, pause) {
				return errStopped
			}
			continue
		}
		failedAt := -1 // index of the first record that is not done; with none to be done, -1 is failure
		if err == nil && answer.Error == "" {
			failedAt = r.judge(answer, p)
		}
		r.observe(p)

		if failedAt == len(p.recs) {
			r.result(resultOK)
			if p.failures > 0 || p.pauses > 0 {
				r.log.Info("batch succeeded at last", r.about(p, id, "attempt", p.failures+1, "calls", p.pauses+1, "took", time.Since(began), "since", time.Since(p.since))...)
			} else {
				r.log.Debug("batch succeeded", r.about(p, id, "took", time.Since(began))...)
			}
			next := p.next
			work = work[1:]
			if err := done(next); err != nil {
				return err
			}
			continue
		}
		if failedAt > 0 {
			r.result(resultOK)
			cut, pause := p.recs[failedAt], backoff(1)
			r.log.Warn("batch succeeded in part; the rest comes again", r.about(p, id, "done", failedAt, "from", cut.Sequence, "pause", pause)...)
			*p = part{batch: batch{recs: p.recs[failedAt:], next: p.next}, pauses: 1, last: answer, report: true}
			if err := done(cut.Offset); err != nil {
				return err
			}
			if !r.pauseIn(ctx, pause) {
				return errStopped
			}
			continue
		}

		p.failures++
		p.pauses++
		p.last = answer
		p.report = err == nil && answer.Error == ""
		r.result(resultFailed)
		set := &r.m.Settings
		switch {
		case set.Bisect && len(p.recs) > 1:
			half, pause := len(p.recs)/2, backoff(1)
			r.log.Warn("batch failed; its halves come again", r.about(p, id, "attempt", p.failures, "error", reason(answer, err), "pause", pause)...)
			a := part{batch: batch{recs: p.recs[:half:half], next: p.recs[half].Offset}}
			b := part{batch: batch{recs: p.recs[half:], next: p.next}}
			work = append([]part{a, b}, work[1:]...)
			if !r.pauseIn(ctx, pause) {
				return errStopped
			}
		case set.MaxRetries >= 0 && p.failures > set.MaxRetries, p.final && r.window.past(set.MaxAge):
			gone, condition := *p, retriesExhausted
			if set.MaxRetries < 0 || p.failures <= set.MaxRetries {
				condition = ageExceeded
			}
			work = work[1:]
			if err := r.giveUp(ctx, &gone, condition); err != nil {
				return err
			}
			if err := done(gone.next); err != nil {
				return err
			}
		default:
			pause := backoff(p.pauses)
			r.log.Warn("batch failed; it comes again", r.about(p, id, "attempt", p.failures, "error", reason(answer, err), "pause", pause)...)
			if !r.pauseIn(ctx, pause) {
				return errStopped
			}
		}
	}
	return nil
}

// call renders the event and invokes the function. It does not end with the run but with the
// grace period after it.
func (r *reader) call(id string, p *part) (Answer, error) {
	ctx := hydrant.WithScope(r.set.hard, r.m.Scope)
	event := r.event(p)
	if len(event) > maxEvent {
		return Answer{}, hydrant.Faultf("RequestTooLargeException", "%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", len(event), maxEvent).WithStatus(413)
	}
	trace, err := r.attempt(ctx)
	if err != nil {
		return Answer{}, err
	}
	return r.set.cfg.Functions.Invoke(ctx, r.m.Function, Call{ID: id, Event: event, Trace: trace})
}

// event is what the function is given of a part.
func (r *reader) event(p *part) []byte {
	if w := r.window; w != nil {
		return w.event(r, p)
	}
	return r.enc.event(make([]byte, 0, r.enc.bound(p.recs)), p.recs)
}

// judge reads the answer of a function that has not failed: the index of the first record that is not
// done, or -1 where the whole call counts as failed.
func (r *reader) judge(a Answer, p *part) int {
	done := len(p.recs)
	if p.final {
		return done
	}
	if r.m.Settings.PartialFailures {
		if done = failedFrom(a.Payload, p.recs); done == 0 {
			return -1
		}
	}
	if w := r.window; w != nil {
		turned := w.turn(a.Payload)
		if turned == nil {
			return -1
		}
		r.turned = turned
	}
	return done
}

// attempted reports whether a call that could not be made uses up an attempt: an event that is too
// large will be so for ever.
func attempted(err error) bool { return hydrant.FaultCode(err) == "RequestTooLargeException" }

func problem(err error) string {
	switch hydrant.FaultCode(err) {
	case "ResourceNotFoundException":
		return resultNotFound
	case "TooManyRequestsException":
		return resultFailed
	}
	return resultInternal
}

func reason(a Answer, err error) string {
	if err != nil {
		return err.Error()
	}
	if a.Error == "" {
		return "the function reports failure by its answer"
	}
	const most = 500
	text := a.Payload
	if len(text) > most {
		text = text[:most]
	}
	return string(text)
}

// expired counts the records at the front that are too old: for the mapping's bound, or because the
// stream no longer holds them (asked only of a batch that has failed).
func (r *reader) expired(ctx context.Context, p *part) (n int) {
	if p.final {
		return 0
	}
	if age := r.m.Settings.MaxAge; age >= 0 {
		cut := time.Now().Add(-age).UnixMilli()
		for n < len(p.recs) && p.recs[n].Arrival < cut {
			n++
		}
	}
	if p.pauses > 0 {
		horizon, err := r.feed.start(ctx, "TRIM_HORIZON", time.Time{})
		for err == nil && n < len(p.recs) && p.recs[n].Offset < horizon {
			n++
		}
	}
	return n
}

// giveUp reports a batch that will not be tried again. Where there is a destination the report is
// stored before the checkpoint moves.
func (r *reader) giveUp(ctx context.Context, p *part, condition string) error {
	id := r.id(p)
	r.log.Error("batch is given up", r.about(p, id, "condition", condition, "attempts", p.failures, "since", sinceFirst(p), "destination", r.m.Settings.OnFailure)...)
	if r.m.Settings.OnFailure == "" {
		return nil
	}
	for tries := 1; ; tries++ {
		err := r.report(p, id, condition)
		if err == nil {
			return nil
		}
		r.log.Warn("failure destination does not take the report; the shard waits", r.about(p, id, "destination", r.m.Settings.OnFailure, "err", err)...)
		if !r.pauseIn(ctx, backoff(tries)) {
			return errStopped
		}
	}
}

// sinceFirst is how long ago a part was first tried: 0 if it never was.
func sinceFirst(p *part) time.Duration {
	if p.since.IsZero() {
		return 0
	}
	return time.Since(p.since)
}

// pauseIn is pause, ended by ctx too.
func (r *reader) pauseIn(ctx context.Context, d time.Duration) bool {
	return r.pause(d) && ctx.Err() == nil
}

// id is the request id of a part.
func (r *reader) id(p *part) string {
	if p.final {
		return r.window.id(r.m.ID, r.shard)
	}
	return p.batch.id(r.m.ID, r.shard)
}

// about is what every log line of a batch says.
func (r *reader) about(p *part, id string, more ...any) []any {
	if p.final {
		return append([]any{"request", id, "window", r.window.start()}, more...)
	}
	return append([]any{"request", id, "records", len(p.recs), "first", p.first().Sequence, "last", p.batch.last().Sequence}, more...)
}

// observe gives the metric of how far behind the mapping is: the age of the last record of the batch.
func (r *reader) observe(p *part) {
	m := r.set.cfg.Metrics
	if m == nil || len(p.recs) == 0 {
		return
	}
	last := p.recs[len(p.recs)-1]
	age := max(time.Since(last.Time()), 0)
	arn, err := hydrant.ParseARN(r.m.Function)
	if err != nil {
		panic(fmt.Sprintf("internal error: mapping %s: %v", r.m.ID, err))
	}
	resource, _ := arn.Name("function:")
	name, _, qualified := strings.Cut(resource, ":")
	m.Put(r.m.Scope, "AWS/Lambda", "IteratorAge", map[string]string{"FunctionName": name}, float64(age.Milliseconds()), "Milliseconds")
	if qualified {
		m.Put(r.m.Scope, "AWS/Lambda", "IteratorAge", map[string]string{"FunctionName": name, "Resource": resource}, float64(age.Milliseconds()), "Milliseconds")
	}
}
