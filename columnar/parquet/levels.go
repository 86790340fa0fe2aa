package parquet

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// appendHybrid appends values in the RLE / bit-packing hybrid:
//
//	run   = uvarint(count << 1)          value in ceil(width/8) bytes, little endian
//	packed = uvarint(groups << 1 | 1)    groups * 8 values of width bits, least significant bit first
//
// Only the last packed run may be padded, so a run of equal values first fills the group before it.
func appendHybrid[T uint8 | uint32](dst []byte, values []T, width int) []byte {
	literal := 0 // values[literal:i] wait to be packed
	for i := 0; i < len(values); {
		run := 1
		for v := values[i]; i+run < len(values) && values[i+run] == v; {
			run++
		}
		fill := (literal - i) & 7
		if run-fill < 8 {
			i += run
			continue
		}
		dst = appendPacked(dst, values[literal:i+fill], width)
		dst = binary.AppendUvarint(dst, uint64(run-fill)<<1)
		v := uint32(values[i])
		for n := 0; n < width; n += 8 {
			dst = append(dst, byte(v>>n))
		}
		i += run
		literal = i
	}
	return appendPacked(dst, values[literal:], width)
}

func appendPacked[T uint8 | uint32](dst []byte, values []T, width int) []byte {
	if len(values) == 0 {
		return dst
	}
	groups := (len(values) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	var acc uint64
	var have int
	for _, v := range values {
		acc |= uint64(v) << have
		for have += width; have >= 8; have -= 8 {
			dst = append(dst, byte(acc))
			acc >>= 8
		}
	}
	for pad := groups*8 - len(values); pad > 0; pad-- {
		for have += width; have >= 8; have -= 8 {
			dst = append(dst, byte(acc))
			acc >>= 8
		}
	}
	return dst
}

// appendLevels is appendHybrid with a shortcut for levels that are all the same.
func appendLevels(dst, levels []byte, width int) []byte {
	if n := len(levels); n > 0 && bytes.Count(levels, levels[:1]) == n {
		dst = binary.AppendUvarint(dst, uint64(n)<<1)
		return append(dst, levels[0])
	}
	return appendHybrid(dst, levels, width)
}

// levelWidth is the bits of a level that goes up to top.
func levelWidth(top uint8) int { return bits.Len8(top) }
