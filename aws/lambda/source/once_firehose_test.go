package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/hydrant-stream/hydrant/aws/firehose"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

// delivered is the real delivery stream: its spool and its lake are on the disk that crashes, and it delivers while the
// story goes on, so that what has landed is often no more in the spool than for the open token.
type delivered struct {
	t       *testing.T
	journal func() journal.Journal

	mu       sync.Mutex // of what follows
	lake     *dir.Store
	log      *segment.Engine
	service  *firehose.Service
	landings *firehose.Landings
	calls    int
	accepted int // records acknowledged
}

func newDelivered(t *testing.T, j func() journal.Journal) deliverer {
	return &delivered{t: t, journal: j}
}

func (d *delivered) open(disk vfs.FS) {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	if d.log, err = segment.Open(disk, "log", segment.Options{SegmentBytes: 64 << 10}); err != nil {
		d.t.Fatal(err)
	}
	if d.lake, err = dir.OpenFS(disk); err != nil {
		d.t.Fatal(err)
	}
	if err := d.lake.CreateBucket(d.t.Context(), blob.BucketInfo{Name: "lake"}); err != nil && !errors.Is(err, blob.ErrBucketExists) {
		d.t.Fatal(err)
	}
	d.service, err = firehose.New(firehose.Config{Log: d.log, Journal: d.journal(), Lake: d.lake, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		d.t.Fatal(err)
	}
	d.landings = d.service.Landings()
	_, err = d.service.CreateDeliveryStream(d.t.Context(), &firehose.CreateDeliveryStreamIn{
		DeliveryStreamName: "s",
		ExtendedS3DestinationConfiguration: &firehose.ExtendedS3DestinationConfiguration{
			RoleARN: "arn:aws:iam::000000000000:role/r", BucketARN: "arn:aws:s3:::lake",
			BufferingHints: &firehose.BufferingHints{SizeInMBs: new(1), IntervalInSeconds: new(0)},
		},
	})
	if err != nil && !strings.Contains(err.Error(), "already exists") {
		d.t.Fatal(err)
	}
}

// now is the delivery stream of the present life: what is left of the one before may still ask.
func (d *delivered) now() *firehose.Landings {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.landings
}

func (d *delivered) Open(token string) []journal.Change  { return d.now().Open(token) }
func (d *delivered) Close(token string) []journal.Change { return d.now().Close(token) }
func (d *delivered) Attempt(ctx context.Context, token string, n uint64) error {
	return d.now().Attempt(ctx, token, n)
}

func (d *delivered) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.service.Close(); err != nil {
		d.t.Error(err)
	}
	d.log.Close()
	d.lake.Close()
}

func (d *delivered) put(trace string, data ...string) error {
	d.mu.Lock()
	d.calls++
	r := &http.Request{Header: http.Header{}}
	if trace != "" {
		r.Header.Set("X-Amzn-Trace-Id", trace)
	}
	r.Header.Set("Amz-Sdk-Invocation-Id", fmt.Sprint(d.calls))
	service := d.service
	d.mu.Unlock()
	in := &firehose.PutRecordBatchIn{DeliveryStreamName: "s"}
	for _, s := range data {
		in.Records = append(in.Records, firehose.Record{Data: []byte(s + "\n")})
	}
	out, err := service.PutRecordBatch(wire.WithCall(context.Background(), &wire.Call{Request: r}), in)
	if err == nil {
		d.mu.Lock()
		d.accepted += len(out.RequestResponses)
		d.mu.Unlock()
	}
	return err
}

// all counts the lines of all objects.
func (d *delivered) all() (landed map[string]int, suppressed int) {
	if _, err := d.service.Flush(d.t.Context(), testScope, "s"); err != nil {
		d.t.Error(err)
	}
	landed = map[string]int{}
	lines := 0
	for p := (blob.ListPage{}); ; {
		list, err := d.lake.List(d.t.Context(), "lake", p)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, o := range list.Objects {
			r, _, err := d.lake.Get(d.t.Context(), "lake", o.Key, nil)
			if err != nil {
				d.t.Fatal(err)
			}
			body, err := io.ReadAll(r)
			if err != nil {
				d.t.Fatal(err)
			}
			for _, line := range strings.Fields(string(body)) {
				landed[line]++
				lines++
			}
		}
		if !list.More {
			d.mu.Lock()
			defer d.mu.Unlock()
			return landed, max(0, d.accepted-lines)
		}
		p.After = list.Next
	}
}

// TestOnceInFirehose is TestOnce against the real delivery stream.
func TestOnceInFirehose(t *testing.T) {
	for _, once := range []bool{true, false} {
		for seed := range uint64(8) {
			t.Run(fmt.Sprint(once, seed), func(t *testing.T) {
				extra, suppressed := crashes(t, once, seed, newDelivered)
				if once && extra != 0 {
					t.Errorf("%d landed twice", extra)
				}
				if !once && extra == 0 || once && suppressed == 0 {
					t.Error("the story has no repeats: the test shows nothing")
				}
			})
		}
	}
}
