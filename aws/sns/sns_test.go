package sns

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/sqs"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/wire"
)

// house is topics and queues on one journal, as a client reaches them.
type house struct {
	t       *testing.T
	journal journal.Journal
	queues  *sqs.Service
	topics  *Service
	url     string
}

func open(t *testing.T) *house {
	h := &house{t: t, journal: journal.Memory()}
	h.reopen()
	return h
}

func (h *house) reopen() {
	h.t.Helper()
	var err error
	if h.queues, err = sqs.New(sqs.Config{Journal: h.journal, Endpoint: func() string { return "http://localhost" }}); err != nil {
		h.t.Fatal(err)
	}
	if h.topics, err = New(h.journal, h.queues); err != nil {
		h.t.Fatal(err)
	}
	server := httptest.NewServer(wire.NewServer(wire.Config{Services: []wire.Service{h.topics.Wire()}}))
	h.t.Cleanup(server.Close)
	h.url = server.URL
}

// ask sends a call as a form, "Name value" by line, and returns status and document.
func (h *house) ask(action, members string) (int, string) {
	h.t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2010-03-31"}}
	for line := range strings.SplitSeq(members, "\n") {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			form.Set(k, v)
		}
	}
	resp, err := http.PostForm(h.url, form)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// want is ask, of which the answer holds a text.
func (h *house) want(action, members string, status int, text string) string {
	h.t.Helper()
	got, doc := h.ask(action, members)
	if got != status || !strings.Contains(doc, text) {
		h.t.Errorf("%s: %d %s\nwant %d %s", action, got, doc, status, text)
	}
	return doc
}

func (h *house) queue(name string) (arn string) {
	h.t.Helper()
	if _, err := h.queues.CreateQueue(h.t.Context(), &sqs.CreateQueueIn{QueueName: name}); err != nil {
		h.t.Fatal(err)
	}
	return "arn:aws:sqs:us-east-1:000000000000:" + name
}

// take takes the one message a queue has.
func (h *house) take(name string) sqs.Message {
	h.t.Helper()
	out, err := h.queues.ReceiveMessage(h.t.Context(), &sqs.ReceiveMessageIn{QueueUrl: "http://localhost/000000000000/" + name, MaxNumberOfMessages: new(10), MessageAttributeNames: []string{"All"}})
	if err != nil || len(out.Messages) != 1 {
		h.t.Fatalf("%s: %+v %v", name, out, err)
	}
	return out.Messages[0]
}

const topicARN = "arn:aws:sns:us-east-1:000000000000:dead"

