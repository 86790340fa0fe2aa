package firehose

import (
	"context"
	"maps"
	"slices"
)

// TagDeliveryStream adds or replaces tags: all of the request's or none.
//
//	Wire     Firehose_20150804.TagDeliveryStream over json 1.1
//	Limits   maxTags
//	Proof    lifecycle_test.go
func (s *Service) TagDeliveryStream(ctx context.Context, in *TagDeliveryStreamIn) (*Empty, error) {
	return s.retag(ctx, in.DeliveryStreamName, func(have map[string]string) (map[string]string, error) {
		return checkTags(have, in.Tags)
	})
}

// UntagDeliveryStream removes tags; one that is not there is no error.
//
//	Wire     Firehose_20150804.UntagDeliveryStream over json 1.1
//	Proof    lifecycle_test.go
func (s *Service) UntagDeliveryStream(ctx context.Context, in *UntagDeliveryStreamIn) (*Empty, error) {
	return s.retag(ctx, in.DeliveryStreamName, func(have map[string]string) (map[string]string, error) {
		for _, k := range in.TagKeys {
			delete(have, k)
		}
		return have, nil
	})
}

func (s *Service) retag(ctx context.Context, name string, f func(map[string]string) (map[string]string, error)) (*Empty, error) {
	st, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	err = st.change(func(v *state) (bool, error) {
		if v.Status == statusDeleting {
			return false, inUse("Firehose %s under accountId %s is being deleted", v.Name, v.Scope.Account)
		}
		tags, err := f(v.Tags)
		v.Tags = tags
		return true, err
	})
	if err != nil {
		return nil, err
	}
	return &Empty{}, nil
}

// ListTagsForDeliveryStream lists tags in order of their keys.
//
//	Wire     Firehose_20150804.ListTagsForDeliveryStream over json 1.1
//	Proof    lifecycle_test.go
func (s *Service) ListTagsForDeliveryStream(ctx context.Context, in *ListTagsForDeliveryStreamIn) (*ListTagsForDeliveryStreamOut, error) {
	st, err := s.named(ctx, in.DeliveryStreamName)
	if err != nil {
		return nil, err
	}
	limit := maxTags
	if in.Limit != nil {
		limit = *in.Limit
	}
	out := &ListTagsForDeliveryStreamOut{Tags: []Tag{}}
	tags := st.now.Load().Tags
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if k <= in.ExclusiveStartTagKey {
			continue
		}
		if len(out.Tags) == limit {
			out.HasMoreTags = true
			break
		}
		out.Tags = append(out.Tags, Tag{Key: k, Value: new(tags[k])})
	}
	return out, nil
}
