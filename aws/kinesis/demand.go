package kinesis

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A shard of an on-demand stream is split when it has taken more than half of what a shard may take, on
// average over demandWindow. AWS promises that within 15 minutes. Held only with --limits aws: without
// limits a shard has no most.
const (
	demandWindow  = time.Minute
	demandBytes   = 500 << 10 // a second
	demandRecords = shardWriteRecords / 2
)

// demand measures what a shard takes. It looks at the clock when a record comes: a shard nobody writes to
// costs nothing.
type demand struct {
	mu             sync.Mutex
	since          time.Time
	bytes, records float64
	low, high      hashKey // of all records since
}

// count takes one record into account. It reports at a window's end whether the shard is to be split: one
// whose records all have one hash key is not, its children would fare no better.
func (d *demand) count(at hashKey, size int, now time.Time) (split bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if took := now.Sub(d.since); took >= demandWindow {
		most := took.Seconds()
		split = d.low != d.high && (d.bytes > demandBytes*most || d.records > demandRecords*most)
		d.since, d.bytes, d.records, d.low, d.high = now, 0, 0, at, at
	}
	d.bytes += float64(size)
	d.records++
	if at.less(d.low) {
		d.low = at
	}
	if d.high.less(at) {
		d.high = at
	}
	return split
}

// relieve splits a busy shard of an on-demand stream in its middle, as SplitShard would, in the background
// of the put that found it busy. The stream stays ACTIVE: nobody asked for a change of it.
func (s *Service) relieve(st *stream, h *shard) {
	if s.life.Err() != nil {
		return
	}
	s.splits.Go(func() {
		if err := s.splitBusy(s.life, st, h, time.Now()); err != nil {
			s.Logger.Warn("a busy shard stays whole", "stream", st.arn(), "shard", h.id(), "cause", err)
		}
	})
}

func (s *Service) splitBusy(ctx context.Context, st *stream, h *shard, now time.Time) error {
	s.control.Lock()
	defer s.control.Unlock()
	if now, ok := s.lookup(st.scope, st.name); !ok || now != st { // deleted meanwhile, or made again
		return nil
	}
	// While control is held nobody else changes the stream.
	if h.Closed != 0 || st.info.Mode != onDemand || st.status(now) == deleting {
		return nil
	}
	at := h.Range.middle()
	if at == h.Range.Start {
		return nil // a single hash key
	}
	if err := s.roomFor(st.scope, 1, now); err != nil {
		return fmt.Errorf("split: %w", err)
	}
	r := st.reshape(now)
	left, right := r.split(h.Number, at)
	status, settles := st.info.Status, st.info.Settles
	if err := s.apply(ctx, st, r, func(i *streamInfo) { i.Status, i.Settles = status, settles }); err != nil {
		return fmt.Errorf("split: %w", err)
	}
	s.Logger.Info("split a busy shard of an on-demand stream", "stream", st.arn(), "shard", h.id(), "children", []string{shardName(left), shardName(right)})
	return nil
}

// demanding reports whether a stream's shards are split by what they take.
func (s *Service) demanding(st *stream) bool { return s.Limits && st.info.Mode == onDemand }
