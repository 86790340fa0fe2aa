package segment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// Options are the engine's settings. Zero means the default.
type Options struct {
	// SegmentBytes is the size at which a segment is full (default 128 MiB, at most 1 GiB). A
	// larger one holds back the space of expired records longer.
	SegmentBytes int64
	// TailBytes bounds the records kept in memory for readers at the tail (default 64 MiB, all
	// shards together). Less sends slow readers to the files.
	TailBytes int64
	// CacheBytes bounds what is kept of the files that readers behind the tail use (default 16 MiB).
	CacheBytes int64
	// RewriteBelow is the live share of a segment under which its live records are copied out
	// (default 0.25; negative: never).
	RewriteBelow float64
	// SweepEvery is how often expired segments are looked for without cause (default 1 min), and
	// SweepPause how long after the last time at least, when there is one (default 1 s).
	SweepEvery, SweepPause time.Duration
	// ReserveBytes is the size of a file that is given up when the disk is so full that not even
	// the note can be written after which expired segments may go (default 256 KiB; negative: none).
	ReserveBytes int64
	// Now is the clock (default time.Now).
	Now func() time.Time
	// Log hears of what the engine does in the background (default: nobody).
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	o.SegmentBytes = min(cmp.Or(o.SegmentBytes, 128<<20), 1<<30)
	o.TailBytes = cmp.Or(o.TailBytes, 64<<20)
	o.CacheBytes = cmp.Or(o.CacheBytes, 16<<20)
	o.RewriteBelow = cmp.Or(o.RewriteBelow, 0.25)
	o.SweepEvery = cmp.Or(o.SweepEvery, time.Minute)
	o.SweepPause = cmp.Or(o.SweepPause, time.Second)
	o.ReserveBytes = cmp.Or(o.ReserveBytes, 256<<10)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Engine is the embedded shardlog.Engine.
type Engine struct {
	fs      vfs.FS
	dir     string
	o       Options
	journal journal.Journal
	lists   *cache[listKey, []entry]
	frames  *cache[frameKey, coldFrame]
	count   counters
	chunks  sync.Pool // of *[chunkSize]byte

	// mu guards the maps, the queue and the list of segments.
	mu       sync.RWMutex
	names    map[string]*shard
	shards   map[shardlog.ShardID]*shard
	nextID   uint64
	lastID   uint64     // ids up to here, not itself, are reserved in the journal
	segments []*segment // by number; the last is the active one
	rolled   []*segment // full, to be sealed
	queue    []*pending
	failed   error
	closed   bool

	// reserve serialises the reservation of ids.
	reserve sync.Mutex
	// next guards prepared, the empty segment that takes over from the active one, and number,
	// which the one made after it gets.
	next     sync.Mutex
	prepared *segment
	number   uint64

	reserved bool // of the keeper: the reserve is there

	wake     chan struct{} // capacity 1: the queue has something, or the engine closes
	kick     chan struct{} // capacity 1: the keeper has something to do
	stopping chan struct{} // closed by Close: waiters and the keeper leave
	running  sync.WaitGroup
}

// shardMeta is what the journal holds of a shard, under shardKey.
type shardMeta struct {
	Name      string
	Retention int64  `json:",omitempty"` // ms
	Low       uint64 `json:",omitempty"`
	Time      int64  `json:",omitempty"` // of its last record, at the latest when its segments go
}

const (
	shardPrefix = "shard/"
	idKey       = "ids" // ids below its value have been given out
	idBlock     = 256
	maxName     = 1024
)

func shardKey(id shardlog.ShardID) string { return fmt.Sprintf("%s%016x", shardPrefix, uint64(id)) }

var _ shardlog.Engine = (*Engine)(nil)

func (e *Engine) Open(ctx context.Context, name string) (shardlog.ShardID, error) {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) {
		return 0, fmt.Errorf("segment: shard name %.40q: want 1 to %d bytes of UTF-8", name, maxName)
	}
	for {
		e.mu.RLock()
		s, closed, failed := e.names[name], e.closed, e.failed
		e.mu.RUnlock()
		switch {
		case closed:
			return 0, shardlog.ErrClosed
		case s == nil && failed != nil:
			return 0, failed
		case s == nil:
			if err := e.create(ctx, name); err != nil {
				return 0, err
			}
			continue
		}
		select {
		case <-s.born:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		e.mu.RLock()
		same := e.names[name] == s
		e.mu.RUnlock()
		if same {
			return s.id, nil
		} // it could not be made, or was deleted at once: again
	}
}

// create makes a shard of a name that was not there, or leaves it to a call that came first.
func (e *Engine) create(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.reserveIDs(ctx); err != nil {
		return err
	}
	e.mu.Lock()
	if e.names[name] != nil || e.nextID == e.lastID {
		e.mu.Unlock()
		return nil
	}
	s := newShard(shardlog.ShardID(e.nextID), shardMeta{Name: name})
	e.nextID++
	e.names[name] = s
	e.mu.Unlock()
	// Once begun, it is carried through: others may wait for it.
	err := e.journal.Commit(context.WithoutCancel(ctx), journal.Set(shardKey(s.id), s.saved))
	e.mu.Lock()
	if err != nil {
		delete(e.names, name)
	} else {
		e.shards[s.id] = s
	}
	e.mu.Unlock()
	close(s.born)
	return metaError(err)
}

// reserveIDs makes certain that an id is free, by blocks: an id is never given out twice, though
// the shard that had it is long deleted.
func (e *Engine) reserveIDs(ctx context.Context) error {
	e.reserve.Lock()
	defer e.reserve.Unlock()
	e.mu.RLock()
	have, last := e.nextID < e.lastID, e.lastID
	e.mu.RUnlock()
	if have {
		return nil
	}
	last += idBlock
	if err := e.journal.Commit(context.WithoutCancel(ctx), journal.Set(idKey, last)); err != nil {
		return metaError(err)
	}
	e.mu.Lock()
	e.lastID = last
	e.mu.Unlock()
	return nil
}

// metaError gives the journal's errors the names of this contract.
func metaError(err error) error {
	switch {
	case errors.Is(err, journal.ErrClosed):
		return shardlog.ErrClosed
	case errors.Is(err, journal.ErrFailed):
		return fmt.Errorf("%w: %w", shardlog.ErrFailed, err)
	case errors.Is(err, journal.ErrNoSpace):
		return fmt.Errorf("%w: %w", shardlog.ErrNoSpace, err)
	}
	return err
}

func (e *Engine) Delete(ctx context.Context, id shardlog.ShardID) error {
	s, err := e.shard(id)
	if errors.Is(err, shardlog.ErrNoShard) {
		return nil
	}
	if err != nil {
		return err
	}
	s.meta.Lock()
	defer s.meta.Unlock()
	if s.isDeleted() {
		return nil
	}
	if err := e.journal.Commit(context.WithoutCancel(ctx), journal.Unset(shardKey(id))); err != nil {
		return metaError(err)
	}
	e.mu.Lock()
	delete(e.names, s.saved.Name)
	delete(e.shards, id)
	e.mu.Unlock()
	s.forget()
	e.kickKeeper()
	return nil
}

func (e *Engine) Trim(ctx context.Context, id shardlog.ShardID, below uint64) error {
	return e.changeMeta(ctx, id, func(s *shard, m *shardMeta) { m.Low = max(m.Low, min(below, s.bounds().Next)) })
}

func (e *Engine) SetRetention(ctx context.Context, id shardlog.ShardID, d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("segment: retention %v is negative", d)
	}
	// What has expired under the old retention does not come back under a longer one.
	if _, err := e.Bounds(id); err != nil {
		return err
	}
	return e.changeMeta(ctx, id, func(s *shard, m *shardMeta) {
		m.Low = max(m.Low, s.bounds().Low)
		m.Retention = d.Milliseconds()
		if d > 0 && m.Retention == 0 {
			m.Retention = 1
		}
	})
}

