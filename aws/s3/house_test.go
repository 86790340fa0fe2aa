package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/hydrant-stream/hydrant/aws/s3"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

var ctx = context.Background()

// house is the service behind a real server, on a real folder.
type house struct {
	t     testing.TB
	root  string
	fs    vfs.FS // of the journal
	store *dir.Store
	jnl   journal.Journal
	web   *httptest.Server
	url   string
}

func newHouse(t testing.TB) *house {
	h := &house{t: t, root: t.TempDir(), fs: vfs.NewMem()}
	h.start(false)
	t.Cleanup(h.stop)
	return h
}

func (h *house) start(tls bool) {
	h.t.Helper()
	var err error
	if h.store, err = dir.Open(h.root); err != nil {
		h.t.Fatal(err)
	}
	if h.jnl, err = journal.Open(h.fs, "journal"); err != nil {
		h.t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(testLog{h.t}, nil))
	svc, err := s3.New(s3.Config{Store: h.store, Journal: h.jnl, Log: log})
	if err != nil {
		h.t.Fatal(err)
	}
	h.web = httptest.NewUnstartedServer(wire.NewServer(wire.Config{Services: []wire.Service{svc.Wire()}, Log: log}))
	if tls {
		h.web.StartTLS()
	} else {
		h.web.Start()
	}
	h.url = h.web.URL
}

func (h *house) stop() {
	h.web.Close()
	h.jnl.Close()
	h.store.Close()
}

// restart is what a new process finds.
func (h *house) restart() {
	h.stop()
	h.start(false)
}

// testLog puts the log's lines into the test's output.
type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// client is an SDK client of an account, which here is the access key.
func (h *house) client(region, account string, opts ...func(*sdk.Options)) *sdk.Client {
	return sdk.New(sdk.Options{
		Region: region, BaseEndpoint: aws.String(h.url), UsePathStyle: true, HTTPClient: awsbody.Over(h.web.Client()),
		Credentials:      credentials.NewStaticCredentialsProvider(account, "secret", ""),
		RetryMaxAttempts: 1, RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
	}, opts...)
}

// lake is a client and a bucket.
func (h *house) lake() *sdk.Client {
	h.t.Helper()
	c := h.client("us-east-1", "test")
	if _, err := c.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		h.t.Fatal(err)
	}
	return c
}

// do makes a bare HTTP request.
func (h *house) do(method, path, body string, header ...string) (*http.Response, string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := h.web.Client().Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp, string(b)
}

// want compares the code of an error a client saw; "" is none.
func want(t testing.TB, err error, code string) {
	t.Helper()
	got := ""
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		got = api.ErrorCode()
	case err != nil:
		got = err.Error()
	}
	if got != code {
		t.Errorf("error %q, want %q (%v)", got, code, err)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func put(t testing.TB, c *sdk.Client, key, body string) *sdk.PutObjectOutput {
	t.Helper()
	return must(c.PutObject(ctx, &sdk.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String(key), Body: strings.NewReader(body)}))(t)
}

func read(t testing.TB, c *sdk.Client, in *sdk.GetObjectInput) (string, *sdk.GetObjectOutput) {
	t.Helper()
	in.Bucket = aws.String("lake")
	out, err := c.GetObject(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(out.Body); err != nil {
		t.Fatal(err)
	}
	return b.String(), out
}

var _ blob.Store = (*dir.Store)(nil)
