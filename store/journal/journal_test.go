package journal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/hydrant-stream/hydrant/store/vfs"
)

var ctx = context.Background()

func open(t *testing.T, fsys vfs.FS) Journal {
	t.Helper()
	j, err := Open(fsys, "j")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// dump is the journal as text, in order.
func dump(j Journal, prefix string) string {
	var b strings.Builder
	j.Range(prefix, func(k string, v []byte) bool {
		fmt.Fprintf(&b, "%s=%s ", k, v)
		return true
	})
	return strings.TrimSpace(b.String())
}

func TestCommitAndReopen(t *testing.T) {
	for name, fsys := range map[string]vfs.FS{"os": vfs.OS(t.TempDir()), "mem": vfs.NewMem()} {
		t.Run(name, func(t *testing.T) {
			j := open(t, fsys)
			check(t, j.Commit(ctx, Set("b", 2), Set("a/1", "x"), Set("a/2", "y")))
			check(t, j.Commit(ctx, Unset("b"), Set("a/2", "z"), Change{"empty", []byte{}}))
			check(t, j.Commit(ctx))
			const want = `a/1="x" a/2="z" empty=`
			if got := dump(j, ""); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if got := dump(j, "a/2"); got != `a/2="z"` {
				t.Errorf("prefix: %s", got)
			}
			check(t, j.Close())
			if err := j.Commit(ctx, Set("c", 1)); !errors.Is(err, ErrClosed) {
				t.Errorf("commit after close: %v", err)
			}
			j = open(t, fsys)
			if got := dump(j, ""); got != want {
				t.Errorf("after reopen: %s, want %s", got, want)
			}
			if v, ok := j.Get("empty"); !ok || v == nil {
				t.Errorf("an empty value became %v, %v", v, ok)
			}
		})
	}
}

func TestRangeMayCommit(t *testing.T) {
	j := Memory()
	defer j.Close()
	check(t, j.Commit(ctx, Set("a", 1), Set("b", 1)))
	j.Range("", func(k string, _ []byte) bool {
		check(t, j.Commit(ctx, Unset(k), Set("new/"+k, 1)))
		return true
	})
	if got := dump(j, ""); got != "new/a=1 new/b=1" {
		t.Error(got)
	}
}

// The caller's bytes may be used again, and a reader's state does not change under it.
func TestValuesAreKept(t *testing.T) {
	j := Memory()
	defer j.Close()
	v := []byte("one")
	check(t, j.Commit(ctx, Change{"k", v}))
	copy(v, "two")
	if got, _ := j.Get("k"); string(got) != "one" {
		t.Errorf("value is %s", got)
	}
}

func TestSnapshotShortensTheLog(t *testing.T) {
	m := vfs.NewMem()
	j := open(t, m)
	value := []byte(strings.Repeat("v", 10_000))
	for i := range 1000 { // 10 MB of changes over 100 kB of state
		check(t, j.Commit(ctx, Change{fmt.Sprint("k", i%10), append(value, strconv.Itoa(i)...)}))
	}
	check(t, j.Close())
	names, err := m.List("j")
	check(t, err)
	var total int64
	for _, name := range names {
		info, err := m.Stat("j/" + name)
		check(t, err)
		total += info.Size()
	}
	if total > 3*minLog || !slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, snapExt) }) {
		t.Errorf("%d bytes in %q", total, names)
	}
	want := dump(j, "")
	j = open(t, m)
	if dump(j, "") != want {
		t.Error("the state changed over a snapshot")
	}
}

func TestConcurrentCommitsShareASync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := vfs.NewFaults(vfs.NewMem())
		j := open(t, f)
		syncs, hold := 0, make(chan struct{})
		f.Trace(func(op vfs.Op, _ string) {
			if op == vfs.OpSync {
				syncs++
				<-hold
			}
		})
		for i := range 21 { // the first is alone in its sync; the others gather behind it
			go func() { check(t, j.Commit(ctx, Set(fmt.Sprint(i), i))) }()
			synctest.Wait()
		}
		close(hold)
		synctest.Wait()
		if syncs != 2 {
			t.Errorf("21 commits took %d syncs, want 2", syncs)
		}
		j.Close()
	})
}

