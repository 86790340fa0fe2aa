package tlc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/hydrant-stream/hydrant/taxi"
)

// parquetRows reads a Parquet file a row group at a time, a batch of rows per column. Only flat
// columns that fill a member of the event are touched.
type parquetRows struct {
	name  string
	file  *file.Reader
	group int // the next row group
	left  int64
	cols  []parquetColumn
	n     int // rows read of the whole file
	row   taxi.Row
	text  []byte // the row's values as text; row points into it
}

// openParquet reads from disk where it can: the format's directory stands at the end of the file.
// From a pipe or a compressed file all of it is taken into memory first.
func openParquet(name string, stream io.Reader, disk *os.File) (rows, error) {
	var at parquet.ReaderAtSeeker
	if disk != nil {
		at = disk
	}
	if at == nil {
		all, err := io.ReadAll(stream)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		at = bytes.NewReader(all)
	}
	p := &parquetRows{name: name}
	err := guard(func() (err error) {
		p.file, err = file.NewParquetReader(at)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// guard turns the Parquet library's panics on damaged pages into errors.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged Parquet: %v", p)
		}
	}()
	return f()
}

func (p *parquetRows) next(t *taxi.Trip) error {
	var bad error
	err := guard(func() error {
		for p.left == 0 {
			if err := p.openGroup(); err != nil {
				return err
			}
		}
		p.left--
		p.n++
		p.row.Reset()
		p.text = p.text[:0]
		for i := range p.cols {
			start := len(p.text)
			var err error
			if p.text, err = p.cols[i].next(p.text, p.left+1); err != nil {
				return fmt.Errorf("column %s: %w", p.cols[i].name, err)
			}
			// Growth of p.text leaves earlier values in the old array, which the row keeps alive.
			p.row.Set(p.cols[i].field, p.text[start:])
		}
		bad = p.row.Trip(t)
		return nil
	})
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case err != nil:
		return fmt.Errorf("%s:%d: %w", p.name, p.n, err)
	case bad != nil:
		return &RowError{File: p.name, Line: p.n, Err: bad}
	}
	return nil
}

func (p *parquetRows) openGroup() error {
	if p.group == p.file.NumRowGroups() {
		return io.EOF
	}
	g := p.file.RowGroup(p.group)
	p.group++
	p.left = g.NumRows()
	p.cols = p.cols[:0]
	var seen [taxi.Total + 1]bool
	for i := range g.NumColumns() {
		col := p.file.MetaData().Schema.Column(i)
		f := column([]byte(col.Name()))
		if f == ignored || col.MaxRepetitionLevel() > 0 || seen[f] {
			continue
		}
		seen[f] = true
		chunk, err := g.Column(i)
		if err != nil {
			return err
		}
		p.cols = append(p.cols, parquetColumn{name: col.Name(), field: f, chunk: chunk, maxDef: col.MaxDefinitionLevel(), unit: timeUnit(col)})
	}
	if !seen[taxi.Pickup] || !seen[taxi.Dropoff] {
		return errors.New("not trip records: no column of pickup and dropoff times")
	}
	return nil
}

// timeUnit is the length of a tick in nanoseconds where an INT64 column holds instants, else 0.
func timeUnit(col *schema.Column) int64 {
	if ts, ok := col.LogicalType().(schema.TimestampLogicalType); ok {
		switch ts.TimeUnit() {
		case schema.TimeUnitMillis:
			return 1e6
		case schema.TimeUnitMicros:
			return 1e3
		default:
			return 1
		}
	}
	switch col.ConvertedType() {
	case schema.ConvertedTypes.TimestampMillis:
		return 1e6
	case schema.ConvertedTypes.TimestampMicros:
		return 1e3
	}
	return 0
}

const parquetBatch = 1024

// parquetColumn reads one column of a row group, a batch ahead.
type parquetColumn struct {
	name   string
	field  taxi.Field
	chunk  file.ColumnChunkReader
	maxDef int16
	unit   int64

	defs      [parquetBatch]int16
	rows, row int
	value     int // index of the next value that is there; absent ones take no slot
	i32       []int32
	i64       []int64
	i96       []parquet.Int96
	f32       []float32
	f64       []float64
	bytes     []parquet.ByteArray
}

// next appends the column's value in the next row as text; an absent one appends nothing.
func (c *parquetColumn) next(dst []byte, left int64) ([]byte, error) {
	if c.row == c.rows {
		if err := c.fill(min(left, parquetBatch)); err != nil {
			return dst, err
		}
	}
	c.row++
	if c.defs[c.row-1] < c.maxDef {
		return dst, nil
	}
	i := c.value
	c.value++
	switch c.chunk.(type) {
	case *file.Int32ColumnChunkReader:
		return strconv.AppendInt(dst, int64(c.i32[i]), 10), nil
	case *file.Int64ColumnChunkReader:
		if c.unit > 0 {
			return taxi.AppendTime(dst, floorDiv(c.i64[i], 1e6/c.unit)), nil
		}
		return strconv.AppendInt(dst, c.i64[i], 10), nil
	case *file.Int96ColumnChunkReader:
		return taxi.AppendTime(dst, c.i96[i].ToTime().UnixMilli()), nil
	case *file.Float32ColumnChunkReader:
		return appendFloat(dst, float64(c.f32[i]), 32), nil
	case *file.Float64ColumnChunkReader:
		return appendFloat(dst, c.f64[i], 64), nil
	default:
		return append(dst, c.bytes[i]...), nil
	}
}

// fill reads the next n rows, or as many as the library gives at once.
func (c *parquetColumn) fill(n int64) error {
	var total int64
	var err error
	defs := c.defs[:n]
	for i := range defs {
		defs[i] = c.maxDef // left as it is for a required column
	}
	switch r := c.chunk.(type) {
	case *file.Int32ColumnChunkReader:
		c.i32 = sized(c.i32)
		total, _, err = r.ReadBatch(n, c.i32, defs, nil)
	case *file.Int64ColumnChunkReader:
		c.i64 = sized(c.i64)
		total, _, err = r.ReadBatch(n, c.i64, defs, nil)
	case *file.Int96ColumnChunkReader:
		c.i96 = sized(c.i96)
		total, _, err = r.ReadBatch(n, c.i96, defs, nil)
	case *file.Float32ColumnChunkReader:
		c.f32 = sized(c.f32)
		total, _, err = r.ReadBatch(n, c.f32, defs, nil)
	case *file.Float64ColumnChunkReader:
		c.f64 = sized(c.f64)
		total, _, err = r.ReadBatch(n, c.f64, defs, nil)
	case *file.ByteArrayColumnChunkReader:
		c.bytes = sized(c.bytes)
		total, _, err = r.ReadBatch(n, c.bytes, defs, nil)
	default:
		return fmt.Errorf("values of type %s are not read", c.chunk.Type())
	}
	if err == nil && total <= 0 {
		err = io.ErrUnexpectedEOF
	}
	c.rows, c.row, c.value = int(total), 0, 0
	return err
}

func sized[T any](s []T) []T {
	if s == nil {
		s = make([]T, parquetBatch)
	}
	return s
}

// appendFloat spells a number as briefly as it can be read back; NaN is how some writers say null.
func appendFloat(dst []byte, x float64, bits int) []byte {
	if math.IsNaN(x) {
		return dst
	}
	return strconv.AppendFloat(dst, x, 'f', -1, bits)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
