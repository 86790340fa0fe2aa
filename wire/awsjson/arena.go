package awsjson

import "unsafe"

// arena hands out small pieces of larger allocations: a call of 500 records costs a few of them
// instead of a thousand.
//
// A piece keeps its whole chunk alive, so chunks are small and what is large gets its own: whoever
// remembers one name of a request does not remember the request.
type arena struct {
	free []byte
	next int // size of the next chunk
}

const (
	firstChunk = 512
	lastChunk  = 32 << 10
	ownFrom    = 4 << 10 // pieces this large are allocated alone
)

func (a *arena) take(n int) []byte {
	if n > len(a.free) {
		if n >= ownFrom {
			return make([]byte, n)
		}
		if a.next < lastChunk {
			a.next = max(firstChunk, a.next*4)
		}
		a.free = make([]byte, max(n, a.next))
	}
	p := a.free[:n:n]
	a.free = a.free[n:]
	return p
}

func (a *arena) string(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	p := a.take(len(b))
	copy(p, b)
	return unsafe.String(&p[0], len(p)) // p is never written again
}
