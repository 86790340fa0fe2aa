package parquet

import "encoding/binary"

// Types of Thrift's compact protocol that Parquet's metadata uses.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

// thrift appends structs in Thrift's compact protocol. Fields of a struct come in ascending order:
//
//	field  = (id - previous id) << 4 | type, or type, zigzag(id) where the step is above 15
//	struct = fields, 0
//	list   = size << 4 | type, or 0xf0 | type, uvarint(size) where the size is above 14
//	number = uvarint(zigzag)    binary = uvarint(length), bytes
type thrift struct {
	b    []byte
	last int
	up   []int // last of the structs around this one
}

// newThrift starts a struct in the memory of buf.
func newThrift(buf []byte) *thrift { return &thrift{b: buf[:0]} }

func (t *thrift) done() []byte { return append(t.b, 0) }

func (t *thrift) field(id, kind int) {
	if step := id - t.last; step > 0 && step < 16 {
		t.b = append(t.b, byte(step<<4|kind))
	} else {
		t.b = binary.AppendVarint(append(t.b, byte(kind)), int64(id))
	}
	t.last = id
}

func (t *thrift) flag(id int, v bool) {
	if v {
		t.field(id, thriftTrue)
	} else {
		t.field(id, thriftFalse)
	}
}

func (t *thrift) i16(id int, v int16) {
	t.field(id, thriftI16)
	t.b = binary.AppendVarint(t.b, int64(v))
}

func (t *thrift) i32(id int, v int32) {
	t.field(id, thriftI32)
	t.b = binary.AppendVarint(t.b, int64(v))
}

func (t *thrift) i64(id int, v int64) {
	t.field(id, thriftI64)
	t.b = binary.AppendVarint(t.b, v)
}

func (t *thrift) text(id int, v string) {
	t.field(id, thriftBinary)
	t.item(v)
}

// list starts a list; its elements follow as item, number or beginItem ... end.
func (t *thrift) list(id, kind, size int) {
	t.field(id, thriftList)
	if size < 15 {
		t.b = append(t.b, byte(size<<4|kind))
		return
	}
	t.b = binary.AppendUvarint(append(t.b, byte(0xf0|kind)), uint64(size))
}

func (t *thrift) item(v string) {
	t.b = append(binary.AppendUvarint(t.b, uint64(len(v))), v...)
}

func (t *thrift) number(v int32) { t.b = binary.AppendVarint(t.b, int64(v)) }

// begin starts a struct in a field, beginItem one in a list.
func (t *thrift) begin(id int) {
	t.field(id, thriftStruct)
	t.beginItem()
}

func (t *thrift) beginItem() {
	t.up = append(t.up, t.last)
	t.last = 0
}

func (t *thrift) end() {
	t.b = append(t.b, 0)
	t.last = t.up[len(t.up)-1]
	t.up = t.up[:len(t.up)-1]
}
