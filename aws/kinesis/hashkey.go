package kinesis

import (
	"crypto/md5"
	"encoding/binary"
	"math/big"
	"math/bits"
)

// hashKey is a point on the stream's ring: an unsigned 128-bit integer.
type hashKey struct{ hi, lo uint64 }

var maxHashKey = hashKey{^uint64(0), ^uint64(0)}

// hashOf is where a partition key lies: the MD5 of its UTF-8 bytes, big-endian.
func hashOf(partitionKey string) hashKey {
	sum := md5.Sum([]byte(partitionKey))
	return hashKey{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
}

func (k hashKey) less(o hashKey) bool { return k.hi < o.hi || k.hi == o.hi && k.lo < o.lo }

// next is k+1. The caller knows that k is not maxHashKey.
func (k hashKey) next() hashKey {
	lo, carry := bits.Add64(k.lo, 1, 0)
	return hashKey{k.hi + carry, lo}
}

// prev is k-1. The caller knows that k is not zero.
func (k hashKey) prev() hashKey {
	lo, borrow := bits.Sub64(k.lo, 1, 0)
	return hashKey{k.hi - borrow, lo}
}

// middle is the point that cuts a range in two halves, where the second begins. It is Start where the range is
// one point.
func (r hashRange) middle() hashKey {
	lo, borrow := bits.Sub64(r.End.lo, r.Start.lo, 0)
	hi, _ := bits.Sub64(r.End.hi, r.Start.hi, borrow)
	if hi == 0 && lo == 0 {
		return r.Start
	}
	lo, hi = lo>>1|hi<<63, hi>>1
	lo, carry := bits.Add64(r.Start.lo, lo, 0)
	hi, _ = bits.Add64(r.Start.hi, hi, carry)
	return hashKey{hi, lo}.next()
}

// parseHashKey reads a decimal of at most 39 digits. ok is false beyond 2^128-1 or where s is no decimal.
func parseHashKey(s string) (k hashKey, ok bool) {
	if s == "" || len(s) > 39 {
		return k, false
	}
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return k, false
		}
		over, lo := bits.Mul64(k.lo, 10)
		top, hi := bits.Mul64(k.hi, 10)
		lo, carry := bits.Add64(lo, uint64(c-'0'), 0)
		hi, carry = bits.Add64(hi, over, carry)
		if top != 0 || carry != 0 {
			return k, false
		}
		k = hashKey{hi, lo}
	}
	return k, true
}

func (k hashKey) big() *big.Int {
	b := new(big.Int).SetUint64(k.hi)
	return b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(k.lo))
}

func (k hashKey) String() string { return k.big().String() }

// MarshalText keeps hash keys in the journal as the decimals clients see.
func (k hashKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

func (k *hashKey) UnmarshalText(b []byte) error {
	v, ok := parseHashKey(string(b))
	if !ok {
		return errBadHashKey
	}
	*k = v
	return nil
}

// uniform cuts the ring into n ranges as AWS does: each floor(2^128/n) wide, the last to the end.
func uniform(n int) []hashRange {
	width := new(big.Int).Lsh(big.NewInt(1), 128)
	width.Div(width, big.NewInt(int64(n)))
	out := make([]hashRange, n)
	start := new(big.Int)
	var mask = new(big.Int).SetUint64(^uint64(0))
	for i := range out {
		out[i].Start = hashKey{new(big.Int).Rsh(start, 64).Uint64(), new(big.Int).And(start, mask).Uint64()}
		if i > 0 {
			out[i-1].End = out[i].Start.prev()
		}
		start.Add(start, width)
	}
	out[n-1].End = maxHashKey
	return out
}

// hashRange is the part of the ring a shard owns, both ends included.
type hashRange struct{ Start, End hashKey }

func (r hashRange) holds(k hashKey) bool { return !k.less(r.Start) && !r.End.less(k) }
