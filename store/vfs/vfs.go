// Package vfs is the file system the stores write to: the operating system's, or a memory one that
// forgets what was not synced, as a power cut does.
//
// Only the calls a log needs are here, each with what survives a crash stated, because recovery
// depends on the difference. store/* opens files through this package only.
package vfs

import (
	"io"
	"io/fs"
)

// FS is a tree of files. Paths are slash-separated and relative to the FS's root; "" is the root.
// Errors satisfy errors.Is with fs.ErrNotExist and fs.ErrExist where those apply. All methods are
// safe for concurrent use.
type FS interface {
	// Create makes an empty file for writing and reading, truncating one that exists. The name
	// survives a crash only after SyncDir of its folder.
	Create(path string) (File, error)
	// Open opens an existing file for reading and writing.
	Open(path string) (File, error)
	// Rename moves a file over any file of the new name, atomically. Survives a crash after SyncDir.
	Rename(from, to string) error
	// Remove deletes a file or an empty folder.
	Remove(path string) error
	// RemoveAll deletes a path and all below it; a path that is not there is no error.
	RemoveAll(path string) error
	// MkdirAll makes a folder and its parents. The folders survive a crash when it returns.
	MkdirAll(path string) error
	// List returns the names in a folder, sorted.
	List(dir string) ([]string, error)
	// Stat tells size and kind.
	Stat(path string) (fs.FileInfo, error)
	// SyncDir makes creations, renames and removals directly inside dir survive a crash.
	SyncDir(dir string) error
}

// File is an open file. One writer at a time; ReadAt may run beside it.
type File interface {
	io.Writer   // appends at the write position (0 after Create, the end after a Seek-less Open)
	io.ReaderAt // reads at any offset, synced or not
	io.Closer
	// WriteAt writes at off, growing the file where needed. Does not move the write position.
	WriteAt(p []byte, off int64) (int, error)
	// Truncate cuts or grows the file and moves the write position to its new end.
	Truncate(size int64) error
	// Sync returns when content and size survive power loss. After an error nothing may be
	// assumed of any byte written since the last successful Sync.
	Sync() error
	// Size is the current length in bytes.
	Size() (int64, error)
}
