package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// Config is a pool's surroundings.
type Config struct {
	// Dir is where the pool keeps its clients and the instances' temporary folders. What an earlier
	// process left there is removed.
	Dir string
	// Endpoint is the URL by which functions reach us: their AWS_ENDPOINT_URL. nil leaves it out.
	Endpoint func() string
	// Credentials are what a new instance's process signs its calls with, as its function's role. They
	// hold for longer than an instance lives. nil: the account id as access key, any secret.
	Credentials Credentials
	// Logs receives the functions' output. nil drops it.
	Logs Logs
	Log  *slog.Logger
	// User is whom the functions' processes run as; it takes root to set it. nil: as we do.
	User *User
	// Concurrency bounds the invocations that run at the same time. 0 means 1,000, as for an account.
	Concurrency int
	// Idle is how long an instance stays warm without work. 0 means 5 minutes.
	Idle time.Duration
	// InitTimeout bounds the first start of an instance's runtime. 0 means 10 seconds.
	InitTimeout time.Duration
}

// Credentials gives a function that runs as a role its keys.
type Credentials func(ctx context.Context, scope hydrant.Scope, roleARN, function string) (id, secret, token string, err error)

// maxOpenFiles is how many files a function may have open, as on AWS.
const maxOpenFiles = 1024

// life is the age at which an instance takes no more events, however busy it is: its credentials,
// handed over once, run out some day.
const life = 8 * time.Hour

// Pool runs invocations on instances. All methods may be called concurrently.
//
// Its lock is held for bookkeeping only; nothing is started, killed or awaited under it.
type Pool struct {
	cfg     Config
	clients string // folder of the embedded clients
	find    interpreters
	ship    *shipper
	spawn   *spawner
	wg      sync.WaitGroup // every instance's run

	mu     sync.Mutex
	closed bool
	busy   int                    // instances that hold an invocation
	busyOf map[string]int         // the same by Spec.Function
	idle   map[string][]*instance // by Spec.code; the most recently used last
	live   map[*instance]struct{}
}

// Open makes an empty pool. Nothing is started before the first Invoke.
func Open(cfg Config) (*Pool, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Concurrency == 0 {
		cfg.Concurrency = 1000
	}
	if cfg.Idle == 0 {
		cfg.Idle = 5 * time.Minute
	}
	if cfg.InitTimeout == 0 {
		cfg.InitTimeout = 10 * time.Second
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	cfg.Dir = dir
	if err := sweep(cfg.instances(), cfg.Log); err != nil {
		return nil, fmt.Errorf("clean up after an earlier process: %w", err)
	}
	clients := filepath.Join(dir, "client")
	if err := writeClients(clients); err != nil {
		return nil, err
	}
	return &Pool{
		cfg:     cfg,
		clients: clients,
		find:    interpreters{log: cfg.Log},
		ship:    newShipper(cfg.Logs, cfg.Log),
		spawn:   newSpawner(),
		busyOf:  map[string]int{},
		idle:    map[string][]*instance{},
		live:    map[*instance]struct{}{},
	}, nil
}

func (c *Config) instances() string { return filepath.Join(c.Dir, "instance") }

// Invoke runs one event and returns what the function made of it. A function that fails is a
// Result with Error set; an error means that no function ran to an end: ErrThrottled, ErrReserved,
// ErrNoInterpreter, ErrClosed.
//
// When ctx ends Invoke returns its error, and the invocation goes on without a listener, as on AWS.
func (p *Pool) Invoke(ctx context.Context, spec *Spec, inv Invocation) (Result, error) {
	// An instance may die while it waits for work, before it has seen the event: then another one
	// gets it. Bounded, for a program that dies so every time.
	j := &job{inv: inv, done: make(chan outcome, 1)}
	for range 3 {
		in, err := p.take(spec)
		if err != nil {
			return Result{}, err
		}
		in.jobs <- j
		select {
		case o := <-j.done:
			if errors.Is(o.err, errUndelivered) {
				continue
			}
			if errors.Is(o.err, errSlowInit) {
				j.late = true
				continue
			}
			return o.res, o.err
		case <-ctx.Done():
			return Result{}, ctx.Err()
		}
	}
	return exitResult(inv.ID, "exit status unknown"), nil
}

// take finds a warm instance of spec or makes a cold one, and counts it busy.
func (p *Pool) take(spec *Spec) (*instance, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, ErrClosed
	case spec.Reserved >= 0 && p.busyOf[spec.Function] >= spec.Reserved:
		return nil, ErrReserved
	case p.busy >= p.cfg.Concurrency:
		return nil, ErrThrottled
	}
	p.busy++
	p.busyOf[spec.Function]++
	if warm := p.idle[spec.code()]; len(warm) > 0 {
		in := warm[len(warm)-1]
		p.setIdle(spec.code(), warm[:len(warm)-1])
		return in, nil
	}
	in := newInstance(p, spec)
	p.live[in] = struct{}{}
	p.wg.Go(in.run)
	return in, nil
}

