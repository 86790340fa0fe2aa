// Package eventstream frames the messages of AWS's event streams (SubscribeToShard and its like).
//
//	offset  size  field
//	0       4     total length of the message, big endian, these four bytes included
//	4       4     length of the headers
//	8       4     CRC-32 (IEEE) of the eight bytes before
//	12      h     headers: name length (1), name, type (1), value; for a string: length (2), bytes
//	12+h    p     payload
//	last    4     CRC-32 (IEEE) of all before
package eventstream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

const (
	preludeLen = 12
	frameLen   = preludeLen + 4 // of a message without headers and payload
	// MaxMessage is the largest message taken, in bytes.
	MaxMessage = 24 << 20
	maxHeaders = 128 << 10
)

// Header is a header of a message. Value is a string, bool, int8, int16, int32, int64, []byte,
// time.Time or [16]byte.
type Header struct {
	Name  string
	Value any
}

// Message is one frame.
type Message struct {
	Headers []Header
	Payload []byte
}

// Get is the string value of a header, or "".
func (m *Message) Get(name string) string {
	for _, h := range m.Headers {
		if s, ok := h.Value.(string); ok && h.Name == name {
			return s
		}
	}
	return ""
}

// ErrChecksum: the message was damaged on its way.
var ErrChecksum = errors.New("eventstream: checksum mismatch")

// ErrMalformed: what was read is not a message.
var ErrMalformed = errors.New("eventstream: malformed message")

// The types of header values, as they stand on the wire.
const (
	typeTrue = iota
	typeFalse
	typeByte
	typeShort
	typeInt
	typeLong
	typeBytes
	typeString
	typeTimestamp
	typeUUID
)

// Append appends the frame of m to dst. A header that cannot be written is a mistake in the program
// and panics.
func Append(dst []byte, m *Message) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, preludeLen)...)
	for _, h := range m.Headers {
		dst = appendHeader(dst, h)
	}
	headers := len(dst) - start - preludeLen
	dst = append(dst, m.Payload...)
	frame := dst[start:]
	binary.BigEndian.PutUint32(frame, uint32(len(frame)+4))
	binary.BigEndian.PutUint32(frame[4:], uint32(headers))
	binary.BigEndian.PutUint32(frame[8:], crc32.ChecksumIEEE(frame[:8]))
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(frame))
}

func appendHeader(dst []byte, h Header) []byte {
	if len(h.Name) == 0 || len(h.Name) > 255 {
		panic(fmt.Sprintf("eventstream: a header name of %d bytes", len(h.Name)))
	}
	dst = append(append(dst, byte(len(h.Name))), h.Name...)
	sized := func(kind byte, b []byte) []byte {
		if len(b) > 1<<15-1 {
			panic(fmt.Sprintf("eventstream: header %s of %d bytes", h.Name, len(b)))
		}
		dst = binary.BigEndian.AppendUint16(append(dst, kind), uint16(len(b)))
		return append(dst, b...)
	}
	switch v := h.Value.(type) {
	case bool:
		if v {
			return append(dst, typeTrue)
		}
		return append(dst, typeFalse)
	case int8:
		return append(dst, typeByte, byte(v))
	case int16:
		return binary.BigEndian.AppendUint16(append(dst, typeShort), uint16(v))
	case int32:
		return binary.BigEndian.AppendUint32(append(dst, typeInt), uint32(v))
	case int64:
		return binary.BigEndian.AppendUint64(append(dst, typeLong), uint64(v))
	case []byte:
		return sized(typeBytes, v)
	case string:
		return sized(typeString, []byte(v))
	case time.Time:
		return binary.BigEndian.AppendUint64(append(dst, typeTimestamp), uint64(v.UnixMilli()))
	case [16]byte:
		return append(append(dst, typeUUID), v[:]...)
	}
	panic(fmt.Sprintf("eventstream: header %s holds a %T", h.Name, h.Value))
}

// Read reads the next message; io.EOF where the stream ends between two.
func Read(r io.Reader) (*Message, error) {
	var prelude [preludeLen]byte
	if _, err := io.ReadFull(r, prelude[:]); err != nil {
		return nil, err
	}
	total, headers := binary.BigEndian.Uint32(prelude[:]), binary.BigEndian.Uint32(prelude[4:])
	if crc32.ChecksumIEEE(prelude[:8]) != binary.BigEndian.Uint32(prelude[8:]) {
		return nil, fmt.Errorf("%w of the prelude", ErrChecksum)
	}
	if total < frameLen || total > MaxMessage || headers > maxHeaders || headers > total-frameLen {
		return nil, fmt.Errorf("%w: %d bytes, %d of them headers", ErrMalformed, total, headers)
	}
	rest := make([]byte, total-preludeLen)
	if _, err := io.ReadFull(r, rest); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	body, sum := rest[:len(rest)-4], binary.BigEndian.Uint32(rest[len(rest)-4:])
	if crc32.Update(crc32.ChecksumIEEE(prelude[:]), crc32.IEEETable, body) != sum {
		return nil, ErrChecksum
	}
	m := &Message{Payload: body[headers:]}
	for b := body[:headers]; len(b) > 0; {
		h, n := readHeader(b)
		if n == 0 {
			return nil, fmt.Errorf("%w: its headers", ErrMalformed)
		}
		m.Headers = append(m.Headers, h)
		b = b[n:]
	}
	return m, nil
}

// readHeader reads the header b begins with, n bytes long; 0 if it is none.
func readHeader(b []byte) (h Header, n int) {
	name := int(b[0])
	if len(b) < name+2 || name == 0 {
		return h, 0
	}
	h.Name = string(b[1 : 1+name])
	kind, b := b[1+name], b[2+name:]
	n = 2 + name
	size := map[byte]int{typeByte: 1, typeShort: 2, typeInt: 4, typeLong: 8, typeTimestamp: 8, typeUUID: 16}[kind]
	if kind == typeBytes || kind == typeString {
		if len(b) < 2 {
			return h, 0
		}
		size = int(binary.BigEndian.Uint16(b))
		b = b[2:]
		n += 2
	}
	if kind > typeUUID || len(b) < size {
		return h, 0
	}
	b = b[:size]
	switch kind {
	case typeTrue, typeFalse:
		h.Value = kind == typeTrue
	case typeByte:
		h.Value = int8(b[0])
	case typeShort:
		h.Value = int16(binary.BigEndian.Uint16(b))
	case typeInt:
		h.Value = int32(binary.BigEndian.Uint32(b))
	case typeLong:
		h.Value = int64(binary.BigEndian.Uint64(b))
	case typeBytes:
		h.Value = b
	case typeString:
		h.Value = string(b)
	case typeTimestamp:
		h.Value = time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC()
	case typeUUID:
		h.Value = [16]byte(b)
	}
	return h, n + size
}
