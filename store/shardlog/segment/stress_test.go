package segment

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// Readers at the tail and behind it, while segments roll, are sealed, deleted and rewritten under
// them: each sees every record that is not trimmed, once and in order.
func TestReadersWhileSegmentsGo(t *testing.T) {
	const shards, total = 4, 1500
	e, err := Open(vfs.NewMem(), "log", Options{SegmentBytes: 4000, TailBytes: 2000, CacheBytes: 4000, SweepPause: 1, ReserveBytes: -1})
	check(t, err)
	ctx := t.Context()
	var wg sync.WaitGroup
	for n := range shards {
		id, err := e.Open(ctx, fmt.Sprint("s", n))
		check(t, err)
		wg.Go(func() { // writer; the first shard is trimmed closely, the last never
			for i := range total {
				r := hydrant.Record{Key: strconv.Itoa(i), Data: []byte(strings.Repeat("d", i%50))}
				if err := e.Append(ctx, []shardlog.Batch{{Shard: id, Records: []hydrant.Record{r}}}); err != nil {
					t.Error(err)
					return
				}
				if n < shards-1 && i%(20*(n+1)) == 0 {
					if err := e.Trim(ctx, id, uint64(max(0, i-30*(n+1)))); err != nil {
						t.Error(err)
					}
				}
			}
		})
		for range 2 {
			wg.Go(func() {
				for from := uint64(0); from < total; {
					if err := e.Wait(ctx, id, from); err != nil {
						t.Error(err)
						return
					}
					p, err := e.Read(ctx, id, from, shardlog.Limit{Records: 7})
					if errors.Is(err, shardlog.ErrTrimmed) && n < shards-1 {
						b, err := e.Bounds(id)
						if err != nil || b.Low <= from {
							t.Errorf("trimmed at %d, low %d, %v", from, b.Low, err)
							return
						}
						from = b.Low
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					for _, r := range p.Records {
						if r.Offset != from || r.Key != strconv.FormatUint(from, 10) || len(r.Data) != int(from%50) {
							t.Errorf("shard %d: at %d there is %s at %d", n, from, r.Key, r.Offset)
							return
						}
						from++
					}
				}
			})
		}
	}
	wg.Wait()
	for deadline := time.Now().Add(5 * time.Second); e.Stats().Rewritten == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	st := e.Stats()
	t.Logf("%+v", st)
	if st.Rolls == 0 || st.Dropped+st.Rewritten == 0 {
		t.Error("no segment went")
	}
	check(t, e.Close())
}
