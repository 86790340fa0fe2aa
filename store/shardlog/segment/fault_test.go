package segment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testEngine is an engine under test with one shard.
type testEngine struct {
	*testing.T
	*Engine
	id shardlog.ShardID
}

func open(t *testing.T, fsys vfs.FS, o Options) *testEngine {
	t.Helper()
	e, err := Open(fsys, "log", o)
	check(t, err)
	t.Cleanup(func() { e.Close() })
	id, err := e.Open(t.Context(), "s")
	check(t, err)
	return &testEngine{t, e, id}
}

func (e *testEngine) put(data ...string) error {
	b := shardlog.Batch{Shard: e.id}
	for _, d := range data {
		b.Records = append(b.Records, hydrant.Record{Key: "k", Data: []byte(d)})
	}
	return e.Append(context.Background(), []shardlog.Batch{b})
}

func (e *testEngine) mustPut(data ...string) {
	e.Helper()
	check(e.T, e.put(data...))
}

// all reads what the shard holds, as words.
func (e *testEngine) all() (string, error) {
	b, err := e.Bounds(e.id)
	if err != nil {
		return "", err
	}
	var words []string
	for from := b.Low; ; {
		p, err := e.Read(context.Background(), e.id, from, shardlog.Limit{Records: 2})
		if err != nil || len(p.Records) == 0 {
			return strings.Join(words, " "), err
		}
		for _, r := range p.Records {
			words = append(words, string(r.Data))
		}
		from = p.Next
	}
}

func (e *testEngine) want(want string) {
	e.Helper()
	got, err := e.all()
	check(e.T, err)
	if got != want {
		e.Errorf("the shard holds %q, want %q", got, want)
	}
}

func TestFailedSyncEndsWriting(t *testing.T) {
	m := vfs.NewMem()
	f := vfs.NewFaults(m)
	e := open(t, f, Options{})
	e.mustPut("a")
	f.Add(vfs.Rule{Op: vfs.OpSync, Path: "*.seg", Times: 1, Err: syscall.EIO})
	for range 2 { // the disk is well again, and still nothing more is taken
		if err := e.put("b"); !errors.Is(err, shardlog.ErrFailed) || !errors.Is(err, syscall.EIO) {
			t.Errorf("append: %v", err)
		}
	}
	e.want("a")
	crashed := m.CrashClone(1, 0)
	e.Close()
	open(t, crashed, Options{}).want("a")
}

func TestTornWriteEndsWriting(t *testing.T) {
	m := vfs.NewMem()
	f := vfs.NewFaults(m)
	e := open(t, f, Options{})
	e.mustPut("a")
	f.Add(vfs.Rule{Op: vfs.OpWrite, Path: "*.seg", Times: 1, Err: syscall.EIO, Partial: 20})
	if err := e.put("b"); !errors.Is(err, shardlog.ErrFailed) {
		t.Errorf("append: %v", err)
	}
	e.want("a")
	e.Close()
	e = open(t, m, Options{})
	e.want("a")
	e.mustPut("c")
	e.want("a c")
}

// A full disk refuses appends and forgets nothing; with room again they go on, in the segment at
// hand, at the roll to a new one, and in the very first.
func TestFullDiskPasses(t *testing.T) {
	for _, at := range []vfs.Op{vfs.OpWrite, vfs.OpCreate} {
		for before := range 6 {
			t.Run(fmt.Sprint(at, before), func(t *testing.T) {
				m := vfs.NewMem()
				f := vfs.NewFaults(m)
				e := open(t, f, Options{SegmentBytes: 400})
				var want []string
				for i := range before {
					want = append(want, fmt.Sprint(i, strings.Repeat("x", 60)))
					e.mustPut(want[i])
				}
				f.Add(vfs.Rule{Op: at, Path: "*.seg", Err: syscall.ENOSPC, Partial: 50})
				refused := 0
				for range 6 {
					switch err := e.put("full" + strings.Repeat("x", 60)); {
					case errors.Is(err, shardlog.ErrNoSpace) && errors.Is(err, syscall.ENOSPC):
						refused++
					case err != nil:
						t.Fatal(err)
					default:
						want = append(want, "full"+strings.Repeat("x", 60))
					}
				}
				if refused == 0 {
					t.Error("the disk was never full")
				}
				f.Clear()
				want = append(want, "after")
				e.mustPut("after")
				e.want(strings.Join(want, " "))
				crashed := m.CrashClone(1, 0)
				e.Close()
				open(t, crashed, Options{}).want(strings.Join(want, " "))
			})
		}
	}
}

