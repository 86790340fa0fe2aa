package cloudformation

import (
	"context"

	"github.com/hydrant-stream/hydrant"
)

// An operation on a stack runs under the rights of its own caller, or of the role the stack has been given
// by this operation or an earlier one. The principal stands in the journal beside the work, so that
// what goes on after a restart does not run as somebody else. The engine's own looks (Find) ask nobody:
// they are how it knows what it has done.

// by sets whose rights the work that is about to begin runs under. The caller holds st.mu.
func (s *Service) by(ctx context.Context, st *stack, roleARN string) error {
	if roleARN == "" {
		roleARN = st.info.RoleARN
	}
	if s.Rights == nil {
		st.info.RoleARN = roleARN
		return nil
	}
	as, err := s.Rights.Of(ctx, roleARN)
	if err != nil {
		return err
	}
	st.info.RoleARN, st.info.As = roleARN, as
	return nil
}

// as is ctx for the calls of handlers.
func (s *Service) as(ctx context.Context, st *stack) (context.Context, error) {
	st.mu.Lock()
	as := st.info.As
	st.mu.Unlock()
	if s.Rights == nil || as == "" {
		return ctx, nil
	}
	return s.Rights.As(ctx, as)
}

func (s *Service) turnInto(ctx context.Context, st *stack, h Handler, id string, old map[string]any, r Request) (Made, error) {
	as, err := s.as(ctx, st)
	if err != nil {
		return Made{}, err
	}
	return h.Update(as, id, old, r)
}

// RoleRefused is the fault of a role that CloudFormation may not take on.
func RoleRefused(arn string) error {
	return hydrant.Faultf("ValidationError", "Role %s is invalid or cannot be assumed", arn)
}
