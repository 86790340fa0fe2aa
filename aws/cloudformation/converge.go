package cloudformation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/cloudformation/template"
)

const (
	initiated = "Resource creation Initiated"
	cancelled = "Resource creation cancelled"
	replacing = "Requested update requires the creation of a new physical resource; hence creating one."
)

// errFailed: the resource failed and has been marked so.
var errFailed = errors.New("cloudformation: resource failed")

// settle makes one resource what its template says: it creates, changes or replaces it, or leaves it.
// It may be called again for what is done already.
func (s *Service) settle(ctx context.Context, st *stack, b *bound, step template.Step) error {
	h := s.Types[step.Type]
	properties, bad := b.Properties(&step.Resource)

	st.mu.Lock()
	r := st.resources[step.Name]
	if r == nil || r.Status == "DELETE_COMPLETE" {
		r = &resource{Logical: step.Name, Type: step.Type}
		st.resources[step.Name] = r
	}
	r.After, r.Gone = step.After, false
	r.DeletionPolicy, r.ReplacePolicy = step.DeletionPolicy, step.UpdateReplacePolicy
	was := *r
	st.mu.Unlock()

	schema := h.Schema()
	switch {
	case bad != nil:
		return s.fail(ctx, st, r, was.ID == "", faultText(templateFault(bad)))
	case was.ID == "":
		return s.create(ctx, st, r, h, schema, properties)
	case was.Intent == intentCreate:
		return s.create(ctx, st, r, h, schema, properties) // of a replacement
	}
	changed := differing(was.Properties, properties)
	if len(changed) == 0 && was.Intent == "" {
		return s.unchanged(ctx, st, r)
	}
	for _, name := range changed {
		if !replaces(schema, name, was.Properties, properties) {
			continue
		}
		given, custom := at(properties, schema.Name)
		before, _ := at(was.Properties, schema.Name)
		if custom && same(given, before) {
			return s.fail(ctx, st, r, false, fmt.Sprintf("CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename %v and update the stack again.", given))
		}
		return s.create(ctx, st, r, h, schema, properties)
	}
	return s.change(ctx, st, r, h, schema, properties)
}

// unchanged keeps what only the engine sees of a resource: its place and its policies.
func (s *Service) unchanged(ctx context.Context, st *stack, r *resource) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	return s.Journal.Commit(context.WithoutCancel(ctx), st.saveResource(r))
}

// request is what a handler is asked for. A name of our making stands in where none was given.
func request(schema Schema, m *made) Request {
	q := Request{Name: m.Name, Properties: m.Properties}
	if _, given := at(m.Properties, schema.Name); schema.Name != "" && !given {
		q.Properties = with(m.Properties, schema.Name, m.Name)
	}
	return q
}

// create makes a resource that is not there, or another one in place of one that is.
func (s *Service) create(ctx context.Context, st *stack, r *resource, h Handler, schema Schema, properties map[string]any) error {
	keep := context.WithoutCancel(ctx)
	st.mu.Lock()
	first, resumed := r.ID == "", r.Intent == intentCreate
	word, why := "CREATE", ""
	if !first {
		word, why = "UPDATE", replacing
	}
	if !resumed {
		r.Next = &made{Name: generatedName(st.info.Name, r.Logical, schema), Properties: properties}
		if err := s.mark(keep, st, r, word+"_IN_PROGRESS", why); err != nil {
			st.mu.Unlock()
			return err
		}
	}
	next := *r.Next
	st.mu.Unlock()
	q := request(schema, &next)
	if err := h.Check(q.Properties); err != nil {
		return s.fail(ctx, st, r, first, s.handlerText(r, err))
	}
	if !resumed {
		if taken, err := s.taken(ctx, h, schema, r, q); err != nil || taken != "" {
			if err != nil {
				taken = s.handlerText(r, err)
			}
			return s.fail(ctx, st, r, first, taken)
		}
		st.mu.Lock()
		r.Intent = intentCreate
		err := s.Journal.Commit(keep, st.saveResource(r))
		st.mu.Unlock()
		if err != nil {
			return err
		}
	}
	m, err := s.bring(ctx, st, h, q, resumed)
	if err != nil && s.life.Err() != nil {
		return errStopping
	}
	if err != nil {
		s.half(keep, st, r, h, q)
		if ctx.Err() != nil {
			return s.fail(ctx, st, r, first, cancelled)
		}
		return s.fail(ctx, st, r, first, s.handlerText(r, err))
	}

	st.mu.Lock()
	defer st.mu.Unlock()
	old := r.made
	next.ID, next.Attributes = m.ID, m.Attributes
	r.made, r.Intent, r.Next = next, "", nil
	switch {
	case first:
		r.Undo = undoCreate
	default:
		if r.Undo == "" {
			r.Prior = &old
			r.Undo = undoReplace
		}
		if r.ReplacePolicy != "Retain" && old.ID != m.ID {
			r.Stale = append(r.Stale, old)
		}
	}
	if err := s.mark(keep, st, r, word+"_IN_PROGRESS", initiated); err != nil {
		return err
	}
	return s.mark(keep, st, r, word+"_COMPLETE", "")
}

