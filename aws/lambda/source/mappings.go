package source

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

const (
	mappingPrefix    = "lambda/mapping/"    // + UUID
	checkpointPrefix = "lambda/checkpoint/" // + UUID / shard
)

// Config is what mappings live on.
type Config struct {
	Journal   journal.Journal
	Streams   Streams
	Functions Functions
	Objects   Objects  // nil: OnFailure destinations in S3 are refused
	Queues    Queues   // nil: those in SQS and SNS are
	Landings  Landings // nil: the tag hydrant:exactly-once is refused
	Unpack    Unpack   // nil: aggregates are not taken apart
	Reads     Reads    // nil: every role allows to read
	Metrics   Metrics  // nil: none
	// Limits holds mappings to the rates at which AWS reads a shard.
	Limits bool
	Log    *slog.Logger
	// Grace is how long Close waits for functions that work on a batch. 0 means 5 seconds.
	Grace time.Duration
}

// Mappings is the set of event source mappings. All methods may be called concurrently.
//
// Its lock guards the map and every mapping's settings and state. It is held over the journal's
// commit, which orders changes, and never while a run is awaited; readers do not take it.
type Mappings struct {
	cfg  Config
	hard context.Context // ends when calls in flight are to be abandoned
	cut  context.CancelFunc
	wg   sync.WaitGroup // transitions; each waits for the run it stops
	// attempts numbers the calls that bear a token, so that of two the later one has the higher number, after a
	// restart too: it begins at the clock.
	attempts atomic.Uint64

	mu     sync.Mutex
	closed bool
	all    map[string]*entry
}

// entry is a mapping with what is not written down.
type entry struct {
	Mapping
	run    *run // nil unless enabled
	result atomic.Pointer[string]
}

func (e *entry) snapshot() Mapping {
	m := e.Mapping
	if r := e.result.Load(); r != nil {
		m.Result = *r
	}
	return m
}

// Open loads the mappings. Call Start when the functions and streams they need are there.
func Open(cfg Config) (*Mappings, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Grace == 0 {
		cfg.Grace = 5 * time.Second
	}
	s := &Mappings{cfg: cfg, all: map[string]*entry{}}
	s.attempts.Store(uint64(time.Now().UnixNano()))
	s.hard, s.cut = context.WithCancel(context.Background())
	err := journal.Each(cfg.Journal, mappingPrefix, func(_ string, m Mapping) error {
		s.all[m.ID] = &entry{Mapping: m}
		return nil
	})
	if err != nil {
		s.cut()
		return nil, err
	}
	return s, nil
}

// Start begins to read what is enabled, and finishes what a crash interrupted.
func (s *Mappings) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.all {
		switch e.State {
		case Disabled:
		case Enabled:
			e.run = s.begin(e)
		case Disabling:
			s.wg.Go(func() { s.turn(e, nil, Disabled) })
		case Deleting:
			s.wg.Go(func() { s.drop(e, nil) })
		default:
			s.wg.Go(func() { s.turn(e, nil, Enabled) })
		}
	}
}

