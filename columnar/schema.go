package columnar

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/hydrant-stream/hydrant/columnar/parquet"
)

// Schema is a table's columns with their types parsed. It is immutable: writers may share one.
type Schema struct {
	names []string
	types []*hiveType
}

// NewSchema parses the columns' types. An error names the column, its place and what is wrong with it.
func NewSchema(cols []Column) (*Schema, error) {
	if len(cols) == 0 {
		return nil, errors.New("columnar: the schema has no columns")
	}
	s := &Schema{}
	seen := map[string]bool{}
	for i, c := range cols {
		name := strings.ToLower(strings.TrimSpace(c.Name))
		if name == "" {
			return nil, fmt.Errorf("columnar: column %d has no name", i+1)
		}
		if seen[name] {
			return nil, fmt.Errorf("columnar: column %d: %q is declared twice", i+1, c.Name)
		}
		seen[name] = true
		t, err := parseType(c.Type)
		if err != nil {
			return nil, fmt.Errorf("columnar: column %d %q: type %q: %w", i+1, c.Name, c.Type, err)
		}
		s.names = append(s.names, name)
		s.types = append(s.types, t)
	}
	return s, nil
}

// field is the Parquet form of a column or member, in the layout of Hive's schema converter.
func (t *hiveType) field(name string) *parquet.Field {
	f := &parquet.Field{Name: name, Repetition: parquet.Optional}
	switch t.kind {
	case kindBoolean:
		f.Type = parquet.Boolean
	case kindTinyint:
		f.Type, f.Converted = parquet.Int32, parquet.Int8
	case kindSmallint:
		f.Type, f.Converted = parquet.Int32, parquet.Int16
	case kindInt:
		f.Type = parquet.Int32
	case kindBigint:
		f.Type = parquet.Int64
	case kindFloat:
		f.Type = parquet.Float
	case kindDouble:
		f.Type = parquet.Double
	case kindString, kindChar, kindVarchar:
		f.Type, f.Converted = parquet.ByteArray, parquet.UTF8
	case kindBinary:
		f.Type = parquet.ByteArray
	case kindDate:
		f.Type, f.Converted = parquet.Int32, parquet.Date
	case kindTimestamp:
		f.Type = parquet.Int96
	case kindDecimal:
		f.Type, f.Converted = parquet.Fixed, parquet.Decimal
		f.Length, f.Precision, f.Scale = decimalBytes(t.precision), t.precision, t.scale
	case kindArray:
		f.Converted = parquet.List
		f.Fields = []*parquet.Field{{
			Name: "bag", Repetition: parquet.Repeated,
			Fields: []*parquet.Field{t.elem.field("array_element")},
		}}
	case kindMap:
		key := t.key.field("key")
		key.Repetition = parquet.Required
		f.Converted = parquet.Map
		f.Fields = []*parquet.Field{{
			Name: "map", Repetition: parquet.Repeated, Converted: parquet.MapKeyValue,
			Fields: []*parquet.Field{key, t.elem.field("value")},
		}}
	case kindStruct:
		for i, member := range t.fields {
			f.Fields = append(f.Fields, member.field(t.names[i]))
		}
	}
	return f
}

// decimalBytes is the least length of a two's complement number of so many digits.
func decimalBytes(precision int) int {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
	return most.Sub(most, big.NewInt(1)).BitLen()/8 + 1
}

// node is a type bound to the columns of one file: what a value is converted into.
type node struct {
	*hiveType
	def, rep uint8             // of a value that is there
	column   *parquet.Column   // of a primitive
	leaves   []*parquet.Column // of the whole subtree
	elem     *node             // array's elements, map's values
	key      *node
	members  []*node
	keys     *keys    // struct: names to members
	pad      [16]byte // decimal: room for a value
	width    int      // decimal: its bytes
}

// bind builds the tree of nodes over the columns, which come depth first, and returns the columns left.
// def and rep are the levels of what is around the value.
func bind(t *hiveType, columns []*parquet.Column, def, rep uint8, required bool, newKeys func(*hiveType) *keys) (*node, []*parquet.Column) {
	n := &node{hiveType: t, def: def + 1, rep: rep}
	if required {
		n.def = def
	}
	rest := columns
	switch t.kind {
	case kindArray:
		n.elem, rest = bind(t.elem, rest, n.def+1, rep+1, false, newKeys)
	case kindMap:
		n.key, rest = bind(t.key, rest, n.def+1, rep+1, true, newKeys)
		n.elem, rest = bind(t.elem, rest, n.def+1, rep+1, false, newKeys)
	case kindStruct:
		for _, member := range t.fields {
			var m *node
			m, rest = bind(member, rest, n.def, rep, false, newKeys)
			n.members = append(n.members, m)
		}
		n.keys = newKeys(t)
	default:
		n.column, rest = rest[0], rest[1:]
		n.width = decimalBytes(t.precision)
	}
	n.leaves = columns[:len(columns)-len(rest)]
	return n, rest
}

// null appends the absence of the value, as seen by every column below it: def is the level of
// what is there.
func (n *node) null(def, rep uint8) {
	for _, c := range n.leaves {
		c.Null(def, rep)
	}
}
