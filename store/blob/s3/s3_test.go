package s3_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/hydrant-stream/hydrant"
	server "github.com/hydrant-stream/hydrant/aws/s3"
	"github.com/hydrant-stream/hydrant/internal/absent"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/blobtest"
	"github.com/hydrant-stream/hydrant/store/blob/mem"
	"github.com/hydrant-stream/hydrant/store/blob/s3"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

// endpoint is our own S3 over HTTP. meddle may answer a request itself.
func endpoint(t testing.TB, meddle func(http.ResponseWriter, *http.Request) bool) (url string, behind *mem.Store) {
	t.Helper()
	behind = mem.New()
	j, err := journal.Open(vfs.NewMem(), "journal")
	if err != nil {
		t.Fatal(err)
	}
	svc, err := server.New(server.Config{Store: behind, Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	h := wire.NewServer(wire.Config{Services: []wire.Service{svc.Wire()}, Log: slog.New(slog.DiscardHandler)})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if meddle == nil || !meddle(w, r) {
			h.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(web.Close)
	return web.URL, behind
}

func open(t testing.TB, url string, timeout time.Duration) *s3.Store {
	t.Helper()
	s, err := s3.Open(t.Context(), s3.Config{Endpoint: url, Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDTEST", "secret", ""), Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBlob(t *testing.T) {
	blobtest.RunEndpoint(t, func(t *testing.T) blob.Store {
		url, _ := endpoint(t, nil)
		return open(t, url, 0)
	})
}

const bucket = "lake"

func withBucket(t testing.TB, s *s3.Store) {
	t.Helper()
	if err := s.CreateBucket(t.Context(), blob.BucketInfo{Name: bucket}); err != nil {
		t.Fatal(err)
	}
}

// noise is an endless body that cannot be compressed, the same for every seed.
func noise(seed byte, n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), n)
}

func digest(t testing.TB, r io.Reader) string {
	t.Helper()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestParts(t *testing.T) {
	url, _ := endpoint(t, nil)
	s := open(t, url, 0)
	withBucket(t, s)
	for _, size := range []int64{8<<20 - 1, 8 << 20, 8<<20 + 1, 16 << 20, 20 << 20} {
		info, err := s.Put(t.Context(), bucket, "big", noise(1, size), blob.Put{Meta: blob.Meta{ContentType: "a/b", User: map[string]string{"k": "v"}}})
		if err != nil || info.Size != size {
			t.Fatalf("put %d: %+v, %v", size, info, err)
		}
		if multi := strings.Contains(info.ETag, "-"); multi != (size >= 8<<20) {
			t.Errorf("%d bytes have ETag %s", size, info.ETag)
		}
		r, got, err := s.Get(t.Context(), bucket, "big", nil)
		if err != nil {
			t.Fatal(err)
		}
		if digest(t, r) != digest(t, noise(1, size)) {
			t.Errorf("%d bytes came back different", size)
		}
		r.Close()
		if got.ETag != info.ETag || got.Meta.ContentType != "a/b" || got.Meta.User["k"] != "v" {
			t.Errorf("got %+v, put %+v", got, info)
		}
	}
}

// TestNothingIsLeft: a body or an endpoint that fails leaves neither object nor parts.
func TestNothingIsLeft(t *testing.T) {
	var refuse, refuseAborts atomic.Bool
	var aborted, begun atomic.Int32
	url, _ := endpoint(t, func(w http.ResponseWriter, r *http.Request) bool {
		q := r.URL.Query()
		switch {
		case r.Method == http.MethodPost && q.Has("uploads"):
			begun.Add(1)
		case r.Method == http.MethodDelete && q.Has("uploadId") && refuseAborts.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		case r.Method == http.MethodDelete && q.Has("uploadId"):
			aborted.Add(1)
		case r.Method == http.MethodPut && q.Get("partNumber") == "2" && refuse.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	s := open(t, url, 0)
	withBucket(t, s)
	torn := errors.New("spool torn")
	_, err := s.Put(t.Context(), bucket, "k", io.MultiReader(noise(1, 20<<20), broken{torn}), blob.Put{})
	if !errors.Is(err, torn) {
		t.Errorf("put of a torn body: %v", err)
	}
	refuse.Store(true)
	if _, err := s.Put(t.Context(), bucket, "k", noise(1, 20<<20), blob.Put{}); err == nil {
		t.Error("put went well though a part was refused")
	}
	if begun.Load() != 2 || aborted.Load() != 2 {
		t.Errorf("%d uploads begun, %d aborted", begun.Load(), aborted.Load())
	}
	if _, err := s.Head(t.Context(), bucket, "k"); !errors.Is(err, blob.ErrNoKey) {
		t.Errorf("head: %v", err)
	}
	// What could not be aborted is with the next upload of the key, or its removal.
	for _, next := range []func() error{
		func() error { return s.Delete(t.Context(), bucket, "k") },
		func() error { _, err := s.Put(t.Context(), bucket, "k", noise(1, 20<<20), blob.Put{}); return err },
	} {
		refuse.Store(true)
		refuseAborts.Store(true)
		if _, err := s.Put(t.Context(), bucket, "k", noise(1, 20<<20), blob.Put{}); err == nil {
			t.Error("put went well though a part was refused")
		}
		refuse.Store(false)
		refuseAborts.Store(false)
		was := aborted.Load()
		if err := next(); err != nil || aborted.Load() != was+1 {
			t.Errorf("%v; %d uploads aborted, want %d", err, aborted.Load(), was+1)
		}
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestTroubles(t *testing.T) {
	var answer atomic.Value
	answer.Store("")
	release := make(chan struct{})
	url, _ := endpoint(t, func(w http.ResponseWriter, r *http.Request) bool {
		switch answer.Load() {
		case "503":
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
		case "403":
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
		case "silent":
			<-release
		case "stalls":
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, "beginning")
			w.(http.Flusher).Flush()
			<-release
		default:
			return false
		}
		return true
	})
	defer close(release)
	s, hurried := open(t, url, 0), open(t, url, 4*time.Second)
	put := func() error {
		_, err := s.Put(t.Context(), bucket, "k", strings.NewReader("x"), blob.Put{})
		return err
	}
	if err := put(); !errors.Is(err, blob.ErrNoBucket) {
		t.Errorf("no bucket: %v", err)
	}
	withBucket(t, s)
	answer.Store("503")
	if err := put(); err == nil || !strings.Contains(err.Error(), "SlowDown") {
		t.Errorf("503: %v", err)
	}
	answer.Store("403")
	if err := put(); hydrant.FaultCode(err) != "AccessDenied" {
		t.Errorf("403: %v", err)
	}
	if _, err := s.Head(t.Context(), bucket, "k"); hydrant.FaultCode(err) != "AccessDenied" {
		t.Errorf("403 of a head: %v", err)
	}
	answer.Store("silent")
	if _, err := hurried.Put(t.Context(), bucket, "k", strings.NewReader("x"), blob.Put{}); err == nil {
		t.Error("a silent endpoint took an object")
	}
	answer.Store("")
	if err := put(); err != nil {
		t.Fatal(err)
	}
	answer.Store("stalls")
	r, _, err := hurried.Get(t.Context(), bucket, "k", nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err == nil || !bytes.Equal(b, []byte("beginning")) {
		t.Errorf("a body that stalls: %q, %v", b, err)
	}
	r.Close()
	if _, err := open(t, "http://127.0.0.1:1", 0).Head(context.Background(), bucket, "k"); err == nil {
		t.Error("nobody listens, and yet there is an object")
	}
}

// TestConformOtherServer runs the suite against another implementation of S3: HYDRANT_MOTO is the
// command of moto's server (make conform).
func TestConformOtherServer(t *testing.T) {
	if os.Getenv("HYDRANT_CONFORM") == "" {
		t.Skip("runs with make conform")
	}
	url := otherServer(t)
	blobtest.RunEndpoint(t, func(t *testing.T) blob.Store {
		return &apart{open(t, url, 0), fmt.Sprintf("-%x", rand.Uint64())}
	}, "strange keys", "listing", "random listing") // moto: no line feeds in keys, StartAfter skips whole prefixes
}

// otherServer starts moto's S3 and returns where it answers.
func otherServer(t *testing.T) (url string) {
	t.Helper()
	moto := os.Getenv("HYDRANT_MOTO")
	if moto == "" {
		absent.Skip(t, "HYDRANT_MOTO names no command")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	cmd := exec.Command(moto, "-H", host, "-p", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	url = "http://" + net.JoinHostPort(host, port)
	for begun := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		resp, err := http.Get(url)
		if err == nil {
			resp.Body.Close()
			return url
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("moto does not answer: ", err)
		}
	}
}

// apart is a part of an endpoint with buckets of its own.
type apart struct {
	*s3.Store
	mark string
}

func (a *apart) CreateBucket(ctx context.Context, b blob.BucketInfo) error {
	b.Name += a.mark
	return a.Store.CreateBucket(ctx, b)
}

func (a *apart) DeleteBucket(ctx context.Context, bucket string) error {
	return a.Store.DeleteBucket(ctx, bucket+a.mark)
}

func (a *apart) Bucket(ctx context.Context, bucket string) (blob.BucketInfo, error) {
	b, err := a.Store.Bucket(ctx, bucket+a.mark)
	b.Name = strings.TrimSuffix(b.Name, a.mark)
	return b, err
}

func (a *apart) Buckets(ctx context.Context) (own []blob.BucketInfo, err error) {
	all, err := a.Store.Buckets(ctx)
	for _, b := range all {
		var ok bool
		if b.Name, ok = strings.CutSuffix(b.Name, a.mark); ok {
			own = append(own, b)
		}
	}
	slices.SortFunc(own, func(a, b blob.BucketInfo) int { return strings.Compare(a.Name, b.Name) })
	return own, err
}

func (a *apart) Put(ctx context.Context, bucket, key string, body io.Reader, p blob.Put) (blob.Info, error) {
	return a.Store.Put(ctx, bucket+a.mark, key, body, p)
}

func (a *apart) Get(ctx context.Context, bucket, key string, r *blob.Range) (io.ReadCloser, blob.Info, error) {
	return a.Store.Get(ctx, bucket+a.mark, key, r)
}

func (a *apart) Head(ctx context.Context, bucket, key string) (blob.Info, error) {
	return a.Store.Head(ctx, bucket+a.mark, key)
}

func (a *apart) SetTags(ctx context.Context, bucket, key string, tags map[string]string) error {
	return a.Store.SetTags(ctx, bucket+a.mark, key, tags)
}

func (a *apart) Delete(ctx context.Context, bucket, key string) error {
	return a.Store.Delete(ctx, bucket+a.mark, key)
}

func (a *apart) List(ctx context.Context, bucket string, p blob.ListPage) (blob.Listing, error) {
	return a.Store.List(ctx, bucket+a.mark, p)
}

// The endpoint is asked to encrypt with the key that is given, in one request and in parts.
func TestKMSKey(t *testing.T) {
	const key = "arn:aws:kms:eu-west-1:000000000000:key/k"
	var mu sync.Mutex
	asked := map[string]string{}
	url, _ := endpoint(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if how := r.Header.Get("X-Amz-Server-Side-Encryption"); how != "" {
			mu.Lock()
			asked[r.Method+" "+r.URL.Path] = how + " " + r.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id")
			mu.Unlock()
			r.Header.Del("X-Amz-Server-Side-Encryption") // the server here encrypts nothing
			r.Header.Del("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id")
		}
		return false
	})
	s := open(t, url, 0)
	withBucket(t, s)
	for name, size := range map[string]int{"small": 1, "large": 9 << 20, "plain": 1} {
		p := blob.Put{KMSKey: key}
		if name == "plain" {
			p.KMSKey = ""
		}
		if _, err := s.Put(t.Context(), bucket, name, bytes.NewReader(make([]byte, size)), p); err != nil {
			t.Fatal(name, err)
		}
	}
	want := map[string]string{"PUT /" + bucket + "/small": "aws:kms " + key, "POST /" + bucket + "/large": "aws:kms " + key}
	if !maps.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
}
