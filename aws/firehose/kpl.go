package firehose

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
)

// deaggregate takes apart a record of the Kinesis Producer Library. ok is false for any other record.
//
//	offset  size  field
//	0       4     magic F3 89 9A C2
//	4       n-20  protobuf: 1 partition keys, 2 explicit hash keys, 3 records {1 key index, 3 data}
//	n-16    16    MD5 of the protobuf
func deaggregate(b []byte) (children [][]byte, ok bool) {
	const magic, sum = "\xF3\x89\x9A\xC2", md5.Size
	if !bytes.HasPrefix(b, []byte(magic)) || len(b) < len(magic)+sum {
		return nil, false
	}
	body, digest := b[len(magic):len(b)-sum], b[len(b)-sum:]
	if got := md5.Sum(body); !bytes.Equal(got[:], digest) {
		return nil, false
	}
	ok = protoFields(body, func(field uint64, value []byte) bool {
		if field != 3 {
			return true
		}
		data := []byte{}
		inner := protoFields(value, func(field uint64, value []byte) bool {
			if field == 3 {
				data = value
			}
			return true
		})
		children = append(children, data)
		return inner
	})
	return children, ok && len(children) > 0
}

// protoFields calls f for every field of a message; value is nil for one that is a number.
func protoFields(b []byte, f func(field uint64, value []byte) bool) bool {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return false
		}
		b = b[n:]
		size, n := binary.Uvarint(b)
		if n <= 0 {
			return false
		}
		b = b[n:]
		var value []byte
		switch tag & 7 {
		case 0:
		case 2:
			if size > uint64(len(b)) {
				return false
			}
			value, b = b[:size:size], b[size:]
		default:
			return false
		}
		if !f(tag>>3, value) {
			return false
		}
	}
	return true
}
