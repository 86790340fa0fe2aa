package iam

import (
	"context"
	"net/http"
	"strings"

	"github.com/hydrant-stream/hydrant"
)

type CreateRoleIn struct {
	Path                     string `max:"512"`
	RoleName                 string `required:"" min:"1" max:"64"`
	AssumeRolePolicyDocument string `required:"" min:"1" max:"131072"`
	Description              string `max:"1000"`
	MaxSessionDuration       *int   `min:"3600" max:"43200"`
	PermissionsBoundary      string `min:"20" max:"2048"`
	Tags                     []Tag  `max:"50"`
}

type RoleOut struct{ Role *Role }

// CreateRole makes a role that those its trust policy names may assume.
//
//	Wire     CreateRole over query
//	Limits   maxTrustChars, maxTags
//	Durable  in the journal before the reply
//	Differs  users and roles a trust policy names are kept by name: one deleted and made again is trusted again
//	Proof    TestRoles
func (s *Service) CreateRole(ctx context.Context, in *CreateRoleIn) (*RoleOut, error) {
	if err := checkName("roleName", in.RoleName); err != nil {
		return nil, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return nil, err
	}
	r := &role{
		Account: accountOf(ctx), Name: in.RoleName, Path: path, ID: newID("AROA"), Created: s.second(),
		Description: in.Description, MaxSession: defaultMaxSession,
	}
	if in.MaxSessionDuration != nil {
		r.MaxSession = *in.MaxSessionDuration
	}
	if r.Tags, err = tag(nil, in.Tags); err != nil {
		return nil, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if find(s, &s.roles, r.Account, r.Name) != nil {
		return nil, exists("Role with name %s already exists.", in.RoleName)
	}
	if err := s.setTrust(r, in.AssumeRolePolicyDocument); err != nil {
		return nil, err
	}
	if err := s.bound(&r.bearer, r.Account, in.PermissionsBoundary); err != nil {
		return nil, err
	}
	if err := save(ctx, s, &s.roles, r.Account, r.Name, r); err != nil {
		return nil, err
	}
	d := r.described()
	d.MaxSessionDuration, d.RoleLastUsed = nil, nil // AWS leaves these to GetRole
	return &RoleOut{&d}, nil
}

// bound sets a bearer's permissions boundary; "" sets none.
func (s *Service) bound(b *bearer, account, arn string) error {
	if arn == "" {
		return nil
	}
	if _, err := s.attachable(account, arn); err != nil {
		return err
	}
	b.Boundary = arn
	return nil
}

type RoleIn struct {
	RoleName string `required:"" min:"1" max:"64"`
}

// GetRole describes a role.
//
//	Wire     GetRole over query
//	Differs  RoleLastUsed is empty: that is not followed
//	Proof    TestRoles
func (s *Service) GetRole(ctx context.Context, in *RoleIn) (*RoleOut, error) {
	r, err := s.role(accountOf(ctx), in.RoleName)
	if err != nil {
		return nil, err
	}
	d := r.described()
	return &RoleOut{&d}, nil
}

type ListRolesIn struct {
	PathPrefix string `min:"1" max:"512"`
	PageIn
}

type ListRolesOut struct {
	Roles []Role
	PageOut
}

// ListRoles lists the roles below a path.
//
//	Wire     ListRoles over query
//	Order    by name
//	Proof    TestPaging
func (s *Service) ListRoles(ctx context.Context, in *ListRolesIn) (*ListRolesOut, error) {
	var list []Role
	for _, r := range all(s, &s.roles, accountOf(ctx)) {
		if strings.HasPrefix(r.Path, in.PathPrefix) {
			list = append(list, r.listed())
		}
	}
	list, more, err := page(list, func(r Role) string { return strings.ToLower(r.RoleName) }, in.PageIn)
	return &ListRolesOut{list, more}, err
}

type UpdateRoleIn struct {
	RoleName           string  `required:"" min:"1" max:"64"`
	Description        *string `max:"1000"`
	MaxSessionDuration *int    `min:"3600" max:"43200"`
}

// UpdateRole changes a role's description and the longest its sessions may last.
//
//	Wire     UpdateRole over query
//	Durable  in the journal before the reply
//	Proof    TestRoles
func (s *Service) UpdateRole(ctx context.Context, in *UpdateRoleIn) (*Empty, error) {
	return &Empty{}, s.changeRole(ctx, in.RoleName, func(r *role) error {
		if in.Description != nil {
			r.Description = *in.Description
		}
		if in.MaxSessionDuration != nil {
			r.MaxSession = *in.MaxSessionDuration
		}
		return nil
	})
}

type UpdateRoleDescriptionIn struct {
	RoleName    string  `required:"" min:"1" max:"64"`
	Description *string `required:"" max:"1000"`
}

// UpdateRoleDescription is the older half of UpdateRole.
//
//	Wire     UpdateRoleDescription over query
//	Durable  in the journal before the reply
//	Proof    TestRoles
func (s *Service) UpdateRoleDescription(ctx context.Context, in *UpdateRoleDescriptionIn) (*RoleOut, error) {
	if _, err := s.UpdateRole(ctx, &UpdateRoleIn{RoleName: in.RoleName, Description: in.Description}); err != nil {
		return nil, err
	}
	return s.GetRole(ctx, &RoleIn{in.RoleName})
}

type UpdateAssumeRolePolicyIn struct {
	RoleName       string `required:"" min:"1" max:"64"`
	PolicyDocument string `required:"" min:"1" max:"131072"`
}

// UpdateAssumeRolePolicy replaces a role's trust policy. Sessions that are under way go on.
//
//	Wire     UpdateAssumeRolePolicy over query
//	Limits   maxTrustChars
//	Durable  in the journal before the reply
//	Proof    TestRoles
func (s *Service) UpdateAssumeRolePolicy(ctx context.Context, in *UpdateAssumeRolePolicyIn) (*Nothing, error) {
	return &Nothing{}, s.changeRole(ctx, in.RoleName, func(r *role) error { return s.setTrust(r, in.PolicyDocument) })
}

// DeleteRole removes a role that bears no policies. Its sessions end with it.
//
//	Wire     DeleteRole over query
//	Durable  in the journal before the reply
//	Proof    TestRoles; a session ends with its role: sts.TestRolesThatGo
func (s *Service) DeleteRole(ctx context.Context, in *RoleIn) (*Nothing, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	r, err := s.role(accountOf(ctx), in.RoleName)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(r.Path, "/aws-service-role/") {
		return nil, hydrant.Faultf("UnmodifiableEntity", "Cannot perform the operation on the protected role '%s'", r.Name).WithStatus(http.StatusBadRequest)
	}
	if err := r.free(); err != nil {
		return nil, err
	}
	return &Nothing{}, remove(ctx, s, &s.roles, r.Account, r.Name)
}

type ListInstanceProfilesForRoleIn struct {
	RoleName string `required:"" min:"1" max:"64"`
	PageIn
}

type ListInstanceProfilesForRoleOut struct {
	InstanceProfiles []Empty
	PageOut
}

// ListInstanceProfilesForRole answers that there are none: tools ask before they delete a role.
//
//	Wire     ListInstanceProfilesForRole over query
//	Differs  there are no instance profiles, as there are no instances
//	Proof    TestRoles
func (s *Service) ListInstanceProfilesForRole(ctx context.Context, in *ListInstanceProfilesForRoleIn) (*ListInstanceProfilesForRoleOut, error) {
	_, err := s.role(accountOf(ctx), in.RoleName)
	return &ListInstanceProfilesForRoleOut{InstanceProfiles: []Empty{}}, err
}

type RolePermissionsBoundaryIn struct {
	RoleName            string `required:"" min:"1" max:"64"`
	PermissionsBoundary string `required:"" min:"20" max:"2048"`
}

// PutRolePermissionsBoundary bounds what a role's policies may allow.
//
//	Wire     PutRolePermissionsBoundary over query
//	Durable  in the journal before the reply
//	Proof    TestBoundary
func (s *Service) PutRolePermissionsBoundary(ctx context.Context, in *RolePermissionsBoundaryIn) (*Nothing, error) {
	return &Nothing{}, s.changeRole(ctx, in.RoleName, func(r *role) error {
		return s.bound(&r.bearer, r.Account, in.PermissionsBoundary)
	})
}

// DeleteRolePermissionsBoundary lifts a role's bound.
//
//	Wire     DeleteRolePermissionsBoundary over query
//	Durable  in the journal before the reply
//	Proof    TestBoundary
func (s *Service) DeleteRolePermissionsBoundary(ctx context.Context, in *RoleIn) (*Nothing, error) {
	return &Nothing{}, s.changeRole(ctx, in.RoleName, func(r *role) error {
		if r.Boundary == "" {
			return noSuch("No permissions boundary found for the role %s", r.Name)
		}
		r.Boundary = ""
		return nil
	})
}
