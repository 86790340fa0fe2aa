package firehose

import (
	"context"
	"fmt"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// scanPage bounds what one read of the spool brings to memory.
const scanPage = 1 << 20

// buffer is what Firehose calls the buffer: the range of a shard that the next object will hold.
// It is a few numbers; the records stay on disk.
type buffer struct {
	from, to uint64
	records  int64
	bytes    int64
	oldest   int64 // arrival of the oldest record, Unix ms

	contents contents // where the records were processed
}

// contents is what headers tell of a range of processed records.
type contents struct {
	Put       int64    // bytes as put, but for those dropped
	Dropped   int64    // records a function dropped
	From, To  uint64   // the range of the spool they came from; in no order where it was partitioned
	Partition string   // of all of them
	Errors    []string `json:",omitempty"` // error output types of those that failed
}

// growth bounds how far a buffer grows: to size bytes, and to no record at or beyond the horizon.
type growth struct {
	size      int64
	horizon   uint64
	processed bool // the records carry headers
}

// grow reads on until the buffer is full or there is no more. ended reports the latter.
func (b *buffer) grow(ctx context.Context, log shardlog.Engine, shard shardlog.ShardID, g growth) (ended bool, err error) {
	for b.bytes < g.size {
		if b.to >= g.horizon {
			return true, nil
		}
		page, err := log.Read(ctx, shard, b.to, shardlog.Limit{Bytes: scanPage})
		if err != nil {
			return false, fmt.Errorf("read spool at %d: %w", b.to, err)
		}
		if len(page.Records) == 0 {
			return true, nil
		}
		next := page.Next
		for i := range page.Records {
			r := &page.Records[i]
			if r.Offset >= g.horizon {
				b.to = r.Offset
				return true, nil
			}
			if err := b.count(r, g.processed); err != nil {
				return false, err
			}
			if b.bytes >= g.size {
				next = r.Offset + 1
				break
			}
		}
		b.to = next
	}
	return false, nil
}

func (b *buffer) count(r *hydrant.Record, processed bool) error {
	arrival := r.Arrival
	if processed {
		h, err := parseHeader(r.Key)
		if err != nil {
			return fmt.Errorf("record %d of the processed spool: %w", r.Offset, err)
		}
		arrival = h.arrival
		b.contents.count(&h, b.records == 0)
	}
	if b.records == 0 || arrival < b.oldest {
		b.oldest = arrival
	}
	b.records++
	b.bytes += int64(len(r.Data))
	return nil
}

func (c *contents) count(h *header, first bool) {
	if first || h.offset < c.From {
		c.From = h.offset
	}
	c.To = max(c.To, h.offset+1)
	switch h.outcome {
	case dropped:
		c.Dropped++
		return
	case failed:
		c.fail(h.errorType)
	default:
		c.Partition = h.partition
	}
	c.Put += h.put
}

func (c *contents) fail(errorType string) {
	for _, e := range c.Errors {
		if e == errorType {
			return
		}
	}
	c.Errors = append(c.Errors, errorType)
}

// hints are the buffering hints of a configuration.
func hints(v *state) (size int64, interval time.Duration) {
	h := v.Destination.BufferingHints
	return int64(*h.SizeInMBs) << 20, time.Duration(*h.IntervalInSeconds) * time.Second
}

// due tells whether the buffer is to be delivered now, and if not, when it will be (zero: when
// something comes).
func (b *buffer) due(now time.Time, size int64, interval time.Duration, flushTo uint64) (bool, time.Time) {
	if b.records == 0 {
		return false, time.Time{}
	}
	at := time.UnixMilli(b.oldest).Add(interval)
	return b.bytes >= size || b.from < flushTo || !now.Before(at), at
}
