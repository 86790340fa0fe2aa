package iam

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/iam/policy"
)

// role is a role, as it is kept.
type role struct {
	Account     string
	Name        string
	Path        string
	ID          string
	Created     time.Time
	Description string `json:",omitempty"`
	MaxSession  int    // seconds
	Trust       string // who may assume it: a document
	bearer

	trust *policy.Document
}

// parse makes what the journal does not hold.
func (r *role) parse() (err error) {
	if r.trust, err = policy.Parse(policy.Trust, r.Trust); err != nil {
		return err
	}
	return r.bearer.parse()
}

func (r *role) arn() string { return "arn:aws:iam::" + r.Account + ":role" + r.Path + r.Name }

// Role is a role as replies show it.
type Role struct {
	Path                     string
	RoleName                 string
	RoleId                   string
	Arn                      string
	CreateDate               time.Time
	AssumeRolePolicyDocument string
	Description              string
	MaxSessionDuration       *int
	PermissionsBoundary      *Boundary
	Tags                     []Tag
	RoleLastUsed             *RoleLastUsed
}

// RoleLastUsed tells when a role was used last. It is empty: that is not followed.
type RoleLastUsed struct {
	LastUsedDate time.Time
	Region       string
}

// listed is a role as lists show it.
func (r *role) listed() Role {
	return Role{
		Path: r.Path, RoleName: r.Name, RoleId: r.ID, Arn: r.arn(), CreateDate: r.Created,
		AssumeRolePolicyDocument: encoded(r.Trust), Description: r.Description, MaxSessionDuration: &r.MaxSession,
	}
}

// described is a role with all that is known of it.
func (r *role) described() Role {
	d := r.listed()
	d.PermissionsBoundary, d.RoleLastUsed = r.boundary(), &RoleLastUsed{}
	if len(r.Tags) > 0 {
		d.Tags = r.Tags
	}
	return d
}

func (s *Service) role(account, name string) (*role, error) {
	if err := checkName("roleName", name); err != nil {
		return nil, err
	}
	if r := find(s, &s.roles, account, name); r != nil {
		return r, nil
	}
	return nil, noSuch("The role with name %s cannot be found.", name)
}

// changeRole changes the caller's role of that name.
func (s *Service) changeRole(ctx context.Context, name string, change func(*role) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	old, err := s.role(accountOf(ctx), name)
	if err != nil {
		return err
	}
	r := *old
	r.bearer = old.bearer.clone()
	if err := change(&r); err != nil {
		return err
	}
	return save(ctx, s, &s.roles, r.Account, r.Name, &r)
}

// setTrust gives a role its trust policy. Users and roles it names in the account must exist.
func (s *Service) setTrust(r *role, text string) error {
	d, err := parseDocument(policy.Trust, text)
	if err != nil {
		return err
	}
	if size(text) > maxTrustChars {
		return exceeded("Cannot exceed quota for ACLSizePerRole: %d", maxTrustChars)
	}
	for _, arn := range d.Principals() {
		if !s.known(r, arn) {
			return hydrant.Faultf("MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":\"%s\"", arn)
		}
	}
	r.Trust, r.trust = text, d
	return nil
}

// known reports whether a principal of r's account exists. Of others it cannot be told.
func (s *Service) known(r *role, arn string) bool {
	p, err := hydrant.ParseARN(arn)
	if err != nil || p.Account != r.Account || p.Service != "iam" {
		return true
	}
	_, name := pathAndName(arn)
	if u := find(s, &s.users, p.Account, name); u != nil && u.arn() == arn {
		return true
	}
	o := find(s, &s.roles, p.Account, name)
	return o != nil && o.arn() == arn || r.arn() == arn
}
