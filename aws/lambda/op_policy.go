package lambda

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// policy is a resource policy, as stored and as shown.
type policy struct {
	Revision   string
	Statements []json.RawMessage
}

type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

type AddPermissionIn struct {
	FunctionName        string `in:"path=FunctionName" required:"" min:"1" max:"256"`
	Qualifier           string `in:"query=Qualifier" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
	StatementId         string `required:"" min:"1" max:"100" pattern:"([a-zA-Z0-9-_]+)"`
	Action              string `required:"" pattern:"(lambda:[*]|lambda:[a-zA-Z]+|[*])"`
	Principal           string `required:"" pattern:"[^\\s]+"`
	SourceArn           string `pattern:"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}(-gov)?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)"`
	SourceAccount       string `max:"12" pattern:"\\d{12}"`
	EventSourceToken    string `max:"256" pattern:"[a-zA-Z0-9._\\-]+"`
	PrincipalOrgID      string `min:"12" max:"34" pattern:"o-[a-z0-9]{10,32}"`
	FunctionUrlAuthType string `enum:"NONE|AWS_IAM"`
	RevisionId          string
}

type AddPermissionOut struct{ Statement string }

// AddPermission adds a statement to a function's resource policy.
//
//	Wire     POST /2015-03-31/functions/{FunctionName}/policy, 201
//	Differs  the policy is kept and shown; calls are not measured by it
//	Proof    TestPolicyAndTags
func (s *Service) AddPermission(ctx context.Context, in *AddPermissionIn) (*AddPermissionOut, error) {
	st := statement{Sid: in.StatementId, Effect: "Allow", Action: in.Action}
	switch {
	case in.Principal == "*":
		st.Principal = "*"
	case strings.HasSuffix(in.Principal, ".amazonaws.com"):
		st.Principal = map[string]string{"Service": in.Principal}
	case len(in.Principal) == 12 && strings.Trim(in.Principal, "0123456789") == "":
		st.Principal = map[string]string{"AWS": "arn:aws:iam::" + in.Principal + ":root"}
	case strings.HasPrefix(in.Principal, "arn:"):
		st.Principal = map[string]string{"AWS": in.Principal}
	default:
		return nil, invalid("The provided principal was invalid. Please check the principal and try again.")
	}
	condition := func(operator, key, value string) {
		if value == "" {
			return
		}
		if st.Condition == nil {
			st.Condition = map[string]map[string]string{}
		}
		if st.Condition[operator] == nil {
			st.Condition[operator] = map[string]string{}
		}
		st.Condition[operator][key] = value
	}
	condition("ArnLike", "AWS:SourceArn", in.SourceArn)
	condition("StringEquals", "AWS:SourceAccount", in.SourceAccount)
	condition("StringEquals", "lambda:EventSourceToken", in.EventSourceToken)
	condition("StringEquals", "aws:PrincipalOrgID", in.PrincipalOrgID)
	condition("StringEquals", "lambda:FunctionUrlAuthType", in.FunctionUrlAuthType)
	var text []byte
	err := s.changePolicy(ctx, in.FunctionName, in.Qualifier, in.RevisionId, func(f *function, qualifier string, p *policy) error {
		if p.index(in.StatementId) >= 0 {
			return conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", in.StatementId)
		}
		st.Resource = qualified(f.arn(), qualifier)
		text, _ = json.Marshal(st) // plain values always marshal
		p.Statements = append(p.Statements, text)
		return nil
	})
	return &AddPermissionOut{Statement: string(text)}, err
}

func (p *policy) index(sid string) int {
	return slices.IndexFunc(p.Statements, func(raw json.RawMessage) bool {
		var st statement
		return json.Unmarshal(raw, &st) == nil && st.Sid == sid
	})
}

// changePolicy edits the policy of what a name and a qualifier mean.
func (s *Service) changePolicy(ctx context.Context, ref, qualifier, revision string, edit func(f *function, qualifier string, p *policy) error) error {
	_, err := s.change(ctx, ref, func(f *function, inName string) error {
		if qualifier == "" {
			qualifier = inName
		}
		if _, ok := f.pick(qualifier); !ok {
			return notFound("Function not found: %s", qualified(f.arn(), qualifier))
		}
		p := f.Policies[qualifier]
		if revision != "" && revision != p.Revision {
			return stale()
		}
		if err := edit(f, qualifier, &p); err != nil {
			return err
		}
		p.Revision = uuid.NewString()
		if f.Policies == nil {
			f.Policies = map[string]policy{}
		}
		f.Policies[qualifier] = p
		if len(p.Statements) == 0 {
			delete(f.Policies, qualifier)
		}
		return nil
	})
	return err
}

type GetPolicyOut struct{ Policy, RevisionId string }

// GetPolicy shows a function's resource policy.
//
//	Wire     GET /2015-03-31/functions/{FunctionName}/policy, 200
//	Proof    TestPolicyAndTags
func (s *Service) GetPolicy(ctx context.Context, in *FunctionIn) (*GetPolicyOut, error) {
	f, _, q, err := s.asked(ctx, in)
	if err != nil {
		return nil, err
	}
	p, ok := f.Policies[q]
	if !ok {
		return nil, notFound("The resource you requested does not exist.")
	}
	text, _ := json.Marshal(struct { // raw statements were marshalled by us
		Version   string
		Id        string
		Statement []json.RawMessage
	}{"2012-10-17", "default", p.Statements})
	return &GetPolicyOut{Policy: string(text), RevisionId: p.Revision}, nil
}

type RemovePermissionIn struct {
	FunctionName string `in:"path=FunctionName" required:"" min:"1" max:"256"`
	StatementId  string `in:"path=StatementId" required:"" min:"1" max:"100"`
	Qualifier    string `in:"query=Qualifier" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
	RevisionId   string `in:"query=RevisionId"`
}

// RemovePermission removes a statement from a function's resource policy.
//
//	Wire     DELETE /2015-03-31/functions/{FunctionName}/policy/{StatementId}, 204
//	Proof    TestPolicyAndTags
func (s *Service) RemovePermission(ctx context.Context, in *RemovePermissionIn) (*Empty, error) {
	err := s.changePolicy(ctx, in.FunctionName, in.Qualifier, in.RevisionId, func(_ *function, _ string, p *policy) error {
		i := p.index(in.StatementId)
		if i < 0 {
			return notFound("Statement %s is not found in resource policy.", in.StatementId)
		}
		p.Statements = slices.Delete(p.Statements, i, i+1)
		return nil
	})
	return &Empty{}, err
}
