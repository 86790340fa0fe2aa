package source

import (
	"context"
	"log/slog"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// reader takes one shard from its checkpoint to its end.
type reader struct {
	*run
	shard string
	point checkpoint
	log   *slog.Logger
	enc   *encoder
	feed  feed
}

// feed is where a reader's records come from. Polling is the one there is; a subscription that
// records are pushed through is another.
type feed interface {
	// read returns what is there from an offset on, as Streams.Read does.
	read(ctx context.Context, from uint64, limit shardlog.Limit) (recs []hydrant.Record, next uint64, end bool, err error)
	// wait returns when read has something to say.
	wait(ctx context.Context, from uint64) error
}

// poll reads the stream's log as GetRecords does, and is woken instead of asking every second.
type poll struct {
	streams       Streams
	stream, shard string
}

func (p poll) read(ctx context.Context, from uint64, limit shardlog.Limit) ([]hydrant.Record, uint64, bool, error) {
	return p.streams.Read(ctx, p.stream, p.shard, from, limit)
}

func (p poll) wait(ctx context.Context, from uint64) error {
	return p.streams.Wait(ctx, p.stream, p.shard, from)
}

// read works until the shard's end (true) or until the run stops.
func (r *reader) read() bool {
	cfg := &r.set.cfg
	r.feed = poll{cfg.Streams, r.m.Stream, r.shard}
	r.enc = newEncoder(r.m.Stream, r.shard, r.m.Scope.Region, cfg.Functions.Role(r.m.Function))
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
	if lanes := r.point.Lanes; lanes != nil && len(lanes) != r.m.Settings.Parallel {
		// Lanes of another number were left standing apart: settle what lies between them first.
		if ended, err = r.parallel(len(lanes)); ended || err != nil || r.soft.Err() != nil {
			return ended, err
		}
	}
	if n := r.m.Settings.Parallel; n > 1 {
		return r.parallel(n)
	}
	return r.serial()
}

// outdated resets a checkpoint beyond the shard's end: the stream was deleted and made anew under
// the same name, and the checkpoint speaks of the old one.
func (r *reader) outdated() error {
	end, err := r.set.cfg.Streams.Start(r.soft, r.m.Stream, r.shard, "LATEST", time.Time{})
	if err != nil {
		return err
	}
	if r.point.Next > end {
		r.log.Warn("the stream is another one than before; its shard is read from its beginning", "checkpoint", r.point.Next, "end", end)
		r.point = checkpoint{}
	}
	return nil
}

// serial settles one batch after the other.
func (r *reader) serial() (ended bool, err error) {
	for r.soft.Err() == nil {
		b, end, err := r.gather(r.point.Next)
		if err != nil {
			return false, err
		}
		err = r.settle(r.soft, b, func(next uint64) error {
			point := checkpoint{Next: next}
			if err := r.commit(r.shard, point); err != nil {
				return err
			}
			r.point = point
			return nil
		})
		if err != nil {
			return false, err
		}
		if end {
			return true, r.finish()
		}
	}
	return false, nil
}

// finish writes down that the shard is done.
func (r *reader) finish() error {
	r.point.Done, r.point.Lanes = true, nil
	if err := r.commit(r.shard, r.point); err != nil {
		return err
	}
	r.log.Info("shard is read to its end")
	return nil
}

// gather waits for records from an offset on and takes a batch of them: as many as the settings
// allow and one event holds. The batch may be empty where a filter let nothing through, or at the end.
func (r *reader) gather(from uint64) (b batch, end bool, err error) {
	set := &r.m.Settings
	b.next = from
	size := len(eventHead) + len(eventEnd)
	ctx := r.soft
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
		if len(b.recs) > 0 && ctx == r.soft {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(r.soft, set.Window)
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
