// Package parquet writes Parquet files column by column, and nothing else: it does not read them, and
// it does not know what a row means.
//
// A File hands out one Column per leaf of its schema. The caller appends values and levels to the
// columns, calls EndRow for each row that is complete in all of them, and may take back what it
// appended since the last EndRow with Mark and Rollback. Values lie in a column already in PLAIN encoding,
// so that a page is its levels, its bytes as they are, and the compressor. Pages are cut and compressed
// as rows arrive; a row group is written when its pages reach the block size. The same calls give the
// same bytes.
//
// The format is that of github.com/apache/parquet-format 2.x, limited to what the Java writers of the
// Hive family emit: PLAIN and dictionary encodings, data pages of version 1 and 2.
package parquet

import (
	"fmt"
	"io"
)

// Type is a physical type. The values are those of the format.
type Type uint8

const (
	Boolean   Type = 0
	Int32     Type = 1
	Int64     Type = 2
	Int96     Type = 3
	Float     Type = 4
	Double    Type = 5
	ByteArray Type = 6
	Fixed     Type = 7 // FIXED_LEN_BYTE_ARRAY
)

// width is the bytes of a value in a column's buffer; 0 for ByteArray, whose values carry their length.
// Booleans take a byte each until their page is cut.
func (t Type) width(fixed int) int {
	switch t {
	case Boolean:
		return 1
	case Int32, Float:
		return 4
	case Int64, Double:
		return 8
	case Int96:
		return 12
	case Fixed:
		return fixed
	}
	return 0
}

// Converted says what a physical type means. The zero value says nothing; the others are one more
// than the format's number.
type Converted uint8

const (
	Plain       Converted = 0
	UTF8        Converted = 1 + 0
	Map         Converted = 1 + 1
	MapKeyValue Converted = 1 + 2
	List        Converted = 1 + 3
	Decimal     Converted = 1 + 5
	Date        Converted = 1 + 6
	Int8        Converted = 1 + 15
	Int16       Converted = 1 + 16
)

// Repetition of a field. The values are those of the format.
type Repetition uint8

const (
	Required Repetition = 0
	Optional Repetition = 1
	Repeated Repetition = 2
)

// Field is a node of the schema. One with Fields is a group; any other is a leaf and becomes a Column.
type Field struct {
	Name       string
	Repetition Repetition
	Type       Type
	Length     int // bytes of a Fixed value
	Converted  Converted
	Precision  int // of a Decimal
	Scale      int
	Fields     []*Field
}

// Codec compresses pages. The values are those of the format.
type Codec uint8

const (
	Uncompressed Codec = 0
	Snappy       Codec = 1
	Gzip         Codec = 2
	Zstd         Codec = 6
)

// Options of a file. All have to be set; there are no defaults here.
type Options struct {
	Codec      Codec
	BlockBytes int64 // a row group is written when its pages and buffers reach this
	PageBytes  int64 // a page is cut when its values reach this, or at maxPageRows
	Dictionary bool  // try a dictionary for every column but booleans, and keep it where it is smaller
	V2         bool  // data pages of version 2
	CreatedBy  string
}

// maxPageRows bounds a page whatever its bytes, so that memory is bounded by rows and the open pages of
// a narrow table stay in the processor's cache.
const maxPageRows = 10_000

// File is a Parquet file being written. It is not safe for concurrent use.
type File struct {
	out     io.Writer
	opt     Options
	root    *Field
	columns []*Column
	rows    int64 // in the open row group
	total   int64 // in the row groups written
	unseen  int   // bytes appended, by the caller's account, since the columns were last looked at
	offset  int64
	groups  []rowGroup
	codec   compressor
	err     error // of the sink; sticky
}

// NewFile returns a file with the columns of root, a group whose fields are the top-level columns.
func NewFile(out io.Writer, root *Field, opt Options) (*File, error) {
	codec, err := newCompressor(opt.Codec)
	if err != nil {
		return nil, err
	}
	f := &File{out: out, opt: opt, root: root, codec: codec}
	for _, field := range root.Fields {
		f.grow(field, nil, 0, 0)
	}
	if len(f.columns) == 0 {
		return nil, fmt.Errorf("parquet: a schema without columns")
	}
	return f, nil
}