func (p *Pool) setIdle(key string, list []*instance) {
	if len(list) == 0 {
		delete(p.idle, key)
		return
	}
	p.idle[key] = list
}

// release counts in as free. Where it can take more work it is warm from now on; false means that
// it is to end.
func (p *Pool) release(in *instance, warm bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	if p.busyOf[in.spec.Function]--; p.busyOf[in.spec.Function] == 0 {
		delete(p.busyOf, in.spec.Function)
	}
	if !warm || p.closed || in.retired || time.Since(in.born) > life {
		delete(p.live, in)
		return false
	}
	p.idle[in.spec.code()] = append(p.idle[in.spec.code()], in)
	return true
}

// withdraw takes a warm instance out of the pool so that it may end. False means that somebody has
// taken it and a job is on its way.
func (p *Pool) withdraw(in *instance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if in.withdrawn {
		return true
	}
	list := p.idle[in.spec.code()]
	i := slices.Index(list, in)
	if i < 0 {
		return false
	}
	p.setIdle(in.spec.code(), slices.Delete(list, i, i+1))
	delete(p.live, in)
	return true
}

// Retire ends the instances of a Key: idle ones now, busy ones when their event is done.
func (p *Pool) Retire(key string) {
	p.retire(func(s *Spec) bool { return s.Key == key })
}

// Outdate ends, likewise, the instances of a Key that were started from another State.
func (p *Pool) Outdate(key, state string) {
	p.retire(func(s *Spec) bool { return s.Key == key && s.State != state })
}

func (p *Pool) retire(old func(*Spec) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for in := range p.live {
		if old(in.spec) && !in.retired {
			in.retired = true
			close(in.retire)
		}
	}
	for code, list := range p.idle {
		if !old(list[0].spec) {
			continue
		}
		for _, in := range list {
			in.withdrawn = true
			delete(p.live, in)
		}
		delete(p.idle, code)
	}
}

// code names what an instance was started from.
func (s *Spec) code() string { return s.Key + " " + s.State }

// Uses reports whether an instance that may still work was started from a folder.
func (p *Pool) Uses(root string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for in := range p.live {
		if in.spec.Root == root {
			return true
		}
	}
	return false
}

// Stats tells how many instances there are, and how many of them hold an invocation.
func (p *Pool) Stats() (live, busy int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.live), p.busy
}

// Busy is the number of invocations of a function that run now.
func (p *Pool) Busy(function string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.busyOf[function]
}

// Close kills every instance, waits until none is left and every line of their output has been
// handed to Logs. Invocations in flight end with ErrClosed.
func (p *Pool) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	for in := range p.live {
		close(in.kill)
	}
	p.mu.Unlock()
	p.wg.Wait()
	p.spawn.close()
	p.ship.close()
	return os.RemoveAll(p.cfg.instances())
}
