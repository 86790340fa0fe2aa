package segment

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"
)

// sweep frees the space of records that have expired: segments without a live record are deleted,
// runs of segments with few are rewritten into one.
func (e *Engine) sweep() error {
	var dead, run []*segment
	var runs [][]*segment
	var sum int64
	flush := func() {
		if e.worthRewriting(run, sum) {
			runs = append(runs, run)
		}
		run, sum = nil, 0
	}
	for _, g := range e.inactive() {
		if !g.sealed {
			flush()
			continue
		}
		live, err := e.live(g)
		if err != nil {
			return err
		}
		switch {
		case live == 0:
			dead = append(dead, g)
		case float64(live) >= e.o.RewriteBelow*float64(e.o.SegmentBytes):
			flush()
		default:
			if sum+live > e.o.SegmentBytes/2 {
				flush()
			}
			run, sum = append(run, g), sum+live
		}
	}
	flush()
	if err := e.drop(dead); err != nil {
		return err
	}
	for _, run := range runs {
		if err := e.rewrite(run); err != nil {
			return err
		}
	}
	return nil
}

// worthRewriting: several small pieces become one, or most of one is garbage.
func (e *Engine) worthRewriting(run []*segment, live int64) bool {
	switch len(run) {
	case 0:
		return false
	case 1:
		return float64(live) < e.o.RewriteBelow*float64(run[0].end.Load())
	}
	return e.o.RewriteBelow > 0
}

// live is about how many bytes of a segment belong to records that have not expired. 0: none.
func (e *Engine) live(g *segment) (bytes int64, err error) {
	for _, s := range g.shards {
		if err := e.expire(s); err != nil {
			return 0, err
		}
		s.mu.Lock()
		if p := s.partOf(g); p != nil && p.next > s.low {
			left := float64(p.next-max(p.first, s.low)) / float64(p.next-p.first)
			bytes += max(1, int64(left*float64(p.bytes)))
		}
		s.mu.Unlock()
	}
	return bytes, nil
}

// drop deletes segments no live record is in.
func (e *Engine) drop(dead []*segment) error {
	if len(dead) == 0 {
		return nil
	}
	if err := e.saveLow(shardsOf(dead)); err != nil {
		return err
	}
	var errs []error
	for _, g := range dead {
		for _, s := range g.shards {
			s.mu.Lock()
			s.parts = slices.DeleteFunc(slices.Clone(s.parts), func(p *part) bool { return p.seg == g })
			s.mu.Unlock()
		}
		e.retire(g)
		// A file that stays is found dead again at the next start.
		errs = append(errs, e.fs.Remove(g.path))
		e.count.dropped.Add(1)
		e.o.Log.Debug("dropped an expired segment", "segment", g.path)
	}
	return errors.Join(append(errs, e.fs.SyncDir(e.dir))...)
}

func shardsOf(segments []*segment) map[*shard]bool {
	shards := map[*shard]bool{}
	for _, g := range segments {
		for _, s := range g.shards {
			shards[s] = true
		}
	}
	return shards
}

// retire takes a segment out of use. Readers that still have it look again.
func (e *Engine) retire(g *segment) {
	e.mu.Lock()
	e.segments = slices.DeleteFunc(slices.Clone(e.segments), func(o *segment) bool { return o == g })
	e.mu.Unlock()
	if err := g.close(); err != nil {
		e.o.Log.Warn("close", "segment", g.path, "cause", err)
	}
	e.frames.drop(func(k frameKey) bool { return k.seg == g })
	e.lists.drop(func(k listKey) bool { return k.seg == g })
}

// rewrite copies the live frames of neighbouring segments into one that takes the place of the
// first. The new file says which numbers it stands for; it is whole and synced before it gets its
// name, and the others are deleted after: a crash between leaves files that recovery knows for
// covered.
func (e *Engine) rewrite(run []*segment) error {
	shards := shardsOf(run)
	w, err := e.newRewriter(run)
	if err != nil {
		return err
	}
	if err = w.copyLive(); err == nil {
		err = w.finish()
	}
	if err == nil { // what was left out lies below the bounds as they are now
		err = e.saveLow(shards)
	}
	if err != nil {
		w.out.file.Close()
		e.fs.Remove(w.tmp)
		return fmt.Errorf("rewrite %s: %w", run[0].path, err)
	}
	if err := e.fs.Rename(w.tmp, w.out.path); err != nil {
		w.out.file.Close()
		return err
	}
	if err := e.fs.SyncDir(e.dir); err != nil {
		// Which of the two files has the name is unknown.
		return e.fail(err)
	}
	w.swap(run, shards)
	var errs []error
	for i, g := range run {
		e.retire(g)
		if i > 0 {
			errs = append(errs, e.fs.Remove(g.path))
		}
	}
	e.count.rewritten.Add(uint64(len(run)))
	e.o.Log.Debug("rewrote sparse segments", "segments", len(run), "into", w.out.path)
	return errors.Join(append(errs, e.fs.SyncDir(e.dir))...)
}

