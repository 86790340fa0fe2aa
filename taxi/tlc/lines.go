package tlc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine is the longest line that is read; a trip is some hundred bytes.
const maxLine = 1 << 20

var errLongLine = fmt.Errorf("line of more than %d bytes", maxLine)

// lines yields lines without their ending (LF or CRLF, the last one may have none), skipping blank ones.
type lines struct {
	name string
	r    *bufio.Reader
	n    int    // number of the last line
	long []byte // a line that did not fit the reader's buffer
}

// next returns a line, valid until the next call; io.EOF; a *RowError for a line too long; or the file's error.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			line, err = l.rest(line)
		}
		if len(line) > 0 {
			l.n++
		}
		if err != nil && !errors.Is(err, io.EOF) {
			if errors.Is(err, errLongLine) {
				return nil, l.bad(err)
			}
			return nil, fmt.Errorf("%s:%d: %w", l.name, l.n+1, err)
		}
		if l.n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) > 0 {
			return line, nil
		}
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
	}
}

// rest reads on to the end of a line longer than the reader's buffer.
func (l *lines) rest(head []byte) ([]byte, error) {
	l.long = append(l.long[:0], head...)
	tooLong := false
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.long)+len(part) > maxLine {
			tooLong = true
		} else {
			l.long = append(l.long, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if tooLong && (err == nil || err == io.EOF) {
			err = errLongLine
		}
		return l.long, err
	}
}

func (l *lines) bad(err error) *RowError { return &RowError{File: l.name, Line: l.n, Err: err} }
