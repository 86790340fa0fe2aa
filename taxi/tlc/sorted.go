package tlc

import (
	"slices"

	"github.com/hydrant-stream/hydrant/taxi"
)

// arenaBytes is the size of the pieces in which trips are kept: no trip is moved when more are read.
const arenaBytes = 1 << 20

// Sorted holds trips in memory in order of dropoff, ties in the order of the files. A trip takes its
// event's size (about 460 bytes) and 32 bytes for its place: 2 GB hold some 4 million trips.
type Sorted struct {
	arena  [][]byte
	index  []place
	next   int
	nextID int64
	json   []byte
}

type place struct {
	dropoff, ownID int64
	piece          int32
	from, to       uint32
}

// Load reads r to its end and sorts. Trips get numbers in order of dropoff, from 1, or above those
// that trips brought along.
func Load(r *Reader) (*Sorted, error) {
	s := &Sorted{nextID: 1}
	var t taxi.Trip
	for r.Next(&t) {
		s.add(&t)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(s.index, func(a, b place) int {
		switch {
		case a.dropoff < b.dropoff:
			return -1
		case a.dropoff > b.dropoff:
			return 1
		}
		return 0
	})
	return s, nil
}

func (s *Sorted) add(t *taxi.Trip) {
	n := len(s.arena)
	if n == 0 || cap(s.arena[n-1])-len(s.arena[n-1]) < len(t.Body) {
		s.arena = append(s.arena, make([]byte, 0, max(arenaBytes, len(t.Body))))
		n++
	}
	piece := s.arena[n-1]
	from := len(piece)
	piece = append(piece, t.Body...)
	s.arena[n-1] = piece
	s.index = append(s.index, place{dropoff: t.Dropoff, ownID: t.OwnID, piece: int32(n - 1), from: uint32(from), to: uint32(len(piece))})
	s.nextID = max(s.nextID, t.OwnID+1)
}

// Len is the number of trips.
func (s *Sorted) Len() int { return len(s.index) }

// Err is always nil: what could go wrong went wrong in Load.
func (s *Sorted) Err() error { return nil }

// Next fills e with the next trip's event.
func (s *Sorted) Next(e *taxi.Event) bool {
	if s.next == len(s.index) {
		return false
	}
	p := s.index[s.next]
	s.next++
	t := taxi.Trip{Dropoff: p.dropoff, OwnID: p.ownID, Body: s.arena[p.piece][p.from:p.to]}
	e.Dropoff, e.ID = p.dropoff, p.ownID
	if e.ID < 0 {
		e.ID = s.nextID
		s.nextID++
	}
	s.json = t.AppendEvent(s.json[:0], e.ID)
	e.JSON = s.json
	return true
}
