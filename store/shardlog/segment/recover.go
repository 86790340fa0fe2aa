package segment

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// Open opens the engine in dir, making it if it is not there. The folder is one process's own: the
// caller holds a lock on it (vfs.Lock).
//
// What an interrupted process leaves is put right: a torn last group is cut, a missing footer is
// made again, a half-made segment is removed. Damage is a *CorruptionError, and then no file has
// been changed.
func Open(fsys vfs.FS, dir string, o Options) (*Engine, error) {
	e := &Engine{
		fs: fsys, dir: dir, o: o.withDefaults(),
		names: map[string]*shard{}, shards: map[shardlog.ShardID]*shard{}, nextID: 1, lastID: 1,
		wake: make(chan struct{}, 1), kick: make(chan struct{}, 1), stopping: make(chan struct{}),
	}
	e.lists = newCache[listKey, []entry](e.o.CacheBytes / 4)
	e.frames = newCache[frameKey, coldFrame](e.o.CacheBytes - e.o.CacheBytes/4)
	active, err := e.recover()
	if err != nil {
		return nil, fmt.Errorf("open log %s: %w", dir, err)
	}
	c := &committer{e: e, active: active}
	e.running.Go(c.run)
	e.running.Go(e.keep)
	e.kickKeeper()
	return e, nil
}

// recover brings back the shards and their segments, and returns the one to go on with, if any.
func (e *Engine) recover() (active *segment, err error) {
	if err := e.fs.MkdirAll(e.dir); err != nil {
		return nil, err
	}
	if e.journal, err = journal.Open(e.fs, path.Join(e.dir, "shards")); err != nil {
		return nil, err
	}
	r := &recovery{e: e}
	if err = e.loadShards(); err == nil {
		if err = r.read(); err == nil {
			err = r.settle()
		}
	}
	if err != nil {
		for _, g := range r.segments {
			g.close()
		}
		e.journal.Close()
		return nil, err
	}
	for _, s := range e.shards {
		s.next = max(s.next, s.low)
	}
	return r.tail, nil
}

func (e *Engine) loadShards() error {
	last, ok, err := journal.Load[uint64](e.journal, idKey)
	if err != nil {
		return err
	}
	if ok {
		e.nextID, e.lastID = last, last
	}
	return journal.Each(e.journal, shardPrefix, func(key string, m shardMeta) error {
		var id shardlog.ShardID
		if _, err := fmt.Sscanf(strings.TrimPrefix(key, shardPrefix), "%016x", &id); err != nil {
			return fmt.Errorf("journal key %s: %w", key, err)
		}
		s := newShard(id, m)
		close(s.born)
		e.shards[id], e.names[m.Name] = s, s
		return nil
	})
}

// recovery reads first and changes files after.
type recovery struct {
	e        *Engine
	segments []*segment // opened
	stale    []string   // files to remove
	unsealed []*segment
	newest   *segment // whose footer was written last
	footer   []byte   // of newest
	tail     *segment
	found    scanned // in tail
}

// read opens all segments, finds the tail and rebuilds every shard's parts. It changes no file.
func (r *recovery) read() error {
	if err := r.open(); err != nil {
		return err
	}
	if err := r.findTail(); err != nil {
		return err
	}
	if r.tail == nil {
		return nil
	}
	old := r.segments[:len(r.segments)-1]
	if err := r.findNewest(old); err != nil {
		return err
	}
	for i, g := range old {
		if err := r.readOld(g, r.segments[i+1]); err != nil {
			return err
		}
	}
	return r.placeAll(r.tail, r.found.frames)
}

// open opens the segments and reads their headers. Files that another one covers, and half-made
// ones, are stale.
func (r *recovery) open() error {
	names, err := r.e.fs.List(r.e.dir)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, ext, ok := parseName(name)
		if ok && ext == tmpExt {
			r.stale = append(r.stale, r.e.path(name))
		}
		return !ok || ext == tmpExt
	})
	// The last segments may have been made and never used.
	for n := len(names); n > 0; n-- {
		info, err := r.e.fs.Stat(r.e.path(names[n-1]))
		if err != nil {
			return err
		}
		if info.Size() > headerSize {
			break
		}
		names = names[:n-1]
		r.stale = append(r.stale, r.e.path(info.Name()))
	}
	for _, name := range names {
		number, _, _ := parseName(name)
		g, err := r.openOne(r.e.path(name), number)
		if err != nil {
			return err
		}
		if n := len(r.segments); n > 0 && r.segments[n-1].last >= g.number {
			r.stale = append(r.stale, g.path)
			if err := g.close(); err != nil {
				return err
			}
			continue
		}
		r.segments = append(r.segments, g)
	}
	return nil
}

func (r *recovery) openOne(path string, number uint64) (*segment, error) {
	f, err := r.e.fs.Open(path)
	if err != nil {
		return nil, err
	}
	g := &segment{path: path, file: f}
	size, err := f.Size()
	if err != nil {
		f.Close()
		return nil, err
	}
	b := make([]byte, min(size, headerSize))
	if err := readFull(f, path, b, 0); err != nil {
		f.Close()
		return nil, err
	}
	h, bad := parseHeader(b)
	if bad == nil && h.number != number {
		bad = damage(8, "number of segment", h.number, number)
	}
	if bad != nil {
		f.Close()
		bad.File = path
		return nil, bad
	}
	g.header = h
	return g, nil
}

