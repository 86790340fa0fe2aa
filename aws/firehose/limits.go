package firehose

import (
	"sync"
	"time"
)

// Sizes and counts, always held. Source: service model 2015-08-04 and the developer guide's quotas.
const (
	maxRecordBytes  = 1_024_000
	maxBatchRecords = 500
	maxBatchBytes   = 4 << 20
	maxStreams      = 5_000
	maxTags         = 50
	maxNameLength   = 64

	defaultSizeMB           = 5
	defaultConversionSizeMB = 128
	leastConversionSizeMB   = 64
	defaultIntervalSeconds  = 300
	defaultRetrySeconds     = 300

	defaultActivePartitions = 500
	maxEvaluatedPrefix      = 512
	maxInvocation           = 6 << 20 // of a function, either way
	defaultLambdaSizeMB     = 1
	defaultLambdaSeconds    = 60
	defaultLambdaRetries    = 3
	maxInvocations          = 5 // of one delivery stream at a time
)

// quota is the throughput of a Direct PUT delivery stream, held only with Config.Limits.
type quota struct{ records, requests, bytes float64 } // per second

func quotaOf(region string) quota {
	switch region {
	case "us-east-1", "us-west-2", "eu-west-1":
		return quota{records: 500_000, requests: 2_000, bytes: 5 << 20}
	}
	return quota{records: 100_000, requests: 1_000, bytes: 1 << 20}
}

// bucket is three token buckets that hold one second's worth each.
type bucket struct {
	mu   sync.Mutex
	rate quota
	left quota
	at   time.Time
}

func newBucket(rate quota) *bucket { return &bucket{rate: rate, left: rate, at: time.Now()} }

// admit takes one request and as many records, in order, as there are tokens for. It returns how
// many of sizes were admitted; none where even the request is one too many. A record larger than a
// whole second's bytes is admitted when the bucket is full and leaves a debt.
func (b *bucket) admit(sizes func(yield func(int) bool)) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	passed := now.Sub(b.at).Seconds()
	b.at = now
	b.left.records = min(b.rate.records, b.left.records+passed*b.rate.records)
	b.left.requests = min(b.rate.requests, b.left.requests+passed*b.rate.requests)
	b.left.bytes = min(b.rate.bytes, b.left.bytes+passed*b.rate.bytes)
	if b.left.requests < 1 {
		return 0
	}
	b.left.requests--
	n := 0
	for size := range sizes {
		if b.left.records < 1 || b.left.bytes < min(float64(size), b.rate.bytes) {
			break
		}
		b.left.records--
		b.left.bytes -= float64(size)
		n++
	}
	return n
}