func TestFullDiskThatCannotBeUndoneEndsWriting(t *testing.T) {
	for _, op := range []vfs.Op{vfs.OpTruncate, vfs.OpSync} {
		f := vfs.NewFaults(vfs.NewMem())
		e := open(t, f, Options{})
		e.mustPut("a")
		f.Add(
			vfs.Rule{Op: vfs.OpWrite, Path: "*.seg", Times: 1, Err: syscall.ENOSPC, Partial: 5},
			vfs.Rule{Op: op, Path: "*.seg", Times: 1, Err: syscall.ENOSPC},
		)
		if err := e.put("b"); !errors.Is(err, shardlog.ErrFailed) {
			t.Errorf("%s: %v", op, err)
		}
		e.want("a")
	}
}

// sealed returns a file system with several segments, all but the last sealed, and what they hold.
func sealed(t *testing.T) (*vfs.Mem, string) {
	m := vfs.NewMem()
	e := open(t, m, Options{SegmentBytes: 500})
	var want []string
	for i := range 12 {
		word := fmt.Sprint(i, strings.Repeat("w", 50))
		want = append(want, word)
		e.mustPut(word)
	}
	check(t, e.Close())
	e = open(t, m, Options{SegmentBytes: 500}) // seals what the keeper had not come to
	check(t, e.Close())
	return m, strings.Join(want, " ")
}

func flip(t *testing.T, fsys vfs.FS, path string, off int64) {
	t.Helper()
	f, err := fsys.Open(path)
	check(t, err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], off)
	check(t, err)
	b[0] ^= 0x20
	_, err = f.WriteAt(b[:], off)
	check(t, err)
}

// Whatever bit flips in a sealed segment: the file is named, at the start or by the read that meets
// it, or nothing was lost (a footer can be made again; some bytes are redundant). Wrong data is
// never read.
func TestBitFlipsInSealedSegment(t *testing.T) {
	m, want := sealed(t)
	const path = "log/0000000000000002.seg"
	info, err := m.Stat(path)
	check(t, err)
	f, err := m.Open(path)
	check(t, err)
	b := make([]byte, info.Size())
	f.ReadAt(b, 0)
	h, _ := parseHeader(b)
	tr, bad := parseTrailer(b[len(b)-trailerSize:], h, int64(len(b)))
	if bad != nil {
		t.Fatal(bad)
	}
	for off := range info.Size() {
		c := m.CrashClone(0, 1)
		flip(t, c, path, off)
		e, err := Open(c, "log", Options{SegmentBytes: 500})
		got := ""
		if err == nil {
			id, _ := e.Open(t.Context(), "s")
			got, err = (&testEngine{t, e, id}).all()
			e.Close()
		}
		var bad *CorruptionError
		switch {
		case err == nil && got != want:
			t.Fatalf("byte %d flipped: read %q", off, got)
		case err != nil && (!errors.As(err, &bad) || bad.File != path || bad.Offset > off):
			t.Fatalf("byte %d flipped: %v", off, err)
		case err == nil && off < tr.end && (off < headerSize || off >= headerSize+frameSize):
			t.Fatalf("byte %d flipped, and nobody noticed", off)
		}
	}
}

// A footer cut or missing, as a crash between the steps of a roll leaves it, is made again.
func TestTruncatedFooter(t *testing.T) {
	m, want := sealed(t)
	const path = "log/0000000000000002.seg"
	info, err := m.Stat(path)
	check(t, err)
	var end int64
	for size := info.Size() - 1; size > 0; size-- {
		c := m.CrashClone(0, 1)
		f, err := c.Open(path)
		check(t, err)
		check(t, f.Truncate(size))
		f.Close()
		e, err := Open(c, "log", Options{SegmentBytes: 500})
		if err != nil {
			var bad *CorruptionError
			if !errors.As(err, &bad) || bad.File != path {
				t.Fatalf("cut to %d: %v", size, err)
			}
			if end == 0 {
				end = size + 1
			}
			continue
		}
		if end > 0 {
			t.Fatalf("cut to %d, inside the frames: no error", size)
		}
		id, _ := e.Open(t.Context(), "s")
		(&testEngine{t, e, id}).want(want)
		check(t, e.Close())
		if now, _ := c.Stat(path); now.Size() != info.Size() {
			t.Fatalf("cut to %d: the footer was not made again", size)
		}
	}
	if end == 0 {
		t.Error("no cut was found")
	}
}

