// Package segment is the embedded shardlog engine: all shards of a node in one active file.
//
// One goroutine, the committer, owns that file. It takes every Append that waits, writes their
// records as one group (one frame per shard) with one write, syncs once, makes the records visible
// and wakes the callers; the next group gathers while the sync runs. When the file is full the next
// one takes over in the same write, and a second goroutine, the keeper, seals the full one with an
// index of its frames, so that a start reads footers and scans only the tail. The keeper also
// deletes segments whose records have all expired and copies the live records of sparse ones
// together.
//
// Readers take what they need from a shard under its lock (a few slice headers) and go on without
// it: recent records are shared from memory as they were appended, older ones are read from the
// files and their checksums compared. Names, retention and low bounds of shards are kept in a
// journal beside the segments.
//
// Invariants:
//
//   - A group is written only after the one before it was synced. So at most the last group of the
//     last segment can be torn, and anything else invalid is damage (recover.go tells them apart).
//   - A record is visible only after its group was synced, also to the engine that recovers it.
//   - A segment is deleted, and records leave one, only after the journal holds a low bound above
//     them: a shard's next offset outlives its records.
//   - A segment is sealed only after its successor holds a durable group.
//
// Lock order: shard.meta (several: by shard id), Engine.next, Engine.mu, shard.mu, segment.mu. The
// committer takes no shard.meta, so changes of shards never hold up appends.
//
// The bytes are described in docs/format/segment.md, the choices in docs/decisions/0010 to 0014.
package segment
