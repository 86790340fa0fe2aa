package main

import (
	"cmp"
	"context"
	"encoding/json"
	"reflect"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/iam"
)

// document is a policy document as IAM wants it: text. A template may write it as text or as a tree.
func document(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// lenient forgives that something is not there: it was to be taken away.
func lenient(err error) error {
	if hydrant.FaultCode(err) == "NoSuchEntity" {
		return nil
	}
	return err
}

func iamTags(tags []cfnTag) []iam.Tag {
	var out []iam.Tag
	for _, t := range tags {
		out = append(out, iam.Tag{Key: t.Key, Value: &t.Value})
	}
	return out
}

type roleProperties struct {
	RoleName                 string
	AssumeRolePolicyDocument any `required:""`
	Path                     string
	Description              string
	MaxSessionDuration       *int
	PermissionsBoundary      string
	ManagedPolicyArns        []string
	Policies                 []struct {
		PolicyName     string `required:""`
		PolicyDocument any    `required:""`
	}
	Tags []cfnTag
}

type roleHandler struct{ *iam.Service }

func roleType(s *iam.Service) cloudformation.Handler {
	h := roleHandler{s}
	return &cloudformation.Typed[roleProperties]{
		Facts: cloudformation.Schema{Name: "RoleName", MaxName: 64, Replace: []string{"RoleName", "Path"}, Attributes: []string{"Arn", "RoleId"}, IAM: true},
		Make: func(ctx context.Context, _ string, p *roleProperties) (cloudformation.Made, error) {
			trust, err := document(p.AssumeRolePolicyDocument)
			if err != nil {
				return cloudformation.Made{}, err
			}
			out, err := ask(ctx, "iam:CreateRole", s.CreateRole, &iam.CreateRoleIn{Path: p.Path, RoleName: p.RoleName, AssumeRolePolicyDocument: trust, Description: p.Description, MaxSessionDuration: p.MaxSessionDuration, PermissionsBoundary: p.PermissionsBoundary, Tags: iamTags(p.Tags)})
			if err != nil {
				return cloudformation.Made{}, err
			}
			return madeRole(out.Role), h.bear(ctx, p)
		},
		Rest: h.finish,
		Turn: h.update,
		Drop: func(ctx context.Context, id string, p *roleProperties) error {
			p.RoleName = id
			if err := h.shed(ctx, p, &roleProperties{}); err != nil {
				return err
			}
			_, err := ask(ctx, "iam:DeleteRole", s.DeleteRole, &iam.RoleIn{RoleName: id})
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *roleProperties) (cloudformation.Made, error) {
			out, err := ask(ctx, "iam:GetRole", s.GetRole, &iam.RoleIn{RoleName: cmp.Or(id, p.RoleName)})
			if err != nil {
				return cloudformation.Made{}, err
			}
			return madeRole(out.Role), nil
		},
	}
}

func madeRole(r *iam.Role) cloudformation.Made {
	return cloudformation.Made{ID: r.RoleName, Attributes: map[string]any{"Arn": r.Arn, "RoleId": r.RoleId}}
}

// finish gives a role whose creation was interrupted what it may lack.
func (h roleHandler) finish(ctx context.Context, id string, p *roleProperties) (m cloudformation.Made, err error) {
	if err := h.bear(ctx, p); err != nil {
		return m, err
	}
	out, err := ask(ctx, "iam:GetRole", h.GetRole, &iam.RoleIn{RoleName: id})
	if err != nil {
		return m, err
	}
	return madeRole(out.Role), nil
}

// bear gives the role its policies.
func (h roleHandler) bear(ctx context.Context, p *roleProperties) error {
	for _, arn := range p.ManagedPolicyArns {
		if _, err := ask(ctx, "iam:AttachRolePolicy", h.AttachRolePolicy, &iam.AttachRolePolicyIn{RoleName: p.RoleName, PolicyArn: arn}); err != nil {
			return err
		}
	}
	for _, own := range p.Policies {
		text, err := document(own.PolicyDocument)
		if err != nil {
			return err
		}
		if _, err := ask(ctx, "iam:PutRolePolicy", h.PutRolePolicy, &iam.PutRolePolicyIn{RoleName: p.RoleName, PolicyName: own.PolicyName, PolicyDocument: text}); err != nil {
			return err
		}
	}
	return nil
}

// shed takes off the policies of old that p does not have.
func (h roleHandler) shed(ctx context.Context, old, p *roleProperties) error {
	keep := map[string]bool{}
	for _, arn := range p.ManagedPolicyArns {
		keep[arn] = true
	}
	for _, own := range p.Policies {
		keep["inline "+own.PolicyName] = true
	}
	for _, arn := range old.ManagedPolicyArns {
		if keep[arn] {
			continue
		}
		if _, err := ask(ctx, "iam:DetachRolePolicy", h.DetachRolePolicy, &iam.AttachRolePolicyIn{RoleName: old.RoleName, PolicyArn: arn}); lenient(err) != nil {
			return err
		}
	}
	for _, own := range old.Policies {
		if keep["inline "+own.PolicyName] {
			continue
		}
		if _, err := ask(ctx, "iam:DeleteRolePolicy", h.DeleteRolePolicy, &iam.RolePolicyIn{RoleName: old.RoleName, PolicyName: own.PolicyName}); lenient(err) != nil {
			return err
		}
	}
	return nil
}

func (h roleHandler) update(ctx context.Context, id string, old, p *roleProperties) (m cloudformation.Made, err error) {
	old.RoleName = id
	if !reflect.DeepEqual(old.AssumeRolePolicyDocument, p.AssumeRolePolicyDocument) {
		trust, err := document(p.AssumeRolePolicyDocument)
		if err != nil {
			return m, err
		}
		if _, err := ask(ctx, "iam:UpdateAssumeRolePolicy", h.UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyIn{RoleName: id, PolicyDocument: trust}); err != nil {
			return m, err
		}
	}
	if old.Description != p.Description || !reflect.DeepEqual(old.MaxSessionDuration, p.MaxSessionDuration) {
		if _, err := ask(ctx, "iam:UpdateRole", h.UpdateRole, &iam.UpdateRoleIn{RoleName: id, Description: &p.Description, MaxSessionDuration: orDefault(p.MaxSessionDuration, 3600)}); err != nil {
			return m, err
		}
	}
	if p.PermissionsBoundary != "" {
		_, err = ask(ctx, "iam:PutRolePermissionsBoundary", h.PutRolePermissionsBoundary, &iam.RolePermissionsBoundaryIn{RoleName: id, PermissionsBoundary: p.PermissionsBoundary})
	} else if old.PermissionsBoundary != "" {
		_, err = ask(ctx, "iam:DeleteRolePermissionsBoundary", h.DeleteRolePermissionsBoundary, &iam.RoleIn{RoleName: id})
	}
	if lenient(err) != nil {
		return m, err
	}
	if err := h.shed(ctx, old, p); err != nil {
		return m, err
	}
	set, off := retag(tagMap(old.Tags), tagMap(p.Tags))
	if off != nil {
		if _, err := ask(ctx, "iam:UntagRole", h.UntagRole, &iam.UntagRoleIn{RoleName: id, TagKeys: off}); err != nil {
			return m, err
		}
	}
	if set != nil {
		if _, err := ask(ctx, "iam:TagRole", h.TagRole, &iam.TagRoleIn{RoleName: id, Tags: iamTags(p.Tags)}); err != nil {
			return m, err
		}
	}
	return h.finish(ctx, id, p)
}
