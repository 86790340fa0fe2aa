package cwlogs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// position is a place in a stream, before the event that has it. Events are in order of timestamp;
// of equal ones, the one that came first is first.
type position struct {
	Time   int64  // of the event, Unix ms
	Offset uint64 // of its record
	Index  int    // in its record
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.Time, q.Time), cmp.Compare(p.Offset, q.Offset), cmp.Compare(p.Index, q.Index))
}

// event is an event and where it is.
type event struct {
	position
	stream   string // name
	id       string // of the stream
	message  string
	ingested int64
}

// after is the position behind an event.
func (e *event) after() position { return position{e.Time, e.Offset, e.Index + 1} }

func (e *event) compare(f *event) int {
	return cmp.Or(cmp.Compare(e.Time, f.Time), strings.Compare(e.stream, f.stream), e.position.compare(f.position))
}

// window bounds what is read: event times from (inclusive) to until (exclusive).
type window struct{ from, until int64 }

// searched are the wanted events of some streams, the first ones (or the last ones) of them.
type searched struct {
	window
	limit  int
	last   bool // want the last ones
	accept func(message string) bool
	events []event
	// cut: there were more than limit, and what lies beyond the last one kept is of no interest.
	cut bool
}

// offer takes an event if it is wanted. The message is copied.
func (s *searched) offer(e event, message []byte) {
	if e.Time < s.from || e.Time >= s.until {
		return
	}
	if s.cut && !s.last && e.compare(&s.events[s.limit-1]) > 0 {
		return
	}
	e.message = string(message)
	if s.accept != nil && !s.accept(e.message) {
		return
	}
	s.events = append(s.events, e)
	if len(s.events) >= 2*s.limit+1024 {
		s.trim()
	}
}

// trim brings the events into order and keeps limit of them.
func (s *searched) trim() {
	slices.SortFunc(s.events, func(a, b event) int { return a.compare(&b) })
	extra := len(s.events) - s.limit
	if extra <= 0 {
		return
	}
	s.cut = true
	if s.last {
		s.events = slices.Delete(s.events, 0, extra)
		return
	}
	clear(s.events[s.limit:])
	s.events = s.events[:s.limit]
}

// full: no event at or after t can be among the first ones any more.
func (s *searched) full(t int64) bool {
	return !s.last && s.cut && t > s.events[s.limit-1].Time
}

// search offers the events of a stream that lie at or after begin and before end (nil: no bound).
func (s *Service) search(ctx context.Context, st storedStream, begin, end *position, found *searched) error {
	sum, shard, ok, err := s.summaryOf(ctx, st)
	if err != nil || !ok || sum.last < found.from || sum.first >= found.until || found.full(sum.first) {
		return err
	}
	offer := func(r *hydrant.Record) (lastTime int64, err error) {
		err = decode(r, func(i int, at int64, message []byte) bool {
			lastTime = at
			p := position{at, r.Offset, i}
			if (begin == nil || p.compare(*begin) >= 0) && (end == nil || p.compare(*end) < 0) {
				found.offer(event{position: p, stream: st.Name, id: st.ID, ingested: r.Arrival}, message)
			}
			return true
		})
		return lastTime, err
	}
	if found.last && sum.ordered {
		return s.searchBack(ctx, shard, end, found, offer)
	}
	// An event is at most maxAhead ahead of its arrival.
	from, err := s.log.Seek(ctx, shard, found.from-maxAhead.Milliseconds())
	if err != nil {
		return fmt.Errorf("cwlogs: %w", err)
	}
	if sum.ordered && begin != nil {
		from = max(from, begin.Offset)
	}
	return s.scan(ctx, shard, from, func(r *hydrant.Record) (bool, error) {
		last, err := offer(r)
		if err != nil || !sum.ordered {
			return true, err
		}
		if len(found.events) > found.limit {
			found.trim()
		}
		return last < found.until && !found.full(last), nil
	})
}

// searchBack finds the last events before end in a stream that is in order: it reads ever longer
// tails until one holds enough.
func (s *Service) searchBack(ctx context.Context, shard shardlog.ShardID, end *position, found *searched, offer func(*hydrant.Record) (int64, error)) error {
	b, err := s.log.Bounds(shard)
	if err != nil {
		return fmt.Errorf("cwlogs: %w", err)
	}
	stop := b.Next
	if end != nil && end.Offset < stop {
		stop = end.Offset + 1
	}
	before := len(found.events)
	for step := uint64(16); b.Low < stop; step *= 8 {
		from := b.Low
		if stop-b.Low > step {
			from = stop - step
		}
		clear(found.events[before:])
		found.events = found.events[:before]
		passed := false // the tail reaches back beyond the window
		err := s.scan(ctx, shard, from, func(r *hydrant.Record) (bool, error) {
			if r.Offset >= stop {
				return false, nil
			}
			last, err := offer(r)
			passed = passed || last < found.from
			return true, err
		})
		if err != nil || from == b.Low || passed || len(found.events)-before > found.limit {
			return err
		}
	}
	return nil
}