// seeds is how many random histories the crash test runs.
func seeds() uint64 {
	if os.Getenv("HYDRANT_HEAVY") != "" {
		return 10_000
	}
	return 300
}

// Commits at random, sometimes on a failing disk, a crash at a random moment of a random call, and what was acknowledged is there;
// the one commit in flight is there whole or not at all.
func TestCrash(t *testing.T) {
	for seed := range seeds() {
		if !crashOnce(t, seed) {
			return
		}
	}
}

func crashOnce(t *testing.T, seed uint64) bool {
	rnd := rand.New(rand.NewPCG(seed, 1))
	m := vfs.NewMem()
	model := map[string]string{}
	for round := range 4 {
		f := vfs.NewFaults(m)
		j, err := openWith(f, "j", 16<<10)
		if err != nil {
			t.Errorf("seed %d round %d: %v", seed, round, err)
			return false
		}
		got := contents(j)
		if !maps.Equal(got, model) {
			t.Errorf("seed %d round %d: state has %d keys, want %d", seed, round, len(got), len(model))
			return false
		}
		calls, at, crashSeed := 0, 1+rnd.IntN(120), rnd.Uint64()
		keep := []float64{0, 0.3, 0.7, 1}[rnd.IntN(4)]
		var crashed atomic.Pointer[vfs.Mem]
		f.Trace(func(vfs.Op, string) { // also from the goroutine that writes a snapshot
			if calls++; calls == at {
				crashed.Store(m.CrashClone(crashSeed, keep))
			}
		})
		if rnd.IntN(3) == 0 { // a disk that fails, or is full for a while
			f.Add(vfs.Rule{
				Op:   []vfs.Op{vfs.OpWrite, vfs.OpSync, vfs.OpCreate, vfs.OpRename, vfs.OpSyncDir}[rnd.IntN(5)],
				Err:  []error{syscall.ENOSPC, syscall.EIO}[rnd.IntN(2)],
				Skip: rnd.IntN(40), Times: 1 + rnd.IntN(4), Partial: rnd.IntN(100), Apply: rnd.IntN(2) == 0,
			})
		}
		var flight map[string]string
		for crashed.Load() == nil {
			flight = maps.Clone(model)
			changes := randomChanges(rnd, flight)
			switch err := j.Commit(ctx, changes...); {
			case errors.Is(err, ErrFailed): // it may be there
				crashed.CompareAndSwap(nil, m.CrashClone(crashSeed, keep))
			case errors.Is(err, ErrNoSpace): // it is not there, unless the crash fell in this call
				if crashed.Load() == nil {
					flight = model
				}
			case err != nil:
				t.Errorf("seed %d round %d: %v", seed, round, err)
				return false
			case crashed.Load() == nil:
				model = flight
			}
		}
		f.Trace(nil)
		j.Close()
		m = crashed.Load()
		j, err = Open(m, "j")
		if err != nil {
			t.Errorf("seed %d round %d: after the crash: %v", seed, round, err)
			return false
		}
		switch got := contents(j); {
		case maps.Equal(got, model):
		case maps.Equal(got, flight):
			model = flight
		default:
			t.Errorf("seed %d round %d: after the crash %d keys, want %d or %d", seed, round, len(got), len(model), len(flight))
			return false
		}
		j.Close()
		m = m.CrashClone(rnd.Uint64(), 0) // what was seen after a start stays
	}
	return true
}

func contents(j Journal) map[string]string {
	got := map[string]string{}
	j.Range("", func(k string, v []byte) bool { got[k] = string(v); return true })
	return got
}

func randomChanges(rnd *rand.Rand, model map[string]string) (changes []Change) {
	for range 1 + rnd.IntN(4) {
		key := fmt.Sprint("k", rnd.IntN(20))
		if rnd.IntN(4) == 0 {
			delete(model, key)
			changes = append(changes, Unset(key))
			continue
		}
		size := rnd.IntN(2000)
		value := strings.Repeat(string(rune('a'+rnd.IntN(26))), size)
		model[key] = value
		changes = append(changes, Change{key, []byte(value)})
	}
	return changes
}

