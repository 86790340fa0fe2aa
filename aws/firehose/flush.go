package firehose

import (
	"context"
	"fmt"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
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
	sequence, err := w.flush(ctx, bounds.Next)
	if err != nil {
		return nil, err
	}
	for ; ; sequence++ {
		d, ok, err := journal.Load[Delivery](s.cfg.Journal, deliveryKey(w.spool, sequence))
		if err != nil || !ok || d.From >= bounds.Next {
			return keys, err
		}
		for _, o := range d.Objects {
			keys = append(keys, o.Key)
		}
	}
}

// flush waits until all below an offset is delivered. first is the sequence of the first delivery
// that had not been committed when it was called.
func (w *worker) flush(ctx context.Context, below uint64) (first uint64, err error) {
	w.mu.Lock()
	w.flushTo = max(w.flushTo, below)
	first = w.progress.Sequence
	w.mu.Unlock()
	w.hurry()
	for {
		w.mu.Lock()
		reached, news, failing := w.reached, w.news, w.err
		w.mu.Unlock()
		if reached >= below {
			return first, nil
		}
		select {
		case <-news:
		case <-w.done:
			return 0, errClosed
		case <-ctx.Done():
			if failing != nil {
				return 0, fmt.Errorf("flush: %w; delivery fails: %w", ctx.Err(), failing)
			}
			return 0, fmt.Errorf("flush: %w", ctx.Err())
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
		w.mu.Lock()
		b.Bytes, b.Err = w.bytes, w.err
		if bounds, err := s.cfg.Log.Bounds(w.shard); err == nil && bounds.Next > w.reached {
			b.Waiting = bounds.Next - w.reached
		}
		b.Delivered, b.Rejected, b.DeliveredBytes = w.progress.Records, w.progress.Rejected, w.progress.Bytes
		if w.oldest > 0 {
			b.Oldest = time.UnixMilli(w.oldest).UTC()
		}
		w.mu.Unlock()
		all = append(all, b)
	}
	return all
}
