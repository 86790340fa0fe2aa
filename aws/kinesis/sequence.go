package kinesis

import "math/bits"

// sequence is what a sequence number says (version 2, as recorded by kinesalite against AWS).
//
// On the wire it is the decimal form of this 188-bit number, most significant digit first:
//
//	hex digits  field
//	1           2, the version
//	9           seconds at which the shard was created
//	1           the shard number's low digit
//	16          index: 0 starts the shard, 7fffffffffffffff ends it, else the record's offset + 1
//	2           00
//	9           seconds at which the record arrived
//	8           the shard's number
//	1           2, the version again
//
// Clients may only compare such numbers of one shard, as numbers.
type sequence struct {
	created int64 // of the shard, Unix seconds
	shard   uint32
	index   uint64
	time    int64 // of the record, Unix seconds
}

const lastIndex = 0x7fffffffffffffff

// sequenceDigits is the length of every sequence number of a shard created after 1986.
const sequenceDigits = 56

func (q sequence) words() (hi, mid, lo uint64) {
	created, at := uint64(q.created)&(1<<36-1), uint64(q.time)&(1<<36-1)
	hi = 2<<56 | created<<20 | uint64(q.shard&0xf)<<16 | q.index>>48
	mid = q.index<<16 | at>>28
	lo = at<<36 | uint64(q.shard)<<4 | 2
	return hi, mid, lo
}

// appendTo appends the decimal form.
func (q sequence) appendTo(dst []byte) []byte {
	hi, mid, lo := q.words()
	// Three divisions by 10^19 give the digits in groups, least first.
	const e19 = 1e19
	var group [4]uint64
	for i := range group {
		var r uint64
		hi, r = bits.Div64(0, hi, e19)
		mid, r = bits.Div64(r, mid, e19)
		lo, r = bits.Div64(r, lo, e19)
		group[i] = r
	}
	var digits [76]byte
	p := len(digits)
	for _, g := range group {
		for range 19 {
			p--
			digits[p] = byte('0' + g%10)
			g /= 10
		}
	}
	for p < len(digits)-1 && digits[p] == '0' {
		p++
	}
	return append(dst, digits[p:]...)
}

func (q sequence) String() string { return string(q.appendTo(make([]byte, 0, sequenceDigits))) }

// parseSequence takes a sequence number apart. ok is false where it is not one of ours.
func parseSequence(s string) (q sequence, ok bool) {
	if s == "" || len(s) > 57 {
		return q, false
	}
	var hi, mid, lo uint64
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return q, false
		}
		var carry, over uint64
		over, lo = bits.Mul64(lo, 10)
		lo, carry = bits.Add64(lo, uint64(c-'0'), 0)
		over += carry
		var over2 uint64
		over2, mid = bits.Mul64(mid, 10)
		mid, carry = bits.Add64(mid, over, 0)
		over2 += carry
		top, h := bits.Mul64(hi, 10)
		hi, carry = bits.Add64(h, over2, 0)
		if top != 0 || carry != 0 {
			return q, false
		}
	}
	q = sequence{
		created: int64(hi >> 20 & (1<<36 - 1)),
		shard:   uint32(lo >> 4),
		index:   hi<<48 | mid>>16,
		time:    int64(mid&0xff)<<28 | int64(lo>>36),
	}
	h, m, l := q.words()
	return q, h == hi && m == mid && l == lo
}
