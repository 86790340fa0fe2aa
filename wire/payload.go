package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/awschunked"
	"github.com/hydrant-stream/hydrant/wire/sigv4"
)

// payload is the request's body as the operation is to see it, and its length, -1 if not known:
// aws-chunked is taken off, and where signatures count, what the client says of its body is checked
// while it is read.
func (x *exchange) payload() (io.Reader, int64, error) {
	if x.body != nil {
		return bytes.NewReader(x.body), int64(len(x.body)), nil
	}
	p := &payload{from: x.r.Body}
	stated := x.r.Header.Get("X-Amz-Content-Sha256")
	encodings, chunked := withoutChunked(x.r.Header.Values("Content-Encoding"))
	if !chunked && !strings.HasPrefix(stated, "STREAMING-") {
		if x.s.signed() && len(stated) == 2*sha256.Size {
			p.sum, p.want = sha256.New(), stated
		}
		return p, x.r.ContentLength, nil
	}
	if x.r.Header.Del("Content-Encoding"); encodings != "" {
		x.r.Header.Set("Content-Encoding", encodings)
	}
	length := int64(-1)
	if s := x.r.Header.Get("X-Amz-Decoded-Content-Length"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			return nil, 0, hydrant.Faultf("InvalidArgument", "The value '%s' of x-amz-decoded-content-length is not a length.", s)
		}
		length = n
	}
	var verify awschunked.Verifier
	if x.s.signed() && strings.HasPrefix(stated, sigv4.StreamingPayload) {
		secret, _ := x.s.secret(x.sig.Key, x.sig.Token) // authenticate found it
		verify = x.sig.Chunks(secret)
	}
	d := awschunked.NewReader(p.from, length, verify)
	p.from, p.trailer = d, d.Trailer
	return p, length, nil
}

// withoutChunked takes aws-chunked out of the content encodings, as S3 does before it stores them.
func withoutChunked(values []string) (rest string, chunked bool) {
	var kept []string
	for s := range strings.SplitSeq(strings.Join(values, ","), ",") {
		switch s = strings.TrimSpace(s); {
		case strings.EqualFold(s, "aws-chunked"):
			chunked = true
		case s != "":
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, ","), chunked
}

// payload is a body on its way to an operation. Its errors are Faults. It is a Trailers.
type payload struct {
	from    io.Reader
	trailer func() http.Header
	sum     hash.Hash // nil where nothing was stated
	want    string    // hex
}

func (p *payload) Trailer() http.Header {
	if p.trailer == nil {
		return http.Header{}
	}
	return p.trailer()
}

func (p *payload) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	if p.sum != nil {
		p.sum.Write(b[:n])
		if errors.Is(err, io.EOF) && hex.EncodeToString(p.sum.Sum(nil)) != p.want {
			return n, hydrant.Faultf("XAmzContentSHA256Mismatch",
				"The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
	}
	return n, payloadFault(err)
}

// payloadFault says why a body could not be read, in S3's words.
func payloadFault(err error) error {
	var mismatch *sigv4.MismatchError
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return err
	case errors.As(err, &mismatch):
		return objectAuthFault(err)
	case errors.Is(err, awschunked.ErrMalformed):
		return hydrant.Faultf("InvalidRequest", "The body is not aws-chunked, as its headers say.")
	default: // too short, too long, or the client left
		return hydrant.Faultf("IncompleteBody",
			"You did not provide the number of bytes specified by the Content-Length HTTP header")
	}
}

// readPayload reads a REST body into memory.
func (x *exchange) readPayload(from io.Reader, length int64) (err error) {
	if x.body != nil {
		return nil
	}
	if length > x.svc.maxBody {
		return tooLarge(x.svc.maxBody)
	}
	x.body, err = readAll(from, length, x.svc.maxBody)
	return err
}
