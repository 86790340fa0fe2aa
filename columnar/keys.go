package columnar

import (
	"hash/maphash"
	"math/bits"
	"strings"
)

// keys finds the member of a struct, or the column of a table, that a JSON key fills.
//
// Every spelling of a key that was seen is an entry with what it means, unknown keys included; its next
// is the entry that followed last time, so a record shaped like one before needs one comparison of
// bytes per key. A key that was not guessed is found by hash, a new one is decoded and folded once.
type keys struct {
	fold, dots bool
	fields     map[string]int32 // folded, dots replaced
	entries    []keyEntry       // entries[0] stands for the opening brace
	table      []int32          // open addressing into entries; 0 is free
	room       int              // entries there may be; then new spellings are looked up each time
	seen       []uint64         // field -> stamp of the object that last had it
	stamp      uint64
	text       []byte
}

type keyEntry struct {
	raw   []byte // `"key":`
	field int32  // unknownKey when no field has it
	next  int32
}

const (
	unknownKey   = -1
	maxKeyLength = 256 // of a spelling that becomes an entry
)

var keySeed = maphash.MakeSeed()

// newKeys takes for each field the key that fills it.
func newKeys(names []string, fold, dots bool) *keys {
	room := max(128, 2*len(names))
	k := &keys{
		fold: fold, dots: dots, room: room,
		fields:  make(map[string]int32, len(names)),
		entries: make([]keyEntry, 1, 16),
		table:   make([]int32, 2<<bits.Len(uint(room))),
		seen:    make([]uint64, len(names)),
	}
	for i, name := range names {
		if fold {
			name = strings.ToLower(name)
		}
		if _, taken := k.fields[name]; !taken {
			k.fields[name] = int32(i)
		}
	}
	return k
}

// find returns the entry for the key whose text between the quotes is raw, after the entry prev.
// It returns 0, and the field, when there is no room for another entry.
func (k *keys) find(raw []byte, seen uint8, prev int32) (entry, field int32) {
	at := maphash.Bytes(keySeed, raw) & uint64(len(k.table)-1)
	for k.table[at] != 0 {
		e := k.table[at]
		if r := k.entries[e].raw; string(r[1:len(r)-2]) == string(raw) {
			k.entries[prev].next = e
			return e, k.entries[e].field
		}
		at = (at + 1) & uint64(len(k.table)-1)
	}
	k.text = k.appendKey(k.text[:0], raw, seen)
	field, known := k.fields[string(k.text)]
	if !known {
		field = unknownKey
	}
	if len(k.entries) > k.room || len(raw) > maxKeyLength {
		return 0, field
	}
	e := int32(len(k.entries))
	text := make([]byte, 0, len(raw)+3)
	text = append(append(append(text, '"'), raw...), '"', ':')
	k.entries = append(k.entries, keyEntry{raw: text, field: field})
	k.entries[prev].next = e
	k.table[at] = e
	return e, field
}

// appendKey appends a key's text as it is compared with names.
func (k *keys) appendKey(dst, raw []byte, seen uint8) []byte {
	at := len(dst)
	dst = appendText(dst, raw, seen)
	if k.fold {
		dst = append(dst[:at], lower(dst[at:])...)
	}
	if k.dots {
		for i := at; i < len(dst); i++ {
			if dst[i] == '.' {
				dst[i] = '_'
			}
		}
	}
	return dst
}

// lower folds ASCII in place, and anything else as strings.ToLower does.
func lower(text []byte) []byte {
	for i, c := range text {
		if c >= 0x80 {
			return []byte(strings.ToLower(string(text)))
		}
		if 'A' <= c && c <= 'Z' {
			text[i] = c | 0x20
		}
	}
	return text
}
