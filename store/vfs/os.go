package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// OS is the operating system's files below root. The root folder need not exist yet: MkdirAll("")
// makes it.
func OS(root string) FS { return &osFS{root: root} }

type osFS struct {
	root string
	// mkdir makes MkdirAll one at a time, so that a folder seen to exist has been synced by the
	// call that made it.
	mkdir sync.Mutex
}

// path is the operating system's name for p. Names that climb out of the root are refused.
func (o *osFS) path(op, p string) (string, error) {
	if p == "" {
		return o.root, nil
	}
	if !filepath.IsLocal(filepath.FromSlash(p)) {
		return "", &fs.PathError{Op: op, Path: p, Err: fs.ErrInvalid}
	}
	return filepath.Join(o.root, filepath.FromSlash(p)), nil
}

func (o *osFS) Create(path string) (File, error) {
	return o.open("create", path, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

// Open falls back to reading where writing is not permitted: a file a person put there may be read.
func (o *osFS) Open(path string) (File, error) {
	f, err := o.open("open", path, os.O_RDWR)
	if errors.Is(err, fs.ErrPermission) {
		return o.open("open", path, os.O_RDONLY)
	}
	return f, err
}

func (o *osFS) open(op, path string, flag int) (File, error) {
	p, err := o.path(op, path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(p, flag, 0o644)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &osFile{f: f, pos: info.Size(), resized: flag&os.O_TRUNC != 0}, nil
}

func (o *osFS) Rename(from, to string) error {
	f, err := o.path("rename", from)
	if err != nil {
		return err
	}
	t, err := o.path("rename", to)
	if err != nil {
		return err
	}
	return os.Rename(f, t)
}

func (o *osFS) Remove(path string) error {
	p, err := o.path("remove", path)
	if err != nil {
		return err
	}
	return os.Remove(p)
}

func (o *osFS) RemoveAll(path string) error {
	p, err := o.path("remove", path)
	if err != nil {
		return err
	}
	return os.RemoveAll(p)
}

func (o *osFS) MkdirAll(path string) error {
	p, err := o.path("mkdir", path)
	if err != nil {
		return err
	}
	o.mkdir.Lock()
	defer o.mkdir.Unlock()
	var missing []string // deepest first
	for dir := p; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		missing = append(missing, dir)
	}
	if err := os.MkdirAll(p, 0o755); err != nil {
		return err
	}
	for _, dir := range missing {
		if err := syncFolder(filepath.Dir(dir)); err != nil {
			return fmt.Errorf("make folder %s: %w", path, err)
		}
	}
	return nil
}

func (o *osFS) List(dir string) ([]string, error) {
	p, err := o.path("list", dir)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(p)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (o *osFS) Stat(path string) (fs.FileInfo, error) {
	p, err := o.path("stat", path)
	if err != nil {
		return nil, err
	}
	return os.Stat(p)
}

func (o *osFS) SyncDir(dir string) error {
	p, err := o.path("sync", dir)
	if err != nil {
		return err
	}
	return syncFolder(p)
}

// osFile keeps the write position itself, so that Write and WriteAt are both one positioned write.
type osFile struct {
	f   *os.File
	pos int64
	// resized: the file was cut or grown by Truncate since the last Sync. A data-only sync carries
	// the size when data was written past the old end; for a bare resize the full one is asked.
	resized bool
}

func (f *osFile) Write(p []byte) (int, error) {
	n, err := f.f.WriteAt(p, f.pos)
	f.pos += int64(n)
	return n, err
}

func (f *osFile) WriteAt(p []byte, off int64) (int, error) { return f.f.WriteAt(p, off) }
func (f *osFile) ReadAt(p []byte, off int64) (int, error)  { return f.f.ReadAt(p, off) }
func (f *osFile) Close() error                             { return f.f.Close() }

func (f *osFile) Truncate(size int64) error {
	if err := f.f.Truncate(size); err != nil {
		return err
	}
	f.pos, f.resized = size, true
	return nil
}

func (f *osFile) Sync() error {
	if f.resized {
		if err := f.f.Sync(); err != nil {
			return err
		}
		f.resized = false
		return nil
	}
	return syncData(f.f)
}

func (f *osFile) Size() (int64, error) {
	info, err := f.f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
