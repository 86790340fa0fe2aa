package parquet

import (
	"bytes"
	"encoding/binary"
	"math"
)

// maxBoundBytes: a longer string is not written as a bound; readers then know only that they know nothing.
const maxBoundBytes = 256

// stats keeps the least and the greatest value of a column in a row group, in PLAIN encoding.
type stats struct {
	kind     Type
	width    int
	signed   bool // Fixed as a two's complement number, big endian
	any, bad bool
	min, max []byte // ByteArray and Fixed
	imin     int64
	imax     int64
	fmin     float64
	fmax     float64
}

func newStats(f *Field) stats {
	// INT96 has no order in the format.
	return stats{kind: f.Type, width: f.Length, signed: f.Converted == Decimal, bad: f.Type == Int96}
}

// bounds are the statistics' min_value and max_value, or nil.
func (s *stats) bounds() *[2][]byte {
	if !s.any || s.bad {
		return nil
	}
	le := binary.LittleEndian
	switch s.kind {
	case Boolean:
		return &[2][]byte{{byte(s.imin)}, {byte(s.imax)}}
	case Int32:
		return &[2][]byte{le.AppendUint32(nil, uint32(s.imin)), le.AppendUint32(nil, uint32(s.imax))}
	case Int64:
		return &[2][]byte{le.AppendUint64(nil, uint64(s.imin)), le.AppendUint64(nil, uint64(s.imax))}
	case Float, Double:
		lo, hi := s.fmin, s.fmax
		// The format: a zero bound is written as the zero that includes the other one.
		if lo == 0 {
			lo = math.Copysign(0, -1)
		}
		if hi == 0 {
			hi = 0
		}
		if s.kind == Float {
			return &[2][]byte{le.AppendUint32(nil, math.Float32bits(float32(lo))), le.AppendUint32(nil, math.Float32bits(float32(hi)))}
		}
		return &[2][]byte{le.AppendUint64(nil, math.Float64bits(lo)), le.AppendUint64(nil, math.Float64bits(hi))}
	}
	if len(s.min) > maxBoundBytes || len(s.max) > maxBoundBytes {
		return nil
	}
	return &[2][]byte{s.min, s.max}
}

// add takes the values of a page.
func (s *stats) add(values []byte) {
	if s.bad || len(values) == 0 {
		return
	}
	le := binary.LittleEndian
	switch s.kind {
	case Boolean:
		for _, v := range values {
			s.int(int64(v), int64(v))
		}
	case Int32:
		lo, hi := int32(math.MaxInt32), int32(math.MinInt32)
		for ; len(values) >= 4; values = values[4:] {
			v := int32(le.Uint32(values))
			lo, hi = min(lo, v), max(hi, v)
		}
		s.int(int64(lo), int64(hi))
	case Int64:
		lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
		for ; len(values) >= 8; values = values[8:] {
			v := int64(le.Uint64(values))
			lo, hi = min(lo, v), max(hi, v)
		}
		s.int(lo, hi)
	case Float:
		for ; len(values) >= 4; values = values[4:] {
			s.float(float64(math.Float32frombits(le.Uint32(values))))
		}
	case Double:
		for ; len(values) >= 8; values = values[8:] {
			s.float(math.Float64frombits(le.Uint64(values)))
		}
	case Fixed:
		for ; len(values) >= s.width; values = values[s.width:] {
			s.bytes(values[:s.width])
		}
	case ByteArray:
		for len(values) >= 4 {
			n := 4 + int(le.Uint32(values))
			s.bytes(values[4:n])
			values = values[n:]
		}
	}
}

func (s *stats) int(lo, hi int64) {
	if !s.any {
		s.imin, s.imax, s.any = lo, hi, true
		return
	}
	s.imin, s.imax = min(s.imin, lo), max(s.imax, hi)
}

// float ignores NaN only by giving up: a reader must not skip a row group that holds one.
func (s *stats) float(v float64) {
	switch {
	case v != v:
		s.bad = true
	case !s.any:
		s.fmin, s.fmax, s.any = v, v, true
	case v < s.fmin:
		s.fmin = v
	case v > s.fmax:
		s.fmax = v
	}
}

func (s *stats) bytes(v []byte) {
	if !s.any {
		s.min, s.max, s.any = bytes.Clone(v), bytes.Clone(v), true
		return
	}
	if s.compare(v, s.min) < 0 {
		s.min = append(s.min[:0], v...)
	} else if s.compare(v, s.max) > 0 {
		s.max = append(s.max[:0], v...)
	}
}

func (s *stats) compare(a, b []byte) int {
	if s.signed && len(a) > 0 && (a[0]^b[0])&0x80 != 0 {
		if a[0]&0x80 != 0 {
			return -1
		}
		return 1
	}
	return bytes.Compare(a, b)
}
