package journal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hydrant-stream/hydrant/store/vfs"
)

// minLog is the size below which a log is never worth a snapshot.
const minLog = 1 << 20

// log is the Journal that Open returns.
//
// One goroutine, commitLoop, owns the files: it takes all commits that wait, writes them as one
// frame, syncs once, applies them to the map and wakes the callers; the next ones gather meanwhile.
// Readers take the root of the map and need no lock.
type log struct {
	fs     vfs.FS
	dir    string
	minLog int64

	root atomic.Pointer[state]

	// mu guards what callers and commitLoop share. Nothing is called with it held.
	mu      sync.Mutex
	waiting []*commit
	closed  bool
	failed  error

	wake  chan struct{} // capacity 1: something waits, or the journal closes
	done  chan struct{} // closed when commitLoop has ended
	shots sync.WaitGroup

	// owned by commitLoop
	file     vfs.File
	head     header // of file
	size     int64  // of file
	sequence uint64 // of the last frame
	logged   int64  // bytes in all logs since the last snapshot
	retry    int64  // no snapshot before logged is above this
	buf      []byte

	shooting atomic.Bool // a snapshot is being written
}

// state is the map at one moment.
type state struct {
	tree *node
	keys int
	live int64 // bytes a snapshot of it has
}

// commit is one waiting call.
type commit struct {
	changes []Change
	size    int
	done    chan error // capacity 1
}

// Open opens the journal in dir, making it if it is not there, and brings the map to memory. A
// commit that was interrupted by a crash is there whole or not at all. Damage of any other kind is a
// *CorruptionError.
func Open(fsys vfs.FS, dir string) (Journal, error) { return openWith(fsys, dir, minLog) }

func openWith(fsys vfs.FS, dir string, minLog int64) (Journal, error) {
	l := &log{fs: fsys, dir: dir, minLog: minLog, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if err := l.recover(); err != nil {
		return nil, fmt.Errorf("open journal %s: %w", dir, err)
	}
	go l.commitLoop()
	return l, nil
}

// Memory returns a journal that lives as long as the process.
func Memory() Journal {
	j, err := Open(vfs.NewMem(), "")
	if err != nil {
		panic(fmt.Sprintf("internal error: journal in memory: %v", err))
	}
	return j
}

func (l *log) Get(key string) ([]byte, bool) {
	n, ok := l.root.Load().tree.get(key)
	if !ok {
		return nil, false
	}
	return n.value, true
}

func (l *log) Range(prefix string, f func(key string, value []byte) bool) {
	l.root.Load().tree.from(prefix, func(n *node) bool {
		return strings.HasPrefix(n.key, prefix) && f(n.key, n.value)
	})
}

func (l *log) Commit(ctx context.Context, changes ...Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &commit{changes: make([]Change, len(changes)), done: make(chan error, 1)}
	for i, ch := range changes {
		c.size += changeLen(ch)
		c.changes[i] = ch
		if ch.Value != nil { // the caller may use its bytes again
			c.changes[i].Value = append([]byte{}, ch.Value...)
		}
	}
	if c.size > maxFrame-frameSize {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, c.size)
	}
	l.mu.Lock()
	switch {
	case l.closed:
		l.mu.Unlock()
		return ErrClosed
	case l.failed != nil:
		l.mu.Unlock()
		return l.failed
	case len(changes) == 0:
		l.mu.Unlock()
		return nil
	}
	l.waiting = append(l.waiting, c)
	l.mu.Unlock()
	l.signal()
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return ctx.Err() // the outcome is unknown, as for any interrupted call
	}
}

func (l *log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *log) Close() error {
	l.mu.Lock()
	again := l.closed
	l.closed = true
	l.mu.Unlock()
	l.signal()
	<-l.done
	l.shots.Wait()
	if again {
		return nil
	}
	return l.file.Close()
}

// take removes the waiting commits that fit one frame. closed: nothing waits and nothing will.
func (l *log) take() (group []*commit, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	size, n := frameSize, 0
	for n < len(l.waiting) && size+l.waiting[n].size <= maxFrame {
		size += l.waiting[n].size
		n++
	}
	group = l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	if len(l.waiting) == 0 {
		l.waiting = nil
	}
	return group, n == 0 && l.closed
}

func (l *log) commitLoop() {
	defer close(l.done)
	for {
		group, closed := l.take()
		if closed {
			return
		}
		if len(group) == 0 {
			<-l.wake
			continue
		}
		l.mu.Lock()
		err := l.failed
		l.mu.Unlock()
		if err == nil {
			err = l.write(group)
		}
		for _, c := range group {
			c.done <- err
		}
		if err == nil {
			l.maybeSnapshot()
		}
	}
}

// write makes a group of commits durable with one write and one sync, then visible.
func (l *log) write(group []*commit) error {
	l.buf = beginFrame(l.buf[:0])
	count := 0
	for _, c := range group {
		for _, ch := range c.changes {
			l.buf = appendChange(l.buf, ch)
		}
		count += len(c.changes)
	}
	endFrame(l.buf, 0, kindChanges, l.sequence+1, uint32(count), l.head.salt, l.size)
	if _, err := l.file.WriteAt(l.buf, l.size); err != nil {
		return l.undo(err)
	}
	if err := l.file.Sync(); err != nil {
		return l.fail(err)
	}
	l.size += int64(len(l.buf))
	l.logged += int64(len(l.buf))
	l.sequence++
	s := *l.root.Load()
	for _, c := range group {
		for _, ch := range c.changes {
			s.apply(ch)
		}
	}
	l.root.Store(&s)
	if cap(l.buf) > 1<<20 {
		l.buf = nil
	}
	return nil
}

// undo takes back a write that ran out of space. That is safe only because no sync has been asked
// for since: cutting the file drops the unwritten pages, and the sync that follows proves it. A sync
// that reports a full disk is different (pages may be marked clean and lost), and so is every other
// error: those end in fail.
func (l *log) undo(cause error) error {
	if !errors.Is(cause, syscall.ENOSPC) && !errors.Is(cause, syscall.EDQUOT) {
		return l.fail(cause)
	}
	if err := l.file.Truncate(l.size); err != nil {
		return l.fail(errors.Join(cause, err))
	}
	if err := l.file.Sync(); err != nil {
		return l.fail(errors.Join(cause, err))
	}
	if n, err := l.file.Size(); err != nil || n != l.size {
		return l.fail(errors.Join(cause, err))
	}
	return fmt.Errorf("%w: nothing of this commit was kept; free space and try again: %w", ErrNoSpace, cause)
}

func (l *log) fail(cause error) error {
	err := fmt.Errorf("%w: check the disk that holds %s, then restart: %w", ErrFailed, path.Join(l.dir, fileName(l.head.generation, ".log")), cause)
	l.mu.Lock()
	l.failed = err
	l.mu.Unlock()
	return err
}

func (s *state) apply(c Change) {
	old, had := s.tree.get(c.Key)
	if had {
		s.live -= int64(changeSize + len(old.key) + len(old.value))
	}
	switch {
	case c.Value != nil:
		s.tree = s.tree.set(c.Key, c.Value)
		s.live += int64(changeLen(c))
		if !had {
			s.keys++
		}
	case had:
		s.tree = s.tree.unset(c.Key)
		s.keys--
	}
}

func newSalt() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return le.Uint64(b[:])
}

func fileName(generation uint64, ext string) string { return fmt.Sprintf("%016x%s", generation, ext) }

func (l *log) path(name string) string { return path.Join(l.dir, name) }
