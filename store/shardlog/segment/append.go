package segment

import (
	"context"
	"fmt"

	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// maxCall bounds one Append: a group is written whole, and positions in a segment have 32 bits.
const maxCall = 1 << 30

// pending is one Append that waits for the committer.
type pending struct {
	pieces []piece
	bytes  int        // with what frames will add, at most
	done   chan error // capacity 1
}

// piece is a batch, encoded.
type piece struct {
	shard *shard
	body  []byte // the records as they lie in a file; readers at the tail share it
	count int
	// set by the committer
	first uint64
	time  int64
}

func (e *Engine) Append(ctx context.Context, batches []shardlog.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p, err := e.encode(batches)
	if err != nil || len(p.pieces) == 0 {
		return err
	}
	if err := e.enqueue(p); err != nil {
		return err
	}
	select {
	case err := <-p.done:
		if err == nil {
			p.fill(batches)
		}
		return err
	case <-ctx.Done():
		return ctx.Err() // the outcome is unknown, as for any interrupted call
	}
}

// encode turns a call's records into what is written and what tailing readers get, in the caller's
// goroutine: the committer only joins bytes. All records share one allocation.
func (e *Engine) encode(batches []shardlog.Batch) (*pending, error) {
	p := &pending{pieces: make([]piece, 0, len(batches)), done: make(chan error, 1)}
	bytes := 0
	for _, b := range batches {
		s, err := e.shard(b.Shard)
		if err != nil {
			return nil, err
		}
		size := 0
		for i := range b.Records {
			size += recordLen(&b.Records[i])
		}
		if size > maxFrame-frameSize {
			return nil, fmt.Errorf("%w: %d bytes for one shard", shardlog.ErrTooLarge, size)
		}
		if bytes += size; bytes > maxCall {
			return nil, fmt.Errorf("%w: more than %d bytes in one call", shardlog.ErrTooLarge, maxCall)
		}
		if len(b.Records) > 0 {
			p.pieces = append(p.pieces, piece{shard: s, count: len(b.Records)})
			p.bytes += frameSize + size
		}
	}
	buf := make([]byte, 0, bytes)
	n := 0
	for _, b := range batches {
		if len(b.Records) == 0 {
			continue
		}
		start := len(buf)
		for i := range b.Records {
			buf = appendRecord(buf, &b.Records[i])
		}
		p.pieces[n].body = buf[start:len(buf):len(buf)]
		n++
	}
	return p, nil
}

func (e *Engine) enqueue(p *pending) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return shardlog.ErrClosed
	case e.failed != nil:
		return e.failed
	}
	e.queue = append(e.queue, p)
	signal(e.wake)
	return nil
}

// fill tells the caller what its records were given.
func (p *pending) fill(batches []shardlog.Batch) {
	n := 0
	for _, b := range batches {
		if len(b.Records) == 0 {
			continue
		}
		for i := range b.Records {
			b.Records[i].Offset = p.pieces[n].first + uint64(i)
			b.Records[i].Arrival = p.pieces[n].time
		}
		n++
	}
}
