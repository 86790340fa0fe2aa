// Command firehose measures hydrant's Firehose: puts to Parquet on disk, sustained; memory with many
// delivery streams and many partitions; the first answer after a start with a full spool; a lake that is away.
//
//	go build -o hydrant-bench ./cmd/hydrant
//	go run ./bench/firehose --hydrant ./hydrant-bench [--only sustain,streams,partitions,restart,outage,away]
//
// The server is a process of its own on the same machine as the load.
package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/alecthomas/kong"
)

type options struct {
	Hydrant string        `required:"" placeholder:"FILE" help:"The hydrant binary."`
	Dir     string        `help:"Where the server keeps its data: a file system that syncs. Default: a temporary folder."`
	For     time.Duration `default:"2m" help:"How long sustain lasts, and the slow half of outage and away."`
	Conns   int           `default:"4" help:"Connections that put."`
	GB      float64       `default:"10" help:"Of restart, outage and away: GB to spool."`
	Only    []string      `enum:"sustain,streams,partitions,restart,outage,away" default:"sustain,streams,partitions,restart,outage,away" help:"What to measure."`
}

func main() {
	var o options
	k := kong.Parse(&o)
	k.FatalIfErrorf(run(&o))
}

func run(o *options) error {
	for _, part := range []struct {
		name string
		run  func(*options, *server) error
	}{{"sustain", sustain}, {"streams", streams}, {"partitions", partitions}, {"restart", restart}, {"outage", outage}, {"away", away}} {
		if !slices.Contains(o.Only, part.name) {
			continue
		}
		if err := alone(o, part.run); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// alone runs one part on a server and a folder of its own.
func alone(o *options, part func(*options, *server) error) error {
	dir, err := os.MkdirTemp(o.Dir, "bench-firehose-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &server{bin: o.Hydrant, dir: dir}
	if err := s.start(); err != nil {
		return err
	}
	defer func() { s.Halt() }()
	if err := s.prepare(); err != nil {
		return err
	}
	return part(o, s)
}

// sustain: PutRecordBatch of 500 trips, converted to Parquet.
func sustain(o *options, s *server) error {
	if err := s.create("trips", converting("trips/", 64, 60)); err != nil {
		return err
	}
	began := time.Now()
	put, err := s.load(o.Conns, o.For, func(int) []byte { return batch("trips", 0) })
	if err != nil {
		return err
	}
	took := time.Since(began)
	if err := s.flush("trips"); err != nil {
		return err
	}
	rows, err := s.count("trips")
	if err != nil {
		return err
	}
	fmt.Printf("sustain      %.0f records/s put for %v, %.0f records/s delivered until all %d rows had landed (put %d), peak %d MiB RSS (%d MiB its own)\n",
		float64(put)/took.Seconds(), took.Round(time.Second), float64(rows)/time.Since(began).Seconds(), rows, put, s.peak.total>>20, s.peak.own>>20)
	if rows != put {
		return fmt.Errorf("%d records put, %d rows delivered", put, rows)
	}
	return nil
}

// streams: 1,000 delivery streams, each put to and delivered once.
func streams(o *options, s *server) error {
	const n = 1000
	for i := range n {
		if err := s.create(fmt.Sprintf("s%d", i), converting(fmt.Sprintf("s%d/", i), 64, 60)); err != nil {
			return err
		}
	}
	if err := s.each(n, func(c *conn, i int) error { return c.put(batch(fmt.Sprintf("s%d", i), 0)) }); err != nil {
		return err
	}
	if err := s.each(n, func(_ *conn, i int) error { return s.flush(fmt.Sprintf("s%d", i)) }); err != nil {
		return err
	}
	s.sample()
	fmt.Printf("streams      %d delivery streams, 500 records each delivered as Parquet, peak %d MiB RSS (%d MiB its own)\n", n, s.peak.total>>20, s.peak.own>>20)
	return nil
}

// partitions: 500 partitions open at a time.
func partitions(o *options, s *server) error {
	if err := s.create("parts", partitioned()); err != nil {
		return err
	}
	const rounds = 200
	for i := range rounds {
		if err := s.each(1, func(c *conn, _ int) error { return c.put(batch("parts", i)) }); err != nil {
			return err
		}
	}
	if err := s.flush("parts"); err != nil {
		return err
	}
	s.sample()
	rows, err := s.count("parts")
	if err != nil {
		return err
	}
	fmt.Printf("partitions   %d rows in 500 partitions open together, peak %d MiB RSS (%d MiB its own)\n", rows, s.peak.total>>20, s.peak.own>>20)
	if rows != rounds*500 {
		return fmt.Errorf("%d records put, %d rows delivered", rounds*500, rows)
	}
	return nil
}

// restart: a spool that could not be delivered, for the bucket is not there.
func restart(o *options, s *server) error {
	if err := s.create("full", converting("full/", 64, 60)); err != nil {
		return err
	}
	if err := s.dropBucket(); err != nil {
		return err
	}
	want := int64(o.GB * 1e9)
	var bytes int64
	for bytes < want {
		n, err := s.load(o.Conns, 5*time.Second, func(int) []byte { return wide("full") })
		if err != nil {
			return err
		}
		bytes += int64(n) * wideBytes
	}
	full := s.peak
	s.Halt()
	if err := s.start(); err != nil {
		return err
	}
	fmt.Printf("restart      with %.1f GB spooled: first answer after %v; peak while spooling %d MiB RSS (%d MiB its own)\n", float64(bytes)/1e9, s.Ready.Round(time.Millisecond), full.total>>20, full.own>>20)
	return nil
}
