package journal

import "hash/maphash"

// node is a treap: a search tree by key and a heap by a hash of the key. Nodes never change once
// linked, so a root is a consistent state that readers keep as long as they like, and a change costs
// a copied path. nil is the empty tree.
type node struct {
	key         string
	value       []byte
	priority    uint64
	left, right *node
}

var prioritySeed = maphash.MakeSeed()

func (n *node) get(key string) (*node, bool) {
	for n != nil {
		switch {
		case key < n.key:
			n = n.left
		case key > n.key:
			n = n.right
		default:
			return n, true
		}
	}
	return nil, false
}

// set returns the tree with key set to value.
func (n *node) set(key string, value []byte) *node {
	return n.insert(&node{key: key, value: value, priority: maphash.String(prioritySeed, key)})
}

func (n *node) insert(in *node) *node {
	if n == nil {
		return in
	}
	if in.key == n.key {
		in.left, in.right = n.left, n.right
		return in
	}
	c := *n
	if in.key < n.key {
		c.left = n.left.insert(in)
		if l := c.left; l.priority > c.priority { // l is a fresh copy or in itself
			c.left, l.right = l.right, &c
			return l
		}
		return &c
	}
	c.right = n.right.insert(in)
	if r := c.right; r.priority > c.priority {
		c.right, r.left = r.left, &c
		return r
	}
	return &c
}

// unset returns the tree without key.
func (n *node) unset(key string) *node {
	if n == nil {
		return nil
	}
	if key == n.key {
		return join(n.left, n.right)
	}
	c := *n
	if key < n.key {
		c.left = n.left.unset(key)
	} else {
		c.right = n.right.unset(key)
	}
	return &c
}

// join makes one tree of two, all keys of l being below those of r.
func join(l, r *node) *node {
	switch {
	case l == nil:
		return r
	case r == nil:
		return l
	case l.priority > r.priority:
		c := *l
		c.right = join(l.right, r)
		return &c
	default:
		c := *r
		c.left = join(l, r.left)
		return &c
	}
}

// from calls f for every key at or above low, in order, until f returns false; it tells whether f
// never did.
func (n *node) from(low string, f func(*node) bool) bool {
	if n == nil {
		return true
	}
	if n.key < low {
		return n.right.from(low, f)
	}
	return n.left.from(low, f) && f(n) && n.right.from(low, f)
}
