package cloudformation

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation/template"
)

type (
	DescribeStacksIn struct {
		StackName string
		NextToken string `min:"1" max:"1024"`
	}
	DescribeStacksOut struct {
		Stacks    []Stack
		NextToken string
	}
	ListStacksIn struct {
		NextToken         string `min:"1" max:"1024"`
		StackStatusFilter []string
	}
	ListStacksOut struct {
		StackSummaries []StackSummary
		NextToken      string
	}
)

// DescribeStacks tells of one stack, or of all that are not deleted.
//
//	Wire     DescribeStacks over query
func (s *Service) DescribeStacks(ctx context.Context, in *DescribeStacksIn) (*DescribeStacksOut, error) {
	if in.StackName != "" {
		st := s.find(ctx, in.StackName)
		if st == nil {
			return nil, validation("Stack with id %s does not exist", in.StackName)
		}
		return &DescribeStacksOut{Stacks: []Stack{st.describe()}}, nil
	}
	list := []Stack{}
	for _, st := range s.all(ctx) {
		if d := st.describe(); d.StackStatus != "DELETE_COMPLETE" {
			list = append(list, d)
		}
	}
	list, next, err := page(list, in.NextToken, func(d Stack) string { return newestFirst(d.CreationTime) + d.StackId })
	return &DescribeStacksOut{list, next}, err
}

// ListStacks lists the stacks, deleted ones included.
//
//	Wire     ListStacks over query
//	Limits   deleted stacks for keepDeleted (limits.go)
func (s *Service) ListStacks(ctx context.Context, in *ListStacksIn) (*ListStacksOut, error) {
	list := []StackSummary{}
	for _, st := range s.all(ctx) {
		d := st.describe()
		if len(in.StackStatusFilter) > 0 && !slices.Contains(in.StackStatusFilter, d.StackStatus) {
			continue
		}
		list = append(list, StackSummary{d.StackId, d.StackName, d.Description, d.CreationTime, d.LastUpdatedTime, d.DeletionTime, d.StackStatus, d.StackStatusReason, d.DriftInformation})
	}
	list, next, err := page(list, in.NextToken, func(d StackSummary) string { return newestFirst(d.CreationTime) + d.StackId })
	return &ListStacksOut{list, next}, err
}

// newestFirst is a key that sorts later times first.
func newestFirst(t time.Time) string { return number(int(1e10-1) - int(t.Unix())) }

// all are the stacks of the caller's scope.
func (s *Service) all(ctx context.Context) []*stack {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []*stack
	for _, st := range s.byID {
		if st.info.Scope == hydrant.ScopeOf(ctx) {
			out = append(out, st)
		}
	}
	return out
}

func (st *stack) describe() Stack {
	st.mu.Lock()
	defer st.mu.Unlock()
	i := &st.info
	d := Stack{
		StackId: i.ID, StackName: i.Name, CreationTime: i.Created,
		LastUpdatedTime: given(i.Updated), DeletionTime: given(i.Deleted),
		StackStatus: i.Status, StackStatusReason: i.Reason,
		DisableRollback: i.DisableRollback, NotificationARNs: i.NotificationARNs,
		RoleARN: i.RoleARN, EnableTerminationProtection: i.Protected,
		Outputs: []Output{}, Tags: []Tag{}, DriftInformation: DriftInformation{"NOT_CHECKED"},
	}
	for _, o := range i.Outputs {
		d.Outputs = append(d.Outputs, Output{o.Key, o.Value, o.Description, o.Export})
	}
	rev := i.current()
	if rev == nil {
		return d
	}
	d.Capabilities, d.Tags = rev.Capabilities, append(d.Tags, rev.Tags...)
	d.Description, d.Parameters = rev.tell()
	return d
}

// tell are the description and the parameters of a revision, secrets hidden.
func (r *revision) tell() (description string, list []Parameter) {
	t, err := template.Parse(r.Body)
	if err != nil {
		return "", nil // it parsed when it was accepted
	}
	values, _ := t.Values(r.Parameters)
	for _, p := range t.Parameters {
		v := values[p.Name]
		if p.NoEcho {
			v = "****"
		}
		list = append(list, Parameter{ParameterKey: p.Name, ParameterValue: &v})
	}
	return t.Description, list
}

func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type (
	DescribeStackEventsIn struct {
		StackName string
		NextToken string `min:"1" max:"1024"`
	}
	DescribeStackEventsOut struct {
		StackEvents []StackEvent
		NextToken   string
	}
)

