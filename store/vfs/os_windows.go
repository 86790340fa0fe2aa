package vfs

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// syncFolder does nothing: NTFS journals names itself and folders cannot be flushed.
func syncFolder(string) error { return nil }

func (o *osFS) lock(path string) (io.Closer, error) {
	p, err := o.path("lock", path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(p, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.Errno(windows.ERROR_LOCK_VIOLATION)) {
		err = ErrLocked
	}
	return nil, err
}
