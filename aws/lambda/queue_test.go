package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/hydrant-stream/hydrant"
)

// memoryQueues is a queue "there" and one "dead"; no other exists. refuse is how many messages it does not take.
type memoryQueues struct {
	mu     sync.Mutex
	refuse int
	got    map[string][]memoryMessage
}

type memoryMessage struct {
	body       string
	attributes map[string]any
}

const queuesARN = "arn:aws:sqs:us-east-1:000000000000:"

func (q *memoryQueues) HasQueue(arn string) bool {
	return arn == queuesARN+"there" || arn == queuesARN+"dead"
}

func (q *memoryQueues) Send(_ context.Context, arn, body string, attributes map[string]any) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.HasQueue(arn) || q.refuse > 0 {
		q.refuse--
		return hydrant.Faultf("QueueDoesNotExist", "The specified queue does not exist.")
	}
	if q.got == nil {
		q.got = map[string][]memoryMessage{}
	}
	q.got[arn] = append(q.got[arn], memoryMessage{body, attributes})
	return nil
}

func (q *memoryQueues) of(name string) []memoryMessage {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.got[queuesARN+name]
}

// TestQueuesAreTold: the outcome of an asynchronous event goes to the queue for it, one that is given up to the
// dead-letter queue as it came, with what went wrong.
func TestQueuesAreTold(t *testing.T) {
	queues := &memoryQueues{}
	metrics := &memoryMetrics{values: map[string]float64{}}
	h := newHouse(t, func(c *Config) {
		c.Queues, c.Metrics = queues, metrics
		c.RetryDelay = func(int) time.Duration { return time.Millisecond }
	})
	ctx, name := t.Context(), aws.String("f")
	h.create("f", `OUT='{"ok":1}'; case "$EVENT" in *fail*) kind=error; OUT='{"errorType":"E","errorMessage":"no luck"}';; esac`, func(in *sdk.CreateFunctionInput) {
		in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String(queuesARN + "dead")}
	})
	for _, bad := range []string{queuesARN + "none", "arn:aws:sns:us-east-1:000000000000:t"} {
		_, err := h.UpdateFunctionConfiguration(ctx, &sdk.UpdateFunctionConfigurationInput{FunctionName: name, DeadLetterConfig: &types.DeadLetterConfig{TargetArn: &bad}})
		wantFault(t, err, "InvalidParameterValueException", bad)
		_, err = h.PutFunctionEventInvokeConfig(ctx, &sdk.PutFunctionEventInvokeConfigInput{FunctionName: name, DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: &bad}}})
		wantFault(t, err, "InvalidParameterValueException", bad)
	}
	if _, err := h.PutFunctionEventInvokeConfig(ctx, &sdk.PutFunctionEventInvokeConfigInput{FunctionName: name, MaximumRetryAttempts: aws.Int32(1), DestinationConfig: &types.DestinationConfig{
		OnSuccess: &types.OnSuccess{Destination: aws.String(queuesARN + "there")}, OnFailure: &types.OnFailure{Destination: aws.String(queuesARN + "there")}}}); err != nil {
		t.Fatal(err)
	}
	got, err := h.GetFunctionConfiguration(ctx, &sdk.GetFunctionConfigurationInput{FunctionName: name})
	if err != nil || got.DeadLetterConfig == nil || *got.DeadLetterConfig.TargetArn != queuesARN+"dead" {
		t.Fatalf("%+v, %v", got, err)
	}

	queues.refuse = 1 // the first message is taken a second later
	for i, event := range []string{`{"a":1}`, `{"fail":2}`} {
		if _, err := h.Invoke(ctx, &sdk.InvokeInput{FunctionName: name, InvocationType: types.InvocationTypeEvent, Payload: []byte(event)}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "message "+event, func() bool { return len(queues.of("there")) == i+1 })
	}
	var conditions []string
	for _, m := range queues.of("there") {
		var doc struct {
			RequestContext struct{ Condition string }
			RequestPayload json.RawMessage
		}
		if err := json.Unmarshal([]byte(m.body), &doc); err != nil {
			t.Fatal(err)
		}
		conditions = append(conditions, doc.RequestContext.Condition+string(doc.RequestPayload))
	}
	if fmt.Sprint(conditions) != `[Success{"a":1} RetriesExhausted{"fail":2}]` {
		t.Errorf("%v", conditions)
	}
	dead := queues.of("dead")
	if len(dead) != 1 || dead[0].body != `{"fail":2}` || dead[0].attributes["ErrorCode"] != 200 || dead[0].attributes["ErrorMessage"] != "no luck" || dead[0].attributes["RequestID"] == "" {
		t.Errorf("dead letters %+v", dead)
	}
	if metrics.sum("DestinationDeliveryFailures f") != 1 || metrics.sum("DeadLetterErrors f") != 0 {
		t.Errorf("%v", metrics.values)
	}
}
