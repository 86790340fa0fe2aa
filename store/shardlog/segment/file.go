package segment

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hydrant-stream/hydrant/store/vfs"
)

const (
	segmentExt = ".seg"
	tmpExt     = ".seg.tmp"
)

// segment is one file of the log.
type segment struct {
	header
	path string
	file vfs.File
	end  atomic.Int64 // where its frames end; set by the committer while active, fixed afterwards

	// shards are those that have a part here. Of the committer while active, of the keeper after.
	shards []*shard
	sealed bool // of the keeper

	// mu is held for reading over each read, so that close waits for them.
	mu     sync.RWMutex
	closed bool
}

func (g *segment) readAt(p []byte, off int64) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed {
		return errGone
	}
	return readFull(g.file, g.path, p, off)
}

// readFull reads all of p. A file that ends before is damaged: every caller knows what is there.
func readFull(f vfs.File, path string, p []byte, off int64) error {
	n, err := f.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case errors.Is(err, io.EOF):
		return &CorruptionError{File: path, Offset: off, Reason: "file is too short",
			Got: fmt.Sprintf("%d bytes", n), Want: fmt.Sprintf("%d bytes", len(p))}
	}
	return fmt.Errorf("read %s: %w", path, err)
}

// close waits for readers. Later ones get errGone.
func (g *segment) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil
	}
	g.closed = true
	return g.file.Close()
}

func fileName(number uint64, ext string) string { return fmt.Sprintf("%016x%s", number, ext) }

// parseName reads a file's name; ok is false for names that are not the engine's.
func parseName(name string) (number uint64, ext string, ok bool) {
	digits, rest, found := strings.Cut(name, ".")
	if !found || len(digits) != 16 {
		return 0, "", false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	ext = "." + rest
	return n, ext, err == nil && (ext == segmentExt || ext == tmpExt)
}

func newSalt() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return le.Uint64(b[:])
}

// createSegment makes an empty segment, header only, that survives a crash when it returns.
func (e *Engine) createSegment(number uint64) (*segment, error) {
	h := header{number: number, last: number, salt: newSalt()}
	path := e.path(fileName(number, segmentExt))
	f, err := e.fs.Create(path)
	if err != nil {
		return nil, err
	}
	if _, err = f.WriteAt(h.append(nil), 0); err == nil {
		if err = f.Sync(); err == nil {
			err = e.fs.SyncDir(e.dir)
		}
	}
	if err != nil {
		f.Close()
		e.fs.Remove(path) // should it stay: recovery drops a segment without frames
		return nil, err
	}
	g := &segment{header: h, path: path, file: f}
	g.end.Store(headerSize)
	return g, nil
}
