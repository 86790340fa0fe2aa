package wire

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// A body larger than largeBody is read when there is room for it among those that are in hand; smaller ones
// always. Only the protocols whose calls end by themselves ask (RPC): a function may call us while its
// invocation waits, and must not wait for the room that has.
const (
	largeBody         = 4 << 20
	defaultBodyMemory = 256 << 20
	bodyPatience      = 20 * time.Second // a call waits so long for room before it is refused
)

// room is memory for large bodies, given to those who ask in the order they came.
type room struct {
	mu      sync.Mutex
	free    int64
	waiting []*waiter
}

type waiter struct {
	size  int64
	given chan struct{}
}

// take waits for size bytes. What is taken is given back with give.
func (r *room) take(ctx context.Context, size int64, patience time.Duration) error {
	r.mu.Lock()
	if len(r.waiting) == 0 && size <= r.free {
		r.free -= size
		r.mu.Unlock()
		return nil
	}
	w := &waiter{size, make(chan struct{})}
	r.waiting = append(r.waiting, w)
	r.mu.Unlock()
	late := time.NewTimer(patience)
	defer late.Stop()
	var err error
	select {
	case <-w.given:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-late.C:
		err = errNoRoom
	}
	r.mu.Lock()
	i := slices.Index(r.waiting, w)
	if i >= 0 {
		r.waiting = slices.Delete(r.waiting, i, i+1)
		r.next() // a smaller one may have stood behind it
	}
	r.mu.Unlock()
	if i < 0 { // given in that very moment
		r.give(size)
	}
	return err
}

func (r *room) give(size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free += size
	r.next()
}

// next lets in whom there is room for. The caller holds mu.
func (r *room) next() {
	for len(r.waiting) > 0 && r.waiting[0].size <= r.free {
		r.free -= r.waiting[0].size
		close(r.waiting[0].given)
		r.waiting = r.waiting[1:]
	}
}

// errNoRoom is refused with a status that clients retry.
var errNoRoom = hydrant.Faultf("ServiceUnavailable", "Too many large requests at once. Please try again.").WithStatus(503)

// reserve takes room for a body of a length, unknown where negative, and at most so many bytes.
func (x *exchange) reserve(length, most int64) error {
	if length < 0 {
		length = most
	}
	if length <= largeBody || x.svc != nil && (x.svc.Protocol == RESTJSON || x.svc.Protocol == RESTXML) {
		return nil
	}
	length = min(length, x.s.BodyMemory) // one alone may be larger than all the room
	if err := x.s.bodies.take(x.r.Context(), length, x.s.patience); err != nil {
		return err
	}
	x.reserved = length
	return nil
}
