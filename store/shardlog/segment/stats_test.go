package segment

import (
	"fmt"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

func TestSpread(t *testing.T) {
	var s spread
	for _, v := range []uint64{0, 1, 2, 3, 4, 5, 1 << 40} {
		s.add(v)
	}
	got := s.read()
	if got.Count != 7 || got.Sum != 15+1<<40 {
		t.Errorf("count %d, sum %d", got.Count, got.Sum)
	}
	if want := [4]uint64{2, 3, 5, 6}; [4]uint64(got.UpTo[:4]) != want || got.UpTo[spreadPlaces-1] != 7 {
		t.Errorf("up to: %d, want %d and 7 at the end", got.UpTo, want)
	}
}

// Every append is counted with the fsync that made it durable.
func TestGroupsAreCounted(t *testing.T) {
	e, err := Open(vfs.NewMem(), "log", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	id, err := e.Open(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	const calls = 20
	done := make(chan error)
	for i := range calls {
		go func() {
			done <- e.Append(t.Context(), []shardlog.Batch{{Shard: id, Records: []hydrant.Record{{Key: fmt.Sprint(i), Data: []byte("data")}}}})
		}()
	}
	for range calls {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	st := e.Stats()
	if st.Calls.Sum != calls || st.Calls.Count != st.Groups || st.Volume.Sum != st.Bytes || st.Volume.Count != st.Groups {
		t.Errorf("calls %d in %d, bytes %d in %d; want %d in %d, %d", st.Calls.Sum, st.Calls.Count, st.Volume.Sum, st.Volume.Count, calls, st.Groups, st.Bytes)
	}
}
