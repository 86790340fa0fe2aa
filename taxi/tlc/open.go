package tlc

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hydrant-stream/hydrant/taxi"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

const (
	peekBytes = 512 // enough for every magic, tar's at 257 included
	maxLayers = 4   // a compressed file in an archive in a compressed file, and one to spare
)

// source is one open file: its rows and what must be closed after them.
type source struct {
	rows
	closers []func() error // innermost last
}

func (s *source) close() error {
	var err error
	for i := len(s.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, s.closers[i]())
	}
	return err
}

func openPath(path string, stdin io.Reader) (*source, error) {
	if path == "-" {
		return openStream("-", stdin, nil)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s, err := openStream(path, f, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.closers = append([]func() error{f.Close}, s.closers...)
	return s, nil
}

// openStream finds out what r is. file is r where r is a whole file on disk, or nil.
func openStream(name string, r io.Reader, file *os.File) (*source, error) {
	s := &source{}
	for layer := 0; ; layer++ {
		b := bufio.NewReaderSize(r, 64<<10)
		head, err := b.Peek(peekBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if layer == maxLayers {
			return nil, fmt.Errorf("%s: packed more than %d times", name, maxLayers)
		}
		switch {
		case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
			z, err := gzip.NewReader(b)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			s.closers = append(s.closers, z.Close)
			r = z
		case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
			z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			s.closers = append(s.closers, func() error { z.Close(); return nil })
			r = z
		case bytes.HasPrefix(head, []byte{0x04, 0x22, 0x4d, 0x18}):
			r = lz4.NewReader(b)
		case bytes.HasPrefix(head, []byte("BZh")):
			r = bzip2.NewReader(b)
		case bytes.HasPrefix(head, []byte("PAR1")):
			s.rows, err = openParquet(name, b, file)
			return s, err
		case len(head) >= 262 && string(head[257:262]) == "ustar":
			s.rows = &archive{name: name, tar: tar.NewReader(b)}
			return s, nil
		case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte{0xfd, '7', 'z', 'X', 'Z'}):
			return nil, fmt.Errorf("%s: zip and xz are not read; hint: unpack it and pipe it in as -", name)
		default:
			s.rows = openText(name, b, head)
			return s, nil
		}
		file = nil
	}
}

func openText(name string, b *bufio.Reader, head []byte) rows {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	head = bytes.TrimLeft(head, " \t\r\n")
	in := lines{name: name, r: b}
	if len(head) > 0 && head[0] == '{' {
		return &jsonRows{in: in}
	}
	return &csvRows{in: in}
}

// archive yields the rows of every regular file in a tar, in the tar's order.
type archive struct {
	name string
	tar  *tar.Reader
	open *source
}

func (a *archive) next(t *taxi.Trip) error {
	for {
		if a.open == nil {
			h, err := a.tar.Next()
			if errors.Is(err, io.EOF) {
				return io.EOF
			}
			if err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
			if h.Typeflag != tar.TypeReg {
				continue
			}
			if a.open, err = openStream(a.name+":"+h.Name, a.tar, nil); err != nil {
				return err
			}
		}
		err := a.open.next(t)
		if !errors.Is(err, io.EOF) {
			return err
		}
		if err := a.open.close(); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		a.open = nil
	}
}
