package cloudformation

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// errStopping: the service closes; what is under way stays as it stands in the journal.
var errStopping = errors.New("cloudformation: stopping")

// run begins the work on a stack, or goes on with it. The caller holds st.mu and s is not closed.
func (s *Service) run(st *stack) {
	ctx, cancel := context.WithCancel(s.scoped(st))
	st.cancel = cancel
	s.running.Go(func() {
		defer cancel()
		for {
			again, err := s.stage(ctx, st)
			if err != nil && s.life.Err() == nil && !errors.Is(err, errStopping) {
				s.Log.Error("the work on a stack stops until the next start", "stack", st.info.ID, "err", err)
			}
			if err != nil || !again || s.life.Err() != nil {
				return
			}
		}
	})
}

// stage does one stage of the work and says whether another follows.
func (s *Service) stage(ctx context.Context, st *stack) (again bool, err error) {
	st.mu.Lock()
	w := st.info.Work
	st.mu.Unlock()
	switch w {
	case creating:
		return s.stageCreate(ctx, st)
	case updating:
		return s.stageUpdate(ctx, st)
	case updatingBack:
		return s.stageUpdateBack(st)
	case cleaning, cleaningBack:
		return s.stageClean(st, w)
	case creatingBack, deleting, deletingOnError:
		return s.stageDelete(st, w)
	}
	return false, nil
}

// turn moves the stack to another stage.
func (s *Service) turn(st *stack, next work, status, reason string, more ...journal.Change) (again bool, err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	return s.move(st, next, status, reason, more...)
}

// move is turn for one who holds st.mu.
func (s *Service) move(st *stack, next work, status, reason string, more ...journal.Change) (again bool, err error) {
	st.info.Work = next
	return next != "", s.status(context.WithoutCancel(s.life), st, status, reason, more...)
}

