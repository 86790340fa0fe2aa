package segment

import (
	"container/list"
	"sync"
)

// cache keeps what was used last, up to a number of bytes.
type cache[K comparable, V any] struct {
	mu    sync.Mutex
	max   int64
	used  int64
	order *list.List // of *cached, the last used first
	items map[K]*list.Element
}

type cached[K comparable, V any] struct {
	key   K
	value V
	bytes int64
}

func newCache[K comparable, V any](max int64) *cache[K, V] {
	return &cache[K, V]{max: max, order: list.New(), items: map[K]*list.Element{}}
}

func (c *cache[K, V]) get(key K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.items[key]
	if !ok {
		return v, false
	}
	c.order.MoveToFront(el)
	return el.Value.(*cached[K, V]).value, true
}

func (c *cache[K, V]) put(key K, v V, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items[key]; ok || bytes > c.max {
		return
	}
	c.items[key] = c.order.PushFront(&cached[K, V]{key, v, bytes})
	for c.used += bytes; c.used > c.max; {
		c.remove(c.order.Back())
	}
}

// drop forgets every key that match accepts.
func (c *cache[K, V]) drop(match func(K) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, el := range c.items {
		if match(key) {
			c.remove(el)
		}
	}
}

func (c *cache[K, V]) remove(el *list.Element) {
	it := c.order.Remove(el).(*cached[K, V])
	delete(c.items, it.key)
	c.used -= it.bytes
}
