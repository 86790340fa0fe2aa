package columnar

import (
	"hash/maphash"
	"slices"
)

// mapKey is a key of a map and where its value begins.
type mapKey struct {
	hash uint64
	at   int
}

// mapping converts an object into a map. Keys are folded as keys are; of equal keys the last one counts.
func (w *Writer) mapping(n *node, b []byte, i int, rep uint8) int {
	if b[i] != '{' {
		if w.hive {
			return w.expected(b, i, "java.io.IOException: Start of Object expected")
		}
		return w.notObject(b, i)
	}
	base, lastBase, count := len(w.hashes), len(w.mapKeys), 0
	if w.lastWins && !w.lookAheadMap(b, i) {
		return -1
	}
	i = w.entries(b, i, func(key, at int) int {
		text, hash, i := w.mapKeyText(b, key)
		if i < 0 {
			return -1
		}
		if w.lastWins && !w.lastOf(lastBase, hash, i) {
			return w.skip(b, i, 1)
		}
		w.hashes = append(w.hashes, hash)
		if !w.fromText(n.key, text, rep) {
			w.forInput(key, text)
			return w.within(string(text))
		}
		if i = w.value(n.elem, b, i, rep); i < 0 {
			end, seen := w.stringEnd(b, key+1)
			return w.within(string(appendText(nil, b[key+1:end], seen)))
		}
		rep = n.elem.rep
		count++
		return i
	})
	if i < 0 {
		return -1
	}
	hashes := w.hashes[base:]
	w.hashes, w.mapKeys = w.hashes[:base], w.mapKeys[:lastBase]
	if hasTwice(hashes) {
		return w.malformed(i, keyTwice)
	}
	if count == 0 {
		n.null(n.def, rep)
	}
	return i
}

// entries calls each with the place of every key of the object at b[i], which answers the place after
// the value.
func (w *Writer) entries(b []byte, i int, each func(key, at int) int) int {
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return w.syntax(i, "expected a double quote to start a field name")
		}
		if i = each(i, i); i < 0 {
			return -1
		}
		i = skipSpace(b, i)
		if i >= len(b) {
			return w.syntax(i, "the record ends inside an object or array")
		}
		switch b[i] {
		case '}':
			return i + 1
		case ',':
			i = skipSpace(b, i+1)
		default:
			return w.syntax(i, "expected a comma or the end of the object or array")
		}
	}
}

// mapKeyText is the key at b[i], its hash, and the place of its value. The text is valid until the next
// string is read.
func (w *Writer) mapKeyText(b []byte, i int) (text []byte, hash uint64, next int) {
	end, seen := w.stringEnd(b, i+1)
	if end < 0 {
		return nil, 0, -1
	}
	w.text = appendText(w.text[:0], b[i+1:end], seen)
	if w.fold {
		w.text = lower(w.text)
	}
	return w.text, maphash.Bytes(keySeed, w.text), w.colon(b, end+1)
}

// hasTwice sorts the hashes to find equal ones.
func hasTwice(hashes []uint64) bool {
	if len(hashes) > 1 {
		slices.Sort(hashes)
		for i := range hashes[1:] {
			if hashes[i] == hashes[i+1] {
				return true
			}
		}
	}
	return false
}

// lookAheadMap pushes the keys of the object at b[i] on w.mapKeys, sorted.
func (w *Writer) lookAheadMap(b []byte, i int) bool {
	base := len(w.mapKeys)
	end := w.entries(b, i, func(key, _ int) int {
		_, hash, at := w.mapKeyText(b, key)
		if at < 0 {
			return -1
		}
		w.mapKeys = append(w.mapKeys, mapKey{hash, at})
		return w.skip(b, at, 1)
	})
	slices.SortFunc(w.mapKeys[base:], func(a, b mapKey) int {
		if a.hash != b.hash {
			if a.hash < b.hash {
				return -1
			}
			return 1
		}
		return a.at - b.at
	})
	return end >= 0
}

// lastOf reports whether the value at i is the last of its key in the map whose keys begin at base.
func (w *Writer) lastOf(base int, hash uint64, i int) bool {
	keys := w.mapKeys[base:]
	at, _ := slices.BinarySearchFunc(keys, mapKey{hash, i}, func(k, want mapKey) int {
		if k.hash != want.hash {
			if k.hash < want.hash {
				return -1
			}
			return 1
		}
		return k.at - want.at
	})
	return at+1 >= len(keys) || keys[at+1].hash != hash
}
