package kinesis

import (
	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/kpl"
)

// Unpack takes an aggregate of the producer library apart for the reader of a shard. ok is false for a record
// that is none, and for an aggregate with a record whose hash key lies outside the shard, as there are after
// resharding: readers get that one as it is.
func (s *Service) Unpack(streamARN, shardID string, r hydrant.Record) (inner []hydrant.Record, ok bool) {
	records, ok := kpl.Unpack(r.Data)
	if !ok {
		return nil, false
	}
	_, h, err := s.shardByARN(streamARN, shardID)
	if err != nil {
		return nil, false
	}
	inner = make([]hydrant.Record, len(records))
	for i, in := range records {
		at := hashOf(in.Key)
		if in.ExplicitHashKey != "" {
			if at, ok = parseHashKey(in.ExplicitHashKey); !ok {
				return nil, false
			}
		}
		if !h.Range.holds(at) {
			return nil, false
		}
		inner[i] = hydrant.Record{Key: in.Key, Data: in.Data, Offset: r.Offset, Arrival: r.Arrival, Sequence: r.Sequence}
	}
	return inner, true
}
