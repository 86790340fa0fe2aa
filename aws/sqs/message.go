package sqs

import (
	"container/heap"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant/store/journal"
)

// storedMessage is a message as the journal knows it.
type storedMessage struct {
	ID         string
	Body       string
	Attributes map[string]Attribute `json:",omitempty"`
	Trace      string               `json:",omitempty"`
	Sender     string
	Sent       time.Time
	After      time.Time `json:",omitzero"`  // not to be shown before
	Source     string    `json:",omitempty"` // ARN of the queue whose dead letter it is
}

// message is one with what is not written down. Its queue's lock guards it.
type message struct {
	storedMessage
	number   uint64
	receives int
	first    time.Time // of the first receive
	flying   bool
	due      time.Time // while it is in later
	index    int       // in later
}

func (q *queue) messageKey(number uint64) string {
	return fmt.Sprintf("%s%s/%016x", messagePrefix, q.ID, number)
}

// admit takes a message in that is on disk. The caller holds q.mu, or has q to itself.
func (q *queue) admit(m *message) {
	q.all[m.number] = m
	if time.Until(m.After) > 0 {
		m.due = m.After
		heap.Push(&q.later, m)
	} else {
		q.ready = append(q.ready, m)
	}
	q.wake()
}

// outgoing is a message on its way in.
type outgoing struct {
	body       string
	attributes map[string]Attribute
	trace      string
	sender     string
	delay      *int // seconds; nil: the queue's
}

// send takes messages in together; they are on disk when it returns.
func (s *Service) send(ctx context.Context, q *queue, out []*outgoing) ([]*message, error) {
	now := time.Now().UTC()
	q.mu.Lock()
	delay := q.set.delay
	q.mu.Unlock()
	var list []*message
	var changes []journal.Change
	for _, o := range out {
		m := &message{number: s.nextNumber(), storedMessage: storedMessage{ID: uuid.NewString(), Body: o.body, Attributes: o.attributes, Trace: o.trace, Sender: o.sender, Sent: now}}
		d := delay
		if o.delay != nil {
			d = time.Duration(*o.delay) * time.Second
		}
		if d > 0 {
			m.After = now.Add(d)
		}
		list = append(list, m)
		changes = append(changes, journal.Set(q.messageKey(m.number), m.storedMessage))
	}
	if err := s.cfg.Journal.Commit(ctx, changes...); err != nil {
		return nil, fmt.Errorf("send to queue %s: %w", q.Name, err)
	}
	q.mu.Lock()
	gone := q.gone
	for _, m := range list {
		if !gone {
			q.admit(m)
		}
	}
	q.mu.Unlock()
	if gone { // meanwhile: its messages were forgotten without these
		for i, m := range list {
			changes[i] = journal.Unset(q.messageKey(m.number))
		}
		return nil, errors.Join(noQueue(), s.cfg.Journal.Commit(ctx, changes...))
	}
	return list, nil
}

// taken is a message as a receiver gets it, copied under the lock.
type taken struct {
	*message
	receives int
	first    time.Time
	handle   string
}

// take gives out what is ready, at most n, for as long as hidden; dead are messages that have been received too
// often and belong elsewhere, of which the caller sees to it.
func (q *queue) take(n int, hidden time.Duration) (out []taken, dead, expired []*message, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for len(q.later) > 0 && !q.later[0].due.After(now) {
		m := heap.Pop(&q.later).(*message)
		q.land(m)
		q.ready = append(q.ready, m)
	}
	for len(q.ready) > 0 && len(out) < n {
		m := q.ready[0]
		switch {
		case now.Sub(m.Sent) > q.set.retention:
			q.ready = q.ready[1:]
			delete(q.all, m.number)
			expired = append(expired, m)
			continue
		case q.set.redrive.Most > 0 && m.receives >= q.set.redrive.Most:
			q.ready = q.ready[1:]
			delete(q.all, m.number)
			dead = append(dead, m)
			continue
		case q.flying >= maxInFlight:
			return out, dead, expired, true
		}
		q.ready = q.ready[1:]
		if m.receives++; m.receives == 1 {
			m.first = now
		}
		out = append(out, taken{message: m, receives: m.receives, first: m.first, handle: q.handle(m)})
		if hidden <= 0 {
			q.ready = append(q.ready, m)
			continue
		}
		m.due, m.flying = now.Add(hidden), true
		q.flying++
		heap.Push(&q.later, m)
	}
	return out, dead, expired, false
}

