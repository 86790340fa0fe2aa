package segment

import (
	"bytes"
	"fmt"
)

// A footer is one list of frames per shard, the directory, which has an entry per list, and the
// trailer, which is the last piece of the file. A start reads trailer and directory only.
//
// List entry (one frame; the entries of a shard are in order of offsets):
//
//	offset  size  field
//	0       4     position of the frame
//	4       4     length of the frame in bytes
//	8       8     offset of the first record
//	16      8     time, Unix ms
//	24      4     count of records
//
// Directory entry (one shard; in order of shard numbers, as are the lists):
//
//	offset  size  field
//	0       8     shard
//	8       8     offset of the first record here
//	16      8     offset after the last record here
//	24      8     time of the first frame
//	32      8     time of the last frame
//	40      8     length of all its frames in bytes
//	48      4     count of frames
//	52      4     CRC of its list
//
// Trailer:
//
//	offset  size  field
//	0       4     CRC of bytes 4 to 40
//	4       4     magic "hyft"
//	8       8     position where the frames end and the lists begin
//	16      8     position of the directory
//	24      8     number of the segment
//	32      4     count of directory entries
//	36      4     CRC of the directory
const (
	trailerMagic = "hyft"
	entrySize    = 28
	dirEntrySize = 56
	trailerSize  = 40
)

// entry finds one frame of a shard.
type entry struct {
	pos, length uint32
	first       uint64
	time        int64
	count       uint32
}

func (e entry) next() uint64 { return e.first + uint64(e.count) }

// extent is what a segment holds of one shard.
type extent struct {
	shard               uint64
	first, next         uint64
	firstTime, lastTime int64
	bytes               int64
	frames              uint32
	crc                 uint32 // of the list
	list                int64  // its position: not stored, the sum of what lies before
}

// add extends the extent by a frame.
func (x *extent) add(e entry) {
	if x.frames == 0 {
		x.first, x.firstTime = e.first, e.time
	}
	x.next, x.lastTime = e.next(), e.time
	x.bytes += int64(e.length)
	x.frames++
}

func appendEntry(b []byte, e entry) []byte {
	b = le.AppendUint32(b, e.pos)
	b = le.AppendUint32(b, e.length)
	b = le.AppendUint64(b, e.first)
	b = le.AppendUint64(b, uint64(e.time))
	return le.AppendUint32(b, e.count)
}

func parseList(b []byte) []entry {
	list := make([]entry, len(b)/entrySize)
	for i := range list {
		p := b[i*entrySize:]
		list[i] = entry{le.Uint32(p), le.Uint32(p[4:]), le.Uint64(p[8:]), int64(le.Uint64(p[16:])), le.Uint32(p[24:])}
	}
	return list
}

// appendFooter encodes the footer of a segment whose frames end at end. extents are in order of
// shards; their list and crc are filled in.
func appendFooter(b []byte, h header, end int64, extents []extent, lists [][]entry) []byte {
	start := len(b)
	pos := func() int64 { return end + int64(len(b)-start) }
	for i := range extents {
		x := &extents[i]
		x.list = pos()
		from := len(b)
		for _, e := range lists[i] {
			b = appendEntry(b, e)
		}
		x.crc = crcAt(h.salt, x.list, b[from:])
	}
	dir, from := pos(), len(b)
	for _, x := range extents {
		b = le.AppendUint64(b, x.shard)
		b = le.AppendUint64(b, x.first)
		b = le.AppendUint64(b, x.next)
		b = le.AppendUint64(b, uint64(x.firstTime))
		b = le.AppendUint64(b, uint64(x.lastTime))
		b = le.AppendUint64(b, uint64(x.bytes))
		b = le.AppendUint32(b, x.frames)
		b = le.AppendUint32(b, x.crc)
	}
	dirCRC := crcAt(h.salt, dir, b[from:])
	at, from := pos(), len(b)
	b = append(b, 0, 0, 0, 0)
	b = append(b, trailerMagic...)
	b = le.AppendUint64(b, uint64(end))
	b = le.AppendUint64(b, uint64(dir))
	b = le.AppendUint64(b, h.number)
	b = le.AppendUint32(b, uint32(len(extents)))
	b = le.AppendUint32(b, dirCRC)
	le.PutUint32(b[from:], crcAt(h.salt, at, b[from+4:]))
	return b
}

type trailer struct {
	end, dir int64
	shards   uint32
	dirCRC   uint32
}

// parseTrailer decodes the trailer b, the last bytes of a file of that size.
func parseTrailer(b []byte, h header, size int64) (trailer, *CorruptionError) {
	pos := size - trailerSize
	if pos < headerSize || len(b) < trailerSize {
		return trailer{}, damage(max(pos, 0), "no room for a trailer", size, headerSize+trailerSize)
	}
	if string(b[4:8]) != trailerMagic {
		return trailer{}, damage(pos, "no trailer here", bytes.Clone(b[4:8]), []byte(trailerMagic))
	}
	if got, want := le.Uint32(b), crcAt(h.salt, pos, b[4:trailerSize]); got != want {
		return trailer{}, badCRC(pos, got, want)
	}
	t := trailer{int64(le.Uint64(b[8:])), int64(le.Uint64(b[16:])), le.Uint32(b[32:]), le.Uint32(b[36:])}
	switch {
	case le.Uint64(b[24:]) != h.number:
		return trailer{}, damage(pos+24, "number of segment", le.Uint64(b[24:]), h.number)
	case t.end < headerSize || t.dir < t.end || t.dir+int64(t.shards)*dirEntrySize != pos:
		return trailer{}, damage(pos+8, "positions in the trailer",
			fmt.Sprintf("frames to %d, directory of %d at %d", t.end, t.shards, t.dir), fmt.Sprintf("pieces that fill %d bytes", pos))
	}
	return t, nil
}

// parseDirectory decodes the directory a trailer points to.
func parseDirectory(b []byte, h header, t trailer) ([]extent, *CorruptionError) {
	if got := crcAt(h.salt, t.dir, b); got != t.dirCRC {
		return nil, badCRC(t.dir, t.dirCRC, got)
	}
	if len(b) != int(t.shards)*dirEntrySize {
		return nil, damage(t.dir, "length of directory", len(b), int(t.shards)*dirEntrySize)
	}
	extents := make([]extent, t.shards)
	list := t.end
	for i := range extents {
		p := b[i*dirEntrySize:]
		extents[i] = extent{
			shard: le.Uint64(p), first: le.Uint64(p[8:]), next: le.Uint64(p[16:]),
			firstTime: int64(le.Uint64(p[24:])), lastTime: int64(le.Uint64(p[32:])),
			bytes: int64(le.Uint64(p[40:])), frames: le.Uint32(p[48:]), crc: le.Uint32(p[52:]), list: list,
		}
		list += int64(extents[i].frames) * entrySize
	}
	if list != t.dir {
		return nil, damage(t.dir, "lists before the directory end at", list, t.dir)
	}
	return extents, nil
}
