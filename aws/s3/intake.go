package s3

import (
	"crypto/md5"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"net/http"
	"strings"
)

// intake is a body on its way into the store. It computes the checksum that is kept with the object
// and, when the body ends, compares all the writer said of it; what does not match is the error
// that keeps the store from writing. So nothing is read twice and nothing wrong is ever visible.
type intake struct {
	from    io.Reader
	want    int64 // length, -1 unknown
	n       int64
	alg     algorithm
	sum     hash.Hash
	expect  string // the header's value, "" if it comes in the trailer or was not sent
	trailer bool   // expect comes in the trailer
	whole   bool   // not from a client in one: no limit of size
	md5     hash.Hash
	wantMD5 string
	sums    map[string]string // filled in at the end
	end     error
}

// Digests is what a writer says of the bytes it sends.
type Digests struct {
	ChecksumHeaders
	ContentMD5 string `in:"header=Content-MD5"`
	Trailer    string `in:"header=x-amz-trailer"` // announces a checksum after the body
	Length     int64  `in:"length"`
	// Algorithms that are not here: what cannot be compared is refused.
	OtherMD5       string `in:"header=x-amz-checksum-md5"`
	OtherSHA512    string `in:"header=x-amz-checksum-sha512"`
	OtherXXHash64  string `in:"header=x-amz-checksum-xxhash64"`
	OtherXXHash3   string `in:"header=x-amz-checksum-xxhash3"`
	OtherXXHash128 string `in:"header=x-amz-checksum-xxhash128"`
}

// receive begins a body. preferred is the algorithm to keep where the writer sent no checksum.
func receive(body io.Reader, d *Digests, preferred algorithm) (*intake, error) {
	if body == nil {
		body = http.NoBody
	}
	in := &intake{from: body, want: d.Length, sums: map[string]string{}}
	for header, v := range map[string]string{"x-amz-checksum-md5": d.OtherMD5, "x-amz-checksum-sha512": d.OtherSHA512,
		"x-amz-checksum-xxhash64": d.OtherXXHash64, "x-amz-checksum-xxhash3": d.OtherXXHash3, "x-amz-checksum-xxhash128": d.OtherXXHash128} {
		if v != "" {
			return nil, notImplemented(header)
		}
	}
	var err error
	if in.alg, in.expect, err = d.given(); err != nil {
		return nil, err
	}
	if in.alg != "" {
		if _, err := in.alg.decodeSum(in.expect); err != nil {
			return nil, err
		}
	} else if name, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(d.Trailer)), "x-amz-checksum-"); ok {
		if in.alg, err = algorithmNamed(name); err != nil {
			return nil, err
		}
		in.trailer = true
	}
	if in.alg == "" {
		in.alg = preferred
	}
	in.sum = in.alg.hash()
	if d.ContentMD5 != "" {
		b, err := base64.StdEncoding.DecodeString(d.ContentMD5)
		if err != nil || len(b) != md5.Size {
			return nil, fault(400, "InvalidDigest", "The Content-MD5 you specified was invalid.").WithField("Content-MD5", d.ContentMD5)
		}
		in.md5, in.wantMD5 = md5.New(), d.ContentMD5
	}
	if d.Length > maxPutBytes {
		return nil, tooLarge(d.Length)
	}
	return in, nil
}

func (in *intake) Read(p []byte) (int, error) {
	if in.end != nil {
		return 0, in.end
	}
	n, err := in.from.Read(p)
	in.n += int64(n)
	in.sum.Write(p[:n])
	if in.md5 != nil {
		in.md5.Write(p[:n])
	}
	switch {
	case in.n > maxPutBytes && !in.whole:
		in.end = tooLarge(in.n)
	case errors.Is(err, io.ErrUnexpectedEOF):
		in.end = incompleteBody()
	case errors.Is(err, io.EOF):
		if in.end = in.finish(); in.end == nil {
			in.end = io.EOF
		}
	case err != nil:
		in.end = err
	}
	return n, in.end
}

// finish compares, and fills in the checksum to keep.
func (in *intake) finish() error {
	if in.want >= 0 && in.n != in.want {
		return incompleteBody()
	}
	if in.md5 != nil {
		if got := base64.StdEncoding.EncodeToString(in.md5.Sum(nil)); got != in.wantMD5 {
			return fault(400, "BadDigest", "The Content-MD5 you specified did not match what we received.").
				WithField("ExpectedDigest", in.wantMD5).WithField("CalculatedDigest", got)
		}
	}
	got := base64.StdEncoding.EncodeToString(in.sum.Sum(nil))
	expect := in.expect
	if in.trailer {
		if t, ok := in.from.(interface{ Trailer() http.Header }); ok {
			expect = t.Trailer().Get(in.alg.header())
		}
		if expect == "" {
			return fault(400, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
		}
		if _, err := in.alg.decodeSum(expect); err != nil {
			return err
		}
	}
	if expect != "" && expect != got {
		return in.alg.badDigest()
	}
	in.sums[string(in.alg)] = got
	return nil
}
