package parquet

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// maxDictBytes is where a dictionary stops to grow.
const maxDictBytes = 256 << 10

// dictionary numbers the distinct values of a column in a row group, in the order of their arrival.
type dictionary struct {
	width  int    // 0: values carry their length
	plain  []byte // the values in PLAIN encoding: the body of the dictionary page
	count  int
	slots  []slot // open addressing, a power of two, at most three quarters full
	closed bool   // takes no more values
}

// slot holds a value of up to 12 bytes itself; of other values the hash, and where they are in plain.
type slot struct {
	lo    uint64
	hi    uint32
	index uint32 // plus one; 0 is free
}

var seed = maphash.MakeSeed() // decides slots only, never the order of values

func newDictionary(width int) *dictionary { return &dictionary{width: width} }

func (d *dictionary) held() int64 { return int64(cap(d.plain) + 16*cap(d.slots)) }

// close ends a dictionary as it was at an earlier time: the values that came after are forgotten.
func (d *dictionary) close(count, size int) {
	d.count, d.plain = count, d.plain[:size]
	d.slots, d.closed = nil, true
}

// indexes appends the number of each of the values, and reports whether the dictionary could hold them.
func (d *dictionary) indexes(dst []uint32, values []byte) ([]uint32, bool) {
	if d.slots == nil {
		d.slots = make([]slot, 256)
	}
	le := binary.LittleEndian
	switch d.width {
	case 4:
		for ; len(values) >= 4; values = values[4:] {
			index, ok := d.number(values[:4], uint64(le.Uint32(values)), 0)
			if !ok {
				return dst, false
			}
			dst = append(dst, index)
		}
	case 8:
		for ; len(values) >= 8; values = values[8:] {
			index, ok := d.number(values[:8], le.Uint64(values), 0)
			if !ok {
				return dst, false
			}
			dst = append(dst, index)
		}
	case 12:
		for ; len(values) >= 12; values = values[12:] {
			index, ok := d.number(values[:12], le.Uint64(values), le.Uint32(values[8:]))
			if !ok {
				return dst, false
			}
			dst = append(dst, index)
		}
	default:
		for len(values) > 0 {
			n := d.width
			if n == 0 {
				n = 4 + int(le.Uint32(values))
			}
			index, ok := d.numberBytes(values[:n])
			if !ok {
				return dst, false
			}
			dst = append(dst, index)
			values = values[n:]
		}
	}
	return dst, true
}

func slotHash(lo uint64, hi uint32) uint64 {
	h, l := bits.Mul64(lo^0x9e3779b97f4a7c15, uint64(hi)*0xd6e8feb86659fd93^0xa0761d6478bd642f)
	return h ^ l
}

// number finds or adds a value that a slot can hold.
func (d *dictionary) number(v []byte, lo uint64, hi uint32) (uint32, bool) {
	mask := uint64(len(d.slots) - 1)
	at := slotHash(lo, hi) & mask
	for {
		s := &d.slots[at]
		if s.lo == lo && s.hi == hi && s.index != 0 {
			return s.index - 1, true
		}
		if s.index == 0 {
			return d.add(at, v, lo, hi)
		}
		at = (at + 1) & mask
	}
}

// numberBytes finds or adds a value of any length.
func (d *dictionary) numberBytes(v []byte) (uint32, bool) {
	mask := uint64(len(d.slots) - 1)
	hash := maphash.Bytes(seed, v)
	start := uint32(len(d.plain))
	for at := slotHash(hash, 0) & mask; ; at = (at + 1) & mask {
		s := &d.slots[at]
		if s.index == 0 {
			return d.add(at, v, hash, start)
		}
		if s.lo == hash && int(s.hi)+len(v) <= len(d.plain) && string(d.plain[s.hi:int(s.hi)+len(v)]) == string(v) {
			return s.index - 1, true
		}
	}
}

func (d *dictionary) add(at uint64, v []byte, lo uint64, hi uint32) (uint32, bool) {
	if len(d.plain)+len(v) > maxDictBytes {
		return 0, false
	}
	d.plain = append(d.plain, v...)
	d.count++
	d.slots[at] = slot{lo, hi, uint32(d.count)}
	if 4*d.count > 3*len(d.slots) {
		d.grow()
	}
	return uint32(d.count - 1), true
}

func (d *dictionary) grow() {
	old := d.slots
	d.slots = make([]slot, 2*len(old))
	mask := uint64(len(d.slots) - 1)
	for _, s := range old {
		if s.index == 0 {
			continue
		}
		hi := s.hi
		if d.width != 12 {
			hi = 0 // of other widths hi is 0, or a place
		}
		at := slotHash(s.lo, hi) & mask
		for d.slots[at].index != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = s
	}
}
