package athena

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

func TestHistoryIsBounded(t *testing.T) {
	j, err := journal.Open(vfs.NewMem(), "journal")
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	h, err := openHistory(j)
	if err != nil {
		t.Fatal(err)
	}
	h.bytes = 4 << 10
	scope := hydrant.Scope{Account: "123456789012", Region: "eu-west-1"}
	now := time.Now().UTC()
	begin := func(id string, at time.Time, query, state string) {
		t.Helper()
		e := execution{ID: id, Scope: scope, Query: query, WorkGroup: primary, State: queued, Submitted: at, Token: "token " + id}
		x, fresh, err := h.begin(t.Context(), e, nil, func() {})
		if err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		if state != queued {
			e.State = state
			if err := h.finish(x, e); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin("old", now.Add(-historyAge), "SELECT 1", succeeded)
	large := strings.Repeat("x", h.bytes/4)
	for i := range 4 {
		begin(fmt.Sprint("large", i), now, large, succeeded)
	}
	if _, err := h.get(scope, "old"); err == nil {
		t.Error("an old execution is still there")
	}
	begin("runs", now, large, queued)
	begin("next", now, large, succeeded)
	ids, _, err := h.page(scope, primary, "", 50)
	if want := []string{"next", "runs", "large3", "large2", "large1"}; err != nil || fmt.Sprint(ids) != fmt.Sprint(want) {
		t.Errorf("got %v %v", ids, err)
	}
	again, err := openHistory(j)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := again.get(scope, "runs"); err != nil || e.State != failed || !e.Error.Retryable {
		t.Errorf("after a restart: %+v %v", e.State, err)
	}
	if _, err := again.get(scope, "large0"); err == nil {
		t.Error("a forgotten execution came back")
	}
}
