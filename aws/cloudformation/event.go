package cloudformation

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant/store/journal"
)

// tell adds an event and gives the change that keeps it. The caller holds st.mu and commits.
func (st *stack) tell(e event) journal.Change {
	e.Time = time.Now().UTC()
	e.Token = st.info.Token
	if e.ID == "" {
		e.ID = fmt.Sprintf("%s-%s-%s", e.Logical, e.Status, e.Time.Format("2006-01-02T15:04:05.000Z"))
	}
	key := fmt.Sprintf("cloudformation/event/%s/%010d", st.info.uuid(), st.info.Events)
	st.info.Events++
	st.events = append(st.events, e)
	return journal.Set(key, e)
}

// status moves the stack to a status, with its event. The caller holds st.mu.
func (s *Service) status(ctx context.Context, st *stack, status, reason string, more ...journal.Change) error {
	st.info.Status, st.info.Reason = status, reason
	e := st.tell(event{ID: uuid.NewString(), Logical: st.info.Name, Physical: st.info.ID, Type: stackType, Status: status, Reason: reason})
	return s.Journal.Commit(ctx, append(more, e, st.save())...)
}

// mark moves a resource to a status, with its event. The caller holds st.mu.
func (s *Service) mark(ctx context.Context, st *stack, r *resource, status, reason string) error {
	r.Status, r.Reason, r.Time = status, reason, time.Now().UTC()
	return s.note(ctx, st, r, r.made, status, reason)
}

// note tells of a thing of a resource without changing the resource's own status.
func (s *Service) note(ctx context.Context, st *stack, r *resource, of made, status, reason string) error {
	properties := of.Properties
	if r.Next != nil {
		properties = r.Next.Properties
	}
	text := ""
	if b, err := json.Marshal(properties); err == nil && properties != nil {
		text = string(b)
	}
	e := st.tell(event{Logical: r.Logical, Physical: of.ID, Type: r.Type, Status: status, Reason: reason, Properties: text})
	return s.Journal.Commit(ctx, e, st.saveResource(r), st.save())
}
