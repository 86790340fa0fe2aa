package athena

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// history is all executions of all scopes, oldest first.
//
//	athena/<account>/<region>/execution/<id>    execution
//
// An execution is in the journal when it has been accepted and again when it has ended. In between
// its state is only here, and lost with the process: what is found unended at a start has failed.
type history struct {
	journal journal.Journal
	bytes   int // of the statements of one scope that are kept

	mu     sync.Mutex
	scopes map[hydrant.Scope]*scopeHistory
	closed bool
}

type scopeHistory struct {
	order  []*entry
	byID   map[string]*entry
	tokens map[string]*entry
	bytes  int
}

// entry is an execution with what stops it. Both are guarded by history.mu.
type entry struct {
	execution
	stop context.CancelCauseFunc // nil when it has ended

	settled chan struct{} // closed when the journal has answered; nil where the entry came from there
	refused error         // what it answered; read after settled
}

func executionKey(s hydrant.Scope, id string) string {
	return "athena/" + s.String() + "/execution/" + id
}

func openHistory(j journal.Journal) (*history, error) {
	h := &history{journal: j, bytes: historyBytes, scopes: map[hydrant.Scope]*scopeHistory{}}
	var all []*entry
	var lost []journal.Change
	err := eachKey(j, "execution", func(e execution) {
		x := &entry{execution: e}
		all = append(all, x)
		if !x.ended() {
			x.State, x.Completed = failed, time.Now().UTC()
			x.Reason = "GENERIC_INTERNAL_ERROR: the service was stopped while the query ran"
			x.Error = &AthenaError{ErrorCategory: 1, ErrorType: 233, Retryable: true, ErrorMessage: x.Reason}
			lost = append(lost, journal.Set(executionKey(x.Scope, x.ID), x.execution))
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b *entry) int {
		return cmp.Or(a.Submitted.Compare(b.Submitted), cmp.Compare(a.ID, b.ID))
	})
	for _, x := range all {
		h.of(x.Scope).add(x)
	}
	if len(lost) > 0 {
		if err := j.Commit(context.Background(), lost...); err != nil {
			return nil, fmt.Errorf("athena: fail what was interrupted: %w", err)
		}
	}
	return h, nil
}

// of is the history of a scope. The caller holds mu, or is alone.
func (h *history) of(s hydrant.Scope) *scopeHistory {
	sh := h.scopes[s]
	if sh == nil {
		sh = &scopeHistory{byID: map[string]*entry{}, tokens: map[string]*entry{}}
		h.scopes[s] = sh
	}
	return sh
}

func (sh *scopeHistory) add(x *entry) {
	sh.order = append(sh.order, x)
	sh.byID[x.ID] = x
	if x.Token != "" {
		sh.tokens[x.Token] = x
	}
	sh.bytes += len(x.Query)
}

// trim forgets what is too old or too much, never what still runs.
func (sh *scopeHistory) trim(now time.Time, bytes int) (changes []journal.Change) {
	for len(sh.order) > 0 {
		x := sh.order[0]
		tooMuch := len(sh.order) > historyCount || sh.bytes > bytes
		if !x.ended() || !tooMuch && now.Sub(x.Submitted) < historyAge {
			break
		}
		sh.remove(x)
		changes = append(changes, journal.Unset(executionKey(x.Scope, x.ID)))
	}
	return changes
}

func (sh *scopeHistory) remove(x *entry) {
	if i := slices.Index(sh.order, x); i >= 0 {
		sh.order = slices.Delete(sh.order, i, i+1)
	}
	delete(sh.byID, x.ID)
	if sh.tokens[x.Token] == x {
		delete(sh.tokens, x.Token)
	}
	sh.bytes -= len(x.Query)
}

// begin accepts an execution and makes it durable, or finds the one its token began earlier. admit is
// called where it is accepted, and never once the history is closed.
func (h *history) begin(ctx context.Context, e execution, stop context.CancelCauseFunc, admit func()) (x *entry, fresh bool, err error) {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil, false, hydrant.Faultf("InternalServerException", "Athena is shutting down.").WithStatus(500)
	}
	sh := h.of(e.Scope)
	if old := sh.tokens[e.Token]; e.Token != "" && old != nil {
		same := old.Digest == e.Digest
		h.mu.Unlock()
		if !same {
			return nil, false, invalid("IDEMPOTENT_PARAMETER_MISMATCH", "Idempotent parameters do not match")
		}
		return old, false, old.await(ctx)
	}
	x = &entry{execution: e, stop: stop, settled: make(chan struct{})}
	changes := append(sh.trim(e.Submitted, h.bytes), journal.Set(executionKey(e.Scope, e.ID), e))
	sh.add(x)
	admit()
	h.mu.Unlock()
	x.refused = h.journal.Commit(ctx, changes...)
	close(x.settled)
	if x.refused != nil {
		h.mu.Lock()
		sh.remove(x)
		h.mu.Unlock()
	}
	return x, true, x.refused
}

// await returns when an execution is durable, or with why it is not.
func (x *entry) await(ctx context.Context) error {
	if x.settled == nil {
		return nil
	}
	select {
	case <-x.settled:
		return x.refused
	case <-ctx.Done():
		return ctx.Err()
	}
}

// update changes an execution that runs.
func (h *history) update(x *entry, f func(e *execution)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f(&x.execution)
}

// finish ends an execution in the journal first, then for readers.
func (h *history) finish(x *entry, ended execution) error {
	err := h.journal.Commit(context.Background(), journal.Set(executionKey(ended.Scope, ended.ID), ended))
	h.mu.Lock()
	defer h.mu.Unlock()
	x.execution, x.stop = ended, nil
	return err
}

// get is a copy of an execution.
func (h *history) get(s hydrant.Scope, id string) (execution, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := h.of(s).byID[id]
	if x == nil {
		return execution{}, invalid("INVALID_INPUT", "QueryExecution %s was not found", id)
	}
	return x.execution, nil
}

// stop asks an execution to end; one that has ended stays as it is.
func (h *history) stop(s hydrant.Scope, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := h.of(s).byID[id]
	if x == nil {
		return invalid("INVALID_INPUT", "QueryExecution %s was not found", id)
	}
	if x.stop != nil {
		x.stop(errStopped)
	}
	return nil
}

// page lists ids of a work group, newest first, after the one a token names.
func (h *history) page(s hydrant.Scope, group, after string, limit int) (ids []string, next string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	sh := h.of(s)
	from := len(sh.order) - 1
	if after != "" {
		if from = slices.IndexFunc(sh.order, func(x *entry) bool { return x.ID == after }); from < 0 {
			return nil, "", invalid("INVALID_INPUT", "NextToken is invalid.")
		}
		from--
	}
	ids = []string{}
	for ; from >= 0; from-- {
		if sh.order[from].WorkGroup != group {
			continue
		}
		if len(ids) == limit {
			return ids, ids[limit-1], nil
		}
		ids = append(ids, sh.order[from].ID)
	}
	return ids, "", nil
}

// forgetGroup is the change that removes the ended executions of a work group.
func (h *history) forgetGroup(s hydrant.Scope, group string) (changes []journal.Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	sh := h.of(s)
	for _, x := range slices.Clone(sh.order) {
		if x.WorkGroup == group && x.ended() {
			sh.remove(x)
			changes = append(changes, journal.Unset(executionKey(s, x.ID)))
		}
	}
	return changes
}

func (h *history) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
}
