package segment

import (
	"runtime"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// TestTailLetsGo: what the tail lets go of is free to be collected. Large pieces were once kept in memory
// twice over: a shard's array still referred to as many pieces as it had let go of.
func TestTailLetsGo(t *testing.T) {
	const tail, piece = 32 << 20, 1 << 20
	e, err := Open(vfs.OS(t.TempDir()), "log", Options{TailBytes: tail})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	id, err := e.Open(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := held(), uint64(0)
	data := make([]byte, piece)
	for n := range 96 {
		if err := e.Append(t.Context(), []shardlog.Batch{{Shard: id, Records: []hydrant.Record{{Data: data}}}}); err != nil {
			t.Fatal(err)
		}
		if n%8 == 7 {
			most = max(most, held()-before)
		}
	}
	if limit := uint64(tail + tail/8 + 8*piece); most > limit {
		t.Errorf("%d MiB are held, the tail may have %d MiB", most>>20, tail>>20)
	}
}
