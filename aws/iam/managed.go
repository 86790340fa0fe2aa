package iam

import (
	"slices"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/iam/policy"
)

// managed is a managed policy, as it is kept.
type managed struct {
	Account     string // "aws" for AWS's own
	Name        string
	Path        string
	ID          string
	Created     time.Time
	Updated     time.Time
	Description string `json:",omitempty"`
	Versions    []version
	Default     string // id of a version
	Last        int    // number of the newest version there has been
	Tags        []Tag  `json:",omitempty"`

	doc *policy.Document // the default version's
}

type version struct {
	ID      string
	Text    string
	Created time.Time
}

func (m *managed) parse() (err error) {
	m.doc, err = policy.Parse(policy.Identity, m.version(m.Default).Text)
	return err
}

func (m *managed) arn() string { return "arn:aws:iam::" + m.Account + ":policy" + m.Path + m.Name }

// version is the version of that id, or nil.
func (m *managed) version(id string) *version {
	if i := slices.IndexFunc(m.Versions, func(v version) bool { return v.ID == id }); i >= 0 {
		return &m.Versions[i]
	}
	return nil
}

// Policy is a managed policy as replies show it.
type Policy struct {
	PolicyName                    string
	PolicyId                      string
	Arn                           string
	Path                          string
	DefaultVersionId              string
	AttachmentCount               int
	PermissionsBoundaryUsageCount int
	IsAttachable                  bool
	Description                   string
	CreateDate                    time.Time
	UpdateDate                    time.Time
	Tags                          []Tag
}

func (s *Service) shown(account string, m *managed) Policy {
	attached, bounding := s.uses(account, m.arn())
	return Policy{
		PolicyName: m.Name, PolicyId: m.ID, Arn: m.arn(), Path: m.Path, DefaultVersionId: m.Default,
		AttachmentCount: attached, PermissionsBoundaryUsageCount: bounding, IsAttachable: true,
		CreateDate: m.Created, UpdateDate: m.Updated,
	}
}

// uses counts who in the account bears a policy, and whom it bounds.
func (s *Service) uses(account, arn string) (attached, bounding int) {
	count := func(b *bearer) {
		if slices.Contains(b.Attached, arn) {
			attached++
		}
		if b.Boundary == arn {
			bounding++
		}
	}
	for _, r := range all(s, &s.roles, account) {
		count(&r.bearer)
	}
	for _, u := range all(s, &s.users, account) {
		count(&u.bearer)
	}
	return attached, bounding
}

// managed is a policy of the account or of AWS, or nil.
func (s *Service) managed(account, arn string) *managed {
	if m := awsManaged()[arn]; m != nil {
		return m
	}
	_, name := pathAndName(arn)
	if m := find(s, &s.policies, account, name); m != nil && m.arn() == arn {
		return m
	}
	return nil
}

// checkPolicyARN refuses what is no ARN.
func checkPolicyARN(arn string) error {
	if len(arn) < 20 {
		return invalid("Invalid ARN:  Could not be parsed!")
	}
	if _, err := hydrant.ParseARN(arn); err != nil {
		return invalid("Invalid ARN:  Could not be parsed!")
	}
	return nil
}

// named is the policy of an ARN, or NoSuchEntity.
func (s *Service) named(account, arn string) (*managed, error) {
	if err := checkPolicyARN(arn); err != nil {
		return nil, err
	}
	if m := s.managed(account, arn); m != nil {
		return m, nil
	}
	return nil, noSuch("Policy %s was not found.", arn)
}

// own is named for a policy that is to be changed, which AWS's own cannot.
func (s *Service) own(account, arn string) (*managed, error) {
	m, err := s.named(account, arn)
	if err == nil && m.Account != account {
		return nil, hydrant.Faultf("AccessDenied", "Policy is outside your own account.").WithStatus(403)
	}
	return m, err
}

// attachable is named in the words of those who attach.
func (s *Service) attachable(account, arn string) (*managed, error) {
	if err := checkPolicyARN(arn); err != nil {
		return nil, err
	}
	if m := s.managed(account, arn); m != nil {
		return m, nil
	}
	return nil, noSuch("Policy %s does not exist or is not attachable.", arn)
}

// pathAndName takes the resource of an ARN apart: "policy/service-role/Name" is "/service-role/" and "Name".
func pathAndName(arn string) (path, name string) {
	p, err := hydrant.ParseARN(arn)
	if err != nil {
		return "", ""
	}
	_, rest, _ := strings.Cut(p.Resource, "/")
	i := strings.LastIndexByte(rest, '/')
	return "/" + rest[:i+1], rest[i+1:]
}
