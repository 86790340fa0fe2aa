package firehose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/crash"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// lane delivers the records of one shard to one destination, in order, with its own intent and its
// own progress. A delivery stream has one over its spool; where records are processed it has them
// over what the stage writes instead, one for each open partition; and one more over the spool where
// it backs up its source.
type lane struct {
	pump
	w     *worker
	name  string // of its intent and progress in the journal
	shard shardlog.ShardID
	kind  laneKind

	// Of run alone.
	buf  buffer
	open *intent // journalled, not committed

	tail uint64 // behind the last record; of the stage alone

	progress progress // changed by run alone, under mu
	horizon  uint64   // under mu: records from here on are not yet to be read
}

type laneKind int

const (
	direct    laneKind = iota // over the spool
	processed                 // over what the stage wrote
	backup                    // over the spool, to the backup destination
)

// point is what the places of a lane are called where tests crash it.
func (k laneKind) point() string {
	switch k {
	case processed:
		return "firehose.processed"
	case backup:
		return "firehose.backup"
	}
	return "firehose"
}

// newLane takes a lane up where the journal says it stood.
func (w *worker) newLane(name string, shard shardlog.ShardID, kind laneKind) (*lane, error) {
	l := &lane{pump: newPump(&w.s.cfg, w.log), w: w, name: name, shard: shard, kind: kind, horizon: 1<<64 - 1}
	p, _, err := journal.Load[progress](w.s.cfg.Journal, progressPrefix+name)
	if err != nil {
		return nil, err
	}
	in, ok, err := journal.Load[intent](w.s.cfg.Journal, intentPrefix+name)
	if err != nil {
		return nil, err
	}
	if ok {
		l.open = &in
	}
	l.progress, l.reached = p, p.Low
	l.buf = buffer{from: p.Low, to: p.Low}
	return l, nil
}

// view is the configuration as the lane sees it: a backup's destination is the backup's.
func (l *lane) view() *state {
	v := l.w.st.now.Load()
	if l.kind != backup {
		return v
	}
	c := *v
	c.Destination = *extended(v.Destination.S3BackupConfiguration)
	return &c
}

func (l *lane) run(ctx context.Context) {
	l.retrim(ctx)
	l.pump.run(ctx, l.step, l.failed)
}

// retrim makes up for a trim that a crash came before.
func (l *lane) retrim(ctx context.Context) {
	if bounds, err := l.w.s.cfg.Log.Bounds(l.shard); err == nil && bounds.Low < l.progress.Low {
		l.trim(ctx, l.progress.Low)
	}
}

func (l *lane) trim(ctx context.Context, low uint64) {
	if l.kind != processed {
		l.w.trimSpool(ctx)
		return
	}
	if err := l.w.s.cfg.Log.Trim(ctx, l.shard, low); err != nil {
		l.log.Warn("spool not trimmed; the next delivery does", "error", err)
	}
}

// low is the offset below which the lane needs nothing any more.
func (l *lane) low() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.progress.Low
}

// admit lets the lane read up to an offset.
func (l *lane) admit(horizon uint64) {
	l.mu.Lock()
	more := horizon > l.horizon
	l.horizon = max(l.horizon, horizon)
	l.mu.Unlock()
	if more {
		l.came()
	}
}

func (l *lane) limit() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.horizon
}

// step does the next thing there is to do: finish the open delivery, or wait for the buffer to be
// due and open one.
func (l *lane) step(ctx context.Context) error {
	if l.open != nil {
		return l.deliver(ctx)
	}
	v := l.view()
	if l.kind == direct && v.Staged {
		return errMoved
	}
	size, interval := hints(v)
	bounds, err := l.w.s.cfg.Log.Bounds(l.shard)
	if err != nil {
		return fmt.Errorf("bounds of spool: %w", err)
	}
	horizon := l.limit()
	ended, err := l.buf.grow(ctx, l.w.s.cfg.Log, l.shard, growth{size, horizon, l.kind == processed})
	if err != nil {
		return err
	}
	flushTo := l.note(&l.buf, ended, min(bounds.Next, horizon))
	due, at := l.buf.due(time.Now(), size, interval, flushTo)
	if !due {
		l.wait(ctx, at)
		return nil
	}
	if l.w.st.now.Load().Version != v.Version {
		return nil // who updated and then flushed gets what the update says: look again
	}
	return l.cut(ctx, v)
}

