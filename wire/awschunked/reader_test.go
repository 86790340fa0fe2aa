package awschunked

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReader(t *testing.T) {
	for _, c := range []struct {
		name, body string
		length     int64
		want       string
		trailer    string // of x-amz-checksum-crc32
		err        error
	}{
		{"one chunk", "4\r\nwiki\r\n0\r\n\r\n", 4, "wiki", "", nil},
		{"two chunks", "4\r\nwiki\r\n5\r\npedia\r\n0\r\n\r\n", 9, "wikipedia", "", nil},
		{"empty", "0\r\n\r\n", 0, "", "", nil},
		{"upper hex and no length", "A\r\n0123456789\r\n0\r\n\r\n", -1, "0123456789", "", nil},
		{"trailer", "4\r\nwiki\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 4, "wiki", "AAAAAA==", nil},
		{"signatures are passed over", "4;chunk-signature=ab\r\nwiki\r\n0;chunk-signature=cd\r\n\r\n", 4, "wiki", "", nil},
		{"ends after the last chunk's line", "4\r\nwiki\r\n0\r\n", 4, "wiki", "", nil},
		{"ends after the last chunk's digit", "4\r\nwiki\r\n0", 4, "wiki", "", nil},
		{"ends after a trailer", "4\r\nwiki\r\n0\r\nx-amz-checksum-crc32:AA==", 4, "wiki", "AA==", nil},
		{"binary data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", 4, "\r\n\r\n", "", nil},
		{"cut in a chunk", "4\r\nwi", 4, "wi", "", io.ErrUnexpectedEOF},
		{"cut after a chunk", "4\r\nwiki\r\n", 4, "wiki", "", io.ErrUnexpectedEOF},
		{"nothing", "", 4, "", "", io.ErrUnexpectedEOF},
		{"too short", "4\r\nwiki\r\n0\r\n\r\n", 5, "wiki", "", ErrLength},
		{"too long", "4\r\nwiki\r\n0\r\n\r\n", 3, "wiki", "", ErrLength},
		{"not hex", "zz\r\nwiki\r\n0\r\n\r\n", -1, "", "", ErrMalformed},
		{"negative", "-4\r\nwiki\r\n0\r\n\r\n", -1, "", "", ErrMalformed},
		{"huge", "7fffffffffffffff\r\nwiki", -1, "", "", ErrMalformed},
		{"chunk runs on", "4\r\nwikipedia\r\n0\r\n\r\n", -1, "wiki", "", ErrMalformed},
		{"long line", strings.Repeat("1", 50000), -1, "", "", ErrMalformed},
		{"trailer without colon", "0\r\nboo\r\n\r\n", -1, "", "", ErrMalformed},
		{"trailers without end", "0\r\n" + strings.Repeat("a:b\r\n", 100), -1, "", "", ErrMalformed},
	} {
		for mode, from := range map[string]io.Reader{
			"whole": strings.NewReader(c.body), "bytewise": iotest.OneByteReader(strings.NewReader(c.body)),
		} {
			r := NewReader(from, c.length, nil)
			got, err := io.ReadAll(r)
			if !errors.Is(err, c.err) || string(got) != c.want {
				t.Errorf("%s, %s: got %q, %v; want %q, %v", c.name, mode, got, err, c.want, c.err)
			}
			if s := r.Trailer().Get("x-amz-checksum-crc32"); err == nil && s != c.trailer {
				t.Errorf("%s, %s: trailer %q, want %q", c.name, mode, s, c.trailer)
			}
		}
	}
}

// recorder is a Verifier that writes down what it is asked.
type recorder struct {
	strings.Builder
	refuse string
}

func (v *recorder) Chunk(sum [sha256.Size]byte, signature string) error {
	fmt.Fprintf(v, "chunk %x %s\n", sum[:2], signature)
	if signature == v.refuse {
		return errors.New("refused")
	}
	return nil
}

func (v *recorder) Trailer(block []byte, signature string) error {
	fmt.Fprintf(v, "trailer %q %s\n", block, signature)
	return nil
}

func TestVerifier(t *testing.T) {
	sum := sha256.Sum256([]byte("wiki"))
	empty := sha256.Sum256(nil)
	body := "4;chunk-signature=s1\r\nwiki\r\n0;chunk-signature=s2\r\nX-Amz-Checksum-Crc32: AA==\n\r\nx-amz-trailer-signature:s3\r\n\r\n"
	want := fmt.Sprintf("chunk %x s1\nchunk %x s2\ntrailer \"x-amz-checksum-crc32:AA==\\n\" s3\n", sum[:2], empty[:2])
	v := new(recorder)
	if _, err := io.ReadAll(NewReader(strings.NewReader(body), 4, v)); err != nil || v.String() != want {
		t.Errorf("got %v and\n%swant\n%s", err, v.String(), want)
	}
	v = &recorder{refuse: "s1"}
	if _, err := io.ReadAll(NewReader(strings.NewReader(body), 4, v)); err == nil {
		t.Error("a refused chunk was read without an error")
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("4\r\nwiki\r\n0\r\nx:y\r\n\r\n"), int64(4))
	f.Add([]byte("4;chunk-signature=ab\r\nwiki\r\n0"), int64(-1))
	f.Fuzz(func(t *testing.T, body []byte, length int64) {
		whole, err := io.ReadAll(NewReader(bytes.NewReader(body), length, nil))
		if err == nil && length >= 0 && int64(len(whole)) != length {
			t.Errorf("read %d bytes of %d without an error", len(whole), length)
		}
		again, err2 := io.ReadAll(NewReader(iotest.OneByteReader(bytes.NewReader(body)), length, nil))
		if (err == nil) != (err2 == nil) || err == nil && !bytes.Equal(whole, again) {
			t.Errorf("the size of reads matters: %v, %v", err, err2)
		}
	})
}
