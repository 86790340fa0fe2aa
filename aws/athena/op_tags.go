package athena

import (
	"context"
	"maps"
	"slices"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

const maxTags = 50 // of a work group

type ListTagsForResourceIn struct {
	ResourceARN string `required:"" min:"1" max:"1011"`
	NextToken   string `min:"1" max:"1024"`
	MaxResults  *int   `min:"75"`
}

type ListTagsForResourceOut struct{ Tags []Tag }

// ListTagsForResource lists the tags of a work group by key, all in one page: there are at most 50.
//
//	Wire     AmazonAthena.ListTagsForResource over json 1.1
//	Differs  work groups only: data catalogs and capacity reservations cannot be made
//	Proof    TestAthenaTags
func (s *Service) ListTagsForResource(ctx context.Context, in *ListTagsForResourceIn) (*ListTagsForResourceOut, error) {
	g, err := s.tagged(ctx, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	out := &ListTagsForResourceOut{Tags: []Tag{}}
	for _, k := range slices.Sorted(maps.Keys(g.Tags)) {
		out.Tags = append(out.Tags, Tag{k, g.Tags[k]})
	}
	return out, nil
}

type TagResourceIn struct {
	ResourceARN string `required:"" min:"1" max:"1011"`
	Tags        []Tag  `required:""`
}

// TagResource adds tags to a work group, over those of the same keys.
//
//	Wire     AmazonAthena.TagResource over json 1.1
//	Limits   maxTags
//	Durable  in the journal before the reply
//	Proof    TestAthenaTags
func (s *Service) TagResource(ctx context.Context, in *TagResourceIn) (*Empty, error) {
	return s.retag(ctx, in.ResourceARN, func(tags map[string]string) {
		for _, t := range in.Tags {
			tags[t.Key] = t.Value
		}
	})
}

type UntagResourceIn struct {
	ResourceARN string   `required:"" min:"1" max:"1011"`
	TagKeys     []string `required:""`
}

// UntagResource takes tags off a work group; one that is not there is no error.
//
//	Wire     AmazonAthena.UntagResource over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestAthenaTags
func (s *Service) UntagResource(ctx context.Context, in *UntagResourceIn) (*Empty, error) {
	return s.retag(ctx, in.ResourceARN, func(tags map[string]string) {
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
	})
}

func (s *Service) retag(ctx context.Context, arn string, change func(map[string]string)) (*Empty, error) {
	s.saving.Lock()
	defer s.saving.Unlock()
	g, err := s.tagged(ctx, arn)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	maps.Copy(tags, g.Tags)
	change(tags)
	if len(tags) > maxTags {
		return nil, invalid("INVALID_INPUT", "A resource can have at most %d tags", maxTags)
	}
	g.Tags = tags
	return &Empty{}, s.config.Journal.Commit(ctx, journal.Set(key(hydrant.ScopeOf(ctx), "workgroup", g.Name), g))
}

// tagged finds the work group an ARN names.
func (s *Service) tagged(ctx context.Context, arn string) (workGroup, error) {
	scope := hydrant.ScopeOf(ctx)
	a, err := hydrant.ParseARN(arn)
	name, ok := a.Name("workgroup/")
	if err != nil || a.Service != "athena" || a.Scope() != scope || !ok {
		return workGroup{}, invalid("INVALID_INPUT", "%s is not the ARN of a work group of this account and Region", arn)
	}
	g, err := s.group(scope, name)
	if hydrant.FaultCode(err) == "InvalidRequestException" {
		err = hydrant.Faultf("ResourceNotFoundException", "WorkGroup %s is not found.", name).WithField("ResourceName", name)
	}
	return g, err
}
