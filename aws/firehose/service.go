package firehose

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/wire"
)

// Config is what the service is made of.
type Config struct {
	Log     shardlog.Engine // spools; required
	Journal journal.Journal // delivery streams, intents, manifests; required
	Lake    blob.Store      // where objects go; required

	Tables    Tables    // nil: no record format conversion
	Roles     Roles     // nil: a role allows everything
	Logs      Logs      // nil: error events go to Logger only
	Metrics   Metrics   // nil: none
	Streams   Streams   // nil: no Kinesis sources
	Functions Functions // nil: no Lambda processors

	// Limits holds AWS's throughput quotas per delivery stream. Sizes and counts are always held.
	Limits bool
	// StatusDelay is how long a delivery stream is CREATING, DELETING, or its encryption ENABLING.
	// Zero: the change has happened when the call returns.
	StatusDelay time.Duration
	// Builders bounds the objects being written at a time, and with them memory; one more is written to
	// buckets that are slow or away. Default: the number of CPUs, at least 2.
	Builders int
	// Patience is how long the lake may take nothing of an object before others get its place. Default 15 s.
	Patience time.Duration
	// Transforms bounds the rounds of records that are held in memory while functions transform them,
	// at some 20 MiB each. Default 16.
	Transforms int
	// ActivePartitions is how many partitions a delivery stream may have open. Default 500, as AWS.
	ActivePartitions int
	// ManifestKeep is how many deliveries per delivery stream the manifest remembers. Default 50,000.
	ManifestKeep int
	// RetryFirst and RetryLast bound the wait between attempts at a destination that fails.
	// Default 200 ms and 15 s.
	RetryFirst, RetryLast time.Duration

	Logger *slog.Logger // default slog.Default
}

// Service is Data Firehose for all accounts and Regions. All methods may be called concurrently.
type Service struct {
	cfg        Config
	log        *slog.Logger
	turns      *turns        // of objects being built
	transforms chan struct{} // a token per round with functions

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // every goroutine of the service

	mu      sync.RWMutex
	streams map[key]*stream
	spools  map[string]*stream // the same by the names of their spools
	closed  bool

	landings *Landings
}

// key names a delivery stream.
type key struct {
	hydrant.Scope
	name string
}

// New loads all delivery streams and goes on delivering where the last run stopped.
func New(cfg Config) (*Service, error) {
	if cfg.Log == nil || cfg.Journal == nil || cfg.Lake == nil {
		return nil, errors.New("firehose: Log, Journal and Lake are required")
	}
	if cfg.Builders <= 0 {
		cfg.Builders = max(2, runtime.GOMAXPROCS(0))
	}
	if cfg.Patience <= 0 {
		cfg.Patience = 15 * time.Second
	}
	if cfg.Transforms <= 0 {
		cfg.Transforms = 16
	}
	if cfg.ActivePartitions <= 0 {
		cfg.ActivePartitions = defaultActivePartitions
	}
	if cfg.ManifestKeep <= 0 {
		cfg.ManifestKeep = 50_000
	}
	if cfg.RetryFirst <= 0 {
		cfg.RetryFirst = 200 * time.Millisecond
	}
	if cfg.RetryLast < cfg.RetryFirst {
		cfg.RetryLast = max(15*time.Second, cfg.RetryFirst)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Service{
		cfg:        cfg,
		log:        cfg.Logger.With("service", "firehose"),
		turns:      newTurns(cfg.Builders, cfg.Patience),
		transforms: make(chan struct{}, cfg.Transforms),
		streams:    map[key]*stream{},
		spools:     map[string]*stream{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.load(); err != nil {
		s.halt()
		return nil, fmt.Errorf("load firehose: %w", err)
	}
	return s, nil
}

// load brings back what the journal holds and starts the workers.
func (s *Service) load() error {
	if err := s.sweep(); err != nil {
		return err
	}
	var err error
	if s.landings, err = newLandings(s); err != nil {
		return err
	}
	var states []state
	err = journal.Each(s.cfg.Journal, statePrefix, func(_ string, v state) error {
		states = append(states, v)
		return nil
	})
	if err != nil {
		return err
	}
	for i := range states {
		st := s.newStream(&states[i])
		if st.shard, err = s.cfg.Log.Open(s.ctx, states[i].Spool); err != nil {
			return fmt.Errorf("open spool of %s: %w", states[i].Name, err)
		}
		s.streams[states[i].key()], s.spools[states[i].Spool] = st, st
		switch states[i].Status {
		case statusActive:
			err = s.startWorker(st)
		case statusCreating:
			s.later(st.activate)
		case statusDeleting:
			s.later(st.remove)
		}
		if err != nil {
			return err
		}
		switch states[i].Encryption.Status {
		case sseEnabling:
			s.later(func() { st.settleEncryption(sseEnabling, sseEnabled) })
		case sseDisabling:
			s.later(func() { st.settleEncryption(sseDisabling, sseDisabled) })
		}
	}
	return nil
}

// Close stops all workers and waits for them. What is buffered stays in the spool and is delivered
// after the next start.
func (s *Service) Close() error {
	s.halt()
	return nil
}

func (s *Service) halt() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
}

// spawn runs f in a goroutine that Close waits for; after Close it does nothing.
func (s *Service) spawn(f func()) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.spawnLocked(f)
}

func (s *Service) spawnLocked(f func()) bool {
	if s.closed {
		return false
	}
	s.wg.Go(f)
	return true
}

// later runs f after the status delay, unless the service closes first: then the next start does.
func (s *Service) later(f func()) {
	if s.cfg.StatusDelay <= 0 {
		f()
		return
	}
	s.spawn(func() {
		select {
		case <-time.After(s.cfg.StatusDelay):
			f()
		case <-s.ctx.Done():
		}
	})
}

// Wire is the service on the wire.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:          "firehose",
		Protocol:      wire.AWSJSON,
		Target:        "Firehose_20150804",
		MessageMember: "message",
		TerseEnums:    true,
		Ops: []wire.Row{
			wire.Op("CreateDeliveryStream", s.CreateDeliveryStream),
			wire.Op("DeleteDeliveryStream", s.DeleteDeliveryStream),
			wire.Op("DescribeDeliveryStream", s.DescribeDeliveryStream),
			wire.Op("ListDeliveryStreams", s.ListDeliveryStreams),
			wire.Op("ListTagsForDeliveryStream", s.ListTagsForDeliveryStream),
			wire.Op("PutRecord", s.PutRecord),
			wire.Op("PutRecordBatch", s.PutRecordBatch),
			wire.Op("StartDeliveryStreamEncryption", s.StartDeliveryStreamEncryption),
			wire.Op("StopDeliveryStreamEncryption", s.StopDeliveryStreamEncryption),
			wire.Op("TagDeliveryStream", s.TagDeliveryStream),
			wire.Op("UntagDeliveryStream", s.UntagDeliveryStream),
			wire.Op("UpdateDestination", s.UpdateDestination),
		},
	}
}

// find returns a delivery stream, or nil.
func (s *Service) find(scope hydrant.Scope, name string) *stream {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.streams[key{scope, name}]
}

// named returns the caller's delivery stream, or AWS's fault.
func (s *Service) named(ctx context.Context, name string) (*stream, error) {
	scope := hydrant.ScopeOf(ctx)
	if st := s.find(scope, name); st != nil {
		return st, nil
	}
	return nil, notFound(scope, name)
}
