package kinesis

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// The methods of this file are how other rooms of the house read a stream: by offset, without
// iterators and without a client's limits. They state their need in their own needs.go.

// Shards lists the shards of a stream that may still hold or get records, parents before children.
func (s *Service) Shards(ctx context.Context, streamARN string) ([]hydrant.Shard, error) {
	st, err := s.byARN(streamARN)
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	var out []hydrant.Shard
	for _, h := range st.kept(time.Now()) {
		d := h.describe()
		out = append(out, hydrant.Shard{ID: d.ShardId, Parent: d.ParentShardId, AdjacentParent: d.AdjacentParentShardId, Open: h.Closed == 0, Born: h.Created})
	}
	return out, nil
}

// Start is the offset at which a reader with that starting position (TRIM_HORIZON, LATEST,
// AT_TIMESTAMP) begins.
func (s *Service) Start(ctx context.Context, streamARN, shardID, position string, at time.Time) (uint64, error) {
	st, h, err := s.shardByARN(streamARN, shardID)
	if err != nil {
		return 0, err
	}
	from, err := s.position(ctx, h, position, at)
	if err != nil {
		return 0, s.logFault(err, st)
	}
	return from, nil
}

// Read returns records from an offset on with their sequence numbers, and the offset to go on at.
// end: the shard is closed and nothing follows. Below the trim horizon it begins there.
func (s *Service) Read(ctx context.Context, streamARN, shardID string, from uint64, limit shardlog.Limit) (recs []hydrant.Record, next uint64, end bool, err error) {
	st, h, err := s.shardByARN(streamARN, shardID)
	if err != nil {
		return nil, 0, false, err
	}
	page, err := s.readFrom(ctx, h, from, limit)
	if err != nil {
		return nil, 0, false, s.logFault(err, st)
	}
	recs = make([]hydrant.Record, len(page.Records))
	for i, r := range page.Records {
		r.Sequence = h.sequenceOf(r.Offset, r.Arrival).String()
		recs[i] = r
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	if h.Closed != 0 {
		b, err := s.Log.Bounds(h.log)
		if err != nil {
			return nil, 0, false, s.logFault(err, st)
		}
		end = page.Next >= b.Next
	}
	return recs, page.Next, end, nil
}

// Wait returns when a record at or after from is there, when the shard is known to be closed, or
// when ctx ends.
func (s *Service) Wait(ctx context.Context, streamARN, shardID string, from uint64) error {
	st, h, err := s.shardByARN(streamARN, shardID)
	if err != nil {
		return err
	}
	if err := h.wait(ctx, s.Log, from); err != nil {
		return s.logFault(err, st)
	}
	return nil
}

// Consumer is the stream a consumer is registered with. A consumer that is not there is a
// ResourceNotFoundException, one that is not ACTIVE a ResourceInUseException.
func (s *Service) Consumer(ctx context.Context, consumerARN string) (streamARN string, err error) {
	streamARN, ok := splitConsumerARN(consumerARN)
	if !ok {
		return "", hydrant.Faultf("InvalidArgumentException", "ConsumerARN %s does not name a consumer", consumerARN)
	}
	st, err := s.byARN(streamARN)
	if err != nil {
		return "", err
	}
	now := time.Now()
	st.mu.RLock()
	defer st.mu.RUnlock()
	c := st.info.consumer(streamARN, "", consumerARN, now)
	if c == nil {
		return "", noConsumer(consumerARN, st.scope)
	}
	if status, _ := c.status(now); status != active {
		return "", hydrant.Faultf("ResourceInUseException", "Consumer %s under stream %s under account %s not ACTIVE, instead in state %s", c.Name, st.name, st.scope.Account, status)
	}
	return streamARN, nil
}

func (s *Service) byARN(streamARN string) (*stream, error) {
	a, err := hydrant.ParseARN(streamARN)
	if err != nil {
		return nil, hydrant.Faultf("InvalidArgumentException", "StreamARN %s is not a valid ARN", streamARN)
	}
	name, ok := a.Name("stream/")
	if !ok {
		return nil, hydrant.Faultf("InvalidArgumentException", "StreamARN %s does not name a stream", streamARN)
	}
	if st, ok := s.lookup(a.Scope(), name); ok {
		return st, nil
	}
	return nil, notFound(name, a.Scope())
}

func (s *Service) shardByARN(streamARN, shardID string) (*stream, *shard, error) {
	st, err := s.byARN(streamARN)
	if err != nil {
		return nil, nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	if h := st.shard(shardID); h != nil {
		return st, h, nil
	}
	return nil, nil, noShard(shardID, st.name, st.scope)
}