func (f *File) grow(field *Field, path []string, def, rep uint8) {
	path = append(path[:len(path):len(path)], field.Name)
	if field.Repetition != Required {
		def++
	}
	if field.Repetition == Repeated {
		rep++
	}
	if len(field.Fields) == 0 {
		f.columns = append(f.columns, newColumn(field, path, def, rep, f.opt))
		return
	}
	for _, child := range field.Fields {
		f.grow(child, path, def, rep)
	}
}

// Columns are the leaves of the schema, depth first.
func (f *File) Columns() []*Column { return f.columns }

// Rows in the file so far.
func (f *File) Rows() int64 { return f.total + f.rows }

// Buffered is the memory held in columns and in pages that wait for their row group.
func (f *File) Buffered() int64 {
	var n int64
	for _, c := range f.columns {
		n += c.held()
	}
	return n
}

// Mark notes the state of all columns; Rollback returns to it. No row may end in between.
func (f *File) Mark() {
	for _, c := range f.columns {
		c.mark = [3]int{len(c.values), len(c.defs), len(c.reps)}
	}
}

// Rollback takes back all that was appended since Mark.
func (f *File) Rollback() {
	for _, c := range f.columns {
		c.values, c.defs, c.reps = c.values[:c.mark[0]], c.defs[:c.mark[1]], c.reps[:c.mark[2]]
	}
}

// lookEvery is how many appended bytes may pass until columns are checked for full pages.
const lookEvery = 16 << 10

// EndRows says that n rows are complete in every column, and that about size bytes were appended for
// them. An error is of the sink, and final.
func (f *File) EndRows(n int64, size int) error {
	f.rows += n
	f.unseen += size
	if f.unseen < lookEvery {
		return nil
	}
	f.unseen = 0
	return f.cutPages()
}

func (f *File) cutPages() error {
	var held int64
	for _, c := range f.columns {
		if int64(len(c.values)) >= f.opt.PageBytes || f.rows-c.cut >= maxPageRows {
			if err := f.cutPage(c); err != nil {
				return err
			}
		}
		held += c.pageBytes + int64(len(c.values)+len(c.defs)+len(c.reps))
	}
	if held >= f.opt.BlockBytes {
		return f.endGroup()
	}
	return nil
}

// Close writes the open row group and the footer. It does not close the sink.
func (f *File) Close() error {
	if f.offset == 0 && f.err == nil {
		f.write([]byte(magic))
	}
	if f.rows > 0 {
		if err := f.endGroup(); err != nil {
			return err
		}
	}
	f.write(f.footer())
	return f.err
}

func (f *File) write(b []byte) {
	if f.err != nil {
		return
	}
	n, err := f.out.Write(b)
	f.offset += int64(n)
	if err != nil {
		f.err = fmt.Errorf("parquet: %w", err)
	}
}

// endGroup writes the pages of all columns, one column after the other, and starts a new row group.
func (f *File) endGroup() error {
	if f.offset == 0 {
		f.write([]byte(magic))
	}
	group := rowGroup{rows: f.rows, offset: f.offset, chunks: make([]chunk, len(f.columns))}
	for i, c := range f.columns {
		if len(c.defs) > 0 {
			if err := f.cutPage(c); err != nil {
				return err
			}
		}
		ch, err := f.endChunk(c)
		if err != nil {
			return err
		}
		group.chunks[i] = ch
	}
	f.groups = append(f.groups, group)
	f.total += f.rows
	f.rows = 0
	return f.err
}

// endChunk writes a column's dictionary and pages and makes the column ready for the next row group.
func (f *File) endChunk(c *Column) (chunk, error) {
	ch := chunk{column: c, values: c.count, nulls: c.nulls, stats: c.stats.bounds()}
	if c.dictPages > 0 {
		page, raw, err := f.dictionaryPage(c)
		if err != nil {
			return ch, err
		}
		ch.dictionary = f.offset
		ch.raw, ch.packed = int64(raw), int64(len(page))
		f.write(page)
	}
	ch.data = f.offset
	ch.raw += c.rawBytes
	ch.packed += c.pageBytes
	ch.plainPages = c.plainPages
	ch.dictPages = c.dictPages
	for _, page := range c.pages {
		f.write(page)
	}
	c.reset()
	return ch, f.err
}
