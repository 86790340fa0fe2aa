package columnar_test

import (
	"bytes"
	"encoding/base64"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/hydrant-stream/hydrant/columnar"
)

// readback reads a file with a library that had no part in writing it, puts the rows together from
// their levels, and prints each as compact text: {"name":value,...}.
func readback(t testing.TB, data []byte) []string {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	var leaves []format.SchemaElement
	for _, e := range f.Metadata().Schema {
		if e.Type.Valid {
			leaves = append(leaves, e)
		}
	}
	var out []string
	for _, group := range f.RowGroups() {
		rows := group.Rows()
		buf := make([]parquet.Row, 64)
		for {
			n, err := rows.ReadRows(buf)
			for _, row := range buf[:n] {
				a := assembler{elements: leaves}
				for _, v := range row {
					for len(a.leaves) <= v.Column() {
						a.leaves = append(a.leaves, nil)
					}
					a.leaves[v.Column()] = append(a.leaves[v.Column()], v.Clone())
				}
				var b strings.Builder
				a.group(&b, f.Root(), 0, 0)
				out = append(out, b.String())
			}
			if err != nil {
				break
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
	if int64(len(out)) != f.NumRows() {
		t.Fatalf("read %d rows, the footer says %d", len(out), f.NumRows())
	}
	return out
}

type assembler struct {
	elements []format.SchemaElement
	leaves   []parquet.Row
}

func under(c *parquet.Column) (leaves []int) {
	if c.Leaf() {
		return []int{c.Index()}
	}
	for _, child := range c.Columns() {
		leaves = append(leaves, under(child)...)
	}
	return leaves
}

func (a *assembler) drop(c *parquet.Column) {
	for _, leaf := range under(c) {
		a.leaves[leaf] = a.leaves[leaf][1:]
	}
}

func (a *assembler) node(b *strings.Builder, c *parquet.Column, def, rep int) {
	first := under(c)[0]
	if c.Optional() {
		def++
		if a.leaves[first][0].DefinitionLevel() < def {
			a.drop(c)
			b.WriteString("null")
			return
		}
	}
	if c.Leaf() {
		b.WriteString(text(a.elements[c.Index()], a.leaves[first][0]))
		a.leaves[first] = a.leaves[first][1:]
		return
	}
	kids := c.Columns()
	if len(kids) != 1 || !kids[0].Repeated() {
		a.group(b, c, def, rep)
		return
	}
	inner := kids[0]
	list := len(inner.Columns()) == 1
	b.WriteString(map[bool]string{true: "[", false: "<"}[list])
	def, rep = def+1, rep+1
	if a.leaves[first][0].DefinitionLevel() < def {
		a.drop(c)
	} else {
		for n := 0; n == 0 || len(a.leaves[first]) > 0 && a.leaves[first][0].RepetitionLevel() == rep; n++ {
			if n > 0 {
				b.WriteByte(',')
			}
			a.node(b, inner.Columns()[0], def, rep)
			if !list {
				b.WriteByte(':')
				a.node(b, inner.Columns()[1], def, rep)
			}
		}
	}
	b.WriteString(map[bool]string{true: "]", false: ">"}[list])
}

func (a *assembler) group(b *strings.Builder, c *parquet.Column, def, rep int) {
	b.WriteByte('{')
	for i, child := range c.Columns() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(child.Name()) + ":")
		a.node(b, child, def, rep)
	}
	b.WriteByte('}')
}

func text(e format.SchemaElement, v parquet.Value) string {
	converted := deprecated.ConvertedType(-1)
	if e.ConvertedType.Valid {
		converted = e.ConvertedType.V
	}
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.FormatBool(v.Boolean())
	case parquet.Int32:
		if converted == deprecated.Date {
			return time.Unix(int64(v.Int32())*86400, 0).UTC().Format("2006-01-02")
		}
		return strconv.Itoa(int(v.Int32()))
	case parquet.Int64:
		return strconv.FormatInt(v.Int64(), 10)
	case parquet.Int96:
		w := v.Int96()
		nanos := int64(w[1])<<32 | int64(w[0])
		return time.Unix((int64(w[2])-2440588)*86400, nanos).UTC().Format("2006-01-02T15:04:05.999999999")
	case parquet.Float:
		return strconv.FormatFloat(float64(v.Float()), 'g', -1, 32)
	case parquet.Double:
		return strconv.FormatFloat(v.Double(), 'g', -1, 64)
	case parquet.FixedLenByteArray:
		return decimal(v.ByteArray(), int(e.Scale.V))
	}
	if converted == deprecated.UTF8 {
		return strconv.Quote(string(v.ByteArray()))
	}
	return "base64:" + base64.StdEncoding.EncodeToString(v.ByteArray())
}

func decimal(b []byte, scale int) string {
	n := new(big.Int).SetBytes(b)
	if b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	neg := n.Sign() < 0
	s := n.Abs(n).String()
	for len(s) <= scale {
		s = "0" + s
	}
	if scale > 0 {
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
	}
	if neg {
		s = "-" + s
	}
	return s
}

// columns parses "name type; name type".
func columns(spec string) (cols []columnar.Column) {
	for part := range strings.SplitSeq(spec, ";") {
		name, kind, _ := strings.Cut(strings.TrimSpace(part), " ")
		cols = append(cols, columnar.Column{Name: name, Type: kind})
	}
	return cols
}

func newWriter(t testing.TB, out *bytes.Buffer, spec string, in columnar.Input, opt columnar.Output) *columnar.Writer {
	t.Helper()
	schema, err := columnar.NewSchema(columns(spec))
	if err != nil {
		t.Fatal(err)
	}
	w, err := columnar.NewWriter(out, schema, in, opt)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
