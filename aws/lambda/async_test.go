package lambda

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/hydrant-stream/hydrant"
)

// memoryObjects is a bucket "there"; no other exists.
type memoryObjects struct {
	mu   sync.Mutex
	docs map[string][]byte
}

func (o *memoryObjects) PutObject(_ context.Context, _ hydrant.Scope, bucket, key, _ string, body []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if bucket != "there" {
		return hydrant.Faultf("NoSuchBucket", "The specified bucket does not exist").WithStatus(404)
	}
	o.docs[key] = body
	return nil
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not happen", what)
		}
	}
}

func TestEventInvokeConfig(t *testing.T) {
	objects := &memoryObjects{docs: map[string][]byte{}}
	metrics := &memoryMetrics{values: map[string]float64{}}
	h := newHouse(t, func(c *Config) {
		c.Objects, c.Metrics = objects, metrics
		c.RetryDelay = func(int) time.Duration { return time.Millisecond }
	})
	ctx := t.Context()
	told := filepath.Join(t.TempDir(), "told")
	h.create("f", `OUT='{"ok":1}'; case "$EVENT" in *fail*) kind=error; OUT='{"errorType":"E"}';; esac`, nil)
	sink := h.create("sink", `echo "$EVENT" >> `+told+`; OUT=null`, nil)
	name := aws.String("f")
	destinations := func(success, failure string) *types.DestinationConfig {
		d := &types.DestinationConfig{}
		if success != "" {
			d.OnSuccess = &types.OnSuccess{Destination: &success}
		}
		if failure != "" {
			d.OnFailure = &types.OnFailure{Destination: &failure}
		}
		return d
	}

	_, err := h.GetFunctionEventInvokeConfig(ctx, &sdk.GetFunctionEventInvokeConfigInput{FunctionName: name})
	wantFault(t, err, "ResourceNotFoundException", "function:f:$LATEST doesn't have an EventInvokeConfig")
	_, err = h.UpdateFunctionEventInvokeConfig(ctx, &sdk.UpdateFunctionEventInvokeConfigInput{FunctionName: name, MaximumRetryAttempts: aws.Int32(1)})
	wantFault(t, err, "ResourceNotFoundException", "doesn't have an EventInvokeConfig")
	put := func(in *sdk.PutFunctionEventInvokeConfigInput) error {
		in.FunctionName = name
		_, err := h.PutFunctionEventInvokeConfig(ctx, in)
		return err
	}
	wantFault(t, put(&sdk.PutFunctionEventInvokeConfigInput{}), "InvalidParameterValueException", "at least one of")
	wantFault(t, put(&sdk.PutFunctionEventInvokeConfigInput{MaximumRetryAttempts: aws.Int32(3)}), "ValidationException", "'maximumRetryAttempts'")
	for _, bad := range []string{"arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:sns:us-east-1:000000000000:t", "arn:aws:lambda:us-east-1:000000000000:function:none", "arn:aws:lambda:us-east-1:000000000000:function:f", "arn:aws:s3:::there"} {
		wantFault(t, put(&sdk.PutFunctionEventInvokeConfigInput{DestinationConfig: destinations(bad, "")}), "InvalidParameterValueException", "")
	}
	if err := put(&sdk.PutFunctionEventInvokeConfigInput{MaximumRetryAttempts: aws.Int32(0), DestinationConfig: destinations(*sink.FunctionArn, "")}); err != nil {
		t.Fatal(err)
	}
	upd, err := h.UpdateFunctionEventInvokeConfig(ctx, &sdk.UpdateFunctionEventInvokeConfigInput{FunctionName: name, MaximumEventAgeInSeconds: aws.Int32(60), DestinationConfig: destinations("", "arn:aws:s3:::there")})
	if err != nil || *upd.MaximumRetryAttempts != 0 || *upd.DestinationConfig.OnSuccess.Destination != *sink.FunctionArn {
		t.Fatalf("%+v %v", upd, err)
	}
	h.close()
	h.open()
	got, err := h.GetFunctionEventInvokeConfig(ctx, &sdk.GetFunctionEventInvokeConfigInput{FunctionName: name, Qualifier: aws.String("$LATEST")})
	if err != nil || *got.MaximumEventAgeInSeconds != 60 || *got.DestinationConfig.OnFailure.Destination != "arn:aws:s3:::there" || !strings.HasSuffix(*got.FunctionArn, ":f:$LATEST") || time.Since(*got.LastModified) > time.Minute {
		t.Errorf("%+v %v", got, err)
	}
	list, err := h.ListFunctionEventInvokeConfigs(ctx, &sdk.ListFunctionEventInvokeConfigsInput{FunctionName: name})
	if err != nil || len(list.FunctionEventInvokeConfigs) != 1 {
		t.Errorf("%+v %v", list, err)
	}
	_, err = h.PutProvisionedConcurrencyConfig(ctx, &sdk.PutProvisionedConcurrencyConfigInput{FunctionName: name, Qualifier: aws.String("$LATEST"), ProvisionedConcurrentExecutions: aws.Int32(1)})
	wantFault(t, err, "InvalidParameterValueException", "Provisioned concurrency is not available")

	send := func(event string) {
		if _, err := h.Invoke(ctx, &sdk.InvokeInput{FunctionName: name, InvocationType: types.InvocationTypeEvent, Payload: []byte(event)}); err != nil {
			t.Fatal(err)
		}
	}
	type record struct {
		RequestContext struct {
			Condition, FunctionArn string
			ApproximateInvokeCount int
		}
		RequestPayload, ResponsePayload map[string]any
		ResponseContext                 struct{ FunctionError string }
	}
	read := func(body []byte) (r record) {
		t.Helper()
		if err := json.Unmarshal(body, &r); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return r
	}
	send(`{"n":1}`)
	var body []byte
	eventually(t, "a success told to its destination", func() bool { body, _ = os.ReadFile(told); return len(body) > 0 })
	if r := read(body); r.RequestContext.Condition != "Success" || r.RequestContext.ApproximateInvokeCount != 1 || r.RequestPayload["n"] != 1.0 ||
		r.ResponsePayload["ok"] != 1.0 || !strings.HasSuffix(r.RequestContext.FunctionArn, ":f:$LATEST") {
		t.Errorf("%s", body)
	}
	send(`{"fail":1}`)
	empty := func() bool {
		n := 0
		h.cfg.Journal.Range(asyncPrefix, func(string, []byte) bool { n++; return true })
		return n == 0
	}
	eventually(t, "an empty queue", empty)
	if len(objects.docs) != 1 {
		t.Fatalf("%d failures told", len(objects.docs))
	}
	for key, body := range objects.docs {
		if r := read(body); r.RequestContext.Condition != "RetriesExhausted" || r.RequestContext.ApproximateInvokeCount != 1 || r.ResponseContext.FunctionError != "Unhandled" || !strings.HasPrefix(key, "aws/lambda/async/f/") {
			t.Errorf("%s %s", key, body)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(h.cfg.Dir, "async", "*")); len(left) > 0 {
		t.Errorf("payloads are left: %v", left)
	}
	if _, err := h.DeleteFunctionEventInvokeConfig(ctx, &sdk.DeleteFunctionEventInvokeConfigInput{FunctionName: name}); err != nil {
		t.Fatal(err)
	}
	_, err = h.DeleteFunctionEventInvokeConfig(ctx, &sdk.DeleteFunctionEventInvokeConfigInput{FunctionName: name})
	wantFault(t, err, "ResourceNotFoundException", "doesn't have an EventInvokeConfig")

	for metric, want := range map[string]float64{"Invocations": 2, "Errors": 1} {
		if got := metrics.sum(metric + " f"); got != want {
			t.Errorf("%s is %v, want %v", metric, got, want)
		}
	}
	if metrics.sum("Duration f") <= 0 || metrics.sum("ConcurrentExecutions f") < 2 {
		t.Errorf("%v", metrics.values)
	}
	if _, err := h.PutFunctionConcurrency(ctx, &sdk.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
		t.Fatal(err)
	}
	_, err = h.Invoke(ctx, &sdk.InvokeInput{FunctionName: name})
	wantFault(t, err, "TooManyRequestsException", "")
	if metrics.sum("Throttles f") != 1 || metrics.sum("Invocations f") != 2 {
		t.Errorf("%v", metrics.values)
	}
}

// memoryMetrics sums up values by metric and function.
type memoryMetrics struct {
	mu     sync.Mutex
	values map[string]float64
}

func (m *memoryMetrics) Put(_ hydrant.Scope, namespace, name string, dimensions map[string]string, value float64, _ string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if namespace == "AWS/Lambda" && dimensions["Resource"] == "" {
		m.values[name+" "+dimensions["FunctionName"]] += value
	}
}

func (m *memoryMetrics) sum(key string) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key]
}