func TestTopics(t *testing.T) {
	h := open(t)
	h.want("CreateTopic", "Name dead\nTags.member.1.Key team\nTags.member.1.Value taxi", 200, "<CreateTopicResult><TopicArn>"+topicARN+"</TopicArn></CreateTopicResult>")
	h.want("CreateTopic", "Name dead", 200, topicARN)
	h.want("CreateTopic", "Name dead\nTags.member.1.Key team\nTags.member.1.Value limo", 400, "Topic already exists with different tags")
	h.want("CreateTopic", "Name a.fifo", 400, "FIFO topics are not available")
	h.want("CreateTopic", "Name a b", 400, "<Code>InvalidParameter</Code>")
	h.want("CreateTopic", "Name p\nAttributes.entry.1.key Policy\nAttributes.entry.1.value {}", 400, "Policy is not available in hydrant")
	a, b := h.queue("a"), h.queue("b")
	sub := "TopicArn " + topicARN + "\nProtocol sqs\nEndpoint "
	first := h.want("Subscribe", sub+a, 200, "<SubscriptionArn>"+topicARN+":")
	if again := h.want("Subscribe", sub+a, 200, ""); arnOf(again) != arnOf(first) {
		t.Error("subscribed twice")
	}
	h.want("Subscribe", sub+a+"\nAttributes.entry.1.key RawMessageDelivery\nAttributes.entry.1.value true", 400, "different attributes")
	h.want("Subscribe", sub+b+"\nAttributes.entry.1.key RawMessageDelivery\nAttributes.entry.1.value true", 200, topicARN+":")
	h.want("Subscribe", sub+a+"none", 400, "the queue does not exist")
	h.want("Subscribe", "TopicArn "+topicARN+"\nProtocol email\nEndpoint a@b.c", 400, "Protocol email is not available in hydrant")
	h.want("Subscribe", sub+a+"\nAttributes.entry.1.key FilterPolicy\nAttributes.entry.1.value {}", 400, "FilterPolicy is not available")
	h.want("Subscribe", "TopicArn "+topicARN+"x\nProtocol sqs\nEndpoint "+a, 404, "<Code>NotFound</Code><Message>Topic does not exist</Message>")
	h.reopen()
	h.want("GetTopicAttributes", "TopicArn "+topicARN, 200, "<key>SubscriptionsConfirmed</key><value>2</value>")
	h.want("SetTopicAttributes", "TopicArn "+topicARN+"\nAttributeName DisplayName\nAttributeValue Dead", 200, "")
	h.want("SetTopicAttributes", "TopicArn "+topicARN+"\nAttributeName Policy\nAttributeValue {}", 400, "Policy is not available")
	h.want("GetTopicAttributes", "TopicArn "+topicARN, 200, "<value>Dead</value>")
	h.want("TagResource", "ResourceArn "+topicARN+"\nTags.member.1.Key b\nTags.member.1.Value c", 200, "")
	h.want("UntagResource", "ResourceArn "+topicARN+"\nTagKeys.member.1 team", 200, "")
	h.want("ListTagsForResource", "ResourceArn "+topicARN, 200, "<Tags><member><Key>b</Key><Value>c</Value></member></Tags>")
	h.want("ListTagsForResource", "ResourceArn "+topicARN+"x", 404, "<Code>ResourceNotFound</Code>")
	h.want("ListTopics", "", 200, "<Topics><member><TopicArn>"+topicARN+"</TopicArn></member></Topics>")
	if doc := h.want("ListSubscriptionsByTopic", "TopicArn "+topicARN, 200, "<Protocol>sqs</Protocol>"); strings.Count(doc, "<member>") != 2 {
		t.Error(doc)
	}
	h.want("Unsubscribe", "SubscriptionArn "+arnOf(first), 200, "")
	h.want("Unsubscribe", "SubscriptionArn "+arnOf(first), 200, "")
	if doc := h.want("ListSubscriptions", "", 200, b); strings.Contains(doc, ":a<") {
		t.Error(doc)
	}
	h.want("DeleteTopic", "TopicArn "+topicARN, 200, "")
	h.want("DeleteTopic", "TopicArn "+topicARN, 200, "")
	h.reopen()
	h.want("GetTopicAttributes", "TopicArn "+topicARN, 404, "Topic does not exist")
}

func arnOf(doc string) string {
	return regexp.MustCompile(`<SubscriptionArn>([^<]+)`).FindStringSubmatch(doc)[1]
}