func (s *Service) stageCreate(ctx context.Context, st *stack) (bool, error) {
	reason, err := s.build(ctx, st)
	if err != nil {
		return false, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	switch {
	case st.info.Work != creating: // it is to be deleted, whatever came of its creation
		return true, nil
	case reason == "":
		st.info.Current, st.info.Target = st.info.Target, nil
		return s.move(st, "", "CREATE_COMPLETE", "", st.settled()...)
	case st.info.DisableRollback || st.info.OnFailure == "DO_NOTHING":
		st.info.Current, st.info.Target = st.info.Target, nil
		return s.move(st, "", "CREATE_FAILED", reason)
	case st.info.OnFailure == "DELETE":
		return s.move(st, deletingOnError, "DELETE_IN_PROGRESS", reason+"Delete requested by user.")
	}
	return s.move(st, creatingBack, "ROLLBACK_IN_PROGRESS", reason+"Rollback requested by user.")
}

func (s *Service) stageUpdate(ctx context.Context, st *stack) (bool, error) {
	reason, err := s.build(ctx, st)
	if err != nil {
		return false, err
	}
	st.mu.Lock()
	if st.info.Cancelled {
		reason = "User Initiated"
	}
	if reason != "" && !st.info.DisableRollback {
		st.info.Outputs, st.info.Former = st.info.Former, nil
		s.publish(st)
		st.mu.Unlock()
		return s.turn(st, updatingBack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
	}
	st.info.Current, st.info.Target, st.info.Former = st.info.Target, nil, nil
	changes := st.settled()
	st.mu.Unlock()
	if reason != "" {
		return s.turn(st, "", "UPDATE_FAILED", reason, changes...)
	}
	return s.turn(st, cleaning, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "", changes...)
}

// settled forgets how resources could be turned back: it is decided that they stay. The changes go into
// the commit that says so. The caller holds st.mu.
func (st *stack) settled() []journal.Change {
	var changes []journal.Change
	for _, r := range st.resources {
		if r.Undo != "" {
			r.Undo, r.Prior = "", nil
			changes = append(changes, st.saveResource(r))
		}
	}
	return changes
}

func (s *Service) stageUpdateBack(st *stack) (bool, error) {
	failed, err := s.revert(st)
	if err != nil {
		return false, err
	}
	if len(failed) > 0 {
		return s.turn(st, "", "UPDATE_ROLLBACK_FAILED", "The following resource(s) failed to update: ["+strings.Join(failed, ", ")+"]. ")
	}
	st.mu.Lock()
	st.info.Target, st.info.Cancelled = nil, false
	st.mu.Unlock()
	return s.turn(st, cleaningBack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")
}

// stageClean takes away what an update left over. What cannot be taken away is told of and left
// alone, as on AWS.
func (s *Service) stageClean(st *stack, w work) (bool, error) {
	if _, err := s.takeDown(st, func(r *resource) bool { return r.Gone }, w == cleaningBack); err != nil {
		return false, err
	}
	if w == cleaning {
		return s.turn(st, "", "UPDATE_COMPLETE", "")
	}
	return s.turn(st, "", "UPDATE_ROLLBACK_COMPLETE", "")
}

func (s *Service) stageDelete(st *stack, w work) (bool, error) {
	if w == deleting {
		if err := s.refuseExports(st, st.info.Outputs, nil); err != nil {
			f, _ := hydrant.AsFault(err)
			return s.turn(st, "", "DELETE_FAILED", "Delete canceled. "+f.Message)
		}
	}
	failed, err := s.takeDown(st, func(*resource) bool { return true }, w == creatingBack)
	if err != nil {
		return false, err
	}
	status, reason := "DELETE_COMPLETE", ""
	if w == creatingBack {
		status = "ROLLBACK_COMPLETE"
	}
	if len(failed) > 0 {
		status = "DELETE_FAILED"
		if w == creatingBack {
			status = "ROLLBACK_FAILED"
		}
		reason = "The following resource(s) failed to delete: [" + strings.Join(failed, ", ") + "]. "
	}
	if status == "DELETE_COMPLETE" {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.info.Work = ""
	if st.info.Current == nil {
		st.info.Current, st.info.Target = st.info.Target, nil
	}
	if status == "DELETE_COMPLETE" {
		st.info.Deleted = time.Now().UTC()
	}
	var more []journal.Change
	if status == "DELETE_COMPLETE" {
		for id, c := range s.changes {
			if c.Stack == st.info.ID {
				more = append(more, journal.Unset(c.key()))
				delete(s.changes, id)
			}
		}
	}
	if err := s.status(context.WithoutCancel(s.life), st, status, reason, more...); err != nil {
		return false, err
	}
	if status == "DELETE_COMPLETE" {
		delete(s.byName, stackKey{st.info.Scope, st.info.Name})
		s.publish(st)
	}
	return false, nil
}

// build makes all resources of the target, then works out the outputs. reason says why not; err is
// only for what no stack is to blame for.
func (s *Service) build(ctx context.Context, st *stack) (reason string, err error) {
	b, err := s.bind(st, st.info.Target)
	if err != nil {
		return faultText(err), nil
	}
	steps, err := b.Order()
	if err != nil {
		return faultText(err), nil
	}
	nodes := make([]node, len(steps))
	for i, step := range steps {
		nodes[i] = node{step.Name, step.After}
	}
	broken := walk(ctx, nodes, true, func(ctx context.Context, name string) error {
		for _, step := range steps {
			if step.Name == name {
				return s.settle(ctx, st, b, step)
			}
		}
		return nil
	})
	if s.life.Err() != nil {
		return "", errStopping
	}
	if len(broken) > 0 {
		return st.failed(broken), nil
	}
	if ctx.Err() != nil {
		return "User Initiated", nil
	}
	outputs, err := b.outputs()
	if err == nil {
		err = s.refuseExports(st, st.info.Outputs, outputs)
	}
	if err != nil {
		return faultText(err) + " ", nil
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	there := map[string]bool{}
	for _, step := range steps {
		there[step.Name] = true
	}
	var changes []journal.Change
	for name, r := range st.resources {
		if gone := !there[name]; gone != r.Gone {
			r.Gone = gone
			changes = append(changes, st.saveResource(r))
		}
	}
	st.info.Former, st.info.Outputs = st.info.Outputs, outputs
	s.publish(st)
	return "", s.Journal.Commit(context.WithoutCancel(ctx), append(changes, st.save())...)
}

// failed tells which resources failed to be made and which to be changed.
func (st *stack) failed(names []string) (reason string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, kind := range []struct{ status, verb string }{{"CREATE_FAILED", "create"}, {"UPDATE_FAILED", "update"}} {
		var of []string
		for _, name := range names {
			if r := st.resources[name]; r != nil && r.Status == kind.status {
				of = append(of, name)
			}
		}
		if of != nil {
			reason += "The following resource(s) failed to " + kind.verb + ": [" + strings.Join(of, ", ") + "]. "
		}
	}
	return reason
}

func faultText(err error) string {
	if f, ok := hydrant.AsFault(err); ok {
		return f.Message
	}
	return "Internal Failure"
}

// handlerText words what a handler answered as AWS does. What is not a Fault is logged, not shown.
func (s *Service) handlerText(r *resource, err error) string {
	f, ok := hydrant.AsFault(err)
	if !ok {
		s.Log.Error("resource handler", "type", r.Type, "resource", r.Logical, "err", err)
		f = &hydrant.Fault{Code: "InternalFailure", Message: "Internal Failure"}
	}
	if f.Code == propertyCode {
		return f.Message
	}
	return `Resource handler returned message: "` + f.Message + `" (RequestToken: ` + uuid.NewString() + ", HandlerErrorCode: " + handlerCode(f.Code) + ")"
}

// propertyCode marks a Fault that is about the template's properties, not from a service.
const propertyCode = "PropertyValidation"

// InvalidProperty is the fault a Handler's Check gives for one property: "The property {/Type} is
// required", say.
func InvalidProperty(text string) error {
	return hydrant.Faultf(propertyCode, "Property validation failure: [%s]", text)
}

// handlerCode is the registry's word for a service's error code.
func handlerCode(code string) string {
	for _, m := range []struct{ part, code string }{
		{"AlreadyExists", "AlreadyExists"}, {"AlreadyOwned", "AlreadyExists"}, {"ResourceConflict", "AlreadyExists"},
		{"NotFound", "NotFound"}, {"NoSuch", "NotFound"}, {"AccessDenied", "AccessDenied"},
		{"LimitExceeded", "ServiceLimitExceeded"}, {"Throttl", "Throttling"}, {"InUse", "ResourceConflict"},
		{"Internal", "InternalFailure"}, {"Invalid", "InvalidRequest"}, {"Validation", "InvalidRequest"}, {"Malformed", "InvalidRequest"},
	} {
		if strings.Contains(code, m.part) {
			return m.code
		}
	}
	return "GeneralServiceException"
}
