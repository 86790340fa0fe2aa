package firehose

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"

	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// worker is all that runs for one delivery stream: the lane over its spool, or the stage and the
// lanes behind it; the lane of its backup; what copies its source into the spool. While nothing is
// buffered all of them sleep.
//
// Locks: w.trimming before the locks of pumps; w.mu is a leaf.
type worker struct {
	s     *Service
	st    *stream
	spool string
	shard shardlog.ShardID
	log   *slog.Logger

	cancel context.CancelFunc
	done   chan struct{} // closed when serve has returned

	direct *lane
	stage  *stage
	backup *lane         // begins when the backup is enabled
	begin  chan struct{} // it may have been

	trimming sync.Mutex // the spool is being trimmed, or someone begins to read it
	ledger   [2]ledger  // of the destination, of the backup

	mu     sync.Mutex
	lanes  []*lane // behind the stage; only appended to
	unread error   // why the source is not read at present
}

// ledger gives the deliveries of one destination their places in its manifest.
type ledger struct {
	mu       sync.Mutex // held over the journal commit
	spool    string     // of the manifest in the journal
	sequence uint64     // of the next delivery
}

const (
	backupSuffix    = ".backup" // of the names in the journal of the backup
	processedSuffix = ".out"    // of the names of the lanes behind the stage
)