// land ends a message's flight.
func (q *queue) land(m *message) {
	if m.flying {
		m.flying = false
		q.flying--
	}
}

// wait returns when something may be ready, at the latest at a time. False: ctx has ended.
func (q *queue) wait(ctx context.Context, until time.Time) bool {
	q.mu.Lock()
	changed := q.changed
	if len(q.later) > 0 && q.later[0].due.Before(until) {
		until = q.later[0].due
	}
	q.mu.Unlock()
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// handle names a receipt: of which queue, which message, which time.
func (q *queue) handle(m *message) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s %x %d", q.ID, m.number, m.receives))
}

// handled finds the message of a receipt; nil where it is gone already.
func (q *queue) handled(handle string) (number uint64, receive int, err error) {
	refused := fault("ReceiptHandleIsInvalid", "The input receipt handle %q is not a valid receipt handle.", handle)
	b, err := base64.StdEncoding.DecodeString(handle)
	if err != nil {
		return 0, 0, refused
	}
	parts := strings.Split(string(b), " ")
	if len(parts) != 3 || parts[0] != q.ID {
		return 0, 0, refused
	}
	number, err1 := strconv.ParseUint(parts[1], 16, 64)
	receive, err2 := strconv.Atoi(parts[2])
	if err1 != nil || err2 != nil {
		return 0, 0, refused
	}
	return number, receive, nil
}

// drop deletes a message, in flight or not.
func (q *queue) drop(number uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.all[number]
	if m == nil {
		return
	}
	delete(q.all, number)
	if i := slices.Index(q.ready, m); i >= 0 {
		q.ready = slices.Delete(q.ready, i, i+1)
		return
	}
	q.land(m)
	heap.Remove(&q.later, m.index)
}

// hide changes how long a message in flight is hidden from now on.
func (q *queue) hide(number uint64, receive int, hidden time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.all[number]
	if m == nil || !m.flying || m.receives != receive || !m.due.After(time.Now()) {
		return fault("MessageNotInflight", "The specified message isn't in flight.")
	}
	m.due = time.Now().Add(hidden)
	heap.Fix(&q.later, m.index)
	q.wake()
	return nil
}

// bury moves messages that were received too often to the queue for dead letters, and forgets those whose time is over. Where the
// queue for dead letters is not there they come back.
func (s *Service) bury(ctx context.Context, q *queue, dead, expired []*message) error {
	var changes []journal.Change
	for _, m := range expired {
		changes = append(changes, journal.Unset(q.messageKey(m.number)))
	}
	var to *queue
	if len(dead) > 0 {
		to, _ = s.byARN(q.redrive().Queue) // nil where it is gone
	}
	var moved []*message
	for _, m := range dead {
		if to == nil {
			q.mu.Lock()
			m.receives = 0
			q.admit(m)
			q.mu.Unlock()
			continue
		}
		next := &message{storedMessage: m.storedMessage, number: s.nextNumber()}
		next.Source, next.After = q.arn(), time.Time{}
		moved = append(moved, next)
		changes = append(changes, journal.Unset(q.messageKey(m.number)), journal.Set(to.messageKey(next.number), next.storedMessage))
	}
	if len(changes) == 0 {
		return nil
	}
	if err := s.cfg.Journal.Commit(ctx, changes...); err != nil {
		return fmt.Errorf("dead letters of queue %s: %w", q.Name, err)
	}
	for _, m := range moved {
		to.mu.Lock()
		to.admit(m)
		to.mu.Unlock()
	}
	return nil
}

func (q *queue) redrive() redrive {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.set.redrive
}

// laterHeap orders messages by when they become ready.
type laterHeap []*message

func (h laterHeap) Len() int           { return len(h) }
func (h laterHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h laterHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *laterHeap) Push(v any) {
	m := v.(*message)
	m.index = len(*h)
	*h = append(*h, m)
}
func (h *laterHeap) Pop() any {
	old := *h
	m := old[len(old)-1]
	*h = old[:len(old)-1]
	return m
}