// bring makes the resource or, where its creation was interrupted, what is missing of it.
func (s *Service) bring(ctx context.Context, st *stack, h Handler, q Request, resumed bool) (m Made, err error) {
	as, err := s.as(ctx, st)
	if err != nil {
		return m, err
	}
	if !resumed {
		return h.Create(as, q)
	}
	m, err = h.Find(ctx, "", q)
	if errors.Is(err, ErrNotFound) {
		return h.Create(as, q)
	}
	if f, ok := h.(Finisher); ok && err == nil {
		return f.Finish(as, m, q)
	}
	return m, err
}

// taken looks whether a resource of that name is there already, made by someone else.
func (s *Service) taken(ctx context.Context, h Handler, schema Schema, r *resource, q Request) (string, error) {
	if schema.Name == "" {
		return "", nil
	}
	_, err := h.Find(ctx, "", q)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	name, _ := at(q.Properties, schema.Name)
	identifier, _ := json.Marshal(map[string]any{"/properties/" + schema.Name: name})
	return s.handlerText(r, alreadyExists(r.Type, string(identifier))), nil
}

// half looks for what a failed creation may have left, so that a rollback takes it away.
func (s *Service) half(ctx context.Context, st *stack, r *resource, h Handler, q Request) {
	if h.Schema().Name == "" {
		return
	}
	m, err := h.Find(ctx, "", q)
	if err != nil {
		return
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	left := *r.Next
	left.ID, left.Attributes = m.ID, m.Attributes
	r.Stale = append(r.Stale, left)
}

// change updates a resource in place.
func (s *Service) change(ctx context.Context, st *stack, r *resource, h Handler, schema Schema, properties map[string]any) error {
	keep := context.WithoutCancel(ctx)
	st.mu.Lock()
	old := r.made
	next := made{ID: r.ID, Name: r.Name, Properties: properties}
	q := request(schema, &next)
	bad := h.Check(q.Properties)
	r.Next, r.Intent = &next, intentUpdate
	if r.Undo == "" {
		r.Undo, r.Prior = undoUpdate, &old
	}
	err := s.mark(keep, st, r, "UPDATE_IN_PROGRESS", "")
	st.mu.Unlock()
	if err != nil {
		return err
	}
	if bad != nil {
		return s.fail(ctx, st, r, false, s.handlerText(r, bad))
	}
	m, err := s.turnInto(ctx, st, h, r.ID, request(schema, &old).Properties, q)
	if err != nil && s.life.Err() != nil {
		return errStopping
	}
	if err != nil {
		reason := s.handlerText(r, err)
		if ctx.Err() != nil {
			reason = "Resource update cancelled"
		}
		return s.fail(ctx, st, r, false, reason)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	next.ID, next.Attributes = m.ID, m.Attributes
	r.made, r.Intent, r.Next = next, "", nil
	return s.mark(keep, st, r, "UPDATE_COMPLETE", "")
}

// fail marks a resource as failed. It always returns an error.
func (s *Service) fail(ctx context.Context, st *stack, r *resource, creating bool, reason string) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	status := "UPDATE_FAILED"
	if creating {
		status = "CREATE_FAILED"
	}
	// An update that failed may have changed half of the resource: Undo and Prior stay, and the
	// rollback sets all of it again.
	r.Intent = ""
	if err := s.mark(context.WithoutCancel(ctx), st, r, status, strings.TrimSpace(reason)); err != nil {
		return err
	}
	if creating || r.Undo != undoUpdate {
		r.Next = nil
	}
	return errors.Join(errFailed, s.Journal.Commit(context.WithoutCancel(ctx), st.saveResource(r)))
}
