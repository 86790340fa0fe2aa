package parquet

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// compressor appends the compressed form of src to dst. The same src gives the same bytes.
type compressor interface {
	compress(dst, src []byte) ([]byte, error)
}

func newCompressor(c Codec) (compressor, error) {
	switch c {
	case Uncompressed:
		return plainCodec{}, nil
	case Snappy:
		return snappyCodec{}, nil
	case Gzip:
		return gzipCodec{}, nil
	case Zstd:
		return zstdCodec{}, nil
	}
	return nil, fmt.Errorf("parquet: unknown codec %d", c)
}

type plainCodec struct{}

func (plainCodec) compress(dst, src []byte) ([]byte, error) { return append(dst, src...), nil }

type snappyCodec struct{}

func (snappyCodec) compress(dst, src []byte) ([]byte, error) {
	at, most := len(dst), s2.MaxEncodedLen(len(src))
	if cap(dst)-at < most {
		dst = append(make([]byte, 0, at+most), dst...)
	}
	out := s2.EncodeSnappy(dst[at:at+most], src)
	return dst[:at+len(out)], nil
}

// Encoders hold megabytes and are used for a page at a time, so all files share a few.
var (
	gzips = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
	zstds = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	})
)

type gzipCodec struct{}

func (gzipCodec) compress(dst, src []byte) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	z := gzips.Get().(*gzip.Writer)
	defer gzips.Put(z)
	z.Reset(b)
	if _, err := z.Write(src); err != nil {
		return nil, fmt.Errorf("parquet: gzip: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("parquet: gzip: %w", err)
	}
	return b.Bytes(), nil
}

type zstdCodec struct{}

func (zstdCodec) compress(dst, src []byte) ([]byte, error) {
	z, err := zstds()
	if err != nil {
		return nil, fmt.Errorf("parquet: zstd: %w", err)
	}
	return z.EncodeAll(src, dst), nil
}
