package columnar

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestNearest compares with strconv where rounding is hardest: half way between floats and beside it,
// and decimals that are floats of 32 bits written out.
func TestNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	check := func(mant uint64, exp int) {
		t.Helper()
		got, ok := nearest(mant, exp)
		if !ok {
			return
		}
		want, err := strconv.ParseFloat(strconv.FormatUint(mant, 10)+"e"+strconv.Itoa(exp), 64)
		if err != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%de%d: got %v, want %v", mant, exp, got, want)
		}
	}
	for range 40_000 {
		mant := r.Uint64() >> r.IntN(64)
		check(mant, r.IntN(56)-28)
		// n + 1/2, n + 1/4 and their neighbours, as decimals
		half := (1<<53 + mant>>11) * 5
		for _, near := range []uint64{half, half - 1, half + 1} {
			check(near, -1)
			check(near, 3)
			check(near, -17)
		}
		s := strconv.FormatFloat(float64(float32(-90+180*r.Float64())), 'f', 15, 64)
		var w Writer
		n := w.number([]byte(s), 0)
		if n.more {
			continue
		}
		check(n.mant, n.exp)
	}
	for exp := -28; exp <= 28; exp++ {
		for _, mant := range []uint64{0, 1, 5, 10, 1<<53 - 1, 1 << 53, 1<<53 + 1, math.MaxUint64, math.MaxUint64 - 1, 1 << 63} {
			check(mant, exp)
		}
	}
}
