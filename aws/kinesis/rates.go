package kinesis

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire"
)

// rates holds calls per second by what they are counted against. Only with --limits aws.
type rates struct {
	mu      sync.Mutex
	buckets map[string]*bucket
	swept   time.Time
}

// take counts one call against a key that may have n of them per second.
func (r *rates) take(key string, n float64, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.swept) > time.Minute { // a bucket untouched for so long is full, as a new one is
		for k, b := range r.buckets {
			if now.Sub(b.last) > time.Minute {
				delete(r.buckets, k)
			}
		}
		r.swept = now
	}
	b := r.buckets[key]
	if b == nil {
		if r.buckets == nil {
			r.buckets = map[string]*bucket{}
		}
		b = new(bucket)
		r.buckets[key] = b
	}
	return b.take(1, n, now)
}

// controlRates is how many calls a second an account has of an operation in a Region; 5 where it is not
// here. Data goes by the limits of its shards, and so do ListShards and GetShardIterator.
var controlRates = map[string]float64{
	"DescribeLimits":         1,
	"DescribeStream":         10,
	"DescribeStreamSummary":  20,
	"DescribeStreamConsumer": 20,
	"ListShards":             1000,
	"PutRecord":              math.Inf(1),
	"PutRecords":             math.Inf(1),
	"GetRecords":             math.Inf(1),
	"GetShardIterator":       math.Inf(1),
	"SubscribeToShard":       math.Inf(1),
}

const controlRate = 5

// paced are rows that hold their operations' rates.
func (s *Service) paced(rows []wire.Row) []wire.Row {
	if !s.Limits {
		return rows
	}
	for i := range rows {
		name, call := rows[i].Name, rows[i].Call
		rate, ok := controlRates[name]
		if !ok {
			rate = controlRate
		}
		if math.IsInf(rate, 1) {
			continue
		}
		rows[i].Call = func(ctx context.Context, in any) (any, error) {
			scope := hydrant.ScopeOf(ctx)
			if !s.rates.take(name+" "+scope.String(), rate, time.Now()) {
				return nil, hydrant.Faultf("LimitExceededException", "Rate exceeded for %s under account %s.", name, scope.Account)
			}
			return call(ctx, in)
		}
	}
	return rows
}
