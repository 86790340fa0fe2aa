package firehose

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/hydrant-stream/hydrant"
	server "github.com/hydrant-stream/hydrant/aws/s3"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/blob/mem"
	"github.com/hydrant-stream/hydrant/store/blob/mount"
	"github.com/hydrant-stream/hydrant/store/blob/s3"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/wire"
)

// far is an S3 endpoint with troubles.
type far struct {
	url     string
	trouble atomic.Value // string; "" is none
	release chan struct{}
}

func newFar(t *testing.T) *far {
	t.Helper()
	svc, err := server.New(server.Config{Store: mem.New(), Journal: journal.Memory()})
	if err != nil {
		t.Fatal(err)
	}
	h := wire.NewServer(wire.Config{Services: []wire.Service{svc.Wire()}, Log: slog.New(slog.DiscardHandler)})
	f := &far{release: make(chan struct{})}
	f.trouble.Store("")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.answers(w, r) {
			h.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() { close(f.release); web.Close() })
	f.url = web.URL
	return f
}

// answers gives a request the trouble of the hour.
func (f *far) answers(w http.ResponseWriter, r *http.Request) bool {
	switch f.trouble.Load() {
	case "overloaded":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "denies":
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
	case "silent":
		<-f.release
	case "hangs up":
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// freshness keeps the samples of DataFreshness.
type freshness struct {
	mu  sync.Mutex
	all []float64
}

func (f *freshness) Put(_ hydrant.Scope, _, name string, dimensions map[string]string, value float64, _ string) {
	if name == "DeliveryToS3.DataFreshness" && dimensions["DeliveryStreamName"] == "far" {
		f.mu.Lock()
		f.all = append(f.all, value)
		f.mu.Unlock()
	}
}

func (f *freshness) last() float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) == 0 {
		return 0
	}
	return f.all[len(f.all)-1]
}

// TestLakeAway: a lake at an endpoint that refuses, is silent or hangs up costs no record, its data is
// seen to age, deliveries of other streams go on, and its own when it is mended.
func TestLakeAway(t *testing.T) {
	f, m := newFar(t), &freshness{}
	h := newHouse(t, func(c *Config) { c.Metrics, c.Builders = m, 2 })
	h.stop()
	home, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { home.Close() })
	away, err := s3.Open(t.Context(), s3.Config{Endpoint: f.url, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDTEST", "secret", ""), Timeout: 400 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if h.lake, err = mount.New(home, away, []mount.Mount{{Name: "there", Bucket: "there"}}); err != nil {
		t.Fatal(err)
	}
	h.start()
	h.bucket("there")
	h.bucket("lake")
	h.tables.set(nil, "id bigint")
	for _, name := range []string{"far", "far2", "far3"} {
		h.create(name, func(d *ExtendedS3DestinationConfiguration) {
			converting(d)
			d.BucketARN = "arn:aws:s3:::there"
			d.Prefix, d.ErrorOutputPrefix = new(name+"/"), new("errors/")
			d.BufferingHints.IntervalInSeconds = new(0)
		})
	}
	h.create("near", nil)

	n := 0
	put := func() {
		for _, name := range []string{"far", "far2", "far3"} {
			h.put(name, fmt.Sprintf(`{"id":%d}`, n), fmt.Sprintf(`{"id":%d}`, n+1))
		}
		n += 2
	}
	for _, trouble := range []struct{ is, code string }{
		{"overloaded", "S3.InternalError"}, {"denies", "S3.AccessDenied"}, {"silent", "S3.InternalError"}, {"hangs up", "S3.InternalError"},
	} {
		put()
		f.trouble.Store(trouble.is)
		put()
		until(t, trouble.is+": not told of", func() bool {
			err := h.find(here, "far").work.Load().failing()
			return err != nil && strings.HasPrefix(err.Error(), trouble.code)
		})
		if list, err := h.Manifest(here, "far"); err != nil || list[len(list)-1].State != "intended" || list[len(list)-1].Objects[0].Bucket != "there" {
			t.Errorf("%s: manifest %+v, %v", trouble.is, list, err)
		}
		was := m.last()
		until(t, trouble.is+": the oldest record does not age", func() bool { return m.last() > was })
		h.put("near", "goes on")
		h.flush("near")
		f.trouble.Store("")
		for _, name := range []string{"far", "far2", "far3"} {
			h.flush(name)
		}
	}
	records := int64(0)
	list, err := h.Manifest(here, "far")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.State != "committed" {
			t.Errorf("manifest at the end holds %+v", e)
		}
		records += e.Records
	}
	if records != int64(n) {
		t.Errorf("the manifest tells of %d records, %d were put", records, n)
	}
	seen := map[string]int{}
	for key, body := range h.objects("there") {
		name, _, _ := strings.Cut(key, "/")
		for _, r := range parquetIDs(t, body) {
			seen[name+r]++
		}
	}
	for _, name := range []string{"far", "far2", "far3"} {
		for id := range n {
			if k := fmt.Sprintf(`%s{"id":%d}`, name, id); seen[k] != 1 {
				t.Errorf("%s is there %d times", k, seen[k])
			}
		}
	}
	if len(seen) != 3*n {
		t.Errorf("%d records are there, %d were put", len(seen), 3*n)
	}
}

// until waits until a condition holds.
func until(t *testing.T, otherwise string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatal(otherwise)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
