package parquet

import (
	"encoding/binary"
	"math"
)

// Column is a leaf of the schema: the values of the open page in PLAIN encoding, their levels, and the
// finished pages of the open row group.
//
// Each append takes the definition and the repetition level of the value. A value that is there has
// the column's MaxDef.
type Column struct {
	MaxDef, MaxRep uint8

	field *Field
	path  []string
	width int

	values, defs, reps []byte // the open page; reps stays empty when MaxRep is 0
	mark               [3]int // their lengths at Mark

	cut         int64 // rows of the row group that are in finished pages
	pages       [][]byte
	pageBytes   int64
	rawBytes    int64 // of the pages before compression, headers included
	count       int64 // values in pages, nulls included
	nulls       int64
	plainPages  int
	dictPages   int
	stats       stats
	dict        *dictionary // nil: not wanted, or given up in this row group
	dictAllowed bool
}

func newColumn(field *Field, path []string, def, rep uint8, opt Options) *Column {
	c := &Column{
		MaxDef: def, MaxRep: rep, field: field, path: path,
		width:       field.Type.width(field.Length),
		dictAllowed: opt.Dictionary && field.Type != Boolean,
	}
	c.reset()
	return c
}

// reset makes the column ready for a new row group. Buffers of the open page are kept.
func (c *Column) reset() {
	c.values, c.defs, c.reps = c.values[:0], c.defs[:0], c.reps[:0]
	c.cut, c.pages, c.pageBytes, c.rawBytes = 0, nil, 0, 0
	c.count, c.nulls, c.plainPages, c.dictPages = 0, 0, 0, 0
	c.stats = newStats(c.field)
	c.dict = nil
	if c.dictAllowed {
		c.dict = newDictionary(c.width)
	}
}

func (c *Column) held() int64 {
	n := c.pageBytes + int64(cap(c.values)+cap(c.defs)+cap(c.reps))
	if c.dict != nil {
		n += c.dict.held()
	}
	return n
}

func (c *Column) level(def, rep uint8) {
	c.defs = append(c.defs, def)
	if c.MaxRep > 0 {
		c.reps = append(c.reps, rep)
	}
}

// Null appends the absence of a value: def is below MaxDef.
func (c *Column) Null(def, rep uint8) { c.level(def, rep) }

// Bool appends to a Boolean column.
func (c *Column) Bool(v bool, rep uint8) {
	c.level(c.MaxDef, rep)
	var b byte
	if v {
		b = 1
	}
	c.values = append(c.values, b)
}

// Int32 appends to an Int32 column.
func (c *Column) Int32(v int32, rep uint8) {
	c.level(c.MaxDef, rep)
	c.values = binary.LittleEndian.AppendUint32(c.values, uint32(v))
}

// Int64 appends to an Int64 column.
func (c *Column) Int64(v int64, rep uint8) {
	c.level(c.MaxDef, rep)
	c.values = binary.LittleEndian.AppendUint64(c.values, uint64(v))
}

// Int96 appends a timestamp: nanoseconds of the day, and the Julian day.
func (c *Column) Int96(nanos uint64, day uint32, rep uint8) {
	c.level(c.MaxDef, rep)
	c.values = binary.LittleEndian.AppendUint64(c.values, nanos)
	c.values = binary.LittleEndian.AppendUint32(c.values, day)
}

// Float appends to a Float column.
func (c *Column) Float(v float32, rep uint8) {
	c.level(c.MaxDef, rep)
	c.values = binary.LittleEndian.AppendUint32(c.values, math.Float32bits(v))
}

// Double appends to a Double column.
func (c *Column) Double(v float64, rep uint8) {
	c.level(c.MaxDef, rep)
	c.values = binary.LittleEndian.AppendUint64(c.values, math.Float64bits(v))
}

// Fixed appends to a Fixed column; v has the field's Length.
func (c *Column) Fixed(v []byte, rep uint8) {
	c.level(c.MaxDef, rep)
	c.values = append(c.values, v...)
}

// Bytes appends to a ByteArray column.
func (c *Column) Bytes(v []byte, rep uint8) {
	c.level(c.MaxDef, rep)
	c.values = binary.LittleEndian.AppendUint32(c.values, uint32(len(v)))
	c.values = append(c.values, v...)
}

// BeginBytes and EndBytes append to a ByteArray column in place: append the value to what BeginBytes
// returns, and hand the result to EndBytes. Nothing else may be appended to the column in between.
func (c *Column) BeginBytes() []byte { return append(c.values, 0, 0, 0, 0) }

// EndBytes ends what BeginBytes began. Without it the column is as it was.
func (c *Column) EndBytes(buf []byte, rep uint8) {
	c.level(c.MaxDef, rep)
	at := len(c.values)
	binary.LittleEndian.PutUint32(buf[at:], uint32(len(buf)-at-4))
	c.values = buf
}
