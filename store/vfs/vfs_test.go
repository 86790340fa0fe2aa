package vfs

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// each runs a test on every file system there is.
func each(t *testing.T, test func(t *testing.T, fsys FS)) {
	t.Run("os", func(t *testing.T) { test(t, OS(t.TempDir())) })
	t.Run("mem", func(t *testing.T) { test(t, NewMem()) })
	t.Run("faults", func(t *testing.T) { test(t, NewFaults(NewMem())) })
}

func write(t *testing.T, fsys FS, path, content string) File {
	t.Helper()
	f, err := fsys.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// read returns a file's content, or "-" where there is none.
func read(t *testing.T, fsys FS, path string) string {
	t.Helper()
	f, err := fsys.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "-"
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return string(b)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFiles(t *testing.T) {
	each(t, func(t *testing.T, fsys FS) {
		check(t, fsys.MkdirAll("a/b"))
		f := write(t, fsys, "a/b/f", "hello")
		if _, err := f.Write([]byte(" world")); err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("J"), 0); err != nil {
			t.Fatal(err)
		}
		check(t, f.Sync())
		if got := read(t, fsys, "a/b/f"); got != "Jello world" {
			t.Errorf("content %q", got)
		}
		check(t, f.Truncate(5))
		f.Write([]byte("!"))
		if got := read(t, fsys, "a/b/f"); got != "Jello!" {
			t.Errorf("after truncate %q", got)
		}
		f.WriteAt([]byte("x"), 8)
		if got := read(t, fsys, "a/b/f"); got != "Jello!\x00\x00x" {
			t.Errorf("after hole %q", got)
		}
		if n, err := f.ReadAt(make([]byte, 4), 7); n != 2 || err != io.EOF {
			t.Errorf("short read: %d, %v", n, err)
		}
		again, err := fsys.Open("a/b/f")
		check(t, err)
		again.Write([]byte("y"))
		again.Close()
		if got := read(t, fsys, "a/b/f"); !strings.HasSuffix(got, "xy") {
			t.Errorf("open does not append: %q", got)
		}
		write(t, fsys, "a/b/g", "")
		check(t, fsys.SyncDir("a/b"))
		if names, err := fsys.List("a/b"); err != nil || !slices.Equal(names, []string{"f", "g"}) {
			t.Errorf("list %v, %v", names, err)
		}
		check(t, fsys.Rename("a/b/f", "a/b/g"))
		if got := read(t, fsys, "a/b/f"); got != "-" {
			t.Errorf("old name still there: %q", got)
		}
		info, err := fsys.Stat("a/b/g")
		check(t, err)
		if info.Size() != 10 || info.IsDir() {
			t.Errorf("stat: %d bytes, dir %v", info.Size(), info.IsDir())
		}
		if err := fsys.Remove("a/b"); err == nil {
			t.Error("removed a folder that was not empty")
		}
		check(t, fsys.RemoveAll("a"))
		check(t, fsys.RemoveAll("a"))
		if _, err := fsys.Stat("a"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("after RemoveAll: %v", err)
		}
	})
}

func TestErrors(t *testing.T) {
	each(t, func(t *testing.T, fsys FS) {
		for what, err := range map[string]error{
			"open":   second(fsys.Open("no")),
			"list":   second(fsys.List("no")),
			"stat":   second(fsys.Stat("no/f")),
			"remove": fsys.Remove("no"),
			"rename": fsys.Rename("no", "yes"),
			"create": second(fsys.Create("no/f")),
		} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s of what is not there: %v", what, err)
			}
		}
		if _, err := fsys.Create("../out"); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("climbing out: %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestLock(t *testing.T) {
	each(t, func(t *testing.T, fsys FS) {
		l, err := Lock(fsys, "lock")
		check(t, err)
		if _, err := Lock(fsys, "lock"); !errors.Is(err, ErrLocked) {
			t.Fatalf("second holder: %v", err)
		}
		check(t, l.Close())
		l, err = Lock(fsys, "lock")
		check(t, err)
		check(t, l.Close())
	})
}

func TestCrashForgetsUnsynced(t *testing.T) {
	m := NewMem()
	check(t, m.MkdirAll("d"))
	f := write(t, m, "d/synced", "one ")
	check(t, f.Sync())
	f.Write([]byte("two"))
	check(t, m.SyncDir("d"))
	write(t, m, "d/name-only", "content")
	check(t, m.SyncDir("d"))
	g := write(t, m, "d/no-name", "content")
	check(t, g.Sync())
	write(t, m, "d/moved", "")
	check(t, m.Rename("d/moved", "d/synced"))

	hard := m.CrashClone(1, 0)
	for path, want := range map[string]string{
		"d/synced": "one ", "d/name-only": "", "d/no-name": "-", "d/moved": "-",
	} {
		if got := read(t, hard, path); got != want {
			t.Errorf("nothing kept: %s is %q, want %q", path, got, want)
		}
	}
	soft := m.CrashClone(1, 1)
	for path, want := range map[string]string{
		"d/synced": "", "d/name-only": "content", "d/no-name": "content", "d/moved": "-",
	} {
		if got := read(t, soft, path); got != want {
			t.Errorf("all kept: %s is %q, want %q", path, got, want)
		}
	}
}

// A rename over two folders is never half done, and every mixture a crash may leave is seen.
func TestCrashMixtures(t *testing.T) {
	m := NewMem()
	check(t, m.MkdirAll("a"))
	check(t, m.MkdirAll("b"))
	f := write(t, m, "a/f", strings.Repeat("x", 3*sector))
	check(t, f.Sync())
	check(t, m.SyncDir("a"))
	check(t, m.Rename("a/f", "b/f"))
	f.WriteAt([]byte(strings.Repeat("y", 3*sector)), 0)
	seen := map[string]bool{}
	for seed := range uint64(200) {
		c := m.CrashClone(seed, 0.5)
		a, b := read(t, c, "a/f"), read(t, c, "b/f")
		if (a == "-") == (b == "-") {
			t.Fatalf("seed %d: the file is in both folders or in none", seed)
		}
		content := strings.Replace(a+b, "-", "", 1)
		if again := m.CrashClone(seed, 0.5); read(t, again, "a/f") != a {
			t.Fatalf("seed %d: two clones differ", seed)
		}
		switch {
		case !strings.Contains(content, "x"):
			seen["kept"] = true
		case !strings.Contains(content, "y"):
			seen["lost"] = true
		case strings.HasPrefix(content, "y") && !strings.Contains(strings.TrimLeft(content, "y"), "y"):
			seen["prefix"] = true
		default:
			seen["sectors"] = true
		}
	}
	for _, kind := range []string{"kept", "lost", "prefix", "sectors"} {
		if !seen[kind] {
			t.Errorf("200 crashes never left the write %s", kind)
		}
	}
}

func TestFaults(t *testing.T) {
	f := NewFaults(NewMem())
	var calls []string
	f.Trace(func(op Op, path string) { calls = append(calls, string(op)+" "+path) })
	f.Add(
		Rule{Op: OpWrite, Path: "*.log", Skip: 1, Times: 1, Err: syscall.ENOSPC, Partial: 3},
		Rule{Op: OpSync, Path: "x.log", Times: 1, Err: syscall.EIO},
	)
	file, err := f.Create("x.log")
	check(t, err)
	_, err = file.Write([]byte("first"))
	check(t, err)
	n, err := file.Write([]byte("second"))
	if n != 3 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("short write: %d, %v", n, err)
	}
	if err := file.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("sync: %v", err)
	}
	check(t, file.Sync())
	if got := read(t, f, "x.log"); got != "firstsec" {
		t.Errorf("content %q", got)
	}
	want := []string{"create x.log", "write x.log", "write x.log", "sync x.log", "sync x.log"}
	if !slices.Equal(calls[:5], want) {
		t.Errorf("calls %q, want %q", calls[:5], want)
	}
}
