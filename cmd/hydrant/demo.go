package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

type demoCmd struct {
	Files     []string      `name:"file" placeholder:"F" help:"TLC files to replay instead of generated trips (CSV, Parquet, JSON lines; plain, gzip, zstd, lz4)."`
	Rows      int           `default:"0" help:"At most this many trips; 0 means all of the files, or 100,000 generated ones."`
	Shards    int           `default:"4" help:"Shards of the stream."`
	Data      string        `placeholder:"DIR" help:"Keep the data in this folder; otherwise it is a temporary one, removed at the end."`
	Aggregate bool          `help:"Pack trips into aggregates of the Kinesis Producer Library, and trigger the function by a consumer, for which they are taken apart."`
	Faults    []string      `name:"fault" sep:"none" placeholder:"RULE" help:"Let calls go wrong on purpose meanwhile, as with serve. Repeatable."`
	Seed      *uint64       `name:"fault-seed" placeholder:"N" help:"Seed of the chances of --fault."`
	Wait      time.Duration `default:"2m" help:"How long to wait for the function to catch up."`
}

// Names of what the demo makes; the same as in the README's walkthrough.
const (
	demoBucket   = "kinesislabs-datalake-bucket"
	demoDatabase = "kinesislabs"
	demoTable    = "nyctaxitrips"
	demoStream   = "nyctaxitrips"
	demoFunction = "nyc-taxi-trips"
	demoRole     = "arn:aws:iam::000000000000:role/hydrant-demo"
	demoPrefix   = "nyctaxitrips/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
	demoErrors   = "nyctaxitripserror/!{firehose:error-output-type}/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
)

// Run makes the whole pipeline on an embedded store, through the public interfaces only, and proves
// that nothing was lost or doubled.
func (c *demoCmd) Run(ctx context.Context) (err error) {
	cfg := defaultConfig()
	cfg.Addr, cfg.Data, cfg.LogLevel = "127.0.0.1:0", c.Data, "warn"
	cfg.Faults, cfg.FaultSeed = c.Faults, c.Seed
	if cfg.Data == "" {
		if cfg.Data, err = os.MkdirTemp("", "hydrant-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(cfg.Data)) }()
	}
	s, err := startServer(ctx, cfg, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	d := &demo{demoCmd: c, out: os.Stdout, remote: remote{Endpoint: s.url(), Region: "us-east-1", Account: "000000000000"}, data: cfg.Data}
	if d.aws, err = awsConfig(ctx, d.Endpoint, d.Region); err != nil {
		return err
	}
	return d.run(ctx)
}

// demo is one run of the showcase against a running hydrant.
type demo struct {
	*demoCmd
	remote
	out  io.Writer
	aws  aws.Config
	data string
}

func (d *demo) step(format string, args ...any) { fmt.Fprintf(d.out, "\n-- "+format+"\n", args...) }

func (d *demo) run(ctx context.Context) error {
	started := time.Now()
	fmt.Fprintf(d.out, "hydrant demo: Kinesis -> Lambda -> Firehose -> Parquet on S3, on %s\n", d.Endpoint)
	mapping, err := d.build(ctx)
	if err != nil {
		return err
	}

	d.step("replay")
	source, err := (&replayCmd{File: d.Files, Rows: d.Rows, Seed: 1}).source()
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	progress := newReplayProgress(os.Stderr, replayTotal(source, d.Rows))
	stats, err := replayTrips(ctx, kinesis.NewFromConfig(d.aws), replayOptions{Stream: demoStream, Source: source, Rows: d.Rows, Aggregate: d.Aggregate, Report: progress.show, Every: progress.every})
	progress.finish()
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	fmt.Fprintln(d.out, stats.summary(demoStream))

	d.step("the function filters")
	filtering := time.Now()
	if err := d.caughtUp(ctx, mapping); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "caught up %.1f s after the last put\n", time.Since(filtering).Seconds())

	d.step("deliver and verify")
	var f flushed
	if err := d.call(ctx, http.MethodPost, "/_hydrant/firehose/"+url.PathEscape(demoStream)+"/flush", nil, &f); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	audit, err := newVerifier(d.aws, d.remote, demoStream, demoStream).audit(ctx)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}

	if err := d.landed(ctx); err != nil {
		return err
	}
	if err := d.answers(ctx); err != nil {
		return err
	}
	if len(d.Faults) > 0 {
		d.step("what went wrong on purpose")
		if err := d.change(ctx, http.MethodGet, nil); err != nil {
			return err
		}
	}
	d.step("result after %.1f s", time.Since(started).Seconds())
	audit.print(d.out)
	if audit.Put != stats.Sent {
		return fmt.Errorf("not verified: the stream holds %d records, %d were put", audit.Put, stats.Sent)
	}
	return audit.err()
}

