package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// TestStopAndStartAgain: SIGTERM ends cleanly, a second process is kept off the folder, and what was
// buffered is delivered after the next start.
func TestStopAndStartAgain(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data, "")
	makeLake(t, p)
	if _, err := kinesis.NewFromConfig(p.sdk(1)).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	waitActive(t, p)
	if _, err := firehose.NewFromConfig(p.sdk(1)).PutRecord(t.Context(), &firehose.PutRecordInput{DeliveryStreamName: aws.String("crash"), Record: &firehosetypes.Record{Data: []byte(`{"id":"kept","n":1}`)}}); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, "dump", "journal", data); err == nil || !strings.Contains(err.Error(), "hint: stop the hydrant") {
		t.Errorf("a folder in use was opened: %v\n%s", err, out)
	}
	p.stop()
	if out, err := run(t, "dump", "log", "--records", data); err != nil || !strings.Contains(out, "firehose/") {
		t.Errorf("dump log: %v\n%s", err, out)
	}
	if out, err := run(t, "dump", "journal", data); err != nil || !strings.Contains(out, `"key":"kinesis/stream/000000000000/us-east-1/s"`) {
		t.Errorf("dump journal: %v\n%s", err, out)
	}
	p = serve(t, data, "")
	if out, err := run(t, "flush", "--endpoint", p.url, "crash"); err != nil {
		t.Fatal(err, out)
	}
	if out, err := run(t, "query", "--endpoint", p.url, "SELECT count(*) AS n FROM lake.crash WHERE id = 'kept'"); err != nil || !strings.Contains(out, "\n1\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(t, "dump", "delivery", "--endpoint", p.url, "crash"); err != nil || !strings.Contains(out, "data/") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestHealthMetricsReset looks at hydrant's own paths.
func TestHealthMetricsReset(t *testing.T) {
	p := serve(t, t.TempDir(), "")
	k := kinesis.NewFromConfig(p.sdk(1))
	if _, err := k.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	get := func(method, path string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, p.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var b strings.Builder
		if _, err := io.Copy(&b, resp.Body); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, b.String()
	}
	if status, body := get("GET", "/_hydrant/health"); status != 200 || !strings.Contains(body, `"status":"ok"`) || !strings.Contains(body, `"firehose":"running"`) {
		t.Errorf("health: %d %s", status, body)
	}
	if status, body := get("GET", "/metrics"); status != 200 || !strings.Contains(body, `hydrant_calls_total{code="",operation="CreateStream",service="kinesis",status="200"} 1`) {
		t.Errorf("metrics: %d %s", status, body)
	}
	for _, path := range []string{"/_hydrant/reset", "/moto-api/reset"} {
		if status, body := get("POST", path); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
		list, err := k.ListStreams(t.Context(), &kinesis.ListStreamsInput{})
		if err != nil || len(list.StreamNames) != 0 {
			t.Errorf("after %s: %v %v", path, list, err)
		}
	}
	if status, _ := get("GET", "/_hydrant/nope"); status != 404 {
		t.Errorf("an unknown path answers %d", status)
	}
}
