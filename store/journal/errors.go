package journal

import (
	"errors"
	"fmt"
)

var (
	// ErrFailed: an earlier write or fsync failed, and what the disk holds of it is unknown. The
	// journal takes no more commits until it is opened again; reads go on. Wraps the cause.
	ErrFailed = errors.New("journal: takes no more commits")
	// ErrNoSpace: the disk is full. Nothing of the commit was kept, and later commits may succeed
	// once there is room. Wraps the cause.
	ErrNoSpace = errors.New("journal: disk full")
	// ErrTooLarge: the changes of one commit exceed what one frame can hold (64 MiB).
	ErrTooLarge = errors.New("journal: commit too large")
	// ErrClosed: the journal has been closed.
	ErrClosed = errors.New("journal: closed")
)

// CorruptionError: a file does not hold what was written and synced. Open returns it and changes
// nothing: the operator restores the file, or moves the folder away and starts anew.
type CorruptionError struct {
	File      string
	Offset    int64
	Got, Want string
	Reason    string
}

func (e *CorruptionError) Error() string {
	return fmt.Sprintf("journal: %s is damaged at offset %d: %s: got %s, want %s",
		e.File, e.Offset, e.Reason, e.Got, e.Want)
}
