package kinesis

import (
	"sync"
	"time"
)

// Limits of the service model and the developer guide; sizes in bytes unless the name says KiB.
const (
	maxPutRecords       = 500
	maxPutBytes         = 10 << 20 // data and keys of one PutRecords
	maxBody             = 32 << 20 // of a request: more than maxPutBytes in base64, so that what is too large is told in AWS's words
	defaultRecordKiB    = 1024
	maxGetRecords       = 10_000
	maxGetBytes         = 10 << 20
	minRetentionHours   = 24
	maxRetentionHours   = 8760
	defaultShardLimit   = 500 // shards of an account in a Region
	onDemandShards      = 4
	maxListShards       = 1000
	defaultDescribePage = 100
	maxCreatingStreams  = 5
	maxShards           = 20_000
	maxWarmMiBps        = 10 << 10

	maxConsumers         = 20 // of a stream
	maxCreatingConsumers = 5

	iteratorLife  = 5 * time.Minute
	listTokenLife = 5 * time.Minute

	// Subscriptions of enhanced fan-out.
	subscriptionLife = 5 * time.Minute
	heartbeat        = 5 * time.Second // an event without records after so long a silence
	resubscribeAfter = 5 * time.Second // a consumer's next subscription to the shard takes over; before, it is refused
	maxEventBytes    = 1 << 20         // data and keys of one event of more than one record

	// Throughput of a shard, held only with --limits aws.
	shardWriteBytes   = 1 << 20
	shardWriteRecords = 1000
	shardReadBytes    = 2 << 20
	shardReadCalls    = 5

	maxIteratorsPerSecond = 5 // of a shard
)

// bucket is a token bucket that holds one second's worth, as AWS's limits behave: an idle shard
// takes a burst of one second, a busy one its steady rate. A call larger than a whole bucket passes
// when the bucket is full and leaves it in debt.
type bucket struct {
	mu     sync.Mutex
	tokens float64
	last   time.Time
}

// take takes n of rate tokens per second; false takes nothing.
func (b *bucket) take(n, rate float64, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill(rate, now)
	if b.tokens < min(n, rate) {
		return false
	}
	b.tokens -= n
	return true
}

// spend takes n tokens whatever is there: the cost of a read is known only afterwards.
func (b *bucket) spend(n, rate float64, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill(rate, now)
	b.tokens -= n
}

// ok reports whether the bucket is out of debt.
func (b *bucket) ok(rate float64, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill(rate, now)
	return b.tokens > 0
}

// debt is how long it takes until the bucket is out of debt.
func (b *bucket) debt(rate float64, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill(rate, now)
	if b.tokens >= 0 {
		return 0
	}
	return time.Duration(-b.tokens/rate*float64(time.Second)) + 1
}

func (b *bucket) fill(rate float64, now time.Time) {
	if b.last.IsZero() {
		b.tokens = rate
	} else {
		b.tokens = min(rate, b.tokens+rate*now.Sub(b.last).Seconds())
	}
	b.last = now
}

// throttle is what one shard may take and give.
type throttle struct{ inBytes, inRecords, outBytes, outCalls bucket }

// admit decides over one record on its way in.
func (t *throttle) admit(size int, now time.Time) bool {
	if !t.inRecords.take(1, shardWriteRecords, now) {
		return false
	}
	return t.inBytes.take(float64(size), shardWriteBytes, now)
}

// admitRead decides over one GetRecords; spendRead tells it afterwards what it cost.
func (t *throttle) admitRead(now time.Time) bool {
	return t.outBytes.ok(shardReadBytes, now) && t.outCalls.take(1, shardReadCalls, now)
}

func (t *throttle) spendRead(size int, now time.Time) {
	t.outBytes.spend(float64(size), shardReadBytes, now)
}
