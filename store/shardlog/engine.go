// Package shardlog keeps records: append-only shards, durable on return, read by offset.
//
// It is the seam under Kinesis streams and Firehose spools. store/shardlog/segment is the embedded
// engine; a Kafka one may come. logtest is the behaviour all of them show.
package shardlog

import (
	"context"
	"errors"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// ShardID names an open shard within one engine. Stable across restarts; never reused.
type ShardID uint64

// Batch is the part of one append that goes to one shard.
type Batch struct {
	Shard ShardID
	// Records are appended in order. Append fills in Offset and Arrival of each; it reads Key and
	// Data and keeps neither after it returns.
	Records []hydrant.Record
}

// Limit bounds one read. Zero means no bound of that kind; a read returns at least one record
// where there is one, however large.
type Limit struct {
	Records int
	Bytes   int // counted as Record.Size
	// Reuse: the caller calls Page.Free, so that the memory of its pages serves others again.
	Reuse bool
}

// Page is what one read found.
type Page struct {
	// Records are shared with other readers: do not modify their bytes.
	Records []hydrant.Record
	// Next is the offset to read from after these.
	Next uint64

	free func()
}

// Freed is the page with what Free does, once.
func (p Page) Freed(by func()) Page {
	p.free = by
	return p
}

// Free gives the memory of the records' Data back: nobody may look at them any more. It does something only
// where the read asked for Reuse; a page that is not freed is the garbage collector's.
func (p *Page) Free() {
	if p.free != nil {
		p.free()
		p.free = nil
	}
}

// Bounds are the offsets a shard holds.
type Bounds struct {
	// Low is the first offset that may still be read; lower ones have expired.
	Low uint64
	// Next is the offset the next append is given (at least). Low == Next: the shard is empty.
	Next uint64
}

// Engine is a set of durable shards. All methods may be called concurrently.
type Engine interface {
	// Open returns the shard of that name, making it if it is not there. The shard survives a
	// crash when Open returns. Names are any UTF-8 up to 1,024 bytes.
	Open(ctx context.Context, name string) (ShardID, error)

	// Delete forgets a shard and its records. The name may be opened again, as a new, empty shard.
	// A shard that is not there is no error.
	Delete(ctx context.Context, shard ShardID) error

	// Append adds all records of all batches and returns when every one survives power loss: all
	// or, on error, possibly none, some or all (an error is "unknown", as for any interrupted
	// call, except ErrNoShard and ErrTooLarge, which come before anything is written).
	// Offsets of one shard follow the order of Append calls that began after another returned.
	Append(ctx context.Context, batches []Batch) error

	// Read returns records of a shard from an offset on, oldest first, as far as limit allows.
	// At or beyond Next it returns an empty page at once. Below Low it returns ErrTrimmed.
	Read(ctx context.Context, shard ShardID, from uint64, limit Limit) (Page, error)

	// Wait returns when a record at or after from is readable, or when ctx ends (its error).
	// It returns ErrNoShard when the shard is deleted meanwhile.
	Wait(ctx context.Context, shard ShardID, from uint64) error

	// Bounds tells what a shard holds now.
	Bounds(shard ShardID) (Bounds, error)

	// Seek returns the offset of the first record whose Arrival is at or after t (Unix ms);
	// Bounds.Next where there is none.
	Seek(ctx context.Context, shard ShardID, t int64) (uint64, error)

	// Trim expires all records below an offset. Space is freed when whole segments are free.
	// Never moves Low backwards.
	Trim(ctx context.Context, shard ShardID, below uint64) error

	// SetRetention makes records expire when they are older than d; zero means they never do.
	// Expired records are not readable (Low moves) even before their space is freed.
	SetRetention(ctx context.Context, shard ShardID, d time.Duration) error

	// Close waits for appends in flight, then lets go of all files.
	Close() error
}

var (
	// ErrTrimmed: the offset lies below the shard's low bound; the record was kept and has expired.
	// Readers go on at Bounds.Low. Never returned for an offset not yet written.
	ErrTrimmed = errors.New("shardlog: offset has expired")
	// ErrNoShard: no such shard, or it has been deleted.
	ErrNoShard = errors.New("shardlog: no such shard")
	// ErrTooLarge: a batch exceeds what one frame can hold (64 MiB).
	ErrTooLarge = errors.New("shardlog: batch too large")
	// ErrFailed: an earlier write or fsync failed, and the engine takes no more writes until it is
	// opened again. Reads of what was committed go on. Wraps the cause.
	ErrFailed = errors.New("shardlog: engine takes no more writes")
	// ErrNoSpace: the disk is full. Nothing of the call was kept, and later ones may succeed once
	// there is room. Wraps the cause.
	ErrNoSpace = errors.New("shardlog: disk full")
	// ErrClosed: the engine has been closed.
	ErrClosed = errors.New("shardlog: closed")
)
