package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/hydrant-stream/hydrant/taxi"
	"github.com/hydrant-stream/hydrant/taxi/tlc"
)

// replayCmd is `hydrant replay`.
type replayCmd struct {
	Stream    string   `required:"" help:"Stream to put the trips on." placeholder:"NAME"`
	File      []string `help:"Trip files: TLC's CSV, Parquet or JSON lines, plain or compressed; - is standard input. Without any, trips are generated." type:"path" placeholder:"F" sep:"none"`
	Speedup   float64  `help:"Seconds of dropoff time per second: 3600 replays an hour in a second. 0 sends as fast as it goes." default:"0"`
	Rows      int      `help:"Send only the first N trips in order of dropoff; without files, generate N (default 100000)." placeholder:"N"`
	Seed      uint64   `help:"Seed of the generated trips: the same seed gives the same trips." default:"1"`
	Watermark bool     `help:"Also put a watermark on every shard, once a second or every 20000 trips, as the AWS replay tool does."`
	Aggregate bool     `help:"Pack trips of one shard into aggregates, as the Kinesis Producer Library does; readers must take them apart."`
	InFlight  int      `help:"Calls in flight at once. Trips of one partition key always go one after another." default:"8" placeholder:"N"`
	Files     []string `arg:"" optional:"" name:"file" help:"More trip files, so that --file *.csv.gz works." type:"path"`
	Endpoint  string   `help:"Where to send. Default: AWS_ENDPOINT_URL, else http://127.0.0.1:4566. The word aws means AWS itself." placeholder:"URL"`
	Region    string   `help:"Region. Default: that of the environment, else us-east-1." placeholder:"R"`
}

const (
	replayDefaultRows = 100_000
	replayShownRows   = 10 // unreadable rows shown one by one
)

// Run replays and prints a summary.
func (c *replayCmd) Run(ctx context.Context) error {
	if c.Speedup < 0 || c.Rows < 0 || c.InFlight < 1 {
		return hinted{fmt.Errorf("replay: --speedup %v, --rows %d, --in-flight %d", c.Speedup, c.Rows, c.InFlight),
			"speedup and rows must not be negative, and at least one call must be in flight"}
	}
	cfg, err := awsConfig(ctx, c.Endpoint, c.Region)
	if err != nil {
		return err
	}
	client := kinesis.NewFromConfig(cfg, func(o *kinesis.Options) {
		o.Retryer = aws.NopRetryer{} // replayTrips resends by itself, and only what failed
	})
	source, err := c.source()
	if err != nil {
		return err
	}
	progress := newReplayProgress(os.Stderr, replayTotal(source, c.Rows))
	stats, err := replayTrips(ctx, client, replayOptions{
		Stream: c.Stream, Source: source, Rows: c.Rows, Speedup: c.Speedup, Watermark: c.Watermark, Aggregate: c.Aggregate, InFlight: c.InFlight,
		Report: progress.show, Every: progress.every,
	})
	progress.finish()
	if stats.Sent > 0 || err == nil {
		fmt.Println(stats.summary(c.Stream))
	}
	return err
}

// source opens the files, or the generator where there are none.
func (c *replayCmd) source() (taxi.Source, error) {
	files := append(slices.Clone(c.File), c.Files...)
	if len(files) == 0 {
		n := c.Rows
		if n == 0 {
			n = replayDefaultRows
		}
		return taxi.Generate(c.Seed, n), nil
	}
	r := tlc.Open(files...)
	r.OnReject = func(e *tlc.RowError) {
		if r.Rejected() <= replayShownRows {
			fmt.Fprintf(os.Stderr, "hydrant: skipped %v\n", e)
		}
	}
	begun := time.Now()
	s, err := tlc.Load(r)
	if err != nil {
		return nil, err
	}
	if n := r.Rejected(); n > 0 {
		fmt.Fprintf(os.Stderr, "hydrant: skipped %d rows that could not be read\n", n)
	}
	fmt.Fprintf(os.Stderr, "hydrant: read and sorted %d trips in %s\n", s.Len(), time.Since(begun).Round(time.Millisecond))
	return s, nil
}

func replayTotal(s taxi.Source, rows int) int {
	if rows > 0 {
		return min(rows, s.Len())
	}
	return s.Len()
}
