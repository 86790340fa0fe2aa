package firehose

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

var errClosed = errors.New("firehose: closed")

// pump is what a lane and the stage have in common: a loop that does the next thing there is to do,
// sleeps while there is none, and waits longer and longer while it fails.
type pump struct {
	log                   *slog.Logger
	retryFirst, retryLast time.Duration

	kick chan struct{} // something came
	urge chan struct{} // do not wait for the next attempt
	done chan struct{} // closed when run has returned

	attempts int // of what is being tried now; of run alone

	mu      sync.Mutex // of what follows; a leaf
	flushTo uint64     // move all below on without waiting for a hint
	reached uint64     // all below has been moved on
	oldest  int64      // arrival of the oldest record known that has not, Unix ms; 0: none
	bytes   int64      // buffered
	err     error      // why the last attempt failed
	news    chan struct{}
}

func newPump(c *Config, log *slog.Logger) pump {
	return pump{
		log: log, retryFirst: c.RetryFirst, retryLast: c.RetryLast,
		kick: make(chan struct{}, 1), urge: make(chan struct{}, 1),
		done: make(chan struct{}), news: make(chan struct{}),
	}
}

// errMoved ends a pump whose work another has taken over.
var errMoved = errors.New("firehose: moved")

// run calls step until ctx ends or step returns errMoved; failed hears of every other error.
func (p *pump) run(ctx context.Context, step func(context.Context) error, failed func(context.Context, error)) {
	defer close(p.done)
	for ctx.Err() == nil {
		err := step(ctx)
		switch {
		case ctx.Err() != nil || errors.Is(err, errMoved):
			return
		case err != nil:
			p.attempts++
			p.mu.Lock()
			p.err = err
			p.tellLocked()
			p.mu.Unlock()
			failed(ctx, err)
			p.pause(ctx)
		default:
			p.attempts = 0
		}
	}
}

// note publishes what is buffered and returns how far a flush is wanted. Where nothing is, all below
// end has been moved on.
func (p *pump) note(b *buffer, ended bool, end uint64) (flushTo uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.oldest, p.bytes = 0, b.bytes
	if b.records > 0 {
		p.oldest = b.oldest
	} else if ended && end > p.reached {
		p.reached = end
		p.tellLocked()
	}
	return p.flushTo
}

// moved publishes that all below an offset has been moved on, and that there is no trouble.
func (p *pump) moved(below uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		p.log.Info("delivery goes on")
	}
	p.err = nil
	p.reached = max(p.reached, below)
	p.tellLocked()
}

// hindered publishes why what is to be done now has to wait, unless there is trouble of its own.
func (p *pump) hindered(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = why
		p.tellLocked()
	}
}

// tellLocked wakes those who wait for news.
func (p *pump) tellLocked() {
	close(p.news)
	p.news = make(chan struct{})
}

// hasten asks for all below an offset to be moved on now.
func (p *pump) hasten(below uint64) {
	p.mu.Lock()
	p.flushTo = max(p.flushTo, below)
	p.mu.Unlock()
	p.hurry()
}

// flush waits until all below an offset has been moved on.
func (p *pump) flush(ctx context.Context, below uint64) error {
	p.hasten(below)
	for {
		p.mu.Lock()
		reached, news, failing := p.reached, p.news, p.err
		p.mu.Unlock()
		if reached >= below {
			return nil
		}
		select {
		case <-news:
		case <-p.done:
			return errClosed
		case <-ctx.Done():
			if failing != nil {
				return fmt.Errorf("flush to %d, at %d: %w; delivery fails: %w", below, reached, ctx.Err(), failing)
			}
			return fmt.Errorf("flush: %w", ctx.Err())
		}
	}
}

// wait sleeps until at (zero: for ever), a record, or a wish to hurry.
func (p *pump) wait(ctx context.Context, at time.Time) {
	var timer <-chan time.Time
	if !at.IsZero() {
		timer = time.After(time.Until(at))
	}
	select {
	case <-timer:
	case <-p.kick:
	case <-p.urge:
	case <-ctx.Done():
	}
}

// pause waits between attempts: exponentially longer, with jitter, or until urged.
func (p *pump) pause(ctx context.Context) {
	d := p.retryLast
	if n := p.attempts - 1; n < 20 {
		d = min(d, p.retryFirst<<n)
	}
	d = d*4/5 + rand.N(d*2/5+1)
	select {
	case <-time.After(d):
	case <-p.urge:
	case <-ctx.Done():
	}
}

// hurry ends a pause: the configuration changed, or someone waits.
func (p *pump) hurry() { poke(p.urge) }

// came tells of records.
func (p *pump) came() { poke(p.kick) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// failing is why nothing moves on at present, or nil.
func (p *pump) failing() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *pump) position() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reached
}
