package vfs

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"sync"
)

// Op is a kind of call on a file system or file.
type Op string

const (
	OpCreate   Op = "create"
	OpOpen     Op = "open"
	OpRename   Op = "rename" // the path is the old name
	OpRemove   Op = "remove" // RemoveAll too
	OpMkdir    Op = "mkdir"
	OpList     Op = "list"
	OpStat     Op = "stat" // Size too
	OpSyncDir  Op = "syncdir"
	OpRead     Op = "read"
	OpWrite    Op = "write"
	OpTruncate Op = "truncate"
	OpSync     Op = "sync"
	OpClose    Op = "close"
)

// Rule makes certain calls fail.
type Rule struct {
	Op   Op     // the kind of call; "" is any
	Path string // a path.Match pattern over the whole path, or over its last name; "" is any
	Skip int    // so many matching calls go through first
	// Times is how many calls then fail; 0 means all from there on.
	Times int
	// Err is what they return.
	Err error
	// Partial is how many bytes of a failing write reach the file first. -1: all of them.
	Partial int
	// Apply: the call is carried out and fails all the same, as a sync that reached the disk whose
	// answer was lost.
	Apply bool
}

// Faults is a file system that fails where told to. It wraps any other.
type Faults struct {
	in FS

	mu    sync.Mutex
	rules []*activeRule
	trace func(op Op, path string)
}

type activeRule struct {
	Rule
	seen, failed int
}

// NewFaults wraps in. Without rules it changes nothing.
func NewFaults(in FS) *Faults { return &Faults{in: in} }

// Add adds rules. The first that matches a call and is due decides it.
func (f *Faults) Add(rules ...Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range rules {
		f.rules = append(f.rules, &activeRule{Rule: r})
	}
}

// Clear removes all rules.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// Trace calls fn before each call, one at a time, so that a test sees a missing sync as a missing
// line, or acts at an exact moment. fn may not use f. nil ends it.
func (f *Faults) Trace(fn func(op Op, path string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trace = fn
}

// due returns the rule that decides this call, or nil.
func (f *Faults) due(op Op, p string) *Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.trace != nil {
		f.trace(op, p)
	}
	for _, r := range f.rules {
		if !r.matches(op, p) {
			continue
		}
		r.seen++
		if r.seen <= r.Skip || r.Times > 0 && r.failed >= r.Times {
			continue
		}
		r.failed++
		out := r.Rule
		return &out
	}
	return nil
}

func (r *Rule) matches(op Op, p string) bool {
	if r.Op != "" && r.Op != op {
		return false
	}
	if r.Path == "" {
		return true
	}
	whole, err := path.Match(r.Path, p)
	if err != nil {
		panic(fmt.Sprintf("internal error: fault pattern %q: %v", r.Path, err))
	}
	last, _ := path.Match(r.Path, path.Base(p))
	return whole || last
}

// do runs a call, or its failure.
func (f *Faults) do(op Op, p string, call func() error) error {
	r := f.due(op, p)
	if r == nil {
		return call()
	}
	if r.Apply {
		if err := call(); err != nil {
			return err
		}
	}
	return pathError(string(op), p, r.Err)
}

func (f *Faults) file(op Op, p string, open func(string) (File, error)) (File, error) {
	var in File
	err := f.do(op, p, func() (err error) {
		in, err = open(p)
		return err
	})
	if err != nil {
		if in != nil {
			in.Close()
		}
		return nil, err
	}
	return &faultFile{f: f, path: p, in: in}, nil
}

func (f *Faults) Create(p string) (File, error) { return f.file(OpCreate, p, f.in.Create) }
func (f *Faults) Open(p string) (File, error)   { return f.file(OpOpen, p, f.in.Open) }

func (f *Faults) Rename(from, to string) error {
	return f.do(OpRename, from, func() error { return f.in.Rename(from, to) })
}
func (f *Faults) Remove(p string) error {
	return f.do(OpRemove, p, func() error { return f.in.Remove(p) })
}
func (f *Faults) RemoveAll(p string) error {
	return f.do(OpRemove, p, func() error { return f.in.RemoveAll(p) })
}
func (f *Faults) MkdirAll(p string) error {
	return f.do(OpMkdir, p, func() error { return f.in.MkdirAll(p) })
}
func (f *Faults) SyncDir(p string) error {
	return f.do(OpSyncDir, p, func() error { return f.in.SyncDir(p) })
}
func (f *Faults) List(p string) (names []string, err error) {
	err = f.do(OpList, p, func() (err error) { names, err = f.in.List(p); return err })
	return names, err
}
func (f *Faults) Stat(p string) (info fs.FileInfo, err error) {
	err = f.do(OpStat, p, func() (err error) { info, err = f.in.Stat(p); return err })
	return info, err
}
func (f *Faults) lock(p string) (io.Closer, error) { return Lock(f.in, p) }

type faultFile struct {
	f    *Faults
	path string
	in   File
}

func (f *faultFile) Write(p []byte) (int, error) { return f.write(p, f.in.Write) }
func (f *faultFile) WriteAt(p []byte, off int64) (int, error) {
	return f.write(p, func(p []byte) (int, error) { return f.in.WriteAt(p, off) })
}

func (f *faultFile) write(p []byte, to func([]byte) (int, error)) (int, error) {
	r := f.f.due(OpWrite, f.path)
	if r == nil {
		return to(p)
	}
	keep := min(r.Partial, len(p))
	if keep < 0 {
		keep = len(p)
	}
	n := 0
	if keep > 0 {
		var err error
		if n, err = to(p[:keep]); err != nil {
			return n, err
		}
	}
	return n, pathError(string(OpWrite), f.path, r.Err)
}

func (f *faultFile) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.f.do(OpRead, f.path, func() (err error) { n, err = f.in.ReadAt(p, off); return err })
	return n, err
}
func (f *faultFile) Truncate(size int64) error {
	return f.f.do(OpTruncate, f.path, func() error { return f.in.Truncate(size) })
}
func (f *faultFile) Sync() error { return f.f.do(OpSync, f.path, f.in.Sync) }
func (f *faultFile) Size() (n int64, err error) {
	err = f.f.do(OpStat, f.path, func() (err error) { n, err = f.in.Size(); return err })
	return n, err
}
func (f *faultFile) Close() error { return f.f.do(OpClose, f.path, f.in.Close) }
