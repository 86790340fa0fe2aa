package kinesis

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// resource is what tags and policies hang on: a stream, or a consumer of one.
type resource struct {
	stream *streamInfo // its own, or its consumer's
	tags   *map[string]string
	policy *string
}

// resourceOf finds the resource an ARN names, within a copy of its stream's info.
func resourceOf(info *streamInfo, arn string) (*resource, error) {
	if _, ok := splitConsumerARN(arn); !ok {
		return &resource{info, &info.Tags, &info.Policy}, nil
	}
	info.Consumers = slices.Clone(info.Consumers)
	c := info.consumer(info.arn(), "", arn, time.Now())
	if c == nil {
		return nil, noConsumer(arn, info.Scope)
	}
	return &resource{info, &c.Tags, &c.Policy}, nil
}

// changeResource is change for what hangs on the resource of an ARN.
func (s *Service) changeResource(ctx context.Context, arn string, f func(*resource) error) error {
	stream, ok := splitConsumerARN(arn)
	if !ok {
		stream = arn
	}
	_, err := s.change(ctx, "", stream, "", func(info *streamInfo) error {
		r, err := resourceOf(info, arn)
		if err != nil {
			return err
		}
		return f(r)
	})
	return err
}

// readResource reads what hangs on the resource of an ARN.
func (s *Service) readResource(ctx context.Context, arn string) (*resource, error) {
	stream, ok := splitConsumerARN(arn)
	if !ok {
		stream = arn
	}
	st, err := s.find(ctx, "", stream, "")
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	info := st.info // a copy: maps and slices in it are replaced on change, never written
	st.mu.RUnlock()
	return resourceOf(&info, arn)
}

type (
	TagResourceIn struct {
		ResourceARN string            `required:"" min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+"`
		Tags        map[string]string `required:"" min:"1" max:"200" keymin:"1" keymax:"128" eachmin:"0" eachmax:"256"`
	}
	TagResourceOut  struct{}
	UntagResourceIn struct {
		ResourceARN string   `required:"" min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+"`
		TagKeys     []string `required:"" min:"1" max:"50" eachmin:"1" eachmax:"128"`
	}
	UntagResourceOut      struct{}
	ListTagsForResourceIn struct {
		ResourceARN string `required:"" min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+"`
	}
	ListTagsForResourceOut struct{ Tags []Tag }
)

// withTags is old and more together; the maps themselves stay as they are.
func withTags(old, more map[string]string) map[string]string {
	all := maps.Clone(old)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	return all
}

// withoutTags is old without some keys.
func withoutTags(old map[string]string, keys []string) map[string]string {
	left := withTags(old, nil)
	for _, k := range keys {
		delete(left, k)
	}
	return left
}

// TagResource adds or overwrites tags of a stream or consumer.
//
//	Wire     Kinesis_20131202.TagResource over json 1.1
//	Limits   maxTags
func (s *Service) TagResource(ctx context.Context, in *TagResourceIn) (*TagResourceOut, error) {
	err := s.changeResource(ctx, in.ResourceARN, func(r *resource) error {
		*r.tags = withTags(*r.tags, in.Tags)
		return checkTags(r.stream.Name, r.stream.Scope, in.Tags, *r.tags)
	})
	if err != nil {
		return nil, err
	}
	return &TagResourceOut{}, nil
}

// UntagResource removes tags of a stream or consumer; keys that are not there are ignored.
//
//	Wire     Kinesis_20131202.UntagResource over json 1.1
func (s *Service) UntagResource(ctx context.Context, in *UntagResourceIn) (*UntagResourceOut, error) {
	err := s.changeResource(ctx, in.ResourceARN, func(r *resource) error {
		*r.tags = withoutTags(*r.tags, in.TagKeys)
		return checkTagTexts("remove tags from", r.stream.Name, r.stream.Scope, in.TagKeys)
	})
	if err != nil {
		return nil, err
	}
	return &UntagResourceOut{}, nil
}

