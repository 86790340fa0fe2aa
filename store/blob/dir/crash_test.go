package dir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

var ctx = context.Background()

// state is an object as a test knows it: its bytes, and a metadata mark that belongs to them.
type state struct{ body, mark string }

var absent = state{}

func putState(s *Store, key string, v state) error {
	_, err := s.Put(ctx, "b", key, strings.NewReader(v.body), blob.Put{Meta: blob.Meta{ContentType: v.mark}})
	return err
}

func stateOf(t *testing.T, s *Store, key string) state {
	t.Helper()
	rc, info, err := s.Get(ctx, "b", key, nil)
	if errors.Is(err, blob.ErrNoKey) {
		return absent
	}
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	defer rc.Close()
	b, err := io.ReadAll(rc)
	if err != nil {
		t.Fatal(err)
	}
	return state{string(b), info.Meta.ContentType}
}

// TestCrashAtEveryStep cuts the power before each file operation of a history of puts and deletes.
// What was acknowledged is there; what was under way is there whole or not at all; metadata is
// always that of the bytes.
func TestCrashAtEveryStep(t *testing.T) {
	for _, keep := range []float64{0, 0.5, 1} {
		for seed := range uint64(2) {
			crashHistory(t, seed, keep)
		}
	}
}

func crashHistory(t *testing.T, seed uint64, keep float64) {
	mem := vfs.NewMem()
	faults := vfs.NewFaults(mem)
	s := openMem(t, faults)
	if err := s.CreateBucket(ctx, blob.BucketInfo{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	type cut struct {
		fs      *vfs.Mem
		settled map[string]state
		key     string // under way
		next    state
		at      string
	}
	var cuts []cut
	settled := map[string]state{}
	var key string
	var next state
	rnd := rand.New(rand.NewPCG(seed, 1))
	faults.Trace(func(op vfs.Op, path string) {
		switch op {
		case vfs.OpStat, vfs.OpOpen, vfs.OpRead, vfs.OpClose, vfs.OpList:
			return
		}
		was := map[string]state{}
		for k, v := range settled {
			was[k] = v
		}
		cuts = append(cuts, cut{mem.CrashClone(rnd.Uint64(), keep), was, key, next, fmt.Sprint(op, " ", path)})
	})
	keys := []string{"a", "a/b", "a/b/c", "x/y/z"}
	for i := range 25 {
		key, next = keys[rnd.IntN(len(keys))], absent
		var err error
		if rnd.IntN(4) == 0 {
			err = s.Delete(ctx, "b", key)
		} else {
			// Equal sizes, so that only the time tells the files apart.
			next = state{fmt.Sprintf("body%02d", i), fmt.Sprintf("mark%02d", i)}
			err = putState(s, key, next)
		}
		if err != nil {
			t.Fatal(err)
		}
		settled[key] = next
	}
	faults.Trace(nil)

	for _, c := range cuts {
		after, err := OpenFS(c.fs)
		if err != nil {
			t.Fatalf("open after a cut before %s: %v", c.at, err)
		}
		want := []string{}
		for _, k := range keys {
			got := stateOf(t, after, k)
			if got != c.settled[k] && (k != c.key || got != c.next) {
				t.Errorf("seed %d keep %v: cut before %s of %s: %s is %v, acknowledged %v, under way %v", seed, keep, c.at, c.key, k, got, c.settled[k], c.next)
			}
			if got != absent {
				want = append(want, k)
			}
		}
		l, err := after.List(ctx, "b", blob.ListPage{})
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, o := range l.Objects {
			got = append(got, o.Key)
		}
		if !slices.Equal(got, want) {
			t.Errorf("cut before %s: listed %q, objects %q", c.at, got, want)
		}
		// And the store goes on from there.
		for _, k := range keys {
			v := state{"again " + k, k}
			if err := putState(after, k, v); err != nil {
				t.Fatalf("put after a cut before %s: %v", c.at, err)
			}
			if got := stateOf(t, after, k); got != v {
				t.Errorf("put after a cut before %s: %v", c.at, got)
			}
		}
		if names, err := c.fs.List(tmpDir); err != nil || len(names) > 0 {
			t.Errorf("left on the way: %v, %v", names, err)
		}
		after.Close()
	}
	if len(cuts) < 100 {
		t.Errorf("only %d cuts", len(cuts))
	}
}

// TestFullDisk: a put that cannot be finished leaves the old object and no litter, wherever it fails.
func TestFullDisk(t *testing.T) {
	full := errors.New("no space left on device")
	for _, op := range []vfs.Op{vfs.OpCreate, vfs.OpWrite, vfs.OpSync, vfs.OpRename} {
		for skip := range 2 {
			mem := vfs.NewMem()
			faults := vfs.NewFaults(mem)
			s := openMem(t, faults)
			if err := s.CreateBucket(ctx, blob.BucketInfo{Name: "b"}); err != nil {
				t.Fatal(err)
			}
			old := state{"old", "old"}
			if err := putState(s, "k", old); err != nil {
				t.Fatal(err)
			}
			faults.Add(vfs.Rule{Op: op, Skip: skip, Err: full})
			if err := putState(s, "k", state{"new", "new"}); !errors.Is(err, full) {
				t.Errorf("%s after %d: error %v", op, skip, err)
			}
			faults.Clear()
			if got := stateOf(t, s, "k"); got != old {
				t.Errorf("%s after %d: object is %v", op, skip, got)
			}
			if names, err := mem.List(tmpDir); err != nil || len(names) > 0 {
				t.Errorf("%s after %d: left on the way: %v, %v", op, skip, names, err)
			}
		}
	}
}

// TestNamesOnDisk: what a person sees.
func TestNamesOnDisk(t *testing.T) {
	long := strings.Repeat("x", 260)
	for _, c := range []struct{ key, path string }{
		{"year=2016/month=01/x.parquet", "year=2016/month=01/x.parquet"},
		{"a b+c:d=e,f'g(h)!~@$&;é", "a b+c:d=e,f'g(h)!~@$&;é"},
		{"100%/%3A", "100%/%3A"},
		{"/a//b/", "%-/a/%-/b/%-"},
		{"./../...", "%./%../..."},
		{"a\nb\x7f", "a%0Ab%7F"},
		{"%0A%25%-", "%250A%2525%25-"},
		{long, long[:253] + "%+/" + long[253:]},
	} {
		var sp spelling
		folder, name := sp.path(c.key)
		got := strings.TrimPrefix(folder+"/"+name, "/")
		if got != c.path {
			t.Errorf("key %q is at %q, want %q", c.key, got, c.path)
		}
	}
	mem := vfs.NewMem()
	s := openMem(t, mem)
	if err := s.CreateBucket(ctx, blob.BucketInfo{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"a", "a/b"} {
		if err := putState(s, k, state{k, k}); err != nil {
			t.Fatal(err)
		}
	}
	if names, _ := mem.List("b"); !slices.Equal(names, []string{"a", "a%="}) {
		t.Errorf("a beside a/b: %q", names)
	}
	if err := s.Delete(ctx, "b", "a/b"); err != nil {
		t.Fatal(err)
	}
	if names, _ := mem.List("b"); !slices.Equal(names, []string{"a%="}) {
		t.Errorf("empty folder stayed: %q", names)
	}
	if err := putState(s, "a", state{"new", ""}); err != nil {
		t.Fatal(err)
	}
	if names, _ := mem.List("b"); !slices.Equal(names, []string{"a"}) {
		t.Errorf("a alone: %q", names)
	}
}

// TestDroppedFiles: what a person puts into a bucket's folder is an object, too.
func TestDroppedFiles(t *testing.T) {
	mem := vfs.NewMem()
	s := openMem(t, mem)
	drop := func(path, body string) {
		t.Helper()
		if i := strings.LastIndexByte(path, '/'); i > 0 {
			if err := mem.MkdirAll(path[:i]); err != nil {
				t.Fatal(err)
			}
		}
		f, err := mem.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := io.WriteString(f, body); err != nil {
			t.Fatal(err)
		}
	}
	drop("b/dir/by-hand.csv", "1,2")
	drop("b/%5", "x")
	drop("b/not%0a", "lower case hex is literal")
	drop("b/no%41object%0", "x")
	drop("b/%2Eodd", "x")
	drop("b/100%25", "not how 100% is spelled")
	drop("file beside the buckets", "")
	info, err := s.Head(ctx, "b", "dir/by-hand.csv")
	if err != nil || info.Size != 3 || info.ETag != "3eef99f0f3b9ec25b6ef7ca5b7ac2a3f" && len(info.ETag) != 32 {
		t.Errorf("%+v, %v", info, err)
	}
	l, err := s.List(ctx, "b", blob.ListPage{})
	var keys []string
	for _, o := range l.Objects {
		keys = append(keys, o.Key)
	}
	if want := []string{"%2Eodd", "%5", "dir/by-hand.csv", "no%41object%0", "not%0a"}; err != nil || !slices.Equal(keys, want) {
		t.Errorf("listed %q, %v; want %q", keys, err, want)
	}
	bs, err := s.Buckets(ctx)
	if err != nil || len(bs) != 1 || bs[0].Name != "b" || bs[0].Account == "" {
		t.Errorf("buckets %+v, %v", bs, err)
	}

	// A file changed by hand has its own ETag and no longer the metadata of what was put.
	if err := putState(s, "k", state{"abc", "text/plain"}); err != nil {
		t.Fatal(err)
	}
	drop("b/k", "changed")
	if got := stateOf(t, s, "k"); got != (state{"changed", ""}) {
		t.Errorf("changed by hand: %v", got)
	}
	was, _ := s.Head(ctx, "b", "k")
	if err := s.SetTags(ctx, "b", "k", map[string]string{"t": "1"}); err != nil {
		t.Fatal(err)
	}
	now, err := s.Head(ctx, "b", "k")
	if err != nil || now.ETag != was.ETag || now.Meta.Tags["t"] != "1" {
		t.Errorf("tagged: %+v, %v", now, err)
	}
}

func TestOneStoreAtATime(t *testing.T) {
	root := t.TempDir()
	s, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(root); !errors.Is(err, vfs.ErrLocked) {
		t.Errorf("second open: %v", err)
	}
	if err := s.CreateBucket(ctx, blob.BucketInfo{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"a", "a/b"} {
		if err := putState(s, k, state{"body " + k, "mark"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(root); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, k := range []string{"a", "a/b"} {
		if got := stateOf(t, s, k); got != (state{"body " + k, "mark"}) {
			t.Errorf("%s after reopening: %v", k, got)
		}
		p, ok := s.Path("b", k)
		f, err := vfs.OS("/").Open(strings.TrimPrefix(p, "/"))
		if !ok || err != nil {
			t.Fatalf("path of %s: %s, %v, %v", k, p, ok, err)
		}
		b, err := readAll(f)
		f.Close()
		if err != nil || !bytes.Equal(b, []byte("body "+k)) {
			t.Errorf("file of %s holds %q, %v", k, b, err)
		}
	}
	if p, ok := s.Path("b", "new/x=1"); !ok || !strings.HasSuffix(p, "/b/new/x=1") {
		t.Errorf("path of a new key: %s", p)
	}
}

func FuzzSpelling(f *testing.F) {
	for _, k := range []string{"a/b", "%25", "..", strings.Repeat("é%-", 200), "\x00/\x7f"} {
		f.Add(k, true)
		f.Add(k, false)
	}
	f.Fuzz(func(t *testing.T, key string, fold bool) {
		if blob.CheckKey(key) != nil {
			return
		}
		sp := spelling{fold: fold}
		folder, name := sp.path(key)
		for _, part := range append(strings.Split(folder, "/"), name+beside) {
			if part == "." || part == ".." || part == "" && folder != "" || len(part) > 255 || strings.ContainsAny(part, "\x00\n") {
				t.Fatalf("%q becomes %q", key, part)
			}
		}
		back, ok := (&Store{sp: sp}).keyOf(strings.TrimPrefix(folder+"/"+name, "/"))
		if !ok || back != key {
			t.Fatalf("%q becomes %q/%q becomes %q, %v", key, folder, name, back, ok)
		}
	})
}
