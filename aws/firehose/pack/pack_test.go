package pack

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
)

func TestRoundTrip(t *testing.T) {
	readers := map[string]func(*testing.T, []byte) []byte{
		None:         func(_ *testing.T, b []byte) []byte { return b },
		Gzip:         readGzip,
		Zip:          readZip,
		Snappy:       readXerial,
		HadoopSnappy: readHadoop,
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for format, read := range readers {
		for _, size := range []int{0, 1, 100, xerialBlock, xerialBlock + 1, 3*hadoopBlock + 7} {
			body := make([]byte, size)
			for i := range body {
				body[i] = byte('a' + rng.IntN(4))
			}
			first := write(t, format, body)
			if again := write(t, format, body); !bytes.Equal(first, again) {
				t.Errorf("%s of %d bytes: two runs differ", format, size)
			}
			if got := read(t, first); !bytes.Equal(got, body) {
				t.Errorf("%s of %d bytes came back as %d bytes", format, size, len(got))
			}
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := NewWriter(io.Discard, "SNAPPY", "", time.Time{}); err == nil {
		t.Error("SNAPPY in capitals is not a format")
	}
}

func write(t *testing.T, format string, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, format, "entry", time.Unix(1_700_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	for len(body) > 0 {
		n := min(len(body), 1000)
		if _, err := w.Write(body[:n]); err != nil {
			t.Fatal(err)
		}
		body = body[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readGzip(t *testing.T, b []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readZip(t *testing.T, b []byte) []byte {
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != 1 || r.File[0].Name != "entry" || r.File[0].Method != zip.Deflate {
		t.Fatalf("archive holds %+v", r.File)
	}
	f, err := r.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readXerial(t *testing.T, b []byte) []byte {
	if !bytes.HasPrefix(b, []byte(xerialMagic)) {
		t.Fatalf("starts % x", b[:min(len(b), 16)])
	}
	b = b[len(xerialMagic):]
	var out []byte
	for len(b) > 0 {
		n := binary.BigEndian.Uint32(b)
		plain, err := snappy.Decode(nil, b[4:4+n])
		if err != nil {
			t.Fatal(err)
		}
		out, b = append(out, plain...), b[4+n:]
	}
	return out
}

func readHadoop(t *testing.T, b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		size, n := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		plain, err := snappy.Decode(nil, b[8:8+n])
		if err != nil || len(plain) != int(size) {
			t.Fatal(len(plain), size, err)
		}
		out, b = append(out, plain...), b[8+n:]
	}
	return out
}
