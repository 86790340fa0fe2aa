package iam

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/iam/policy"
)

// bearer is what roles and users have in common: they bear policies and tags.
type bearer struct {
	Inline   map[string]string `json:",omitempty"` // documents by policy name
	Attached []string          `json:",omitempty"` // ARNs of managed policies, in the order they came
	Boundary string            `json:",omitempty"` // ARN of a managed policy
	Tags     []Tag             `json:",omitempty"`

	docs map[string]*policy.Document // Inline, parsed
}

func (b *bearer) parse() error {
	b.docs = make(map[string]*policy.Document, len(b.Inline))
	for name, text := range b.Inline {
		d, err := policy.Parse(policy.Identity, text)
		if err != nil {
			return err
		}
		b.docs[name] = d
	}
	return nil
}

func (b bearer) clone() bearer {
	b.Inline, b.docs = maps.Clone(b.Inline), maps.Clone(b.docs)
	b.Attached, b.Tags = slices.Clone(b.Attached), slices.Clone(b.Tags)
	return b
}

// putInline keeps a policy under a name; chars is the quota of all of them.
func (b *bearer) putInline(name, text string, chars int, owner string) error {
	if err := checkName("policyName", name); err != nil {
		return err
	}
	d, err := parseDocument(policy.Identity, text)
	if err != nil {
		return err
	}
	total := size(text)
	for other, t := range b.Inline {
		if other != name {
			total += size(t)
		}
	}
	if total > chars {
		return exceeded("Maximum policy size of %d bytes exceeded for %s", chars, owner)
	}
	if b.Inline == nil {
		b.Inline, b.docs = map[string]string{}, map[string]*policy.Document{}
	}
	b.Inline[name], b.docs[name] = text, d
	return nil
}

func (b *bearer) inlineNames() []string { return slices.Sorted(maps.Keys(b.Inline)) }

// Tag is a key and a value.
type Tag struct {
	Key   string  `required:"" min:"1" max:"128"`
	Value *string `required:"" max:"256"`
}

var tagPattern = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// tag adds tags to a list, replacing those whose keys differ in case only.
func tag(tags, add []Tag) ([]Tag, error) {
	tags = slices.Clone(tags)
	for i, t := range add {
		switch {
		case !tagPattern.MatchString(t.Key) || !tagPattern.MatchString(*t.Value):
			return nil, invalid("1 validation error detected: Value at 'tags.%d.member' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+", i+1)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return nil, hydrant.Faultf("InvalidInput", "Tag keys starting with 'aws:' are reserved for system use.")
		case slices.ContainsFunc(add[:i], func(o Tag) bool { return strings.EqualFold(o.Key, t.Key) }):
			return nil, hydrant.Faultf("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		tags = slices.DeleteFunc(tags, func(o Tag) bool { return strings.EqualFold(o.Key, t.Key) })
		tags = append(tags, t)
	}
	if len(tags) > maxTags {
		return nil, exceeded("The number of tags has reached the maximum limit.")
	}
	slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	return tags, nil
}

func untag(tags []Tag, keys []string) []Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t Tag) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, t.Key) })
	})
}

// AttachedPolicy names a managed policy somebody bears.
type AttachedPolicy struct{ PolicyName, PolicyArn string }

// attach adds a managed policy; twice is once.
func (b *bearer) attach(s *Service, account, arn, quota string) error {
	if _, err := s.attachable(account, arn); err != nil {
		return err
	}
	if slices.Contains(b.Attached, arn) {
		return nil
	}
	if len(b.Attached) >= maxAttached {
		return exceeded("Cannot exceed quota for %s: %d", quota, maxAttached)
	}
	b.Attached = append(b.Attached, arn)
	return nil
}

func (b *bearer) detach(arn string) error {
	if err := checkPolicyARN(arn); err != nil {
		return err
	}
	i := slices.Index(b.Attached, arn)
	if i < 0 {
		return noSuch("Policy %s was not found.", arn)
	}
	b.Attached = slices.Delete(b.Attached, i, i+1)
	return nil
}

func (b *bearer) attachedBelow(path string) []AttachedPolicy {
	var out []AttachedPolicy
	for _, arn := range b.Attached {
		if p, name := pathAndName(arn); path == "" || strings.HasPrefix(p, path) {
			out = append(out, AttachedPolicy{PolicyName: name, PolicyArn: arn})
		}
	}
	slices.SortFunc(out, func(a, b AttachedPolicy) int { return strings.Compare(a.PolicyName, b.PolicyName) })
	return out
}

// free reports whether what bears policies may be deleted.
func (b *bearer) free() error {
	switch {
	case len(b.Attached) > 0:
		return conflict("Cannot delete entity, must detach all policies first.")
	case len(b.Inline) > 0:
		return conflict("Cannot delete entity, must delete policies first.")
	}
	return nil
}

// Boundary is a permissions boundary as replies show it.
type Boundary struct{ PermissionsBoundaryType, PermissionsBoundaryArn string }

func (b *bearer) boundary() *Boundary {
	if b.Boundary == "" {
		return nil
	}
	return &Boundary{"Policy", b.Boundary}
}