func TestMissingSegment(t *testing.T) {
	m, _ := sealed(t)
	names, err := m.List("log")
	check(t, err)
	for _, name := range names {
		if _, ext, ok := parseName(name); !ok || ext != segmentExt {
			continue
		}
		if info, _ := m.Stat("log/" + name); info.Size() <= headerSize {
			continue // made ahead, not used yet
		}
		c := m.CrashClone(0, 1)
		check(t, c.Remove("log/"+name))
		var bad *CorruptionError
		if _, err := Open(c, "log", Options{SegmentBytes: 500}); !errors.As(err, &bad) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// Bits that flip in the tail: before the last group it is damage, and so it is in the last group
// when the engine had been closed.
func TestBitFlipsInTail(t *testing.T) {
	m := vfs.NewMem()
	e := open(t, m, Options{})
	for i := range 5 {
		e.mustPut(fmt.Sprint(i))
	}
	const path = "log/0000000000000001.seg"
	running := m.CrashClone(1, 1)
	check(t, e.Close())
	size := func(m *vfs.Mem) int64 {
		info, err := m.Stat(path)
		check(t, err)
		return info.Size()
	}
	last := size(running) - (frameSize + recordSize + 2)
	for off := range size(running) {
		for _, from := range []*vfs.Mem{running, m} {
			c := from.CrashClone(0, 1)
			flip(t, c, path, off)
			e, err := Open(c, "log", Options{})
			if off < last || from == m {
				var bad *CorruptionError
				if !errors.As(err, &bad) || bad.File != path || bad.Offset > off {
					t.Fatalf("byte %d flipped: %v", off, err)
				}
				if size(c) != size(from) {
					t.Fatalf("byte %d flipped: the damaged file was changed", off)
				}
				continue
			}
			check(t, err)
			id, _ := e.Open(t.Context(), "s")
			(&testEngine{t, e, id}).want("0 1 2 3")
			e.Close()
		}
	}
}

// A record that holds bytes of a segment file is not taken for frames.
func TestRecordsThatLookLikeFrames(t *testing.T) {
	m := vfs.NewMem()
	e := open(t, m, Options{})
	e.mustPut("a")
	e.mustPut("b")
	f, err := m.Open("log/0000000000000001.seg")
	check(t, err)
	size, _ := f.Size()
	b := make([]byte, size)
	f.ReadAt(b, 0)
	e.mustPut(string(b))
	c := m.CrashClone(1, 1)
	f, err = c.Open("log/0000000000000001.seg")
	check(t, err)
	end, _ := f.Size()
	check(t, f.Truncate(end-1)) // a torn last group, with whole frames inside it
	e = open(t, c, Options{})
	e.want("a b")
}

// A start after a failed sync cannot trust what the system shows: what it makes visible is on the
// disk by then.
func TestStartMakesTheTailDurable(t *testing.T) {
	m := vfs.NewMem()
	e := open(t, m, Options{})
	e.mustPut("a")
	f := vfs.NewFaults(m)
	e.Close()
	e = open(t, f, Options{})
	f.Add(vfs.Rule{Op: vfs.OpSync, Path: "*.seg", Times: 2, Err: syscall.EIO})
	e.put("b")
	e.Close()
	e = open(t, m, Options{})
	e.want("a b") // written, never synced by the first process
	open(t, m.CrashClone(1, 0), Options{}).want("a b")
}

// What is older than the retention is never returned, wherever it lies and whatever the clock does.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := vfs.NewMem()
		e := open(t, m, Options{SegmentBytes: 500, TailBytes: 400, SweepEvery: 24 * time.Hour})
		check(t, e.SetRetention(t.Context(), e.id, time.Hour))
		for i := range 100 {
			e.mustPut(fmt.Sprint(i, strings.Repeat("w", 30)))
			time.Sleep(time.Minute)
			if i%20 == 19 {
				id := e.id
				check(t, e.Close())
				e = open(t, m, Options{SegmentBytes: 500, TailBytes: 400, SweepEvery: 24 * time.Hour})
				e.id = id
			}
			b, err := e.Bounds(e.id)
			check(t, err)
			if want := uint64(max(0, i+1-60)); b.Low != want {
				t.Fatalf("minute %d: low is %d, want %d", i, b.Low, want)
			}
			if b.Low > 0 {
				if _, err := e.Read(t.Context(), e.id, b.Low-1, shardlog.Limit{}); !errors.Is(err, shardlog.ErrTrimmed) {
					t.Fatalf("an expired record: %v", err)
				}
			}
		}
		got, err := e.all()
		check(t, err)
		if n := len(strings.Fields(got)); n != 60 {
			t.Errorf("%d records, want 60", n)
		}
		time.Sleep(25 * time.Hour) // all expires, and the keeper comes by
		synctest.Wait()
		if st := e.Stats(); st.Segments != 1 {
			t.Errorf("%d segments left", st.Segments)
		}
		b, err := e.Bounds(e.id)
		check(t, err)
		if b.Low != 100 || b.Next != 100 {
			t.Errorf("bounds %+v", b)
		}
		check(t, e.Close())
		e = open(t, m, Options{})
		e.mustPut("next")
		if b, _ := e.Bounds(e.id); b.Next != 101 {
			t.Errorf("bounds %+v: the offset did not outlive the records", b)
		}
		e.Close()
	})
}