// cut decides the next delivery and puts the decision on disk.
func (l *lane) cut(ctx context.Context, v *state) error {
	in, err := l.w.s.plan(ctx, v, l.buf, l.kind)
	if err != nil {
		return err
	}
	crash.Point(l.kind.point(), "cut")
	if err := l.w.s.journalIntent(ctx, l.name, in); err != nil {
		return err
	}
	crash.Point(l.kind.point(), "intent")
	l.open = in
	l.buf = buffer{from: in.To, to: in.To}
	return nil
}

// deliver carries out the open delivery and commits it.
func (l *lane) deliver(ctx context.Context) error {
	l.mu.Lock()
	l.oldest, l.bytes = l.open.Oldest, l.open.Bytes
	l.mu.Unlock()
	if err := l.replan(ctx); err != nil {
		return err
	}
	in := l.open
	if err := l.abandon(ctx, in); err != nil {
		return err
	}
	objects, seen, err := l.w.s.build(ctx, l.shard, in, l.kind, &l.pump)
	if err != nil {
		return err
	}
	crash.Point(l.kind.point(), "written")
	d := in.delivery(objects)
	p := l.progress
	p.Low = in.To
	p.Records += d.Records
	p.Rejected += d.Rejected
	p.Bytes += d.Bytes
	if len(seen) > 0 {
		p.Sources = maps.Clone(p.Sources)
		p.Sources = p.Sources.merge(seen)
	}
	if err := l.w.commit(ctx, l, &p, d); err != nil {
		return err
	}
	crash.Point(l.kind.point(), "commit")
	l.open = nil
	l.buf = buffer{from: p.Low, to: p.Low}
	l.mu.Lock()
	l.progress = p
	l.mu.Unlock()
	l.trim(ctx, p.Low) // before who waits is told: what was flushed is not in the spool any more
	l.moved(p.Low)
	crash.Point(l.kind.point(), "trim")
	l.w.s.measureDelivery(l.w.st.now.Load(), l.kind, d)
	return nil
}

// replan gives a failing delivery the configuration of now, if that has changed: a bucket that does
// not exist is mended by naming another. The objects that may have been written under the old one
// are noted for removal in the same commit that makes the new one valid.
func (l *lane) replan(ctx context.Context) error {
	v, old := l.view(), l.open
	if l.attempts == 0 || v.Version == old.Version {
		return nil
	}
	in, err := l.w.s.plan(ctx, v, old.buffer(), l.kind)
	if err != nil {
		return err
	}
	in.Abandoned = append(append(in.Abandoned, old.Abandoned...), old.places()...)
	if err := l.w.s.journalIntent(ctx, l.name, in); err != nil {
		return err
	}
	l.open = in
	return nil
}

// abandon removes what an earlier form of the intent may have left.
func (l *lane) abandon(ctx context.Context, in *intent) error {
	for _, p := range in.Abandoned {
		if err := l.w.s.cfg.Lake.Delete(ctx, p.Bucket, p.Key); err != nil && !errors.Is(err, blob.ErrNoBucket) {
			return lakeFailure(p, err)
		}
	}
	return nil
}

// failed takes note of an attempt that failed.
func (l *lane) failed(ctx context.Context, err error) {
	l.mu.Lock()
	oldest := l.oldest
	l.mu.Unlock()
	l.w.s.measureFailure(l.w.st.now.Load(), l.kind, err, oldest)
	l.log.Warn("delivery failed; records are kept and it will be tried again", "lane", l.name, "attempt", l.attempts, "error", err)
	l.w.s.report(ctx, l.view(), err)
}