// findTail finds the last segment that holds a group and scans it. A later one whose first group is
// torn was never part of the log.
func (r *recovery) findTail() error {
	for len(r.segments) > 0 {
		n := len(r.segments) - 1
		g := r.segments[n]
		if _, _, err := r.e.readFooter(g); err == nil {
			return &CorruptionError{File: r.e.path(fileName(g.last+1, segmentExt)), Offset: headerSize,
				Reason: "the segment after a sealed one is missing or its first group is damaged", Got: "no group", Want: "at least one"}
		} else if bad := (*CorruptionError)(nil); !errors.As(err, &bad) {
			return err
		}
		found, err := r.scan(g, -1)
		if err != nil {
			return err
		}
		if len(found.frames) > 0 {
			r.tail, r.found = g, found
			return nil
		}
		r.stale = append(r.stale, g.path)
		r.segments = r.segments[:n]
		if err := g.close(); err != nil {
			return err
		}
	}
	return nil
}

// findNewest finds the segment that was sealed last. Footers are synced one by one in order, so its
// footer is the one that may be torn, though its ends look whole: its lists are read too.
func (r *recovery) findNewest(old []*segment) error {
	for _, g := range slices.Backward(old) {
		t, extents, err := r.e.readFooter(g)
		if err == nil {
			r.footer, err = r.e.readLists(g, t, extents)
		}
		if bad := (*CorruptionError)(nil); errors.As(err, &bad) {
			continue
		}
		if err == nil {
			r.newest = g
		}
		return err
	}
	return nil
}

// readOld takes in a segment that is not the tail: by its footer or, where that is missing or
// damaged, by its frames, which must be whole up to where the next segment says they end.
func (r *recovery) readOld(g, next *segment) error {
	t, extents, err := r.e.readFooter(g)
	if err == nil && (r.newest == nil || g.number > r.newest.number) {
		_, err = r.e.readLists(g, t, extents) // fails, or it were the newest
	}
	if err == nil {
		g.end.Store(t.end)
		g.sealed = true
		return r.placeExtents(g, extents)
	}
	if bad := (*CorruptionError)(nil); !errors.As(err, &bad) {
		return err
	}
	end := g.header.end
	if end == 0 {
		var eerr error
		if end, eerr = r.endBefore(g, next); eerr != nil {
			return eerr
		}
	}
	found, serr := r.scan(g, end)
	if serr != nil {
		return serr
	}
	r.e.o.Log.Warn("a footer is missing or damaged and was made again from the frames", "segment", g.path, "cause", err)
	g.end.Store(end)
	r.unsealed = append(r.unsealed, g)
	return r.placeAll(g, found.frames)
}

// placeExtents gives shards their part of a sealed segment. Those of deleted shards are garbage.
func (r *recovery) placeExtents(g *segment, extents []extent) error {
	for _, x := range extents {
		s, ok := r.e.shards[shardlog.ShardID(x.shard)]
		if !ok {
			continue
		}
		if err := s.joins(g, x.first, x.list); err != nil {
			return err
		}
		s.parts = append(s.parts, &part{seg: g, extent: x})
		s.next, s.lastTime = x.next, max(s.lastTime, x.lastTime)
		g.shards = append(g.shards, s)
	}
	return nil
}

// placeAll gives shards the frames of a scanned segment.
func (r *recovery) placeAll(g *segment, frames []frameAt) error {
	for _, f := range frames {
		s, ok := r.e.shards[shardlog.ShardID(f.shard)]
		if !ok || f.kind != kindRecords {
			continue
		}
		if err := s.joins(g, f.first, f.pos); err != nil {
			return err
		}
		lastTime := s.lastTime
		if s.place(g, entry{uint32(f.pos), uint32(f.length), f.first, f.time, f.count}) {
			g.shards = append(g.shards, s)
		}
		s.lastTime = max(s.lastTime, lastTime)
	}
	return nil
}

// joins checks that records at offset first follow what the shard has so far: only offsets below
// its low bound may be missing between.
func (s *shard) joins(g *segment, first uint64, pos int64) error {
	have := s.low
	if n := len(s.parts); n > 0 {
		have = s.parts[n-1].next
		if first >= have && first <= max(have, s.low) {
			return nil
		}
	} else if first <= have {
		return nil
	}
	return &CorruptionError{File: g.path, Offset: pos,
		Reason: fmt.Sprintf("records of shard %d (%s) are missing or there twice", s.id, s.saved.Name),
		Got:    fmt.Sprintf("offset %d", first), Want: fmt.Sprintf("offset %d", have)}
}

// settle makes the files what was read. A process may have died between a write and its sync, or
// after a sync that failed: then the system can show bytes that the disk does not have and that it
// no longer holds for unwritten. So the last group and the newest footer, the only pieces this can be
// true of, are written again and synced before anyone relies on them.
func (r *recovery) settle() error {
	e := r.e
	for _, path := range r.stale {
		if err := e.fs.Remove(path); err != nil {
			return err
		}
	}
	if err := e.fs.SyncDir(e.dir); err != nil {
		return err
	}
	e.segments, e.number = r.segments, 1
	if r.tail == nil {
		return nil
	}
	e.number = r.tail.last + 1
	g := r.tail
	if r.found.end < r.found.size {
		e.o.Log.Warn("cut a torn group that was never acknowledged", "segment", g.path, "offset", r.found.end, "bytes", r.found.size-r.found.end)
		if err := g.file.Truncate(r.found.end); err != nil {
			return err
		}
	}
	if _, err := g.file.WriteAt(r.found.lastGrp, r.found.group); err != nil {
		return err
	}
	if err := g.file.Sync(); err != nil {
		return err
	}
	g.end.Store(r.found.end)
	if g := r.newest; g != nil {
		if _, err := g.file.WriteAt(r.footer, g.end.Load()); err != nil {
			return err
		}
		if err := g.file.Sync(); err != nil {
			return err
		}
	}
	for _, g := range r.unsealed {
		if err := e.seal(g); err != nil {
			return err
		}
	}
	r.found, r.footer = scanned{}, nil
	return nil
}
