package sns

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
)

type (
	PublishIn struct {
		TopicArn               string
		TargetArn              string
		PhoneNumber            string
		Message                string `required:""`
		Subject                string
		MessageStructure       string
		MessageAttributes      []NamedAttribute
		MessageDeduplicationId string
		MessageGroupId         string
	}
	PublishOut struct{ MessageId string }
)

// Publish puts a message on every queue that subscribes to a topic.
//
//	Wire     2010-03-31, Publish, query
//	Limits   maxMessage, maxSubject
//	Durable  the message is on disk in every queue before the reply; a queue that is gone is passed over
//	Differs  notifications are not signed; attributes are String or Number; no message structures, phones or FIFO
func (s *Service) Publish(ctx context.Context, in *PublishIn) (*PublishOut, error) {
	switch {
	case in.PhoneNumber != "":
		return nil, invalid("PhoneNumber Reason: text messages are not available in hydrant")
	case in.TopicArn == "" && in.TargetArn == "":
		return nil, invalid("TopicArn or TargetArn Reason: no value for required parameter")
	case in.MessageStructure != "":
		return nil, invalid("MessageStructure %s is not available in hydrant", in.MessageStructure)
	case in.MessageGroupId != "" || in.MessageDeduplicationId != "":
		return nil, invalid("MessageGroupId and MessageDeduplicationId are of FIFO topics, which are not available in hydrant")
	}
	id, err := s.publish(ctx, cmp.Or(in.TopicArn, in.TargetArn), in.Subject, in.Message, in.MessageAttributes)
	if err != nil {
		return nil, err
	}
	return &PublishOut{id}, nil
}

func (s *Service) publish(ctx context.Context, topicARN, subject, message string, attributes []NamedAttribute) (id string, err error) {
	size, err := checkAttributes(attributes)
	switch {
	case err != nil:
		return "", err
	case message == "":
		return "", invalid("Empty message")
	case len(message)+size > maxMessage:
		return "", invalid("Message too long")
	case utf8.RuneCountInString(subject) > maxSubject || strings.ContainsAny(subject, "\n\r"):
		return "", invalid("Subject")
	}
	s.mu.RLock()
	t := s.topics[topicARN]
	s.mu.RUnlock()
	if t == nil {
		return "", noTopic()
	}
	id = uuid.NewString()
	sealed := t.seal(id, subject, message, attributes, time.Now())
	for _, to := range t.Subscriptions {
		if to.Raw {
			err = s.queues.Send(ctx, to.Queue, message, raw(attributes))
		} else {
			err = s.queues.Send(ctx, to.Queue, sealed, nil)
		}
		if err != nil && hydrant.FaultCode(err) != "QueueDoesNotExist" {
			return "", fmt.Errorf("deliver to %s: %w", to.Queue, err)
		}
	}
	return id, nil
}
