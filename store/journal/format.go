package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A journal is a folder of files named by generation, 16 hexadecimal digits: <generation>.snap, the
// whole map as it was when the log of the same generation began, and <generation>.log, the changes
// since. Both begin with a header and go on with frames. Integers are little-endian. CRC is CRC-32C.
//
// Header:
//
//	offset  size  field
//	0       8     magic "hydjrnl1": the last character is the version
//	8       8     generation
//	16      8     base: sequence of the last frame before this file
//	24      8     salt: random, part of every frame's CRC
//	32      4     CRC of bytes 0 to 32
//
// Frame (all commits made durable by one fsync, or one part of a snapshot):
//
//	offset  size  field
//	0       4     CRC of salt, the frame's position in the file (8 bytes each), then bytes 4 to length
//	4       4     length of the frame in bytes
//	8       4     magic "hyj" and kind: c changes, s snapshot part, e snapshot end
//	12      8     sequence: one more than the frame before; in a snapshot, its base
//	20      4     count of changes; in a snapshot's end, the count of all keys
//	24      -     changes
//
// Change:
//
//	offset  size  field
//	0       4     length of the key in bytes
//	4       4     length of the value in bytes; 0xffffffff deletes the key and no value follows
//	8       -     key, then value
//
// These layouts are also docs/format/journal.md; a test compares.
const (
	magic       = "hydjrnl1"
	frameMagic  = "hyj"
	headerSize  = 36
	frameSize   = 24
	changeSize  = 8
	deleted     = 0xffffffff
	maxFrame    = 64 << 20
	kindChanges = 'c'
	kindPart    = 's'
	kindEnd     = 'e'
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

type header struct {
	generation, base, salt uint64
}

func (h header) append(b []byte) []byte {
	start := len(b)
	b = append(b, magic...)
	b = le.AppendUint64(b, h.generation)
	b = le.AppendUint64(b, h.base)
	b = le.AppendUint64(b, h.salt)
	return le.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

func parseHeader(b []byte) (header, *CorruptionError) {
	if len(b) < headerSize {
		return header{}, &CorruptionError{Reason: "header cut short",
			Got: fmt.Sprintf("%d bytes", len(b)), Want: fmt.Sprintf("%d bytes", headerSize)}
	}
	if string(b[:8]) != magic {
		return header{}, &CorruptionError{Reason: "not a journal file of this version",
			Got: fmt.Sprintf("%q", b[:8]), Want: fmt.Sprintf("%q", magic)}
	}
	if got, want := le.Uint32(b[32:]), crc32.Checksum(b[:32], castagnoli); got != want {
		return header{}, badCRC(0, got, want)
	}
	return header{le.Uint64(b[8:]), le.Uint64(b[16:]), le.Uint64(b[24:])}, nil
}

func badCRC(off int64, got, want uint32) *CorruptionError {
	return &CorruptionError{Offset: off, Reason: "checksum",
		Got: fmt.Sprintf("%#08x", got), Want: fmt.Sprintf("%#08x", want)}
}

// frame is one decoded frame. Keys and values refer to the bytes it was decoded from.
type frame struct {
	kind     byte
	sequence uint64
	count    uint32
	changes  []Change
}

// beginFrame reserves a frame's head; changes are appended after it, then endFrame fills it in.
func beginFrame(b []byte) []byte { return append(b, make([]byte, frameSize)...) }

// endFrame completes the frame that b ends with and that began at b[at:], to be written at pos.
func endFrame(b []byte, at int, kind byte, sequence uint64, count uint32, salt uint64, pos int64) {
	f := b[at:]
	le.PutUint32(f[4:], uint32(len(f)))
	copy(f[8:], frameMagic)
	f[11] = kind
	le.PutUint64(f[12:], sequence)
	le.PutUint32(f[20:], count)
	le.PutUint32(f[0:], frameCRC(f, salt, pos))
}

func frameCRC(f []byte, salt uint64, pos int64) uint32 {
	var seed [16]byte
	le.PutUint64(seed[:], salt)
	le.PutUint64(seed[8:], uint64(pos))
	return crc32.Update(crc32.Checksum(seed[:], castagnoli), castagnoli, f[4:])
}

func appendChange(b []byte, c Change) []byte {
	b = le.AppendUint32(b, uint32(len(c.Key)))
	if c.Value == nil {
		b = le.AppendUint32(b, deleted)
	} else {
		b = le.AppendUint32(b, uint32(len(c.Value)))
	}
	b = append(b, c.Key...)
	return append(b, c.Value...)
}

func changeLen(c Change) int { return changeSize + len(c.Key) + len(c.Value) }

// parseFrame decodes the frame that b begins with, read from pos in a file of that salt, and
// returns its length.
func parseFrame(b []byte, salt uint64, pos int64) (frame, int, *CorruptionError) {
	if len(b) < frameSize {
		return frame{}, 0, &CorruptionError{Offset: pos, Reason: "frame cut short",
			Got: fmt.Sprintf("%d bytes", len(b)), Want: fmt.Sprintf("at least %d bytes", frameSize)}
	}
	if string(b[8:11]) != frameMagic {
		return frame{}, 0, &CorruptionError{Offset: pos + 8, Reason: "no frame here",
			Got: fmt.Sprintf("%q", b[8:11]), Want: fmt.Sprintf("%q", frameMagic)}
	}
	length := int64(le.Uint32(b[4:]))
	if length < frameSize || length > maxFrame || length > int64(len(b)) {
		return frame{}, 0, &CorruptionError{Offset: pos + 4, Reason: "frame length",
			Got: fmt.Sprint(length), Want: fmt.Sprintf("%d to %d", frameSize, min(maxFrame, len(b)))}
	}
	b = b[:length:length]
	if got, want := le.Uint32(b), frameCRC(b, salt, pos); got != want {
		return frame{}, 0, badCRC(pos, got, want)
	}
	f := frame{kind: b[11], sequence: le.Uint64(b[12:]), count: le.Uint32(b[20:])}
	rest := b[frameSize:]
	bad := func(what string) (frame, int, *CorruptionError) {
		return frame{}, 0, &CorruptionError{Offset: pos + length - int64(len(rest)),
			Reason: what, Got: fmt.Sprintf("%d bytes left", len(rest)), Want: "whole changes"}
	}
	if f.kind == kindEnd {
		if len(rest) != 0 {
			return bad("changes in a snapshot's end")
		}
		return f, int(length), nil
	}
	for range f.count {
		if len(rest) < changeSize {
			return bad("change cut short")
		}
		k, v := int64(le.Uint32(rest)), le.Uint32(rest[4:])
		end := changeSize + k
		if v != deleted {
			end += int64(v)
		}
		if end > int64(len(rest)) {
			return bad("change longer than its frame")
		}
		c := Change{Key: string(rest[changeSize : changeSize+k])}
		if v != deleted {
			c.Value = bytes.Clone(rest[changeSize+k : end])
			if c.Value == nil {
				c.Value = []byte{}
			}
		}
		f.changes = append(f.changes, c)
		rest = rest[end:]
	}
	if len(rest) != 0 {
		return bad("bytes after the last change")
	}
	return f, int(length), nil
}

// laterFrame finds a valid frame in b after its first byte; b was read from pos. -1: there is none.
func laterFrame(b []byte, salt uint64, pos int64) int64 {
	for i := 1; ; i++ {
		hit := bytes.Index(b[min(i+8, len(b)):], []byte(frameMagic))
		if hit < 0 {
			return -1
		}
		i += hit
		if _, _, err := parseFrame(b[i:], salt, pos+int64(i)); err == nil {
			return pos + int64(i)
		}
	}
}
