package columnar_test

import (
	"testing"

	"github.com/hydrant-stream/hydrant/columnar"
	"github.com/hydrant-stream/hydrant/columnar/internal/sample"
)

func bench(b *testing.B, cols []columnar.Column, lines [][]byte, out columnar.Output) {
	schema, err := columnar.NewSchema(cols)
	if err != nil {
		b.Fatal(err)
	}
	var size int64
	for _, line := range lines {
		size += int64(len(line))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	var counter count
	for b.Loop() {
		counter = 0
		w, err := columnar.NewWriter(&counter, schema, columnar.Input{}, out)
		if err != nil {
			b.Fatal(err)
		}
		for _, line := range lines {
			if err := w.Add(line); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(lines))*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(counter)/float64(len(lines)), "B/row")
}

type count int64

func (c *count) Write(p []byte) (int, error) { *c += count(len(p)); return len(p), nil }

func BenchmarkTrips(b *testing.B) {
	bench(b, sample.TripColumns, sample.Trips(200_000), columnar.Output{})
}

func BenchmarkTripsDictionary(b *testing.B) {
	bench(b, sample.TripColumns, sample.Trips(200_000), columnar.Output{EnableDictionary: true})
}

func BenchmarkTripsZstd(b *testing.B) {
	bench(b, sample.TripColumns, sample.Trips(200_000), columnar.Output{Compression: "ZSTD", EnableDictionary: true})
}

func BenchmarkNested(b *testing.B) {
	bench(b, sample.NestedColumns, sample.Nested(50_000), columnar.Output{})
}

func BenchmarkWide(b *testing.B) {
	bench(b, sample.WideColumns, sample.Wide(20_000), columnar.Output{})
}

// BenchmarkSkip takes one number of each record and passes over 4 KB of strings.
func BenchmarkSkip(b *testing.B) {
	bench(b, sample.WideColumns[:1], sample.Wide(20_000), columnar.Output{})
}
