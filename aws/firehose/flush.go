package firehose

import (
	"context"
	"fmt"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// Flush delivers all that was put before the call, whatever the buffering hints say, and returns
// the keys of the objects when they are committed. Where nothing was buffered there are none. While
// the destination fails, Flush waits; its error then tells why when ctx ends.
func (s *Service) Flush(ctx context.Context, scope hydrant.Scope, name string) (keys []string, err error) {
	scope = scope.Or()
	st := s.find(scope, name)
	if st == nil {
		return nil, notFound(scope, name)
	}
	w := st.work.Load()
	if w == nil {
		return nil, inUse("Firehose %s under accountId %s is not ACTIVE: it is %s", name, scope.Account, st.now.Load().Status)
	}
	bounds, err := s.cfg.Log.Bounds(st.shard)
	if err != nil {
		return nil, fmt.Errorf("bounds of spool: %w", err)
	}
	first, err := w.flush(ctx, bounds.Next)
	if err != nil {
		return nil, err
	}
	for sequence := first; ; sequence++ {
		d, ok, err := journal.Load[Delivery](s.cfg.Journal, deliveryKey(w.spool, sequence))
		if err != nil || !ok {
			return keys, err
		}
		if d.From >= bounds.Next {
			continue // of what was put since
		}
		for _, o := range d.Objects {
			keys = append(keys, o.Key)
		}
	}
}

// Backlog is what one delivery stream has not delivered yet.
type Backlog struct {
	Scope hydrant.Scope
	Name  string
	// Bytes are in the buffer that is filling, or in the object being written.
	Bytes int64
	// Waiting is how far delivery is behind the spool, in offsets: at least the records not delivered.
	Waiting uint64
	// Oldest is the arrival of the oldest undelivered record; zero where there is none. Its age is
	// how far the lake is behind.
	Oldest time.Time
	// Delivered and DeliveredBytes count since the creation of the stream, error objects included;
	// Rejected are those of Delivered that went to error objects.
	Delivered, Rejected, DeliveredBytes int64
	// Err is why delivery does not go on, or nil.
	Err error
}

// Backlogs tells of every active delivery stream, in no order.
func (s *Service) Backlogs() []Backlog {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]Backlog, 0, len(s.streams))
	for k, st := range s.streams {
		w := st.work.Load()
		if w == nil {
			continue
		}
		b := Backlog{Scope: k.Scope, Name: k.name}
		w.backlog(&b)
		all = append(all, b)
	}
	return all
}

// backlog sums up the lanes of the destination and the stage before them.
func (w *worker) backlog(b *Backlog) {
	behind := func(p *pump, shard shardlog.ShardID, horizon uint64) {
		p.mu.Lock()
		defer p.mu.Unlock()
		b.Bytes += p.bytes
		if b.Err == nil {
			b.Err = p.err
		}
		if bounds, err := w.s.cfg.Log.Bounds(shard); err == nil {
			if next := min(bounds.Next, horizon); next > p.reached {
				b.Waiting += next - p.reached
			}
		}
		if at := time.UnixMilli(p.oldest).UTC(); p.oldest > 0 && (b.Oldest.IsZero() || at.Before(b.Oldest)) {
			b.Oldest = at
		}
	}
	lanes := append([]*lane{w.direct}, w.processed()...)
	for _, l := range lanes {
		l.mu.Lock()
		p := l.progress
		l.mu.Unlock()
		b.Delivered, b.Rejected, b.DeliveredBytes = b.Delivered+p.Records, b.Rejected+p.Rejected, b.DeliveredBytes+p.Bytes
	}
	if w.st.now.Load().Staged {
		behind(&w.stage.pump, w.shard, 1<<64-1)
		lanes = lanes[1:]
	}
	for _, l := range lanes {
		behind(&l.pump, l.shard, l.limit())
	}
	if err := w.backup.failing(); err != nil && b.Err == nil {
		b.Err = fmt.Errorf("backup: %w", err)
	}
}
