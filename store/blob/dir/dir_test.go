package dir

import (
	"testing"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/blobtest"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

func TestOS(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		s, err := Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	})
}

func TestMem(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return openMem(t, vfs.NewMem()) })
}

func openMem(t *testing.T, fsys vfs.FS) *Store {
	t.Helper()
	s, err := OpenFS(fsys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
