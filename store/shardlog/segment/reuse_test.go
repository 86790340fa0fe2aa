package segment

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// Readers that free their pages pass memory to each other, and each still sees its own records until then.
func TestFreedPagesAreNotOnesInUse(t *testing.T) {
	e, err := Open(vfs.NewMem(), "log", Options{TailBytes: 1, CacheBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ctx := context.Background()
	const shards, frames = 4, 40
	var ids []shardlog.ShardID
	text := func(shard, n int) string { return strings.Repeat(fmt.Sprintf("%d:%d ", shard, n), 2000) }
	for s := range shards {
		id, err := e.Open(ctx, fmt.Sprint(s))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		for n := range frames {
			if err := e.Append(ctx, []shardlog.Batch{{Shard: id, Records: []hydrant.Record{{Key: "k", Data: []byte(text(s, n))}}}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var readers sync.WaitGroup
	for r := range 2 * shards {
		readers.Go(func() {
			s := r % shards
			for range 20 {
				page, err := e.Read(ctx, ids[s], 0, shardlog.Limit{Records: frames - r, Reuse: true})
				if err != nil {
					t.Error(err)
					return
				}
				for n, rec := range page.Records {
					if rec.Key != "k" || string(rec.Data) != text(s, n) {
						t.Errorf("shard %d record %d is another's: %.20q", s, n, rec.Data)
						return
					}
				}
				again := page
				page.Free()
				page.Free()
				again.Free() // only the first does anything
			}
		})
	}
	readers.Wait()
}
