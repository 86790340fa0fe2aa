package source

import (
	"context"
	"log/slog"
	"time"

	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// reader takes one shard from its checkpoint to its end.
type reader struct {
	*run
	shard string
	born  int64 // of the shard, in Unix ms; 0: not known
	point checkpoint
	log   *slog.Logger
	enc   *encoder
	feed  feed
	// Of the batch in hand, where batches come one after the other; a reader with lanes has neither.
	window *window // the tumbling window it belongs to
	token  string  // what its calls bear
	// turned is the window with the state of the last answer, on its way into a checkpoint.
	turned *window
}

// read works until the shard's end (true) or until the run stops.
func (r *reader) read() bool {
	cfg := &r.set.cfg
	r.feed = r.set.feed(&r.m, r.shard)
	r.enc = newEncoder(r.m.Source(), r.shard, r.m.Scope.Region, cfg.Functions.Role(r.m.Function))
	for tries := 1; ; tries++ {
		ended, err := r.session()
		if err == nil {
			return ended
		}
		if r.soft.Err() != nil {
			return false
		}
		r.trouble("shard cannot be read", err, tries)
		if !r.pause(backoff(tries)) {
			return false
		}
	}
}

// session reads until the shard's end (true), the run's (false), or an error.
func (r *reader) session() (ended bool, err error) {
	if err := r.outdated(); err != nil {
		return false, err
	}
	r.stand(r.point)
	if lanes := r.point.Lanes; lanes != nil && len(lanes) != r.m.Settings.Parallel {
		// Lanes of another number were left standing apart: settle what lies between them first.
		if ended, err = r.parallel(len(lanes)); ended || err != nil || r.soft.Err() != nil {
			return ended, err
		}
	}
	if w := r.point.Window; w != nil && r.m.Settings.Tumbling == 0 { // the mapping has windows no more
		w.Early = true
		if err := r.closeWindow(); err != nil {
			return false, err
		}
	}
	switch {
	case r.m.Settings.Parallel > 1:
		return r.parallel(r.m.Settings.Parallel)
	case r.m.Settings.Tumbling > 0:
		return r.tumble()
	}
	return r.serial()
}

// outdated resets a checkpoint of a shard that was made at another time than this one, or that lies beyond its
// end: the stream was deleted and made anew under the same name, and the checkpoint speaks of the old one.
func (r *reader) outdated() error {
	shards, err := r.set.cfg.Streams.Shards(r.soft, r.m.Stream)
	if err != nil {
		return err
	}
	for _, sh := range shards {
		if was := r.born; sh.ID == r.shard && sh.Born != 0 && was != sh.Born {
			if r.born = sh.Born; was != 0 {
				r.log.Warn("the stream is another one than before; its shard is read from its beginning", "checkpoint", r.point.Next, "made", time.UnixMilli(sh.Born))
				return r.save(checkpoint{})
			}
		}
	}
	end, err := r.feed.start(r.soft, "LATEST", time.Time{})
	if err != nil {
		return err
	}
	if r.point.Next > end {
		r.log.Warn("the stream is another one than before; its shard is read from its beginning", "checkpoint", r.point.Next, "end", end)
		return r.save(checkpoint{})
	}
	return nil
}

// serial settles one batch after the other.
func (r *reader) serial() (ended bool, err error) {
	for r.soft.Err() == nil {
		b, end, err := r.cut()
		if err != nil {
			return false, err
		}
		if err := r.settle(r.soft, b, r.passed(b.next)); err != nil {
			return false, err
		}
		if end {
			return true, r.finish()
		}
	}
	return false, nil
}

// cut takes the next batch: the one that was in hand when an earlier life ended, or a new one.
func (r *reader) cut() (b batch, end bool, err error) {
	if until := r.point.Until; until > 0 {
		b, err = r.regather(until)
		return b, false, err
	}
	b, end, err = r.gather(r.soft, r.point.Next)
	if err == nil && r.m.once() && len(b.recs) > 0 {
		err = r.save(checkpoint{Next: r.point.Next, Until: b.next})
	}
	return b, end, err
}

// passed returns what settle calls when everything below an offset of a batch that ends at until is
// settled.
func (r *reader) passed(until uint64) func(next uint64) error {
	return func(next uint64) error {
		point := checkpoint{Next: next}
		if r.m.once() && next < until {
			point.Until = until // what is left of the batch is a batch
		}
		return r.save(point)
	}
}

// commit is the run's for a checkpoint of this shard.
func (r *reader) commit(shard string, c checkpoint, more ...journal.Change) error {
	c.Born = r.born
	return r.run.commit(shard, c, more...)
}

// save moves the shard's checkpoint.
func (r *reader) save(point checkpoint) error {
	if err := r.commit(r.shard, point, r.turnover(point)...); err != nil {
		return err
	}
	r.stand(point)
	return nil
}

// stand takes a checkpoint as where the reader is.
func (r *reader) stand(point checkpoint) {
	r.point, r.window, r.token = point, point.Window, ""
	if point.Until > 0 && r.m.once() {
		r.token = r.tokenOf(point)
	}
}

// finish writes down that the shard is done.
func (r *reader) finish() error {
	if err := r.save(checkpoint{Next: r.point.Next, Done: true}); err != nil {
		return err
	}
	r.log.Info("shard is read to its end")
	return nil
}

// gather waits for records from an offset on and takes a batch of them: as many as the settings
// allow and one event holds. The batch may be empty where a filter let nothing through, at the end, or
// when ctx ends before the run does.
func (r *reader) gather(ctx context.Context, from uint64) (b batch, end bool, err error) {
	set := &r.m.Settings
	b.next = from
	size := len(eventHead) + len(eventEnd)
	if set.Tumbling > 0 {
		size += maxState + 1024 // what the window adds to the event
	}
	asked := ctx
	for {
		recs, next, end, err := r.feed.read(r.soft, b.next, shardlog.Limit{
			Records: set.BatchSize - len(b.recs),
			Bytes:   max(maxEvent-size, 1) / 4 * 3,
		})
		if err != nil {
			return b, false, err
		}
		for i := range recs {
			if !r.filters.pass(&recs[i]) {
				continue
			}
			n := r.enc.size(&recs[i])
			if len(b.recs) > 0 && size+n > maxEvent {
				b.next = recs[i].Offset
				return b, false, nil
			}
			b.recs = append(b.recs, recs[i])
			size += n
		}
		moved := next > b.next
		b.next = max(next, b.next)
		switch {
		case end, len(b.recs) >= set.BatchSize, len(b.recs) > 0 && set.Window == 0, moved && len(b.recs) == 0:
			return b, end, nil
		}
		if len(b.recs) > 0 && ctx == asked {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(asked, set.Window)
			defer cancel()
		}
		if err := r.feed.wait(ctx, b.next); err != nil {
			if r.soft.Err() == nil && ctx.Err() != nil {
				return b, false, nil // the window is over
			}
			return b, false, err
		}
	}
}
