package segment

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Stats are counts since the engine was opened, and sizes now.
type Stats struct {
	Groups, Frames, Records, Bytes uint64 // written; Bytes with frames around the records
	Syncs                          uint64
	SyncTime                       time.Duration
	Rolls, Dropped, Rewritten      uint64 // segments
	Shards, Segments               int
	DiskBytes, TailBytes           int64

	// Calls and Volume are how many appends, and how many bytes, one fsync made durable: what group commit
	// is worth.
	Calls, Volume Spread
}

type counters struct {
	groups, frames, records, bytes, syncs, syncNanos, rolls, dropped, rewritten atomic.Uint64
	tail                                                                        atomic.Int64

	calls, volume spread
}

// Stats may be called at any time, also after Close.
func (e *Engine) Stats() Stats {
	c := &e.count
	st := Stats{
		Groups: c.groups.Load(), Frames: c.frames.Load(), Records: c.records.Load(), Bytes: c.bytes.Load(),
		Syncs: c.syncs.Load(), SyncTime: time.Duration(c.syncNanos.Load()),
		Rolls: c.rolls.Load(), Dropped: c.dropped.Load(), Rewritten: c.rewritten.Load(),
		TailBytes: c.tail.Load(),
		Calls:     c.calls.read(), Volume: c.volume.read(),
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	st.Shards, st.Segments = len(e.shards), len(e.segments)
	for _, g := range e.segments {
		st.DiskBytes += g.end.Load()
	}
	return st
}

// Spread counts values by their size.
type Spread struct {
	Count, Sum uint64
	// UpTo[i] is how many values were at most 1<<i, those of the places before among them.
	UpTo [spreadPlaces]uint64
}

// spreadPlaces reach from 1 to the 128 MiB that are more than a group.
const spreadPlaces = 28

// spread is a Spread in the making. One goroutine adds, any may read.
type spread struct {
	sum    atomic.Uint64
	places [spreadPlaces]atomic.Uint64 // by the power of two at or above the value
}

func (s *spread) add(v uint64) {
	s.sum.Add(v)
	s.places[min(bits.Len64(max(v, 1)-1), spreadPlaces-1)].Add(1)
}

func (s *spread) read() Spread {
	out := Spread{Sum: s.sum.Load()}
	for i := range s.places {
		out.Count += s.places[i].Load()
		out.UpTo[i] = out.Count
	}
	return out
}
