package firehose

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant/store/journal"
)

// Landings keeps what batches have put into delivery streams, so that a batch that is tried again puts
// only what it has not. It is what an event source mapping with exactly-once needs
// (docs/decisions/0142, 0175).
//
// A batch has a token, its calls bear it in X-Amzn-Trace-Id. The records of such a call carry the token in
// their key in the spool: that they landed, and for whom, is one append. A token that is open holds
// back the trimming of the spools it may have put into.
//
// Locks: landing.busy, then landing.holding, Landings.mu, then landing.mu and Service.mu.
type Landings struct {
	s *Service

	mu   sync.Mutex
	open map[token]*landing
	// heard is when a spool last took a call with a token. A new token holds those of late from its
	// beginning; any other costs it one commit on the first call.
	heard map[string]time.Time
	// closed are forgotten tokens whose forgetting may not be on disk yet: what they hold stays held
	// until the journal knows no more of them.
	closed map[token]*landing
}

// token names a batch: 32 hex digits, the first eight zeros.
type token string

// batchPrefix is where the journal keeps open tokens, by their names.
const batchPrefix = "firehose/batch/"

// holds of a token are, by spool, where its records begin at the earliest.
type holds map[string]uint64

// heardFor is how long a spool stays among those a new token holds.
const heardFor = time.Minute

// Landings is the delivery streams' half of exactly-once.
func (s *Service) Landings() *Landings { return s.landings }

// newLandings takes up the tokens that are open. It comes before anything is trimmed.
func newLandings(s *Service) (*Landings, error) {
	l := &Landings{s: s, open: map[token]*landing{}, heard: map[string]time.Time{}, closed: map[token]*landing{}}
	err := journal.Each(s.cfg.Journal, batchPrefix, func(k string, h holds) error {
		t := token(k[len(batchPrefix):])
		l.open[t] = newLanding(t, h)
		for spool := range h {
			l.open[t].tally(spool).unknown = true
			l.heard[spool] = time.Now()
		}
		return nil
	})
	return l, err
}

// Open makes a token known, before a call bears it. The changes are committed together with the
// bounds of the batch.
func (l *Landings) Open(name string) []journal.Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep()
	t := token(name)
	if l.open[t] == nil {
		h := holds{}
		for spool, at := range l.heard {
			st := l.s.bySpool(spool)
			if st == nil || time.Since(at) > heardFor {
				delete(l.heard, spool)
				continue
			}
			if bounds, err := l.s.cfg.Log.Bounds(st.shard); err == nil {
				h[spool] = bounds.Next
			}
		}
		l.open[t] = newLanding(t, h)
	}
	return []journal.Change{journal.Set(batchPrefix+name, l.open[t].held())}
}

// Attempt begins the nth attempt of a token. When it returns, calls of earlier attempts have been
// counted or will be refused. What an attempt puts that an earlier one has put already is
// acknowledged and not put again.
func (l *Landings) Attempt(ctx context.Context, name string, n uint64) error {
	b := l.find(token(name))
	if b == nil {
		if b = l.reopen(token(name)); b == nil {
			return fmt.Errorf("firehose: attempt of %s, which is not open", name)
		}
	}
	b.busy.Lock() // waits for the calls of the last one
	defer b.busy.Unlock()
	if err := l.recall(ctx, b); err != nil {
		return err
	}
	b.begin(n)
	return nil
}

// Close forgets a token: calls that still bear it are refused. The changes are committed together
// with the checkpoint that passes the batch. A token that is not open is no error.
func (l *Landings) Close(name string) []journal.Change {
	t := token(name)
	if b := l.find(t); b != nil {
		b.busy.Lock()
		b.end()
		b.busy.Unlock()
		l.mu.Lock()
		delete(l.open, t)
		l.closed[t] = b
		l.mu.Unlock()
		l.s.spawn(func() { l.release(b) })
	}
	return []journal.Change{journal.Unset(batchPrefix + name)}
}

func (l *Landings) find(t token) *landing {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open[t]
}

// reopen takes back that a token was closed, which the journal has not heard of: its commit failed.
func (l *Landings) reopen(t token) *landing {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.closed[t]
	if _, there := l.s.cfg.Journal.Get(batchPrefix + string(t)); b == nil || !there {
		return nil
	}
	delete(l.closed, t)
	for spool := range b.held() {
		b.doubt(spool)
	}
	l.open[t] = b
	return b
}

// sweep forgets tokens whose opening was never committed, and that no attempt was made of. The caller
// holds l.mu.
func (l *Landings) sweep() {
	for t, b := range l.open {
		if !b.idle() {
			continue
		}
		if _, there := l.s.cfg.Journal.Get(batchPrefix + string(t)); !there {
			delete(l.open, t)
		}
	}
}

// release trims what a closed token held back, when it is closed on disk.
func (l *Landings) release(b *landing) {
	for {
		if _, there := l.s.cfg.Journal.Get(batchPrefix + string(b.token)); !there {
			break
		}
		sleep(l.s.ctx, 50*time.Millisecond)
		if l.s.ctx.Err() != nil || l.find(b.token) != nil { // it may be opened again
			return
		}
	}
	l.mu.Lock()
	delete(l.closed, b.token)
	l.mu.Unlock()
	for spool := range b.held() {
		if !b.heldBack(spool) {
			continue
		}
		if st := l.s.bySpool(spool); st != nil {
			if w := st.work.Load(); w != nil {
				w.trimSpool(l.s.ctx)
			}
		}
	}
}

// floor is how far a spool may be trimmed: no further than low, and not into what an open token may have
// put there.
func (l *Landings) floor(spool string, low uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, of := range []map[token]*landing{l.open, l.closed} {
		for _, b := range of {
			low = min(low, b.floor(spool, low))
		}
	}
	return low
}

// hold makes a token hold a spool from now on, on disk.
func (l *Landings) hold(ctx context.Context, b *landing, st *stream) error {
	spool := st.now.Load().Spool
	l.mu.Lock()
	l.heard[spool] = time.Now()
	l.mu.Unlock()
	b.holding.Lock()
	defer b.holding.Unlock()
	if _, ok := b.held()[spool]; ok {
		return nil
	}
	bounds, err := l.s.cfg.Log.Bounds(st.shard)
	if err != nil {
		return fmt.Errorf("bounds of spool: %w", err)
	}
	h := b.with(spool, bounds.Next)
	if err := l.s.cfg.Journal.Commit(context.WithoutCancel(ctx), journal.Set(batchPrefix+string(b.token), h)); err != nil {
		b.without(spool)
		return fmt.Errorf("journal batch: %w", err)
	}
	return nil
}

// bySpool finds the delivery stream of a spool, or nil.
func (s *Service) bySpool(spool string) *stream {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.spools[spool]
}
