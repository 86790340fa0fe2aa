package iam

import "context"

type PutUserPolicyIn struct {
	UserName       string `required:"" min:"1" max:"128"`
	PolicyName     string `required:"" min:"1" max:"128"`
	PolicyDocument string `required:"" min:"1" max:"131072"`
}

// PutUserPolicy gives a user a policy of its own, or replaces the one of that name.
//
//	Wire     PutUserPolicy over query
//	Limits   maxUserInlineChars
//	Durable  in the journal before the reply, in force for the next call
//	Proof    TestInlinePolicies
func (s *Service) PutUserPolicy(ctx context.Context, in *PutUserPolicyIn) (*Nothing, error) {
	return &Nothing{}, s.changeUser(ctx, in.UserName, func(b *user) error {
		return b.putInline(in.PolicyName, in.PolicyDocument, maxUserInlineChars, "user "+b.Name)
	})
}

type UserPolicyIn struct {
	UserName   string `required:"" min:"1" max:"128"`
	PolicyName string `required:"" min:"1" max:"128"`
}

type UserPolicyOut struct{ UserName, PolicyName, PolicyDocument string }

// GetUserPolicy answers a policy of a user's own.
//
//	Wire     GetUserPolicy over query
//	Proof    TestInlinePolicies
func (s *Service) GetUserPolicy(ctx context.Context, in *UserPolicyIn) (*UserPolicyOut, error) {
	b, err := s.user(accountOf(ctx), in.UserName)
	if err != nil {
		return nil, err
	}
	text, ok := b.Inline[in.PolicyName]
	if !ok {
		return nil, noSuch("The user policy with name %s cannot be found.", in.PolicyName)
	}
	return &UserPolicyOut{b.Name, in.PolicyName, encoded(text)}, nil
}

type ListUserPoliciesIn struct {
	UserName string `required:"" min:"1" max:"128"`
	PageIn
}

type ListUserPoliciesOut struct {
	PolicyNames []string
	PageOut
}

// ListUserPolicies names the policies of a user's own.
//
//	Wire     ListUserPolicies over query
//	Order    by name
//	Proof    TestInlinePolicies
func (s *Service) ListUserPolicies(ctx context.Context, in *ListUserPoliciesIn) (*ListUserPoliciesOut, error) {
	b, err := s.user(accountOf(ctx), in.UserName)
	if err != nil {
		return nil, err
	}
	list, more, err := page(b.inlineNames(), func(n string) string { return n }, in.PageIn)
	return &ListUserPoliciesOut{list, more}, err
}

// DeleteUserPolicy takes a policy of its own off a user.
//
//	Wire     DeleteUserPolicy over query
//	Durable  in the journal before the reply
//	Proof    TestInlinePolicies
func (s *Service) DeleteUserPolicy(ctx context.Context, in *UserPolicyIn) (*Nothing, error) {
	return &Nothing{}, s.changeUser(ctx, in.UserName, func(b *user) error {
		if _, ok := b.Inline[in.PolicyName]; !ok {
			return noSuch("The user policy with name %s cannot be found.", in.PolicyName)
		}
		delete(b.Inline, in.PolicyName)
		delete(b.docs, in.PolicyName)
		return nil
	})
}

type AttachUserPolicyIn struct {
	UserName  string `required:"" min:"1" max:"128"`
	PolicyArn string `required:"" max:"2048"`
}

// AttachUserPolicy gives a user a managed policy.
//
//	Wire     AttachUserPolicy over query
//	Limits   maxAttached
//	Durable  in the journal before the reply, in force for the next call
//	Proof    TestManagedPolicies
func (s *Service) AttachUserPolicy(ctx context.Context, in *AttachUserPolicyIn) (*Nothing, error) {
	return &Nothing{}, s.changeUser(ctx, in.UserName, func(b *user) error {
		return b.attach(s, b.Account, in.PolicyArn, "PoliciesPerUser")
	})
}

// DetachUserPolicy takes a managed policy off a user.
//
//	Wire     DetachUserPolicy over query
//	Durable  in the journal before the reply
//	Proof    TestManagedPolicies
func (s *Service) DetachUserPolicy(ctx context.Context, in *AttachUserPolicyIn) (*Nothing, error) {
	return &Nothing{}, s.changeUser(ctx, in.UserName, func(b *user) error { return b.detach(in.PolicyArn) })
}

type ListAttachedUserPoliciesIn struct {
	UserName   string `required:"" min:"1" max:"128"`
	PathPrefix string `max:"512"`
	PageIn
}

type ListAttachedUserPoliciesOut struct {
	AttachedPolicies []AttachedPolicy
	PageOut
}

// ListAttachedUserPolicies lists the managed policies of a user.
//
//	Wire     ListAttachedUserPolicies over query
//	Order    by name
//	Proof    TestManagedPolicies
func (s *Service) ListAttachedUserPolicies(ctx context.Context, in *ListAttachedUserPoliciesIn) (*ListAttachedUserPoliciesOut, error) {
	b, err := s.user(accountOf(ctx), in.UserName)
	if err != nil {
		return nil, err
	}
	list, more, err := page(b.attachedBelow(in.PathPrefix), func(p AttachedPolicy) string { return p.PolicyName }, in.PageIn)
	return &ListAttachedUserPoliciesOut{list, more}, err
}