// changeMeta makes a change of a shard durable, then effective.
func (e *Engine) changeMeta(ctx context.Context, id shardlog.ShardID, change func(*shard, *shardMeta)) error {
	s, err := e.shard(id)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.meta.Lock()
	defer s.meta.Unlock()
	if s.isDeleted() {
		return shardlog.ErrNoShard
	}
	m := s.saved
	change(s, &m)
	if m == s.saved {
		return nil
	}
	if err := e.journal.Commit(context.WithoutCancel(ctx), journal.Set(shardKey(id), m)); err != nil {
		return metaError(err)
	}
	s.adopt(m)
	e.kickKeeper()
	return nil
}

func (e *Engine) Bounds(id shardlog.ShardID) (shardlog.Bounds, error) {
	s, err := e.shard(id)
	if err != nil {
		return shardlog.Bounds{}, err
	}
	if err := e.expire(s); err != nil {
		return shardlog.Bounds{}, err
	}
	return s.bounds(), nil
}

// shard finds an open shard.
func (e *Engine) shard(id shardlog.ShardID) (*shard, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return nil, shardlog.ErrClosed
	}
	s, ok := e.shards[id]
	if !ok {
		return nil, shardlog.ErrNoShard
	}
	return s, nil
}

func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		e.running.Wait()
		return nil
	}
	e.closed = true
	e.mu.Unlock()
	close(e.stopping)
	signal(e.wake)
	e.running.Wait()
	err := e.journal.Close()
	for _, g := range e.segments {
		err = errors.Join(err, g.close())
	}
	if e.prepared != nil {
		err = errors.Join(err, e.prepared.close())
	}
	return err
}

func (e *Engine) isClosed() bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.closed
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (e *Engine) kickKeeper() { signal(e.kick) }

// now is the clock in Unix milliseconds.
func (e *Engine) now() int64 { return e.o.Now().UnixMilli() }

func (e *Engine) path(name string) string { return path.Join(e.dir, name) }

// inactive returns the segments that are not active, oldest first.
func (e *Engine) inactive() []*segment {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if len(e.segments) == 0 {
		return nil
	}
	return slices.Clone(e.segments[:len(e.segments)-1])
}
