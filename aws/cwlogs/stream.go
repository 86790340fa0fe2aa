package cwlogs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// stream is a log stream that has a shard.
type stream struct {
	// mu is held over an append, so that summaries follow one another.
	mu    sync.Mutex
	shard shardlog.ShardID
	// known: the shard is open and sum is that of its last record. Cleared when an append ends
	// in doubt.
	known bool
	sum   summary
	// retained: the shard was told its group's retention since the start. Telling costs a commit,
	// so it waits for the first append; readers leave out what has expired anyway.
	retained bool
	// gone: the stream was deleted, and this entry is no longer among the open ones.
	gone bool
}

// entry is the stream's place among the open ones.
func (s *Service) entry(id string) *stream {
	s.openMu.Lock()
	defer s.openMu.Unlock()
	st := s.open[id]
	if st == nil {
		st = &stream{}
		s.open[id] = st
	}
	return st
}

func shardName(id string) string { return "logs/" + id }

// know opens the shard and reads the summary, where that is not done. Caller holds open.mu.
//
// A caller may have found the stream before it was deleted. Its shard must then not come back, so
// the journal is asked once more: sweep, too, holds open.mu while it deletes the shard, and comes
// after the commit that deletes the stream.
func (s *Service) know(ctx context.Context, open *stream, st storedStream) error {
	if open.gone {
		return noStream()
	}
	if open.known {
		return nil
	}
	if now, ok, err := journal.Load[storedStream](s.journal, st.key); err != nil {
		return err
	} else if !ok || now.ID != st.ID {
		s.forget(open, st.ID)
		return noStream()
	}
	shard, err := s.log.Open(ctx, shardName(st.ID))
	if err != nil {
		return fmt.Errorf("cwlogs: open stream: %w", err)
	}
	sum, err := s.lastSummary(ctx, shard)
	if err != nil {
		return err
	}
	open.shard, open.sum, open.known = shard, sum, true
	return nil
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// lastSummary reads the last record of a shard. Offsets may have gaps, so it looks ever further
// back for one.
func (s *Service) lastSummary(ctx context.Context, shard shardlog.ShardID) (sum summary, err error) {
	b, err := s.log.Bounds(shard)
	if err != nil {
		return sum, fmt.Errorf("cwlogs: %w", err)
	}
	for step := uint64(1); b.Low < b.Next; step *= 4 {
		from := b.Low
		if b.Next-b.Low > step {
			from = b.Next - step
		}
		found := false
		err := s.scan(ctx, shard, from, func(r *hydrant.Record) (bool, error) {
			found = true
			sum, _, _, err = decodeSummary(r)
			return err == nil, err
		})
		if err != nil || found || from == b.Low {
			return sum, err
		}
	}
	return sum, nil
}

// scan calls f with the records from an offset on, until it returns false. What has expired
// meanwhile is passed over.
func (s *Service) scan(ctx context.Context, shard shardlog.ShardID, from uint64, f func(*hydrant.Record) (bool, error)) error {
	for {
		page, err := s.log.Read(ctx, shard, from, shardlog.Limit{Bytes: 1 << 20})
		switch {
		case errors.Is(err, shardlog.ErrTrimmed):
			b, err := s.log.Bounds(shard)
			if err != nil {
				return fmt.Errorf("cwlogs: %w", err)
			}
			if b.Low <= from {
				return nil
			}
			from = b.Low
			continue
		case errors.Is(err, shardlog.ErrNoShard):
			return noStream() // deleted while we read
		case err != nil:
			return fmt.Errorf("cwlogs: %w", err)
		case len(page.Records) == 0:
			return nil
		}
		for i := range page.Records {
			more, err := f(&page.Records[i])
			if err != nil || !more {
				return err
			}
		}
		from = page.Next
	}
}

// summaryOf is what a stream's last record says, and its shard; ok is false where it has no events.
func (s *Service) summaryOf(ctx context.Context, st storedStream) (sum summary, shard shardlog.ShardID, ok bool, err error) {
	if !st.Shard {
		return sum, 0, false, nil
	}
	open := s.entry(st.ID)
	open.mu.Lock()
	defer open.mu.Unlock()
	if err := s.know(ctx, open, st); err != nil {
		return sum, 0, false, err
	}
	return open.sum, open.shard, open.sum.bytes > 0, nil
}

// append adds events, in order of their timestamps, to a stream and returns when they are durable.
func (s *Service) append(ctx context.Context, sc hydrant.Scope, g storedGroup, st storedStream, events []hydrant.LogEvent) error {
	if !st.Shard {
		if err := s.markShard(ctx, sc, g.Name, &st); err != nil {
			return err
		}
	}
	open := s.entry(st.ID)
	open.mu.Lock()
	defer open.mu.Unlock()
	if err := s.know(ctx, open, st); err != nil {
		return err
	}
	if g.Retention > 0 && !open.retained {
		if err := s.log.SetRetention(ctx, open.shard, days(g.Retention)); err != nil {
			return fmt.Errorf("cwlogs: retention of stream: %w", err)
		}
		open.retained = true
	}
	sum := open.sum.add(events)
	records := []hydrant.Record{{Data: encode(sum, events)}}
	err := s.log.Append(ctx, []shardlog.Batch{{Shard: open.shard, Records: records}})
	if errors.Is(err, shardlog.ErrNoShard) {
		return noStream()
	}
	if err != nil {
		open.known = false
		return fmt.Errorf("cwlogs: append: %w", err)
	}
	sum.ingested = records[0].Arrival
	open.sum = sum
	return nil
}

// markShard notes that a stream has a shard, before it gets its first event.
func (s *Service) markShard(ctx context.Context, sc hydrant.Scope, group string, st *storedStream) error {
	s.control.Lock()
	defer s.control.Unlock()
	now, err := s.stored(sc, group, st.Name)
	if err != nil {
		return err
	}
	*st = now
	if st.Shard {
		return nil
	}
	st.Shard = true
	return s.journal.Commit(ctx, journal.Set(streamKey(sc, group, st.Name), st))
}

// remove deletes streams: their entries and whatever else changes in one commit, their shards then.
func (s *Service) remove(ctx context.Context, streams []storedStream, changes ...journal.Change) error {
	var ids []string
	for _, st := range streams {
		if st.Shard {
			ids = append(ids, st.ID)
			changes = append(changes, journal.Set(trashPrefix+st.ID, true))
		}
	}
	if err := s.journal.Commit(ctx, changes...); err != nil {
		return err
	}
	return s.sweep(context.WithoutCancel(ctx), ids)
}

// sweep deletes the shards of streams that are gone and then forgets them. Done twice, it does no harm.
func (s *Service) sweep(ctx context.Context, ids []string) error {
	changes := make([]journal.Change, 0, len(ids))
	for _, id := range ids {
		if err := s.drop(ctx, id); err != nil {
			return err
		}
		changes = append(changes, journal.Unset(trashPrefix+id))
	}
	if len(changes) == 0 {
		return nil
	}
	return s.journal.Commit(ctx, changes...)
}

// drop deletes one shard. Whoever waits for the stream meanwhile finds it gone.
func (s *Service) drop(ctx context.Context, id string) error {
	open := s.entry(id)
	open.mu.Lock()
	defer open.mu.Unlock()
	shard, err := s.log.Open(ctx, shardName(id))
	if err != nil {
		return err
	}
	if err := s.log.Delete(ctx, shard); err != nil {
		return err
	}
	s.forget(open, id)
	return nil
}

// forget takes a deleted stream from the open ones. Caller holds open.mu.
func (s *Service) forget(open *stream, id string) {
	open.gone = true
	s.openMu.Lock()
	delete(s.open, id)
	s.openMu.Unlock()
}
