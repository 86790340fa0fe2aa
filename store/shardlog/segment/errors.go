package segment

import (
	"errors"
	"fmt"
	"syscall"
)

// CorruptionError: a file does not hold what was written and synced there. Open changes nothing
// when it returns one; Read returns one when damage is met later. The operator restores the file
// from a copy, or, giving up what it held, moves the folder away.
type CorruptionError struct {
	File      string
	Offset    int64 // where the damaged piece begins
	Got, Want string
	Reason    string
}

func (e *CorruptionError) Error() string {
	return fmt.Sprintf("segment: %s is damaged at offset %d: %s: got %s, want %s",
		e.File, e.Offset, e.Reason, e.Got, e.Want)
}

// damage makes a CorruptionError; the file's name is filled in by who knows it.
func damage(off int64, reason string, got, want any) *CorruptionError {
	return &CorruptionError{Offset: off, Reason: reason, Got: fmt.Sprint(got), Want: fmt.Sprint(want)}
}

func badCRC(off int64, got, want uint32) *CorruptionError {
	return damage(off, "checksum", fmt.Sprintf("%#08x", got), fmt.Sprintf("%#08x", want))
}

// errGone: the segment was deleted or replaced after the reader had found it; it looks again.
var errGone = errors.New("segment: gone")

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
