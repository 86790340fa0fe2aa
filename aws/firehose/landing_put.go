package firehose

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire"
)

// bearer is what a call says of the batch it belongs to.
type bearer struct {
	token   token
	attempt uint64
	call    string // the SDK's id of the call, the same when it repeats it; or ""
}

// tokenHead is how the trace of a batch begins. A trace of X-Ray has the seconds since 1970 there, so no
// client that traces itself is taken for a batch.
const tokenHead = "Root=1-00000000-"

// bearing reads Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=0.
func bearing(ctx context.Context) (b bearer, ok bool) {
	r := wire.CallOf(ctx).Request
	if r == nil {
		return b, false
	}
	trace := r.Header.Get("X-Amzn-Trace-Id")
	rest, ok := strings.CutPrefix(trace, tokenHead)
	if !ok || len(rest) < 24+len(";Parent=")+16 || rest[24:32] != ";Parent=" {
		return b, false
	}
	n, err := strconv.ParseUint(rest[32:48], 16, 64)
	if _, bad := hex.DecodeString(rest[:24]); bad != nil || err != nil {
		return b, false
	}
	return bearer{token: token("00000000" + rest[:24]), attempt: n, call: r.Header.Get("Amz-Sdk-Invocation-Id")}, true
}

// landedKey is the first byte of the key of a record that was put by a batch; the token follows.
const landedKey = 0x01

func (t token) key() string {
	raw, _ := hex.DecodeString(string(t)) // bearing has seen to it
	return string(append([]byte{landedKey}, raw...))
}

// keepOnce is keep for a call of a batch: what has landed for it is not put again. Records get the
// offsets of those that landed in their stead.
func (st *stream) keepOnce(ctx context.Context, op string, by bearer, records []hydrant.Record) error {
	l, spool := st.s.landings, st.now.Load().Spool
	b, err := l.enter(ctx, by, spool)
	if err != nil {
		return err
	}
	defer b.busy.RUnlock()
	for by.call != "" {
		before, mine := b.call(by.call, st)
		if mine != nil {
			defer close(mine.done)
			err := st.keepNew(ctx, op, b, records)
			b.answer(mine, by.call, st, err, records)
			return err
		}
		<-before.done
		if before.ok && len(before.offsets) == len(records) {
			for i := range records {
				records[i].Offset = before.offsets[i]
			}
			return nil
		}
		if before.ok {
			return invalid("The call was made before, with other records.")
		}
	}
	return st.keepNew(ctx, op, b, records)
}

// enter finds the batch of a call and holds it busy. What is not known of it is read first.
func (l *Landings) enter(ctx context.Context, by bearer, spool string) (*landing, error) {
	for {
		b := l.find(by.token)
		if b == nil {
			return nil, errOver
		}
		b.busy.RLock()
		switch {
		case b.newest() != by.attempt:
			b.busy.RUnlock()
			return nil, errOver
		case !b.doubted(spool):
			return b, nil
		}
		b.busy.RUnlock()
		b.busy.Lock()
		err := l.recall(ctx, b)
		b.busy.Unlock()
		if err != nil {
			return nil, notKept(err)
		}
	}
}

var errOver = invalid("The attempt of the batch that this call belongs to is over.")

// call finds a call by its id, or enters it: then mine is to be answered.
func (b *landing) call(id string, st *stream) (before, mine *answered) {
	id += " " + st.idHead
	b.mu.Lock()
	defer b.mu.Unlock()
	if a := b.calls[id]; a != nil {
		return a, nil
	}
	mine = &answered{done: make(chan struct{})}
	b.calls[id] = mine
	return nil, mine
}

func (b *landing) answer(a *answered, id string, st *stream, err error, records []hydrant.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		delete(b.calls, id+" "+st.idHead) // a repetition is a call like any other
		return
	}
	a.ok, a.offsets = true, make([]uint64, len(records))
	for i := range records {
		a.offsets[i] = records[i].Offset
	}
}

// keepNew puts the records of a call that have not landed.
func (st *stream) keepNew(ctx context.Context, op string, b *landing, records []hydrant.Record) error {
	spool := st.now.Load().Spool
	if err := st.s.landings.hold(ctx, b, st); err != nil {
		return notKept(err)
	}
	hashes, put, err := b.sortOut(spool, records)
	if err != nil {
		return err
	}
	key := b.token.key()
	var fresh []hydrant.Record
	for i := range records {
		if put[i] {
			fresh = append(fresh, hydrant.Record{Key: key, Data: records[i].Data})
		}
	}
	if len(fresh) > 0 {
		if err := st.keep(ctx, op, fresh); err != nil {
			b.undo(spool, hashes)
			b.doubt(spool)
			return err
		}
	}
	b.landed(spool, hashes, put, fresh)
	for i := range records {
		if put[i] {
			records[i].Offset, fresh = fresh[0].Offset, fresh[1:]
		}
	}
	return nil
}
