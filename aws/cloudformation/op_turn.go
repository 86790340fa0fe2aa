package cloudformation

import (
	"context"

	"github.com/hydrant-stream/hydrant/store/journal"
)

type (
	CancelUpdateStackIn struct {
		StackName          string `required:"" min:"1"`
		ClientRequestToken string
	}
	ContinueUpdateRollbackIn struct {
		StackName          string   `required:"" min:"1"`
		RoleARN            string   `min:"20" max:"2048"`
		ResourcesToSkip    []string `eachpattern:"[a-zA-Z0-9]+|[a-zA-Z][-a-zA-Z0-9]*\\.[a-zA-Z0-9]+"`
		ClientRequestToken string   `min:"1" max:"128" pattern:"[a-zA-Z0-9][-a-zA-Z0-9]*"`
	}
	DeleteStackIn struct {
		StackName          string `required:"" min:"1"`
		RetainResources    []string
		RoleARN            string `min:"20" max:"2048"`
		ClientRequestToken string `min:"1" max:"128" pattern:"[a-zA-Z0-9][-a-zA-Z0-9]*"`
		DeletionMode       string `enum:"STANDARD|FORCE_DELETE_STACK"`
	}
	UpdateTerminationProtectionIn struct {
		EnableTerminationProtection *bool  `required:""`
		StackName                   string `required:"" min:"1"`
	}
	UpdateTerminationProtectionOut struct{ StackId string }
)

// CancelUpdateStack turns an update under way back.
//
//	Wire     CancelUpdateStack over query
func (s *Service) CancelUpdateStack(ctx context.Context, in *CancelUpdateStackIn) (*struct{}, error) {
	st := s.find(ctx, in.StackName)
	if st == nil {
		return nil, validation("Stack [%s] does not exist", in.StackName)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.info.Work != updating || st.cancel == nil {
		return nil, validation("CancelUpdateStack cannot be called from current stack status")
	}
	st.info.Cancelled = true
	if err := s.Journal.Commit(ctx, st.save()); err != nil {
		return nil, err
	}
	st.cancel()
	return &struct{}{}, nil
}

// ContinueUpdateRollback takes up an update's turning back that failed. Resources to be skipped count as
// turned back, as they are.
//
//	Wire     ContinueUpdateRollback over query
//	Durable  survives a crash when the call returns, and is resumed
func (s *Service) ContinueUpdateRollback(ctx context.Context, in *ContinueUpdateRollbackIn) (*Empty, error) {
	st := s.find(ctx, in.StackName)
	if st == nil {
		return nil, validation("Stack [%s] does not exist", in.StackName)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.info.Status != "UPDATE_ROLLBACK_FAILED" {
		return nil, validation("Stack:%s is in %s state and can not continue update rollback.", st.info.ID, st.info.Status)
	}
	for _, name := range in.ResourcesToSkip {
		if r := st.resources[name]; r == nil || r.Status != "UPDATE_FAILED" {
			return nil, validation("The resource %s cannot be skipped: it is not one that failed to be turned back.", name)
		}
	}
	if err := s.by(ctx, st, in.RoleARN); err != nil {
		return nil, err
	}
	st.info.Token = in.ClientRequestToken
	var skipped []journal.Change
	for _, name := range in.ResourcesToSkip {
		r := st.resources[name]
		r.Undo, r.Prior, r.Half, r.Next, r.Intent = "", nil, nil, nil, ""
		r.Status, r.Reason = "UPDATE_COMPLETE", ""
		skipped = append(skipped, st.saveResource(r))
	}
	return &Empty{}, s.begin(ctx, st, updatingBack, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated", skipped...)
}

// DeleteStack begins to take a stack away, with all its resources but those to be retained. One that is
// still being made is not made to its end.
//
//	Wire     DeleteStack over query
//	Durable  the deletion survives a crash when the call returns, and is resumed
//	Differs  FORCE_DELETE_STACK is refused
func (s *Service) DeleteStack(ctx context.Context, in *DeleteStackIn) (*struct{}, error) {
	if in.DeletionMode == "FORCE_DELETE_STACK" {
		return nil, validation("DeletionMode FORCE_DELETE_STACK is not available in hydrant.")
	}
	st := s.find(ctx, in.StackName)
	if st == nil {
		return &struct{}{}, nil
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	switch {
	case st.info.gone() || st.info.Work == deleting:
		return &struct{}{}, nil
	case st.info.Protected:
		return nil, validation("Stack [%s] cannot be deleted while TerminationProtection is enabled", st.info.Name)
	case st.info.Work != "" && st.info.Work != creating:
		return nil, validation("Stack [%s] cannot be deleted while in status %s", st.info.Name, st.info.Status)
	case in.RetainResources != nil && st.info.Status != "DELETE_FAILED":
		return nil, validation("Invalid operation on stack [%s]. RetainResources is only valid when the stack is in DELETE_FAILED.", st.info.ID)
	}
	for _, name := range in.RetainResources {
		if r := st.resources[name]; r == nil || r.Status != "DELETE_FAILED" {
			return nil, validation("The resource %s cannot be retained: it is not one that failed to be deleted.", name)
		}
	}
	if err := s.by(ctx, st, in.RoleARN); err != nil {
		return nil, err
	}
	st.info.Retain, st.info.Token = in.RetainResources, in.ClientRequestToken
	if st.info.Work == creating && st.cancel != nil { // who makes it finds another stage and goes on with that
		st.info.Work = deleting
		defer st.cancel()
		return &struct{}{}, s.status(context.WithoutCancel(ctx), st, "DELETE_IN_PROGRESS", "User Initiated")
	}
	return &struct{}{}, s.begin(ctx, st, deleting, "DELETE_IN_PROGRESS", "User Initiated")
}

// UpdateTerminationProtection protects a stack from deletion, or stops to.
//
//	Wire     UpdateTerminationProtection over query
func (s *Service) UpdateTerminationProtection(ctx context.Context, in *UpdateTerminationProtectionIn) (*UpdateTerminationProtectionOut, error) {
	st := s.find(ctx, in.StackName)
	if st == nil {
		return nil, validation("Stack [%s] does not exist", in.StackName)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.info.Protected = *in.EnableTerminationProtection
	return &UpdateTerminationProtectionOut{st.info.ID}, s.Journal.Commit(ctx, st.save())
}
