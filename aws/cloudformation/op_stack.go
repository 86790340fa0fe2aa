package cloudformation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation/template"
	"github.com/hydrant-stream/hydrant/store/journal"
)

type (
	CreateStackIn struct {
		StackName                   string `required:"" min:"1"`
		TemplateBody                string
		TemplateURL                 string `max:"5120"`
		Parameters                  []Parameter
		DisableRollback             *bool
		RollbackConfiguration       *RollbackConfiguration
		TimeoutInMinutes            *int     `min:"1"`
		NotificationARNs            []string `max:"5"`
		Capabilities                []string `eachenum:"CAPABILITY_IAM|CAPABILITY_NAMED_IAM|CAPABILITY_AUTO_EXPAND"`
		ResourceTypes               []string
		RoleARN                     string `min:"20" max:"2048"`
		OnFailure                   string `enum:"DO_NOTHING|ROLLBACK|DELETE"`
		StackPolicyBody             string
		StackPolicyURL              string
		Tags                        []Tag  `max:"50"`
		ClientRequestToken          string `min:"1" max:"128" pattern:"[a-zA-Z0-9][-a-zA-Z0-9]*"`
		EnableTerminationProtection bool
		RetainExceptOnCreate        *bool
	}
	CreateStackOut struct{ StackId string }
)

