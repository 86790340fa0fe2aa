package kinesis

import (
	"context"
	"errors"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/wire/faults"
)

type (
	GetShardIteratorIn struct {
		StreamName             string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN              string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId               string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		ShardId                string `required:"" min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		ShardIteratorType      string `required:"" enum:"AFTER_SEQUENCE_NUMBER|LATEST|AT_TIMESTAMP|AT_SEQUENCE_NUMBER|TRIM_HORIZON"`
		StartingSequenceNumber string `pattern:"0|([1-9]\\d{0,128})"`
		Timestamp              *time.Time
	}
	GetShardIteratorOut struct{ ShardIterator string }

	GetRecordsIn struct {
		ShardIterator string `required:"" min:"1" max:"512"`
		Limit         *int   `min:"1" max:"10000"`
		StreamARN     string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId      string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
	}
	// GetRecordsOut has codecs of its own (page_codec.go).
	GetRecordsOut struct {
		Records Page
		GetRecordsEnd
		json []byte        // of the end
		page shardlog.Page // that Records are of
	}
	// GetRecordsEnd is what follows the records.
	GetRecordsEnd struct {
		NextShardIterator  string
		MillisBehindLatest int64
		ChildShards        []ChildShard
	}
	ChildShard struct {
		ShardId      string
		ParentShards []string
		HashKeyRange HashKeyRange
	}
)

// GetShardIterator gives a place in a shard to read from.
//
//	Wire     Kinesis_20131202.GetShardIterator over json 1.1
//	Limits   an iterator lives iteratorLife and may be used as often as one likes within it; with --limits aws
//	         maxIteratorsPerSecond of a shard
func (s *Service) GetShardIterator(ctx context.Context, in *GetShardIteratorIn) (*GetShardIteratorOut, error) {
	st, err := s.usable(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		if hydrant.FaultCode(err) == "ResourceNotFoundException" && in.StreamName != "" && in.StreamARN == "" {
			return nil, noShard(in.ShardId, in.StreamName, hydrant.ScopeOf(ctx))
		}
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	h := st.shard(in.ShardId)
	if h == nil {
		return nil, noShard(in.ShardId, st.name, st.scope)
	}
	now := time.Now()
	if s.Limits && !s.rates.take("GetShardIterator "+st.arn()+" "+h.id(), maxIteratorsPerSecond, now) {
		return nil, hydrant.Faultf("ProvisionedThroughputExceededException", "Rate exceeded for shard %s in stream %s under account %s.", h.id(), st.name, st.scope.Account)
	}
	from, err := s.startAt(ctx, st, h, place{"GetShardIterator", in.ShardIteratorType, in.StartingSequenceNumber, in.Timestamp}, now)
	if err != nil {
		return nil, err
	}
	return &GetShardIteratorOut{s.tokens.iterator(iterator{
		made:    now.UnixMilli(),
		created: st.born,
		shard:   h.Number,
		from:    from,
		key:     streamKey{st.scope, st.name},
	})}, nil
}

func noShard(id, name string, scope hydrant.Scope) *hydrant.Fault {
	if n, ok := parseShardID(id); ok {
		id = shardName(n)
	}
	return hydrant.Faultf("ResourceNotFoundException", "Shard %s in stream %s under account %s does not exist", id, name, scope.Account)
}

// place is a starting position as a client words it.
type place struct {
	op, kind, number string
	at               *time.Time
}

// startAt is the offset at which a place lies.
func (s *Service) startAt(ctx context.Context, st *stream, h *shard, p place, now time.Time) (uint64, error) {
	bySequence := p.kind == "AT_SEQUENCE_NUMBER" || p.kind == "AFTER_SEQUENCE_NUMBER"
	if bySequence != (p.number != "") {
		which := "and no StartingSequenceNumber."
		if !bySequence {
			which = "and also a StartingSequenceNumber."
		}
		return 0, hydrant.Faultf("InvalidArgumentException", "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified %s %s", p.kind, which)
	}
	if bySequence {
		return s.startAtSequence(st, h, p)
	}
	var at time.Time
	if p.kind == "AT_TIMESTAMP" {
		if p.at == nil {
			return 0, hydrant.Faultf("InvalidArgumentException", "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.")
		}
		if p.at.After(now) {
			return 0, hydrant.Faultf("InvalidArgumentException", "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: %d, currentTimestampInMillis: %d", p.at.UnixMilli(), now.UnixMilli())
		}
		at = *p.at
	}
	from, err := s.position(ctx, h, p.kind, at)
	if err != nil {
		return 0, s.logFault(err, st)
	}
	return from, nil
}

func (s *Service) startAtSequence(st *stream, h *shard, p place) (uint64, error) {
	q, ok := parseSequence(p.number)
	if !ok {
		return 0, hydrant.Faultf("InvalidArgumentException", "StartingSequenceNumber %s used in %s on shard %s in stream %s under account %s is invalid.", p.number, p.op, h.id(), st.name, st.scope.Account)
	}
	if q.shard != h.Number {
		return 0, hydrant.Faultf("InvalidArgumentException", "Invalid StartingSequenceNumber. It encodes %s, while it was used in a call to a shard with %s", shardName(q.shard), h.id())
	}
	b, err := s.Log.Bounds(h.log)
	if err != nil {
		return 0, s.logFault(err, st)
	}
	end := h.Closed != 0 && q.index == lastIndex
	if q.created != h.Created/1000 || q.index > b.Next && !end {
		return 0, hydrant.Faultf("InvalidArgumentException", "StartingSequenceNumber %s used in %s on shard %s in stream %s under account %s is invalid because it did not come from this stream.", p.number, p.op, h.id(), st.name, st.scope.Account)
	}
	switch {
	case end:
		return b.Next, nil
	case q.index == 0: // the shard's StartingSequenceNumber: before the first record either way
		return 0, nil
	case p.kind == "AT_SEQUENCE_NUMBER":
		return q.index - 1, nil
	}
	return q.index, nil
}

// position is the offset at which TRIM_HORIZON, LATEST or AT_TIMESTAMP begins.
func (s *Service) position(ctx context.Context, h *shard, kind string, at time.Time) (uint64, error) {
	if kind == "AT_TIMESTAMP" {
		ms := at.UnixMilli()
		if at.After(time.UnixMilli(ms)) { // records arrive at whole milliseconds: none before at
			ms++
		}
		return s.Log.Seek(ctx, h.log, ms)
	}
	b, err := s.Log.Bounds(h.log)
	if kind == "LATEST" {
		return b.Next, err
	}
	return b.Low, err
}

// GetRecords reads records from an iterator on.
//
//	Wire     Kinesis_20131202.GetRecords over json 1.1
//	Limits   maxGetRecords, maxGetBytes; with --limits aws the shard's throughput
//	Order    of arrival; NextShardIterator is absent at the end of a closed shard
//	Differs  never empty while older records lie ahead
func (s *Service) GetRecords(ctx context.Context, in *GetRecordsIn) (*GetRecordsOut, error) {
	now := time.Now()
	it, err := s.tokens.openIterator(in.ShardIterator, now)
	if errors.Is(err, errExpiredToken) {
		const stamp = "Mon Jan 02 15:04:05 UTC 2006"
		return nil, hydrant.Faultf("ExpiredIteratorException", "Iterator expired. The iterator was created at time %s while right now it is %s which is further in the future than the tolerated delay of %d milliseconds.",
			time.UnixMilli(it.made).UTC().Format(stamp), now.UTC().Format(stamp), iteratorLife.Milliseconds())
	}
	if err != nil {
		return nil, hydrant.Faultf("InvalidArgumentException", "Invalid ShardIterator.")
	}
	st, ok := s.lookup(it.key.scope, it.key.name)
	if !ok || st.born != it.created {
		return nil, notFound(it.key.name, it.key.scope)
	}
	st.mu.RLock()
	h := st.numbered(it.shard)
	st.mu.RUnlock()
	if h == nil {
		return nil, noShard(shardName(it.shard), it.key.name, it.key.scope)
	}
	if faults.EntriesOf(ctx).Refuse(it.key.name) != "" || s.Limits && !h.throttle.admitRead(now) {
		return nil, hydrant.Faultf("ProvisionedThroughputExceededException", "Rate exceeded for shard %s in stream %s under account %s.", h.id(), it.key.name, it.key.scope.Account)
	}
	limit := shardlog.Limit{Records: maxGetRecords, Bytes: maxGetBytes, Reuse: true} // freed when it is written
	if in.Limit != nil {
		limit.Records = *in.Limit
	}
	// The page is read without the stream's lock: a shard that closes meanwhile has taken its last
	// record before Closed is set, and end looks at Closed afterwards.
	page, err := s.readFrom(ctx, h, it.from, limit)
	if err != nil {
		return nil, s.logFault(err, st)
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	return s.recordsOut(st, h, it, page, now)
}

func (s *Service) recordsOut(st *stream, h *shard, it iterator, page shardlog.Page, now time.Time) (*GetRecordsOut, error) {
	bounds, err := s.Log.Bounds(h.log)
	if err != nil {
		return nil, s.logFault(err, st)
	}
	out := &GetRecordsOut{Records: h.page(page.Records, st.info.Encryption), page: page}
	out.MillisBehindLatest = behind(page, bounds, now)
	if s.Limits {
		h.throttle.spendRead(out.Records.bytes(), now)
	}
	if h.Closed != 0 && page.Next >= bounds.Next {
		out.ChildShards = st.childShards(h)
		return out, nil
	}
	it.made, it.from = now.UnixMilli(), page.Next
	out.NextShardIterator = s.tokens.iterator(it)
	return out, nil
}

// behind is how far a reader that has taken a page is from the tip of the shard, in ms.
func behind(page shardlog.Page, bounds shardlog.Bounds, now time.Time) int64 {
	if n := len(page.Records); n > 0 && page.Next < bounds.Next {
		return max(0, now.UnixMilli()-page.Records[n-1].Arrival)
	}
	return 0
}

// childShards are the children of a closed shard, as its last reader is told.
func (s *stream) childShards(h *shard) []ChildShard {
	var out []ChildShard
	for _, c := range s.children(h) {
		d := c.describe()
		child := ChildShard{ShardId: d.ShardId, HashKeyRange: d.HashKeyRange, ParentShards: []string{d.ParentShardId}}
		if d.AdjacentParentShardId != "" {
			child.ParentShards = append(child.ParentShards, d.AdjacentParentShardId)
		}
		out = append(out, child)
	}
	return out
}

// readFrom reads a page; a place that has expired meanwhile becomes the trim horizon.
func (s *Service) readFrom(ctx context.Context, h *shard, from uint64, limit shardlog.Limit) (shardlog.Page, error) {
	for {
		page, err := s.Log.Read(ctx, h.log, from, limit)
		if !errors.Is(err, shardlog.ErrTrimmed) {
			return page, err
		}
		b, err := s.Log.Bounds(h.log)
		if err != nil {
			return shardlog.Page{}, err
		}
		from = max(b.Low, from+1)
	}
}