type rewriter struct {
	e     *Engine
	out   *segment
	tmp   string
	parts map[*shard]*part
	src   []source
}

// source is one live frame to copy.
type source struct {
	seg   *segment
	shard *shard
	at    entry
}

func (e *Engine) newRewriter(run []*segment) (*rewriter, error) {
	first, last := run[0], run[len(run)-1]
	w := &rewriter{e: e, tmp: e.path(fileName(first.number, tmpExt)), parts: map[*shard]*part{}}
	f, err := e.fs.Create(w.tmp)
	if err != nil {
		return nil, err
	}
	w.out = &segment{
		header: header{number: first.number, last: last.last, salt: newSalt()},
		path:   first.path, file: f, sealed: true,
	}
	w.out.end.Store(headerSize)
	for _, g := range run {
		if err := w.list(g); err != nil {
			f.Close()
			return nil, err
		}
	}
	return w, nil
}

// list finds the live frames of a segment, in the order they lie there.
func (w *rewriter) list(g *segment) error {
	from := len(w.src)
	for _, s := range g.shards {
		s.mu.Lock()
		p, low := s.partOf(g), s.low
		var c part
		if p != nil {
			c = *p
		}
		s.mu.Unlock()
		if p == nil || c.next <= low {
			continue
		}
		list, err := w.e.listOf(&c)
		if err != nil {
			return err
		}
		for _, at := range list[findEntry(list, low):] {
			w.src = append(w.src, source{g, s, at})
		}
	}
	slices.SortFunc(w.src[from:], func(a, b source) int { return cmp.Compare(a.at.pos, b.at.pos) })
	return nil
}

func (w *rewriter) copyLive() error {
	var buf []byte
	put := func() error {
		_, err := w.out.file.WriteAt(buf, w.out.end.Load())
		w.out.end.Add(int64(len(buf)))
		buf = buf[:0]
		return err
	}
	for _, src := range w.src {
		from := len(buf)
		buf = append(buf, make([]byte, src.at.length)...)
		b := buf[from:]
		pos := int64(src.at.pos)
		if err := src.seg.readAt(b, pos); err != nil {
			return err
		}
		f, bad := parseFrame(b, src.seg.salt, pos)
		if bad != nil { // damage is never copied under a fresh checksum
			bad.File = src.seg.path
			return bad
		}
		f.back = 0
		at := src.at
		to := w.out.end.Load() + int64(from)
		at.pos = uint32(to)
		finishFrame(b, f, w.out.salt, to)
		p := w.parts[src.shard]
		if p == nil {
			p = &part{seg: w.out, extent: extent{shard: uint64(src.shard.id)}}
			w.parts[src.shard] = p
			w.out.shards = append(w.out.shards, src.shard)
		}
		p.add(at)
		p.index = append(p.index, at)
		if len(buf) >= 4<<20 {
			if err := put(); err != nil {
				return err
			}
		}
	}
	return put()
}

// finish writes footer and header and syncs the whole.
func (w *rewriter) finish() error {
	slices.SortFunc(w.out.shards, func(a, b *shard) int { return cmp.Compare(a.id, b.id) })
	var extents []extent
	var lists [][]entry
	for _, s := range w.out.shards {
		extents = append(extents, w.parts[s].extent)
		lists = append(lists, w.parts[s].index)
	}
	w.out.header.end = w.out.end.Load()
	footer := appendFooter(nil, w.out.header, w.out.header.end, extents, lists)
	for i, s := range w.out.shards {
		w.parts[s].extent, w.parts[s].index = extents[i], nil
	}
	if _, err := w.out.file.WriteAt(footer, w.out.header.end); err != nil {
		return err
	}
	if _, err := w.out.file.WriteAt(w.out.header.append(nil), 0); err != nil {
		return err
	}
	return w.out.file.Sync()
}

// swap shows the new segment to readers in place of the old ones.
func (w *rewriter) swap(run []*segment, shards map[*shard]bool) {
	old := map[*segment]bool{}
	for _, g := range run {
		old[g] = true
	}
	for s := range shards {
		s.mu.Lock()
		if !s.deleted {
			parts := slices.DeleteFunc(slices.Clone(s.parts), func(p *part) bool { return old[p.seg] })
			if p := w.parts[s]; p != nil {
				i := sort.Search(len(parts), func(i int) bool { return parts[i].seg.number > w.out.number })
				parts = slices.Insert(parts, i, p)
			}
			s.parts = parts
		}
		s.mu.Unlock()
	}
	w.e.mu.Lock()
	i := sort.Search(len(w.e.segments), func(i int) bool { return w.e.segments[i].number > w.out.number })
	w.e.segments = slices.Insert(slices.Clone(w.e.segments), i, w.out)
	w.e.mu.Unlock()
}
