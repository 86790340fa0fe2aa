package filter

import (
	"strconv"
	"sync"
)

// maxRemembered bounds the memory. A failed batch leaves fewer than one call's 500 records in it; they
// go when the batch comes back and is done. Many left overs mean that batches went to other instances.
const maxRemembered = 50_000

// memory is the set of records that were sent but will be delivered again.
type memory struct {
	mu   sync.Mutex
	keys map[string]struct{}
}

// key names a record in the memory.
func (it *item) key() string {
	r := it.record
	return r.source + " " + r.shard + " " + r.sequence + " " + strconv.Itoa(it.ordinal)
}

// empty: nothing will come back, which is the rule.
func (m *memory) empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.keys) == 0
}

func (m *memory) has(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.keys[key]
	return ok
}

func (m *memory) add(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys == nil || len(m.keys) >= maxRemembered {
		m.keys = make(map[string]struct{})
	}
	m.keys[key] = struct{}{}
}

func (m *memory) forget(items []item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range items {
		delete(m.keys, items[i].key())
	}
}
