package kpl

import "encoding/binary"

// Tags of the fields: number << 3 | wire type.
const (
	number   = 0
	eight    = 1
	measured = 2
	four     = 5

	keyTable   = 1<<3 | measured
	hashTable  = 2<<3 | measured
	recordList = 3<<3 | measured

	keyIndex   = 1<<3 | number
	hashIndex  = 2<<3 | number
	recordData = 3<<3 | measured
)

// field is one field of a message.
type field struct {
	tag    uint64
	number uint64 // of a varint
	bytes  []byte // of what has a length; never nil then
}

// next reads one field. Fields of no use here are read over.
func next(b []byte) (f field, rest []byte, ok bool) {
	var n int
	if f.tag, n = binary.Uvarint(b); n <= 0 || f.tag>>3 == 0 {
		return f, nil, false
	}
	b = b[n:]
	switch f.tag & 7 {
	case number:
		f.number, n = binary.Uvarint(b)
		return f, b[max(n, 0):], n > 0
	case measured:
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return f, nil, false
		}
		end := n + int(size)
		f.bytes = b[n:end:end]
		return f, b[end:], true
	case eight:
		return f, b[min(8, len(b)):], len(b) >= 8
	case four:
		return f, b[min(4, len(b)):], len(b) >= 4
	}
	return f, nil, false
}

func appendBytes(b []byte, tag uint64, v []byte) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(b, tag), uint64(len(v))), v...)
}

func appendNumber(b []byte, tag, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, tag), v)
}

// varintLen is the length of v as a varint.
func varintLen(v uint64) (n int) {
	for n = 1; v >= 0x80; n++ {
		v >>= 7
	}
	return n
}

// bytesLen is the length of a field of n bytes with a tag of one byte.
func bytesLen(n int) int { return 1 + varintLen(uint64(n)) + n }