// caughtUp waits until the mapping's checkpoints stand at the end of every shard.
func (d *demo) caughtUp(ctx context.Context, mapping string) error {
	deadline := time.Now().Add(d.Wait)
	for {
		var m mappings
		if err := d.call(ctx, http.MethodGet, "/_hydrant/mappings", nil, &m); err != nil {
			return err
		}
		lag, known := m.lag(mapping)
		if known && lag == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return hinted{fmt.Errorf("the function is still %d records behind after %s", lag, d.Wait), "look at its log with --data DIR, hydrant serve and: aws logs tail /aws/lambda/" + demoFunction}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// landed lists what is in the lake.
func (d *demo) landed(ctx context.Context) error {
	d.step("what landed where")
	client := s3.NewFromConfig(d.aws, func(o *s3.Options) { o.UsePathStyle = true })
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: aws.String(demoBucket)})
	var objects, bytes int64
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			objects++
			bytes += *o.Size
			if objects <= 10 {
				fmt.Fprintf(d.out, "%9.1f kB  s3://%s/%s\n", float64(*o.Size)/1e3, demoBucket, *o.Key)
			}
		}
	}
	fmt.Fprintf(d.out, "%d objects, %.1f kB", objects, float64(bytes)/1e3)
	if d.Data != "" {
		fmt.Fprintf(d.out, ", kept as plain files in %s/s3/%s", strings.TrimRight(d.data, "/"), demoBucket)
	}
	fmt.Fprintln(d.out)
	return nil
}

// The three questions a dispatcher would ask.
var demoQueries = []struct{ title, sql string }{
	{"trips and revenue by hour", `
SELECT strftime(date_trunc('hour', pickup_datetime), '%Y-%m-%d %H:00') AS hour, count(*) AS trips, round(sum(total_amount), 2) AS revenue
FROM kinesislabs.nyctaxitrips GROUP BY 1 ORDER BY trips DESC, hour LIMIT 8`},
	{"busiest pickup cells (about 1 km)", `
SELECT round(floor(pickup_latitude * 100) / 100, 2) AS latitude, round(floor(pickup_longitude * 100) / 100, 2) AS longitude, count(*) AS trips
FROM kinesislabs.nyctaxitrips GROUP BY 1, 2 ORDER BY trips DESC, latitude, longitude LIMIT 8`},
	{"average speed by time of day, in miles per hour", `
SELECT CASE WHEN hour(pickup_datetime) < 6 THEN '00-06' WHEN hour(pickup_datetime) < 12 THEN '06-12' WHEN hour(pickup_datetime) < 18 THEN '12-18' ELSE '18-24' END AS hours,
  count(*) AS trips, round(sum(trip_distance) / (sum(epoch(dropoff_datetime) - epoch(pickup_datetime)) / 3600), 1) AS mph
FROM kinesislabs.nyctaxitrips
WHERE dropoff_datetime > pickup_datetime AND epoch(dropoff_datetime) - epoch(pickup_datetime) < 4 * 3600 AND trip_distance BETWEEN 0.1 AND 100
GROUP BY 1 ORDER BY 1`},
}

func (d *demo) answers(ctx context.Context) error {
	for _, q := range demoQueries {
		d.step("%s", q.title)
		t, err := d.ask(ctx, strings.TrimSpace(q.sql))
		if err != nil {
			return fmt.Errorf("%s: %w", q.title, err)
		}
		if err := t.print(d.out); err != nil {
			return err
		}
	}
	return nil
}
