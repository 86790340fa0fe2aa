package firehose

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/crash"
)

// uploadBuffer is held back from the lake, so that a body nobody closes was never begun: a Parquet
// writer's first bytes say nothing about whether there will be rows.
const uploadBuffer = 64 << 10

// upload is an object on its way to the lake. It begins when its buffer overflows or at Close of a
// body that has records; until Close returns nil there is no object.
type upload struct {
	ctx    context.Context
	lake   blob.Store
	turn   *turn // hears of waiting
	put    blob.Put
	object Object
	may    func() error // asked before it begins

	buf    *bufio.Writer
	pipe   *io.PipeWriter // nil: not begun
	done   chan struct{}  // closed when Put has returned
	err    error          // of Put; read after done
	closed bool           // Close went well
}

func newUpload(ctx context.Context, lake blob.Store, turn *turn, p place, put blob.Put, may func() error) *upload {
	u := &upload{ctx: ctx, lake: lake, turn: turn, put: put, may: may, object: Object{Bucket: p.Bucket, Key: p.Key}}
	u.buf = bufio.NewWriterSize(begun{u}, uploadBuffer)
	return u
}

func (u *upload) Write(p []byte) (int, error) { return u.buf.Write(p) }

// begun is the far side of the buffer.
type begun struct{ *upload }

func (b begun) Write(p []byte) (int, error) {
	b.begin()
	b.turn.waits()
	n, err := b.pipe.Write(p)
	b.turn.moves()
	crash.Point("firehose", "part")
	return n, err
}

func (u *upload) begin() {
	if u.pipe != nil {
		return
	}
	r, w := io.Pipe()
	u.pipe, u.done = w, make(chan struct{})
	go func() { // waited for by Close or Abort
		defer close(u.done)
		err := u.may()
		if err == nil {
			var info blob.Info
			info, err = u.lake.Put(u.ctx, u.object.Bucket, u.object.Key, r, u.put)
			u.object.Size = info.Size
		}
		if err != nil {
			u.err = lakeFailure(place{u.object.Bucket, u.object.Key}, err)
			r.CloseWithError(u.err)
			return
		}
		r.CloseWithError(io.ErrClosedPipe) // what a store leaves unread is not written
	}()
}

// Close ends the body and waits until the object is safe. A body without records is dropped.
func (u *upload) Close() error {
	if u.object.Records == 0 {
		if u.pipe != nil {
			return errors.New("internal error: a body without records was begun")
		}
		return nil
	}
	u.begin()
	if err := u.buf.Flush(); err != nil {
		return err
	}
	_ = u.pipe.Close() // never fails
	u.turn.waits()
	<-u.done
	u.turn.moves()
	u.closed = u.err == nil
	return u.err
}

// Abort ends an upload that is not to be. After a Close that went well it does nothing.
func (u *upload) Abort(err error) {
	if u.pipe == nil || u.closed {
		return
	}
	u.pipe.CloseWithError(err)
	<-u.done
}
