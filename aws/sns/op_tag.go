package sns

import (
	"context"
	"maps"
	"slices"

	"github.com/hydrant-stream/hydrant"
)

const maxTags = 50

type (
	TagResourceIn struct {
		ResourceArn string `required:"" min:"1" max:"1011"`
		Tags        []Tag  `required:""`
	}
	UntagResourceIn struct {
		ResourceArn string   `required:"" min:"1" max:"1011"`
		TagKeys     []string `required:""`
	}
	ListTagsForResourceIn struct {
		ResourceArn string `required:"" min:"1" max:"1011"`
	}
	ListTagsForResourceOut struct{ Tags []Tag }
	NothingOut             struct{}
)

func noResource() error {
	return hydrant.Faultf("ResourceNotFound", "Resource does not exist").WithStatus(404)
}

// TagResource adds or overwrites tags of a topic.
//
//	Wire     2010-03-31, TagResource, query
//	Limits   maxTags
//	Durable  on disk before the reply
func (s *Service) TagResource(ctx context.Context, in *TagResourceIn) (*NothingOut, error) {
	return s.retag(ctx, in.ResourceArn, func(tags map[string]string) error {
		for _, t := range in.Tags {
			tags[t.Key] = t.Value
		}
		if len(tags) > maxTags {
			return hydrant.Faultf("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
		}
		return nil
	})
}

// UntagResource removes tags of a topic; keys that are not there are ignored.
//
//	Wire     2010-03-31, UntagResource, query
//	Durable  on disk before the reply
func (s *Service) UntagResource(ctx context.Context, in *UntagResourceIn) (*NothingOut, error) {
	return s.retag(ctx, in.ResourceArn, func(tags map[string]string) error {
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
		return nil
	})
}

func (s *Service) retag(ctx context.Context, arn string, edit func(map[string]string) error) (*NothingOut, error) {
	if !s.HasTopic(arn) {
		return nil, noResource()
	}
	err := s.change(ctx, arn, func(t *topic) (bool, error) {
		if t.Tags = maps.Clone(t.Tags); t.Tags == nil {
			t.Tags = map[string]string{}
		}
		return true, edit(t.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &NothingOut{}, nil
}

// ListTagsForResource lists the tags of a topic by key.
//
//	Wire     2010-03-31, ListTagsForResource, query
func (s *Service) ListTagsForResource(_ context.Context, in *ListTagsForResourceIn) (*ListTagsForResourceOut, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.topics[in.ResourceArn]
	if t == nil {
		return nil, noResource()
	}
	out := &ListTagsForResourceOut{Tags: []Tag{}}
	for _, k := range slices.Sorted(maps.Keys(t.Tags)) {
		out.Tags = append(out.Tags, Tag{k, t.Tags[k]})
	}
	return out, nil
}

type SetTopicAttributesIn struct {
	TopicArn       string `required:""`
	AttributeName  string `required:""`
	AttributeValue string
}

// SetTopicAttributes changes the DisplayName of a topic.
//
//	Wire     2010-03-31, SetTopicAttributes, query
//	Durable  on disk before the reply
//	Differs  other attributes are refused
func (s *Service) SetTopicAttributes(ctx context.Context, in *SetTopicAttributesIn) (*struct{}, error) {
	if in.AttributeName != "DisplayName" {
		return nil, invalid("AttributeName: %s is not available in hydrant", in.AttributeName)
	}
	return &struct{}{}, s.change(ctx, in.TopicArn, func(t *topic) (bool, error) {
		t.DisplayName = in.AttributeValue
		return true, nil
	})
}
