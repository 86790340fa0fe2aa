package wire

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// exchange is one request and its reply.
type exchange struct {
	s        *Server
	r        *http.Request
	w        replyWriter
	speaker  speaker
	svc      *service // nil where no service was found
	op       *operation
	call     Call
	scope    hydrant.Scope
	sig      *signature // nil for an unsigned request
	sigErr   error      // of reading it
	path     string     // escaped, rewritten to path style
	query    url.Values
	labels   map[string]string // of the path
	form     url.Values        // of a query call
	body     []byte
	bodySum  [sha256.Size]byte // of the body as it was sent, where signatures count
	bodyIn   countingReader
	keep     bool  // the body belongs to the input: not for the pool
	valid    bool  // the decoder has seen to the constraints
	reserved int64 // of Server.bodies
	code     string
	start    time.Time
}

// speaker is a protocol: it finds the operation, reads its input, writes its output and its faults.
type speaker interface {
	operation(x *exchange) (*operation, error)
	decode(x *exchange) (in any, present []string, err error)
	reply(ctx context.Context, x *exchange, out any) error
	fault(x *exchange, f *hydrant.Fault)
	// internal is the fault that stands for an error a client must not see.
	internal() *hydrant.Fault
}

func newExchange(s *Server, w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{s: s, r: r, w: replyWriter{ResponseWriter: w}, start: s.Now(), speaker: jsonSpeaker{}}
	x.path = r.URL.EscapedPath()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	x.bodyIn = countingReader{from: r.Body}
	r.Body = &x.bodyIn
	x.call = Call{
		RequestID: newRequestID(),
		Host:      r.Host,
		TLS:       r.TLS != nil || overTLS(r.Context()),
		Header:    w.Header(),
		Request:   r,
	}
	return x
}

func (x *exchange) finish() {
	if x.s.Done != nil {
		x.s.Done(&x.call, x.w.status, x.code, x.s.Now().Sub(x.start), x.bodyIn.n, x.w.n)
	}
	if !x.keep {
		putBuffer(x.body)
	}
	if x.reserved > 0 {
		x.s.bodies.give(x.reserved)
	}
}

// queryValues is the query, parsed once. A pair that does not parse is left out.
func (x *exchange) queryValues() url.Values {
	if x.query == nil {
		x.query = x.r.URL.Query()
	}
	return x.query
}

// readBody reads the request's body, once, unpacking gzip.
func (x *exchange) readBody() error {
	if x.body != nil {
		return nil
	}
	most := int64(defaultMaxBody)
	if x.svc != nil {
		most = x.svc.maxBody
	}
	size := x.r.ContentLength
	if size > most {
		return tooLarge(most)
	}
	packed := strings.EqualFold(x.r.Header.Get("Content-Encoding"), "gzip")
	hold := size
	if packed {
		hold = -1
	}
	if err := x.reserve(hold, most); err != nil {
		return err
	}
	b, err := readAll(x.r.Body, size, most)
	if x.body = b; err != nil {
		return bodyFault(err)
	}
	if x.s.signed() {
		x.bodySum = sha256.Sum256(b)
	}
	if !packed {
		return nil
	}
	defer putBuffer(b)
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err == nil {
		x.body, err = readAll(z, int64(4*len(b)), most)
	}
	if _, isFault := hydrant.AsFault(err); err != nil && !isFault {
		err = hydrant.Faultf("SerializationException", "The body is not gzip, as its Content-Encoding says.")
	}
	return err
}

// bodyFault: a body that ends before its length is the client's doing.
func bodyFault(err error) error {
	if _, isFault := hydrant.AsFault(err); isFault {
		return err
	}
	return hydrant.Faultf("IncompleteBody", "The request body ended early.")
}

func tooLarge(most int64) error {
	return hydrant.Faultf("RequestEntityTooLarge", "The request body is larger than %d bytes.", most).
		WithStatus(http.StatusRequestEntityTooLarge)
}

// readAll reads up to most bytes into a pooled buffer; size is a hint, or negative.
func readAll(r io.Reader, size, most int64) ([]byte, error) {
	b := getBuffer(int(max(size, 0)) + 1) // one more, so that the end is seen without growing
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > most:
			return b, tooLarge(most)
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return b, err
		}
	}
}

// send writes a whole reply.
func (x *exchange) send(status int, contentType string, body []byte) {
	h := x.w.Header()
	if contentType != "" && h.Get("Content-Type") == "" {
		h.Set("Content-Type", contentType)
	}
	if h.Get("Content-Length") == "" && status != http.StatusNoContent && status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write(body) // a client that left does not hear us
	}
}

// sendPieces writes a reply while its document is made. An error it returns comes when the reply has begun.
func (x *exchange) sendPieces(contentType string, out JSONPieces) error {
	size := out.JSONSize()
	h := x.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(size))
	x.w.WriteHeader(http.StatusOK)
	gone := false // a client that left does not hear us
	write := func(b []byte) []byte {
		if !gone {
			_, err := x.w.Write(b)
			gone = err != nil && !errors.Is(err, http.ErrContentLength)
		}
		return b[:0]
	}
	b := write(out.AppendJSONPieces(getBuffer(2*PieceBytes), write))
	putBuffer(b)
	if !gone && x.w.n != int64(size) {
		return fmt.Errorf("reply of %s: %d bytes, %d announced", x.op.Name, x.w.n, size)
	}
	return nil
}

// replyWriter remembers what was written.
type replyWriter struct {
	http.ResponseWriter
	status int
	n      int64
}

func (w *replyWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *replyWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.n += int64(n)
	return n, err
}

// ReadFrom keeps the way open for sendfile, which wants the file itself.
func (w *replyWriter) ReadFrom(r io.Reader) (int64, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := io.Copy(w.ResponseWriter, r)
	w.n += n
	return n, err
}

func (w *replyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type countingReader struct {
	from io.ReadCloser
	n    int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.from.Read(b)
	c.n += int64(n)
	return n, err
}

func (c *countingReader) Close() error { return c.from.Close() }

// Buffers above keepBuffer are left to the collector: one large upload must not stay for good.
const keepBuffer = 8 << 20

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// getBuffer is an empty buffer with room for n bytes.
func getBuffer(n int) []byte {
	b := *buffers.Get().(*[]byte)
	if cap(b) < n {
		b = make([]byte, 0, max(n, 4096))
	}
	return b[:0]
}

func putBuffer(b []byte) {
	if cap(b) > 0 && cap(b) <= keepBuffer {
		buffers.Put(&b)
	}
}

// newRequestID is a UUID of version 4. Ids are names, not secrets: the fast generator will do.
func newRequestID() string {
	var u [16]byte
	binary.BigEndian.PutUint64(u[:], rand.Uint64())
	binary.BigEndian.PutUint64(u[8:], rand.Uint64())
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	var b [36]byte
	hex.Encode(b[:8], u[:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:], u[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// newHostID is what AWS calls the extended request id: base64 of 72 bytes.
func newHostID() string {
	var b [72]byte
	for i := 0; i < len(b); i += 8 {
		binary.BigEndian.PutUint64(b[i:], rand.Uint64())
	}
	return base64.StdEncoding.EncodeToString(b[:])
}
