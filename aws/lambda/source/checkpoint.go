package source

import (
	"context"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// checkpoint is how far one shard has been settled.
type checkpoint struct {
	// Next: everything below is settled.
	Next uint64
	// Lanes, where a shard is read in lanes by partition key and they stand apart: everything of
	// lane i below Lanes[i] is settled too.
	Lanes []uint64 `json:",omitempty"`
	// Until, with the tag hydrant:exactly-once: from Next up to here is one batch, which may have
	// been given to the function already.
	Until uint64 `json:",omitempty"`
	// Window is the tumbling window that is open.
	Window *window `json:",omitempty"`
	// Born is when the shard was made: one made later is another, of a stream of the same name. 0: not known.
	Born int64 `json:",omitempty"`
	// Done: the shard is closed and settled whole; its children may begin.
	Done bool `json:",omitempty"`
}

// of reports whether the checkpoint speaks of this shard, and not of one that another stream of the name had.
func (c *checkpoint) of(sh *hydrant.Shard) bool {
	return c.Born == 0 || sh.Born == 0 || c.Born == sh.Born
}

func checkpointKey(mapping, shard string) string { return checkpointPrefix + mapping + "/" + shard }

func (r *run) load(shard string) (checkpoint, bool, error) {
	return journal.Load[checkpoint](r.set.cfg.Journal, checkpointKey(r.m.ID, shard))
}

// commit returns when the checkpoint survives a crash. It does not end with the run: what has been
// settled is written down even while it stops.
func (r *run) commit(shard string, c checkpoint, more ...journal.Change) error {
	return r.set.cfg.Journal.Commit(context.WithoutCancel(r.soft), append(more, journal.Set(checkpointKey(r.m.ID, shard), c))...)
}
