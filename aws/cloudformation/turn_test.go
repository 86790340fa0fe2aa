package cloudformation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"
)

// A stack that is still being made may be deleted: what is under way is cancelled, what is there is taken away.
func TestDeleteWhileCreating(t *testing.T) {
	h := newHouse(t)
	h.shelf.hold["second"] = make(chan struct{})
	id := h.create("s", twoBoxes)
	<-h.shelf.seen
	if _, err := h.DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	h.want(id, types.StackStatusDeleteComplete)
	if len(h.shelf.names()) != 0 {
		t.Errorf("left over: %v", h.shelf.names())
	}
	events := strings.Join(h.events(id), "\n")
	for _, want := range []string{"s DELETE_IN_PROGRESS User Initiated", "Second CREATE_FAILED Resource creation cancelled", "First DELETE_COMPLETE", "s DELETE_COMPLETE"} {
		if !strings.Contains(events, want) {
			t.Errorf("no event %q in\n%s", want, events)
		}
	}
	if strings.Contains(events, "ROLLBACK") || strings.Contains(events, "s CREATE_COMPLETE") {
		t.Errorf("events of a creation that came to an end:\n%s", events)
	}
}

// stiff boxes cannot be turned to what they are made with.
const (
	stiff   = `Resources: {First: {Type: Test::Box, Properties: {Size: 1, Fail: update}}}`
	failing = `
Resources:
  First: {Type: Test::Box, Properties: {Size: 2}}
  New: {Type: Test::Box, DependsOn: First, DeletionPolicy: RetainExceptOnCreate}
  Bad: {Type: Test::Box, DependsOn: New, Properties: {Fail: create}}
`
)

// What fails to be turned back waits until it is told to go on, and may be skipped.
func TestContinueUpdateRollback(t *testing.T) {
	h := newHouse(t)
	h.create("s", stiff)
	first := *h.want("s", types.StackStatusCreateComplete).StackName
	_, err := h.ContinueUpdateRollback(t.Context(), &sdk.ContinueUpdateRollbackInput{StackName: &first})
	if err == nil || !strings.Contains(err.Error(), "is in CREATE_COMPLETE state and can not continue update rollback.") {
		t.Errorf("got %v", err)
	}
	h.update("s", failing)
	st := h.want("s", types.StackStatusUpdateRollbackFailed)
	if got := aws.ToString(st.StackStatusReason); got != "The following resource(s) failed to update: [First]. " {
		t.Errorf("reason %q", got)
	}
	// A resource that is new in an update fails to be created.
	if events := strings.Join(h.events("s"), "\n"); !strings.Contains(events, "s UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Bad]. ") {
		t.Errorf("events:\n%s", events)
	}
	if _, err := h.ContinueUpdateRollback(t.Context(), &sdk.ContinueUpdateRollbackInput{StackName: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	h.want("s", types.StackStatusUpdateRollbackFailed)
	_, err = h.ContinueUpdateRollback(t.Context(), &sdk.ContinueUpdateRollbackInput{StackName: aws.String("s"), ResourcesToSkip: []string{"Bad"}})
	if err == nil {
		t.Error("a resource that did not fail to be turned back was skipped")
	}
	if _, err := h.ContinueUpdateRollback(t.Context(), &sdk.ContinueUpdateRollbackInput{StackName: aws.String("s"), ResourcesToSkip: []string{"First"}}); err != nil {
		t.Fatal(err)
	}
	h.want("s", types.StackStatusUpdateRollbackComplete)
	if names := h.shelf.names(); len(names) != 1 || !strings.HasPrefix(names[0], "s-First-") {
		t.Errorf("boxes %v: New was created by the update that was rolled back", names)
	}
}

// A turning back that is tried again starts from what the failed update may have made, not from what was
// before: the second try has the same work to do.
func TestTurningBackAgainKnowsTheHalf(t *testing.T) {
	h := newHouse(t)
	h.create("s", stiff)
	h.want("s", types.StackStatusCreateComplete)
	h.update("s", strings.Replace(stiff, "Size: 1", "Size: 2", 1)) // fails half way, and so does its way back
	h.want("s", types.StackStatusUpdateRollbackFailed)
	for range 2 {
		h.shelf.turned = nil
		if _, err := h.ContinueUpdateRollback(t.Context(), &sdk.ContinueUpdateRollbackInput{StackName: aws.String("s")}); err != nil {
			t.Fatal(err)
		}
		h.want("s", types.StackStatusUpdateRollbackFailed)
		if d := cmp.Diff([]string{"2 -> 1"}, h.shelf.turned); d != "" {
			t.Error(d)
		}
	}
}

func TestSnapshotsAreRefused(t *testing.T) {
	h := newHouse(t)
	_, err := h.CreateStack(t.Context(), &sdk.CreateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(`Resources: {B: {Type: Test::Box, DeletionPolicy: Snapshot}}`)})
	wantFault(t, err, "ValidationError", "Template error: resource type Test::Box does not support deletion policy Snapshot")
	if slices.Contains(h.shelf.calls, "create") {
		t.Error("something was made")
	}
}
