package segment

import "errors"

// On a full disk only deleting expired segments makes room, and before a segment goes the journal
// must take a note, which needs room itself. So a small file is held to be given up then.

const reserveName = "reserve"

// keepReserve makes the reserve where it is missing. It is of the keeper, as is giveUpReserve.
func (e *Engine) keepReserve() error {
	if e.reserved || e.o.ReserveBytes < 0 {
		return nil
	}
	path := e.path(reserveName)
	if info, err := e.fs.Stat(path); err == nil && info.Size() == e.o.ReserveBytes {
		e.reserved = true
		return nil
	}
	f, err := e.fs.Create(path)
	if err != nil {
		return err
	}
	// Written, not only sized: a hole holds no room.
	_, err = f.WriteAt(make([]byte, e.o.ReserveBytes), 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		e.fs.Remove(path)
		return err
	}
	e.reserved = true
	return nil
}

// giveUpReserve frees the reserve, if it is there.
func (e *Engine) giveUpReserve() bool {
	if !e.reserved {
		return false
	}
	e.reserved = false
	return e.fs.Remove(e.path(reserveName)) == nil
}
