package cloudformation_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

const twoBoxes = `
Parameters:
  Size: {Type: Number, Default: 3}
  Colour: {Type: String, Default: red}
Resources:
  Second:
    Type: Test::Box
    Properties: {Parts: [!GetAtt First.Arn], Name: second}
  First:
    Type: Test::Box
    Properties: {Size: !Ref Size, Colour: !Ref Colour}
Outputs:
  First: {Value: !Ref First, Export: {Name: first-box}}
  Arn: {Value: !GetAtt First.Arn, Description: of the first}
`

func output(st types.Stack, key string) string {
	for _, o := range st.Outputs {
		if *o.OutputKey == key {
			return *o.OutputValue
		}
	}
	return ""
}

func TestStackLifecycle(t *testing.T) {
	h := newHouse(t)
	id := h.create("s", twoBoxes)
	st := h.want("s", types.StackStatusCreateComplete)
	first := output(st, "First")
	if !strings.HasPrefix(first, "s-First-") || output(st, "Arn") != "arn:test:"+first {
		t.Fatalf("outputs %v", st.Outputs)
	}
	if got := h.shelf.boxes["second"].Parts; !cmp.Equal(got, []string{"arn:test:" + first}) {
		t.Errorf("second has parts %v", got)
	}
	want := []string{
		"s CREATE_IN_PROGRESS User Initiated",
		"First CREATE_IN_PROGRESS", "First CREATE_IN_PROGRESS Resource creation Initiated", "First CREATE_COMPLETE",
		"Second CREATE_IN_PROGRESS", "Second CREATE_IN_PROGRESS Resource creation Initiated", "Second CREATE_COMPLETE",
		"s CREATE_COMPLETE",
	}
	if d := cmp.Diff(want, h.events("s")); d != "" {
		t.Error(d)
	}

	// In place.
	h.update("s", twoBoxes, "Size", "5")
	st = h.want("s", types.StackStatusUpdateComplete)
	if output(st, "First") != first || *h.shelf.boxes[first].Size != 5 {
		t.Errorf("the first box is %s of size %d", output(st, "First"), *h.shelf.boxes[first].Size)
	}
	// Replaced, and what depends on it follows.
	h.update("s", twoBoxes, "Size", "5", "Colour", "blue")
	st = h.want("s", types.StackStatusUpdateComplete)
	again := output(st, "First")
	if again == first {
		t.Error("the first box was not replaced")
	}
	if d := cmp.Diff([]string{again, "second"}, h.shelf.names()); d != "" {
		t.Error(d)
	}
	if got := h.shelf.boxes["second"].Parts[0]; got != "arn:test:"+again {
		t.Errorf("second still has %s", got)
	}

	_, err := h.UpdateStack(t.Context(), &sdk.UpdateStackInput{StackName: aws.String("s"), UsePreviousTemplate: aws.Bool(true), Parameters: []types.Parameter{
		{ParameterKey: aws.String("Size"), UsePreviousValue: aws.Bool(true)}, {ParameterKey: aws.String("Colour"), UsePreviousValue: aws.Bool(true)},
	}})
	wantFault(t, err, "ValidationError", "No updates are to be performed.")

	h.shelf.calls = nil
	if _, err := h.DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	h.want(id, types.StackStatusDeleteComplete)
	if d := cmp.Diff([]string{"delete second", "delete " + again}, h.shelf.calls); d != "" {
		t.Error(d)
	}
	_, err = h.DescribeStacks(t.Context(), &sdk.DescribeStacksInput{StackName: aws.String("s")})
	wantFault(t, err, "ValidationError", "Stack with id s does not exist")
}

func wantFault(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}

func TestCreateRollsBack(t *testing.T) {
	h := newHouse(t)
	h.create("s", `
Resources:
  Good: {Type: Test::Box}
  Bad: {Type: Test::Box, DependsOn: Good, Properties: {Fail: create}}
  Never: {Type: Test::Box, DependsOn: Bad}
`)
	st := h.want("s", types.StackStatusRollbackComplete)
	if len(h.shelf.names()) != 0 {
		t.Errorf("left over: %v", h.shelf.names())
	}
	events := strings.Join(h.events("s"), "\n")
	for _, want := range []string{
		`Bad CREATE_FAILED Resource handler returned message: "no such box" (RequestToken: `, `HandlerErrorCode: InvalidRequest)`,
		"s ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Bad]. Rollback requested by user.",
		"Good DELETE_COMPLETE", "s ROLLBACK_COMPLETE",
	} {
		if !strings.Contains(events, want) {
			t.Errorf("no event %q in\n%s", want, events)
		}
	}
	_, err := h.UpdateStack(t.Context(), &sdk.UpdateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(twoBoxes)})
	wantFault(t, err, "ValidationError", "Stack:"+*st.StackId+" is in ROLLBACK_COMPLETE state and can not be updated.")
	_, err = h.CreateStack(t.Context(), &sdk.CreateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(twoBoxes)})
	wantFault(t, err, "AlreadyExistsException", "Stack [s] already exists")
}

