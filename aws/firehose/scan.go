package firehose

import (
	"context"
	"fmt"
	"time"

	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// scanPage bounds what one read of the spool brings to memory.
const scanPage = 1 << 20

// buffer is what Firehose calls the buffer: the range of the spool that the next object will hold.
// It is five numbers; the records stay on disk.
type buffer struct {
	from, to uint64
	records  int64
	bytes    int64
	oldest   int64 // arrival of the first record, Unix ms
}

// scan grows the buffer until it holds size bytes or the spool ends. end reports the latter.
func (w *worker) scan(ctx context.Context, size int64) (end bool, err error) {
	b := &w.buf
	for b.bytes < size {
		page, err := w.s.cfg.Log.Read(ctx, w.shard, b.to, shardlog.Limit{Bytes: scanPage})
		if err != nil {
			return false, fmt.Errorf("read spool at %d: %w", b.to, err)
		}
		if len(page.Records) == 0 {
			return true, nil
		}
		b.to = page.Next
		for i := range page.Records {
			r := &page.Records[i]
			if b.records == 0 {
				b.oldest = r.Arrival
			}
			b.records++
			if b.bytes += int64(len(r.Data)); b.bytes >= size {
				b.to = r.Offset + 1
				break
			}
		}
	}
	return false, nil
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
