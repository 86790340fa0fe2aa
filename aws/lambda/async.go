package lambda

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

const (
	asyncPrefix = "lambda/async/" // + queue id
	// maxAsyncRetries is how often an event is tried again after a function error.
	maxAsyncRetries = 2
	// maxAsyncAge is how long an event waits for a function that cannot be called.
	maxAsyncAge = 6 * time.Hour
	// asyncWorkers bounds the events that are in hand at the same time.
	asyncWorkers = 8
)

// queue keeps the events of InvocationType Event: the payload in a file of its own, the rest in the
// journal. An event leaves it when its function has succeeded or been given up.
type queue struct {
	s    *Service
	dir  string
	stop context.Context
	end  context.CancelFunc
	slot chan struct{}
	wg   sync.WaitGroup // one goroutine per event

	mu      sync.Mutex
	started bool
	closed  bool
	waiting map[string]queued // accepted before start
}

// queued is an event as the journal knows it.
type queued struct {
	ID       string // of the queue's entry
	Scope    hydrant.Scope
	Function string // ARN, qualifier included
	Request  string
	Client   string `json:",omitempty"`
	Accepted time.Time
	Failures int
	After    time.Time // not to be tried before
}

func openQueue(s *Service, dir string) (*queue, error) {
	q := &queue{s: s, dir: dir, slot: make(chan struct{}, asyncWorkers), waiting: map[string]queued{}}
	q.stop, q.end = context.WithCancel(context.Background())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	err := journal.Each(s.cfg.Journal, asyncPrefix, func(_ string, e queued) error {
		q.waiting[e.ID] = e
		return nil
	})
	return q, err
}

// put accepts an event; it is on disk when put returns.
func (q *queue) put(ctx context.Context, scope hydrant.Scope, c call) error {
	e := queued{ID: uuid.NewString(), Scope: scope, Function: c.ref, Request: c.id, Client: c.client, Accepted: time.Now().UTC()}
	if err := writeDurably(q.file(e.ID), c.payload); err != nil {
		return fmt.Errorf("queue event: %w", err)
	}
	if err := q.s.cfg.Journal.Commit(ctx, journal.Set(asyncPrefix+e.ID, e)); err != nil {
		return fmt.Errorf("queue event: %w", err)
	}
	q.admit(e)
	return nil
}

// admit takes in hand what is on disk.
func (q *queue) admit(e queued) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed: // the next start finds it
	case !q.started:
		q.waiting[e.ID] = e
	default:
		q.wg.Go(func() { q.run(e) })
	}
}

func (q *queue) file(id string) string { return filepath.Join(q.dir, id) }

func (q *queue) start() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.started || q.closed {
		return
	}
	q.started = true
	for _, e := range q.waiting {
		q.wg.Go(func() { q.run(e) })
	}
	q.waiting = nil
}

// close takes no more events in hand.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.end()
}

// wait returns when no event is in hand.
func (q *queue) wait() { q.wg.Wait() }

// run invokes an event until it is done or given up.
func (q *queue) run(e queued) {
	log := q.s.cfg.Log.With("function", e.Function, "request", e.Request)
	payload, err := os.ReadFile(q.file(e.ID))
	if err != nil {
		log.Error("queued event cannot be read; it stays in the queue", "err", err)
		return
	}
	pause := time.Second
	for {
		if !sleep(q.stop, time.Until(e.After)) {
			return
		}
		select {
		case q.slot <- struct{}{}:
		case <-q.stop.Done():
			return
		}
		// Not bounded by stop: Close kills the instances, and the answer says so.
		r, err := q.s.invoke(hydrant.WithScope(context.Background(), e.Scope), call{ref: e.Function, id: e.Request, payload: payload, client: e.Client})
		<-q.slot
		if q.stop.Err() != nil && err != nil {
			return
		}
		a := q.s.asyncOf(hydrant.WithScope(context.Background(), e.Scope), e.Function)
		old := time.Since(e.Accepted) > a.age()
		switch {
		case err == nil && r.Error == "":
			log.Debug("event succeeded", "attempt", e.Failures+1)
			q.settled(e, payload, r, true, asyncSuccess)
			return
		case err == nil:
			e.Failures++
			if e.Failures > a.retries() || old {
				condition := asyncRetries
				if e.Failures <= a.retries() {
					condition = asyncTooOld
				}
				log.Error("event is given up", "attempts", e.Failures, "condition", condition, "error", string(r.Payload))
				q.settled(e, payload, r, true, condition)
				return
			}
			wait := q.s.cfg.RetryDelay(e.Failures)
			e.After = time.Now().Add(wait)
			log.Warn("event failed; it is tried again", "attempt", e.Failures, "pause", wait, "error", string(r.Payload))
			if err := q.s.cfg.Journal.Commit(context.Background(), journal.Set(asyncPrefix+e.ID, e)); err != nil {
				log.Error("attempt is not written down", "err", err)
			}
		case hydrant.FaultCode(err) == "ResourceNotFoundException" || old:
			log.Error("event is given up", "attempts", e.Failures, "condition", asyncTooOld, "err", err)
			q.settled(e, payload, r, false, asyncTooOld)
			return
		default:
			// Throttled, or it cannot be started: not an attempt.
			e.After = time.Now().Add(pause/2 + rand.N(pause/2))
			log.Warn("event waits", "err", err, "pause", pause)
			pause = min(2*pause, 5*time.Minute)
		}
	}
}

func (q *queue) forget(e queued) {
	if err := q.s.cfg.Journal.Commit(context.Background(), journal.Unset(asyncPrefix+e.ID)); err != nil {
		q.s.cfg.Log.Error("event stays in the queue and will come again", "request", e.Request, "err", err)
		return
	}
	q.drop(e)
}

// drop removes the payload of an event the journal no longer knows.
func (q *queue) drop(e queued) {
	if err := os.Remove(q.file(e.ID)); err != nil && !errors.Is(err, os.ErrNotExist) {
		q.s.cfg.Log.Warn("payload of a done event is left", "err", err)
	}
}

// sleep waits for d; false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
