package athena

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/query"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// A result is two objects, of which clients read the first:
//
//	<id>.csv            of a query: a line of names, then the rows; every value is in double quotes, those
//	                    in it doubled; NULL is nothing, without quotes
//	<id>.txt            of any other statement: a line per row
//	<id>.csv.metadata   the columns (ColumnInfo), as JSON

const metadataSuffix = ".metadata"

type metadata struct{ Columns []ColumnInfo }

// splitURI takes s3://bucket/key apart.
func splitURI(uri string) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	return bucket, key
}

// writeRows runs a query into a CSV object. Nothing is written where the query fails.
func (s *Service) writeRows(ctx context.Context, e *execution, st query.Statement) error {
	var columns []ColumnInfo
	err := s.stream(ctx, e, func(w *bufio.Writer) error {
		var types []query.Type
		return s.config.Query.Stream(ctx, st, func(heads []query.Column) error {
			names := make([]*string, len(heads))
			for i, h := range heads {
				t := query.ParseType(h.Type)
				types, columns = append(types, t), append(columns, columnInfo(h.Name, h.Type, t))
				names[i] = &heads[i].Name
			}
			return writeCSV(w, names)
		}, func(row []any) error {
			e.Rows++
			values := make([]*string, len(row))
			for i, v := range row {
				if v != nil {
					text := valueText(v, types[i])
					values[i] = &text
				}
			}
			return writeCSV(w, values)
		})
	})
	if err != nil {
		return err
	}
	return s.writeMetadata(ctx, e, columns)
}

// writePlan runs an EXPLAIN into lines.
func (s *Service) writePlan(ctx context.Context, e *execution, st query.Statement) error {
	var lines []string
	err := s.config.Query.Stream(ctx, st, func([]query.Column) error { return nil }, func(row []any) error {
		if len(row) == 2 {
			lines = append(lines, strings.Split(fmt.Sprint(row[1]), "\n")...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.writeLines(ctx, e, []string{"Query Plan"}, lines)
}

// writeLines writes the result of a statement that is no query.
func (s *Service) writeLines(ctx context.Context, e *execution, names, lines []string) error {
	columns := []ColumnInfo{}
	for _, n := range names {
		columns = append(columns, ColumnInfo{CatalogName: "hive", Name: n, Label: n, Type: "string", Nullable: "UNKNOWN"})
	}
	e.Rows = int64(len(lines))
	err := s.stream(ctx, e, func(w *bufio.Writer) error {
		for _, l := range lines {
			w.WriteString(l)
			w.WriteByte('\n')
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.writeMetadata(ctx, e, columns)
}

// stream puts what fill writes as the result's object, or nothing where fill fails.
func (s *Service) stream(ctx context.Context, e *execution, fill func(*bufio.Writer) error) error {
	bucket, key := splitURI(e.Output)
	r, w := io.Pipe()
	put := make(chan error, 1)
	go func() {
		info, err := s.config.Lake.Put(ctx, bucket, key, r, blob.Put{Meta: blob.Meta{ContentType: "application/octet-stream"}})
		e.Bytes = info.Size
		r.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // so that the writer does not wait for a reader that gave up
		put <- err
	}()
	b := bufio.NewWriterSize(w, 64<<10)
	err := fill(b)
	if err == nil {
		err = b.Flush()
	}
	flushed := time.Now()
	w.CloseWithError(err)
	stored := <-put
	e.Written += time.Since(flushed)
	switch {
	case errors.Is(stored, blob.ErrNoBucket):
		return fail("Unable to verify/create output bucket %s", bucket)
	case err != nil && !errors.Is(err, io.ErrClosedPipe):
		return err
	}
	return stored
}

func (s *Service) writeMetadata(ctx context.Context, e *execution, columns []ColumnInfo) error {
	b, err := json.Marshal(metadata{columns})
	if err != nil {
		return err
	}
	bucket, key := splitURI(e.Output)
	_, err = s.config.Lake.Put(ctx, bucket, key+metadataSuffix, strings.NewReader(string(b)), blob.Put{Meta: blob.Meta{ContentType: "application/octet-stream"}})
	return err
}

func writeCSV(w *bufio.Writer, values []*string) error {
	for i, v := range values {
		if i > 0 {
			w.WriteByte(',')
		}
		if v == nil {
			continue
		}
		w.WriteByte('"')
		w.WriteString(strings.ReplaceAll(*v, `"`, `""`))
		w.WriteByte('"')
	}
	return w.WriteByte('\n')
}

// readCSV reads one record as writeCSV wrote it, and how many bytes it was. io.EOF after the last.
func readCSV(r *bufio.Reader) (row Row, n int64, err error) {
	row.Data = []Datum{}
	var field []byte
	quoted, given := false, false
	for {
		c, err := r.ReadByte()
		if err != nil {
			if err == io.EOF && n > 0 {
				err = io.ErrUnexpectedEOF
			}
			return row, n, err
		}
		n++
		switch {
		case quoted && c == '"':
			if next, err := r.Peek(1); err == nil && next[0] == '"' {
				_, _ = r.Discard(1) // peeked at: it is there
				n++
				field = append(field, '"')
			} else {
				quoted = false
			}
		case quoted:
			field = append(field, c)
		case c == '"':
			quoted, given = true, true
		case c == ',' || c == '\n':
			d := Datum{}
			if given {
				text := string(field)
				d.VarCharValue = &text
			}
			row.Data = append(row.Data, d)
			if field, given = field[:0], false; c == '\n' {
				return row, n, nil
			}
		default:
			return row, n, fmt.Errorf("result: byte %q outside of quotes", c)
		}
	}
}

// readLine reads one line of a text result: a row of one value.
func readLine(r *bufio.Reader) (Row, int64, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return Row{}, 0, err
	}
	text := strings.TrimSuffix(line, "\n")
	return Row{[]Datum{{&text}}}, int64(len(line)), nil
}
