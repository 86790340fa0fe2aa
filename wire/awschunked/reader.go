// Package awschunked reads the aws-chunked encoding of S3 uploads:
//
//	<hex length>[;chunk-signature=<64 hex>]\r\n
//	<that many bytes>\r\n
//	…
//	0[;chunk-signature=<64 hex>]\r\n
//	[<trailer>:<value>\r\n]…
//	[x-amz-trailer-signature:<64 hex>\r\n]
//	\r\n
//
// Some clients end the body right after the line of the last chunk: that is taken for an end.
package awschunked

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

var (
	// ErrMalformed: the body is not aws-chunked.
	ErrMalformed = errors.New("awschunked: malformed body")
	// ErrLength: the chunks hold more or less than the announced length.
	ErrLength = errors.New("awschunked: not the announced length")
)

// Verifier holds the chunks against their signatures. An error it returns ends the reading.
type Verifier interface {
	// Chunk is told the SHA-256 of each chunk, the empty last one included.
	Chunk(sum [sha256.Size]byte, signature string) error
	// Trailer is told the trailers as they are signed: "name:value\n" each.
	Trailer(block []byte, signature string) error
}

const (
	maxLine     = 4 << 10
	maxTrailers = 32
	// maxChunk bounds what a chunk may announce; S3's largest object is 5 TiB.
	maxChunk = 5 << 40
)

// Reader reads the payload. An error other than io.EOF means that what was read so far must not be
// kept.
type Reader struct {
	from    *bufio.Reader
	length  int64 // announced, or -1
	verify  Verifier
	sum     hash.Hash // nil without verify
	sig     string    // of the open chunk
	left    int64     // of the open chunk
	read    int64
	started bool
	err     error
	trailer http.Header
}

// NewReader reads from r. length is the announced length of the payload, or -1; verify may be nil.
func NewReader(r io.Reader, length int64, verify Verifier) *Reader {
	d := &Reader{from: bufio.NewReaderSize(r, 32<<10), length: length, verify: verify, trailer: http.Header{}}
	if verify != nil {
		d.sum = sha256.New()
	}
	return d
}

// Trailer holds the trailers once Read has returned io.EOF.
func (d *Reader) Trailer() http.Header { return d.trailer }

func (d *Reader) Read(b []byte) (int, error) {
	if len(b) == 0 || d.err != nil {
		return 0, d.err
	}
	if d.left == 0 {
		if d.err = d.nextChunk(); d.err != nil {
			return 0, d.err
		}
	}
	if int64(len(b)) > d.left {
		b = b[:d.left]
	}
	n, err := d.from.Read(b)
	if d.sum != nil {
		d.sum.Write(b[:n])
	}
	d.left -= int64(n)
	d.read += int64(n)
	switch {
	case d.length >= 0 && d.read > d.length:
		d.err = ErrLength
	case errors.Is(err, io.EOF):
		d.err = io.ErrUnexpectedEOF
	default:
		d.err = err
	}
	return n, d.err
}

// nextChunk closes the open chunk, if any, and opens the next; io.EOF after the last.
func (d *Reader) nextChunk() error {
	if d.started {
		if line, err := d.line(); err != nil || len(line) > 0 {
			return orMalformed(err)
		}
		if err := d.check(); err != nil {
			return err
		}
	}
	d.started = true
	line, err := d.line()
	if err != nil {
		return orMalformed(err)
	}
	size, extension, _ := strings.Cut(string(line), ";")
	n, err := strconv.ParseUint(strings.TrimSpace(size), 16, 63)
	if err != nil || n > maxChunk {
		return fmt.Errorf("%w: a chunk of length %.20q", ErrMalformed, size)
	}
	d.sig, _ = strings.CutPrefix(strings.TrimSpace(extension), "chunk-signature=")
	if d.left = int64(n); n > 0 {
		return nil
	}
	if err := d.check(); err != nil {
		return err
	}
	if err := d.readTrailer(); err != nil {
		return err
	}
	if d.length >= 0 && d.read != d.length {
		return ErrLength
	}
	return io.EOF
}

func orMalformed(err error) error {
	if err == nil {
		return ErrMalformed
	}
	return err
}

// check verifies the chunk that was read.
func (d *Reader) check() error {
	if d.verify == nil {
		return nil
	}
	sum := [sha256.Size]byte(d.sum.Sum(nil))
	d.sum.Reset()
	return d.verify.Chunk(sum, d.sig)
}

// readTrailer reads what follows the last chunk. The end may come at any line's end.
func (d *Reader) readTrailer() error {
	var block bytes.Buffer
	var signature string
	for range maxTrailers {
		line, err := d.line()
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		if len(line) == 0 {
			// S3's own description puts an empty line before the trailers' signature.
			if err == nil && signature == "" && block.Len() > 0 && d.verify != nil {
				continue
			}
			if d.verify != nil && block.Len() > 0 {
				return d.verify.Trailer(block.Bytes(), signature)
			}
			return nil
		}
		name, value, ok := strings.Cut(string(line), ":")
		if !ok {
			return fmt.Errorf("%w: a trailer without a colon", ErrMalformed)
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if name == "x-amz-trailer-signature" {
			signature = value
			continue
		}
		block.WriteString(name + ":" + value + "\n")
		d.trailer.Add(name, value)
	}
	return fmt.Errorf("%w: too many trailers", ErrMalformed)
}

// line reads a line without its end. What the body's end cuts off counts as a line, with
// io.ErrUnexpectedEOF if there is nothing.
func (d *Reader) line() ([]byte, error) {
	line, err := d.from.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || len(line) > maxLine:
		return nil, fmt.Errorf("%w: a line is too long", ErrMalformed)
	case errors.Is(err, io.EOF) && len(line) == 0:
		return nil, io.ErrUnexpectedEOF
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}
