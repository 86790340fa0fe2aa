package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/iam/policy"
)

type CreatePolicyIn struct {
	PolicyName     string `required:"" min:"1" max:"128"`
	Path           string `max:"512"`
	PolicyDocument string `required:"" min:"1" max:"131072"`
	Description    string `max:"1000"`
	Tags           []Tag  `max:"50"`
}

type PolicyOut struct{ Policy *Policy }

// CreatePolicy makes a managed policy, which roles and users can bear.
//
//	Wire     CreatePolicy over query
//	Limits   maxManagedChars, maxTags
//	Durable  in the journal before the reply
//	Proof    TestManagedPolicies
func (s *Service) CreatePolicy(ctx context.Context, in *CreatePolicyIn) (*PolicyOut, error) {
	if err := checkName("policyName", in.PolicyName); err != nil {
		return nil, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return nil, err
	}
	now := s.second()
	m := &managed{
		Account: accountOf(ctx), Name: in.PolicyName, Path: path, ID: newID("ANPA"),
		Created: now, Updated: now, Description: in.Description,
	}
	if m.Tags, err = tag(nil, in.Tags); err != nil {
		return nil, err
	}
	if _, err := m.add(in.PolicyDocument, s, true); err != nil {
		return nil, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if find(s, &s.policies, m.Account, m.Name) != nil {
		return nil, exists("A policy called %s already exists. Duplicate names are not allowed.", in.PolicyName)
	}
	if err := save(ctx, s, &s.policies, m.Account, m.Name, m); err != nil {
		return nil, err
	}
	shown := s.shown(m.Account, m)
	if len(m.Tags) > 0 {
		shown.Tags = m.Tags
	}
	return &PolicyOut{&shown}, nil
}

// changePolicy changes a policy of the caller's account.
func (s *Service) changePolicy(ctx context.Context, arn string, change func(*managed) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	old, err := s.own(accountOf(ctx), arn)
	if err != nil {
		return err
	}
	m := *old
	m.Versions, m.Tags = slices.Clone(old.Versions), slices.Clone(old.Tags)
	if err := change(&m); err != nil {
		return err
	}
	return save(ctx, s, &s.policies, m.Account, m.Name, &m)
}

type GetPolicyIn struct {
	PolicyArn string `required:"" max:"2048"`
}

// GetPolicy describes a managed policy, AWS's own among them.
//
//	Wire     GetPolicy over query
//	Differs  of AWS's own those are here that such pipelines use; their documents are worded anew
//	Proof    TestManagedPolicies
func (s *Service) GetPolicy(ctx context.Context, in *GetPolicyIn) (*PolicyOut, error) {
	m, err := s.named(accountOf(ctx), in.PolicyArn)
	if err != nil {
		return nil, err
	}
	shown := s.shown(accountOf(ctx), m)
	shown.Description = m.Description
	shown.Tags = nonNil(m.Tags)
	return &PolicyOut{&shown}, nil
}

type ListPoliciesIn struct {
	Scope             string `enum:"All|AWS|Local"`
	OnlyAttached      bool
	PathPrefix        string `max:"512"`
	PolicyUsageFilter string `enum:"PermissionsPolicy|PermissionsBoundary"`
	PageIn
}

type ListPoliciesOut struct {
	Policies []Policy
	PageOut
}

// ListPolicies lists the account's managed policies and AWS's.
//
//	Wire     ListPolicies over query
//	Order    by name
//	Proof    TestManagedPolicies
func (s *Service) ListPolicies(ctx context.Context, in *ListPoliciesIn) (*ListPoliciesOut, error) {
	account := accountOf(ctx)
	var from []*managed
	if in.Scope != "AWS" {
		from = all(s, &s.policies, account)
	}
	if in.Scope != "Local" {
		for _, m := range awsManaged() {
			from = append(from, m)
		}
	}
	var list []Policy
	for _, m := range from {
		p := s.shown(account, m)
		uses := p.AttachmentCount + p.PermissionsBoundaryUsageCount
		switch in.PolicyUsageFilter {
		case "PermissionsPolicy":
			uses = p.AttachmentCount
		case "PermissionsBoundary":
			uses = p.PermissionsBoundaryUsageCount
		}
		if strings.HasPrefix(m.Path, in.PathPrefix) && (uses > 0 || !in.OnlyAttached) {
			list = append(list, p)
		}
	}
	name := func(p Policy) string { return strings.ToLower(p.PolicyName) + " " + p.Arn }
	slices.SortFunc(list, func(a, b Policy) int { return strings.Compare(name(a), name(b)) })
	list, more, err := page(list, name, in.PageIn)
	return &ListPoliciesOut{list, more}, err
}

// DeletePolicy removes a policy nobody bears and that has one version.
//
//	Wire     DeletePolicy over query
//	Durable  in the journal before the reply
//	Proof    TestManagedPolicies
func (s *Service) DeletePolicy(ctx context.Context, in *GetPolicyIn) (*Nothing, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	m, err := s.own(accountOf(ctx), in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if attached, bounding := s.uses(m.Account, m.arn()); attached+bounding > 0 {
		return nil, conflict("Cannot delete a policy attached to entities.")
	}
	if len(m.Versions) > 1 {
		return nil, conflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	return &Nothing{}, remove(ctx, s, &s.policies, m.Account, m.Name)
}

type ListEntitiesForPolicyIn struct {
	PolicyArn         string `required:"" max:"2048"`
	EntityFilter      string `enum:"User|Role|Group|LocalManagedPolicy|AWSManagedPolicy"`
	PathPrefix        string `max:"512"`
	PolicyUsageFilter string `enum:"PermissionsPolicy|PermissionsBoundary"`
	PageIn
}

type (
	PolicyUser               struct{ UserName, UserId string }
	PolicyRole               struct{ RoleName, RoleId string }
	ListEntitiesForPolicyOut struct {
		PolicyGroups []Empty
		PolicyUsers  []PolicyUser
		PolicyRoles  []PolicyRole
		PageOut
	}
)

// ListEntitiesForPolicy lists who bears a policy or is bounded by it.
//
//	Wire     ListEntitiesForPolicy over query
//	Order    users, then roles, by name
//	Differs  there are no groups
//	Proof    TestManagedPolicies
func (s *Service) ListEntitiesForPolicy(ctx context.Context, in *ListEntitiesForPolicyIn) (*ListEntitiesForPolicyOut, error) {
	account := accountOf(ctx)
	if _, err := s.named(account, in.PolicyArn); err != nil {
		return nil, err
	}
	wanted := func(b *bearer, path string) bool {
		if !strings.HasPrefix(path, in.PathPrefix) {
			return false
		}
		return in.PolicyUsageFilter != "PermissionsBoundary" && slices.Contains(b.Attached, in.PolicyArn) ||
			in.PolicyUsageFilter != "PermissionsPolicy" && b.Boundary == in.PolicyArn
	}
	type entity struct {
		kind, name, id string
	}
	var list []entity
	if in.EntityFilter == "" || in.EntityFilter == "User" {
		for _, u := range all(s, &s.users, account) {
			if wanted(&u.bearer, u.Path) {
				list = append(list, entity{"user", u.Name, u.ID})
			}
		}
	}
	if in.EntityFilter == "" || in.EntityFilter == "Role" {
		for _, r := range all(s, &s.roles, account) {
			if wanted(&r.bearer, r.Path) {
				list = append(list, entity{"role", r.Name, r.ID})
			}
		}
	}
	key := func(e entity) string {
		return map[string]string{"user": "1", "role": "2"}[e.kind] + strings.ToLower(e.name)
	}
	list, more, err := page(list, key, in.PageIn)
	out := &ListEntitiesForPolicyOut{[]Empty{}, []PolicyUser{}, []PolicyRole{}, more}
	for _, e := range list {
		if e.kind == "user" {
			out.PolicyUsers = append(out.PolicyUsers, PolicyUser{e.name, e.id})
		} else {
			out.PolicyRoles = append(out.PolicyRoles, PolicyRole{e.name, e.id})
		}
	}
	return out, err
}

// add appends a version, and makes it the default where that is asked for.
func (m *managed) add(text string, s *Service, byDefault bool) (*version, error) {
	d, err := parseDocument(policy.Identity, text)
	if err != nil {
		return nil, err
	}
	if size(text) > maxManagedChars {
		return nil, exceeded("Cannot exceed quota for PolicySize: %d", maxManagedChars)
	}
	m.Last++
	v := version{ID: versionID(m.Last), Text: text, Created: s.second()}
	m.Versions = append(m.Versions, v)
	if byDefault {
		m.Default, m.doc = v.ID, d
	}
	return &v, nil
}
