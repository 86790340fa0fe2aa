package kinesis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// reshape is a change of a stream's shards worked out beforehand: shards close, and new ones with
// the closed ones as parents take their ranges. It is applied whole or not at all.
type reshape struct {
	shards []shardInfo // all of the stream, in order of their numbers
	next   uint32
	now    int64
}

func (s *stream) reshape(now time.Time) *reshape {
	return &reshape{shards: s.snapshot().Shards, next: s.info.NextShard, now: now.UnixMilli()}
}

func (r *reshape) at(number uint32) *shardInfo {
	i, ok := slices.BinarySearchFunc(r.shards, number, func(h shardInfo, n uint32) int { return cmp.Compare(h.Number, n) })
	if !ok {
		panic(fmt.Sprintf("internal error: no shard %d to reshape", number))
	}
	return &r.shards[i]
}

func (r *reshape) grow(ring hashRange, parent uint32, adjacent *uint32) uint32 {
	n := r.next
	r.next++
	r.shards = append(r.shards, shardInfo{Number: n, Range: ring, Parent: &parent, Adjacent: adjacent, Created: r.now})
	return n
}

// split closes a shard in favour of two; the second begins at a hash key inside its range.
func (r *reshape) split(number uint32, at hashKey) (left, right uint32) {
	ring := r.at(number).Range
	r.at(number).Closed = r.now
	left = r.grow(hashRange{ring.Start, at.prev()}, number, nil)
	right = r.grow(hashRange{at, ring.End}, number, nil)
	return left, right
}

// merge closes two neighbours in favour of one.
func (r *reshape) merge(number, adjacent uint32) uint32 {
	a, b := r.at(number).Range, r.at(adjacent).Range
	r.at(number).Closed, r.at(adjacent).Closed = r.now, r.now
	ring := hashRange{a.Start, b.End}
	if b.Start.less(a.Start) {
		ring = hashRange{b.Start, a.End}
	}
	return r.grow(ring, number, &adjacent)
}

// open are the open shards in order of their ranges.
func (r *reshape) open() []shardInfo {
	var out []shardInfo
	for _, h := range r.shards {
		if h.Closed == 0 {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b shardInfo) int {
		if a.Range.Start.less(b.Range.Start) {
			return -1
		}
		return 1
	})
	return out
}

// scale makes the open shards n equal ranges: it cuts at every boundary wanted that lies inside a
// shard, then joins the pieces of each wanted range. Pieces that live only in between are closed
// shards like any other, so that a reader can follow from parents to children.
func (r *reshape) scale(n int) {
	want := uniform(n)
	var pieces []uint32 // in order of their ranges
	cuts := want[1:]
	for _, h := range r.open() {
		number := h.Number
		for ; len(cuts) > 0 && h.Range.holds(cuts[0].Start); cuts = cuts[1:] {
			if cuts[0].Start == h.Range.Start {
				continue
			}
			var left uint32
			left, number = r.split(number, cuts[0].Start)
			pieces = append(pieces, left)
		}
		pieces = append(pieces, number)
	}
	for _, w := range want {
		number := pieces[0]
		for pieces = pieces[1:]; len(pieces) > 0 && w.holds(r.at(pieces[0]).Range.Start); pieces = pieces[1:] {
			number = r.merge(number, pieces[0])
		}
	}
}

// apply makes a reshape true: logs first, then the journal, then the live stream. The caller holds
// control and no lock of the stream.
func (s *Service) apply(ctx context.Context, st *stream, r *reshape, change func(*streamInfo)) error {
	fresh := r.shards[len(st.shards):]
	logs, err := s.openLogs(ctx, &st.info, fresh)
	if err != nil {
		return err
	}
	st.mu.Lock() // waits for appends under way into shards that close
	defer st.mu.Unlock()
	info := st.info
	info.Shards, info.NextShard = r.shards, r.next
	info.Status, info.Settles = updating, time.Now().Add(s.StatusDelay).UnixMilli()
	if change != nil {
		change(&info)
	}
	if err := s.Journal.Commit(ctx, journal.Set(info.key(), info)); err != nil {
		return err
	}
	info.Shards = nil
	st.info = info
	for i, h := range st.shards {
		if h.Closed == 0 && r.shards[i].Closed != 0 {
			h.close(r.shards[i].Closed)
		}
	}
	for i, h := range fresh {
		st.add(h, logs[i])
	}
	st.index()
	return nil
}

// prune drops shards whose last record has expired, at start-up.
func (s *Service) prune(ctx context.Context, info *streamInfo, now time.Time) error {
	horizon := now.Add(-time.Duration(info.RetentionHours) * time.Hour).UnixMilli()
	kept := info.Shards[:0:0]
	for _, h := range info.Shards {
		if h.Closed == 0 || h.Closed > horizon {
			kept = append(kept, h)
			continue
		}
		id, err := s.Log.Open(ctx, info.logName(h.Number))
		if err != nil {
			return err
		}
		if err := s.Log.Delete(ctx, id); err != nil {
			return err
		}
	}
	if len(kept) == len(info.Shards) {
		return nil
	}
	info.Shards = kept
	return s.Journal.Commit(ctx, journal.Set(info.key(), info))
}

// wait waits for a record at or after from, or for the shard to close.
func (h *shard) wait(ctx context.Context, log shardlog.Engine, from uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.life, cancel)()
	err := log.Wait(ctx, h.log, from)
	if h.life.Err() != nil {
		return nil // closed: the caller reads on and sees the end
	}
	return err
}
