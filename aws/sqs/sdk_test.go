package sqs

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/wire"
)

// house is the service behind HTTP, with the SDK, which checks every MD5, in front.
type house struct {
	*sdk.Client
	t    *testing.T
	svc  *Service
	keep journal.Journal
	http *httptest.Server
}

func open(t *testing.T) *house {
	h := &house{t: t, keep: journal.Memory()}
	h.reopen()
	t.Cleanup(func() { h.http.Close() })
	return h
}

// reopen starts the service anew over the same journal.
func (h *house) reopen() {
	h.t.Helper()
	if h.http != nil {
		h.http.Close()
	}
	var err error
	if h.svc, err = New(Config{Journal: h.keep, Endpoint: func() string { return h.http.URL }}); err != nil {
		h.t.Fatal(err)
	}
	h.http = httptest.NewServer(wire.NewServer(wire.Config{Services: []wire.Service{h.svc.Wire()}}))
	h.Client = sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: &h.http.URL, HTTPClient: awsbody.Over(nil), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
}

func (h *house) create(name string, attributes map[string]string) *string {
	h.t.Helper()
	out, err := h.CreateQueue(h.t.Context(), &sdk.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		h.t.Fatal(err)
	}
	return out.QueueUrl
}

func (h *house) send(url *string, bodies ...string) {
	h.t.Helper()
	for _, b := range bodies {
		if _, err := h.SendMessage(h.t.Context(), &sdk.SendMessageInput{QueueUrl: url, MessageBody: &b}); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *house) receive(url *string, wait, hidden int32) []types.Message {
	h.t.Helper()
	out, err := h.ReceiveMessage(h.t.Context(), &sdk.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: wait, VisibilityTimeout: hidden,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"}})
	if err != nil {
		h.t.Fatal(err)
	}
	return out.Messages
}

func bodies(list []types.Message) (all []string) {
	for _, m := range list {
		all = append(all, *m.Body)
	}
	return all
}

func (h *house) attribute(url *string, name types.QueueAttributeName) string {
	h.t.Helper()
	out, err := h.GetQueueAttributes(h.t.Context(), &sdk.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{name}})
	if err != nil {
		h.t.Fatal(err)
	}
	return out.Attributes[string(name)]
}

// wantFault checks the code that clients report, which is the older protocol's where the two differ.
func wantFault(t *testing.T, err error, code, text string) {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("got %v, want %s: …%s…", err, code, text)
	}
}