// startWorker begins delivery, going on from what the journal holds.
func (s *Service) startWorker(st *stream) error {
	v := st.now.Load()
	w := &worker{
		s: s, st: st, shard: st.shard, spool: v.Spool, log: s.log.With("delivery_stream", v.Name),
		done: make(chan struct{}), begin: make(chan struct{}, 1),
	}
	w.ledger[0].spool, w.ledger[1].spool = v.Spool, v.Spool+backupSuffix
	err := journal.Each(s.cfg.Journal, progressPrefix+v.Spool, func(k string, p progress) error {
		of := &w.ledger[0]
		if strings.HasSuffix(k, backupSuffix) {
			of = &w.ledger[1]
		}
		of.sequence = max(of.sequence, p.Sequence)
		return nil
	})
	if err != nil {
		return err
	}
	if w.direct, err = w.newLane(v.Spool, w.shard, direct); err != nil {
		return err
	}
	if w.backup, err = w.newLane(v.Spool+backupSuffix, w.shard, backup); err != nil {
		return err
	}
	if w.stage, err = w.newStage(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	w.cancel = cancel
	if !s.spawn(func() { defer close(w.done); w.serve(ctx, v) }) {
		cancel()
		return errClosed
	}
	st.work.Store(w)
	return nil
}

// halt stops the worker and waits for it.
func (w *worker) halt() {
	w.cancel()
	<-w.done
}

func (w *worker) serve(ctx context.Context, v *state) {
	var wg sync.WaitGroup
	if v.Kinesis != nil {
		f := &feed{w: w, arn: v.Kinesis.KinesisStreamARN, since: v.Created}
		wg.Go(func() { f.run(ctx) })
	}
	wg.Go(func() { w.backUp(ctx) })
	w.direct.run(ctx) // until records are processed
	w.stage.run(ctx)
	wg.Wait()
}

// backUp runs the lane of the backup from when it is enabled. It begins with what is then in the spool.
func (w *worker) backUp(ctx context.Context) {
	for !w.st.now.Load().backsUp() {
		select {
		case <-w.begin:
		case <-ctx.Done():
			close(w.backup.done)
			return
		}
	}
	w.trimming.Lock()
	bounds, err := w.s.cfg.Log.Bounds(w.shard)
	if b := w.backup; err == nil && bounds.Low > b.progress.Low {
		b.mu.Lock()
		b.progress.Low = bounds.Low
		b.mu.Unlock()
		if b.open == nil {
			b.buf = buffer{from: bounds.Low, to: bounds.Low}
		}
	}
	w.trimming.Unlock()
	w.backup.run(ctx)
}

// backsUp reports whether the source is backed up.
func (v *state) backsUp() bool {
	return v.Destination.S3BackupMode == "Enabled" && v.Destination.S3BackupConfiguration != nil
}

// trimSpool frees what nobody needs any more: not the destination, not the backup, and not a batch that
// may be tried again.
func (w *worker) trimSpool(ctx context.Context) {
	w.trimming.Lock()
	defer w.trimming.Unlock()
	v := w.st.now.Load()
	low := w.direct.low()
	if v.Staged {
		low = max(low, w.stage.low())
	}
	if v.backsUp() {
		low = min(low, w.backup.low())
	}
	low = w.s.landings.floor(w.spool, low)
	bounds, err := w.s.cfg.Log.Bounds(w.shard)
	if err == nil && low > bounds.Low {
		err = w.s.cfg.Log.Trim(ctx, w.shard, low)
	}
	if err != nil {
		w.log.Warn("spool not trimmed; the next delivery does", "error", err)
	}
}

// commit ends a delivery of a lane and enters it into the manifest.
func (w *worker) commit(ctx context.Context, l *lane, p *progress, d *Delivery) error {
	of := &w.ledger[0]
	if l.kind == backup {
		of = &w.ledger[1]
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	d.Sequence, p.Sequence = of.sequence, of.sequence+1
	if err := w.s.commit(ctx, l.name, of.spool, p, d); err != nil {
		return err
	}
	of.sequence++
	return nil
}

func (l *ledger) next() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sequence
}

// came tells of records in the spool.
func (w *worker) came() {
	v := w.st.now.Load()
	if v.Staged {
		w.stage.came()
	} else {
		w.direct.came()
	}
	if v.backsUp() {
		w.backup.came()
	}
}

// changed tells of a new configuration.
func (w *worker) changed() {
	poke(w.begin)
	for _, p := range w.pumps(true) {
		p.hurry()
	}
}

// pumps are those that run or may run, with the backup's or without.
func (w *worker) pumps(withBackup bool) []*pump {
	all := []*pump{&w.direct.pump, &w.stage.pump}
	for _, l := range w.processed() {
		all = append(all, &l.pump)
	}
	if withBackup {
		all = append(all, &w.backup.pump)
	}
	return all
}

// processed are the lanes behind the stage.
func (w *worker) processed() []*lane {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lanes
}

// failing is why delivery does not go on at present, or nil.
func (w *worker) failing() error {
	for _, p := range w.pumps(true) {
		if err := p.failing(); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unread
}

// sourceFails takes note of why the source is not read, or nil.
func (w *worker) sourceFails(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unread = err
}

// sources are the places behind what has left the spool of a Kinesis source.
func (w *worker) sources() positions {
	w.direct.mu.Lock()
	p := maps.Clone(w.direct.progress.Sources)
	w.direct.mu.Unlock()
	return p.merge(w.stage.sources())
}

// flush delivers all below an offset of the spool, to the destination and to the backup. first is
// the sequence of the first delivery that had not been committed when it was called.
func (w *worker) flush(ctx context.Context, below uint64) (first uint64, err error) {
	first = w.ledger[0].next()
	backsUp := w.st.now.Load().backsUp()
	if backsUp {
		w.backup.hasten(below)
	}
	if err := w.flushLanes(ctx, below); err != nil {
		return first, err
	}
	if backsUp {
		if err := w.backup.flush(ctx, below); err != nil {
			return first, fmt.Errorf("backup: %w", err)
		}
	}
	return first, nil
}

func (w *worker) flushLanes(ctx context.Context, below uint64) error {
	if !w.st.now.Load().Staged {
		err := w.direct.flush(ctx, below)
		if !errors.Is(err, errClosed) || !w.st.now.Load().Staged || ctx.Err() != nil {
			return err
		}
	}
	if err := w.stage.flush(ctx, below); err != nil {
		return err
	}
	lanes := w.processed()
	for _, l := range lanes {
		l.hasten(l.limit())
	}
	for _, l := range lanes {
		if err := l.flush(ctx, l.limit()); err != nil {
			return err
		}
	}
	return nil
}
