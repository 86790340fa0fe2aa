package firehose

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// worker delivers one delivery stream. While nothing is buffered it sleeps.
type worker struct {
	s     *Service
	st    *stream
	shard shardlog.ShardID
	spool string
	log   *slog.Logger

	cancel context.CancelFunc
	done   chan struct{} // closed when run has returned

	kick chan struct{} // something was put
	urge chan struct{} // do not wait for the next attempt

	// Of run alone.
	buf      buffer
	open     *intent // journalled, not committed
	attempts int     // of what is being tried now

	mu       sync.Mutex // of what follows; a leaf
	progress progress
	flushTo  uint64 // deliver all below without waiting for a hint
	reached  uint64 // all below is delivered
	oldest   int64  // arrival of the oldest undelivered record known, Unix ms; 0: none
	bytes    int64  // buffered
	err      error  // why the last attempt failed
	news     chan struct{}
}

// startWorker begins delivery, going on from what the journal holds.
func (s *Service) startWorker(st *stream) error {
	v := st.now.Load()
	w := &worker{
		s: s, st: st, shard: st.shard, spool: v.Spool, log: s.log.With("delivery_stream", v.Name),
		done: make(chan struct{}), kick: make(chan struct{}, 1), urge: make(chan struct{}, 1),
		news: make(chan struct{}),
	}
	p, _, err := journal.Load[progress](s.cfg.Journal, progressPrefix+v.Spool)
	if err != nil {
		return err
	}
	in, ok, err := journal.Load[intent](s.cfg.Journal, intentPrefix+v.Spool)
	if err != nil {
		return err
	}
	if ok {
		w.open = &in
	}
	w.progress, w.reached = p, p.Low
	w.buf.from, w.buf.to = p.Low, p.Low
	ctx, cancel := context.WithCancel(s.ctx)
	w.cancel = cancel
	if !s.spawn(func() { defer close(w.done); w.serve(ctx, v) }) {
		cancel()
		return errClosed
	}
	st.work.Store(w)
	return nil
}

var errClosed = errors.New("firehose: closed")

// halt stops the worker and waits for it.
func (w *worker) halt() {
	w.cancel()
	<-w.done
}

// serve runs the worker and, where the stream has a source, what fills the spool.
func (w *worker) serve(ctx context.Context, v *state) {
	var wg sync.WaitGroup
	if v.Kinesis != nil {
		f := &feed{w: w, arn: v.Kinesis.KinesisStreamARN, since: v.Created}
		wg.Go(func() { f.run(ctx) })
	}
	w.run(ctx)
	wg.Wait()
}

// run delivers until its context ends.
func (w *worker) run(ctx context.Context) {
	w.retrim(ctx)
	for ctx.Err() == nil {
		err := w.step(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			w.failed(ctx, err)
			w.pause(ctx)
		default:
			w.attempts = 0
		}
	}
}

// retrim makes up for a trim that a crash came before.
func (w *worker) retrim(ctx context.Context) {
	bounds, err := w.s.cfg.Log.Bounds(w.shard)
	if err == nil && bounds.Low < w.progress.Low {
		err = w.s.cfg.Log.Trim(ctx, w.shard, w.progress.Low)
	}
	if err != nil {
		w.log.Warn("spool not trimmed; the next delivery does", "error", err)
	}
}

// step does the next thing there is to do: finish the open delivery, or wait for the buffer to be
// due and open one.
func (w *worker) step(ctx context.Context) error {
	if w.open != nil {
		return w.deliver(ctx)
	}
	v := w.st.now.Load()
	size, interval := hints(v)
	bounds, err := w.s.cfg.Log.Bounds(w.shard)
	if err != nil {
		return fmt.Errorf("bounds of spool: %w", err)
	}
	end, err := w.scan(ctx, size)
	if err != nil {
		return err
	}
	flushTo := w.note(end, bounds.Next)
	due, at := w.buf.due(time.Now(), size, interval, flushTo)
	if !due {
		w.wait(ctx, at)
		return nil
	}
	return w.cut(ctx, v)
}

// note publishes what the buffer holds and returns how far a flush is wanted.
func (w *worker) note(end bool, next uint64) (flushTo uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.oldest, w.bytes = 0, w.buf.bytes
	if w.buf.records > 0 {
		w.oldest = w.buf.oldest
	} else if end && next > w.reached {
		w.reached = next
		w.tellLocked()
	}
	return w.flushTo
}

// tellLocked wakes those who wait for news.
func (w *worker) tellLocked() {
	close(w.news)
	w.news = make(chan struct{})
}

// cut decides the next delivery and puts the decision on disk.
func (w *worker) cut(ctx context.Context, v *state) error {
	in, err := w.s.plan(ctx, v, w.buf, w.progress.Sequence)
	if err != nil {
		return err
	}
	if err := w.s.journalIntent(ctx, w.spool, in); err != nil {
		return err
	}
	w.open = in
	w.buf = buffer{from: in.To, to: in.To}
	return nil
}

