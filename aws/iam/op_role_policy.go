package iam

import "context"

type PutRolePolicyIn struct {
	RoleName       string `required:"" min:"1" max:"64"`
	PolicyName     string `required:"" min:"1" max:"128"`
	PolicyDocument string `required:"" min:"1" max:"131072"`
}

// PutRolePolicy gives a role a policy of its own, or replaces the one of that name.
//
//	Wire     PutRolePolicy over query
//	Limits   maxRoleInlineChars
//	Durable  in the journal before the reply, in force for the next call
//	Proof    TestInlinePolicies
func (s *Service) PutRolePolicy(ctx context.Context, in *PutRolePolicyIn) (*Nothing, error) {
	return &Nothing{}, s.changeRole(ctx, in.RoleName, func(b *role) error {
		return b.putInline(in.PolicyName, in.PolicyDocument, maxRoleInlineChars, "role "+b.Name)
	})
}

type RolePolicyIn struct {
	RoleName   string `required:"" min:"1" max:"64"`
	PolicyName string `required:"" min:"1" max:"128"`
}

type RolePolicyOut struct{ RoleName, PolicyName, PolicyDocument string }

// GetRolePolicy answers a policy of a role's own.
//
//	Wire     GetRolePolicy over query
//	Proof    TestInlinePolicies
func (s *Service) GetRolePolicy(ctx context.Context, in *RolePolicyIn) (*RolePolicyOut, error) {
	b, err := s.role(accountOf(ctx), in.RoleName)
	if err != nil {
		return nil, err
	}
	text, ok := b.Inline[in.PolicyName]
	if !ok {
		return nil, noSuch("The role policy with name %s cannot be found.", in.PolicyName)
	}
	return &RolePolicyOut{b.Name, in.PolicyName, encoded(text)}, nil
}

type ListRolePoliciesIn struct {
	RoleName string `required:"" min:"1" max:"64"`
	PageIn
}

type ListRolePoliciesOut struct {
	PolicyNames []string
	PageOut
}

// ListRolePolicies names the policies of a role's own.
//
//	Wire     ListRolePolicies over query
//	Order    by name
//	Proof    TestInlinePolicies
func (s *Service) ListRolePolicies(ctx context.Context, in *ListRolePoliciesIn) (*ListRolePoliciesOut, error) {
	b, err := s.role(accountOf(ctx), in.RoleName)
	if err != nil {
		return nil, err
	}
	list, more, err := page(b.inlineNames(), func(n string) string { return n }, in.PageIn)
	return &ListRolePoliciesOut{list, more}, err
}

// DeleteRolePolicy takes a policy of its own off a role.
//
//	Wire     DeleteRolePolicy over query
//	Durable  in the journal before the reply
//	Proof    TestInlinePolicies
func (s *Service) DeleteRolePolicy(ctx context.Context, in *RolePolicyIn) (*Nothing, error) {
	return &Nothing{}, s.changeRole(ctx, in.RoleName, func(b *role) error {
		if _, ok := b.Inline[in.PolicyName]; !ok {
			return noSuch("The role policy with name %s cannot be found.", in.PolicyName)
		}
		delete(b.Inline, in.PolicyName)
		delete(b.docs, in.PolicyName)
		return nil
	})
}

type AttachRolePolicyIn struct {
	RoleName  string `required:"" min:"1" max:"64"`
	PolicyArn string `required:"" max:"2048"`
}

// AttachRolePolicy gives a role a managed policy.
//
//	Wire     AttachRolePolicy over query
//	Limits   maxAttached
//	Durable  in the journal before the reply, in force for the next call
//	Proof    TestManagedPolicies
func (s *Service) AttachRolePolicy(ctx context.Context, in *AttachRolePolicyIn) (*Nothing, error) {
	return &Nothing{}, s.changeRole(ctx, in.RoleName, func(b *role) error {
		return b.attach(s, b.Account, in.PolicyArn, "PoliciesPerRole")
	})
}

// DetachRolePolicy takes a managed policy off a role.
//
//	Wire     DetachRolePolicy over query
//	Durable  in the journal before the reply
//	Proof    TestManagedPolicies
func (s *Service) DetachRolePolicy(ctx context.Context, in *AttachRolePolicyIn) (*Nothing, error) {
	return &Nothing{}, s.changeRole(ctx, in.RoleName, func(b *role) error { return b.detach(in.PolicyArn) })
}

type ListAttachedRolePoliciesIn struct {
	RoleName   string `required:"" min:"1" max:"64"`
	PathPrefix string `max:"512"`
	PageIn
}

type ListAttachedRolePoliciesOut struct {
	AttachedPolicies []AttachedPolicy
	PageOut
}

// ListAttachedRolePolicies lists the managed policies of a role.
//
//	Wire     ListAttachedRolePolicies over query
//	Order    by name
//	Proof    TestManagedPolicies
func (s *Service) ListAttachedRolePolicies(ctx context.Context, in *ListAttachedRolePoliciesIn) (*ListAttachedRolePoliciesOut, error) {
	b, err := s.role(accountOf(ctx), in.RoleName)
	if err != nil {
		return nil, err
	}
	list, more, err := page(b.attachedBelow(in.PathPrefix), func(p AttachedPolicy) string { return p.PolicyName }, in.PageIn)
	return &ListAttachedRolePoliciesOut{list, more}, err
}
