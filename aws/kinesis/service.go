// Package kinesis is Kinesis Data Streams: streams cut into shards, each an ordered log.
//
// A stream's description lives in the journal, its records in the shard log. A put finds the shard
// that owns the record's hash key and appends there; it is answered when the log says that the
// record survives power loss. A read follows offsets; what clients see of them are sequence
// numbers and shard iterators.
package kinesis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/wire"
)

// Config is what the service needs.
type Config struct {
	Log     shardlog.Engine
	Journal journal.Journal
	// Limits holds AWS's throughput limits per shard. Sizes and counts are always held.
	Limits bool
	// StatusDelay is how long a stream stays CREATING, UPDATING or DELETING.
	StatusDelay time.Duration
	Logger      *slog.Logger
}

// Service is Kinesis Data Streams. Its methods may be called concurrently.
type Service struct {
	Config
	// control serialises changes of streams; held before any stream's mu.
	control sync.Mutex
	streams sync.Map // streamKey -> *stream
	ids     sync.Map // stream id -> *stream
	tokens  sealer
	removal sync.WaitGroup // streams on their way out
	splits  sync.WaitGroup // busy shards on their way to two
	rates   rates
	life    context.Context // ends when subscriptions are to end
	drain   context.CancelFunc
}

type streamKey struct {
	scope hydrant.Scope
	name  string
}

const tokenKey = "kinesis/tokenkey"