// deliver carries out the open delivery and commits it.
func (w *worker) deliver(ctx context.Context) error {
	w.mu.Lock()
	w.oldest, w.bytes = w.open.Oldest, w.open.Bytes
	w.mu.Unlock()
	if err := w.replan(ctx); err != nil {
		return err
	}
	in := w.open
	if err := w.abandon(ctx, in); err != nil {
		return err
	}
	objects, seen, err := w.s.build(ctx, w.shard, in)
	if err != nil {
		return err
	}
	d := &Delivery{
		Sequence: in.Sequence, From: in.From, To: in.To, Records: in.Records, Bytes: in.Bytes,
		Version: in.Version, Oldest: time.UnixMilli(in.Oldest).UTC(), Time: time.Now().UTC(), Objects: objects,
	}
	for _, o := range objects {
		if o.Error != "" {
			d.Rejected += o.Records
		}
	}
	p := w.progress
	p.Low, p.Sequence = in.To, in.Sequence+1
	p.Records += d.Records
	p.Rejected += d.Rejected
	p.Bytes += d.Bytes
	if len(seen) > 0 {
		p.Sources = maps.Clone(p.Sources)
		if p.Sources == nil {
			p.Sources = positions{}
		}
		maps.Copy(p.Sources, seen)
	}
	if err := w.s.commit(ctx, w.spool, p, d); err != nil {
		return err
	}
	w.delivered(ctx, p, d)
	return nil
}

// delivered takes note of a commit and frees the spool.
func (w *worker) delivered(ctx context.Context, p progress, d *Delivery) {
	w.open = nil
	w.buf = buffer{from: p.Low, to: p.Low}
	w.mu.Lock()
	if w.err != nil {
		w.log.Info("delivery goes on")
	}
	w.progress, w.err = p, nil
	w.reached = max(w.reached, p.Low)
	w.tellLocked()
	w.mu.Unlock()
	if err := w.s.cfg.Log.Trim(ctx, w.shard, p.Low); err != nil {
		w.log.Warn("spool not trimmed; the next delivery does", "error", err)
	}
	w.s.measureDelivery(w.st.now.Load(), d)
}

// replan gives a failing delivery the configuration of now, if that has changed: a bucket that does
// not exist is mended by naming another. The objects that may have been written under the old one
// are noted for removal in the same commit that makes the new one valid.
func (w *worker) replan(ctx context.Context) error {
	v, old := w.st.now.Load(), w.open
	if w.attempts == 0 || v.Version == old.Version {
		return nil
	}
	b := buffer{from: old.From, to: old.To, records: old.Records, bytes: old.Bytes, oldest: old.Oldest}
	in, err := w.s.plan(ctx, v, b, old.Sequence)
	if err != nil {
		return err
	}
	in.Abandoned = append(append(in.Abandoned, old.Abandoned...), old.Data, old.Rejects)
	if err := w.s.journalIntent(ctx, w.spool, in); err != nil {
		return err
	}
	w.open = in
	return nil
}

// abandon removes what an earlier form of the intent may have left.
func (w *worker) abandon(ctx context.Context, in *intent) error {
	for _, p := range in.Abandoned {
		if err := w.s.cfg.Lake.Delete(ctx, p.Bucket, p.Key); err != nil && !errors.Is(err, blob.ErrNoBucket) {
			return lakeFailure(p, err)
		}
	}
	return nil
}

// wait sleeps until at (zero: for ever), a put, or a wish to hurry.
func (w *worker) wait(ctx context.Context, at time.Time) {
	var timer <-chan time.Time
	if !at.IsZero() {
		timer = time.After(time.Until(at))
	}
	select {
	case <-timer:
	case <-w.kick:
	case <-w.urge:
	case <-ctx.Done():
	}
}

// failed takes note of an attempt that failed.
func (w *worker) failed(ctx context.Context, err error) {
	w.attempts++
	w.mu.Lock()
	w.err = err
	w.tellLocked()
	w.mu.Unlock()
	w.s.measureFailure(w.st.now.Load(), err)
	w.log.Warn("delivery failed; records are kept and it will be tried again", "attempt", w.attempts, "error", err)
	w.report(ctx, err)
}

// pause waits between attempts: exponentially longer, with jitter, or until urged.
func (w *worker) pause(ctx context.Context) {
	d := w.s.cfg.RetryLast
	if n := w.attempts - 1; n < 20 {
		d = min(d, w.s.cfg.RetryFirst<<n)
	}
	d = d*4/5 + rand.N(d*2/5+1)
	select {
	case <-time.After(d):
	case <-w.urge:
	case <-ctx.Done():
	}
}

// hurry ends a pause: the configuration changed, or someone waits.
func (w *worker) hurry() { poke(w.urge) }

// came tells the worker of records in the spool.
func (w *worker) came() { poke(w.kick) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// failing is why delivery does not go on at present, or nil.
func (w *worker) failing() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
