package columnar

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hydrant-stream/hydrant/columnar/parquet"
)

// Writer turns records into one Parquet file. It is not safe for concurrent use.
type Writer struct {
	file *parquet.File
	root *node
	err  error // of the sink; sticky

	hive       bool // Hive's rules, else OpenX's
	fold       bool // keys are compared in lower case
	timeParser *timeParser

	reject   *Reject
	lastWins bool      // look ahead in every object for the last of equal keys
	last     []lastKey // lastWins: the fields of the objects around the current place
	hashes   []uint64  // the keys of the maps around the current place
	mapKeys  []mapKey  // lastWins: the same, with their places
	text     []byte    // a string without its escapes
}

// NewWriter starts a file on w. It fails for options that AWS refuses; the sink is written to later.
func NewWriter(w io.Writer, s *Schema, in Input, out Output) (*Writer, error) {
	if in.OpenX != nil && in.Hive != nil {
		return nil, fmt.Errorf("columnar: more than one deserializer specified")
	}
	wr := &Writer{hive: in.Hive != nil, fold: true}
	var openx OpenX
	if in.OpenX != nil {
		openx = *in.OpenX
		wr.fold = !openx.CaseSensitive
	}
	if wr.hive && len(in.Hive.TimestampFormats) > 0 {
		var err error
		if wr.timeParser, err = newTimeParser(in.Hive.TimestampFormats); err != nil {
			return nil, err
		}
	}
	opt, err := out.options()
	if err != nil {
		return nil, err
	}
	root := &hiveType{kind: kindStruct, names: s.names, fields: s.types}
	message := root.field("hive_schema")
	if wr.file, err = parquet.NewFile(w, message, opt); err != nil {
		return nil, fmt.Errorf("columnar: %w", err)
	}
	mapping := make(map[string]string, len(openx.ColumnToKeyMapping))
	for column, key := range openx.ColumnToKeyMapping {
		mapping[strings.ToLower(column)] = key
	}
	bindKeys := func(t *hiveType) *keys {
		names := make([]string, len(t.names))
		for i, name := range t.names {
			if key, ok := mapping[name]; ok {
				name = key
			}
			names[i] = name
		}
		return newKeys(names, wr.fold, openx.DotsToUnderscores)
	}
	wr.root, _ = bind(root, wr.file.Columns(), 0, 0, true, bindKeys)
	return wr, nil
}

// options are Firehose's defaults where Output says nothing.
func (o Output) options() (parquet.Options, error) {
	opt := parquet.Options{
		BlockBytes: o.BlockSizeBytes,
		PageBytes:  o.PageSizeBytes,
		Dictionary: o.EnableDictionary,
		CreatedBy:  "hydrant",
	}
	if opt.BlockBytes <= 0 {
		opt.BlockBytes = 256 << 20
	}
	if opt.PageBytes <= 0 {
		opt.PageBytes = 1 << 20
	}
	switch o.Compression {
	case "", "SNAPPY":
		opt.Codec = parquet.Snappy
	case "GZIP":
		opt.Codec = parquet.Gzip
	case "ZSTD":
		opt.Codec = parquet.Zstd
	case "UNCOMPRESSED":
		opt.Codec = parquet.Uncompressed
	default:
		return opt, fmt.Errorf("columnar: unknown compression %q", o.Compression)
	}
	switch o.WriterVersion {
	case "", "V1":
	case "V2":
		opt.V2 = true
	default:
		return opt, fmt.Errorf("columnar: unknown writer version %q", o.WriterVersion)
	}
	return opt, nil
}

// Rows is the number of rows converted so far.
func (w *Writer) Rows() int64 { return w.file.Rows() }

// Buffered is the bytes held in memory now: open pages, and compressed ones that wait for their row group.
func (w *Writer) Buffered() int64 {
	return w.file.Buffered() + int64(cap(w.text)+16*cap(w.last)+8*cap(w.hashes)+16*cap(w.mapKeys))
}

// Close writes what is held and the footer. It does not close the sink. No rows make a valid, empty file.
// The same records added in the same order give the same bytes, whatever bad ones came between.
func (w *Writer) Close() error {
	if w.err == nil {
		w.err = w.file.Close()
	}
	if w.err != nil {
		return fmt.Errorf("columnar: %w", w.err)
	}
	w.err = errClosed
	return nil
}

var errClosed = errors.New("the writer is closed")

// Add converts a record: one JSON object or several, each a row, with or without white space between.
// A record that cannot be converted is answered with a *Reject and leaves no trace. Any other error is
// of the sink, and final: the rows of the file are to be written again elsewhere. Nothing is kept of
// the record's memory.
func (w *Writer) Add(record []byte) error {
	if w.err != nil {
		return fmt.Errorf("columnar: %w", w.err)
	}
	w.file.Mark()
	rows := w.documents(record)
	if w.reject != nil && w.reject.Code == codeMalformedData {
		// Rare: a key may have come twice, and the last one counts. Read again, looking ahead.
		w.file.Rollback()
		w.reject, w.lastWins = nil, true
		rows = w.documents(record)
		w.lastWins = false
	}
	if w.reject != nil {
		w.file.Rollback()
		return w.rejection(record)
	}
	if err := w.file.EndRows(rows, len(record)); err != nil {
		w.err = err
		return fmt.Errorf("columnar: %w", err)
	}
	return nil
}

// documents converts all documents of a record and counts them.
func (w *Writer) documents(b []byte) (rows int64) {
	w.last, w.hashes, w.mapKeys = w.last[:0], w.hashes[:0], w.mapKeys[:0]
	i := skipSpace(b, 0)
	if i == len(b) {
		w.malformed(0, "The record was empty or contained only whitespace.")
		return 0
	}
	for i < len(b) {
		if b[i] != '{' {
			w.topLevel(b, i)
			return rows
		}
		if i = w.object(w.root, b, i, 0); i < 0 {
			return rows
		}
		rows++
		i = skipSpace(b, i)
	}
	return rows
}

// topLevel rejects a document that is not an object.
func (w *Writer) topLevel(b []byte, i int) {
	end := w.skip(b, i, 0)
	switch {
	case end < 0: // not JSON at all
	case b[i] == '[':
		w.malformed(i, "Data does not match the schema. The input JSON contained an array at the top level. A record must hold JSON objects.")
	default:
		w.malformed(i, "The input JSON contained a primitive at the top level. The top level must be an object or array.")
	}
}