func TestFailedSyncEndsWriting(t *testing.T) {
	f := vfs.NewFaults(vfs.NewMem())
	j := open(t, f)
	check(t, j.Commit(ctx, Set("a", 1)))
	f.Add(vfs.Rule{Op: vfs.OpSync, Times: 1, Err: syscall.EIO})
	for range 2 {
		if err := j.Commit(ctx, Set("b", 1)); !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.EIO) {
			t.Errorf("commit: %v", err)
		}
	}
	if got := dump(j, ""); got != "a=1" {
		t.Errorf("reads after the failure: %s", got)
	}
}

func TestFullDiskPasses(t *testing.T) {
	f := vfs.NewFaults(vfs.NewMem())
	j := open(t, f)
	check(t, j.Commit(ctx, Set("a", 1)))
	f.Add(vfs.Rule{Op: vfs.OpWrite, Times: 1, Err: syscall.ENOSPC, Partial: 10})
	if err := j.Commit(ctx, Set("b", 1)); !errors.Is(err, ErrNoSpace) {
		t.Errorf("full disk: %v", err)
	}
	check(t, j.Commit(ctx, Set("c", 1)))
	check(t, j.Close())
	if got := dump(open(t, f), ""); got != "a=1 c=1" {
		t.Errorf("after the disk had room again: %s", got)
	}
}

// A flipped bit in any byte but the last frame's stops the start and is named; in the last frame it
// cannot be told from a torn write, and only that frame is lost.
func TestBitFlips(t *testing.T) {
	m := vfs.NewMem()
	j := open(t, m)
	for i := range 5 {
		check(t, j.Commit(ctx, Set(fmt.Sprint(i), i)))
	}
	check(t, j.Close())
	name := "j/" + fileName(1, logExt)
	size := int64(0)
	if info, err := m.Stat(name); err == nil {
		size = info.Size()
	}
	last := size - (size-headerSize)/5
	for off := range size {
		c := m.CrashClone(0, 1)
		f, err := c.Open(name)
		check(t, err)
		var b [1]byte
		f.ReadAt(b[:], off)
		b[0] ^= 0x10
		f.WriteAt(b[:], off)
		f.Close()
		j, err := Open(c, "j")
		if off < last {
			var bad *CorruptionError
			if !errors.As(err, &bad) || bad.File != name || bad.Offset > off {
				t.Fatalf("byte %d flipped: %v", off, err)
			}
			continue
		}
		check(t, err)
		if got := dump(j, ""); got != "0=0 1=1 2=2 3=3" {
			t.Fatalf("byte %d of the last frame flipped: %s", off, got)
		}
		j.Close()
	}
}

func TestMissingLogIsDamage(t *testing.T) {
	m := vfs.NewMem()
	j := open(t, m)
	check(t, j.Commit(ctx, Change{"k", make([]byte, minLog+1)}))
	check(t, j.Commit(ctx, Change{"k", make([]byte, minLog+1)}))
	check(t, j.Commit(ctx, Change{"k", make([]byte, minLog+1)}))
	check(t, j.Close())
	names, _ := m.List("j")
	for _, name := range names {
		c := m.CrashClone(0, 1)
		check(t, c.Remove("j/"+name))
		var bad *CorruptionError
		if _, err := Open(c, "j"); !errors.As(err, &bad) {
			t.Errorf("without %s of %q: %v", name, names, err)
		}
	}
}

func TestTreeKeepsOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var tree *node
	model := map[string]string{}
	for range 20_000 {
		k := strconv.Itoa(rnd.IntN(3000))
		if rnd.IntN(3) == 0 {
			tree = tree.unset(k)
			delete(model, k)
		} else {
			tree = tree.set(k, []byte(k))
			model[k] = k
		}
	}
	var got []string
	tree.from("2", func(n *node) bool { got = append(got, n.key); return true })
	want := slices.Sorted(maps.Keys(model))
	i, _ := slices.BinarySearch(want, "2")
	if !slices.Equal(got, want[i:]) {
		t.Errorf("%d keys in order, want %d", len(got), len(want)-i)
	}
}

func BenchmarkCommit(b *testing.B) {
	for _, keys := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(keys), func(b *testing.B) {
			j := Memory()
			defer j.Close()
			value := make([]byte, 300)
			for i := range keys {
				j.Commit(ctx, Change{fmt.Sprint("manifest/", i), value})
			}
			for i := 0; b.Loop(); i++ {
				j.Commit(ctx, Change{fmt.Sprint("manifest/", i%keys), value})
			}
		})
	}
}
