package segment

import (
	"sync"
	"testing"

	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/shardlog/logtest"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// small makes every path run: segments roll after a few records, little stays in memory.
var small = Options{SegmentBytes: 600, TailBytes: 300, CacheBytes: 1000, SweepPause: 1, ReserveBytes: 100}

func TestBehaviour(t *testing.T) {
	for name, o := range map[string]Options{"default": {}, "small": small} {
		t.Run(name+"/mem", func(t *testing.T) {
			logtest.Run(t, opener(o, func(*testing.T) vfs.FS { return vfs.NewMem() }))
		})
		t.Run(name+"/os", func(t *testing.T) {
			logtest.Run(t, opener(o, func(t *testing.T) vfs.FS { return vfs.OS(t.TempDir()) }))
		})
	}
}

func opener(o Options, fresh func(*testing.T) vfs.FS) func(*testing.T) shardlog.Engine {
	var mu sync.Mutex
	opened := map[*testing.T]vfs.FS{}
	return func(t *testing.T) shardlog.Engine {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if opened[t] == nil {
			opened[t] = fresh(t)
		}
		e, err := Open(opened[t], "log", o)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}
