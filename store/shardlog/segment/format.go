package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant"
)

// A segment is a file <number>.seg, its number 16 hexadecimal digits: a header, frames in groups,
// and, once sealed, a footer (footer.go). Integers are little-endian. CRC is CRC-32C; all but the
// header's begin with the header's salt and the position of the piece in the file (8 bytes each), so
// that bytes copied from elsewhere, into a record for instance, are never taken for a frame.
//
// Header:
//
//	offset  size  field
//	0       8     magic "hydseg01": the last two characters are the version
//	8       8     number of this segment
//	16      8     number of the last segment whose frames are here; more than the first where several were rewritten into one
//	24      8     position where the frames end, in a rewritten segment; otherwise 0
//	32      8     salt: random
//	40      4     CRC of bytes 0 to 40
//
// Frame (the records of one shard in one commit):
//
//	offset  size  field
//	0       4     CRC of salt and position, then bytes 4 to length
//	4       4     length of the frame in bytes
//	8       3     magic "hyf"
//	11      1     kind: r records, b begin, c closed
//	12      4     bytes from the beginning of the group to this frame
//	16      8     shard; in a begin frame, number of the segment before (0: none)
//	24      8     offset of the first record; in a begin frame, where the frames of the segment before end
//	32      8     time of the commit, Unix ms: the arrival of all its records
//	40      4     count of records
//	44      -     records
//
// Record:
//
//	offset  size  field
//	0       4     length of the key in bytes
//	4       4     length of the data in bytes
//	8       -     key, then data
//
// The first group of a segment begins with a begin frame. A closed frame is a group of its own,
// written when the engine is closed: from then on every byte before it is known to have been synced.
// These layouts are also docs/format/segment.md; a test compares.
const (
	headerMagic = "hydseg01"
	frameMagic  = "hyf"
	headerSize  = 44
	frameSize   = 44
	recordSize  = 8
	maxFrame    = 64 << 20

	kindRecords = 'r'
	kindBegin   = 'b'
	kindClosed  = 'c'
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// crcAt is the checksum of p as the piece at pos of a segment with that salt.
func crcAt(salt uint64, pos int64, p []byte) uint32 {
	var seed [16]byte
	le.PutUint64(seed[:], salt)
	le.PutUint64(seed[8:], uint64(pos))
	return crc32.Update(crc32.Checksum(seed[:], castagnoli), castagnoli, p)
}

type header struct {
	number, last uint64
	end          int64
	salt         uint64
}

func (h header) append(b []byte) []byte {
	start := len(b)
	b = append(b, headerMagic...)
	b = le.AppendUint64(b, h.number)
	b = le.AppendUint64(b, h.last)
	b = le.AppendUint64(b, uint64(h.end))
	b = le.AppendUint64(b, h.salt)
	return le.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

func parseHeader(b []byte) (header, *CorruptionError) {
	if len(b) < headerSize {
		return header{}, damage(0, "header cut short", len(b), headerSize)
	}
	if m := string(b[:8]); m != headerMagic {
		return header{}, damage(0, "not a segment of this version", m, headerMagic)
	}
	if got, want := le.Uint32(b[40:]), crc32.Checksum(b[:40], castagnoli); got != want {
		return header{}, badCRC(0, got, want)
	}
	return header{le.Uint64(b[8:]), le.Uint64(b[16:]), int64(le.Uint64(b[24:])), le.Uint64(b[32:])}, nil
}

// frame is a frame's head.
type frame struct {
	kind   byte
	length int
	back   uint32
	shard  uint64
	first  uint64
	time   int64
	count  uint32
}

// finishFrame fills in the head of the frame that is all of b, to be written at pos.
func finishFrame(b []byte, f frame, salt uint64, pos int64) {
	le.PutUint32(b[4:], uint32(len(b)))
	copy(b[8:], frameMagic)
	b[11] = f.kind
	le.PutUint32(b[12:], f.back)
	le.PutUint64(b[16:], f.shard)
	le.PutUint64(b[24:], f.first)
	le.PutUint64(b[32:], uint64(f.time))
	le.PutUint32(b[40:], f.count)
	le.PutUint32(b, crcAt(salt, pos, b[4:]))
}

// parseFrame checks the frame that b begins with, read from pos in a segment of that salt.
func parseFrame(b []byte, salt uint64, pos int64) (frame, *CorruptionError) {
	if len(b) < frameSize {
		return frame{}, damage(pos, "frame cut short", len(b), frameSize)
	}
	if m := string(b[8:11]); m != frameMagic {
		return frame{}, damage(pos, "no frame here", bytes.Clone(b[8:11]), []byte(frameMagic))
	}
	length := int64(le.Uint32(b[4:]))
	if length < frameSize || length > maxFrame || length > int64(len(b)) {
		return frame{}, damage(pos, "length of frame", length, fmt.Sprintf("%d to %d", frameSize, min(maxFrame, len(b))))
	}
	if got, want := le.Uint32(b), crcAt(salt, pos, b[4:length]); got != want {
		return frame{}, badCRC(pos, got, want)
	}
	return frame{
		kind:   b[11],
		length: int(length),
		back:   le.Uint32(b[12:]),
		shard:  le.Uint64(b[16:]),
		first:  le.Uint64(b[24:]),
		time:   int64(le.Uint64(b[32:])),
		count:  le.Uint32(b[40:]),
	}, nil
}

func recordLen(r *hydrant.Record) int { return recordSize + len(r.Key) + len(r.Data) }

func appendRecord(b []byte, r *hydrant.Record) []byte {
	b = le.AppendUint32(b, uint32(len(r.Key)))
	b = le.AppendUint32(b, uint32(len(r.Data)))
	b = append(b, r.Key...)
	return append(b, r.Data...)
}

// appendRecords decodes the records of a frame onto dst, body being its bytes from frameSize on, which
// the records share. Their keys go to keys.
func appendRecords(dst []hydrant.Record, f frame, body []byte, pos int64, keys *keys) ([]hydrant.Record, *CorruptionError) {
	n := int(f.count)
	if int64(n)*recordSize > int64(len(body)) {
		return nil, damage(pos, "count of records", f.count, len(body)/recordSize)
	}
	dst = slices.Grow(dst, n)
	for i := range n {
		if len(body) < recordSize {
			return nil, damage(pos, "record cut short", len(body), recordSize)
		}
		k, d := int64(le.Uint32(body)), int64(le.Uint32(body[4:]))
		if n := recordSize + k + d; n > int64(len(body)) {
			return nil, damage(pos, "length of record", n, len(body))
		}
		var r hydrant.Record
		r, body = cutRecord(body, keys)
		r.Offset, r.Arrival = f.first+uint64(i), f.time
		dst = append(dst, r)
	}
	if len(body) > 0 {
		return nil, damage(pos, "bytes after the last record", len(body), 0)
	}
	return dst, nil
}

// cutRecord takes the first record off a body that is known to be whole.
func cutRecord(body []byte, keys *keys) (r hydrant.Record, rest []byte) {
	k, d := int(le.Uint32(body)), int(le.Uint32(body[4:]))
	end := recordSize + k + d
	r.Key = keys.add(body[recordSize : recordSize+k])
	r.Data = body[recordSize+k : end : end]
	return r, body[end:]
}

// keys makes strings that share allocations. A chunk is full before the next one begins, and never moves.
type keys struct {
	chunk strings.Builder
	next  int // size of the next chunk
}

func (k *keys) add(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if k.chunk.Cap()-k.chunk.Len() < len(b) {
		k.next = min(max(64, 4*k.next), 32<<10)
		k.chunk = strings.Builder{}
		k.chunk.Grow(max(len(b), k.next))
	}
	k.chunk.Write(b)
	return k.chunk.String()[k.chunk.Len()-len(b):]
}

// laterGroup finds a valid frame in b whose group began after pos, the position b was read from.
// -1: there is none.
func laterGroup(b []byte, salt uint64, pos int64) int64 {
	for i := 1; ; i++ {
		hit := bytes.Index(b[min(i+8, len(b)):], []byte(frameMagic))
		if hit < 0 {
			return -1
		}
		i += hit
		at := pos + int64(i)
		if f, err := parseFrame(b[i:], salt, at); err == nil && at-int64(f.back) > pos {
			return at
		}
	}
}
