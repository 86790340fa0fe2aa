package cloudformation

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// changeSet is a planned update, under cloudformation/changeset/<uuid>. It is worked out before
// CreateChangeSet answers and does not change but for its execution.
type changeSet struct {
	ID, Name, Stack string
	Description     string
	Kind            string // CREATE, UPDATE
	Status, Reason  string
	Execution       string
	Created         time.Time
	Revision        *revision
	Changes         []change
	NotifyARNs      []string
	RoleARN         string
	OnFailure       string
}

func (c *changeSet) key() string {
	return "cloudformation/changeset/" + c.ID[strings.LastIndexByte(c.ID, '/')+1:]
}

type (
	CreateChangeSetIn struct {
		StackName               string `required:"" min:"1"`
		TemplateBody            string
		TemplateURL             string `max:"5120"`
		UsePreviousTemplate     *bool
		Parameters              []Parameter
		Capabilities            []string `eachenum:"CAPABILITY_IAM|CAPABILITY_NAMED_IAM|CAPABILITY_AUTO_EXPAND"`
		ResourceTypes           []string
		RoleARN                 string `min:"20" max:"2048"`
		RollbackConfiguration   *RollbackConfiguration
		NotificationARNs        []string `max:"5"`
		Tags                    []Tag    `max:"50"`
		ChangeSetName           string   `required:"" min:"1" max:"128" pattern:"[a-zA-Z][-a-zA-Z0-9]*"`
		ClientToken             string   `min:"1" max:"128"`
		Description             string   `min:"1" max:"1024"`
		ChangeSetType           string   `enum:"CREATE|UPDATE|IMPORT"`
		IncludeNestedStacks     *bool
		OnStackFailure          string `enum:"DO_NOTHING|ROLLBACK|DELETE"`
		ImportExistingResources *bool
	}
	CreateChangeSetOut struct{ Id, StackId string }
)

const noChanges = "The submitted information didn't contain changes. Submit different information to create a change set."

