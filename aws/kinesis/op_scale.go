package kinesis

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
)

type (
	SplitShardIn struct {
		StreamName         string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN          string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId           string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		ShardToSplit       string `required:"" min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		NewStartingHashKey string `required:"" pattern:"0|([1-9]\\d{0,38})"`
	}
	SplitShardOut struct{}

	MergeShardsIn struct {
		StreamName           string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN            string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId             string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		ShardToMerge         string `required:"" min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		AdjacentShardToMerge string `required:"" min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
	}
	MergeShardsOut struct{}

	UpdateShardCountIn struct {
		StreamName       string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN        string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId         string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		TargetShardCount *int   `required:"" min:"1"`
		ScalingType      string `required:"" enum:"UNIFORM_SCALING"`
	}
	UpdateShardCountOut struct {
		StreamName        string
		StreamARN         string
		CurrentShardCount int
		TargetShardCount  int
	}
)

// resharding finds a provisioned stream that may be resharded now. On success the caller holds
// control and must release it.
func (s *Service) resharding(ctx context.Context, name, arn, id string) (*stream, error) {
	st, err := s.find(ctx, name, arn, id)
	if err != nil {
		return nil, err
	}
	s.control.Lock()
	st.mu.RLock()
	defer st.mu.RUnlock()
	if status := st.status(time.Now()); status != active {
		err = hydrant.Faultf("ResourceInUseException", "Stream %s under account %s not ACTIVE, instead in state %s", st.name, st.scope.Account, status)
	} else if st.info.Mode == onDemand {
		err = hydrant.Faultf("ValidationException", "Stream %s under account %s is in ON_DEMAND mode: its shards are managed by the service.", st.name, st.scope.Account)
	}
	if err != nil {
		s.control.Unlock()
		return nil, err
	}
	return st, nil
}

// openShard finds a shard that can be split or merged.
func (s *stream) openShard(id string) (*shard, error) {
	h := s.shard(id)
	if h == nil {
		if n, ok := parseShardID(id); ok {
			id = shardName(n)
		}
		return nil, hydrant.Faultf("ResourceNotFoundException", "Could not find shard %s in stream %s under account %s.", id, s.name, s.scope.Account)
	}
	if h.Closed != 0 {
		return nil, hydrant.Faultf("InvalidArgumentException", "Shard %s in stream %s under account %s is closed.", h.id(), s.name, s.scope.Account)
	}
	return h, nil
}

// SplitShard closes a shard in favour of two that share its range.
//
//	Wire     Kinesis_20131202.SplitShard over json 1.1
//	Limits   the account's shards, with --limits aws
//	Order    readers finish the parent before its children
func (s *Service) SplitShard(ctx context.Context, in *SplitShardIn) (*SplitShardOut, error) {
	st, err := s.resharding(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	defer s.control.Unlock()
	h, err := st.openShard(in.ShardToSplit)
	if err != nil {
		return nil, err
	}
	at, ok := parseHashKey(in.NewStartingHashKey)
	if !ok || !h.Range.Start.less(at) || h.Range.Start.next() == at || !at.less(h.Range.End) {
		return nil, hydrant.Faultf("InvalidArgumentException", "NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under account %s is not both greater than one plus the shard's StartingHashKey %s and less than the shard's EndingHashKey %s.",
			in.NewStartingHashKey, h.id(), st.name, st.scope.Account, h.Range.Start, h.Range.End)
	}
	now := time.Now()
	if err := s.roomFor(st.scope, 1, now); err != nil {
		return nil, err
	}
	r := st.reshape(now)
	r.split(h.Number, at)
	if err := s.apply(ctx, st, r, nil); err != nil {
		return nil, err
	}
	return &SplitShardOut{}, nil
}

// MergeShards closes two neighbouring shards in favour of one.
//
//	Wire     Kinesis_20131202.MergeShards over json 1.1
//	Order    readers finish both parents before the child
func (s *Service) MergeShards(ctx context.Context, in *MergeShardsIn) (*MergeShardsOut, error) {
	st, err := s.resharding(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	defer s.control.Unlock()
	a, err := st.openShard(in.ShardToMerge)
	if err != nil {
		return nil, err
	}
	b, err := st.openShard(in.AdjacentShardToMerge)
	if err != nil {
		return nil, err
	}
	if !adjoin(a.Range, b.Range) && !adjoin(b.Range, a.Range) {
		return nil, hydrant.Faultf("InvalidArgumentException", "Shards %s and %s in stream %s under account %s are not an adjacent pair of shards eligible for merging", a.id(), b.id(), st.name, st.scope.Account)
	}
	r := st.reshape(time.Now())
	r.merge(a.Number, b.Number)
	if err := s.apply(ctx, st, r, nil); err != nil {
		return nil, err
	}
	return &MergeShardsOut{}, nil
}

// adjoin reports whether b begins where a ends.
func adjoin(a, b hashRange) bool { return a.End != maxHashKey && a.End.next() == b.Start }

// UpdateShardCount makes the open shards TargetShardCount equal ranges.
//
//	Wire     Kinesis_20131202.UpdateShardCount over json 1.1
//	Limits   at most double and at least half of the open shards; with --limits aws maxScalings
func (s *Service) UpdateShardCount(ctx context.Context, in *UpdateShardCountIn) (*UpdateShardCountOut, error) {
	st, err := s.resharding(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	defer s.control.Unlock()
	current, target := len(st.open), *in.TargetShardCount
	if target > 2*current {
		return nil, hydrant.Faultf("InvalidArgumentException", "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: %d Target shard count: %d", current, target)
	}
	if 2*target < current {
		return nil, hydrant.Faultf("InvalidArgumentException", "UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: %d Target shard count: %d", current, target)
	}
	now := time.Now()
	if err := s.roomFor(st.scope, max(0, target-current), now); err != nil {
		return nil, err
	}
	out := &UpdateShardCountOut{StreamName: st.name, StreamARN: st.arn(), CurrentShardCount: current, TargetShardCount: target}
	if target == current {
		return out, nil
	}
	info := st.info // as long as control is held nobody else changes it
	if err := s.daily(&info, "UpdateShardCount", maxScalings, now); err != nil {
		return nil, err
	}
	r := st.reshape(now)
	r.scale(target)
	if err := s.apply(ctx, st, r, func(i *streamInfo) { i.Changes = info.Changes }); err != nil {
		return nil, err
	}
	return out, nil
}
