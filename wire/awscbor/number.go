package awscbor

import (
	"math"
	"reflect"
)

// number is any of CBOR's: an integer of either sign, or a float.
type number struct {
	negative bool   // the integer is -1 - whole
	whole    uint64 // of an integer
	fraction bool   // it is a float
	f        float64
}

func toNumber(major, low byte, n uint64) (number, bool) {
	switch {
	case major == majorUint:
		return number{whole: n}, true
	case major == majorNegative:
		return number{negative: true, whole: n}, true
	case major == majorSimple && low == 25:
		return number{fraction: true, f: half(uint16(n))}, true
	case major == majorSimple && low == 26:
		return number{fraction: true, f: float64(math.Float32frombits(uint32(n)))}, true
	case major == majorSimple && low == 27:
		return number{fraction: true, f: math.Float64frombits(n)}, true
	}
	return number{}, false
}

func (n number) float() float64 {
	switch {
	case n.fraction:
		return n.f
	case n.negative:
		return -1 - float64(n.whole)
	default:
		return float64(n.whole)
	}
}

// store puts n into an integer or float; false if it does not fit. A fraction is cut off.
func (n number) store(v reflect.Value) bool {
	if v.CanFloat() {
		v.SetFloat(n.float())
		return true
	}
	if n.fraction {
		f := math.Trunc(n.f)
		if math.IsNaN(f) || math.Abs(f) >= 1<<63 {
			return false
		}
		if n = (number{whole: uint64(math.Abs(f))}); f < 0 {
			n = number{negative: true, whole: n.whole - 1}
		}
	}
	if v.CanUint() {
		if n.negative || v.OverflowUint(n.whole) {
			return false
		}
		v.SetUint(n.whole)
		return true
	}
	if n.whole > math.MaxInt64 {
		return false
	}
	i := int64(n.whole)
	if n.negative {
		i = ^i
	}
	if v.OverflowInt(i) {
		return false
	}
	v.SetInt(i)
	return true
}

// half is a float of 16 bits: sign, 5 bits of exponent, 10 of fraction.
func half(h uint16) float64 {
	exponent, fraction := int(h>>10&31), float64(h&1023)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 31:
		if f = math.Inf(1); fraction != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(fraction+1024, exponent-25)
	}
	if h>>15 == 1 {
		f = -f
	}
	return f
}
