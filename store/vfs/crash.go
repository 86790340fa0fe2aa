package vfs

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// sector is the unit a disk writes whole or not at all.
const sector = 512

// CrashClone returns the file system a machine would find after losing power now. What was synced is
// there. Every write, resize, creation, rename and removal that was not synced survives with chance
// keepUnsynced, each on its own and in any combination; a write that does not may be torn: a prefix
// of it is there, or some of its sectors with zeros between. 0 keeps nothing unsynced, 1 everything
// (a killed process). The same seed on the same state gives the same clone. m itself goes on as
// before; locks are not inherited.
func (m *Mem) CrashClone(seed uint64, keepUnsynced float64) *Mem {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c := crash{
		rnd:  rand.New(rand.NewPCG(seed, 0x6879_6472_616e_7400)),
		keep: keepUnsynced,
		done: map[*memNode]*memNode{},
		fate: map[*memEntry]bool{},
	}
	return &Mem{root: c.node(m.root), held: map[string]bool{}}
}

type crash struct {
	rnd  *rand.Rand
	keep float64
	done map[*memNode]*memNode // a node with two names stays one
	fate map[*memEntry]bool    // a rename over two folders is decided once
}

func (c *crash) survives() bool { return c.rnd.Float64() < c.keep }

func (c *crash) node(n *memNode) *memNode {
	if out, ok := c.done[n]; ok {
		return out
	}
	if !n.isDir() {
		b := c.content(n)
		out := &memNode{data: b, synced: slices.Clone(b), mod: n.mod}
		c.done[n] = out
		return out
	}
	out := newMemDir()
	out.mod = n.mod
	c.done[n] = out
	names := maps.Clone(n.syncedNames)
	for _, e := range n.unsynced {
		if e.done {
			continue
		}
		kept, decided := c.fate[e]
		if !decided {
			kept = c.survives()
			c.fate[e] = kept
		}
		if !kept {
			continue
		}
		if e.del.dir == n {
			delete(names, e.del.name)
		}
		if e.set.dir == n {
			names[e.set.name] = e.node
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		child := c.node(names[name])
		out.names[name] = child
		out.syncedNames[name] = child
	}
	return out
}

// content is what the disk holds of a file after the crash.
func (c *crash) content(n *memNode) []byte {
	b := slices.Clone(n.synced)
	for _, w := range n.pending {
		if c.survives() {
			b = w.apply(b)
			continue
		}
		if c.keep == 0 || w.cut || len(w.p) == 0 {
			continue
		}
		switch c.rnd.IntN(3) {
		case 0: // lost whole
		case 1: // the first bytes only
			w.p = w.p[:c.rnd.IntN(len(w.p))]
			b = w.apply(b)
		case 2: // some sectors; the size had been written
			b = resize(b, w.off+int64(len(w.p)), false)
			for i := 0; i < len(w.p); {
				end := min(len(w.p), i+sector-int((w.off+int64(i))%sector))
				if c.rnd.IntN(2) == 0 {
					copy(b[w.off+int64(i):], w.p[i:end])
				}
				i = end
			}
		}
	}
	return b
}