func TestQueues(t *testing.T) {
	h, ctx := open(t), t.Context()
	url := h.create("q", map[string]string{"VisibilityTimeout": "7"})
	if !strings.HasSuffix(*url, "/000000000000/q") {
		t.Errorf("%s", *url)
	}
	if again := h.create("q", nil); *again != *url {
		t.Errorf("another queue: %s", *again)
	}
	_, err := h.CreateQueue(ctx, &sdk.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{"VisibilityTimeout": "8"}})
	wantFault(t, err, "QueueAlreadyExists", "different value for attribute VisibilityTimeout")
	for name, attributes := range map[string]map[string]string{"a.fifo": nil, "a b": nil, "a": {"VisibilityTimeout": "43201"}, "b": {"Nope": "1"}, "c": {"KmsMasterKeyId": "k"},
		"d": {"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:none","maxReceiveCount":2}`}} {
		if _, err := h.CreateQueue(ctx, &sdk.CreateQueueInput{QueueName: &name, Attributes: attributes}); err == nil {
			t.Errorf("%s %v was made", name, attributes)
		}
	}
	if arn := h.attribute(url, "QueueArn"); arn != "arn:aws:sqs:us-east-1:000000000000:q" || h.attribute(url, "VisibilityTimeout") != "7" || h.attribute(url, "MessageRetentionPeriod") != "345600" {
		t.Errorf("%s", arn)
	}
	if _, err := h.SetQueueAttributes(ctx, &sdk.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"DelaySeconds": "0", "VisibilityTimeout": "9"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.TagQueue(ctx, &sdk.TagQueueInput{QueueUrl: url, Tags: map[string]string{"a": "1", "b": "2"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.UntagQueue(ctx, &sdk.UntagQueueInput{QueueUrl: url, TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	h.create("r", nil)
	h.create("other", nil)

	h.reopen()
	got, err := h.GetQueueUrl(ctx, &sdk.GetQueueUrlInput{QueueName: aws.String("q")})
	if err != nil {
		t.Fatal(err)
	}
	url = got.QueueUrl
	if h.attribute(url, "VisibilityTimeout") != "9" {
		t.Error("the change is gone after a restart")
	}
	if tags, err := h.ListQueueTags(ctx, &sdk.ListQueueTagsInput{QueueUrl: url}); err != nil || fmt.Sprint(tags.Tags) != "map[b:2]" {
		t.Errorf("%v, %v", tags, err)
	}
	page, err := h.ListQueues(ctx, &sdk.ListQueuesInput{MaxResults: aws.Int32(2)})
	if err != nil || len(page.QueueUrls) != 2 || page.NextToken == nil {
		t.Fatalf("%+v, %v", page, err)
	}
	page, err = h.ListQueues(ctx, &sdk.ListQueuesInput{MaxResults: aws.Int32(2), NextToken: page.NextToken})
	if err != nil || len(page.QueueUrls) != 1 || page.NextToken != nil {
		t.Fatalf("%+v, %v", page, err)
	}

	h.send(url, "a", "b")
	if _, err := h.PurgeQueue(ctx, &sdk.PurgeQueueInput{QueueUrl: url}); err != nil {
		t.Fatal(err)
	}
	if n := h.attribute(url, "ApproximateNumberOfMessages"); n != "0" {
		t.Errorf("%s messages after a purge", n)
	}
	h.send(url, "c")
	if _, err := h.DeleteQueue(ctx, &sdk.DeleteQueueInput{QueueUrl: url}); err != nil {
		t.Fatal(err)
	}
	_, err = h.SendMessage(ctx, &sdk.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")})
	wantFault(t, err, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
	if again := h.create("q", nil); len(h.receive(again, 0, 0)) != 0 {
		t.Error("a new queue has the messages of the old one")
	}
}

func TestMessages(t *testing.T) {
	h, ctx := open(t), t.Context()
	url := h.create("q", nil)
	sent, err := h.SendMessage(ctx, &sdk.SendMessageInput{QueueUrl: url, MessageBody: aws.String("first"), MessageAttributes: map[string]types.MessageAttributeValue{
		"t": {DataType: aws.String("String"), StringValue: aws.String("é")}, "n": {DataType: aws.String("Number.int"), StringValue: aws.String("7")}, "b": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := h.SendMessageBatch(ctx, &sdk.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("a"), MessageBody: aws.String("second")}, {Id: aws.String("b"), MessageBody: aws.String("no\x01")}, {Id: aws.String("c"), MessageBody: aws.String("later"), DelaySeconds: 900},
	}})
	if err != nil || len(batch.Successful) != 2 || len(batch.Failed) != 1 || *batch.Failed[0].Code != "InvalidMessageContents" || !batch.Failed[0].SenderFault {
		t.Fatalf("%+v, %v", batch, err)
	}
	_, err = h.SendMessageBatch(ctx, &sdk.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{{Id: aws.String("a"), MessageBody: aws.String("x")}, {Id: aws.String("a"), MessageBody: aws.String("x")}}})
	wantFault(t, err, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "Id a repeated")
	_, err = h.SendMessage(ctx, &sdk.SendMessageInput{QueueUrl: url, MessageBody: aws.String(strings.Repeat("x", maxBody+1))})
	wantFault(t, err, "InvalidParameterValue", "Message must be shorter than 1048576 bytes")
	_, err = h.ReceiveMessage(ctx, &sdk.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 11})
	wantFault(t, err, "InvalidParameterValue", "MaxNumberOfMessages")

	h.reopen() // what was sent is on disk
	url = h.create("q", nil)
	got := h.receive(url, 0, 600)
	if fmt.Sprint(bodies(got)) != "[first second]" || *got[0].MessageId != *sent.MessageId || got[0].Attributes["ApproximateReceiveCount"] != "1" || got[0].Attributes["SenderId"] != "000000000000" ||
		*got[0].MessageAttributes["t"].StringValue != "é" || *got[0].MessageAttributes["n"].DataType != "Number.int" || string(got[0].MessageAttributes["b"].BinaryValue) != "\x00\x01" {
		t.Fatalf("%+v", got)
	}
	if h.attribute(url, "ApproximateNumberOfMessagesNotVisible") != "2" || h.attribute(url, "ApproximateNumberOfMessagesDelayed") != "1" || len(h.receive(url, 0, 600)) != 0 {
		t.Error("messages in flight are shown")
	}
	if _, err := h.DeleteMessage(ctx, &sdk.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.DeleteMessage(ctx, &sdk.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got[0].ReceiptHandle}); err != nil {
		t.Errorf("deleting twice: %v", err)
	}
	_, err = h.DeleteMessage(ctx, &sdk.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("x")})
	wantFault(t, err, "ReceiptHandleIsInvalid", "not a valid receipt handle")

	// Whoever waits gets what is given back, at once.
	waiting := make(chan []types.Message)
	go func() { waiting <- h.receive(url, 20, 600) }()
	for h.attribute(url, "ApproximateNumberOfMessagesNotVisible") != "1" {
		time.Sleep(time.Millisecond)
	}
	if _, err := h.ChangeMessageVisibility(ctx, &sdk.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: got[1].ReceiptHandle, VisibilityTimeout: 0}); err != nil {
		t.Fatal(err)
	}
	again := <-waiting
	if fmt.Sprint(bodies(again)) != "[second]" || again[0].Attributes["ApproximateReceiveCount"] != "2" {
		t.Fatalf("%+v", again)
	}
	_, err = h.ChangeMessageVisibility(ctx, &sdk.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: got[1].ReceiptHandle, VisibilityTimeout: 5})
	wantFault(t, err, "AWS.SimpleQueueService.MessageNotInflight", "")
	changed, err := h.ChangeMessageVisibilityBatch(ctx, &sdk.ChangeMessageVisibilityBatchInput{QueueUrl: url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
		{Id: aws.String("1"), ReceiptHandle: again[0].ReceiptHandle, VisibilityTimeout: 600}, {Id: aws.String("2"), ReceiptHandle: aws.String("x")}}})
	if err != nil || len(changed.Successful) != 1 || len(changed.Failed) != 1 || *changed.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Fatalf("%+v, %v", changed, err)
	}
	done, err := h.DeleteMessageBatch(ctx, &sdk.DeleteMessageBatchInput{QueueUrl: url, Entries: []types.DeleteMessageBatchRequestEntry{{Id: aws.String("1"), ReceiptHandle: again[0].ReceiptHandle}}})
	if err != nil || len(done.Successful) != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	h.reopen()
	url = h.create("q", nil)
	if n := h.attribute(url, "ApproximateNumberOfMessages"); n != "0" || h.attribute(url, "ApproximateNumberOfMessagesDelayed") != "1" {
		t.Errorf("%s messages are there again", n)
	}
}

func TestRedrive(t *testing.T) {
	h, ctx := open(t), t.Context()
	h.create("dead", nil)
	url := h.create("q", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"2"}`})
	h.send(url, "poison")
	for range 2 {
		got := h.receive(url, 0, 600)
		if len(got) != 1 {
			t.Fatalf("%v", bodies(got))
		}
		if _, err := h.ChangeMessageVisibility(ctx, &sdk.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 0}); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.receive(url, 0, 600); len(got) != 0 {
		t.Errorf("received a third time: %v", bodies(got))
	}
	h.reopen()
	dead := h.create("dead", nil)
	got := h.receive(dead, 0, 600)
	if !slices.Equal(bodies(got), []string{"poison"}) || got[0].Attributes["DeadLetterQueueSourceArn"] != "arn:aws:sqs:us-east-1:000000000000:q" {
		t.Errorf("%+v", got)
	}
	if n := h.attribute(h.create("q", nil), "ApproximateNumberOfMessages"); n != "0" {
		t.Errorf("%s messages left in the queue", n)
	}
}

// TestSend: other rooms send by ARN, and are heard by whoever receives.
func TestSend(t *testing.T) {
	h := open(t)
	url := h.create("q", nil)
	const arn = "arn:aws:sqs:us-east-1:000000000000:q"
	if !h.svc.HasQueue(arn) || h.svc.HasQueue(arn+"x") || h.svc.HasQueue("arn:aws:sns:us-east-1:000000000000:q") {
		t.Error("HasQueue")
	}
	if err := h.svc.Send(t.Context(), arn, "{}", map[string]any{"RequestID": "r", "ErrorCode": 200}); err != nil {
		t.Fatal(err)
	}
	got := h.receive(url, 0, 600)
	if len(got) != 1 || *got[0].MessageAttributes["ErrorCode"].DataType != "Number" || *got[0].MessageAttributes["RequestID"].StringValue != "r" {
		t.Errorf("%+v", got)
	}
	if err := h.svc.Send(t.Context(), arn+"x", "{}", nil); err == nil {
		t.Error("sent to no queue")
	}
}
