package runtime

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
)

const (
	// What one PutLogEvents takes.
	maxShipEvents = 10_000
	maxShipBytes  = 1 << 20
	shipOverhead  = 26 // AWS counts so much per event besides its bytes
	// shipDelay gathers lines into a batch.
	shipDelay = 50 * time.Millisecond
	// maxQueued bounds the lines that wait: a function that prints faster than they are stored is
	// slowed down, as its pipe fills up.
	maxQueued = 8 << 20
	// shipTimeout bounds one write, so that a stuck store cannot keep Close waiting for ever.
	shipTimeout = 10 * time.Second
)

// parcel is one line addressed to a log stream.
type parcel struct {
	to    address
	event hydrant.LogEvent
}

type address struct {
	scope         hydrant.Scope
	group, stream string
}

// shipper hands lines to Logs in batches, each stream's in order.
type shipper struct {
	logs Logs
	log  *slog.Logger
	stop chan struct{}
	wake chan struct{} // holds one
	done chan struct{}

	mu     sync.Mutex
	room   sync.Cond // signalled when lines have left
	lines  []parcel
	queued int // bytes of lines
}

func newShipper(logs Logs, log *slog.Logger) *shipper {
	s := &shipper{
		logs: logs,
		log:  log,
		stop: make(chan struct{}),
		wake: make(chan struct{}, 1),
		done: make(chan struct{}),
	}
	s.room.L = &s.mu
	go s.run()
	return s
}

func (s *shipper) add(in *instance, at time.Time, text string) {
	if s.logs == nil {
		return
	}
	p := parcel{
		to:    address{in.spec.Scope, in.spec.LogGroup, in.stream()},
		event: hydrant.LogEvent{Time: at.UnixMilli(), Message: text},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.queued > maxQueued {
		s.room.Wait()
	}
	s.lines = append(s.lines, p)
	s.queued += len(text) + shipOverhead
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// close ships what is queued. Nothing may be added after.
func (s *shipper) close() {
	close(s.stop)
	<-s.done
}

func (s *shipper) run() {
	defer close(s.done)
	for {
		select {
		case <-s.wake:
			select {
			case <-time.After(shipDelay):
			case <-s.stop:
			}
			s.flush()
		case <-s.stop:
			s.flush()
			return
		}
	}
}

// flush writes all lines queued so far, stream by stream.
func (s *shipper) flush() {
	s.mu.Lock()
	lines := s.lines
	s.lines, s.queued = nil, 0
	s.room.Broadcast()
	s.mu.Unlock()

	var order []address
	batches := map[address][]hydrant.LogEvent{}
	for _, p := range lines {
		if _, ok := batches[p.to]; !ok {
			order = append(order, p.to)
		}
		batches[p.to] = append(batches[p.to], p.event)
	}
	for _, to := range order {
		for events := batches[to]; len(events) > 0; {
			n, size := 0, 0
			for n < len(events) && n < maxShipEvents && (n == 0 || size+len(events[n].Message)+shipOverhead <= maxShipBytes) {
				size += len(events[n].Message) + shipOverhead
				n++
			}
			s.write(to, events[:n])
			events = events[n:]
		}
	}
}

func (s *shipper) write(to address, events []hydrant.LogEvent) {
	ctx, cancel := context.WithTimeout(hydrant.WithScope(context.Background(), to.scope), shipTimeout)
	defer cancel()
	if err := s.logs.Write(ctx, to.scope, to.group, to.stream, events); err != nil {
		s.log.Error("log lines of a function are lost", "group", to.group, "stream", to.stream, "lines", len(events), "err", err)
	}
}
