// Package tlc reads trip records as the Taxi & Limousine Commission and those who copied it publish
// them: CSV under every header of 2009 to 2024, Azure's and DEBS 2015's spelling of it, JSON lines,
// Parquet, and the AWS replay tool's own events; plain, gzip, zstd, lz4 or bzip2, alone or in a tar.
// What a file is, its content tells, never its name.
//
// A row that cannot be read is reported with its place and its reason, and counted; the next row follows.
package tlc

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hydrant-stream/hydrant/taxi"
)

// RowError is a row that cannot be read. Reading goes on after it.
type RowError struct {
	File string // path, and ":member" within an archive; "-" for standard input
	Line int    // from 1; the row's number in a Parquet file
	Err  error
}

func (e *RowError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }
func (e *RowError) Unwrap() error { return e.Err }

// Reader yields the trips of files, one after another, in the order of the files.
// It is used by one goroutine.
type Reader struct {
	// OnReject, if set, is told of every row that cannot be read.
	OnReject func(*RowError)
	// Stdin is what the path "-" reads. Default os.Stdin.
	Stdin io.Reader

	paths    []string
	open     *source // nil between files
	rejected int
	err      error
}

// Open prepares to read the files at paths; "-" is standard input. A file that cannot be opened is
// reported by Err once its turn has come.
func Open(paths ...string) *Reader { return &Reader{Stdin: os.Stdin, paths: paths} }

// rows yields the rows of one file: nil, a *RowError and go on, io.EOF at the end, or another error,
// after which the file yields nothing more.
type rows interface {
	next(t *taxi.Trip) error
}

// Next fills t and reports whether there was a trip. t.Body is reused by the next call if t is.
func (r *Reader) Next(t *taxi.Trip) bool {
	for r.err == nil {
		if r.open == nil {
			if len(r.paths) == 0 {
				return false
			}
			if r.open, r.err = openPath(r.paths[0], r.Stdin); r.err != nil {
				return false
			}
			r.paths = r.paths[1:]
		}
		err := r.open.next(t)
		if err == nil {
			return true
		}
		r.stumble(err)
	}
	return false
}

// stumble deals with a row that did not come.
func (r *Reader) stumble(err error) {
	var bad *RowError
	switch {
	case errors.As(err, &bad):
		r.rejected++
		if r.OnReject != nil {
			r.OnReject(bad)
		}
	case errors.Is(err, io.EOF):
		r.err = r.open.close()
		r.open = nil
	default:
		r.err = err
	}
}

// Rejected is the number of rows that could not be read so far.
func (r *Reader) Rejected() int { return r.rejected }

// Err is what ended the reading early, or nil.
func (r *Reader) Err() error { return r.err }

// Close lets go of the open file. Only needed when the trips are not read to the end.
func (r *Reader) Close() error {
	r.paths = nil
	if r.open == nil {
		return nil
	}
	err := r.open.close()
	r.open = nil
	return err
}
