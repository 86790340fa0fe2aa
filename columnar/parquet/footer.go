package parquet

import "encoding/binary"

const magic = "PAR1"

// Numbers of the format: encodings and page types.
const (
	encodingPlain           int32 = 0
	encodingPlainDictionary int32 = 2
	encodingRLE             int32 = 3
	encodingRLEDictionary   int32 = 8

	pageData       int32 = 0
	pageDictionary int32 = 2
	pageDataV2     int32 = 3
)

// rowGroup and chunk are what the footer has to say of what was written.
type rowGroup struct {
	rows   int64
	offset int64
	chunks []chunk
}

type chunk struct {
	column                *Column
	values, nulls         int64
	raw, packed           int64
	data, dictionary      int64 // offsets; dictionary is 0 when there is none
	plainPages, dictPages int
	stats                 *[2][]byte
}

// footer is FileMetaData, its length in 4 bytes, and the magic.
func (f *File) footer() []byte {
	t := newThrift(nil)
	version := int32(1)
	if f.opt.V2 {
		version = 2
	}
	t.i32(1, version)
	t.list(2, thriftStruct, countFields(f.root))
	f.schemaElements(t, f.root, true)
	t.i64(3, f.total)
	t.list(4, thriftStruct, len(f.groups))
	for i := range f.groups {
		f.rowGroup(t, i)
	}
	t.text(6, f.opt.CreatedBy)
	t.list(7, thriftStruct, len(f.columns))
	for range f.columns { // each column's bounds are in the order of its type
		t.beginItem()
		t.begin(1)
		t.end()
		t.end()
	}
	b := t.done()
	b = binary.LittleEndian.AppendUint32(b, uint32(len(b)))
	return append(b, magic...)
}

func countFields(f *Field) int {
	n := 1
	for _, child := range f.Fields {
		n += countFields(child)
	}
	return n
}

func (f *File) schemaElements(t *thrift, field *Field, root bool) {
	t.beginItem()
	group := len(field.Fields) > 0
	if !group {
		t.i32(1, int32(field.Type))
		if field.Type == Fixed {
			t.i32(2, int32(field.Length))
		}
	}
	if !root {
		t.i32(3, int32(field.Repetition))
	}
	t.text(4, field.Name)
	if group {
		t.i32(5, int32(len(field.Fields)))
	}
	if field.Converted != Plain {
		t.i32(6, int32(field.Converted)-1)
	}
	if field.Converted == Decimal {
		t.i32(7, int32(field.Scale))
		t.i32(8, int32(field.Precision))
	}
	t.end()
	for _, child := range field.Fields {
		f.schemaElements(t, child, false)
	}
}

func (f *File) rowGroup(t *thrift, i int) {
	g := &f.groups[i]
	var raw, packed int64
	for _, c := range g.chunks {
		raw += c.raw
		packed += c.packed
	}
	t.beginItem()
	t.list(1, thriftStruct, len(g.chunks))
	for _, c := range g.chunks {
		f.columnChunk(t, &c)
	}
	t.i64(2, raw)
	t.i64(3, g.rows)
	t.i64(5, g.offset)
	t.i64(6, packed)
	if i < 1<<15 {
		t.i16(7, int16(i))
	}
	t.end()
}

func (f *File) columnChunk(t *thrift, c *chunk) {
	t.beginItem()
	first := c.data
	if c.dictionary > 0 {
		first = c.dictionary
	}
	t.i64(2, first)
	t.begin(3)
	t.i32(1, int32(c.column.field.Type))
	encodings := []int32{encodingRLE}
	if c.plainPages > 0 || c.dictPages > 0 && f.opt.V2 {
		encodings = append(encodings, encodingPlain)
	}
	if c.dictPages > 0 {
		if f.opt.V2 {
			encodings = append(encodings, encodingRLEDictionary)
		} else {
			encodings = append(encodings, encodingPlainDictionary)
		}
	}
	t.list(2, thriftI32, len(encodings))
	for _, e := range encodings {
		t.number(e)
	}
	t.list(3, thriftBinary, len(c.column.path))
	for _, name := range c.column.path {
		t.item(name)
	}
	t.i32(4, int32(f.opt.Codec))
	t.i64(5, c.values)
	t.i64(6, c.raw)
	t.i64(7, c.packed)
	t.i64(9, c.data)
	if c.dictionary > 0 {
		t.i64(11, c.dictionary)
	}
	t.begin(12)
	t.i64(3, c.nulls)
	if c.stats != nil {
		t.text(5, string(c.stats[1]))
		t.text(6, string(c.stats[0]))
	}
	t.end()
	t.end()
	t.end()
}
