package vfs

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Mem is a file system in memory. It knows, as a disk does, which bytes and which names have been
// synced; CrashClone forgets the others.
type Mem struct {
	// mu guards the whole tree and all content: a crash is one moment for all files.
	mu   sync.RWMutex
	root *memNode
	held map[string]bool // locks
}

// NewMem returns an empty file system.
func NewMem() *Mem { return &Mem{root: newMemDir(), held: map[string]bool{}} }

// memNode is a file or a folder (names != nil). Names refer to nodes, as directory entries refer to
// inodes: an open file lives on when its name is gone.
type memNode struct {
	data    []byte     // what a reader sees
	synced  []byte     // what the disk certainly has
	pending []memWrite // changes of data since the last Sync, in order

	names       map[string]*memNode
	syncedNames map[string]*memNode
	unsynced    []*memEntry // changes of names since the last SyncDir, in order

	mod time.Time
}

// memWrite is one write or, where cut is set, one resize.
type memWrite struct {
	off int64
	p   []byte
	cut bool
}

// memEntry is one change of names. A rename is one change in up to two folders: a crash keeps both
// sides or neither.
type memEntry struct {
	set, del memName
	node     *memNode
	done     bool
}

// memName is an entry's place; a nil dir means the change has no such side.
type memName struct {
	dir  *memNode
	name string
}

func newMemDir() *memNode {
	return &memNode{names: map[string]*memNode{}, syncedNames: map[string]*memNode{}, mod: time.Now()}
}

func (n *memNode) isDir() bool { return n.names != nil }

func pathError(op, p string, err error) error { return &fs.PathError{Op: op, Path: p, Err: err} }

// split cleans a path and refuses one that climbs out.
func split(op, p string) ([]string, error) {
	c := path.Clean("/" + p)[1:]
	if strings.Contains("/"+p+"/", "/../") {
		return nil, pathError(op, p, fs.ErrInvalid)
	}
	if c == "" {
		return nil, nil
	}
	return strings.Split(c, "/"), nil
}

// find is called with mu held, as all lower-case methods below.
func (m *Mem) find(op, p string) (*memNode, error) {
	parts, err := split(op, p)
	if err != nil {
		return nil, err
	}
	n := m.root
	for _, part := range parts {
		next, ok := n.names[part]
		if !ok {
			return nil, pathError(op, p, fs.ErrNotExist)
		}
		n = next
	}
	return n, nil
}

// place finds the folder of a path and the path's last name.
func (m *Mem) place(op, p string) (memName, error) {
	parts, err := split(op, p)
	if err != nil {
		return memName{}, err
	}
	if len(parts) == 0 {
		return memName{}, pathError(op, p, fs.ErrInvalid)
	}
	dir, err := m.find(op, strings.Join(parts[:len(parts)-1], "/"))
	if err != nil {
		return memName{}, err
	}
	if !dir.isDir() {
		return memName{}, pathError(op, p, errNotDir)
	}
	return memName{dir, parts[len(parts)-1]}, nil
}

// change makes a change of names visible, and pending until its folders are synced.
func (m *Mem) change(e *memEntry) {
	if e.del.dir != nil {
		delete(e.del.dir.names, e.del.name)
		e.del.dir.unsynced = append(e.del.dir.unsynced, e)
		e.del.dir.mod = time.Now()
	}
	if e.set.dir != nil {
		e.set.dir.names[e.set.name] = e.node
		e.set.dir.mod = time.Now()
		if e.set.dir != e.del.dir {
			e.set.dir.unsynced = append(e.set.dir.unsynced, e)
		}
	}
}

func (e *memEntry) persist() {
	if e.done {
		return
	}
	e.done = true
	if e.del.dir != nil {
		delete(e.del.dir.syncedNames, e.del.name)
	}
	if e.set.dir != nil {
		e.set.dir.syncedNames[e.set.name] = e.node
	}
}

var (
	errNotDir   = errors.New("not a directory")
	errIsDir    = errors.New("is a directory")
	errNotEmpty = errors.New("directory not empty")
)

func (m *Mem) Create(p string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, err := m.place("create", p)
	if err != nil {
		return nil, err
	}
	n := at.dir.names[at.name]
	switch {
	case n == nil:
		n = &memNode{mod: time.Now()}
		m.change(&memEntry{set: at, node: n})
	case n.isDir():
		return nil, pathError("create", p, errIsDir)
	default:
		n.resize(0)
	}
	return &memFile{m: m, n: n}, nil
}

