package sqs

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// Attribute is a message attribute.
type Attribute struct {
	DataType    string  `required:""`
	StringValue *string `json:",omitempty"`
	BinaryValue []byte  `json:",omitempty"`
}

type SendMessageIn struct {
	QueueUrl                string  `required:""`
	MessageBody             *string `required:""`
	DelaySeconds            *int
	MessageAttributes       map[string]Attribute
	MessageSystemAttributes map[string]Attribute
	MessageDeduplicationId  string
	MessageGroupId          string
}

type SendMessageOut struct {
	MessageId              string
	MD5OfMessageBody       string
	MD5OfMessageAttributes string
}

// checked is a message that SQS would take, or why it would not.
func checked(ctx context.Context, q *queue, in *SendMessageIn) (*outgoing, error) {
	body := *in.MessageBody
	size := len(body)
	for name, a := range in.MessageAttributes {
		size += len(name) + len(a.DataType) + len(a.BinaryValue)
		if a.StringValue != nil {
			size += len(*a.StringValue)
		}
		kind, _, _ := strings.Cut(a.DataType, ".")
		switch {
		case kind != "String" && kind != "Number" && kind != "Binary":
			return nil, fault("InvalidParameterValueException", "The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
		case kind == "Binary" && len(a.BinaryValue) == 0, kind != "Binary" && (a.StringValue == nil || *a.StringValue == ""):
			return nil, fault("InvalidParameterValueException", "The message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, kind)
		}
	}
	q.mu.Lock()
	largest := q.set.largest
	q.mu.Unlock()
	switch {
	case body == "":
		return nil, fault("MissingParameter", "The request must contain the parameter MessageBody.")
	case size > largest:
		return nil, fault("InvalidParameterValueException", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", largest)
	case !utf8.ValidString(body) || strings.ContainsFunc(body, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	}):
		return nil, fault("InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.")
	case in.DelaySeconds != nil && (*in.DelaySeconds < 0 || *in.DelaySeconds > maxDelay):
		return nil, fault("InvalidParameterValueException", "Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= %d.", *in.DelaySeconds, maxDelay)
	case in.MessageDeduplicationId != "":
		return nil, fault("InvalidParameterValueException", "The request include parameter that is not valid for this queue type: MessageDeduplicationId")
	}
	out := &outgoing{body: body, attributes: in.MessageAttributes, delay: in.DelaySeconds, sender: hydrant.ScopeOf(ctx).Account}
	if t, ok := in.MessageSystemAttributes["AWSTraceHeader"]; ok && t.StringValue != nil {
		out.trace = *t.StringValue
	}
	return out, nil
}

// SendMessage puts a message on a queue.
//
//	Wire     AmazonSQS.SendMessage over json 1.0
//	Limits   maxBody, maxDelay (limits.go)
//	Durable  on disk before the reply
//	Differs  MessageGroupId is not looked at
//	Proof    TestMessages
func (s *Service) SendMessage(ctx context.Context, in *SendMessageIn) (*SendMessageOut, error) {
	q, err := s.byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	o, err := checked(ctx, q, in)
	if err != nil {
		return nil, err
	}
	sent, err := s.send(ctx, q, []*outgoing{o})
	if err != nil {
		return nil, err
	}
	return &SendMessageOut{MessageId: sent[0].ID, MD5OfMessageBody: digest(o.body), MD5OfMessageAttributes: digestOf(o.attributes)}, nil
}

type ReceiveMessageIn struct {
	QueueUrl                    string `required:""`
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
}

type Message struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string
	MD5OfMessageAttributes string
	MessageAttributes      map[string]Attribute
}

type ReceiveMessageOut struct{ Messages []Message }

// ReceiveMessage gives out messages and hides them for a while.
//
//	Wire     AmazonSQS.ReceiveMessage over json 1.0
//	Limits   maxReceive, maxWait, maxHidden, maxInFlight (limits.go)
//	Order    about as they were sent
//	Durable  what is not deleted is there again after a restart, its receive count begun anew
//	Proof    TestMessages, TestRedrive
func (s *Service) ReceiveMessage(ctx context.Context, in *ReceiveMessageIn) (*ReceiveMessageOut, error) {
	q, err := s.byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	n, hidden, wait := 1, q.set.hidden, q.set.wait
	q.mu.Unlock()
	for _, p := range []struct {
		name  string
		value *int
		low   int
		high  int
		take  func(int)
	}{
		{"MaxNumberOfMessages", in.MaxNumberOfMessages, 1, maxReceive, func(v int) { n = v }},
		{"VisibilityTimeout", in.VisibilityTimeout, 0, maxHidden, func(v int) { hidden = time.Duration(v) * time.Second }},
		{"WaitTimeSeconds", in.WaitTimeSeconds, 0, maxWait, func(v int) { wait = time.Duration(v) * time.Second }},
	} {
		if p.value == nil {
			continue
		}
		if *p.value < p.low || *p.value > p.high {
			return nil, fault("InvalidParameterValueException", "Value %d for parameter %s is invalid. Reason: Must be between %d and %d, if provided.", *p.value, p.name, p.low, p.high)
		}
		p.take(*p.value)
	}
	for until := time.Now().Add(wait); ; {
		got, dead, expired, over := q.take(n, hidden)
		if err := s.bury(ctx, q, dead, expired); err != nil {
			return nil, err
		}
		if over && len(got) == 0 {
			return nil, hydrant.Faultf("OverLimit", "Too many messages in flight.").WithStatus(403)
		}
		q.mu.Lock()
		gone := q.gone
		q.mu.Unlock()
		switch {
		case gone:
			return nil, noQueue()
		case len(got) > 0 || !time.Now().Before(until):
			return &ReceiveMessageOut{Messages: in.shown(got)}, nil
		}
		if !q.wait(ctx, until) {
			return &ReceiveMessageOut{}, nil
		}
	}
}

// shown are messages with what the caller has asked for.
func (in *ReceiveMessageIn) shown(got []taken) (list []Message) {
	asked := append(slices.Clone(in.AttributeNames), in.MessageSystemAttributeNames...)
	for _, m := range got {
		out := Message{MessageId: m.ID, ReceiptHandle: m.handle, MD5OfBody: digest(m.Body), Body: m.Body}
		system := map[string]string{
			"SenderId":                         m.Sender,
			"SentTimestamp":                    strconv.FormatInt(m.Sent.UnixMilli(), 10),
			"ApproximateReceiveCount":          strconv.Itoa(m.receives),
			"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first.UnixMilli(), 10),
		}
		if m.Trace != "" {
			system["AWSTraceHeader"] = m.Trace
		}
		if m.Source != "" {
			system["DeadLetterQueueSourceArn"] = m.Source
		}
		for name, v := range system {
			if slices.Contains(asked, name) || slices.Contains(asked, "All") {
				if out.Attributes == nil {
					out.Attributes = map[string]string{}
				}
				out.Attributes[name] = v
			}
		}
		for name, a := range m.message.Attributes {
			if slices.ContainsFunc(in.MessageAttributeNames, func(want string) bool {
				prefix, any := strings.CutSuffix(want, "*")
				return want == "All" || want == name || any && strings.HasPrefix(name, prefix)
			}) {
				if out.MessageAttributes == nil {
					out.MessageAttributes = map[string]Attribute{}
				}
				out.MessageAttributes[name] = a
			}
		}
		out.MD5OfMessageAttributes = digestOf(out.MessageAttributes)
		list = append(list, out)
	}
	return list
}

type DeleteMessageIn struct {
	QueueUrl      string `required:""`
	ReceiptHandle string `required:""`
}

// DeleteMessage deletes a message that has been received. One that is gone already is no error.
//
//	Wire     AmazonSQS.DeleteMessage over json 1.0
//	Durable  on disk before the reply
//	Proof    TestMessages
func (s *Service) DeleteMessage(ctx context.Context, in *DeleteMessageIn) (*struct{}, error) {
	q, err := s.byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &struct{}{}, s.delete(ctx, q, in.ReceiptHandle)
}

func (s *Service) delete(ctx context.Context, q *queue, handle string) error {
	number, _, err := q.handled(handle)
	if err != nil {
		return err
	}
	if err := s.cfg.Journal.Commit(ctx, journal.Unset(q.messageKey(number))); err != nil {
		return fmt.Errorf("delete from queue %s: %w", q.Name, err)
	}
	q.drop(number)
	return nil
}

type ChangeMessageVisibilityIn struct {
	QueueUrl          string `required:""`
	ReceiptHandle     string `required:""`
	VisibilityTimeout *int   `required:""`
}

// ChangeMessageVisibility says anew how long a message in flight is hidden; 0 gives it back.
//
//	Wire     AmazonSQS.ChangeMessageVisibility over json 1.0
//	Proof    TestMessages
func (s *Service) ChangeMessageVisibility(ctx context.Context, in *ChangeMessageVisibilityIn) (*struct{}, error) {
	q, err := s.byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &struct{}{}, q.rehide(in.ReceiptHandle, *in.VisibilityTimeout)
}

func (q *queue) rehide(handle string, seconds int) error {
	if seconds < 0 || seconds > maxHidden {
		return fault("InvalidParameterValueException", "Value %d for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and %d.", seconds, maxHidden)
	}
	number, receive, err := q.handled(handle)
	if err != nil {
		return err
	}
	return q.hide(number, receive, time.Duration(seconds)*time.Second)
}