// New opens the service with all streams the journal knows.
func New(ctx context.Context, c Config) (*Service, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{Config: c}
	s.life, s.drain = context.WithCancel(context.Background())
	if err := s.loadTokenKey(ctx); err != nil {
		return nil, err
	}
	var gone []*stream
	err := journal.Each(c.Journal, "kinesis/stream/", func(_ string, info streamInfo) error {
		if err := s.prune(ctx, &info, time.Now()); err != nil {
			return err
		}
		logs, err := s.openLogs(ctx, &info, info.Shards)
		if err != nil {
			return err
		}
		st := newStream(info, logs)
		s.keep(st)
		if info.Status == deleting {
			gone = append(gone, st)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load streams: %w", err)
	}
	for _, st := range gone {
		if err := s.remove(ctx, st); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// loadTokenKey finds or makes the key that seals iterators, so that they outlive a restart.
func (s *Service) loadTokenKey(ctx context.Context) error {
	key, ok, err := journal.Load[string](s.Journal, tokenKey)
	if err != nil {
		return err
	}
	if !ok {
		b := make([]byte, 32)
		rand.Read(b)
		key = hex.EncodeToString(b)
		if err := s.Journal.Commit(ctx, journal.Set(tokenKey, key)); err != nil {
			return fmt.Errorf("keep token key: %w", err)
		}
	}
	s.tokens.key, err = hex.DecodeString(key)
	return err
}

// openLogs opens the engine's shards behind shards of a stream.
func (s *Service) openLogs(ctx context.Context, info *streamInfo, shards []shardInfo) ([]shardlog.ShardID, error) {
	logs := make([]shardlog.ShardID, len(shards))
	// A new shard takes two commits of the engine's journal; those that come together share an fsync.
	errs := make([]error, min(len(shards), openersOfLogs))
	var openers sync.WaitGroup
	for w := range errs {
		openers.Go(func() {
			for i := w; i < len(shards) && errs[w] == nil; i += len(errs) {
				logs[i], errs[w] = s.openLog(ctx, info, shards[i].Number)
			}
		})
	}
	openers.Wait()
	return logs, errors.Join(errs...)
}

// openersOfLogs is how many shards of a stream are opened at a time.
const openersOfLogs = 64

func (s *Service) openLog(ctx context.Context, info *streamInfo, number uint32) (shardlog.ShardID, error) {
	id, err := s.Log.Open(ctx, info.logName(number))
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", info.logName(number), err)
	}
	if err := s.Log.SetRetention(ctx, id, time.Duration(info.RetentionHours)*time.Hour); err != nil {
		return 0, fmt.Errorf("set retention of %s: %w", info.logName(number), err)
	}
	return id, nil
}

// Drain ends all subscriptions, as at the end of their life, and takes no new ones. A server that
// shuts down calls it first (http.Server.RegisterOnShutdown): it would wait for them otherwise.
func (s *Service) Drain() { s.drain() }

// Close drains and waits for streams on their way out and shards being split. The log and the journal belong to the caller.
func (s *Service) Close() error {
	s.Drain()
	s.removal.Wait()
	s.splits.Wait()
	return nil
}

// Wire is the service as the wire sees it.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:     "kinesis",
		Protocol: wire.AWSJSON,
		Target:   "Kinesis_20131202",
		HostID:   true,
		MaxBody:  maxBody,
		Ops: s.paced([]wire.Row{
			wire.Op("AddTagsToStream", s.AddTagsToStream),
			wire.Op("CreateStream", s.CreateStream),
			wire.Op("DecreaseStreamRetentionPeriod", s.DecreaseStreamRetentionPeriod),
			wire.Op("DeleteResourcePolicy", s.DeleteResourcePolicy),
			wire.Op("DeleteStream", s.DeleteStream),
			wire.Op("DeregisterStreamConsumer", s.DeregisterStreamConsumer),
			wire.Op("DescribeAccountSettings", s.DescribeAccountSettings),
			wire.Op("DescribeLimits", s.DescribeLimits),
			wire.Op("DescribeStream", s.DescribeStream),
			wire.Op("DescribeStreamConsumer", s.DescribeStreamConsumer),
			wire.Op("DescribeStreamSummary", s.DescribeStreamSummary),
			wire.Op("DisableEnhancedMonitoring", s.DisableEnhancedMonitoring),
			wire.Op("EnableEnhancedMonitoring", s.EnableEnhancedMonitoring),
			wire.Op("GetRecords", s.GetRecords),
			wire.Op("GetResourcePolicy", s.GetResourcePolicy),
			wire.Op("GetShardIterator", s.GetShardIterator),
			wire.Op("IncreaseStreamRetentionPeriod", s.IncreaseStreamRetentionPeriod),
			wire.Op("ListShards", s.ListShards),
			wire.Op("ListStreamConsumers", s.ListStreamConsumers),
			wire.Op("ListStreams", s.ListStreams),
			wire.Op("ListTagsForResource", s.ListTagsForResource),
			wire.Op("ListTagsForStream", s.ListTagsForStream),
			wire.Op("MergeShards", s.MergeShards),
			wire.Op("PutRecord", s.PutRecord),
			wire.Op("PutRecords", s.PutRecords),
			wire.Op("PutResourcePolicy", s.PutResourcePolicy),
			wire.Op("RegisterStreamConsumer", s.RegisterStreamConsumer),
			wire.Op("RemoveTagsFromStream", s.RemoveTagsFromStream),
			wire.Op("SplitShard", s.SplitShard),
			wire.Op("StartStreamEncryption", s.StartStreamEncryption),
			wire.Op("StopStreamEncryption", s.StopStreamEncryption),
			wire.Op("SubscribeToShard", s.SubscribeToShard),
			wire.Op("TagResource", s.TagResource),
			wire.Op("UntagResource", s.UntagResource),
			wire.Op("UpdateAccountSettings", s.UpdateAccountSettings),
			wire.Op("UpdateMaxRecordSize", s.UpdateMaxRecordSize),
			wire.Op("UpdateShardCount", s.UpdateShardCount),
			wire.Op("UpdateStreamMode", s.UpdateStreamMode),
			wire.Op("UpdateStreamWarmThroughput", s.UpdateStreamWarmThroughput),
		}),
	}
}

// find is the stream a request names, by name, id or ARN (the last wins), whatever its state.
func (s *Service) find(ctx context.Context, name, arn, id string) (*stream, error) {
	scope := hydrant.ScopeOf(ctx)
	if arn != "" {
		a, err := hydrant.ParseARN(arn)
		if err != nil {
			return nil, hydrant.Faultf("InvalidArgumentException", "StreamARN %s is not a valid ARN", arn)
		}
		if a.Region != scope.Region {
			return nil, hydrant.Faultf("InvalidArgumentException", "The region specified in the ARN (%s) does not match the endpoint region (%s).", a.Region, scope.Region)
		}
		n, ok := a.Name("stream/")
		if !ok {
			return nil, hydrant.Faultf("InvalidArgumentException", "StreamARN %s does not name a stream", arn)
		}
		scope, name = a.Scope(), n
	}
	if name == "" && id == "" {
		return nil, hydrant.Faultf("InvalidArgumentException", "StreamARN or StreamName is required.")
	}
	if arn == "" && id != "" {
		st, ok := s.identified(scope, id)
		if !ok || name != "" && name != st.name {
			return nil, hydrant.Faultf("ResourceNotFoundException", "Stream with id %s under account %s not found.", id, scope.Account)
		}
		return st, nil
	}
	if st, ok := s.lookup(scope, name); ok {
		return st, nil
	}
	return nil, notFound(name, scope)
}

func (s *Service) lookup(scope hydrant.Scope, name string) (*stream, bool) {
	v, ok := s.streams.Load(streamKey{scope, name})
	if !ok {
		return nil, false
	}
	return v.(*stream), true
}

// usable is find for reads and writes, which a stream that is still CREATING does not take.
func (s *Service) usable(ctx context.Context, name, arn, id string) (*stream, error) {
	st, err := s.find(ctx, name, arn, id)
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	if st.status(time.Now()) == creating {
		return nil, notFound(st.name, st.scope)
	}
	return st, nil
}

func notFound(name string, scope hydrant.Scope) *hydrant.Fault {
	return hydrant.Faultf("ResourceNotFoundException", "Stream %s under account %s not found.", name, scope.Account)
}

// logFault turns what the log says of a call into what the client may see.
func (s *Service) logFault(err error, st *stream) error {
	switch {
	case errors.Is(err, shardlog.ErrNoShard):
		return notFound(st.name, st.scope)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	s.Logger.Error("shard log", "stream", st.arn(), "err", err)
	return hydrant.Faultf("InternalFailure", "Internal service failure.").WithStatus(500)
}