func (m *Mem) Open(p string) (File, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n, err := m.find("open", p)
	if err != nil {
		return nil, err
	}
	if n.isDir() {
		return nil, pathError("open", p, errIsDir)
	}
	return &memFile{m: m, n: n, pos: int64(len(n.data))}, nil
}

func (m *Mem) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	src, err := m.place("rename", from)
	if err != nil {
		return err
	}
	dst, err := m.place("rename", to)
	if err != nil {
		return err
	}
	n, ok := src.dir.names[src.name]
	if !ok {
		return pathError("rename", from, fs.ErrNotExist)
	}
	if old := dst.dir.names[dst.name]; old == n {
		return nil
	} else if old != nil && old.isDir() {
		return pathError("rename", to, errIsDir)
	}
	m.change(&memEntry{del: src, set: dst, node: n})
	return nil
}

func (m *Mem) Remove(p string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, err := m.place("remove", p)
	if err != nil {
		return err
	}
	n, ok := at.dir.names[at.name]
	if !ok {
		return pathError("remove", p, fs.ErrNotExist)
	}
	if len(n.names) > 0 {
		return pathError("remove", p, errNotEmpty)
	}
	m.change(&memEntry{del: at})
	return nil
}

func (m *Mem) RemoveAll(p string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, err := m.place("remove", p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, ok := at.dir.names[at.name]; ok {
		m.removeAll(at)
	}
	return nil
}

// removeAll removes names one by one from the leaves up, as the operating system does: a crash
// may leave some of them.
func (m *Mem) removeAll(at memName) {
	n := at.dir.names[at.name]
	for name := range n.names {
		m.removeAll(memName{n, name})
	}
	m.change(&memEntry{del: at})
}

func (m *Mem) MkdirAll(p string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	parts, err := split("mkdir", p)
	if err != nil {
		return err
	}
	n := m.root
	for _, part := range parts {
		if !n.isDir() {
			return pathError("mkdir", p, errNotDir)
		}
		next, ok := n.names[part]
		if !ok {
			next = newMemDir()
			m.change(&memEntry{set: memName{n, part}, node: next})
			n.syncNames() // as on a disk, with all that happened in the parent before
		}
		n = next
	}
	if !n.isDir() {
		return pathError("mkdir", p, errNotDir)
	}
	return nil
}

func (m *Mem) List(dir string) ([]string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n, err := m.find("list", dir)
	if err != nil {
		return nil, err
	}
	if !n.isDir() {
		return nil, pathError("list", dir, errNotDir)
	}
	names := make([]string, 0, len(n.names))
	for name := range n.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (m *Mem) Stat(p string) (fs.FileInfo, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n, err := m.find("stat", p)
	if err != nil {
		return nil, err
	}
	return memInfo{path.Base("/" + p), int64(len(n.data)), n.isDir(), n.mod}, nil
}

func (m *Mem) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("sync", dir)
	if err != nil {
		return err
	}
	if !n.isDir() {
		return pathError("sync", dir, errNotDir)
	}
	n.syncNames()
	return nil
}

// syncNames makes the changes of names in a folder certain, in the order they were made.
func (n *memNode) syncNames() {
	for _, e := range n.unsynced {
		e.persist()
	}
	n.unsynced = nil
}

func (m *Mem) lock(p string) (io.Closer, error) {
	if _, err := m.Create(p); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key := path.Clean("/" + p)
	if m.held[key] {
		return nil, ErrLocked
	}
	m.held[key] = true
	return &memLock{m: m, key: key}, nil
}

type memLock struct {
	m    *Mem
	key  string
	once sync.Once
}

func (l *memLock) Close() error {
	l.once.Do(func() {
		l.m.mu.Lock()
		defer l.m.mu.Unlock()
		delete(l.m.held, l.key)
	})
	return nil
}

type memInfo struct {
	name string
	size int64
	dir  bool
	mod  time.Time
}

func (i memInfo) Name() string       { return i.name }
func (i memInfo) Size() int64        { return i.size }
func (i memInfo) ModTime() time.Time { return i.mod }
func (i memInfo) IsDir() bool        { return i.dir }
func (i memInfo) Sys() any           { return nil }
func (i memInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
