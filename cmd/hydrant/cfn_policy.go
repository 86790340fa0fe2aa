package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/iam"
)

// bearers are who gets a policy.
type bearers struct{ roles, users, groups []string }

func (b bearers) hold() error {
	if len(b.groups) > 0 {
		return cloudformation.InvalidProperty("Groups are not available in hydrant")
	}
	return nil
}

// without are those that other does not name.
func (b bearers) without(other bearers) bearers {
	drop := func(list, from []string) (out []string) {
		for _, n := range list {
			if !slices.Contains(from, n) {
				out = append(out, n)
			}
		}
		return out
	}
	return bearers{drop(b.roles, other.roles), drop(b.users, other.users), nil}
}

type inlinePolicyProperties struct {
	PolicyName     string `required:""`
	PolicyDocument any    `required:""`
	Roles          []string
	Users          []string
	Groups         []string
}

func (p *inlinePolicyProperties) bearers() bearers { return bearers{p.Roles, p.Users, p.Groups} }

// inlinePolicyHandler makes AWS::IAM::Policy: one document written into roles and users. Its id is a name
// of our making.
type inlinePolicyHandler struct{ *iam.Service }

func inlinePolicyType(s *iam.Service) cloudformation.Handler {
	h := inlinePolicyHandler{s}
	made := func(id string) cloudformation.Made {
		return cloudformation.Made{ID: id, Attributes: map[string]any{"Id": id}}
	}
	return &cloudformation.Typed[inlinePolicyProperties]{
		Facts: cloudformation.Schema{MaxName: 128, Attributes: []string{"Id"}, IAM: true},
		Make: func(ctx context.Context, name string, p *inlinePolicyProperties) (cloudformation.Made, error) {
			err := h.put(ctx, p)
			if err != nil { // it has no name to be found by: leave nothing half done
				_ = h.drop(context.WithoutCancel(ctx), p.PolicyName, p.bearers())
			}
			return made(name), err
		},
		Turn: func(ctx context.Context, id string, old, p *inlinePolicyProperties) (cloudformation.Made, error) {
			if err := h.put(ctx, p); err != nil {
				return made(id), err
			}
			left := old.bearers()
			if old.PolicyName == p.PolicyName {
				left = left.without(p.bearers())
			}
			return made(id), h.drop(ctx, old.PolicyName, left)
		},
		Drop: func(ctx context.Context, _ string, p *inlinePolicyProperties) error {
			return h.drop(ctx, p.PolicyName, p.bearers())
		},
		Look: func(ctx context.Context, id, name string, p *inlinePolicyProperties) (cloudformation.Made, error) {
			for _, role := range p.Roles {
				if _, err := ask(ctx, "iam:GetRolePolicy", s.GetRolePolicy, &iam.RolePolicyIn{RoleName: role, PolicyName: p.PolicyName}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			for _, user := range p.Users {
				if _, err := ask(ctx, "iam:GetUserPolicy", s.GetUserPolicy, &iam.UserPolicyIn{UserName: user, PolicyName: p.PolicyName}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			return made(cmp.Or(id, name)), nil
		},
	}
}

func (h inlinePolicyHandler) put(ctx context.Context, p *inlinePolicyProperties) error {
	if err := p.bearers().hold(); err != nil {
		return err
	}
	if len(p.Roles)+len(p.Users) == 0 {
		return hydrant.Faultf("InvalidRequest", "At least one of [Groups,Roles,Users] must be non-empty.")
	}
	text, err := document(p.PolicyDocument)
	if err != nil {
		return err
	}
	for _, role := range p.Roles {
		if _, err := ask(ctx, "iam:PutRolePolicy", h.PutRolePolicy, &iam.PutRolePolicyIn{RoleName: role, PolicyName: p.PolicyName, PolicyDocument: text}); err != nil {
			return err
		}
	}
	for _, user := range p.Users {
		if _, err := ask(ctx, "iam:PutUserPolicy", h.PutUserPolicy, &iam.PutUserPolicyIn{UserName: user, PolicyName: p.PolicyName, PolicyDocument: text}); err != nil {
			return err
		}
	}
	return nil
}

func (h inlinePolicyHandler) drop(ctx context.Context, name string, from bearers) error {
	for _, role := range from.roles {
		if _, err := ask(ctx, "iam:DeleteRolePolicy", h.DeleteRolePolicy, &iam.RolePolicyIn{RoleName: role, PolicyName: name}); lenient(err) != nil {
			return err
		}
	}
	for _, user := range from.users {
		if _, err := ask(ctx, "iam:DeleteUserPolicy", h.DeleteUserPolicy, &iam.UserPolicyIn{UserName: user, PolicyName: name}); lenient(err) != nil {
			return err
		}
	}
	return nil
}

type managedPolicyProperties struct {
	ManagedPolicyName string
	PolicyDocument    any `required:""`
	Description       string
	Path              string
	Roles             []string
	Users             []string
	Groups            []string
}

func (p *managedPolicyProperties) bearers() bearers { return bearers{p.Roles, p.Users, p.Groups} }

func (p *managedPolicyProperties) arn(ctx context.Context) string {
	return "arn:aws:iam::" + hydrant.ScopeOf(ctx).Account + ":policy" + cmp.Or(p.Path, "/") + p.ManagedPolicyName
}

// managedPolicyHandler makes AWS::IAM::ManagedPolicy, whose id is its ARN.
type managedPolicyHandler struct{ *iam.Service }

func managedPolicyType(s *iam.Service) cloudformation.Handler {
	h := managedPolicyHandler{s}
	made := func(p *iam.Policy) cloudformation.Made {
		return cloudformation.Made{ID: p.Arn, Attributes: map[string]any{"PolicyArn": p.Arn, "PolicyId": p.PolicyId}}
	}
	look := func(ctx context.Context, arn string) (cloudformation.Made, error) {
		out, err := ask(ctx, "iam:GetPolicy", s.GetPolicy, &iam.GetPolicyIn{PolicyArn: arn})
		if err != nil {
			return cloudformation.Made{}, err
		}
		return made(out.Policy), nil
	}
	return &cloudformation.Typed[managedPolicyProperties]{
		Facts: cloudformation.Schema{Name: "ManagedPolicyName", MaxName: 128, Replace: []string{"ManagedPolicyName", "Description", "Path"}, Attributes: []string{"PolicyArn", "PolicyId"}, IAM: true},
		Make: func(ctx context.Context, _ string, p *managedPolicyProperties) (cloudformation.Made, error) {
			if err := p.bearers().hold(); err != nil {
				return cloudformation.Made{}, err
			}
			text, err := document(p.PolicyDocument)
			if err != nil {
				return cloudformation.Made{}, err
			}
			out, err := ask(ctx, "iam:CreatePolicy", s.CreatePolicy, &iam.CreatePolicyIn{PolicyName: p.ManagedPolicyName, Path: p.Path, PolicyDocument: text, Description: p.Description})
			if err != nil {
				return cloudformation.Made{}, err
			}
			return made(out.Policy), h.attach(ctx, out.Policy.Arn, p.bearers())
		},
		Rest: func(ctx context.Context, id string, p *managedPolicyProperties) (cloudformation.Made, error) {
			if err := h.attach(ctx, id, p.bearers()); err != nil {
				return cloudformation.Made{}, err
			}
			return look(ctx, id)
		},
		Turn: func(ctx context.Context, id string, old, p *managedPolicyProperties) (cloudformation.Made, error) {
			if err := p.bearers().hold(); err != nil {
				return cloudformation.Made{}, err
			}
			if err := h.rewrite(ctx, id, p); err != nil {
				return cloudformation.Made{}, err
			}
			if err := h.attach(ctx, id, p.bearers()); err != nil {
				return cloudformation.Made{}, err
			}
			if err := h.detach(ctx, id, old.bearers().without(p.bearers())); err != nil {
				return cloudformation.Made{}, err
			}
			return look(ctx, id)
		},
		Drop: func(ctx context.Context, id string, p *managedPolicyProperties) error {
			if err := h.detach(ctx, id, p.bearers()); err != nil {
				return err
			}
			versions, err := ask(ctx, "iam:ListPolicyVersions", s.ListPolicyVersions, &iam.ListPolicyVersionsIn{PolicyArn: id})
			if err != nil {
				return err
			}
			for _, v := range versions.Versions {
				if v.IsDefaultVersion {
					continue
				}
				if _, err := ask(ctx, "iam:DeletePolicyVersion", s.DeletePolicyVersion, &iam.PolicyVersionIn{PolicyArn: id, VersionId: v.VersionId}); lenient(err) != nil {
					return err
				}
			}
			_, err = ask(ctx, "iam:DeletePolicy", s.DeletePolicy, &iam.GetPolicyIn{PolicyArn: id})
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *managedPolicyProperties) (cloudformation.Made, error) {
			return look(ctx, cmp.Or(id, p.arn(ctx)))
		},
	}
}

// rewrite makes the document the policy's default version. A policy has five at most: the oldest gives way.
func (h managedPolicyHandler) rewrite(ctx context.Context, arn string, p *managedPolicyProperties) error {
	text, err := document(p.PolicyDocument)
	if err != nil {
		return err
	}
	versions, err := ask(ctx, "iam:ListPolicyVersions", h.ListPolicyVersions, &iam.ListPolicyVersionsIn{PolicyArn: arn})
	if err != nil {
		return err
	}
	if list := versions.Versions; len(list) >= 5 { // newest first
		for _, v := range slices.Backward(list) {
			if v.IsDefaultVersion {
				continue
			}
			if _, err := ask(ctx, "iam:DeletePolicyVersion", h.DeletePolicyVersion, &iam.PolicyVersionIn{PolicyArn: arn, VersionId: v.VersionId}); err != nil {
				return err
			}
			break
		}
	}
	_, err = ask(ctx, "iam:CreatePolicyVersion", h.CreatePolicyVersion, &iam.CreatePolicyVersionIn{PolicyArn: arn, PolicyDocument: text, SetAsDefault: true})
	return err
}

func (h managedPolicyHandler) attach(ctx context.Context, arn string, to bearers) error {
	for _, role := range to.roles {
		if _, err := ask(ctx, "iam:AttachRolePolicy", h.AttachRolePolicy, &iam.AttachRolePolicyIn{RoleName: role, PolicyArn: arn}); err != nil {
			return err
		}
	}
	for _, user := range to.users {
		if _, err := ask(ctx, "iam:AttachUserPolicy", h.AttachUserPolicy, &iam.AttachUserPolicyIn{UserName: user, PolicyArn: arn}); err != nil {
			return err
		}
	}
	return nil
}

func (h managedPolicyHandler) detach(ctx context.Context, arn string, from bearers) error {
	for _, role := range from.roles {
		if _, err := ask(ctx, "iam:DetachRolePolicy", h.DetachRolePolicy, &iam.AttachRolePolicyIn{RoleName: role, PolicyArn: arn}); lenient(err) != nil {
			return err
		}
	}
	for _, user := range from.users {
		if _, err := ask(ctx, "iam:DetachUserPolicy", h.DetachUserPolicy, &iam.AttachUserPolicyIn{UserName: user, PolicyArn: arn}); lenient(err) != nil {
			return err
		}
	}
	return nil
}
