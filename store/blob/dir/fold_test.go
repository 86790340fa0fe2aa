package dir

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/blobtest"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// folding is a file system that keeps the case of names and does not tell it, as macOS has.
type folding struct{ *vfs.Mem }

// real is the path by the names that are there.
func (f folding) real(path string) string {
	if path == "" {
		return ""
	}
	var at []string
	for _, name := range strings.Split(path, "/") {
		names, err := f.Mem.List(strings.Join(at, "/"))
		if err == nil {
			for _, have := range names {
				if strings.EqualFold(have, name) {
					name = have
				}
			}
		}
		at = append(at, name)
	}
	return strings.Join(at, "/")
}

func (f folding) Create(p string) (vfs.File, error)  { return f.Mem.Create(f.real(p)) }
func (f folding) Open(p string) (vfs.File, error)    { return f.Mem.Open(f.real(p)) }
func (f folding) Rename(from, to string) error       { return f.Mem.Rename(f.real(from), f.real(to)) }
func (f folding) Remove(p string) error              { return f.Mem.Remove(f.real(p)) }
func (f folding) RemoveAll(p string) error           { return f.Mem.RemoveAll(f.real(p)) }
func (f folding) MkdirAll(p string) error            { return f.Mem.MkdirAll(f.real(p)) }
func (f folding) List(p string) ([]string, error)    { return f.Mem.List(f.real(p)) }
func (f folding) Stat(p string) (fs.FileInfo, error) { return f.Mem.Stat(f.real(p)) }
func (f folding) SyncDir(p string) error             { return f.Mem.SyncDir(f.real(p)) }

func TestFolding(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return openMem(t, folding{vfs.NewMem()}) })
}

// TestMoved: a store made where case counts is not opened where it does not; the other way it is.
func TestMoved(t *testing.T) {
	mem := vfs.NewMem()
	s, err := OpenFS(mem)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := OpenFS(folding{mem}); err == nil || !strings.Contains(err.Error(), "upper from lower case") {
		t.Errorf("opened: %v", err)
	}
	mem = vfs.NewMem()
	s = openMem(t, folding{mem})
	if err := s.CreateBucket(ctx, blob.BucketInfo{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	if err := putState(s, "Key", state{"x", "y"}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if got := stateOf(t, openMem(t, mem), "Key"); got != (state{"x", "y"}) {
		t.Errorf("moved: %v", got)
	}
}
