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

// sequenceDigits is the length of every sequence number: they begin with the version.
const sequenceDigits = 56

func (q sequence) words() (hi, mid, lo uint64) {
	created, at := uint64(q.created)&(1<<36-1), uint64(q.time)&(1<<36-1)
	hi = 2<<56 | created<<20 | uint64(q.shard&0xf)<<16 | q.index>>48
	mid = q.index<<16 | at>>28
	lo = at<<36 | uint64(q.shard)<<4 | 2
	return hi, mid, lo
}

// e19 is what a word holds of decimal digits.
const e19 = 10_000_000_000_000_000_000

// appendTo appends the decimal form.
func (q sequence) appendTo(dst []byte) []byte {
	var n numeral
	n.set(q)
	return append(dst, n.digits()...)
}

// numeral is the decimal form of sequence numbers that follow one another: the next one costs an
// addition instead of divisions of 188 bits. The zero value holds none.
type numeral struct {
	of    sequence
	group [3]uint64 // 19 digits each, the least first
	text  [3 * 19]byte
	valid int // groups of text that are up to date, from the front
}

// The numbers of neighbouring indexes differ by 2^80: this in groups.
const (
	step0 = (1 << 80) % e19
	step1 = (1 << 80) / e19
)

// to makes n the numeral of q.
func (n *numeral) to(q sequence) []byte {
	next := n.of
	next.index++
	if q != next || n.of.created == 0 {
		n.set(q)
		return n.digits()
	}
	n.of, n.valid = q, 1
	n.group[1] += step1
	if n.group[0] += step0; n.group[0] >= e19 {
		n.group[0] -= e19
		n.group[1]++
	}
	if n.group[1] >= e19 {
		n.group[1] -= e19
		n.group[2]++
		n.valid = 0
	}
	return n.digits()
}

func (n *numeral) set(q sequence) {
	// Three divisions by 10^19 give the digits in groups, least first. 188 bits are 57 digits at most.
	hi, mid, lo := q.words()
	for i := range n.group {
		var r uint64
		hi, r = hi/e19, hi%e19
		mid, r = bits.Div64(r, mid, e19)
		lo, r = bits.Div64(r, lo, e19)
		n.group[i] = r
	}
	n.of, n.valid = q, 0
}

const twoDigits = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

// digits are good until n changes.
func (n *numeral) digits() []byte {
	for i := n.valid; i < len(n.group); i++ {
		g, t := n.group[len(n.group)-1-i], n.text[i*19:(i+1)*19]
		for p := 17; p > 0; p -= 2 {
			d := g % 100 * 2
			g /= 100
			t[p], t[p+1] = twoDigits[d], twoDigits[d+1]
		}
		t[0] = byte('0' + g)
	}
	p := 0
	for p < len(n.text)-1 && n.text[p] == '0' {
		p++
	}
	return n.text[p:]
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