// DescribeStackEvents tells what happened to a stack, newest first.
//
//	Wire     DescribeStackEvents over query
func (s *Service) DescribeStackEvents(ctx context.Context, in *DescribeStackEventsIn) (*DescribeStackEventsOut, error) {
	if in.StackName == "" {
		return nil, validation("1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null")
	}
	st := s.find(ctx, in.StackName)
	if st == nil {
		return nil, validation("Stack [%s] does not exist", in.StackName)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	out := &DescribeStackEventsOut{StackEvents: []StackEvent{}}
	for i := len(st.events) - 1; i >= 0; i-- {
		if in.NextToken != "" && number(i) >= in.NextToken {
			continue
		}
		if len(out.StackEvents) == pageItems {
			out.NextToken = number(i + 1)
			break
		}
		e := st.events[i]
		out.StackEvents = append(out.StackEvents, StackEvent{
			StackId: st.info.ID, EventId: e.ID, StackName: st.info.Name,
			LogicalResourceId: e.Logical, PhysicalResourceId: e.Physical, ResourceType: e.Type, Timestamp: e.Time,
			ResourceStatus: e.Status, ResourceStatusReason: e.Reason, ResourceProperties: e.Properties, ClientRequestToken: e.Token,
		})
	}
	return out, nil
}

type (
	DescribeStackResourceIn struct {
		StackName         string `required:""`
		LogicalResourceId string `required:""`
	}
	DescribeStackResourceOut struct{ StackResourceDetail StackResourceDetail }

	DescribeStackResourcesIn struct {
		StackName          string
		LogicalResourceId  string
		PhysicalResourceId string
	}
	DescribeStackResourcesOut struct{ StackResources []StackResource }

	ListStackResourcesIn struct {
		StackName string `required:""`
		NextToken string `min:"1" max:"1024"`
	}
	ListStackResourcesOut struct {
		StackResourceSummaries []StackResourceSummary
		NextToken              string
	}
)

var unchecked = resourceDrift{"NOT_CHECKED"}

// list are the stack's resources by name, as they can be shown.
func (st *stack) list() []StackResource {
	st.mu.Lock()
	defer st.mu.Unlock()
	out := []StackResource{}
	for _, r := range st.resources {
		if r.Status != "" {
			out = append(out, StackResource{st.info.Name, st.info.ID, r.Logical, r.ID, r.Type, r.Time, r.Status, r.Reason, unchecked})
		}
	}
	slices.SortFunc(out, func(a, b StackResource) int {
		if a.LogicalResourceId < b.LogicalResourceId {
			return -1
		}
		return 1
	})
	return out
}

// DescribeStackResource tells of one resource.
//
//	Wire     DescribeStackResource over query
func (s *Service) DescribeStackResource(ctx context.Context, in *DescribeStackResourceIn) (*DescribeStackResourceOut, error) {
	st := s.find(ctx, in.StackName)
	if st == nil {
		return nil, validation("Stack '%s' does not exist", in.StackName)
	}
	for _, r := range st.list() {
		if r.LogicalResourceId == in.LogicalResourceId {
			return &DescribeStackResourceOut{StackResourceDetail{r.StackName, r.StackId, r.LogicalResourceId, r.PhysicalResourceId, r.ResourceType, r.Timestamp, r.ResourceStatus, r.ResourceStatusReason, st.metadata(in.LogicalResourceId), unchecked}}, nil
		}
	}
	return nil, validation("Resource %s does not exist for stack %s", in.LogicalResourceId, in.StackName)
}

// metadata is the Metadata a resource carries in the template, as JSON.
func (st *stack) metadata(logical string) string {
	st.mu.Lock()
	rev := st.info.current()
	st.mu.Unlock()
	if rev == nil {
		return "{}"
	}
	t, err := template.Parse(rev.Body)
	if err != nil {
		return "{}"
	}
	if r, ok := t.Resource(logical); ok && r.Metadata != nil {
		if b, err := json.Marshal(r.Metadata); err == nil {
			return string(b)
		}
	}
	return "{}"
}

// DescribeStackResources tells of a stack's resources; the stack may be named by one of them.
//
//	Wire     DescribeStackResources over query
func (s *Service) DescribeStackResources(ctx context.Context, in *DescribeStackResourcesIn) (*DescribeStackResourcesOut, error) {
	if (in.StackName == "") == (in.PhysicalResourceId == "") {
		return nil, validation("Exactly one of StackName and PhysicalResourceId must be specified.")
	}
	var st *stack
	if in.StackName != "" {
		if st = s.find(ctx, in.StackName); st == nil {
			return nil, validation("Stack with id %s does not exist", in.StackName)
		}
	} else {
		for _, other := range s.all(ctx) {
			if slices.ContainsFunc(other.list(), func(r StackResource) bool { return r.PhysicalResourceId == in.PhysicalResourceId }) {
				st = other
			}
		}
		if st == nil {
			return nil, validation("Stack for %s does not exist", in.PhysicalResourceId)
		}
	}
	list := slices.DeleteFunc(st.list(), func(r StackResource) bool {
		return in.LogicalResourceId != "" && r.LogicalResourceId != in.LogicalResourceId
	})
	if in.LogicalResourceId != "" && len(list) == 0 {
		return nil, validation("Resource %s does not exist for stack %s", in.LogicalResourceId, in.StackName)
	}
	return &DescribeStackResourcesOut{list}, nil
}

// ListStackResources lists a stack's resources by logical id.
//
//	Wire     ListStackResources over query
func (s *Service) ListStackResources(ctx context.Context, in *ListStackResourcesIn) (*ListStackResourcesOut, error) {
	st := s.find(ctx, in.StackName)
	if st == nil {
		return nil, validation("Stack with id %s does not exist", in.StackName)
	}
	list := []StackResourceSummary{}
	for _, r := range st.list() {
		list = append(list, StackResourceSummary{r.LogicalResourceId, r.PhysicalResourceId, r.ResourceType, r.Timestamp, r.ResourceStatus, r.ResourceStatusReason, unchecked})
	}
	list, next, err := page(list, in.NextToken, func(r StackResourceSummary) string { return r.LogicalResourceId })
	return &ListStackResourcesOut{list, next}, err
}
