// Package sns is a small SNS: topics that queues subscribe to, enough for what a pipeline tells one (batches that were
// given up, outcomes of asynchronous events, dead letters).
//
//	topic.go      a topic and its subscriptions, as the journal keeps them
//	envelope.go   what a queue is given of a message
//	op_*.go       the operations, thin
//
// A message has no life of its own: Publish puts it on every queue that subscribes, and answers when it is on disk there.
package sns

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/wire"
)

// Queues is what topics deliver to. aws/sqs gives it.
type Queues interface {
	// HasQueue reports whether a queue is there, by its ARN.
	HasQueue(arn string) bool
	// Send puts a message on a queue; it is on disk when Send returns. Of its attributes a string is of type
	// String, a json.Number of type Number. A queue that is not there is a *hydrant.Fault QueueDoesNotExist.
	Send(ctx context.Context, queueARN, body string, attributes map[string]any) error
}

// Service is the topics of all accounts and Regions. Its methods may be called concurrently.
type Service struct {
	journal journal.Journal
	queues  Queues

	mu     sync.RWMutex // held over the journal's commit where it is held for writing
	topics map[string]*topic
}

// New loads the topics.
func New(j journal.Journal, queues Queues) (*Service, error) {
	s := &Service{journal: j, queues: queues, topics: map[string]*topic{}}
	err := journal.Each(j, topicPrefix, func(_ string, kept topic) error {
		s.topics[kept.arn()] = &kept
		return nil
	})
	return s, err
}

// Wire offers the service.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:           "sns",
		Protocol:       wire.Query,
		Version:        "2010-03-31",
		Namespace:      "http://sns.amazonaws.com/doc/2010-03-31/",
		ValidationCode: "ValidationError",
		Ops: []wire.Row{
			wire.Op("CreateTopic", s.CreateTopic),
			wire.Op("DeleteTopic", s.DeleteTopic),
			wire.Op("GetTopicAttributes", s.GetTopicAttributes),
			wire.Op("SetTopicAttributes", s.SetTopicAttributes),
			wire.Op("ListTopics", s.ListTopics),
			wire.Op("Subscribe", s.Subscribe),
			wire.Op("Unsubscribe", s.Unsubscribe),
			wire.Op("ListSubscriptions", s.ListSubscriptions),
			wire.Op("ListSubscriptionsByTopic", s.ListSubscriptionsByTopic),
			wire.Op("Publish", s.Publish),
			wire.Op("TagResource", s.TagResource),
			wire.Op("UntagResource", s.UntagResource),
			wire.Op("ListTagsForResource", s.ListTagsForResource),
		},
	}
}

func invalid(format string, args ...any) error {
	return hydrant.Faultf("InvalidParameter", "Invalid parameter: %s", fmt.Sprintf(format, args...))
}

func noTopic() error { return hydrant.Faultf("NotFound", "Topic does not exist").WithStatus(404) }

// HasTopic reports whether a topic is there, for rooms that publish to it later.
func (s *Service) HasTopic(arn string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.topics[arn] != nil
}

// Tell publishes to a topic by its ARN. Of the attributes a string is of type String, an int of type Number.
func (s *Service) Tell(ctx context.Context, topicARN, body string, attributes map[string]any) error {
	var list []NamedAttribute
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		text, kind := fmt.Sprint(attributes[name]), "String"
		if _, ok := attributes[name].(int); ok {
			kind = "Number"
		}
		list = append(list, NamedAttribute{name, MessageAttributeValue{DataType: kind, StringValue: &text}})
	}
	_, err := s.publish(ctx, topicARN, "", body, list)
	return err
}

// change commits a changed copy of a topic, or forgets it where edit says so.
func (s *Service) change(ctx context.Context, arn string, edit func(t *topic) (keep bool, err error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topics[arn]
	if t == nil {
		return noTopic()
	}
	next := *t
	next.Subscriptions = slices.Clone(t.Subscriptions)
	keep, err := edit(&next)
	switch {
	case errors.Is(err, errNoChange):
		return nil
	case err != nil:
		return err
	}
	change := journal.Unset(t.key())
	if keep {
		change = journal.Set(t.key(), next)
	}
	if err := s.journal.Commit(ctx, change); err != nil {
		return fmt.Errorf("change topic %s: %w", arn, err)
	}
	if keep {
		s.topics[arn] = &next
	} else {
		delete(s.topics, arn)
	}
	return nil
}

var errNoChange = errors.New("nothing to change")

// of are the topics of a scope, by ARN. The caller holds mu.
func (s *Service) of(scope hydrant.Scope) (list []*topic) {
	for _, t := range s.topics {
		if t.Scope == scope {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *topic) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// page cuts a sorted list behind a token, the name of the last item before.
func page[T any](list []T, token string, name func(T) string) (items []T, next string) {
	i := 0
	for i < len(list) && name(list[i]) <= token {
		i++
	}
	if list = list[i:]; len(list) <= pageSize {
		return list, ""
	}
	return list[:pageSize], name(list[pageSize-1])
}
