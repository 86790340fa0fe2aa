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
	if len(p.chunks) > 0 {
		chunks := p.chunks
		p.page = p.page.Freed(func() {
			for _, c := range chunks {
				e.chunks.Put(c)
			}
			chunks = nil // a copy of the page may be freed too
		})
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
		p.expect(frames)
		for _, h := range frames {
			if !p.addHot(h) {
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
	i := findEntry(list, at)
	// A frame that the page takes whole goes straight into it, and into no cache: this reader will not
	// ask for it again.
	if p.takesWhole(list[i]) {
		if i+1 < len(list) && cap(p.page.Records) == 0 {
			p.reserve(int(part.next-list[i].first), list[i].size()/int(list[i].count))
		}
		records, err := e.readFrame(p.page.Records, e.room(p, int(list[i].length)), part.seg, list[i], &p.keys)
		if err != nil {
			return false, err
		}
		p.page.Records, p.page.Next = records, list[i].next()
		p.bytes += list[i].size()
		return true, nil
	}
	records, err := e.frameRecords(part.seg, list[i])
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
	keys  keys

	// chunks are memory for frames that comes from the engine's pool; left is what the last one has.
	chunks []*[chunkSize]byte
	left   []byte
}

// chunkSize is a piece of memory for frames read from files. Pages that are freed pass it on, so that a
// reader through old records touches the same memory again and again.
const chunkSize = 1 << 20

// room is memory for a frame that goes into a page whole.
func (e *Engine) room(p *pager, n int) []byte {
	if !p.limit.Reuse || n > chunkSize/2 {
		return make([]byte, n)
	}
	if len(p.left) < n {
		c, ok := e.chunks.Get().(*[chunkSize]byte)
		if !ok {
			c = new([chunkSize]byte)
		}
		p.chunks, p.left = append(p.chunks, c), c[:]
	}
	b := p.left[:n:n]
	p.left = p.left[n:]
	return b
}

// reserve makes room for what a page will hold of that many records more, each of about size bytes.
func (p *pager) reserve(records, size int) {
	if p.limit.Records > 0 {
		records = min(records, p.limit.Records-len(p.page.Records))
	}
	if p.limit.Bytes > 0 {
		records = min(records, (p.limit.Bytes-p.bytes)/max(size, 1)+1)
	}
	p.page.Records = slices.Grow(p.page.Records, max(records, 0))
}

// expect makes room for pieces that are to be added.
func (p *pager) expect(pieces []*hot) {
	count, size := 0, 0
	for _, h := range pieces {
		count += h.count
		size += len(h.body)
		if p.limit.Records > 0 && count >= p.limit.Records || p.limit.Bytes > 0 && size >= p.limit.Bytes {
			break
		}
	}
	p.reserve(count, size/count-recordSize)
}

// takesWhole reports whether a page that has come to the beginning of a frame has room for all of it.
func (p *pager) takesWhole(at entry) bool {
	return at.first >= p.page.Next &&
		(p.limit.Records == 0 || len(p.page.Records)+int(at.count) <= p.limit.Records) &&
		(p.limit.Bytes == 0 || p.bytes+at.size() <= p.limit.Bytes)
}

// size is what the records of a frame count for against a limit.
func (e entry) size() int { return int(e.length) - frameSize - int(e.count)*recordSize }

// addHot appends the records of a piece in memory from Next on, and tells whether more may follow.
func (p *pager) addHot(h *hot) bool {
	p.page.Next = max(p.page.Next, h.first) // offsets may have gaps
	body, offset := h.body, h.first
	for ; offset < p.page.Next; offset++ {
		body = body[recordSize+int(le.Uint32(body))+int(le.Uint32(body[4:])):]
	}
	for len(body) > 0 {
		size := int(le.Uint32(body)) + int(le.Uint32(body[4:]))
		if !p.takes(size) {
			return false
		}
		var r hydrant.Record
		r, body = cutRecord(body, &p.keys)
		r.Offset, r.Arrival = offset, h.time
		p.page.Records = append(p.page.Records, r)
		p.bytes += size
		offset++
		p.page.Next = offset
	}
	return true
}

// takes reports whether one more record of that size is within the limits.
func (p *pager) takes(size int) bool {
	n := len(p.page.Records)
	return (p.limit.Records == 0 || n < p.limit.Records) && (p.limit.Bytes == 0 || n == 0 || p.bytes+size <= p.limit.Bytes)
}

// recordOverhead is about what a decoded record costs in memory beside its bytes.
const recordOverhead = 72

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
		if cap(p.page.Records) == 0 {
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
	records, err := e.readFrame(nil, make([]byte, at.length), g, at, new(keys))
	if err != nil {
		return nil, err
	}
	e.frames.put(key, records, int64(at.length)+int64(len(records))*recordOverhead)
	return records, nil
}

// readFrame appends the records of a frame in a file, read into b, which is of its length.
func (e *Engine) readFrame(dst []hydrant.Record, b []byte, g *segment, at entry, keys *keys) ([]hydrant.Record, error) {
	pos := int64(at.pos)
	if err := g.readAt(b, pos); err != nil {
		return nil, err
	}
	f, bad := parseFrame(b, g.salt, pos)
	if bad == nil && (f.first != at.first || f.count != at.count || f.length != len(b)) {
		bad = damage(pos, "frame is not the one indexed", f.first, at.first)
	}
	if bad == nil {
		dst, bad = appendRecords(dst, f, b[frameSize:], pos, keys)
	}
	if bad != nil {
		bad.File = g.path
		return nil, bad
	}
	return dst, nil
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
