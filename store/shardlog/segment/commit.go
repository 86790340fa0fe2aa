package segment

import (
	"errors"
	"fmt"
	"time"

	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// maxGroup is how many bytes of waiting appends the committer takes at once, if more than one waits.
const maxGroup = 64 << 20

// committer writes groups. All its fields are its goroutine's own.
type committer struct {
	e      *Engine
	active *segment // nil before the first group of an empty engine
	spare  *segment // to be active next: a first group could not be written to it
	frames []outFrame
	hots   []*hot // of the frame at hand
	buf    []byte
	tail   tail
	dirty  bool // groups were written since the last closed frame
}

// outFrame is a frame in the making.
type outFrame struct {
	shard  *shard
	first  uint64
	time   int64
	count  int
	size   int
	pieces []*piece
	at     int // in buf
}

// run commits until the engine is closed and the queue is empty.
func (c *committer) run() {
	for {
		group, closed := c.take()
		switch {
		case len(group) > 0:
			err := c.commit(group)
			for _, p := range group {
				p.done <- err
			}
		case closed:
			c.finish()
			return
		default:
			<-c.e.wake
		}
	}
}

// take removes what waits from the queue, up to maxGroup bytes.
func (c *committer) take() (group []*pending, closed bool) {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	n, bytes := 0, 0
	for n < len(c.e.queue) && (n == 0 || bytes+c.e.queue[n].bytes <= maxGroup) {
		bytes += c.e.queue[n].bytes
		n++
	}
	group, c.e.queue = c.e.queue[:n:n], c.e.queue[n:]
	if len(c.e.queue) == 0 {
		c.e.queue = nil
	}
	return group, c.e.closed
}

// commit makes a group of appends durable, then visible.
func (c *committer) commit(group []*pending) error {
	c.e.mu.RLock()
	failed := c.e.failed
	c.e.mu.RUnlock()
	if failed != nil {
		return failed
	}
	size := c.plan(group)
	full, err := c.makeRoom(size)
	if err != nil {
		return err
	}
	g, pos := c.active, c.active.end.Load()
	c.buf = c.buf[:0]
	if pos == headerSize {
		c.begin(full)
	}
	c.encode(pos)
	if err := c.write(g, pos); err != nil {
		if full != nil { // the group before stays the last; its segment stays active
			c.active, c.spare = full, g
		}
		return err
	}
	c.e.count.calls.add(uint64(len(group)))
	c.e.count.volume.add(uint64(len(c.buf)))
	c.publish(g, pos)
	if full != nil || pos == headerSize {
		c.e.rolledOver(full, g)
	}
	if half := c.e.o.SegmentBytes / 2; pos < half && g.end.Load() >= half {
		c.e.kickKeeper()
	}
	if cap(c.buf) > 16<<20 {
		c.buf = nil
	}
	return nil
}

// plan assigns offsets and times and sorts the group's pieces into frames, one per shard unless
// that would be too large. It returns the bytes they take.
func (c *committer) plan(group []*pending) (size int) {
	c.frames = c.frames[:0]
	now := c.e.now()
	for _, p := range group {
		for i := range p.pieces {
			pc := &p.pieces[i]
			s := pc.shard
			var f *outFrame
			if s.slot > 0 {
				f = &c.frames[s.slot-1]
			}
			if f == nil || f.size+len(pc.body) > maxFrame {
				first, t := s.next, max(now, s.lastTime)
				if f != nil {
					first, t = f.first+uint64(f.count), f.time
				}
				c.frames = append(c.frames, outFrame{shard: s, first: first, time: t, size: frameSize})
				s.slot = len(c.frames)
				f = &c.frames[s.slot-1]
				size += frameSize
			}
			pc.first, pc.time = f.first+uint64(f.count), f.time
			f.count += pc.count
			f.size += len(pc.body)
			f.pieces = append(f.pieces, pc)
			size += len(pc.body)
		}
	}
	for i := range c.frames {
		c.frames[i].shard.slot = 0
	}
	return size
}

// makeRoom makes a segment active that has room for a group. It returns the one it takes over from,
// if any.
func (c *committer) makeRoom(size int) (full *segment, err error) {
	if c.active != nil {
		if end := c.active.end.Load(); end == headerSize || end+int64(size) <= c.e.o.SegmentBytes {
			return nil, nil
		}
	}
	g, err := c.spare, error(nil)
	if c.spare = nil; g == nil {
		g, err = c.e.takePrepared()
	}
	if err != nil {
		if isFull(err) {
			return nil, fmt.Errorf("%w: no room for a new segment; free space, or shorten retention, and appends go on: %w", shardlog.ErrNoSpace, err)
		}
		return nil, c.e.fail(err)
	}
	full, c.active = c.active, g
	return full, nil
}

// begin starts the first group of a segment with a frame that says where the one before ends.
func (c *committer) begin(before *segment) {
	f := frame{kind: kindBegin}
	if before != nil {
		f.shard, f.first = before.last, uint64(before.end.Load())
	}
	c.buf = append(c.buf, make([]byte, frameSize)...)
	finishFrame(c.buf, f, c.active.salt, headerSize)
}

// encode appends the planned frames to buf, which is to be written at pos.
func (c *committer) encode(pos int64) {
	for i := range c.frames {
		f := &c.frames[i]
		f.at = len(c.buf)
		c.buf = append(c.buf, make([]byte, frameSize)...)
		for _, pc := range f.pieces {
			c.buf = append(c.buf, pc.body...)
		}
		finishFrame(c.buf[f.at:], frame{
			kind: kindRecords, back: uint32(f.at), shard: uint64(f.shard.id),
			first: f.first, time: f.time, count: uint32(f.count),
		}, c.active.salt, pos+int64(f.at))
	}
}

// write puts buf at pos and returns when it survives power loss.
func (c *committer) write(g *segment, pos int64) error {
	if _, err := g.file.WriteAt(c.buf, pos); err != nil {
		return c.undo(g, pos, err)
	}
	start := time.Now()
	err := g.file.Sync()
	c.e.count.syncs.Add(1)
	c.e.count.syncNanos.Add(uint64(time.Since(start)))
	if err != nil {
		return c.e.fail(fmt.Errorf("sync %s: %w", g.path, err))
	}
	g.end.Store(pos + int64(len(c.buf)))
	c.e.count.groups.Add(1)
	c.e.count.bytes.Add(uint64(len(c.buf)))
	c.dirty = true
	return nil
}

// undo takes back a write that ran out of space, so that appends can go on when there is room
// again. It is safe because no sync has been asked for since the write: cutting the file drops the
// pages that could not be stored, all before was synced and is untouched, and the sync and the size
// that follow prove it. A full disk that a sync reports is different (the system may have marked
// pages clean that never reached the disk), as is every other error: those end in fail.
func (c *committer) undo(g *segment, pos int64, cause error) error {
	cause = fmt.Errorf("write %s: %w", g.path, cause)
	if !isFull(cause) {
		return c.e.fail(cause)
	}
	if err := g.file.Truncate(pos); err != nil {
		return c.e.fail(errors.Join(cause, err))
	}
	if err := g.file.Sync(); err != nil {
		return c.e.fail(errors.Join(cause, err))
	}
	if n, err := g.file.Size(); err != nil || n != pos {
		return c.e.fail(errors.Join(cause, err))
	}
	return fmt.Errorf("%w: nothing of this append was kept; free space, or shorten retention, and appends go on: %w", shardlog.ErrNoSpace, cause)
}

// fail ends writing for good.
func (e *Engine) fail(cause error) error {
	err := fmt.Errorf("%w: what was acknowledged is safe; check the disk, then restart: %w", shardlog.ErrFailed, cause)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failed == nil {
		e.failed = err
		e.o.Log.Error("the log takes no more writes", "dir", e.dir, "cause", cause, "hint", "check the disk, then restart")
	}
	return e.failed
}

// publish makes the written frames visible to readers, shard by shard.
func (c *committer) publish(g *segment, pos int64) {
	records := 0
	for i := range c.frames {
		f := &c.frames[i]
		e := entry{pos: uint32(pos + int64(f.at)), length: uint32(f.size), first: f.first, time: f.time, count: uint32(f.count)}
		c.hots = c.hots[:0]
		for _, pc := range f.pieces { // each of its own, so that none keeps another in memory
			c.hots = append(c.hots, &hot{first: pc.first, time: pc.time, count: pc.count, body: pc.body})
		}
		wanted, first := f.shard.publish(g, e, c.hots)
		if first {
			g.shards = append(g.shards, f.shard)
		}
		if wanted {
			for _, h := range c.hots {
				c.tail.push(c.e, f.shard, h)
			}
		}
		records += f.count
		clear(f.pieces)
		clear(c.hots)
	}
	c.tail.shrink(c.e)
	c.e.count.frames.Add(uint64(len(c.frames)))
	c.e.count.records.Add(uint64(records))
	clear(c.frames)
}

// finish marks a clean end, so that damage to the last group is not taken for a torn write.
func (c *committer) finish() {
	c.e.mu.RLock()
	failed := c.e.failed
	c.e.mu.RUnlock()
	if c.spare != nil {
		c.spare.close()
	}
	g := c.active
	if g != nil && g.end.Load() == headerSize { // it never came to hold a group
		g.close()
		return
	}
	if failed != nil || !c.dirty {
		return
	}
	pos := g.end.Load()
	c.buf = append(c.buf[:0], make([]byte, frameSize)...)
	finishFrame(c.buf, frame{kind: kindClosed, time: c.e.now()}, g.salt, pos)
	if err := c.write(g, pos); err != nil {
		c.e.o.Log.Warn("no clean end", "segment", g.path, "cause", err)
	}
}

// tail is the order in which frames came to memory.
type tail struct {
	queue []tailFrame
	gone  int // of queue's beginning
}

type tailFrame struct {
	shard *shard
	hot   *hot
}

// hotOverhead is about what a piece costs in memory beside its bytes.
const hotOverhead = 128

func (h *hot) cost() int64 { return int64(len(h.body)) + hotOverhead }

func (t *tail) push(e *Engine, s *shard, h *hot) {
	t.queue = append(t.queue, tailFrame{s, h})
	e.count.tail.Add(h.cost())
}

// shrink lets go of the oldest frames until the rest fits.
func (t *tail) shrink(e *Engine) {
	for e.count.tail.Load() > e.o.TailBytes && t.gone < len(t.queue) {
		f := t.queue[t.gone]
		t.queue[t.gone] = tailFrame{}
		t.gone++
		f.shard.cool(f.hot)
		e.count.tail.Add(-f.hot.cost())
	}
	if t.gone > len(t.queue)/2 {
		t.queue = append(t.queue[:0], t.queue[t.gone:]...)
		clear(t.queue[len(t.queue):cap(t.queue)])
		t.gone = 0
	}
}