// CreateStack begins to make a stack. It answers once template, parameters and capabilities hold and
// the stack is kept; the resources follow.
//
//	Wire     CreateStack over query
//	Limits   template.MaxBodyBytes, maxStacks (limits.go)
//	Durable  the stack survives a crash when the call returns, and its making is resumed
//	Differs  rollback triggers, stack policies, ResourceTypes and TimeoutInMinutes are refused;
//	         NotificationARNs are kept, nobody is notified; Rules, macros, DeletionPolicy Snapshot and
//	         {{resolve:...}} in a template are refused
func (s *Service) CreateStack(ctx context.Context, in *CreateStackIn) (*CreateStackOut, error) {
	if err := refuseExtras(in.RollbackConfiguration, in.StackPolicyBody+in.StackPolicyURL, in.ResourceTypes, in.TimeoutInMinutes, in.RetainExceptOnCreate); err != nil {
		return nil, err
	}
	if in.DisableRollback != nil && in.OnFailure != "" {
		return nil, validation("Either DisableRollback or OnFailure can be specified, not both.")
	}
	if err := checkStackName(in.StackName); err != nil {
		return nil, err
	}
	body, err := s.body(ctx, in.TemplateBody, in.TemplateURL)
	if err != nil {
		return nil, err
	}
	st := newStack(ctx, in.StackName)
	st.info.NotificationARNs = in.NotificationARNs
	st.info.DisableRollback, st.info.OnFailure = in.DisableRollback != nil && *in.DisableRollback, in.OnFailure
	st.info.Protected, st.info.Token = in.EnableTerminationProtection, in.ClientRequestToken
	rev, err := revise(body, in.Parameters, nil, in.Capabilities, in.Tags)
	if err != nil {
		return nil, err
	}
	p, err := s.plan(st, rev)
	if err != nil {
		return nil, err
	}
	rev.Imports = p.imports
	st.info.Target = rev
	if err := s.by(ctx, st, in.RoleARN); err != nil {
		return nil, err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room(st); err != nil {
		return nil, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := s.begin(ctx, st, creating, "CREATE_IN_PROGRESS", "User Initiated"); err != nil {
		return nil, err
	}
	s.keep(st)
	return &CreateStackOut{st.info.ID}, nil
}

func newStack(ctx context.Context, name string) *stack {
	scope := hydrant.ScopeOf(ctx)
	return &stack{resources: map[string]*resource{}, info: stackInfo{
		ID: scope.ARN("cloudformation", "stack/"+name+"/"+uuid.NewString()), Name: name, Scope: scope, Created: time.Now().UTC(),
	}}
}

func checkStackName(name string) error {
	ok := len(name) <= 128 && name != "" && (name[0]|0x20) >= 'a' && (name[0]|0x20) <= 'z'
	for _, c := range name {
		ok = ok && (c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
	}
	if !ok {
		return validation("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
	}
	return nil
}

// room checks that a stack's name is free and that there may be one more. The caller holds s.mu.
func (s *Service) room(st *stack) error {
	if s.byName[stackKey{st.info.Scope, st.info.Name}] != nil {
		return hydrant.Faultf("AlreadyExistsException", "Stack [%s] already exists", st.info.Name)
	}
	n := 0
	for k := range s.byName {
		if k.scope == st.info.Scope {
			n++
		}
	}
	if n >= maxStacks {
		return hydrant.Faultf("LimitExceededException", "Limit on the number of stacks has been exceeded. Limit: %d", maxStacks)
	}
	return nil
}

// begin sets the stack to work. The caller holds st.mu.
func (s *Service) begin(ctx context.Context, st *stack, w work, status, reason string, more ...journal.Change) error {
	st.info.Work, st.info.Cancelled = w, false
	if err := s.status(context.WithoutCancel(ctx), st, status, reason, more...); err != nil {
		return err
	}
	s.run(st)
	return nil
}

func refuseExtras(r *RollbackConfiguration, policy string, types []string, timeout *int, retain *bool) error {
	switch {
	case r != nil && len(r.RollbackTriggers) > 0:
		return validation("RollbackTriggers are not available in hydrant.")
	case policy != "":
		return validation("Stack policies are not available in hydrant.")
	case types != nil:
		return validation("ResourceTypes is not available in hydrant.")
	case timeout != nil:
		return validation("TimeoutInMinutes is not available in hydrant.")
	case retain != nil && *retain:
		return validation("RetainExceptOnCreate is not available in hydrant.")
	}
	return nil
}

// revise makes a revision of what a request gives. before is what UsePreviousValue goes back to.
func revise(body string, given []Parameter, before *revision, capabilities []string, tags []Tag) (*revision, error) {
	rev := &revision{Body: body, Parameters: map[string]string{}, Capabilities: capabilities, Tags: tags}
	for _, p := range given {
		switch {
		case p.UsePreviousValue != nil && *p.UsePreviousValue:
			if p.ParameterValue != nil {
				return nil, validation("Invalid input for parameter key %s. Cannot specify usePreviousValue as true and non empty value for a parameter", p.ParameterKey)
			}
			if before == nil {
				return nil, validation("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", p.ParameterKey)
			}
			v, ok := before.Parameters[p.ParameterKey]
			if !ok {
				t, err := template.Parse(before.Body)
				if err != nil {
					return nil, templateFault(err)
				}
				values, err := t.Values(before.Parameters)
				if err != nil {
					return nil, templateFault(err)
				}
				if v, ok = values[p.ParameterKey]; !ok {
					return nil, validation("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", p.ParameterKey)
				}
			}
			rev.Parameters[p.ParameterKey] = v
		case p.ParameterValue != nil:
			rev.Parameters[p.ParameterKey] = *p.ParameterValue
		default:
			rev.Parameters[p.ParameterKey] = ""
		}
	}
	return rev, nil
}

type (
	UpdateStackIn struct {
		StackName                   string `required:"" min:"1"`
		TemplateBody                string
		TemplateURL                 string `max:"5120"`
		UsePreviousTemplate         *bool
		StackPolicyDuringUpdateBody string
		StackPolicyDuringUpdateURL  string
		Parameters                  []Parameter
		Capabilities                []string `eachenum:"CAPABILITY_IAM|CAPABILITY_NAMED_IAM|CAPABILITY_AUTO_EXPAND"`
		ResourceTypes               []string
		RoleARN                     string `min:"20" max:"2048"`
		RollbackConfiguration       *RollbackConfiguration
		StackPolicyBody             string
		StackPolicyURL              string
		NotificationARNs            []string `max:"5"`
		Tags                        []Tag    `max:"50"`
		DisableRollback             *bool
		ClientRequestToken          string `min:"1" max:"128" pattern:"[a-zA-Z0-9][-a-zA-Z0-9]*"`
		RetainExceptOnCreate        *bool
	}
	UpdateStackOut struct{ StackId string }
)

// updatable are the states from which a stack is updated.
var updatable = []string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}

// UpdateStack begins to turn a stack into what another template or other parameters say.
//
//	Wire     UpdateStack over query
//	Durable  the update survives a crash when the call returns, and is resumed
//	Differs  as CreateStack; tags of a stack are not handed on to its resources
func (s *Service) UpdateStack(ctx context.Context, in *UpdateStackIn) (*UpdateStackOut, error) {
	if err := refuseExtras(in.RollbackConfiguration, in.StackPolicyBody+in.StackPolicyURL+in.StackPolicyDuringUpdateBody+in.StackPolicyDuringUpdateURL, in.ResourceTypes, nil, in.RetainExceptOnCreate); err != nil {
		return nil, err
	}
	st := s.find(ctx, in.StackName)
	if st == nil {
		return nil, validation("Stack [%s] does not exist", in.StackName)
	}
	rev, err := s.next(ctx, st, in.TemplateBody, in.TemplateURL, in.UsePreviousTemplate, in.Parameters, in.Capabilities, in.Tags)
	if err != nil {
		return nil, err
	}
	p, err := s.plan(st, rev)
	if err != nil {
		return nil, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := mayUpdate(st); err != nil {
		return nil, err
	}
	if !p.differs(st, rev) {
		return nil, validation("No updates are to be performed.")
	}
	rev.Imports = p.imports
	if err := s.by(ctx, st, in.RoleARN); err != nil {
		return nil, err
	}
	if in.NotificationARNs != nil {
		st.info.NotificationARNs = in.NotificationARNs
	}
	st.info.DisableRollback = in.DisableRollback != nil && *in.DisableRollback
	return &UpdateStackOut{st.info.ID}, s.update(ctx, st, rev, in.ClientRequestToken)
}

// update sets a stack to become rev. The caller holds st.mu.
func (s *Service) update(ctx context.Context, st *stack, rev *revision, token string, more ...journal.Change) error {
	st.info.Target, st.info.Token, st.info.Updated = rev, token, time.Now().UTC()
	st.info.Former = st.info.Outputs
	return s.begin(ctx, st, updating, "UPDATE_IN_PROGRESS", "User Initiated", more...)
}

// next is the revision an update asks for. What it does not give stays as it was.
func (s *Service) next(ctx context.Context, st *stack, body, url string, previous *bool, parameters []Parameter, capabilities []string, tags []Tag) (*revision, error) {
	st.mu.Lock()
	before, err := st.info.Current, mayUpdate(st)
	st.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if previous != nil && *previous {
		if body != "" || url != "" {
			return nil, validation("Either Template URL, Template Body or UsePreviousTemplate must be specified.")
		}
		body = before.Body
	} else if body, err = s.body(ctx, body, url); err != nil {
		return nil, err
	}
	if tags == nil {
		tags = before.Tags
	}
	return revise(body, parameters, before, capabilities, tags)
}

// mayUpdate holds a stack to a state that allows an update. The caller holds st.mu.
func mayUpdate(st *stack) error {
	if !slices.Contains(updatable, st.info.Status) || st.info.Current == nil {
		return validation("Stack:%s is in %s state and can not be updated.", st.info.ID, st.info.Status)
	}
	return nil
}

// differs reports whether there is anything to do. The caller holds st.mu.
func (p *plan) differs(st *stack, rev *revision) bool {
	return len(p.Changes) > 0 || !slices.Equal(p.outputs, st.info.Outputs) || !slices.Equal(rev.Tags, st.info.Current.Tags)
}

// page cuts a list, sorted by key here, into pages. The token is the last key of the page before.
func page[T any](list []T, token string, key func(T) string) (items []T, next string, err error) {
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	if token != "" {
		list = slices.DeleteFunc(list, func(v T) bool { return key(v) <= token })
	}
	if len(list) > pageItems {
		next = key(list[pageItems-1])
		list = list[:pageItems]
	}
	return list, next, nil
}

// number makes a sort key of a position.
func number(i int) string { return fmt.Sprintf("%010d", i) }
