package parquet

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"sync"
)

// A page is built in scratch memory that all files share, so that a thousand open files do not hold
// a thousand copies of it.
type scratch struct {
	body, packed, header []byte
	indexes              []uint32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// cutPage turns the open page of a column into a finished one.
//
//	version 1   header | compressed( len32 rep levels | len32 def levels | values )
//	version 2   header | rep levels | def levels | compressed( values )
//
// Levels whose maximum is 0 are left out.
func (f *File) cutPage(c *Column) error {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)

	present := bytes.Count(c.defs, []byte{c.MaxDef})
	nulls := len(c.defs) - present
	c.stats.add(c.values)

	body := s.body[:0]
	var repLen, defLen int
	if c.MaxRep > 0 {
		body, repLen = f.appendPageLevels(body, c.reps, c.MaxRep)
	}
	if c.MaxDef > 0 {
		body, defLen = f.appendPageLevels(body, c.defs, c.MaxDef)
	}
	levels := len(body)
	encoding := encodingPlain
	body, inDict := c.appendIndexes(body, s)
	switch {
	case inDict:
		encoding = encodingPlainDictionary
		if f.opt.V2 {
			encoding = encodingRLEDictionary
		}
		c.dictPages++
	case c.field.Type == Boolean:
		body = appendBits(body, c.values)
		c.plainPages++
	default:
		body = append(body, c.values...)
		c.plainPages++
	}
	s.body = body

	clear := 0 // bytes at the front that stay uncompressed
	if f.opt.V2 {
		clear = levels
	}
	packed, err := f.codec.compress(append(s.packed[:0], body[:clear]...), body[clear:])
	if err != nil {
		return err
	}
	s.packed = packed

	h := newThrift(s.header)
	if f.opt.V2 {
		h.i32(1, pageDataV2)
	} else {
		h.i32(1, pageData)
	}
	h.i32(2, int32(len(body)))
	h.i32(3, int32(len(packed)))
	h.i32(4, int32(crc32.ChecksumIEEE(packed)))
	if f.opt.V2 {
		h.begin(8)
		h.i32(1, int32(len(c.defs)))
		h.i32(2, int32(nulls))
		h.i32(3, int32(f.rows-c.cut))
		h.i32(4, encoding)
		h.i32(5, int32(defLen))
		h.i32(6, int32(repLen))
		h.flag(7, f.opt.Codec != Uncompressed)
		h.end()
	} else {
		h.begin(5)
		h.i32(1, int32(len(c.defs)))
		h.i32(2, encoding)
		h.i32(3, encodingRLE)
		h.i32(4, encodingRLE)
		h.end()
	}
	s.header = h.done()

	page := make([]byte, 0, len(s.header)+len(packed))
	page = append(append(page, s.header...), packed...)
	c.pages = append(c.pages, page)
	c.pageBytes += int64(len(page))
	c.rawBytes += int64(len(s.header) + len(body))
	c.count += int64(len(c.defs))
	c.nulls += int64(nulls)
	c.cut = f.rows
	c.values, c.defs, c.reps = c.values[:0], c.defs[:0], c.reps[:0]
	return nil
}

// appendPageLevels appends levels as the page version wants them, and says how long they are.
func (f *File) appendPageLevels(body, levels []byte, top uint8) ([]byte, int) {
	at := len(body)
	if f.opt.V2 {
		body = appendLevels(body, levels, levelWidth(top))
		return body, len(body) - at
	}
	body = appendLevels(append(body, 0, 0, 0, 0), levels, levelWidth(top))
	n := len(body) - at - 4
	binary.LittleEndian.PutUint32(body[at:], uint32(n))
	return body, n
}

// appendIndexes appends the page's values as indexes into the dictionary, unless there is none or it
// has stopped to pay. Then the dictionary takes no more values: the pages that use it keep it.
func (c *Column) appendIndexes(body []byte, s *scratch) ([]byte, bool) {
	if c.dict == nil || c.dict.closed {
		return body, false
	}
	count, size := c.dict.count, len(c.dict.plain)
	var ok bool
	s.indexes, ok = c.dict.indexes(s.indexes[:0], c.values)
	if ok {
		at := len(body)
		width := bits.Len(uint(max(c.dict.count-1, 0)))
		body = appendHybrid(append(body, byte(width)), s.indexes, width)
		// The first page decides: a dictionary that is no smaller than the values is none.
		if c.dictPages > 0 || len(body)-at+len(c.dict.plain) < len(c.values) {
			return body, true
		}
		body = body[:at]
	}
	if c.dictPages == 0 {
		c.dict = nil
		return body, false
	}
	c.dict.close(count, size)
	return body, false
}

func (f *File) dictionaryPage(c *Column) (page []byte, raw int, err error) {
	packed, err := f.codec.compress(nil, c.dict.plain)
	if err != nil {
		return nil, 0, err
	}
	h := newThrift(nil)
	h.i32(1, pageDictionary)
	h.i32(2, int32(len(c.dict.plain)))
	h.i32(3, int32(len(packed)))
	h.i32(4, int32(crc32.ChecksumIEEE(packed)))
	h.begin(7)
	h.i32(1, int32(c.dict.count))
	if f.opt.V2 {
		h.i32(2, encodingPlain)
	} else {
		h.i32(2, encodingPlainDictionary)
	}
	h.end()
	header := h.done()
	return append(header, packed...), len(header) + len(c.dict.plain), nil
}

// appendBits packs booleans of a byte each into bits, least significant first.
func appendBits(dst, bools []byte) []byte {
	for len(bools) > 0 {
		var b byte
		for i, v := range bools[:min(8, len(bools))] {
			b |= v << i
		}
		dst = append(dst, b)
		bools = bools[min(8, len(bools)):]
	}
	return dst
}
