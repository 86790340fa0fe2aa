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
	writes  atomic.Bool  // trouble is with writes only
	met     atomic.Int64 // requests that met trouble

	mu    sync.Mutex
	ended chan struct{} // closed when the trouble ends
}

// mend ends all trouble. Who has met it is hung up on.
func (f *far) mend() {
	f.trouble.Store("")
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.ended)
	f.ended = make(chan struct{})
}

func (f *far) end() chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

func newFar(t *testing.T) *far {
	t.Helper()
	svc, err := server.New(server.Config{Store: mem.New(), Journal: journal.Memory()})
	if err != nil {
		t.Fatal(err)
	}
	h := wire.NewServer(wire.Config{Services: []wire.Service{svc.Wire()}, Log: slog.New(slog.DiscardHandler)})
	f := &far{ended: make(chan struct{})}
	f.trouble.Store("")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.answers(w, r) {
			h.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() { f.mend(); web.Close() })
	f.url = web.URL
	return f
}

// answers gives a request the trouble of the hour.
func (f *far) answers(w http.ResponseWriter, r *http.Request) bool {
	ended, trouble := f.end(), f.trouble.Load()
	if trouble == "" || f.writes.Load() && r.Method != http.MethodPut && r.Method != http.MethodDelete {
		return false
	}
	f.met.Add(1)
	switch trouble {
	case "overloaded":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "denies":
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
	case "hangs up":
		panic(http.ErrAbortHandler)
	case "deaf": // never reads the body
		<-ended
		panic(http.ErrAbortHandler)
	case "silent": // never answers
		io.Copy(io.Discard, r.Body)
		<-ended
		panic(http.ErrAbortHandler)
	case "sips": // reads a byte at a time
		for b := make([]byte, 1); ; {
			r.Body.Read(b)
			slowly(ended)
		}
	case "drips": // answers a byte at a time
		io.Copy(io.Discard, r.Body)
		c, to, _ := w.(http.Hijacker).Hijack()
		defer c.Close()
		to.WriteString("HTTP/1.1 200 OK\r\nX-Dots: ")
		for {
			to.WriteString(".")
			to.Flush()
			slowly(ended)
		}
	}
	return true
}

// slowly lets some time pass; when the trouble has ended it ends the connection.
func slowly(ended chan struct{}) {
	select {
	case <-time.After(5 * time.Millisecond):
	case <-ended:
		panic(http.ErrAbortHandler)
	}
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
	m := &freshness{}
	h, f := farHouse(t, 400*time.Millisecond, func(c *Config) { c.Metrics, c.Builders = m, 2 })
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
		{"overloaded", "InternalError"}, {"denies", "S3.AccessDenied"}, {"silent", "InternalError"}, {"hangs up", "InternalError"},
		{"deaf", "InternalError"}, {"sips", "InternalError"}, {"drips", "InternalError"},
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
		f.mend()
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

// farHouse is a house in which the bucket "there" is at an endpoint with troubles, and "lake" is not. A
// call may take as long as timeout.
func farHouse(t *testing.T, timeout time.Duration, config func(*Config)) (*house, *far) {
	t.Helper()
	f := newFar(t)
	h := newHouse(t, config)
	h.stop()
	home, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { home.Close() })
	away, err := s3.Open(t.Context(), s3.Config{Endpoint: f.url, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDTEST", "secret", ""), Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	if h.lake, err = mount.New(home, away, []mount.Mount{{Name: "there", Bucket: "there"}}); err != nil {
		t.Fatal(err)
	}
	h.start()
	h.bucket("there")
	h.bucket("lake")
	return h, f
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
