package source

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
)

const (
	// relist is how often an undisturbed run looks for shards it has not seen. A shard that ends is
	// followed at once; this is for what it could not have noticed.
	relist = time.Minute
	// Pauses after trouble double from the first to the last.
	firstPause = time.Second
	lastPause  = time.Minute
)

// run is a mapping at work. Its settings do not change: an update makes a new run.
type run struct {
	set     *Mappings
	m       Mapping
	filters filters
	told    func(string) // takes the mapping's LastProcessingResult
	log     *slog.Logger
	soft    context.Context // ends when no new batch is to be begun
	stop    context.CancelFunc
	wg      sync.WaitGroup

	mu     sync.Mutex
	nudged chan struct{} // closed and replaced by nudge
	over   bool          // result has got its last word
}

// begin starts reading. The caller holds s.mu.
func (s *Mappings) begin(e *entry) *run {
	m := e.snapshot()
	filters, err := parseFilters(m.Settings.Filters)
	if err != nil { // checked before it was written down
		panic("internal error: " + err.Error())
	}
	r := &run{
		set:     s,
		m:       m,
		filters: filters,
		told:    func(text string) { e.result.Store(&text) },
		log:     s.cfg.Log.With("mapping", m.ID, "function", m.Function),
		nudged:  make(chan struct{}),
	}
	r.soft, r.stop = context.WithCancel(hydrant.WithScope(s.hard, m.Scope))
	r.wg.Go(r.follow)
	return r
}

func (r *run) wait() { r.wg.Wait() }

// result tells how the last processing went.
func (r *run) result(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over {
		r.told(text)
	}
}

// end stops the run for good, between two batches; the mapping stays Enabled and says why.
func (r *run) end(text string) {
	r.result(text)
	r.mu.Lock()
	r.over = true
	r.mu.Unlock()
	r.stop()
}

func (r *run) nudge() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.nudged)
	r.nudged = make(chan struct{})
}

// watch is how often a mapping looks whether its consumer is still registered. A subscription ends
// with its consumer, on AWS too.
const watch = time.Second

// subscribed waits until the mapping's consumer is ACTIVE, and from then on ends the run when it is
// gone. False: it is not there.
func (r *run) subscribed() bool {
	consumers, ok := r.set.cfg.Streams.(Consumers)
	if !ok {
		r.log.Error("enhanced fan-out is not available here", "consumer", r.m.Consumer)
		r.end(resultConsumer)
		return false
	}
	check := func() (active bool) {
		_, err := consumers.Consumer(r.soft, r.m.Consumer)
		if hydrant.FaultCode(err) == "ResourceNotFoundException" && r.soft.Err() == nil {
			r.log.Error("stream consumer is not registered; its mapping reads no more", "consumer", r.m.Consumer, "err", err)
			r.end(resultConsumer)
		}
		return err == nil
	}
	for tries := 1; !check(); tries++ {
		if !r.pause(backoff(min(tries, 3))) {
			return false
		}
	}
	r.wg.Go(func() {
		for pass(r.soft, watch) == nil {
			check()
		}
	})
	return true
}

// follow starts a reader for every shard whose parents are done.
func (r *run) follow() {
	if r.m.once() && r.set.cfg.Landings == nil {
		r.log.Error("the tag " + OnceTag + " is not available here; the mapping does not read")
		r.end(resultInternal)
		return
	}
	if r.m.Consumer != "" && !r.subscribed() {
		return
	}
	started := map[string]bool{}
	ended := make(chan struct{}, 1)
	timer := time.NewTimer(relist)
	defer timer.Stop()
	for tries := 0; ; {
		shards, err := r.set.cfg.Streams.Shards(r.soft, r.m.Stream)
		if r.soft.Err() != nil {
			return
		}
		if err == nil {
			err = r.startReaders(shards, started, ended)
		}
		if err != nil {
			tries++
			r.trouble("stream cannot be listed", err, tries)
			if !r.pause(backoff(tries)) {
				return
			}
			continue
		}
		tries = 0
		timer.Reset(relist)
		select {
		case <-ended:
		case <-timer.C:
		case <-r.soft.Done():
			return
		}
	}
}

func (r *run) startReaders(shards []hydrant.Shard, started map[string]bool, ended chan<- struct{}) error {
	open := map[string]bool{} // listed and not done
	points := make(map[string]checkpoint, len(shards))
	for _, sh := range shards {
		c, _, err := r.load(sh.ID)
		if err != nil {
			return err
		}
		if c.Done && !c.of(&sh) {
			c.Done = false
			delete(started, sh.ID) // its reader has ended with the old stream's
		}
		points[sh.ID] = c
		open[sh.ID] = !c.Done
	}
	for _, sh := range shards {
		if started[sh.ID] || !open[sh.ID] || open[sh.Parent] || open[sh.AdjacentParent] {
			continue
		}
		started[sh.ID] = true
		rd := &reader{run: r, shard: sh.ID, born: cmp.Or(points[sh.ID].Born, sh.Born), point: points[sh.ID], log: r.log.With("shard", sh.ID)}
		r.wg.Go(func() {
			if rd.read() {
				select {
				case ended <- struct{}{}:
				default:
				}
			}
		})
	}
	return nil
}

// trouble tells the operator, and the mapping's readers, that the stream cannot be read.
func (r *run) trouble(what string, err error, tries int) {
	if hydrant.FaultCode(err) == "ResourceNotFoundException" {
		r.result(resultStream)
	}
	if errors.Is(err, errDenied) {
		r.result(resultDenied)
	}
	r.log.Warn(what, "stream", r.m.Stream, "tries", tries, "err", err)
}

// pause waits, or is nudged. False: the run stops.
func (r *run) pause(d time.Duration) bool {
	r.mu.Lock()
	nudged := r.nudged
	r.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-nudged:
		return true
	case <-r.soft.Done():
		return false
	}
}

// backoff is the pause after the nth failure in a row: doubling, and between half and all of it, so
// that shards that failed together do not come back together.
func backoff(n int) time.Duration {
	d := lastPause
	if n < 7 {
		d = min(firstPause<<(n-1), lastPause)
	}
	return d/2 + rand.N(d/2+1)
}
