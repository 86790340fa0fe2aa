package segment

import (
	"context"
	"errors"
	"slices"
	"sort"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

func (e *Engine) Read(ctx context.Context, id shardlog.ShardID, from uint64, limit shardlog.Limit) (shardlog.Page, error) {
	s, err := e.shard(id)
	if err != nil {
		return shardlog.Page{}, err
	}
	p := pager{limit: limit, page: shardlog.Page{Next: from}}
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return shardlog.Page{}, err
		}
		more, err = e.readMore(s, &p)
		switch {
		case err == nil:
		case errors.Is(err, errGone): // the segment went while it was read: look again
			if e.isClosed() {
				return shardlog.Page{}, shardlog.ErrClosed
			}
			more = true
		case len(p.page.Records) > 0 && errors.Is(err, shardlog.ErrTrimmed):
			more = false
		default:
			return shardlog.Page{}, err
		}
	}
	return p.page, nil
}

// readMore adds what lies next: all that is in memory, or one frame from a file. more: there may be
// yet more to add.
func (e *Engine) readMore(s *shard, p *pager) (more bool, err error) {
	if err := e.expire(s); err != nil {
		return false, err
	}
	at := p.page.Next
	s.mu.Lock()
	switch {
	case s.deleted:
		s.mu.Unlock()
		return false, shardlog.ErrNoShard
	case at < s.low:
		s.mu.Unlock()
		return false, shardlog.ErrTrimmed
	case at >= s.next:
		s.mu.Unlock()
		return false, nil
	case len(s.hot) > 0 && s.hot[0].first <= at:
		i := sort.Search(len(s.hot), func(i int) bool { return s.hot[i].next() > at })
		frames := s.hot[i:len(s.hot):len(s.hot)] // never written again: a snapshot
		s.mu.Unlock()
		for _, h := range frames {
			if !p.add(h.records) {
				return false, nil
			}
		}
		return false, nil
	}
	part := *s.parts[s.find(at)]
	s.mu.Unlock()
	list, err := e.listOf(&part)
	if err != nil {
		return false, err
	}
	records, err := e.frameRecords(part.seg, list[findEntry(list, at)])
	if err != nil {
		return false, err
	}
	return p.add(records), nil
}

// pager fills a page up to a limit.
type pager struct {
	limit shardlog.Limit
	page  shardlog.Page
	bytes int
}

// add appends the records of one frame from Next on, and tells whether more may follow. The first
// records are not copied.
func (p *pager) add(records []hydrant.Record) bool {
	p.page.Next = max(p.page.Next, records[0].Offset) // offsets may have gaps
	i := int(p.page.Next - records[0].Offset)
	n := i
	for ; n < len(records); n++ {
		size := records[n].Size()
		have := len(p.page.Records) + n - i
		if p.limit.Records > 0 && have >= p.limit.Records ||
			p.limit.Bytes > 0 && have > 0 && p.bytes+size > p.limit.Bytes {
			break
		}
		p.bytes += size
	}
	if n > i {
		if p.page.Records == nil {
			p.page.Records = records[i:n:n]
		} else {
			p.page.Records = append(p.page.Records, records[i:n]...)
		}
		p.page.Next = records[n-1].Offset + 1
	}
	return n == len(records)
}

// expire moves a shard's low bound past what retention no longer covers.
func (e *Engine) expire(s *shard) error {
	for {
		s.mu.Lock()
		if s.retention == 0 {
			s.mu.Unlock()
			return nil
		}
		need := s.expire(e.now() - s.retention)
		if need == nil {
			s.mu.Unlock()
			return nil
		}
		part := *need
		s.mu.Unlock()
		list, err := e.listOf(&part)
		if errors.Is(err, errGone) && !e.isClosed() {
			continue
		}
		if errors.Is(err, errGone) {
			return shardlog.ErrClosed
		}
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.oldest = loaded{part.seg, list}
		s.mu.Unlock()
	}
}

type listKey struct {
	seg   *segment
	shard uint64
}

type frameKey struct {
	seg *segment
	pos uint32
}

// listOf returns the list of a part's frames.
func (e *Engine) listOf(p *part) ([]entry, error) {
	if p.index != nil {
		return p.index, nil
	}
	key := listKey{p.seg, p.shard}
	if list, ok := e.lists.get(key); ok {
		return list, nil
	}
	b := make([]byte, int(p.frames)*entrySize)
	if err := p.seg.readAt(b, p.list); err != nil {
		return nil, err
	}
	if got := crcAt(p.seg.salt, p.list, b); got != p.crc {
		err := badCRC(p.list, got, p.crc)
		err.File = p.seg.path
		return nil, err
	}
	list := parseList(b)
	e.lists.put(key, list, int64(len(list))*32)
	return list, nil
}

// coldFrame is a frame read from a file.
type coldFrame []hydrant.Record

// frameRecords returns the records of a frame in a file.
func (e *Engine) frameRecords(g *segment, at entry) (coldFrame, error) {
	key := frameKey{g, at.pos}
	if f, ok := e.frames.get(key); ok {
		return f, nil
	}
	b := make([]byte, at.length)
	pos := int64(at.pos)
	if err := g.readAt(b, pos); err != nil {
		return nil, err
	}
	f, bad := parseFrame(b, g.salt, pos)
	if bad == nil && (f.first != at.first || f.count != at.count || f.length != len(b)) {
		bad = damage(pos, "frame is not the one indexed", f.first, at.first)
	}
	var records coldFrame
	if bad == nil {
		records, bad = parseRecords(f, b[frameSize:], pos)
	}
	if bad != nil {
		bad.File = g.path
		return nil, bad
	}
	e.frames.put(key, records, int64(len(b))+int64(len(records))*recordOverhead)
	return records, nil
}

func (e *Engine) Wait(ctx context.Context, id shardlog.ShardID, from uint64) error {
	s, err := e.shard(id)
	if err != nil {
		return err
	}
	for {
		s.mu.Lock()
		if s.deleted {
			s.mu.Unlock()
			return shardlog.ErrNoShard
		}
		if s.next > from && s.next > s.low {
			s.mu.Unlock()
			return nil
		}
		if s.wake == nil {
			s.wake = make(chan struct{})
		}
		wake := s.wake
		s.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		case <-e.stopping:
			return shardlog.ErrClosed
		}
	}
}

func (e *Engine) Seek(ctx context.Context, id shardlog.ShardID, t int64) (uint64, error) {
	s, err := e.shard(id)
	if err != nil {
		return 0, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		offset, err := e.seek(s, t)
		if !errors.Is(err, errGone) {
			return offset, err
		}
		if e.isClosed() {
			return 0, shardlog.ErrClosed
		}
	}
}

func (e *Engine) seek(s *shard, t int64) (uint64, error) {
	if err := e.expire(s); err != nil {
		return 0, err
	}
	s.mu.Lock()
	if s.deleted {
		s.mu.Unlock()
		return 0, shardlog.ErrNoShard
	}
	low, next := s.low, s.next
	i, _ := slices.BinarySearchFunc(s.parts, t, func(p *part, t int64) int {
		if p.lastTime < t {
			return -1
		}
		return 1
	})
	if i == len(s.parts) {
		s.mu.Unlock()
		return next, nil
	}
	part := *s.parts[i]
	s.mu.Unlock()
	if part.firstTime >= t {
		return max(low, part.first), nil
	}
	list, err := e.listOf(&part)
	if err != nil {
		return 0, err
	}
	k := sort.Search(len(list), func(k int) bool { return list[k].time >= t })
	return max(low, list[k].first), nil
}
