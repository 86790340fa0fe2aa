package vfs

import (
	"io"
	"io/fs"
	"time"
)

// apply carries out one change on content.
func (w memWrite) apply(b []byte) []byte {
	end := w.off
	if !w.cut {
		end += int64(len(w.p))
	}
	b = resize(b, end, w.cut)
	copy(b[w.off:], w.p)
	return b
}

// resize grows b to n bytes with zeros, or cuts it where asked.
func resize(b []byte, n int64, cut bool) []byte {
	switch have := int64(len(b)); {
	case n > have && n <= int64(cap(b)):
		b = b[:n]
		clear(b[have:])
	case n > have:
		b = append(b, make([]byte, n-have)...)
	case cut:
		b = b[:n]
	}
	return b
}

func (n *memNode) write(p []byte, off int64) {
	w := memWrite{off: off, p: append([]byte(nil), p...)}
	n.data = w.apply(n.data)
	n.pending = append(n.pending, w)
	n.mod = time.Now()
}

func (n *memNode) resize(size int64) {
	w := memWrite{off: size, cut: true}
	n.data = w.apply(n.data)
	n.pending = append(n.pending, w)
	n.mod = time.Now()
}

// memFile is one open handle.
type memFile struct {
	m      *Mem
	n      *memNode
	pos    int64
	closed bool
}

func (f *memFile) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.pos)
	f.pos += int64(n)
	return n, err
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.closed {
		return 0, fs.ErrClosed
	}
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	f.n.write(p, off)
	return len(p), nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.m.mu.RLock()
	defer f.m.mu.RUnlock()
	if f.closed {
		return 0, fs.ErrClosed
	}
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	if off >= int64(len(f.n.data)) {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	n := copy(p, f.n.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Truncate(size int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	if size < 0 {
		return fs.ErrInvalid
	}
	f.n.resize(size)
	f.pos = size
	return nil
}

func (f *memFile) Sync() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	for _, w := range f.n.pending {
		f.n.synced = w.apply(f.n.synced)
	}
	f.n.pending = nil
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.m.mu.RLock()
	defer f.m.mu.RUnlock()
	if f.closed {
		return 0, fs.ErrClosed
	}
	return int64(len(f.n.data)), nil
}

func (f *memFile) Close() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	f.closed = true
	return nil
}
