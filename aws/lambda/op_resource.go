package lambda

import (
	"context"
	"strings"

	"github.com/hydrant-stream/hydrant"
)

type Concurrency struct{ ReservedConcurrentExecutions *int }

type PutFunctionConcurrencyIn struct {
	FunctionName                 string `in:"path=FunctionName" required:"" min:"1" max:"140"`
	ReservedConcurrentExecutions *int   `required:"" min:"0"`
}

// PutFunctionConcurrency reserves concurrency for a function, and bounds it: 0 stops it.
//
//	Wire     PUT /2017-10-31/functions/{FunctionName}/concurrency, 200
//	Limits   accountLimit, unreservedLeast
//	Differs  a reservation bounds its function; it is not kept free of other functions' use
//	Proof    TestInvoke
func (s *Service) PutFunctionConcurrency(ctx context.Context, in *PutFunctionConcurrencyIn) (*Concurrency, error) {
	n := *in.ReservedConcurrentExecutions
	_, err := s.change(ctx, in.FunctionName, func(f *function, _ string) error {
		sum := n
		s.mu.RLock()
		for k, other := range s.fns {
			if k.Scope == f.Scope && k.name != f.Name && other.Reserved != nil {
				sum += *other.Reserved
			}
		}
		s.mu.RUnlock()
		if sum > accountLimit-unreservedLeast {
			return invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", unreservedLeast)
		}
		f.Reserved = &n
		return nil
	})
	return &Concurrency{ReservedConcurrentExecutions: &n}, err
}

// GetFunctionConcurrency shows a function's reserved concurrency; an empty reply means none.
//
//	Wire     GET /2019-09-30/functions/{FunctionName}/concurrency, 200
//	Proof    TestInvoke
func (s *Service) GetFunctionConcurrency(ctx context.Context, in *FunctionIn) (*Concurrency, error) {
	f, _, err := s.find(ctx, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	return &Concurrency{ReservedConcurrentExecutions: f.Reserved}, nil
}

// DeleteFunctionConcurrency removes a function's reservation.
//
//	Wire     DELETE /2017-10-31/functions/{FunctionName}/concurrency, 204
//	Proof    TestInvoke
func (s *Service) DeleteFunctionConcurrency(ctx context.Context, in *FunctionIn) (*Empty, error) {
	_, err := s.change(ctx, in.FunctionName, func(f *function, _ string) error {
		f.Reserved = nil
		return nil
	})
	return &Empty{}, err
}

type TagResourceIn struct {
	Resource string            `in:"path=Resource" required:"" min:"1" max:"256"`
	Tags     map[string]string `required:""`
}

// TagResource sets tags of a function or an event source mapping.
//
//	Wire     POST /2017-03-31/tags/{Resource}, 204
//	Limits   maxTags
//	Proof    TestPolicyAndTags
func (s *Service) TagResource(ctx context.Context, in *TagResourceIn) (*Empty, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	err := s.changeTags(ctx, in.Resource, func(tags map[string]string) error {
		for k, v := range in.Tags {
			tags[k] = v
		}
		return checkTags(tags)
	})
	return &Empty{}, err
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return invalid("Number of tags exceeds resource tag limit.")
	}
	for k, v := range tags {
		if k == "" || len(k) > 128 || len(v) > 256 || strings.HasPrefix(k, "aws:") {
			return invalid("The tag key or value is not valid: %s", k)
		}
	}
	return nil
}

func (s *Service) changeTags(ctx context.Context, resource string, edit func(map[string]string) error) error {
	id, err := tagged(resource)
	if err != nil {
		return err
	}
	if id != "" {
		return s.mappings.Tag(ctx, hydrant.ScopeOf(ctx), id, edit)
	}
	_, err = s.change(ctx, resource, func(f *function, qualifier string) error {
		if qualifier != "" {
			return invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")
		}
		if f.Tags == nil {
			f.Tags = map[string]string{}
		}
		return edit(f.Tags)
	})
	return err
}

// tagged is what bears tags: the mapping with that id, or a function where id is "".
func tagged(resource string) (id string, err error) {
	arn, err := hydrant.ParseARN(resource)
	if err == nil && arn.Service == "lambda" {
		if id, ok := arn.Name("event-source-mapping:"); ok {
			return id, nil
		}
		if _, ok := arn.Name("function:"); ok {
			return "", nil
		}
	}
	return "", validation("Value '%s' at 'resource' failed to satisfy constraint: Member must be the ARN of a function or an event source mapping", resource)
}

type UntagResourceIn struct {
	Resource string   `in:"path=Resource" required:"" min:"1" max:"256"`
	TagKeys  []string `in:"query=tagKeys" required:""`
}

// UntagResource removes tags of a function or an event source mapping.
//
//	Wire     DELETE /2017-03-31/tags/{Resource}, 204
//	Proof    TestPolicyAndTags
func (s *Service) UntagResource(ctx context.Context, in *UntagResourceIn) (*Empty, error) {
	err := s.changeTags(ctx, in.Resource, func(tags map[string]string) error {
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
		return nil
	})
	return &Empty{}, err
}

type ListTagsIn struct {
	Resource string `in:"path=Resource" required:"" min:"1" max:"256"`
}

type ListTagsOut struct{ Tags map[string]string }

// ListTags shows the tags of a function or an event source mapping.
//
//	Wire     GET /2017-03-31/tags/{Resource}, 200
//	Proof    TestPolicyAndTags
func (s *Service) ListTags(ctx context.Context, in *ListTagsIn) (*ListTagsOut, error) {
	id, err := tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	if id != "" {
		m, err := s.mappings.Get(hydrant.ScopeOf(ctx), id)
		if err != nil {
			return nil, err
		}
		return &ListTagsOut{Tags: orEmpty(m.Tags)}, nil
	}
	f, _, err := s.find(ctx, in.Resource, "")
	if err != nil {
		return nil, err
	}
	return &ListTagsOut{Tags: orEmpty(f.Tags)}, nil
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
