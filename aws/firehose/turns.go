package firehose

import (
	"context"
	"errors"
	"sync"
	"time"
)

// turns decide which deliveries are under way at a time. Each holds one object's records in memory, so
// they are few, and a bucket that is slow or away must not keep the others waiting: it is in doubt from
// when it failed, or an upload to it stood still, until one has gone through. Deliveries to a bucket in
// doubt go one after the other, and each looks whether the bucket answers before it takes a place and
// reads any record. There is a place for such deliveries; where that is taken they get one among the
// others, but keep it only while the lake takes something.
type turns struct {
	sound   chan struct{} // the places
	unsound chan struct{} // the one more, of buckets in doubt
	patient time.Duration // how long an upload may stand still

	mu     sync.Mutex
	doubts map[string]*doubt // by bucket
}

// doubt is about one bucket.
type doubt struct {
	alone chan struct{} // the token of its deliveries
	why   error         // under turns.mu
}

// errStill ends an upload that stands still while another such has the place of buckets in doubt.
var errStill = errors.New("firehose: the lake takes nothing")

func newTurns(n int, patient time.Duration) *turns {
	return &turns{sound: make(chan struct{}, n), unsound: make(chan struct{}, 1), patient: patient, doubts: map[string]*doubt{}}
}

// doubted tells whether, and why, a bucket is in doubt.
func (ts *turns) doubted(bucket string) (*doubt, error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if d := ts.doubts[bucket]; d != nil {
		return d, d.why
	}
	return nil, nil
}

// doubt a bucket.
func (ts *turns) doubt(bucket string, why error) *doubt {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	d := ts.doubts[bucket]
	if d == nil {
		d = &doubt{alone: make(chan struct{}, 1)}
		ts.doubts[bucket] = d
	}
	d.why = why
	return d
}

// trust a bucket: an object went through.
func (ts *turns) trust(bucket string) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.doubts, bucket)
}

// turn is one delivery's.
type turn struct {
	of     *turns
	bucket string
	by     asking
	still  *time.Timer // runs while the lake is waited for

	mu    sync.Mutex
	alone chan struct{} // the token of the bucket in doubt, or nil
	place chan struct{} // sound or unsound; nil: none any more
}

// asking is how a delivery gets its turn.
type asking struct {
	cancel   context.CancelCauseFunc // ends it if it stands still
	look     func() error            // asks a bucket that is in doubt whether it is there
	hindered func(why error)         // hears that it waits for such a bucket
}

// take waits for a turn to deliver to a bucket. An error of look is returned.
func (ts *turns) take(ctx context.Context, bucket string, by asking) (*turn, error) {
	for {
		d, why := ts.doubted(bucket)
		first := ts.sound
		if d != nil {
			first = d.alone
		}
		select {
		case first <- struct{}{}:
		default:
			if d != nil {
				by.hindered(why)
			}
			select {
			case first <- struct{}{}:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if now, _ := ts.doubted(bucket); now != d { // meanwhile things have changed
			<-first
			continue
		}
		t := &turn{of: ts, bucket: bucket, by: by}
		t.still = time.AfterFunc(ts.patient, t.standsStill)
		t.still.Stop()
		if d == nil {
			t.place = ts.sound
			return t, nil
		}
		t.alone = d.alone
		err := by.look()
		if err == nil {
			t.place, err = ts.any(ctx)
		}
		if err != nil {
			t.leave()
			return nil, err
		}
		return t, nil
	}
}

// any waits for a place for a delivery to a bucket in doubt.
func (ts *turns) any(ctx context.Context) (chan struct{}, error) {
	select {
	case ts.unsound <- struct{}{}:
		return ts.unsound, nil
	default:
	}
	select {
	case ts.unsound <- struct{}{}:
		return ts.unsound, nil
	case ts.sound <- struct{}{}:
		return ts.sound, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// waits says that the lake is waited for from now on, moves that it has taken what it was given.
func (t *turn) waits() { t.still.Reset(t.of.patient) }

func (t *turn) moves() { t.still.Stop() }

// standsStill makes room for deliveries to other buckets.
func (t *turn) standsStill() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.place == nil {
		return // it is over
	}
	why := lakeFailure(place{Bucket: t.bucket}, errStill)
	d := t.of.doubt(t.bucket, why)
	t.by.hindered(why)
	if t.place != t.of.sound {
		return // in nobody's way
	}
	select {
	case t.of.unsound <- struct{}{}:
		<-t.of.sound
		t.place = t.of.unsound
		if t.alone == nil {
			select {
			case d.alone <- struct{}{}:
				t.alone = d.alone
			default:
			}
		}
	default:
		t.by.cancel(errStill)
	}
}

func (t *turn) leave() {
	t.still.Stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, token := range []chan struct{}{t.place, t.alone} {
		if token != nil {
			<-token
		}
	}
	t.place, t.alone = nil, nil
}
