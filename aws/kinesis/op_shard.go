package kinesis

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hydrant-stream/hydrant"
)

type (
	Shard struct {
		ShardId               string
		ParentShardId         string
		AdjacentParentShardId string
		HashKeyRange          HashKeyRange
		SequenceNumberRange   SequenceNumberRange
	}
	HashKeyRange        struct{ StartingHashKey, EndingHashKey string }
	SequenceNumberRange struct{ StartingSequenceNumber, EndingSequenceNumber string }

	ListShardsIn struct {
		StreamName              string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN               string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId                string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		NextToken               string `min:"1" max:"1048576"`
		ExclusiveStartShardId   string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		MaxResults              *int   `min:"1" max:"10000"`
		StreamCreationTimestamp *time.Time
		ShardFilter             *ShardFilter
	}
	ShardFilter struct {
		Type      string `required:"" enum:"AFTER_SHARD_ID|AT_TRIM_HORIZON|FROM_TRIM_HORIZON|AT_LATEST|AT_TIMESTAMP|FROM_TIMESTAMP"`
		ShardId   string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		Timestamp *time.Time
	}
	ListShardsOut struct {
		Shards    []Shard
		NextToken string
	}
)

func (h *shard) describe() Shard {
	d := Shard{
		ShardId:             h.id(),
		HashKeyRange:        HashKeyRange{h.Range.Start.String(), h.Range.End.String()},
		SequenceNumberRange: SequenceNumberRange{StartingSequenceNumber: h.starting().String()},
	}
	if h.Parent != nil {
		d.ParentShardId = shardName(*h.Parent)
	}
	if h.Adjacent != nil {
		d.AdjacentParentShardId = shardName(*h.Adjacent)
	}
	if h.Closed != 0 {
		d.SequenceNumberRange.EndingSequenceNumber = h.ending().String()
	}
	return d
}

// kept are the shards that are open or may still hold records.
func (s *stream) kept(now time.Time) []*shard {
	horizon := now.Add(-s.retention()).UnixMilli()
	var out []*shard
	for _, h := range s.shards {
		if h.Closed == 0 || h.Closed > horizon {
			out = append(out, h)
		}
	}
	return out
}

// listPage is what a NextToken of ListShards stands for.
type listPage struct {
	Account, Region, Stream string
	Created                 int64
	After                   string // ExclusiveStartShardId of the next page
	Filter                  *ShardFilter
}

// ListShards lists shards, parents before children.
//
//	Wire     Kinesis_20131202.ListShards over json 1.1
//	Limits   pages of maxListShards at most; a NextToken lives listTokenLife
func (s *Service) ListShards(ctx context.Context, in *ListShardsIn) (*ListShardsOut, error) {
	now := time.Now()
	page := listPage{After: in.ExclusiveStartShardId, Filter: in.ShardFilter}
	var st *stream
	var err error
	switch named := in.StreamName != "" || in.StreamARN != "" || in.StreamId != ""; {
	case in.NextToken != "" && named:
		return nil, hydrant.Faultf("InvalidArgumentException", "NextToken and StreamName cannot be provided together.")
	case in.NextToken != "":
		st, err = s.nextShards(in.NextToken, &page, now)
	case !named:
		return nil, hydrant.Faultf("InvalidArgumentException", "Either NextToken or StreamName should be provided.")
	default:
		st, err = s.find(ctx, in.StreamName, in.StreamARN, in.StreamId)
	}
	if err != nil {
		return nil, err
	}
	limit := maxListShards
	if in.MaxResults != nil {
		limit = min(limit, *in.MaxResults)
	}

	st.mu.RLock()
	defer st.mu.RUnlock()
	if in.StreamCreationTimestamp != nil && in.StreamCreationTimestamp.Unix() != st.created().Unix() {
		return nil, notFound(st.name, st.scope)
	}
	keep, err := page.Filter.predicate(st, now)
	if err != nil {
		return nil, err
	}
	after := int64(-1)
	if page.After != "" {
		n, ok := parseShardID(page.After)
		if !ok {
			return nil, hydrant.Faultf("ResourceNotFoundException", "Could not find shard %s in stream %s under account %s.", page.After, st.name, st.scope.Account)
		}
		after = int64(n)
	}
	out := &ListShardsOut{Shards: []Shard{}}
	for _, h := range st.kept(now) {
		if int64(h.Number) <= after || !keep(h) {
			continue
		}
		if len(out.Shards) == limit {
			page.Account, page.Region = st.scope.Account, st.scope.Region
			page.Stream, page.Created = st.name, st.born
			page.After = out.Shards[limit-1].ShardId
			body, _ := json.Marshal(page) // strings and numbers: cannot fail
			out.NextToken = s.tokens.list(body, now)
			break
		}
		out.Shards = append(out.Shards, h.describe())
	}
	return out, nil
}

// nextShards finds where a NextToken goes on.
func (s *Service) nextShards(token string, page *listPage, now time.Time) (*stream, error) {
	b, err := s.tokens.openList(token, now)
	if err != nil {
		return nil, listTokenFault(err)
	}
	if err := json.Unmarshal(b, page); err != nil {
		return nil, listTokenFault(errBadToken)
	}
	scope := hydrant.Scope{Account: page.Account, Region: page.Region}
	st, ok := s.lookup(scope, page.Stream)
	if !ok || st.born != page.Created {
		return nil, notFound(page.Stream, scope)
	}
	return st, nil
}

// predicate says which shards a filter keeps. A nil filter keeps all.
func (f *ShardFilter) predicate(st *stream, now time.Time) (func(*shard) bool, error) {
	if f == nil {
		return func(*shard) bool { return true }, nil
	}
	horizon := max(now.Add(-st.retention()).UnixMilli(), st.born)
	switch f.Type {
	case "AFTER_SHARD_ID":
		n, ok := parseShardID(f.ShardId)
		if !ok {
			return nil, hydrant.Faultf("InvalidArgumentException", "ShardFilter of type AFTER_SHARD_ID needs a ShardId.")
		}
		return func(h *shard) bool { return h.Number > n }, nil
	case "AT_LATEST":
		return func(h *shard) bool { return h.Closed == 0 }, nil
	case "AT_TIMESTAMP", "FROM_TIMESTAMP":
		if f.Timestamp == nil {
			return nil, hydrant.Faultf("InvalidArgumentException", "ShardFilter of type %s needs a Timestamp.", f.Type)
		}
		horizon = max(horizon, f.Timestamp.UnixMilli())
	}
	if f.Type == "FROM_TRIM_HORIZON" || f.Type == "FROM_TIMESTAMP" {
		return func(h *shard) bool { return h.Closed == 0 || h.Closed > horizon }, nil
	}
	return func(h *shard) bool {
		return h.Created <= horizon && (h.Closed == 0 || h.Closed > horizon)
	}, nil
}
