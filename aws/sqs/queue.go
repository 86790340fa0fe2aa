package sqs

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
)

// storedQueue is a queue as the journal knows it.
type storedQueue struct {
	ID         string // tells it from an earlier queue of its name
	Scope      hydrant.Scope
	Name       string
	Created    time.Time
	Modified   time.Time
	Attributes map[string]string
	Tags       map[string]string `json:",omitempty"`
}

// queue is a queue with its messages.
type queue struct {
	mu sync.Mutex
	storedQueue
	set     settings // what Attributes come to
	gone    bool     // deleted
	ready   []*message
	later   laterHeap           // delayed, or in flight
	all     map[uint64]*message // by number
	flying  int                 // of later, those in flight
	changed chan struct{}       // closed and replaced when something may have become ready, or the queue goes
}

func newQueue(kept storedQueue) *queue {
	if kept.ID == "" {
		kept.ID = uuid.NewString()
	}
	return &queue{storedQueue: kept, set: settle(kept.Attributes), all: map[uint64]*message{}, changed: make(chan struct{})}
}

func (q *queue) key() queueKey { return queueKey{q.Scope, q.Name} }
func (q *queue) arn() string   { return q.Scope.ARN("sqs", q.Name) }
func (q *queue) journalKey() string {
	return queuePrefix + q.Scope.String() + "/" + q.Name
}

// wake tells those who wait. The caller holds q.mu.
func (q *queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}
