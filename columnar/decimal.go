package columnar

import (
	"bytes"
	"fmt"
	"math/bits"
)

// wide is an unsigned number of 128 bits.
type wide struct{ hi, lo uint64 }

func (a wide) timesTenPlus(d uint64) wide {
	carry, lo := bits.Mul64(a.lo, 10)
	lo, c := bits.Add64(lo, d, 0)
	return wide{a.hi*10 + carry + c, lo}
}

func (a wide) less(b wide) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// wideTens are the powers of ten up to 38.
var wideTens = func() (t [39]wide) {
	t[0] = wide{0, 1}
	for i := range t[1:] {
		t[i+1] = t[i].timesTenPlus(0)
	}
	return t
}()

// parseDecimal reads a decimal number as an integer of so many decimal places, rounded half up as
// Hive does. It fails for other text and for more digits than the precision allows.
func parseDecimal(text []byte, precision, scale int) (v wide, neg, ok bool) {
	text = bytes.TrimSpace(text)
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		neg, text = text[0] == '-', text[1:]
	}
	mantissa, exp := text, 0
	if e := bytes.IndexAny(text, "eE"); e >= 0 {
		var n number
		if mantissa = text[:e]; n.exponent(text, e+1) != len(text) {
			return v, neg, false
		}
		exp = n.exp
	}
	digits := len(mantissa)
	point := bytes.IndexByte(mantissa, '.')
	if point < 0 {
		point = digits
	} else {
		digits--
	}
	if digits == 0 {
		return v, neg, false
	}
	// The first keep digits belong to the result, the next one rounds.
	keep := point + exp + scale
	at, significant := 0, 0
	round := false
	for i, c := range mantissa {
		if i == point {
			if c != '.' {
				return v, neg, false
			}
			continue
		}
		if c-'0' > 9 {
			return v, neg, false
		}
		switch {
		case at < keep:
			if significant > 0 || c != '0' {
				if significant++; significant > precision {
					return v, neg, false
				}
			}
			v = v.timesTenPlus(uint64(c - '0'))
		case at == keep:
			round = c >= '5'
		}
		at++
	}
	for ; at < keep && significant > 0; at++ {
		if significant++; significant > precision {
			return v, neg, false
		}
		v = v.timesTenPlus(0)
	}
	if round {
		lo, c := bits.Add64(v.lo, 1, 0)
		v = wide{v.hi + c, lo}
	}
	return v, neg, v.less(wideTens[precision])
}

// decimalText converts a number's or a string's text into a decimal column: two's complement, big endian.
func (n *node) decimalText(text []byte, rep uint8) bool {
	v, neg, ok := parseDecimal(text, n.precision, n.scale)
	if !ok {
		return false
	}
	if neg {
		lo, borrow := bits.Sub64(0, v.lo, 0)
		v = wide{-v.hi - borrow, lo}
	}
	for i := range n.pad {
		if i < 8 {
			n.pad[i] = byte(v.hi >> (56 - 8*i))
		} else {
			n.pad[i] = byte(v.lo >> (120 - 8*i))
		}
	}
	n.column.Fixed(n.pad[len(n.pad)-n.width:], rep)
	return true
}

func (n *node) notDecimal(text []byte) string {
	return fmt.Sprintf("For input string: \"%s\" (not a decimal(%d,%d))", excerpt(text), n.precision, n.scale)
}
