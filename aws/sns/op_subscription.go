package sns

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
)

type (
	SubscribeIn struct {
		TopicArn              string `required:""`
		Protocol              string `required:""`
		Endpoint              string
		Attributes            map[string]string
		ReturnSubscriptionArn bool
	}
	SubscriptionArn struct {
		SubscriptionArn string `required:""`
	}
	Subscription struct{ SubscriptionArn, Owner, Protocol, Endpoint, TopicArn string }
)

// Subscribe lets a queue have a topic's messages from now on. A queue that has them already keeps its subscription.
//
//	Wire     2010-03-31, Subscribe, query
//	Durable  on disk before the reply
//	Differs  SQS queues only, at once: there is nothing to confirm; of attributes only RawMessageDelivery is taken,
//	         filter policies are refused
func (s *Service) Subscribe(ctx context.Context, in *SubscribeIn) (*SubscriptionArn, error) {
	if in.Protocol != "sqs" {
		return nil, invalid("Protocol %s is not available in hydrant: subscribe an SQS queue", in.Protocol)
	}
	made := subscription{ID: uuid.NewString(), Queue: in.Endpoint}
	for name, v := range in.Attributes {
		switch {
		case name != "RawMessageDelivery":
			return nil, invalid("Attributes Reason: %s is not available in hydrant", name)
		case v != "true" && v != "false":
			return nil, invalid("Attributes Reason: RawMessageDelivery: Invalid value [%s]. Must be true or false.", v)
		}
		made.Raw = v == "true"
	}
	if a, err := hydrant.ParseARN(in.Endpoint); err != nil || a.Service != "sqs" {
		return nil, invalid("SQS endpoint ARN")
	}
	if !s.queues.HasQueue(in.Endpoint) {
		return nil, invalid("SQS endpoint ARN: the queue does not exist: %s", in.Endpoint)
	}
	err := s.change(ctx, in.TopicArn, func(t *topic) (bool, error) {
		for _, old := range t.Subscriptions {
			if old.Queue != made.Queue {
				continue
			}
			if _, asked := in.Attributes["RawMessageDelivery"]; asked && old.Raw != made.Raw {
				return true, invalid("Attributes Reason: Subscription already exists with different attributes")
			}
			made = old
			return true, errNoChange
		}
		t.Subscriptions = append(t.Subscriptions, made)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return &SubscriptionArn{in.TopicArn + ":" + made.ID}, nil
}

// Unsubscribe ends a subscription. One that is not there is ended, too.
//
//	Wire     2010-03-31, Unsubscribe, query
//	Durable  on disk before the reply
func (s *Service) Unsubscribe(ctx context.Context, in *SubscriptionArn) (*struct{}, error) {
	i := strings.LastIndexByte(in.SubscriptionArn, ':')
	if a, err := hydrant.ParseARN(in.SubscriptionArn); err != nil || a.Service != "sns" {
		return nil, invalid("SubscriptionArn Reason: An ARN must have at least 6 elements, not %d", strings.Count(in.SubscriptionArn, ":")+1)
	}
	topicARN, id := in.SubscriptionArn[:i], in.SubscriptionArn[i+1:]
	if !s.HasTopic(topicARN) {
		return &struct{}{}, nil
	}
	return &struct{}{}, s.change(ctx, topicARN, func(t *topic) (bool, error) {
		t.Subscriptions = slices.DeleteFunc(t.Subscriptions, func(s subscription) bool { return s.ID == id })
		return true, nil
	})
}

type (
	ListByTopicIn struct {
		TopicArn  string `required:""`
		NextToken string
	}
	ListSubscriptionsOut struct {
		Subscriptions []Subscription
		NextToken     string
	}
)

// ListSubscriptions lists the subscriptions of all topics.
//
//	Wire     2010-03-31, ListSubscriptions, query
//	Limits   pages of pageSize
func (s *Service) ListSubscriptions(ctx context.Context, in *ListIn) (*ListSubscriptionsOut, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return described(s.of(hydrant.ScopeOf(ctx)), in.NextToken), nil
}

// ListSubscriptionsByTopic lists those of one.
//
//	Wire     2010-03-31, ListSubscriptionsByTopic, query
//	Limits   pages of pageSize
func (s *Service) ListSubscriptionsByTopic(_ context.Context, in *ListByTopicIn) (*ListSubscriptionsOut, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.topics[in.TopicArn]
	if t == nil {
		return nil, noTopic()
	}
	return described([]*topic{t}, in.NextToken), nil
}

func described(topics []*topic, token string) *ListSubscriptionsOut {
	all := []Subscription{}
	for _, t := range topics {
		for _, s := range t.Subscriptions {
			all = append(all, t.describe(s))
		}
	}
	name := func(s Subscription) string { return s.SubscriptionArn }
	slices.SortFunc(all, func(a, b Subscription) int { return strings.Compare(name(a), name(b)) })
	list, next := page(all, token, name)
	return &ListSubscriptionsOut{list, next}
}
