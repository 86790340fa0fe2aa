package tlc

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"

	"github.com/hydrant-stream/hydrant/taxi"
)

// csvRows reads CSV. A row ends with its line: no published trip has a line break inside quotes.
type csvRows struct {
	in     lines
	cols   []taxi.Field // nil before the header
	fields [][]byte
	row    taxi.Row
}

func (c *csvRows) next(t *taxi.Trip) error {
	for {
		line, err := c.in.next()
		if err != nil {
			return err
		}
		if err := c.split(line); err != nil {
			return c.in.bad(err)
		}
		if c.cols == nil {
			cols, isHeader, err := readHeader(c.fields)
			if err != nil {
				return fmt.Errorf("%s:%d: %w", c.in.name, c.in.n, err)
			}
			c.cols = cols
			if isHeader {
				continue
			}
		}
		if err := c.fill(); err != nil {
			return c.in.bad(err)
		}
		if err := c.row.Trip(t); err != nil {
			return c.in.bad(err)
		}
		return nil
	}
}

// fill sets the row's fields. Green files have rows two fields longer than their header, always empty.
func (c *csvRows) fill() error {
	if len(c.fields) < len(c.cols) {
		return fmt.Errorf("%d fields under a header of %d", len(c.fields), len(c.cols))
	}
	for _, extra := range c.fields[len(c.cols):] {
		if len(bytes.TrimSpace(extra)) > 0 {
			return fmt.Errorf("%d fields under a header of %d, and the extra ones are not empty", len(c.fields), len(c.cols))
		}
	}
	c.row.Reset()
	for i, f := range c.cols {
		if f != ignored {
			c.row.Set(f, c.fields[i])
		}
	}
	return nil
}

func (c *csvRows) split(line []byte) error {
	c.fields = c.fields[:0]
	if bytes.IndexByte(line, '"') >= 0 {
		return c.splitQuoted(line)
	}
	for {
		i := bytes.IndexByte(line, ',')
		if i < 0 {
			c.fields = append(c.fields, line)
			return nil
		}
		c.fields = append(c.fields, line[:i])
		line = line[i+1:]
	}
}

func (c *csvRows) splitQuoted(line []byte) error {
	texts, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil {
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			err = parse.Err // its line number counts from this line
		}
		return err
	}
	for _, s := range texts {
		c.fields = append(c.fields, []byte(s))
	}
	return nil
}
