package cloudwatch

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// Meter counts the values of one series in one unit. Its points are in memory until their minute is
// over. Several meters of one series add up.
type Meter struct {
	s      *Service
	series series
	unit   unit

	mu      sync.Mutex
	open    []*point // by time, the newest last
	listed  bool     // it is among the active ones; it is while open is not empty
	dropped bool     // the log was away for so long that points were given up
}

// Meter makes a meter, for those who count often: Add finds nothing by name. A unit that is none is a
// mistake in the program.
func (s *Service) Meter(scope hydrant.Scope, namespace, name string, dimensions map[string]string, unitName string) *Meter {
	u, ok := unitOf(unitName)
	if !ok {
		panic("internal error: no unit " + unitName)
	}
	list := make([]Dimension, 0, len(dimensions))
	for k, v := range dimensions {
		list = append(list, Dimension{k, v})
	}
	return &Meter{s: s, unit: u, series: series{scope, namespace, name, joinDimensions(list)}}
}

// Add counts one value now.
func (m *Meter) Add(value float64) {
	minute := time.Now().Unix() / 60 * 60
	m.mu.Lock()
	n := len(m.open)
	if n == 0 || m.open[n-1].time != minute {
		if n == maxOpen {
			m.open, m.dropped = slices.Delete(m.open, 0, 1), true
		}
		m.open = append(m.open, &point{time: minute, unit: m.unit})
	}
	m.open[len(m.open)-1].add(value, 1)
	first := !m.listed
	m.listed = true
	m.mu.Unlock()
	if first {
		m.s.list(m)
	}
}

// list puts a meter among the active ones.
func (s *Service) list(m *Meter) {
	s.activeMu.Lock()
	s.active = append(s.active, m)
	s.activeMu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Service) waiting() bool {
	s.activeMu.Lock()
	defer s.activeMu.Unlock()
	return len(s.active) > 0
}

// named are the meters that Put found by name, in stripes, so that those who count different things do
// not wait for each other.
type named struct {
	seed    maphash.Seed
	stripes [16]stripe
}

type stripe struct {
	mu     sync.Mutex
	meters map[string]*Meter
}

func (n *named) init() {
	n.seed = maphash.MakeSeed()
	for i := range n.stripes {
		n.stripes[i].meters = map[string]*Meter{}
	}
}

// Put counts one value of a metric of the house's own.
func (s *Service) Put(scope hydrant.Scope, namespace, name string, dimensions map[string]string, value float64, unitName string) {
	var room [256]byte
	key := room[:0]
	for _, part := range [...]string{scope.Account, scope.Region, namespace, name, unitName} {
		key = append(append(key, part...), '\t')
	}
	var names [4]string
	order := names[:0]
	for k := range dimensions {
		order = append(order, k)
	}
	slices.Sort(order)
	for _, k := range order {
		key = append(append(append(append(key, k...), '\t'), dimensions[k]...), '\t')
	}
	at := &s.named.stripes[maphash.Bytes(s.named.seed, key)%uint64(len(s.named.stripes))]
	at.mu.Lock()
	m := at.meters[string(key)]
	if m == nil {
		m = s.Meter(scope, namespace, name, dimensions, unitName)
		at.meters[string(key)] = m
	}
	at.mu.Unlock()
	m.Add(value)
}

// forget drops the meters without points. One that is being counted with meanwhile goes on and lists
// itself: that it is no longer found by name only means that there will be two.
func (n *named) forget() {
	for i := range n.stripes {
		at := &n.stripes[i]
		at.mu.Lock()
		for k, m := range at.meters {
			m.mu.Lock()
			if !m.listed {
				delete(at.meters, k)
			}
			m.mu.Unlock()
		}
		at.mu.Unlock()
	}
}

// flush brings to the log the points that began before a time. Those it does not take are back in their
// meters.
func (s *Service) flush(ctx context.Context, before int64) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	s.activeMu.Lock()
	list := s.active
	s.active = nil
	s.activeMu.Unlock()
	var kept []*Meter
	var writes []write
	var from []*Meter
	dropped := 0
	for _, m := range list {
		m.mu.Lock()
		n := 0
		for n < len(m.open) && m.open[n].time < before {
			n++
		}
		if n > 0 {
			points := make([]point, n)
			for i, p := range m.open[:n] {
				points[i] = *p
			}
			m.open = slices.Delete(m.open, 0, n)
			writes, from = append(writes, write{m.series, points}), append(from, m)
		}
		if m.dropped {
			m.dropped = false
			dropped++
		}
		if m.listed = len(m.open) > 0; m.listed {
			kept = append(kept, m)
		}
		m.mu.Unlock()
	}
	if dropped > 0 {
		s.logger.Warn("data points were given up: the log has not taken them for too long", "metrics", dropped, "minutes", maxOpen)
	}
	err := s.write(ctx, writes)
	if err != nil {
		for i, m := range from {
			if m.restore(writes[i].points) {
				kept = append(kept, m)
			}
		}
	}
	s.activeMu.Lock()
	s.active = append(kept, s.active...)
	s.activeMu.Unlock()
	if err == nil {
		s.named.forget()
	}
	return err
}

// restore takes points back. true: the meter was not listed meanwhile, and is to be.
func (m *Meter) restore(points []point) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	open := make([]*point, 0, len(points)+len(m.open))
	for i := range points {
		open = append(open, &points[i])
	}
	m.open = append(open, m.open...)
	if n := len(m.open) - maxOpen; n > 0 {
		m.open, m.dropped = m.open[n:], true
	}
	unlisted := !m.listed
	m.listed = true
	return unlisted
}
