// Package pack writes the compressions of an S3 destination, in the framings Firehose uses: the
// names of the formats promise less than the bytes keep.
//
// The same input gives the same bytes: a delivery that is repeated after a crash overwrites its
// objects with themselves.
package pack

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
)

// The values of CompressionFormat.
const (
	None         = "UNCOMPRESSED"
	Gzip         = "GZIP"
	Zip          = "ZIP"
	Snappy       = "Snappy"
	HadoopSnappy = "HADOOP_SNAPPY"
)

// Labels are how an object says what it is: the ending of its name and its Content-Encoding.
func Labels(format string) (extension, encoding string) {
	switch format {
	case Gzip:
		return ".gz", "gzip"
	case Zip:
		return ".zip", "zip"
	case Snappy:
		return ".snappy", "snappy-java"
	case HadoopSnappy:
		return ".snappy", "hadoop-snappy" // documented as .hsnappy, seen as .snappy
	}
	return "", ""
}

// NewWriter compresses into w; Close ends the format and leaves w open. A ZIP holds one entry of
// that name and time.
func NewWriter(w io.Writer, format, entry string, modified time.Time) (io.WriteCloser, error) {
	switch format {
	case None, "":
		return plain{w}, nil
	case Gzip:
		return gzip.NewWriter(w), nil
	case Zip:
		return newZip(w, entry, modified)
	case Snappy:
		return &blocks{w: w, size: xerialBlock, frame: xerialFrame, head: xerialMagic}, nil
	case HadoopSnappy:
		return &blocks{w: w, size: hadoopBlock, frame: hadoopFrame}, nil
	}
	return nil, fmt.Errorf("compression format %q is not known", format)
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }

type zipWriter struct {
	io.Writer
	archive *zip.Writer
}

func newZip(w io.Writer, entry string, modified time.Time) (io.WriteCloser, error) {
	a := zip.NewWriter(w)
	a.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.DefaultCompression)
	})
	e, err := a.CreateHeader(&zip.FileHeader{Name: entry, Method: zip.Deflate, Modified: modified.UTC()})
	if err != nil {
		return nil, err
	}
	return &zipWriter{e, a}, nil
}

func (z *zipWriter) Close() error { return z.archive.Close() }

// Both snappy framings cut the input into blocks. All integers are big-endian.
//
//	snappy-java    once: 82 'S' 'N' 'A' 'P' 'P' 'Y' 00, version int32 = 1, compatible int32 = 1
//	               per block of at most 32 KiB: compressed length int32, snappy block
//	hadoop         per block of at most 256 KiB: plain length int32, compressed length int32, snappy block
const (
	xerialBlock = 32 << 10
	hadoopBlock = 256 << 10
	xerialMagic = "\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
)

func xerialFrame(dst []byte, _, packed int) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(packed))
}

func hadoopFrame(dst []byte, size, packed int) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(size))
	return binary.BigEndian.AppendUint32(dst, uint32(packed))
}

type blocks struct {
	w     io.Writer
	size  int
	frame func(dst []byte, size, packed int) []byte
	head  string // written before the first block

	open   []byte // not yet a whole block
	packed []byte
	framed []byte
}

func (b *blocks) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		take := min(len(p), b.size-len(b.open))
		b.open = append(b.open, p[:take]...)
		p = p[take:]
		if len(b.open) == b.size {
			if err := b.flush(); err != nil {
				return n - len(p), err
			}
		}
	}
	return n, nil
}

func (b *blocks) flush() error {
	b.framed = append(b.framed[:0], b.head...)
	b.head = ""
	if len(b.open) > 0 {
		b.packed = snappy.Encode(b.packed[:cap(b.packed)], b.open)
		b.framed = b.frame(b.framed, len(b.open), len(b.packed))
		b.framed = append(b.framed, b.packed...)
		b.open = b.open[:0]
	}
	_, err := b.w.Write(b.framed)
	return err
}

func (b *blocks) Close() error { return b.flush() }
