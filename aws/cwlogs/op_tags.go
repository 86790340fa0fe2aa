package cwlogs

import (
	"context"
	"maps"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// retag changes the tags of a group.
func (s *Service) retag(ctx context.Context, group string, change func(tags map[string]string)) error {
	sc := hydrant.ScopeOf(ctx)
	s.control.Lock()
	defer s.control.Unlock()
	g, err := s.group(sc, group)
	if err != nil {
		return err
	}
	tags := maps.Clone(g.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	change(tags)
	if len(tags) > maxTags {
		return hydrant.Faultf("TooManyTagsException", "The number of tags exceeds the limit of %d.", maxTags)
	}
	g.Tags = tags
	return s.journal.Commit(ctx, journal.Set(groupKey(sc, group), g))
}

type TagLogGroupIn struct {
	LogGroupName string            `json:"logGroupName" required:"" min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
	Tags         map[string]string `json:"tags" required:"" min:"1" max:"50"`
}

// TagLogGroup adds tags to a group, over those of the same names.
//
//	Wire     Logs_20140328.TagLogGroup over json 1.1
//	Proof    TestTags
func (s *Service) TagLogGroup(ctx context.Context, in *TagLogGroupIn) (*Empty, error) {
	return &Empty{}, s.retag(ctx, in.LogGroupName, func(tags map[string]string) { maps.Copy(tags, in.Tags) })
}

type UntagLogGroupIn struct {
	LogGroupName string   `json:"logGroupName" required:"" min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
	Tags         []string `json:"tags" required:"" min:"1"`
}

// UntagLogGroup takes tags off a group.
//
//	Wire     Logs_20140328.UntagLogGroup over json 1.1
//	Proof    TestTags
func (s *Service) UntagLogGroup(ctx context.Context, in *UntagLogGroupIn) (*Empty, error) {
	return &Empty{}, s.retag(ctx, in.LogGroupName, untag(in.Tags))
}

func untag(names []string) func(map[string]string) {
	return func(tags map[string]string) {
		for _, n := range names {
			delete(tags, n)
		}
	}
}

type TagsOut struct {
	Tags map[string]string `json:"tags"`
}

// ListTagsLogGroup answers the tags of a group.
//
//	Wire     Logs_20140328.ListTagsLogGroup over json 1.1
//	Proof    TestTags
func (s *Service) ListTagsLogGroup(ctx context.Context, in *LogGroupIn) (*TagsOut, error) {
	g, err := s.group(hydrant.ScopeOf(ctx), in.LogGroupName)
	if err != nil {
		return nil, err
	}
	if g.Tags == nil {
		g.Tags = map[string]string{}
	}
	return &TagsOut{g.Tags}, nil
}

type TagResourceIn struct {
	ResourceArn string            `json:"resourceArn" required:"" min:"1" max:"1011" pattern:"[\\w+=/:,.@\\-*]*"`
	Tags        map[string]string `json:"tags" required:"" min:"1" max:"50"`
}

// TagResource adds tags to a group named by its ARN.
//
//	Wire     Logs_20140328.TagResource over json 1.1
//	Differs  log groups only
//	Proof    TestTags
func (s *Service) TagResource(ctx context.Context, in *TagResourceIn) (*Empty, error) {
	group, err := groupOfARN(hydrant.ScopeOf(ctx), in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return s.TagLogGroup(ctx, &TagLogGroupIn{LogGroupName: group, Tags: in.Tags})
}

type UntagResourceIn struct {
	ResourceArn string   `json:"resourceArn" required:"" min:"1" max:"1011" pattern:"[\\w+=/:,.@\\-*]*"`
	TagKeys     []string `json:"tagKeys" required:"" max:"50"`
}

// UntagResource takes tags off a group named by its ARN.
//
//	Wire     Logs_20140328.UntagResource over json 1.1
//	Differs  log groups only
//	Proof    TestTags
func (s *Service) UntagResource(ctx context.Context, in *UntagResourceIn) (*Empty, error) {
	group, err := groupOfARN(hydrant.ScopeOf(ctx), in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &Empty{}, s.retag(ctx, group, untag(in.TagKeys))
}

type ListTagsForResourceIn struct {
	ResourceArn string `json:"resourceArn" required:"" min:"1" max:"1011" pattern:"[\\w+=/:,.@\\-*]*"`
}

// ListTagsForResource answers the tags of a group named by its ARN.
//
//	Wire     Logs_20140328.ListTagsForResource over json 1.1
//	Differs  log groups only
//	Proof    TestTags
func (s *Service) ListTagsForResource(ctx context.Context, in *ListTagsForResourceIn) (*TagsOut, error) {
	group, err := groupOfARN(hydrant.ScopeOf(ctx), in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return s.ListTagsLogGroup(ctx, &LogGroupIn{LogGroupName: group})
}
