package segment

import (
	"sort"
	"sync"

	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// shard is one append-only sequence of records.
type shard struct {
	id   shardlog.ShardID
	born chan struct{} // closed when the shard is in the journal, or could not be put there

	// meta is held while a change of saved is made durable.
	meta  sync.Mutex
	saved shardMeta // what the journal holds

	// mu guards what follows. It is held for moments only, never over a call of the file system.
	mu        sync.Mutex
	deleted   bool
	retention int64 // ms
	low, next uint64
	lastTime  int64
	fresh     int64         // every live record has arrived at or after this
	parts     []*part       // where the records are, oldest first
	hot       []*hot        // the newest of them in memory, oldest first, up to next
	shed      int           // hot pieces let go of that hot's array still has room for
	oldest    loaded        // the list of frames in which low lies, when expiry needed it
	wake      chan struct{} // closed at the next append; nil: nobody waits

	slot int // of the committer: 1 + the shard's frame in the group at hand
}

// part is a shard's share of one segment. Guarded by shard.mu; readers work on a copy.
type part struct {
	seg *segment
	extent
	index []entry // nil once the segment is sealed: then extent.list says where it is
}

// hot is what one call appended, in memory, encoded as it is in a file. Only its readers and the tail
// refer to it.
type hot struct {
	first uint64
	time  int64
	count int
	body  []byte
}

func (h *hot) next() uint64 { return h.first + uint64(h.count) }

// loaded is a list of frames read from a sealed segment.
type loaded struct {
	seg  *segment
	list []entry
}

func newShard(id shardlog.ShardID, m shardMeta) *shard {
	return &shard{id: id, born: make(chan struct{}), saved: m, retention: m.Retention, low: m.Low, next: m.Low, lastTime: m.Time}
}

func (s *shard) isDeleted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deleted
}

func (s *shard) bounds() shardlog.Bounds {
	s.mu.Lock()
	defer s.mu.Unlock()
	return shardlog.Bounds{Low: s.low, Next: s.next}
}

// adopt makes saved values effective. The caller holds meta.
func (s *shard) adopt(m shardMeta) {
	s.saved = m
	s.mu.Lock()
	defer s.mu.Unlock()
	s.low = max(s.low, m.Low)
	s.retention = m.Retention
}

// forget lets go of a deleted shard's records.
func (s *shard) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deleted = true
	s.parts, s.hot, s.oldest = nil, nil, loaded{}
	s.wakeUp()
}

// wakeUp is called with mu held.
func (s *shard) wakeUp() {
	if s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
}

// publish makes a frame that is on disk visible. It tells whether the shard still wants it. first
// reports that the shard had nothing in the segment before.
func (s *shard) publish(g *segment, e entry, hots []*hot) (wanted, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deleted {
		return false, false
	}
	first = s.place(g, e)
	s.hot = append(s.hot, hots...)
	s.wakeUp()
	return true, first
}

// place records where a frame lies. The caller holds mu, or is the only one to know the shard.
func (s *shard) place(g *segment, e entry) (first bool) {
	n := len(s.parts)
	if first = n == 0 || s.parts[n-1].seg != g; first {
		s.parts = append(s.parts, &part{seg: g, extent: extent{shard: uint64(s.id)}})
		n++
	}
	p := s.parts[n-1]
	p.add(e)
	p.index = append(p.index, e)
	s.next, s.lastTime = e.next(), e.time
	return first
}

// cool lets go of the oldest piece in memory, if it is h.
func (s *shard) cool(h *hot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.hot) == 0 || s.hot[0] != h {
		return
	}
	s.hot = s.hot[1:]
	s.shed++
	// The array before the slice still refers to what was let go of, and cannot be cleared: readers have
	// snapshots of it. So it is left behind before a shard keeps an eighth more than the tail allows it.
	if s.shed > len(s.hot)/8 {
		s.hot, s.shed = append([]*hot(nil), s.hot...), 0
	}
}

// partOf returns the shard's share of a segment, or nil. The caller holds mu.
func (s *shard) partOf(g *segment) *part {
	i := sort.Search(len(s.parts), func(i int) bool { return s.parts[i].seg.number >= g.number })
	if i < len(s.parts) && s.parts[i].seg == g {
		return s.parts[i]
	}
	return nil
}

// expire moves low past all records that arrived before cutoff. Where it needs a list of frames
// that is not in memory it returns the part to load it for, and is to be called again. The caller
// holds mu.
func (s *shard) expire(cutoff int64) (need *part) {
	if s.retention == 0 || cutoff <= s.fresh {
		return nil
	}
	for i := s.find(s.low); i < len(s.parts); i++ {
		p := s.parts[i]
		if p.lastTime < cutoff {
			s.low = max(s.low, p.next)
			continue
		}
		s.fresh = p.firstTime
		if p.firstTime >= cutoff {
			return nil
		}
		list := p.index
		if list == nil && s.oldest.seg == p.seg {
			list = s.oldest.list
		}
		if list == nil {
			s.fresh = 0
			return p
		}
		k := sort.Search(len(list), func(k int) bool { return list[k].time >= cutoff })
		s.low, s.fresh = max(s.low, list[k].first), list[k].time // k is in range: lastTime is not before cutoff
		return nil
	}
	s.oldest = loaded{}
	s.fresh = s.lastTime
	return nil
}

// find returns the index of the part that holds an offset, or of the first one after. The caller
// holds mu.
func (s *shard) find(offset uint64) int {
	return sort.Search(len(s.parts), func(i int) bool { return s.parts[i].next > offset })
}

// findEntry returns the index of the frame that holds an offset, or of the first one after.
func findEntry(list []entry, offset uint64) int {
	return sort.Search(len(list), func(i int) bool { return list[i].next() > offset })
}