// One quiet shard does not hold the space of a busy one.
func TestSparseSegmentsAreRewritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := vfs.NewMem()
		o := Options{SegmentBytes: 20_000, TailBytes: 1}
		e := open(t, m, o)
		quiet := *e
		var err error
		quiet.id, err = e.Open(t.Context(), "quiet")
		check(t, err)
		var want []string
		for i := range 200 {
			e.mustPut(strings.Repeat("busy", 250))
			if i%10 == 0 {
				want = append(want, fmt.Sprint("quiet", i))
				quiet.mustPut(want[len(want)-1])
			}
		}
		b, _ := e.Bounds(e.id)
		check(t, e.Trim(t.Context(), e.id, b.Next-5))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		st := e.Stats()
		if st.Rewritten == 0 || st.DiskBytes > 40_000 {
			t.Errorf("%+v", st)
		}
		quiet.want(strings.Join(want, " "))
		check(t, e.Close())
		e = open(t, m, o)
		quiet.Engine = e.Engine
		quiet.want(strings.Join(want, " "))
		if b2, _ := e.Bounds(e.id); b2.Low != b.Next-5 || b2.Next != b.Next {
			t.Errorf("bounds %+v", b2)
		}
		names, _ := m.List("log")
		if len(names) > 5 {
			t.Errorf("files %q", names)
		}
		e.Close()
	})
}

// The disk is so full that the journal cannot take the note that lets expired segments go: the
// reserve is given up for it.
func TestFullDiskStillFreesExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := vfs.NewFaults(vfs.NewMem())
		e := open(t, f, Options{SegmentBytes: 500})
		check(t, e.SetRetention(t.Context(), e.id, time.Hour))
		for range 20 {
			e.mustPut(strings.Repeat("w", 100))
		}
		synctest.Wait()
		full := true
		f.Add(vfs.Rule{Op: vfs.OpWrite, Path: "*.log", Times: 1, Err: syscall.ENOSPC})
		f.Trace(func(op vfs.Op, path string) {
			if op == vfs.OpRemove && path == "log/reserve" {
				full = false
			}
		})
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if st := e.Stats(); full || st.Segments != 1 {
			t.Errorf("the reserve is there: %v; %d segments", full, st.Segments)
		}
		if _, err := f.Stat("log/reserve"); err != nil {
			t.Errorf("the reserve was not made again: %v", err)
		}
		e.Close()
	})
}

func TestTailIsBounded(t *testing.T) {
	e := open(t, vfs.NewMem(), Options{TailBytes: 10_000})
	for i := range 200 {
		e.mustPut(fmt.Sprint(i), strings.Repeat("x", 500))
	}
	if st := e.Stats(); st.TailBytes > 10_000 || st.TailBytes < 5_000 {
		t.Errorf("%d bytes in memory", st.TailBytes)
	}
}

// Callers that wait while a sync runs share the next one.
func TestConcurrentAppendsShareASync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := vfs.NewFaults(vfs.NewMem())
		e := open(t, f, Options{})
		e.mustPut("first")
		synctest.Wait() // the keeper has made what it makes at a start
		before := e.Stats()
		hold := make(chan struct{})
		f.Trace(func(op vfs.Op, _ string) {
			if op == vfs.OpSync {
				<-hold
			}
		})
		for i := range 41 { // the first is alone in its sync; the others gather behind it
			go e.mustPut(fmt.Sprint(i))
			synctest.Wait()
		}
		close(hold)
		synctest.Wait()
		st := e.Stats()
		if st.Syncs-before.Syncs != 2 || st.Frames-before.Frames != 2 || st.Records-before.Records != 41 {
			t.Errorf("before %+v, after %+v", before, st)
		}
		e.Close()
	})
}
