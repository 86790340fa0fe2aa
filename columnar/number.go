package columnar

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unsafe"
)

// number is a JSON number in parts: its value is mant * 10^exp, negative where neg.
type number struct {
	mant  uint64
	exp   int
	start int // in the record
	end   int // after it; -1 after a syntax error
	neg   bool
	more  bool // digits were dropped: mant is 19 digits of a longer number
	whole bool // written without fraction and exponent
}

// number reads a number at b[i] by JSON's grammar. Only the sign and the first digit are looked at before.
func (w *Writer) number(b []byte, i int) (n number) {
	n.start = i
	if b[i] == '-' {
		n.neg = true
		i++
	}
	first := i
	if i < len(b) && b[i] == '0' {
		i++
	} else {
		for i < len(b) && b[i]-'0' <= 9 {
			n.mant = n.mant*10 + uint64(b[i]-'0')
			i++
		}
	}
	digits := i - first
	if digits == 0 {
		n.end = w.syntax(i, "expected a digit after the minus sign")
		return n
	}
	n.whole = true
	if i < len(b) && b[i] == '.' {
		i++
		dot := i
		for i+8 <= len(b) {
			x, ok := eightDigits(b[i:])
			if !ok {
				break
			}
			n.mant = n.mant*100_000_000 + x
			i += 8
		}
		for i < len(b) && b[i]-'0' <= 9 {
			n.mant = n.mant*10 + uint64(b[i]-'0')
			i++
		}
		if i == dot {
			n.end = w.syntax(i, "expected a digit after the decimal point")
			return n
		}
		digits += i - dot
		n.exp = dot - i
		n.whole = false
	}
	if digits > 19 {
		n.long(b[first:i])
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i = n.exponent(b, i+1); i < 0 {
			n.end = w.syntax(-i, "expected a digit in the exponent")
			return n
		}
	}
	n.end = w.delimited(b, i)
	return n
}

// plainNumber reads the usual number: at most 19 digits, no exponent, and white space, a comma or a closing
// bracket after it. Anything else, a mistake included, is answered with end -1 and is number's to read.
func plainNumber(b []byte, i int) (mant uint64, exp, end int) {
	if b[i] == '-' {
		i++
	}
	first := i
	for i < len(b) && b[i]-'0' <= 9 {
		mant = mant*10 + uint64(b[i]-'0')
		i++
	}
	if i == first || b[first] == '0' && i-first > 1 || i >= len(b) {
		return 0, 0, -1
	}
	digits := i - first
	if b[i] == '.' {
		i++
		dot := i
		for i+8 <= len(b) {
			x, ok := eightDigits(b[i:])
			if !ok {
				break
			}
			mant = mant*100_000_000 + x
			i += 8
		}
		for i < len(b) && b[i]-'0' <= 9 {
			mant = mant*10 + uint64(b[i]-'0')
			i++
		}
		if i == dot || i >= len(b) {
			return 0, 0, -1
		}
		exp = dot - i
		digits -= exp
	}
	if c := b[i]; digits > 19 || c != ',' && c != '}' && c != ']' && c != ' ' && c != '\n' {
		return 0, 0, -1
	}
	return mant, exp, i
}

// long reads the digits again where they may not fit a uint64: leading zeros do not count, and what
// comes after 19 digits is dropped.
func (n *number) long(text []byte) {
	n.mant, n.exp, n.more = 0, 0, false
	kept, point := 0, false
	for _, c := range text {
		switch {
		case c == '.':
			point = true
			continue
		case kept == 19:
			n.more = n.more || c != '0'
			if !point {
				n.exp++
			}
			continue
		case kept > 0 || c != '0':
			kept++
			n.mant = n.mant*10 + uint64(c-'0')
		}
		if point {
			n.exp--
		}
	}
}

// exponent reads what follows the e, and returns minus the index of what is wrong.
func (n *number) exponent(b []byte, i int) int {
	neg := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		neg = b[i] == '-'
		i++
	}
	start, e := i, 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if e < 100_000 {
			e = e*10 + int(b[i]-'0')
		}
	}
	if i == start {
		return -i
	}
	if neg {
		e = -e
	}
	n.exp += e
	n.whole = false
	return i
}

