package iam

import "context"

type TagRoleIn struct {
	RoleName string `required:"" min:"1" max:"64"`
	Tags     []Tag  `required:"" max:"50"`
}

// TagRole adds tags to a role.
//
//	Wire     TagRole over query
//	Limits   maxTags
//	Proof    TestRoles
func (s *Service) TagRole(ctx context.Context, in *TagRoleIn) (*Nothing, error) {
	return &Nothing{}, s.changeRole(ctx, in.RoleName, func(r *role) (err error) {
		r.Tags, err = tag(r.Tags, in.Tags)
		return err
	})
}

type UntagRoleIn struct {
	RoleName string   `required:"" min:"1" max:"64"`
	TagKeys  []string `required:"" max:"50"`
}

// UntagRole takes tags off a role.
//
//	Wire     UntagRole over query
//	Proof    TestRoles
func (s *Service) UntagRole(ctx context.Context, in *UntagRoleIn) (*Nothing, error) {
	return &Nothing{}, s.changeRole(ctx, in.RoleName, func(r *role) error {
		r.Tags = untag(r.Tags, in.TagKeys)
		return nil
	})
}

type ListRoleTagsIn struct {
	RoleName string `required:"" min:"1" max:"64"`
	PageIn
}

type TagsOut struct {
	Tags []Tag
	PageOut
}

func tagKey(t Tag) string { return t.Key }

// ListRoleTags lists a role's tags.
//
//	Wire     ListRoleTags over query
//	Order    by key
//	Proof    TestRoles
func (s *Service) ListRoleTags(ctx context.Context, in *ListRoleTagsIn) (*TagsOut, error) {
	r, err := s.role(accountOf(ctx), in.RoleName)
	if err != nil {
		return nil, err
	}
	list, more, err := page(r.Tags, tagKey, in.PageIn)
	return &TagsOut{list, more}, err
}

type TagUserIn struct {
	UserName string `required:"" min:"1" max:"128"`
	Tags     []Tag  `required:"" max:"50"`
}

// TagUser adds tags to a user.
//
//	Wire     TagUser over query
//	Limits   maxTags
//	Proof    TestUsersAndAccessKeys
func (s *Service) TagUser(ctx context.Context, in *TagUserIn) (*Nothing, error) {
	return &Nothing{}, s.changeUser(ctx, in.UserName, func(u *user) (err error) {
		u.Tags, err = tag(u.Tags, in.Tags)
		return err
	})
}

type UntagUserIn struct {
	UserName string   `required:"" min:"1" max:"128"`
	TagKeys  []string `required:"" max:"50"`
}

// UntagUser takes tags off a user.
//
//	Wire     UntagUser over query
//	Proof    TestUsersAndAccessKeys
func (s *Service) UntagUser(ctx context.Context, in *UntagUserIn) (*Nothing, error) {
	return &Nothing{}, s.changeUser(ctx, in.UserName, func(u *user) error {
		u.Tags = untag(u.Tags, in.TagKeys)
		return nil
	})
}

type ListUserTagsIn struct {
	UserName string `required:"" min:"1" max:"128"`
	PageIn
}

// ListUserTags lists a user's tags.
//
//	Wire     ListUserTags over query
//	Order    by key
//	Proof    TestUsersAndAccessKeys
func (s *Service) ListUserTags(ctx context.Context, in *ListUserTagsIn) (*TagsOut, error) {
	u, err := s.user(accountOf(ctx), in.UserName)
	if err != nil {
		return nil, err
	}
	list, more, err := page(u.Tags, tagKey, in.PageIn)
	return &TagsOut{list, more}, err
}

type TagPolicyIn struct {
	PolicyArn string `required:"" min:"20" max:"2048"`
	Tags      []Tag  `required:"" max:"50"`
}

// TagPolicy adds tags to a managed policy.
//
//	Wire     TagPolicy over query
//	Limits   maxTags
//	Proof    TestManagedPolicies
func (s *Service) TagPolicy(ctx context.Context, in *TagPolicyIn) (*Nothing, error) {
	return &Nothing{}, s.changePolicy(ctx, in.PolicyArn, func(m *managed) (err error) {
		m.Tags, err = tag(m.Tags, in.Tags)
		return err
	})
}

type UntagPolicyIn struct {
	PolicyArn string   `required:"" min:"20" max:"2048"`
	TagKeys   []string `required:"" max:"50"`
}

// UntagPolicy takes tags off a managed policy.
//
//	Wire     UntagPolicy over query
//	Proof    TestManagedPolicies
func (s *Service) UntagPolicy(ctx context.Context, in *UntagPolicyIn) (*Nothing, error) {
	return &Nothing{}, s.changePolicy(ctx, in.PolicyArn, func(m *managed) error {
		m.Tags = untag(m.Tags, in.TagKeys)
		return nil
	})
}

type ListPolicyTagsIn struct {
	PolicyArn string `required:"" min:"20" max:"2048"`
	PageIn
}

// ListPolicyTags lists a managed policy's tags.
//
//	Wire     ListPolicyTags over query
//	Order    by key
//	Proof    TestManagedPolicies
func (s *Service) ListPolicyTags(ctx context.Context, in *ListPolicyTagsIn) (*TagsOut, error) {
	m, err := s.named(accountOf(ctx), in.PolicyArn)
	if err != nil {
		return nil, err
	}
	list, more, err := page(m.Tags, tagKey, in.PageIn)
	return &TagsOut{list, more}, err
}
