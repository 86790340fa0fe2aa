// Package journal keeps small control state: resources, checkpoints, delivery manifests.
//
// It is an ordered map of keys to small values, held in memory whole, made durable by a log of
// changes and, when that has grown, a snapshot. Every commit is atomic and on disk when it returns.
// It is not for records: those go to shardlog.
package journal

import "context"

// Journal is a durable ordered map. All methods may be called concurrently.
type Journal interface {
	// Get returns the value of a key. The bytes are shared: do not modify them.
	Get(key string) (value []byte, ok bool)
	// Range calls f for every key with the prefix, in byte order, until f returns false. It sees
	// one consistent state, and f may call the journal.
	Range(prefix string, f func(key string, value []byte) bool)
	// Commit applies all changes or none, and returns when they survive power loss. Readers see
	// them together. After ErrFailed nothing more is accepted.
	Commit(ctx context.Context, changes ...Change) error
	// Close waits for commits in flight and lets go of the files.
	Close() error
}

// Change sets a key, or deletes it where Value is nil.
type Change struct {
	Key   string
	Value []byte
}
