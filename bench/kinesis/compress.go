package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/hydrant-stream/hydrant/taxi"
)

// compress: what it would save, and cost, to compress the frames of the log, by trips. A frame of 2,000
// records is what four callers of 500 put together; one of 10 is a trickle.
func compress(o *options) error {
	for _, n := range []int{10, 500, 2000} {
		frames := tripFrames(20_000, n)
		raw := 0
		for _, f := range frames {
			raw += len(f)
		}
		fsync, err := syncRate(o.Dir, frames)
		if err != nil {
			return err
		}
		fmt.Printf("compress     %4d trips a frame: write and fsync %4.0f MB/s as they are\n", n, fsync)
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			return err
		}
		dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return err
		}
		for _, c := range []struct {
			name   string
			pack   func(f []byte) []byte
			unpack func(f []byte) ([]byte, error)
		}{
			{"snappy", func(f []byte) []byte { return s2.EncodeSnappy(nil, f) }, func(f []byte) ([]byte, error) { return s2.Decode(nil, f) }},
			{"s2", func(f []byte) []byte { return s2.Encode(nil, f) }, func(f []byte) ([]byte, error) { return s2.Decode(nil, f) }},
			{"zstd -1", func(f []byte) []byte { return enc.EncodeAll(f, nil) }, func(f []byte) ([]byte, error) { return dec.DecodeAll(f, nil) }},
		} {
			packed := make([][]byte, len(frames))
			in := rate(raw, func() error {
				for i, f := range frames {
					packed[i] = c.pack(f)
				}
				return nil
			})
			size := 0
			for _, p := range packed {
				size += len(p)
			}
			var bad error
			out := rate(raw, func() error {
				for _, p := range packed {
					if _, err := c.unpack(p); err != nil {
						bad = err
					}
				}
				return bad
			})
			if bad != nil {
				return fmt.Errorf("%s: %w", c.name, bad)
			}
			fmt.Printf("compress     %4d trips a frame: %-8s to %.3f of the size, packs %4.0f MB/s, unpacks %4.0f MB/s\n", n, c.name, float64(size)/float64(raw), in, out)
		}
		dec.Close()
	}
	return nil
}

// tripFrames are trips as they lie in frames of n records.
func tripFrames(trips, n int) [][]byte {
	var out [][]byte
	var f []byte
	var e taxi.Event
	g := taxi.Generate(1, trips)
	for i := 1; g.Next(&e); i++ {
		f = fmt.Appendf(f, "\x06\x00\x00\x00%c%c\x00\x00%06d", len(e.JSON)&0xff, len(e.JSON)>>8, i)
		f = append(f, e.JSON...)
		if i%n == 0 {
			out = append(out, slices.Clone(f))
			f = f[:0]
		}
	}
	return out
}

// rate is the best MB/s of five turns.
func rate(bytes int, turn func() error) float64 {
	best := time.Hour
	for range 5 {
		began := time.Now()
		if turn() != nil {
			return 0
		}
		best = min(best, time.Since(began))
	}
	return float64(bytes) / 1e6 / best.Seconds()
}

// syncRate is how fast frames go to the disk, an fsync each; of small ones the first 200.
func syncRate(dir string, frames [][]byte) (float64, error) {
	f, err := os.Create(filepath.Join(dir, "frames"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	frames = frames[:min(len(frames), 200)]
	bytes := 0
	for _, b := range frames {
		bytes += len(b)
	}
	var bad error
	mbs := rate(bytes, func() error {
		if _, bad = f.Seek(0, io.SeekStart); bad != nil {
			return bad
		}
		for _, b := range frames {
			if _, bad = f.Write(b); bad != nil {
				return bad
			}
			if bad = f.Sync(); bad != nil {
				return bad
			}
		}
		return nil
	})
	return mbs, bad
}