// ListTagsForResource lists the tags of a stream or consumer by key.
//
//	Wire     Kinesis_20131202.ListTagsForResource over json 1.1
func (s *Service) ListTagsForResource(ctx context.Context, in *ListTagsForResourceIn) (*ListTagsForResourceOut, error) {
	r, err := s.readResource(ctx, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	out := &ListTagsForResourceOut{Tags: []Tag{}}
	for _, k := range sortedKeys(*r.tags) {
		out.Tags = append(out.Tags, Tag{k, (*r.tags)[k]})
	}
	return out, nil
}

type (
	PutResourcePolicyIn struct {
		ResourceARN string `required:"" min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+"`
		Policy      string `required:""`
	}
	PutResourcePolicyOut struct{}
	GetResourcePolicyIn  struct {
		ResourceARN string `required:"" min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+"`
	}
	GetResourcePolicyOut    struct{ Policy string }
	DeleteResourcePolicyIn  GetResourcePolicyIn
	DeleteResourcePolicyOut struct{}
)

// PutResourcePolicy keeps a policy with a stream or consumer.
//
//	Wire     Kinesis_20131202.PutResourcePolicy over json 1.1
//	Differs  the policy is checked, kept and told; it is not evaluated
func (s *Service) PutResourcePolicy(ctx context.Context, in *PutResourcePolicyIn) (*PutResourcePolicyOut, error) {
	err := s.changeResource(ctx, in.ResourceARN, func(r *resource) error {
		*r.policy = in.Policy
		return checkPolicy(in.Policy, in.ResourceARN)
	})
	if err != nil {
		return nil, err
	}
	return &PutResourcePolicyOut{}, nil
}

// checkPolicy holds AWS's rules for the policy of a stream: it is about this resource, names its
// actions and its principals.
func checkPolicy(policy, arn string) error {
	bad := func(text string) error { return hydrant.Faultf("InvalidArgumentException", "%s", text) }
	var doc struct{ Statement oneOrMore[json.RawMessage] }
	if json.Unmarshal([]byte(policy), &doc) != nil || len(doc.Statement) == 0 {
		return bad("The resource policy is not a valid JSON policy document.")
	}
	for _, raw := range doc.Statement {
		var st struct {
			Effect    string
			Principal json.RawMessage
			Action    oneOrMore[string]
			Resource  oneOrMore[string]
		}
		if json.Unmarshal(raw, &st) != nil || st.Effect != "Allow" && st.Effect != "Deny" {
			return bad("The resource policy is not a valid JSON policy document.")
		}
		if len(st.Principal) == 0 {
			return bad("The resource policy must name a Principal in every statement.")
		}
		if len(st.Resource) != 1 || st.Resource[0] != arn {
			return bad("The resource policy's resource must be the same as the resource ARN.")
		}
		if len(st.Action) == 0 {
			return bad("The resource policy must name its actions.")
		}
		for _, a := range st.Action {
			if !strings.HasPrefix(a, "kinesis:") || strings.ContainsAny(a, "*?") {
				return bad("The resource policy may hold explicit kinesis actions only.")
			}
		}
	}
	return nil
}

// oneOrMore is a member of a policy that may be a value or a list of them.
type oneOrMore[T any] []T

func (o *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(o))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*o = oneOrMore[T]{one}
	return nil
}

// GetResourcePolicy tells the policy of a stream or consumer; "{}" where there is none.
//
//	Wire     Kinesis_20131202.GetResourcePolicy over json 1.1
func (s *Service) GetResourcePolicy(ctx context.Context, in *GetResourcePolicyIn) (*GetResourcePolicyOut, error) {
	r, err := s.readResource(ctx, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	if *r.policy == "" {
		return &GetResourcePolicyOut{"{}"}, nil
	}
	return &GetResourcePolicyOut{*r.policy}, nil
}

// DeleteResourcePolicy takes the policy of a stream or consumer away.
//
//	Wire     Kinesis_20131202.DeleteResourcePolicy over json 1.1
func (s *Service) DeleteResourcePolicy(ctx context.Context, in *DeleteResourcePolicyIn) (*DeleteResourcePolicyOut, error) {
	err := s.changeResource(ctx, in.ResourceARN, func(r *resource) error {
		if *r.policy == "" {
			return hydrant.Faultf("ResourceNotFoundException", "No resource policy found for resource ARN %s", in.ResourceARN)
		}
		*r.policy = ""
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &DeleteResourcePolicyOut{}, nil
}
