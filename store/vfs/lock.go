package vfs

import (
	"errors"
	"fmt"
	"io"
)

// ErrLocked: another process, or another part of this one, holds the lock. The caller gives up: two
// writers on one folder would destroy it.
var ErrLocked = errors.New("vfs: in use by another process")

// Lock takes the file at path, made if need be in a folder that is there, for one holder at a time, and returns ErrLocked at
// once where it is held. The lock ends with Close of the returned value or with the process, however
// that dies; the file stays. A file system that has no locks answers with errors.ErrUnsupported.
func Lock(fsys FS, path string) (io.Closer, error) {
	l, ok := fsys.(interface {
		lock(path string) (io.Closer, error)
	})
	if !ok {
		return nil, fmt.Errorf("lock %s: %w", path, errors.ErrUnsupported)
	}
	c, err := l.lock(path)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return c, nil
}