// Close lets functions that work on a batch finish within the grace period, then abandons them: a
// batch whose outcome is not known keeps its checkpoint and comes again.
func (s *Mappings) Close() error {
	s.mu.Lock()
	s.closed = true
	var runs []*run
	for _, e := range s.all {
		if e.run != nil {
			e.run.stop()
			runs = append(runs, e.run)
		}
	}
	s.mu.Unlock()
	timer := time.AfterFunc(s.cfg.Grace, s.cut)
	defer timer.Stop()
	for _, r := range runs {
		r.wait()
	}
	s.wg.Wait()
	s.cut()
	var changes []journal.Change
	for _, e := range s.all {
		if m := e.snapshot(); m.Result != e.Mapping.Result {
			changes = append(changes, journal.Set(mappingPrefix+m.ID, m))
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return s.cfg.Journal.Commit(context.Background(), changes...)
}

// Create makes a mapping. Where a shard is read from first is decided and written down now, so that
// LATEST means this moment even if nothing is read for a while.
func (s *Mappings) Create(ctx context.Context, m Mapping, enabled bool) (Mapping, error) {
	if err := s.admit(&m); err != nil {
		return Mapping{}, err
	}
	if m.Consumer != "" {
		stream, err := s.consumer(ctx, m.Consumer)
		if err != nil {
			return Mapping{}, err
		}
		m.Stream = stream
	}
	shards, err := s.cfg.Streams.Shards(ctx, m.Stream)
	if hydrant.FaultCode(err) == "ResourceNotFoundException" {
		return Mapping{}, hydrant.Faultf("InvalidParameterValueException", "Stream not found: %s", m.Stream).WithField("Type", "User")
	}
	if err != nil {
		return Mapping{}, err
	}
	if err := s.mayRead(ctx, &m); err != nil {
		return Mapping{}, denied(&m)
	}
	m.ID = uuid.NewString()
	m.State = Creating
	m.Result = resultNone
	m.Modified = time.Now().UTC()
	changes := []journal.Change{journal.Set(mappingPrefix+m.ID, m)}
	for _, sh := range shards {
		next, err := s.feed(&m, sh.ID).start(ctx, m.Position, m.At)
		if err != nil {
			return Mapping{}, fmt.Errorf("starting position in %s %s: %w", m.Stream, sh.ID, err)
		}
		changes = append(changes, journal.Set(checkpointKey(m.ID, sh.ID), checkpoint{Next: next, Born: sh.Born}))
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Mapping{}, errClosed()
	}
	for _, e := range s.all {
		if e.Source() == m.Source() && e.Function == m.Function {
			return Mapping{}, hydrant.Faultf("ResourceConflictException",
				"The event source arn (\" %s \") and function (\" %s \") provided mapping already exists. Please update or delete the existing mapping with UUID %s",
				m.Source(), m.Function, e.ID).WithStatus(409).WithField("Type", "User")
		}
	}
	if err := s.cfg.Journal.Commit(ctx, changes...); err != nil {
		return Mapping{}, fmt.Errorf("create event source mapping: %w", err)
	}
	e := &entry{Mapping: m}
	s.all[m.ID] = e
	to := Enabled
	if !enabled {
		to = Disabled
	}
	s.wg.Go(func() { s.turn(e, nil, to) })
	return m, nil
}

func (s *Mappings) admit(m *Mapping) error {
	switch err := m.check(); {
	case err != nil:
		return err
	case m.Settings.asMessage() && s.cfg.Queues == nil:
		return invalid("OnFailure destinations in SQS and SNS are not available here: no queues")
	case m.Settings.asMessage() && !s.cfg.Queues.HasQueue(m.Settings.OnFailure):
		return invalid("The OnFailure destination does not exist: " + m.Settings.OnFailure)
	case m.Settings.OnFailure != "" && !m.Settings.asMessage() && s.cfg.Objects == nil:
		return invalid("OnFailure destinations in S3 are not available here: no object store")
	case m.once() && s.cfg.Landings == nil:
		return invalid("The tag " + OnceTag + " is not available here: delivery streams do not know batches.")
	}
	return nil
}

// consumer is the stream of a consumer that is there, be it not ACTIVE yet.
func (s *Mappings) consumer(ctx context.Context, arn string) (stream string, err error) {
	known, ok := s.cfg.Streams.(Consumers)
	if !ok {
		return "", invalid("Unrecognized event source. Enhanced fan-out is not available here: name the stream itself.")
	}
	stream, err = known.Consumer(ctx, arn)
	switch hydrant.FaultCode(err) {
	case "":
		return stream, err
	case "ResourceInUseException":
		stream, _, _ = strings.Cut(arn, "/consumer/")
		return stream, nil
	case "ResourceNotFoundException":
		return "", invalid("Stream consumer not found: " + arn)
	}
	return "", err
}

// Get describes one mapping of a scope.
func (s *Mappings) Get(scope hydrant.Scope, id string) (Mapping, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(scope, id)
	if err != nil {
		return Mapping{}, err
	}
	return e.snapshot(), nil
}

func (s *Mappings) find(scope hydrant.Scope, id string) (*entry, error) {
	e, ok := s.all[id]
	if !ok || e.Scope != scope {
		f := hydrant.Faultf("ResourceNotFoundException", "The resource you requested does not exist.").WithStatus(404).WithField("Type", "User")
		f.MessageMember = "Message"
		return nil, f
	}
	return e, nil
}

// List describes the mappings of a scope, by id.
func (s *Mappings) List(scope hydrant.Scope) []Mapping {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Mapping
	for _, e := range s.all {
		if e.Scope == scope {
			list = append(list, e.snapshot())
		}
	}
	slices.SortFunc(list, func(a, b Mapping) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Update changes a mapping; change gets a copy and whether it is enabled. What runs is stopped
// between two batches and begun again with the new settings.
func (s *Mappings) Update(ctx context.Context, scope hydrant.Scope, id string, change func(m *Mapping, enabled *bool) error) (Mapping, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.changeable(scope, id, "update")
	if err != nil {
		return Mapping{}, err
	}
	m := e.snapshot()
	was := m.State == Enabled
	enabled := was
	if err := change(&m, &enabled); err != nil {
		return Mapping{}, err
	}
	if err := s.admit(&m); err != nil {
		return Mapping{}, err
	}
	to := Enabled
	switch {
	case !enabled && was:
		m.State, to = Disabling, Disabled
	case !enabled:
		m.State, to = Updating, Disabled
	case !was:
		m.State = Enabling
	default:
		m.State = Updating
	}
	m.Modified = time.Now().UTC()
	if err := s.cfg.Journal.Commit(ctx, journal.Set(mappingPrefix+id, m)); err != nil {
		return Mapping{}, fmt.Errorf("update event source mapping: %w", err)
	}
	e.Mapping = m
	old := e.run
	e.run = nil
	s.wg.Go(func() { s.turn(e, old, to) })
	return m, nil
}

// Tag changes a mapping's tags; edit gets a copy. Where that changes how it reads it begins again, as
// after an update.
func (s *Mappings) Tag(ctx context.Context, scope hydrant.Scope, id string, edit func(map[string]string) error) error {
	s.mu.Lock()
	e, err := s.find(scope, id)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	m := e.snapshot()
	s.mu.Unlock()
	was := m.once()
	change := func(m *Mapping) error {
		m.Tags = maps.Clone(m.Tags)
		if m.Tags == nil {
			m.Tags = map[string]string{}
		}
		return edit(m.Tags)
	}
	if err := change(&m); err != nil {
		return err
	}
	if err := s.admit(&m); err != nil {
		return err
	}
	if m.once() != was {
		_, err := s.Update(ctx, scope, id, func(m *Mapping, _ *bool) error { return change(m) })
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, err = s.find(scope, id); err != nil {
		return err
	}
	now := e.Mapping
	if err := change(&now); err != nil {
		return err
	}
	if err := s.cfg.Journal.Commit(ctx, journal.Set(mappingPrefix+id, now)); err != nil {
		return fmt.Errorf("tag event source mapping: %w", err)
	}
	e.Mapping = now
	return nil
}

// Delete ends a mapping and forgets its checkpoints.
func (s *Mappings) Delete(ctx context.Context, scope hydrant.Scope, id string) (Mapping, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.changeable(scope, id, "delete")
	if err != nil {
		return Mapping{}, err
	}
	m := e.snapshot()
	m.State = Deleting
	m.Modified = time.Now().UTC()
	if err := s.cfg.Journal.Commit(ctx, journal.Set(mappingPrefix+id, m)); err != nil {
		return Mapping{}, fmt.Errorf("delete event source mapping: %w", err)
	}
	e.Mapping = m
	old := e.run
	e.run = nil
	s.wg.Go(func() { s.drop(e, old) })
	return m, nil
}

// changeable finds a mapping that is not in the middle of a change.
func (s *Mappings) changeable(scope hydrant.Scope, id, what string) (*entry, error) {
	if s.closed {
		return nil, errClosed()
	}
	e, err := s.find(scope, id)
	if err != nil {
		return nil, err
	}
	if !e.settled() {
		return nil, hydrant.Faultf("ResourceInUseException", "Cannot %s the event source mapping because it is in use.", what).WithField("Type", "User")
	}
	return e, nil
}

// turn stops a mapping's old run and brings it into its new state.
func (s *Mappings) turn(e *entry, old *run, to string) {
	if old != nil {
		old.stop()
		old.wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return // Start finishes the change
	}
	m := e.snapshot()
	m.State = to
	if err := s.cfg.Journal.Commit(s.hard, journal.Set(mappingPrefix+m.ID, m)); err != nil {
		s.cfg.Log.Error("event source mapping keeps its state", "mapping", m.ID, "state", e.State, "err", err)
		return
	}
	e.Mapping = m
	if to == Enabled {
		e.run = s.begin(e)
	}
}

// drop stops a mapping's run and forgets it.
func (s *Mappings) drop(e *entry, old *run) {
	if old != nil {
		old.stop()
		old.wait()
	}
	changes := []journal.Change{journal.Unset(mappingPrefix + e.ID)}
	err := journal.Each(s.cfg.Journal, checkpointPrefix+e.ID+"/", func(key string, c checkpoint) error {
		changes = append(changes, journal.Unset(key))
		changes = append(changes, s.closing(e.ID, strings.TrimPrefix(key, checkpointPrefix+e.ID+"/"), c)...)
		return nil
	})
	if err != nil {
		s.cfg.Log.Error("event source mapping is not deleted", "mapping", e.ID, "err", err)
		return
	}
	if err := s.cfg.Journal.Commit(s.hard, changes...); err != nil {
		s.cfg.Log.Error("event source mapping is not deleted", "mapping", e.ID, "err", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, e.ID)
}

func errClosed() error {
	return hydrant.Faultf("ServiceException", "hydrant is shutting down").WithStatus(503)
}

// Nudge cuts short the pauses of mappings that wait to call a function again, by its unqualified
// ARN: its code may have been mended.
func (s *Mappings) Nudge(function string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.all {
		if e.run != nil && (e.Function == function || strings.HasPrefix(e.Function, function+":")) {
			e.run.nudge()
		}
	}
}
