package source

import (
	"context"
	"encoding/json"
	"time"
)

const (
	maxState = 1 << 20 // bytes of state a window may have
	// windowGrace is how long after its end a window waits for records that were on their way.
	windowGrace = time.Second
)

// window is an open tumbling window of one shard, as its checkpoint holds it. Windows lie side by side
// from the epoch on; a record is in that of its arrival.
type window struct {
	Start, End int64           // Unix ms
	State      json.RawMessage `json:",omitempty"` // what the function returned last; nil: nothing yet
	// Early: the state has outgrown its bound; the window ends now.
	Early bool `json:",omitempty"`
}

// tumble settles one batch after the other, each from one window, and ends each window with a call of
// its own: to the shard's end (true) or the run's.
//
//	state travels in the event and back in the answer; it is committed with the checkpoint
//	a window ends when a record of a later one is there, or a moment after its time
func (r *reader) tumble() (ended bool, err error) {
	length := r.m.Settings.Tumbling.Milliseconds()
	for r.soft.Err() == nil {
		w := r.point.Window
		if w != nil && w.End-w.Start != length { // the mapping was given another length
			w.Early = true
		}
		if w != nil && w.Early {
			if err := r.closeWindow(); err != nil {
				return false, err
			}
			continue
		}
		ctx, cancel := r.soft, context.CancelFunc(func() {})
		if w != nil {
			ctx, cancel = context.WithDeadline(r.soft, time.UnixMilli(w.End).Add(windowGrace))
		}
		b, end, err := r.gather(ctx, r.point.Next)
		moved := b.next > r.point.Next
		over := !moved && ctx.Err() != nil && r.soft.Err() == nil // its time, and nothing left to read
		cancel()
		if err != nil {
			return false, err
		}
		if w == nil && len(b.recs) > 0 {
			start := b.first().Arrival / length * length
			w = &window{Start: start, End: start + length}
			r.point.Window, r.window = w, w // written down with its first batch
		}
		n := 0
		for n < len(b.recs) && b.recs[n].Arrival < w.End {
			n++
		}
		later := n < len(b.recs) // of later windows: read again when this one is closed
		if later {
			b.recs, b.next, end = b.recs[:n], b.recs[n].Offset, false
		}
		if n > 0 || moved && !later {
			r.turned = r.point.Window
			err := r.settle(r.soft, b, func(next uint64) error {
				return r.save(checkpoint{Next: next, Window: r.turned})
			})
			if err != nil {
				return false, err
			}
		}
		if w != nil && (later || end || over) {
			if err := r.closeWindow(); err != nil {
				return false, err
			}
		}
		if end {
			return true, r.finish()
		}
	}
	return false, nil
}

// closeWindow calls the function for the last time in a window. State ends with it.
func (r *reader) closeWindow() error {
	return r.work(r.soft, []part{{batch: batch{next: r.point.Next}, final: true}}, func(next uint64) error {
		return r.save(checkpoint{Next: next})
	})
}

func (w *window) start() string { return time.UnixMilli(w.Start).UTC().Format(time.RFC3339) }

// past reports whether the window's last record is older than a bound; negative means none.
func (w *window) past(age time.Duration) bool {
	return age >= 0 && time.Since(time.UnixMilli(w.End)) > age
}

// id is the request id of the window's last call.
func (w *window) id(mapping, shard string) string {
	return requestID([]byte(mapping + "/" + shard + "/window/" + w.start()))
}

// event is a batch with what the window adds to it.
func (w *window) event(r *reader, p *part) []byte {
	e := r.enc.event(make([]byte, 0, r.enc.bound(p.recs)+len(w.State)+512), p.recs)
	state := w.State
	if state == nil {
		state = json.RawMessage(`{}`)
	}
	tail, err := json.Marshal(struct {
		Window struct {
			Start string `json:"start"`
			End   string `json:"end"`
		} `json:"window"`
		State   json.RawMessage `json:"state"`
		ShardID string          `json:"shardId"`
		Source  string          `json:"eventSourceARN"`
		Final   bool            `json:"isFinalInvokeForWindow"`
		Early   bool            `json:"isWindowTerminatedEarly"`
	}{
		Window: struct {
			Start string `json:"start"`
			End   string `json:"end"`
		}{w.start(), time.UnixMilli(w.End).UTC().Format(time.RFC3339)},
		State: state, ShardID: r.shard, Source: r.m.Source(), Final: p.final, Early: w.Early,
	})
	if err != nil {
		panic("internal error: " + err.Error()) // state was checked when it was taken
	}
	e = append(e[:len(e)-1], ',')
	return append(e, tail[1:]...)
}

// turn is the window with the state a function has returned. nil: it has returned none, which fails
// the call.
func (w *window) turn(answer []byte) *window {
	var doc struct {
		State json.RawMessage `json:"state"`
	}
	if json.Unmarshal(answer, &doc) != nil || len(doc.State) == 0 || doc.State[0] != '{' {
		return nil
	}
	return &window{Start: w.Start, End: w.End, State: doc.State, Early: len(doc.State) > maxState}
}
