package cloudformation

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

func alreadyExists(kind, identifier string) error {
	return hydrant.Faultf("AlreadyExists", "Resource of type '%s' with identifier '%s' already exists.", kind, identifier)
}

// takeDown takes away the resources that which names, those that need others first, and all that was
// replaced. It returns the names of those that would not go.
func (s *Service) takeDown(st *stack, which func(*resource) bool, rollback bool) ([]string, error) {
	st.mu.Lock()
	chosen := map[string]*resource{}
	before := map[string][]string{} // who has to go before
	for name, r := range st.resources {
		if r.Status != "DELETE_COMPLETE" && (which(r) || len(r.Stale) > 0) {
			chosen[name] = r
		}
	}
	for name, r := range chosen {
		for _, a := range r.After {
			before[a] = append(before[a], name)
		}
	}
	var nodes []node
	for name := range chosen {
		nodes = append(nodes, node{name, before[name]})
	}
	slices.SortFunc(nodes, func(a, b node) int { return strings.Compare(a.name, b.name) })
	whole := map[string]bool{}
	for name, r := range chosen {
		whole[name] = which(r)
	}
	st.mu.Unlock()

	failed := walk(s.scoped(st), nodes, false, func(ctx context.Context, name string) error {
		return s.remove(ctx, st, chosen[name], whole[name], rollback)
	})
	if s.life.Err() != nil {
		return nil, errStopping
	}
	slices.Sort(failed)
	return failed, nil
}

// remove takes away what was replaced of a resource and, where whole, the resource itself.
func (s *Service) remove(ctx context.Context, st *stack, r *resource, whole, rollback bool) error {
	h := s.Types[r.Type]
	if h == nil {
		st.mu.Lock()
		defer st.mu.Unlock()
		return errors.Join(errFailed, s.mark(ctx, st, r, "DELETE_FAILED", "Resource type "+r.Type+" is not available in hydrant."))
	}
	keep := context.WithoutCancel(ctx)
	s.adopt(ctx, st, r, h)
	for len(r.Stale) > 0 {
		m := r.Stale[0]
		if err := s.removeThing(ctx, st, r, h, m, r.ID == "" || !whole); err != nil {
			return err
		}
		st.mu.Lock()
		r.Stale = r.Stale[1:]
		err := s.Journal.Commit(keep, st.saveResource(r))
		st.mu.Unlock()
		if err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	st.mu.Lock()
	retained := r.DeletionPolicy == "Retain" || r.DeletionPolicy == "RetainExceptOnCreate" && !rollback ||
		slices.Contains(st.info.Retain, r.Logical)
	empty := r.ID == ""
	var err error
	if retained && !empty {
		err = s.mark(keep, st, r, "DELETE_SKIPPED", "")
	}
	st.mu.Unlock()
	if err != nil {
		return err
	}
	if !retained && !empty {
		if err := s.removeThing(ctx, st, r, h, r.made, true); err != nil {
			return err
		}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if r.Gone {
		delete(st.resources, r.Logical)
		return s.Journal.Commit(keep, journal.Unset(st.resourceKey(r.Logical)))
	}
	if empty && !retained {
		r.Status = "DELETE_COMPLETE"
	}
	return s.Journal.Commit(keep, st.saveResource(r))
}

// adopt finds what a creation that never answered may have made.
func (s *Service) adopt(ctx context.Context, st *stack, r *resource, h Handler) {
	st.mu.Lock()
	unsure := r.Intent == intentCreate && r.Next != nil
	var q Request
	if unsure {
		q = request(h.Schema(), r.Next)
	}
	st.mu.Unlock()
	if !unsure {
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
	r.Stale, r.Intent, r.Next = append(r.Stale, left), "", nil
}

// removeThing asks the handler to take one thing away. own: the resource's status follows it.
func (s *Service) removeThing(ctx context.Context, st *stack, r *resource, h Handler, m made, own bool) error {
	keep := context.WithoutCancel(ctx)
	tell := func(status, reason string) error {
		st.mu.Lock()
		defer st.mu.Unlock()
		if own && (r.ID == m.ID || r.ID == "") {
			return s.mark(keep, st, r, status, reason)
		}
		return s.note(keep, st, r, m, status, reason)
	}
	if err := tell("DELETE_IN_PROGRESS", ""); err != nil {
		return err
	}
	as, err := s.as(ctx, st)
	if err == nil {
		err = h.Delete(as, m.ID, request(h.Schema(), &m))
	}
	if err != nil {
		if s.life.Err() != nil {
			return errStopping
		}
		return errors.Join(errFailed, tell("DELETE_FAILED", s.handlerText(r, err)))
	}
	return tell("DELETE_COMPLETE", "")
}

// revert turns every resource an update has touched back into what it was. What the update made is
// marked Gone or Stale, for the cleanup to take away.
func (s *Service) revert(st *stack) ([]string, error) {
	st.mu.Lock()
	var nodes []node
	for name, r := range st.resources {
		nodes = append(nodes, node{name, r.After})
	}
	slices.SortFunc(nodes, func(a, b node) int { return strings.Compare(a.name, b.name) })
	st.mu.Unlock()
	failed := walk(s.scoped(st), nodes, false, func(ctx context.Context, name string) error {
		st.mu.Lock()
		r := st.resources[name]
		st.mu.Unlock()
		return s.revertOne(ctx, st, r)
	})
	if s.life.Err() != nil {
		return nil, errStopping
	}
	return failed, nil
}

func (s *Service) revertOne(ctx context.Context, st *stack, r *resource) error {
	keep := context.WithoutCancel(ctx)
	h := s.Types[r.Type]
	s.adopt(ctx, st, r, h)
	st.mu.Lock()
	defer st.mu.Unlock()
	if r.Next != nil && r.Undo == undoUpdate {
		r.Half = r.Next
	}
	now := r.made
	if r.Half != nil {
		now.Properties = r.Half.Properties
	}
	r.Intent, r.Next = "", nil
	switch r.Undo {
	case "":
		if r.ID == "" { // never came to be
			r.Gone = true
		} else if r.Status == "UPDATE_FAILED" {
			return s.mark(keep, st, r, "UPDATE_COMPLETE", "")
		}
		return s.Journal.Commit(keep, st.saveResource(r))
	case undoCreate:
		r.Undo, r.Gone = "", true
		return s.Journal.Commit(keep, st.saveResource(r))
	}
	r.Gone = false
	prior := *r.Prior
	if r.ID != prior.ID {
		r.Stale = slices.DeleteFunc(r.Stale, func(m made) bool { return m.ID == prior.ID })
		r.Stale = append(r.Stale, r.made)
		r.made = prior
		now = prior
	}
	if err := s.mark(keep, st, r, "UPDATE_IN_PROGRESS", ""); err != nil {
		return err
	}
	schema := h.Schema()
	st.mu.Unlock()
	m, err := s.turnInto(ctx, st, h, prior.ID, request(schema, &now).Properties, request(schema, &prior))
	st.mu.Lock()
	if err != nil && s.life.Err() != nil {
		return errStopping
	}
	if err != nil {
		return errors.Join(errFailed, s.mark(keep, st, r, "UPDATE_FAILED", s.handlerText(r, err)))
	}
	prior.Attributes = m.Attributes
	r.made, r.Undo, r.Prior, r.Half = prior, "", nil, nil
	return s.mark(keep, st, r, "UPDATE_COMPLETE", "")
}