func TestUpdateRollsBack(t *testing.T) {
	h := newHouse(t)
	h.create("s", twoBoxes)
	first := output(h.want("s", types.StackStatusCreateComplete), "First")
	// A replacement, an update and a new box are done; then one fails.
	h.update("s", `
Resources:
  First: {Type: Test::Box, Properties: {Size: 4, Colour: green}}
  Second: {Type: Test::Box, Properties: {Name: second, Parts: [new]}}
  Third: {Type: Test::Box}
  Bad: {Type: Test::Box, DependsOn: [First, Second, Third], Properties: {Fail: create}}
`)
	st := h.want("s", types.StackStatusUpdateRollbackComplete)
	if d := cmp.Diff([]string{first, "second"}, h.shelf.names()); d != "" {
		t.Error(d)
	}
	if got := h.shelf.boxes["second"].Parts; !cmp.Equal(got, []string{"arn:test:" + first}) {
		t.Errorf("second has %v", got)
	}
	if *h.shelf.boxes[first].Size != 3 || output(st, "First") != first {
		t.Errorf("first is %+v, outputs %v", h.shelf.boxes[first], st.Outputs)
	}
	list, err := h.ListStackResources(t.Context(), &sdk.ListStackResourcesInput{StackName: aws.String("s")})
	if err != nil || len(list.StackResourceSummaries) != 2 {
		t.Errorf("resources %v, %v", list, err)
	}
	// And an update that fails in place.
	h.update("s", strings.Replace(twoBoxes, "Size: !Ref Size,", "Size: 9, Fail: update,", 1))
	h.want("s", types.StackStatusUpdateRollbackComplete)
	if *h.shelf.boxes[first].Size != 3 {
		t.Errorf("first is %+v", h.shelf.boxes[first])
	}
	if _, err := h.DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	h.want(*st.StackId, types.StackStatusDeleteComplete)
	if len(h.shelf.names()) != 0 {
		t.Errorf("left over: %v", h.shelf.names())
	}
}

func TestRestartInTheMiddle(t *testing.T) {
	h := newHouse(t)
	h.shelf.hold["second"] = make(chan struct{})
	h.create("s", twoBoxes)
	<-h.shelf.seen // second is made, and nobody has said so yet
	if err := h.service.Close(); err != nil {
		t.Fatal(err)
	}
	h.open()
	h.want("s", types.StackStatusCreateComplete)
	if got := strings.Join(h.shelf.calls, ","); strings.Count(got, "create second") != 1 {
		t.Errorf("second was made again: %s", got)
	}
	h.update("s", twoBoxes, "Size", "8")
	st := h.want("s", types.StackStatusUpdateComplete)
	if *h.shelf.boxes[output(st, "First")].Size != 8 {
		t.Error("the update after the restart did nothing")
	}
	// A rollback goes back to what was last, also where that was before another restart.
	if err := h.service.Close(); err != nil {
		t.Fatal(err)
	}
	h.open()
	h.update("s", strings.Replace(twoBoxes, "Size: !Ref Size,", "Size: 9, Fail: update,", 1))
	h.want("s", types.StackStatusUpdateRollbackComplete)
	if *h.shelf.boxes[output(st, "First")].Size != 8 {
		t.Error("the rollback went too far back")
	}
}

func TestRetainAndFailedDeletion(t *testing.T) {
	h := newHouse(t)
	id := h.create("s", `
Resources:
  Kept: {Type: Test::Box, DeletionPolicy: Retain, Properties: {Name: kept}}
  Heavy: {Type: Test::Box, Properties: {Name: heavy, Fail: delete}}
  Light: {Type: Test::Box, Properties: {Name: light}}
`)
	h.want("s", types.StackStatusCreateComplete)
	if _, err := h.DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	st := h.want("s", types.StackStatusDeleteFailed)
	if got := aws.ToString(st.StackStatusReason); got != "The following resource(s) failed to delete: [Heavy]. " {
		t.Errorf("reason %q", got)
	}
	if _, err := h.DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: aws.String("s"), RetainResources: []string{"Heavy"}}); err != nil {
		t.Fatal(err)
	}
	h.want(id, types.StackStatusDeleteComplete)
	if d := cmp.Diff([]string{"heavy", "kept"}, h.shelf.names()); d != "" {
		t.Error(d)
	}
	events := strings.Join(h.events(id), "\n")
	for _, want := range []string{"Kept DELETE_SKIPPED", "Heavy DELETE_SKIPPED", "Light DELETE_COMPLETE"} {
		if !strings.Contains(events, want) {
			t.Errorf("no event %q in\n%s", want, events)
		}
	}
}