// CreateChangeSet works out what an update, or a new stack, would mean, and keeps it to be executed.
//
//	Wire     CreateChangeSet over query
//	Differs  imports are refused; IncludeNestedStacks changes nothing, as there are none
func (s *Service) CreateChangeSet(ctx context.Context, in *CreateChangeSetIn) (*CreateChangeSetOut, error) {
	if err := refuseExtras(in.RollbackConfiguration, "", in.ResourceTypes, nil, nil); err != nil {
		return nil, err
	}
	if in.ChangeSetType == "IMPORT" || in.ImportExistingResources != nil && *in.ImportExistingResources {
		return nil, validation("Imports of resources are not available in hydrant.")
	}
	kind := in.ChangeSetType
	if kind == "" {
		kind = "UPDATE"
	}
	st, fresh := s.find(ctx, in.StackName), false
	var rev *revision
	var err error
	switch {
	case kind == "UPDATE":
		if st == nil {
			return nil, validation("Stack [%s] does not exist", in.StackName)
		}
		rev, err = s.next(ctx, st, in.TemplateBody, in.TemplateURL, in.UsePreviousTemplate, in.Parameters, in.Capabilities, in.Tags)
	default:
		if st != nil && st.describe().StackStatus != "REVIEW_IN_PROGRESS" {
			return nil, validation("Stack [%s] already exists and cannot be created again with the changeSet [%s].", in.StackName, in.ChangeSetName)
		}
		if st == nil {
			if err := checkStackName(in.StackName); err != nil {
				return nil, err
			}
			st, fresh = newStack(ctx, in.StackName), true
		}
		var body string
		if body, err = s.body(ctx, in.TemplateBody, in.TemplateURL); err == nil {
			rev, err = revise(body, in.Parameters, nil, in.Capabilities, in.Tags)
		}
	}
	if err != nil {
		return nil, err
	}
	p, err := s.plan(st, rev)
	if err != nil {
		return nil, err
	}
	rev.Imports = p.imports
	c := &changeSet{
		ID:   st.info.Scope.ARN("cloudformation", "changeSet/"+in.ChangeSetName+"/"+uuid.NewString()),
		Name: in.ChangeSetName, Stack: st.info.ID, Description: in.Description, Kind: kind,
		Status: "CREATE_COMPLETE", Execution: "AVAILABLE", Created: time.Now().UTC(),
		Revision: rev, Changes: p.Changes, NotifyARNs: in.NotificationARNs, RoleARN: in.RoleARN, OnFailure: in.OnStackFailure,
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.changes {
		if other.Stack == c.Stack && other.Name == c.Name {
			return nil, hydrant.Faultf("AlreadyExistsException", "ChangeSet %s already exists", other.ID)
		}
	}
	if fresh {
		if err := s.room(st); err != nil {
			return nil, err
		}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if kind == "UPDATE" && !p.differs(st, rev) {
		c.Status, c.Execution, c.Reason = "FAILED", "UNAVAILABLE", noChanges
	}
	if fresh {
		if err := s.status(ctx, st, "REVIEW_IN_PROGRESS", "User Initiated", journal.Set(c.key(), c)); err != nil {
			return nil, err
		}
		s.keep(st)
	} else if err := s.Journal.Commit(ctx, journal.Set(c.key(), c)); err != nil {
		return nil, err
	}
	s.changes[c.ID] = c
	return &CreateChangeSetOut{c.ID, st.info.ID}, nil
}

// changeSet finds a change set by id, or by name and stack. What it returns is not changed anymore.
func (s *Service) changeSet(ctx context.Context, stack, ref string) (*changeSet, error) {
	if stack == "" && !strings.HasPrefix(ref, "arn:") {
		return nil, validation("StackName must be specified if ChangeSetName is not specified as an ARN.")
	}
	var of string
	if stack != "" {
		found := s.find(ctx, stack)
		if found == nil {
			return nil, validation("Stack [%s] does not exist", stack)
		}
		of = found.info.ID
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, c := range s.changes {
		// A stack that is named beside the ARN has to be the change set's: permissions are asked on it.
		if (c.ID == ref || of != "" && c.Name == ref) && (of == "" || c.Stack == of) && s.find(ctx, c.Stack) != nil {
			return c, nil
		}
	}
	return nil, hydrant.Faultf("ChangeSetNotFound", "ChangeSet [%s] does not exist", ref).WithStatus(404)
}

type (
	ChangeSetIn struct {
		ChangeSetName string `required:"" min:"1" max:"1600"`
		StackName     string `min:"1"`
		NextToken     string `min:"1" max:"1024"`

		IncludePropertyValues *bool
	}
	DescribeChangeSetOut struct {
		ChangeSetName, ChangeSetId, StackId, StackName string

		Description         string
		Parameters          []Parameter
		CreationTime        time.Time
		ExecutionStatus     string
		Status              string
		StatusReason        string
		NotificationARNs    []string
		Capabilities        []string
		Tags                []Tag
		Changes             []Change
		NextToken           string
		IncludeNestedStacks bool
		OnStackFailure      string
	}
	Change struct {
		Type           string
		ResourceChange ResourceChange
	}
	ResourceChange struct {
		PolicyAction       string
		Action             string
		LogicalResourceId  string
		PhysicalResourceId string
		ResourceType       string
		Replacement        string
		Scope              []string
		Details            []ResourceChangeDetail
	}
	ResourceChangeDetail struct {
		Target       ResourceTarget
		Evaluation   string
		ChangeSource string
	}
	ResourceTarget struct{ Attribute, Name, RequiresRecreation string }
)

// DescribeChangeSet tells what a change set would do.
//
//	Wire     DescribeChangeSet over query
//	Differs  ChangeSource is always DirectModification; property values are not shown
func (s *Service) DescribeChangeSet(ctx context.Context, in *ChangeSetIn) (*DescribeChangeSetOut, error) {
	c, err := s.changeSet(ctx, in.StackName, in.ChangeSetName)
	if err != nil {
		return nil, err
	}
	st := s.find(ctx, c.Stack)
	out := &DescribeChangeSetOut{
		ChangeSetName: c.Name, ChangeSetId: c.ID, StackId: c.Stack, StackName: st.info.Name,
		Description: c.Description, CreationTime: c.Created, ExecutionStatus: c.Execution, Status: c.Status, StatusReason: c.Reason,
		NotificationARNs: c.NotifyARNs, Capabilities: c.Revision.Capabilities, Tags: c.Revision.Tags,
		Changes: []Change{}, OnStackFailure: c.OnFailure,
	}
	_, out.Parameters = c.Revision.tell()
	for _, ch := range c.Changes {
		r := ResourceChange{Action: ch.Action, LogicalResourceId: ch.Logical, PhysicalResourceId: ch.Physical, ResourceType: ch.Type, Replacement: ch.Replacement, Scope: []string{}, Details: []ResourceChangeDetail{}}
		if ch.Action == "Remove" {
			r.PolicyAction = ch.Policy
		}
		for _, p := range ch.Changed {
			if r.Scope = []string{"Properties"}; ch.Replacement == "True" {
				r.PolicyAction = "ReplaceAndDelete"
			}
			d := ResourceChangeDetail{ResourceTarget{"Properties", p.Name, p.Recreation}, "Static", "DirectModification"}
			if p.Dynamic {
				d.Evaluation = "Dynamic"
			}
			r.Details = append(r.Details, d)
		}
		out.Changes = append(out.Changes, Change{"Resource", r})
	}
	return out, nil
}

type ExecuteChangeSetIn struct {
	ChangeSetName        string `required:"" min:"1" max:"1600"`
	StackName            string `min:"1"`
	ClientRequestToken   string `min:"1" max:"128"`
	DisableRollback      *bool
	RetainExceptOnCreate *bool
}

// ExecuteChangeSet begins the update a change set planned. The stack's other change sets are gone with it.
//
//	Wire     ExecuteChangeSet over query
func (s *Service) ExecuteChangeSet(ctx context.Context, in *ExecuteChangeSetIn) (*Empty, error) {
	if err := refuseExtras(nil, "", nil, nil, in.RetainExceptOnCreate); err != nil {
		return nil, err
	}
	c, err := s.changeSet(ctx, in.StackName, in.ChangeSetName)
	if err != nil {
		return nil, err
	}
	st := s.find(ctx, c.Stack)
	s.mu.Lock()
	defer s.mu.Unlock()
	st.mu.Lock()
	defer st.mu.Unlock()
	if c.Execution != "AVAILABLE" {
		return nil, hydrant.Faultf("InvalidChangeSetStatus", "ChangeSet [%s] cannot be executed in its current status of [%s]", c.ID, c.Status)
	}
	if st.info.Status != "REVIEW_IN_PROGRESS" {
		if err := mayUpdate(st); err != nil {
			return nil, err
		}
	}
	if err := s.by(ctx, st, c.RoleARN); err != nil {
		return nil, err
	}
	var gone []journal.Change
	for id, other := range s.changes {
		if other.Stack == c.Stack && id != c.ID {
			gone = append(gone, journal.Unset(other.key()))
			delete(s.changes, id)
		}
	}
	done := *c
	done.Execution = "EXECUTE_COMPLETE"
	s.changes[c.ID] = &done
	gone = append(gone, journal.Set(done.key(), done))
	if c.NotifyARNs != nil {
		st.info.NotificationARNs = c.NotifyARNs
	}
	st.info.DisableRollback, st.info.OnFailure = in.DisableRollback != nil && *in.DisableRollback, c.OnFailure
	if st.info.Status == "REVIEW_IN_PROGRESS" {
		st.info.Target, st.info.Token = c.Revision, in.ClientRequestToken
		return &Empty{}, s.begin(ctx, st, creating, "CREATE_IN_PROGRESS", "User Initiated", gone...)
	}
	return &Empty{}, s.update(ctx, st, c.Revision, in.ClientRequestToken, gone...)
}

// DeleteChangeSet forgets a change set.
//
//	Wire     DeleteChangeSet over query
func (s *Service) DeleteChangeSet(ctx context.Context, in *ChangeSetIn) (*Empty, error) {
	c, err := s.changeSet(ctx, in.StackName, in.ChangeSetName)
	if hydrant.FaultCode(err) == "ChangeSetNotFound" {
		return &Empty{}, nil
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.changes, c.ID)
	return &Empty{}, s.Journal.Commit(ctx, journal.Unset(c.key()))
}

type (
	ListChangeSetsIn struct {
		StackName string `required:"" min:"1"`
		NextToken string `min:"1" max:"1024"`
	}
	ListChangeSetsOut struct {
		Summaries []ChangeSetSummary
		NextToken string
	}
	ChangeSetSummary struct {
		StackId, StackName, ChangeSetId, ChangeSetName string

		ExecutionStatus, Status, StatusReason string
		CreationTime                          time.Time
		Description                           string
	}
)

// ListChangeSets lists the change sets of a stack by name.
//
//	Wire     ListChangeSets over query
func (s *Service) ListChangeSets(ctx context.Context, in *ListChangeSetsIn) (*ListChangeSetsOut, error) {
	st := s.find(ctx, in.StackName)
	if st == nil {
		return nil, validation("Stack [%s] does not exist", in.StackName)
	}
	list := []ChangeSetSummary{}
	s.mu.RLock()
	for _, c := range s.changes {
		if c.Stack == st.info.ID {
			list = append(list, ChangeSetSummary{c.Stack, st.info.Name, c.ID, c.Name, c.Execution, c.Status, c.Reason, c.Created, c.Description})
		}
	}
	s.mu.RUnlock()
	list = slices.Clip(list)
	list, next, err := page(list, in.NextToken, func(c ChangeSetSummary) string { return c.ChangeSetName })
	return &ListChangeSetsOut{list, next}, err
}
