package cloudwatch

import (
	"cmp"
	"math"
	"slices"
)

// maxSpread is how many different values a stat keeps apart: a datum may bring 150.
const maxSpread = 160

// mantissa is how many bits of fraction a float has.
const mantissa = 52

// stat is what is known of the values of a metric in one stretch of time.
//
// Percentiles want the values themselves. As long as they are few they are kept as they are. When they
// become more than maxSpread each is rounded to fewer bits, so that neighbours fall together: first to
// 10 bits (one part in two thousand), then bit by bit down to powers of two. That bounds a stat by the
// range of its values, not by their number.
type stat struct {
	count, sum, min, max float64
	spread               []portion // ascending; what the values were
	bits                 uint8     // of fraction that the values in spread keep
	blurred              bool      // some came as a statistic set: spread is empty and percentiles unknown
}

// portion is a value and how often it came.
type portion struct{ value, count float64 }

// add counts a value n times.
func (s *stat) add(v, n float64) {
	s.total(n, v*n, v, v)
	if !s.blurred {
		s.place(v, n)
		s.coarsen()
	}
}

// addSet counts values of which only a summary is known. If they are all the same, they are known.
func (s *stat) addSet(count, sum, least, most float64) {
	if least == most {
		s.total(count, sum, least, most)
		if !s.blurred {
			s.place(least, count)
			s.coarsen()
		}
		return
	}
	s.total(count, sum, least, most)
	s.blurred, s.spread = true, nil
}

// merge adds all of another's.
func (s *stat) merge(o *stat) {
	if o.count == 0 {
		return
	}
	s.total(o.count, o.sum, o.min, o.max)
	if s.blurred = s.blurred || o.blurred; s.blurred {
		s.spread = nil
		return
	}
	if len(s.spread) == 0 {
		s.bits, s.spread = o.bits, slices.Clone(o.spread)
		return
	}
	if o.bits < s.bits {
		s.bits = o.bits
		s.round()
	}
	for _, p := range o.spread {
		s.place(p.value, p.count)
	}
	s.coarsen()
}

func (s *stat) total(count, sum, least, most float64) {
	if s.count == 0 {
		s.min, s.max, s.bits = least, most, mantissa
	}
	s.count += count
	s.sum += sum
	s.min = min(s.min, least)
	s.max = max(s.max, most)
}

// place puts a value where it belongs.
func (s *stat) place(v, n float64) {
	v = rounded(v, s.bits)
	i, found := slices.BinarySearchFunc(s.spread, v, func(p portion, v float64) int { return cmp.Compare(p.value, v) })
	if found {
		s.spread[i].count += n
		return
	}
	s.spread = slices.Insert(s.spread, i, portion{v, n})
}

// coarsen takes bits away until the values are few enough.
func (s *stat) coarsen() {
	for len(s.spread) > maxSpread && s.bits > 0 {
		s.bits = min(s.bits-1, 10)
		s.round()
	}
}

// round gives the values the bits they may keep and joins those that have become one.
func (s *stat) round() {
	kept := s.spread[:0]
	for _, p := range s.spread {
		v := rounded(p.value, s.bits)
		if n := len(kept); n > 0 && kept[n-1].value == v {
			kept[n-1].count += p.count
		} else {
			kept = append(kept, portion{v, p.count})
		}
	}
	s.spread = kept
}

// rounded is v with that many bits of fraction, to the nearest.
func rounded(v float64, bits uint8) float64 {
	if bits >= mantissa || v == 0 {
		return v + 0 // -0 is 0
	}
	drop := mantissa - bits
	b := math.Float64bits(v) + 1<<(drop-1)
	return math.Float64frombits(b >> drop << drop)
}

// known reports whether percentiles may be asked for. AWS has none where values are negative.
func (s *stat) known() bool { return !s.blurred && s.count > 0 && s.min >= 0 }

// quantile is the least value that a share q of all do not exceed.
func (s *stat) quantile(q float64) float64 {
	rank, seen := q*s.count, 0.0
	for _, p := range s.spread {
		if seen += p.count; seen >= rank*(1-1e-12) {
			return min(max(p.value, s.min), s.max)
		}
	}
	return s.max
}