func TestRefusals(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct{ body, code, message string }{
		{`{"Resources": {}}`, "ValidationError", "Template format error: At least one Resources member must be defined."},
		{`Resources: {A: {Type: Foo::Bar}, B: {Type: Test::Box}}`, "ValidationError", "Template format error: Unrecognized resource types: [Foo::Bar]"},
		{`Resources: {A: {Type: Test::Role}}`, "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"},
		{`Resources: {A: {Type: Test::Role, Properties: {Name: me}}}`, "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]"},
		{`{Parameters: {A: {Type: String}, B: {Type: String}}, Resources: {X: {Type: Test::Box}}}`, "ValidationError", "Template format error: JSON not well-formed. (line 1, column 2)"},
		{"Parameters: {A: {Type: String}, B: {Type: String}}\nResources: {X: {Type: Test::Box}}", "ValidationError", "Parameters: [A, B] must have values"},
		{`Resources: {A: {Type: Test::Box, Properties: {Name: !GetAtt B.Nope}}, B: {Type: Test::Box}}`, "ValidationError", "Template error: resource B does not support attribute type Nope in Fn::GetAtt"},
		{`Resources: {A: {Type: Test::Box, Properties: {Name: !ImportValue nowhere}}}`, "ValidationError", "No export named nowhere found."},
	} {
		_, err := h.CreateStack(t.Context(), &sdk.CreateStackInput{StackName: aws.String("s"), TemplateBody: &c.body})
		wantFault(t, err, c.code, c.message)
	}
	if len(h.shelf.calls) != 0 {
		t.Errorf("handlers were called: %v", h.shelf.calls)
	}
}

func TestChangeSets(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	if _, err := h.CreateChangeSet(ctx, &sdk.CreateChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("one"), ChangeSetType: types.ChangeSetTypeCreate, TemplateBody: aws.String(twoBoxes)}); err != nil {
		t.Fatal(err)
	}
	st, err := h.DescribeStacks(ctx, &sdk.DescribeStacksInput{StackName: aws.String("s")})
	if err != nil || st.Stacks[0].StackStatus != types.StackStatusReviewInProgress || len(h.shelf.calls) != 0 {
		t.Errorf("%+v, %v, handlers called: %v", st, err, h.shelf.calls)
	}
	d, err := h.DescribeChangeSet(ctx, &sdk.DescribeChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("one")})
	if err != nil || len(d.Changes) != 2 || d.Status != types.ChangeSetStatusCreateComplete || d.Changes[0].ResourceChange.Action != types.ChangeActionAdd {
		t.Fatalf("%+v %v", d, err)
	}
	if _, err := h.ExecuteChangeSet(ctx, &sdk.ExecuteChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("one")}); err != nil {
		t.Fatal(err)
	}
	h.want("s", types.StackStatusCreateComplete)

	if _, err := h.CreateChangeSet(ctx, &sdk.CreateChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("same"), TemplateBody: aws.String(twoBoxes)}); err != nil {
		t.Fatal(err)
	}
	d, err = h.DescribeChangeSet(ctx, &sdk.DescribeChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("same")})
	if err != nil || d.Status != types.ChangeSetStatusFailed || !strings.HasPrefix(*d.StatusReason, "The submitted information didn't contain changes.") {
		t.Fatalf("%+v %v", d, err)
	}
	if _, err := h.CreateChangeSet(ctx, &sdk.CreateChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("blue"), TemplateBody: aws.String(twoBoxes), Parameters: given([]string{"Colour", "blue"})}); err != nil {
		t.Fatal(err)
	}
	d, err = h.DescribeChangeSet(ctx, &sdk.DescribeChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("blue")})
	if err != nil || len(d.Changes) != 2 {
		t.Fatalf("%+v %v", d, err)
	}
	var got []string
	for _, c := range d.Changes {
		got = append(got, string(c.ResourceChange.Action)+" "+*c.ResourceChange.LogicalResourceId+" "+string(c.ResourceChange.Replacement))
	}
	if diff := cmp.Diff([]string{"Modify First True", "Modify Second False"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := h.DeleteChangeSet(ctx, &sdk.DeleteChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("blue")}); err != nil {
		t.Fatal(err)
	}
	_, err = h.DescribeChangeSet(ctx, &sdk.DescribeChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("blue")})
	wantFault(t, err, "ChangeSetNotFound", "ChangeSet [blue] does not exist")
}

func TestExportsInUse(t *testing.T) {
	h := newHouse(t)
	id := h.create("giver", twoBoxes)
	h.want("giver", types.StackStatusCreateComplete)
	taker := h.create("taker", `Resources: {T: {Type: Test::Box, Properties: {Name: taken, Parts: [!ImportValue first-box]}}}`)
	h.want("taker", types.StackStatusCreateComplete)
	in, err := h.ListImports(t.Context(), &sdk.ListImportsInput{ExportName: aws.String("first-box")})
	if err != nil || !cmp.Equal(in.Imports, []string{"taker"}) {
		t.Errorf("%v %v", in, err)
	}
	drop := func(name string) {
		t.Helper()
		if _, err := h.DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: &name}); err != nil {
			t.Fatal(err)
		}
	}
	drop("giver")
	st := h.want("giver", types.StackStatusDeleteFailed)
	if got := aws.ToString(st.StackStatusReason); got != "Delete canceled. Cannot delete export first-box as it is in use by taker." {
		t.Errorf("reason %q", got)
	}
	drop("taker")
	h.want(taker, types.StackStatusDeleteComplete)
	drop("giver")
	h.want(id, types.StackStatusDeleteComplete)
}
