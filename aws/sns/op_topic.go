package sns

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

type (
	CreateTopicIn struct {
		Name       string `required:""`
		Attributes map[string]string
		Tags       []Tag
	}
	Tag      struct{ Key, Value string }
	TopicOut struct{ TopicArn string }
	TopicIn  struct {
		TopicArn string `required:""`
	}
)

// CreateTopic makes a standard topic, or finds the one that is there.
//
//	Wire     2010-03-31, CreateTopic, query
//	Durable  on disk before the reply
//	Differs  of attributes only DisplayName is taken; FIFO topics and the others are refused
func (s *Service) CreateTopic(ctx context.Context, in *CreateTopicIn) (*TopicOut, error) {
	t := &topic{Scope: hydrant.ScopeOf(ctx), Name: in.Name, DisplayName: in.Attributes["DisplayName"], Tags: map[string]string{}}
	for _, tag := range in.Tags {
		t.Tags[tag.Key] = tag.Value
	}
	switch {
	case strings.HasSuffix(in.Name, ".fifo"), in.Attributes["FifoTopic"] == "true":
		return nil, invalid("FIFO topics are not available in hydrant: %s", in.Name)
	case !topicName.MatchString(in.Name):
		return nil, invalid("Topic Name")
	}
	for name := range in.Attributes {
		if name != "DisplayName" && name != "FifoTopic" {
			return nil, invalid("The topic attribute %s is not available in hydrant", name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.topics[t.arn()]; old != nil {
		switch {
		case len(in.Tags) > 0 && !maps.Equal(old.Tags, t.Tags):
			return nil, invalid("Tags Reason: Topic already exists with different tags")
		case in.Attributes["DisplayName"] != "" && old.DisplayName != t.DisplayName:
			return nil, invalid("Attributes Reason: Topic already exists with different attributes")
		}
		return &TopicOut{t.arn()}, nil
	}
	if err := s.journal.Commit(ctx, journal.Set(t.key(), t)); err != nil {
		return nil, fmt.Errorf("create topic %s: %w", t.Name, err)
	}
	s.topics[t.arn()] = t
	return &TopicOut{t.arn()}, nil
}

// DeleteTopic deletes a topic with its subscriptions. One that is not there is deleted, too.
//
//	Wire     2010-03-31, DeleteTopic, query
//	Durable  on disk before the reply
func (s *Service) DeleteTopic(ctx context.Context, in *TopicIn) (*struct{}, error) {
	if !s.HasTopic(in.TopicArn) {
		return &struct{}{}, nil
	}
	return &struct{}{}, s.change(ctx, in.TopicArn, func(*topic) (bool, error) { return false, nil })
}

type AttributesOut struct{ Attributes map[string]string }

// GetTopicAttributes tells of a topic.
//
//	Wire     2010-03-31, GetTopicAttributes, query
//	Differs  no policies: whoever may call us may publish
func (s *Service) GetTopicAttributes(_ context.Context, in *TopicIn) (*AttributesOut, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.topics[in.TopicArn]
	if t == nil {
		return nil, noTopic()
	}
	return &AttributesOut{map[string]string{
		"TopicArn": t.arn(), "Owner": t.Scope.Account, "DisplayName": t.DisplayName,
		"SubscriptionsConfirmed": strconv.Itoa(len(t.Subscriptions)), "SubscriptionsPending": "0", "SubscriptionsDeleted": "0",
	}}, nil
}

type (
	ListIn        struct{ NextToken string }
	ListTopicsOut struct {
		Topics    []TopicOut
		NextToken string
	}
)

// ListTopics lists topics by name.
//
//	Wire     2010-03-31, ListTopics, query
//	Limits   pages of pageSize
func (s *Service) ListTopics(ctx context.Context, in *ListIn) (*ListTopicsOut, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list, next := page(s.of(hydrant.ScopeOf(ctx)), in.NextToken, func(t *topic) string { return t.Name })
	out := &ListTopicsOut{Topics: []TopicOut{}, NextToken: next}
	for _, t := range list {
		out.Topics = append(out.Topics, TopicOut{t.arn()})
	}
	return out, nil
}
