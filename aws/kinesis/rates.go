package kinesis

import (
	"sync"
	"time"
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
