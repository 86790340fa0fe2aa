package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// points calls f with every point of a series whose time lies in [from, to): those in the log, then
// those still counted. They come in no order, and several may be of one minute.
func (s *Service) points(ctx context.Context, of series, from, to int64, f func(*point)) error {
	from = max(from, time.Now().Add(-retention).Unix())
	if from >= to {
		return nil
	}
	within := func(p *point) {
		if p.time >= from && p.time < to {
			f(p)
		}
	}
	s.flushing.RLock()
	defer s.flushing.RUnlock()
	if _, known := s.journal.Get(of.key()); known {
		// What is of a time was put at most maxAhead before it.
		err := s.scan(ctx, of.shard(), time.Unix(from, 0).Add(-maxAhead), func(r *hydrant.Record) error {
			if r.Key != of.dimensions {
				return nil
			}
			return decodePoints(r.Data, within)
		})
		if err != nil {
			return err
		}
	}
	s.activeMu.Lock()
	list := s.active
	s.activeMu.Unlock()
	for _, m := range list {
		if m.series != of {
			continue
		}
		m.mu.Lock()
		for _, p := range m.open {
			within(p)
		}
		m.mu.Unlock()
	}
	return nil
}

// scan calls f with the records of a shard that arrived at or after a time.
func (s *Service) scan(ctx context.Context, shard string, since time.Time, f func(*hydrant.Record) error) error {
	id, err := s.log.Open(ctx, shard)
	if err != nil {
		return fmt.Errorf("cloudwatch: %w", err)
	}
	from, err := s.log.Seek(ctx, id, since.UnixMilli())
	for err == nil {
		var page shardlog.Page
		page, err = s.log.Read(ctx, id, from, shardlog.Limit{Bytes: 1 << 20})
		if errors.Is(err, shardlog.ErrTrimmed) {
			var b shardlog.Bounds
			if b, err = s.log.Bounds(id); err == nil {
				from = max(b.Low, from+1)
			}
			continue
		}
		if err != nil || len(page.Records) == 0 {
			break
		}
		for i := range page.Records {
			if err := f(&page.Records[i]); err != nil {
				return err
			}
		}
		from = page.Next
	}
	if err == nil || errors.Is(err, shardlog.ErrNoShard) { // deleted meanwhile: all had expired
		return nil
	}
	return fmt.Errorf("cloudwatch: %w", err)
}

// noteActive brings series into the index that so far are only counted in memory, so that they are
// listed.
func (s *Service) noteActive(ctx context.Context) error {
	s.activeMu.Lock()
	writes := make([]write, 0, len(s.active))
	for _, m := range s.active {
		writes = append(writes, write{series: m.series})
	}
	s.activeMu.Unlock()
	return s.note(ctx, writes, dayOf(time.Now()))
}
