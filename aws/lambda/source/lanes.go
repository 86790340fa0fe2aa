package source

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

const (
	// What one lane may hold before the shard's reading waits for it. A lane whose function keeps
	// failing holds up the others only once so much has gathered behind it.
	maxLaneBytes  = 8 << 20
	laneReadBytes = 4 << 20
	laneOverhead  = 128 // of a record in memory, so that tiny ones count too
)

// lanes reads one shard in several lanes by partition key: batches of different lanes run beside
// each other, those of one lane in order.
type lanes struct {
	*reader
	ctx  context.Context // ends with the run, or when a lane fails
	fail context.CancelCauseFunc

	// committing orders checkpoints; taken before mu.
	committing sync.Mutex

	mu    sync.Mutex
	moved sync.Cond // on mu: a queue, the end or ctx has changed
	read  uint64    // everything below has been given to a lane
	end   bool      // nothing more will be given
	lane  []lane
}

type lane struct {
	queue []hydrant.Record // not settled, in order; those of the batch in hand at the front
	bytes int
	start uint64 // everything below was settled before this session
}

// laneOf must stay what it is: checkpoints of lanes that stand apart depend on it.
func laneOf(key string, n int) int {
	h := uint64(14695981039346656037) // FNV-1a
	for i := 0; i < len(key); i++ {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	return int((h ^ h>>32) % uint64(n))
}

// parallel reads the shard in n lanes: to its end (true) or the run's. Where n is not the number
// the mapping asks for, it reads only as far as the lanes of the checkpoint stand apart.
func (r *reader) parallel(n int) (ended bool, err error) {
	l := &lanes{reader: r, read: r.point.Next, lane: make([]lane, n)}
	l.moved.L = &l.mu
	l.ctx, l.fail = context.WithCancelCause(r.soft)
	defer l.fail(nil)
	wake := context.AfterFunc(l.ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.moved.Broadcast()
	})
	defer wake()
	for i := range l.lane {
		l.lane[i].start = r.point.Next
		if len(r.point.Lanes) == n {
			l.lane[i].start = r.point.Lanes[i]
		}
	}
	var until uint64 // 0: no bound
	if n != r.m.Settings.Parallel {
		until = slices.Max(r.point.Lanes)
	}
	var wg sync.WaitGroup
	for i := range l.lane {
		wg.Go(func() {
			if err := l.work(i); err != nil {
				l.fail(err)
			}
		})
	}
	closed, err := l.deal(until)
	if err != nil {
		l.fail(err)
	}
	l.mu.Lock()
	l.end = true
	l.moved.Broadcast()
	l.mu.Unlock()
	wg.Wait()
	if l.ctx.Err() != nil {
		if err := context.Cause(l.ctx); !errors.Is(err, errStopped) && !errors.Is(err, context.Canceled) {
			return false, err
		}
		return false, nil
	}
	if closed {
		return true, r.finish()
	}
	return false, l.commitPoint() // the lanes have met at until
}

// deal reads the shard and gives each record to its lane.
func (l *lanes) deal(until uint64) (closed bool, err error) {
	for {
		l.mu.Lock()
		for l.ctx.Err() == nil && slices.ContainsFunc(l.lane, func(q lane) bool { return q.bytes >= maxLaneBytes }) {
			l.moved.Wait()
		}
		from := l.read
		l.mu.Unlock()
		if l.ctx.Err() != nil || until > 0 && from >= until {
			return false, nil
		}
		recs, next, end, err := l.feed.read(l.ctx, from, shardlog.Limit{Records: 10_000, Bytes: laneReadBytes})
		if err != nil {
			return false, err
		}
		if until > 0 && next >= until {
			recs = slices.DeleteFunc(slices.Clone(recs), func(r hydrant.Record) bool { return r.Offset >= until })
			next, end = until, false
		}
		l.mu.Lock()
		filtered := next > l.read
		for _, rec := range recs {
			q := &l.lane[laneOf(rec.Key, len(l.lane))]
			if rec.Offset < q.start || !l.filters.pass(&rec) {
				continue
			}
			filtered = false
			q.queue = append(q.queue, rec)
			q.bytes += rec.Size() + laneOverhead
		}
		l.read = max(l.read, next)
		l.moved.Broadcast()
		l.mu.Unlock()
		if filtered {
			if err := l.commitPoint(); err != nil {
				return false, err
			}
		}
		if end {
			return true, nil
		}
		if next > from {
			continue
		}
		if err := l.feed.wait(l.ctx, from); err != nil {
			return false, err
		}
	}
}

// work settles the batches of one lane until there are no more.
func (l *lanes) work(i int) error {
	q := &l.lane[i]
	for {
		b, ok := l.take(q)
		if !ok {
			return nil
		}
		err := l.settle(l.ctx, b, func(next uint64) error {
			l.mu.Lock()
			n := 0
			for n < len(q.queue) && q.queue[n].Offset < next {
				q.bytes -= q.queue[n].Size() + laneOverhead
				n++
			}
			q.queue = q.queue[n:]
			l.moved.Broadcast()
			l.mu.Unlock()
			return l.commitPoint()
		})
		if err != nil {
			return err
		}
	}
}

// take waits for a lane's next batch, which stays in its queue until it is settled. False: there
// will be none.
func (l *lanes) take(q *lane) (b batch, ok bool) {
	set := &l.m.Settings
	l.mu.Lock()
	defer l.mu.Unlock()
	var window *time.Timer
	over := false
	for {
		if l.ctx.Err() != nil {
			return b, false
		}
		if len(q.queue) > 0 && (set.Window == 0 || over || l.end || len(q.queue) >= set.BatchSize) {
			break
		}
		if len(q.queue) == 0 && l.end {
			return b, false
		}
		if len(q.queue) > 0 && window == nil {
			window = time.AfterFunc(set.Window, func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				over = true
				l.moved.Broadcast()
			})
			defer window.Stop()
		}
		l.moved.Wait()
	}
	n, size := 0, len(eventHead)+len(eventEnd)
	for n < len(q.queue) && n < set.BatchSize {
		if size += l.enc.size(&q.queue[n]); n > 0 && size > maxEvent {
			break
		}
		n++
	}
	b.recs = slices.Clone(q.queue[:n])
	b.next = b.last().Offset + 1
	return b, true
}

// commitPoint writes down how far every lane has come.
func (l *lanes) commitPoint() error {
	l.committing.Lock()
	defer l.committing.Unlock()
	l.mu.Lock()
	at := make([]uint64, len(l.lane))
	for i, q := range l.lane {
		at[i] = max(l.read, q.start)
		if len(q.queue) > 0 {
			at[i] = q.queue[0].Offset
		}
	}
	l.mu.Unlock()
	point := checkpoint{Next: slices.Min(at), Lanes: at}
	if slices.Max(at) == point.Next {
		point.Lanes = nil
	}
	if err := l.commit(l.shard, point); err != nil {
		return err
	}
	l.point = point
	return nil
}
