package parquet

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// decodeHybrid follows the description of the format, not the encoder.
func decodeHybrid(t *testing.T, b []byte, width, count int) (values []uint32) {
	t.Helper()
	for len(values) < count {
		header, n := binary.Uvarint(b)
		if n <= 0 {
			t.Fatalf("no run header after %d of %d values", len(values), count)
		}
		b = b[n:]
		if header&1 == 0 {
			var v uint32
			size := (width + 7) / 8
			for i := range size {
				v |= uint32(b[i]) << (8 * i)
			}
			b = b[size:]
			for range header >> 1 {
				values = append(values, v)
			}
			continue
		}
		groups := int(header >> 1)
		for i := range groups * 8 {
			var v uint32
			for bit := range width {
				at := i*width + bit
				v |= uint32(b[at/8]>>(at%8)&1) << bit
			}
			values = append(values, v)
		}
		b = b[groups*width:]
	}
	if len(b) > 0 {
		t.Fatalf("%d bytes after the last run", len(b))
	}
	return values[:count]
}

func TestHybrid(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		width := 1 + r.IntN(20)
		values := make([]uint32, 0, 100)
		for len(values) < r.IntN(100) {
			v := uint32(r.IntN(1 << width))
			for range 1 + r.IntN(1+r.IntN(40)) {
				values = append(values, v)
			}
		}
		got := decodeHybrid(t, appendHybrid(nil, values, width), width, len(values))
		if !slices.Equal(got, values) {
			t.Fatalf("width %d\n got %v\nwant %v", width, got, values)
		}
	}
}

func TestHybridIsSmall(t *testing.T) {
	same := make([]uint32, 10_000)
	if n := len(appendHybrid(nil, same, 5)); n > 4 {
		t.Errorf("10,000 equal values took %d bytes", n)
	}
	same[7_777] = 1 // a literal group of 8 between two runs
	if n := len(appendHybrid(nil, same, 5)); n > 14 {
		t.Errorf("two runs and one group took %d bytes", n)
	}
}
