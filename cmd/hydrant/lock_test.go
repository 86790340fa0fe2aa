package main

import (
	"errors"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant/store/vfs"
)

// A lock that is let go a moment later, as by the child of a killed process, is waited for; one that is
// held is another hydrant's.
func TestLockOfTheDataFolder(t *testing.T) {
	dir := t.TempDir()
	held, err := vfs.Lock(vfs.OS(dir), "LOCK")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockData(t.Context(), dir); !errors.Is(err, vfs.ErrLocked) {
		t.Fatalf("two hold the folder: %v", err)
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		held.Close()
	}()
	lock, err := lockData(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	lock.Close()
}
