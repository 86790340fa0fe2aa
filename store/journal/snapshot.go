package journal

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant/store/vfs"
)

const (
	logExt  = ".log"
	snapExt = ".snap"
	tmpExt  = ".tmp"
	// partSize is about how large a snapshot's frames are.
	partSize = 1 << 20
)

// maybeSnapshot begins a new generation when the logs outweigh the map: commits go on into a new
// log at once, and the map as it was is written beside.
func (l *log) maybeSnapshot() {
	s := l.root.Load()
	if l.logged <= max(l.minLog, 2*s.live, l.retry) || l.shooting.Load() {
		return
	}
	// Should any of this go wrong, commits stay with the old log, and the next try comes when it
	// has grown again.
	l.retry = l.logged + l.minLog
	h := header{generation: l.head.generation + 1, base: l.sequence, salt: newSalt()}
	name := l.path(fileName(h.generation, logExt))
	file, err := createLog(l.fs, l.dir, name, h)
	if err != nil {
		// Left-overs do no harm: recovery drops a last log that has no frame.
		l.fs.Remove(name)
		return
	}
	l.file.Close() // all of it is synced
	l.file, l.head, l.size = file, h, headerSize
	l.logged, l.retry = 0, 0
	l.shooting.Store(true)
	l.shots.Go(func() {
		defer l.shooting.Store(false)
		if err := writeSnapshot(l.fs, l.dir, h.generation, h.base, s); err != nil {
			return // the old logs stay, and are read again at the next start
		}
		removeBefore(l.fs, l.dir, h.generation)
	})
}

// createLog makes an empty log that survives a crash when it returns.
func createLog(fsys vfs.FS, dir, name string, h header) (vfs.File, error) {
	f, err := fsys.Create(name)
	if err != nil {
		return nil, err
	}
	if _, err = f.WriteAt(h.append(nil), 0); err == nil {
		if err = f.Sync(); err == nil {
			err = fsys.SyncDir(dir)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// writeSnapshot writes the map beside the logs and gives it its name when it is whole and synced.
func writeSnapshot(fsys vfs.FS, dir string, generation, base uint64, s *state) error {
	name := path.Join(dir, fileName(generation, snapExt))
	tmp := name + tmpExt
	f, err := fsys.Create(tmp)
	if err != nil {
		return err
	}
	w := snapshotWriter{f: f, head: header{generation, base, newSalt()}}
	err = w.write(s)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = fsys.Rename(tmp, name)
	}
	if err != nil {
		fsys.Remove(tmp)
		return fmt.Errorf("write snapshot %s: %w", name, err)
	}
	return fsys.SyncDir(dir)
}

type snapshotWriter struct {
	f     vfs.File
	head  header
	pos   int64
	buf   []byte
	count uint32 // in buf
}

func (w *snapshotWriter) write(s *state) (err error) {
	w.buf = w.head.append(nil)
	if err = w.put(); err != nil {
		return err
	}
	w.buf = beginFrame(w.buf)
	s.tree.from("", func(n *node) bool {
		w.buf = appendChange(w.buf, Change{n.key, n.value})
		w.count++
		if len(w.buf) >= partSize {
			err = w.frame(kindPart, w.count)
			w.buf = beginFrame(w.buf)
		}
		return err == nil
	})
	if err == nil && w.count > 0 {
		err = w.frame(kindPart, w.count)
		w.buf = beginFrame(w.buf)
	}
	if err == nil {
		err = w.frame(kindEnd, uint32(s.keys))
	}
	if err != nil {
		return err
	}
	return w.f.Sync()
}

func (w *snapshotWriter) frame(kind byte, count uint32) error {
	endFrame(w.buf, 0, kind, w.head.base, count, w.head.salt, w.pos)
	w.count = 0
	return w.put()
}

func (w *snapshotWriter) put() error {
	_, err := w.f.WriteAt(w.buf, w.pos)
	w.pos += int64(len(w.buf))
	w.buf = w.buf[:0]
	return err
}

// removeBefore deletes what a snapshot has made superfluous. A file that stays is removed at the
// next start.
func removeBefore(fsys vfs.FS, dir string, generation uint64) {
	names, err := fsys.List(dir)
	if err != nil {
		return
	}
	for _, name := range names {
		if g, _, ok := parseName(name); ok && g < generation {
			fsys.Remove(path.Join(dir, name))
		}
	}
}

// parseName reads a file's name; ok is false for names that are not the journal's.
func parseName(name string) (generation uint64, ext string, ok bool) {
	digits, ext, found := strings.Cut(name, ".")
	if !found || len(digits) != 16 {
		return 0, "", false
	}
	g, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return 0, "", false
	}
	switch ext = "." + ext; ext {
	case logExt, snapExt, snapExt + tmpExt:
		return g, ext, true
	}
	return 0, "", false
}