// eightDigits reads eight digits at once. See Daniel Lemire, "Quickly parsing eight digits" (2018).
func eightDigits(b []byte) (uint64, bool) {
	x := binary.LittleEndian.Uint64(b)
	if (x&0xf0f0f0f0f0f0f0f0)|((x+0x0606060606060606)&0xf0f0f0f0f0f0f0f0)>>4 != 0x3333333333333333 {
		return 0, false
	}
	x -= 0x30 * ones
	x = x*10 + x>>8
	const mask = 0x000000ff000000ff
	x = ((x&mask)*(100+1_000_000<<32) + (x>>16&mask)*(1+10_000<<32)) >> 32
	return x & 0xffffffff, true
}

// skipNumber passes over a number.
func (w *Writer) skipNumber(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	start := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	switch {
	case i == start:
		return w.syntax(i, "expected a digit after the minus sign")
	case b[start] == '0' && i > start+1:
		return w.syntax(start, "leading zeros are not allowed")
	}
	if i < len(b) && b[i] == '.' {
		i++
		start = i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == start {
			return w.syntax(i, "expected a digit after the decimal point")
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		var n number
		if i = n.exponent(b, i+1); i < 0 {
			return w.syntax(-i, "expected a digit in the exponent")
		}
	}
	return w.delimited(b, i)
}

// double is the float64 nearest to the number, as strconv.ParseFloat rounds.
func (n *number) double(b []byte) (float64, bool) {
	if !n.more {
		if f, ok := nearest(n.mant, n.exp); ok {
			if n.neg {
				f = -f
			}
			return f, true
		}
	}
	return parseFloat(b[n.start:n.end], 64)
}

// parseFloat is strconv's, without a copy. A value out of range is refused.
func parseFloat(text []byte, size int) (float64, bool) {
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), size)
	return f, err == nil
}

var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// fives are the powers of five that fit 64 bits.
var fives = func() (t [28]uint64) {
	t[0] = 1
	for i := range t[1:] {
		t[i+1] = 5 * t[i]
	}
	return t
}()

// nearest is the float64 nearest to mant * 10^exp, ties to even, where exp is small enough for exact
// arithmetic: nearly always. A coordinate that was a float32 once, such as 40.734695434570313, lies so
// near to a float64 that methods with truncated powers of ten have to give it up; this one has not.
func nearest(mant uint64, exp int) (float64, bool) {
	switch {
	case mant>>53 == 0 && exp <= 0 && exp >= -22: // both factors are exact, one operation rounds once
		return float64(mant) / pow10[-exp], true
	case mant == 0:
		return 0, true
	case exp < -27 || exp > 27:
		return 0, false
	}
	// The value is (top + something below 1 if sticky) * 2^exp2.
	var top uint64
	var sticky bool
	shift := bits.LeadingZeros64(mant)
	exp2 := exp - shift
	if exp <= 0 {
		by := fives[-exp]
		zeros := bits.LeadingZeros64(by)
		m := mant << shift
		q, r := bits.Div64(m>>1, m<<63, by<<zeros)
		top, sticky = q, r != 0
		exp2 += zeros - 63
	} else {
		hi, lo := bits.Mul64(mant<<shift, fives[exp])
		zeros := bits.LeadingZeros64(hi)
		if hi == 0 {
			hi, lo, zeros = lo, 0, 0
			exp2 -= 64
		}
		top, sticky = hi<<zeros|lo>>1>>(63-zeros), lo<<zeros != 0
		exp2 += 64 - zeros
	}
	if top>>63 == 0 {
		top <<= 1
		exp2--
	}
	m := top >> 11
	if rest := top & 0x7ff; rest > 0x400 || rest == 0x400 && (sticky || m&1 == 1) {
		m++ // 1<<53 carries into the exponent below, as it should
	}
	return math.Float64frombits(uint64(exp2+11+1075-1)<<52 + m), true
}

var tens = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19}

// integer is the number without its fraction, as Java's Number.longValue has it, and whether it lies
// within bits.
func (n *number) integer(size int) (int64, bool) {
	m := n.mant
	switch {
	case n.exp == 0:
	case n.exp < -19:
		m = 0
	case n.exp < 0:
		m /= tens[-n.exp]
	case m != 0 && n.exp > 19:
		return 0, false
	case m != 0:
		hi, lo := bits.Mul64(m, tens[n.exp])
		if hi != 0 {
			return 0, false
		}
		m = lo
	}
	limit := uint64(1) << (size - 1)
	if n.neg {
		return -int64(m), m <= limit
	}
	return int64(m), m < limit
}