func TestPublish(t *testing.T) {
	h := open(t)
	h.want("CreateTopic", "Name dead", 200, "")
	for _, c := range []struct{ queue, raw string }{{"sealed", "false"}, {"raw", "true"}, {"gone", "false"}} {
		h.want("Subscribe", "TopicArn "+topicARN+"\nProtocol sqs\nEndpoint "+h.queue(c.queue)+"\nAttributes.entry.1.key RawMessageDelivery\nAttributes.entry.1.value "+c.raw, 200, "")
	}
	if _, err := h.queues.DeleteQueue(t.Context(), &sqs.QueueIn{QueueUrl: "http://localhost/000000000000/gone"}); err != nil {
		t.Fatal(err)
	}
	const message = `{"a": "<é>"}`
	doc := h.want("Publish", "TopicArn "+topicARN+"\nMessage "+message+"\nSubject given up\n"+
		"MessageAttributes.entry.1.Name n\nMessageAttributes.entry.1.Value.DataType Number\nMessageAttributes.entry.1.Value.StringValue 4.5\n"+
		"MessageAttributes.entry.2.Name s\nMessageAttributes.entry.2.Value.DataType String\nMessageAttributes.entry.2.Value.StringValue text", 200, "<MessageId>")
	h.reopen() // it is on disk
	var e struct {
		Type, MessageId, TopicArn, Subject, Message, Timestamp string
		MessageAttributes                                      map[string]struct{ Type, Value string }
	}
	if err := json.Unmarshal([]byte(h.take("sealed").Body), &e); err != nil {
		t.Fatal(err)
	}
	if e.Type != "Notification" || e.TopicArn != topicARN || e.Subject != "given up" || e.Message != message || !strings.Contains(doc, e.MessageId) ||
		e.MessageAttributes["n"].Value != "4.5" || e.MessageAttributes["n"].Type != "Number" || e.MessageAttributes["s"].Value != "text" {
		t.Errorf("%+v", e)
	}
	m := h.take("raw")
	if m.Body != message || *m.MessageAttributes["n"].StringValue != "4.5" || m.MessageAttributes["n"].DataType != "Number" {
		t.Errorf("%+v", m)
	}
	for members, want := range map[string]string{
		"Message x":                          "TopicArn or TargetArn",
		"PhoneNumber +1\nMessage x":          "PhoneNumber",
		"TopicArn " + topicARN + "\nMessage": "null at 'message'",
		"TopicArn " + topicARN + "\nMessage x\nMessageStructure json":                                                                                                            "MessageStructure",
		"TopicArn " + topicARN + "\nMessage x\nMessageGroupId g":                                                                                                                 "FIFO",
		"TopicArn " + topicARN + "\nMessage x\nSubject " + strings.Repeat("s", 101):                                                                                              "Subject",
		"TopicArn " + topicARN + "\nMessage " + strings.Repeat("x", maxMessage+1):                                                                                                "Message too long",
		"TopicArn " + topicARN + "\nMessage x\nMessageAttributes.entry.1.Name b\nMessageAttributes.entry.1.Value.DataType Binary":                                                "Binary are not available",
		"TopicArn " + topicARN + "\nMessage x\nMessageAttributes.entry.1.Name b\nMessageAttributes.entry.1.Value.DataType String":                                                "non-empty message attribute value",
		"TopicArn " + topicARN + "\nMessage x\nMessageAttributes.entry.1.Name b\nMessageAttributes.entry.1.Value.DataType Number\nMessageAttributes.entry.1.Value.StringValue b": "Could not cast",
	} {
		h.want("Publish", members, 400, want)
	}
	h.want("Publish", "TargetArn "+topicARN+"x\nMessage x", 404, "Topic does not exist")
}

// failing is a queue whose disk is full.
type failing struct{}

func (failing) HasQueue(string) bool { return true }
func (failing) Send(context.Context, string, string, map[string]any) error {
	return errors.New("no space left")
}

// TestTellIsAcknowledgedByTheDisk: what a queue has not taken is not published.
func TestTellIsAcknowledgedByTheDisk(t *testing.T) {
	s, err := New(journal.Memory(), failing{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := hydrant.WithScope(t.Context(), hydrant.Scope{}.Or())
	if _, err := s.CreateTopic(ctx, &CreateTopicIn{Name: "dead"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Tell(ctx, topicARN, "x", nil); err != nil {
		t.Errorf("nobody subscribes: %v", err)
	}
	if _, err := s.Subscribe(ctx, &SubscribeIn{TopicArn: topicARN, Protocol: "sqs", Endpoint: "arn:aws:sqs:us-east-1:000000000000:a"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Tell(ctx, topicARN, "x", map[string]any{"ErrorCode": 200, "RequestID": "r"}); err == nil {
		t.Error("acknowledged though the queue has not taken it")
	}
	if err := s.Tell(ctx, topicARN+"x", "x", nil); hydrant.FaultCode(err) != "NotFound" {
		t.Error(err)
	}
}
