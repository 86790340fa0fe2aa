package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	kinesissdk "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/hydrant-stream/hydrant/internal/awsbody"
)

// guardedHouse is a hydrant that asks IAM about every call.
type guardedHouse struct {
	t     *testing.T
	cfg   Config
	s     *server
	admin aws.Config
}

func openGuarded(t *testing.T, delay time.Duration) *guardedHouse {
	t.Helper()
	c := defaultConfig()
	c.Data, c.Addr, c.StatusDelay = t.TempDir(), "127.0.0.1:0", delay
	c.AccessKeys = []string{"AKIAADMINISTRATOR0:secret"}
	g := &guardedHouse{t: t, cfg: c}
	g.open()
	t.Cleanup(func() { g.must(g.s.stop()) })
	return g
}

func (g *guardedHouse) open() {
	g.t.Helper()
	var err error
	g.s, err = startServer(context.WithoutCancel(g.t.Context()), g.cfg, slog.New(slog.DiscardHandler))
	g.must(err)
	g.cfg.Addr = g.s.listener.Addr().String()
	g.admin = aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(g.s.url()), RetryMaxAttempts: 1, HTTPClient: awsbody.Over(nil),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAADMINISTRATOR0", "secret", ""),
	}
}

// again stops hydrant and starts it over the same data.
func (g *guardedHouse) again() {
	g.t.Helper()
	g.must(g.s.stop())
	g.open()
}

func (g *guardedHouse) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

func allowing(actions ...string) *string {
	return aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) + `"],"Resource":"*"}]}`)
}

// user makes a user who may do some things, and returns the clients' configuration.
func (g *guardedHouse) user(name string, actions ...string) aws.Config {
	g.t.Helper()
	c := iamsdk.NewFromConfig(g.admin)
	_, err := c.CreateUser(g.t.Context(), &iamsdk.CreateUserInput{UserName: &name})
	g.must(err)
	g.allow(name, actions...)
	key, err := c.CreateAccessKey(g.t.Context(), &iamsdk.CreateAccessKeyInput{UserName: &name})
	g.must(err)
	cfg := g.admin.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
	return cfg
}

// allow sets what a user may do.
func (g *guardedHouse) allow(name string, actions ...string) {
	g.t.Helper()
	_, err := iamsdk.NewFromConfig(g.admin).PutUserPolicy(g.t.Context(), &iamsdk.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: allowing(actions...)})
	g.must(err)
}

// role makes a role that a service may take on and that may do some things.
func (g *guardedHouse) role(name, service string, actions ...string) string {
	g.t.Helper()
	c := iamsdk.NewFromConfig(g.admin)
	out, err := c.CreateRole(g.t.Context(), &iamsdk.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	g.must(err)
	_, err = c.PutRolePolicy(g.t.Context(), &iamsdk.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: allowing(actions...)})
	g.must(err)
	return *out.Role.Arn
}

func (g *guardedHouse) create(c aws.Config, name, body string, more ...func(*sdk.CreateStackInput)) string {
	g.t.Helper()
	in := &sdk.CreateStackInput{StackName: &name, TemplateBody: &body, Capabilities: []types.Capability{types.CapabilityCapabilityIam}}
	for _, f := range more {
		f(in)
	}
	out, err := sdk.NewFromConfig(c).CreateStack(g.t.Context(), in)
	g.must(err)
	return *out.StackId
}

func (g *guardedHouse) remove(c aws.Config, id string, want types.StackStatus) {
	g.t.Helper()
	_, err := sdk.NewFromConfig(c).DeleteStack(g.t.Context(), &sdk.DeleteStackInput{StackName: &id})
	g.must(err)
	g.settled(id, want)
}

// settled waits for the stack to be at rest in a status.
func (g *guardedHouse) settled(id string, want types.StackStatus) {
	g.t.Helper()
	settled(g.t, sdk.NewFromConfig(g.admin), id, want)
}

// reason is why a resource came to a status.
func (g *guardedHouse) reason(id, logical string, status types.ResourceStatus) string {
	g.t.Helper()
	out, err := sdk.NewFromConfig(g.admin).DescribeStackEvents(g.t.Context(), &sdk.DescribeStackEventsInput{StackName: &id})
	g.must(err)
	for _, e := range out.StackEvents {
		if *e.LogicalResourceId == logical && e.ResourceStatus == status {
			return aws.ToString(e.ResourceStatusReason)
		}
	}
	return ""
}

// denies holds an event to who may not do what.
func (g *guardedHouse) denies(id, logical string, status types.ResourceStatus, who, action, resource string) {
	g.t.Helper()
	want := fmt.Sprintf(`Resource handler returned message: "User: arn:aws:%s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action" (RequestToken: `, who, action, resource, action)
	if got := g.reason(id, logical, status); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ", HandlerErrorCode: AccessDenied)") {
		g.t.Errorf("%s %s: %q, want %q...", logical, status, got, want)
	}
}

func (g *guardedHouse) streams() []string {
	g.t.Helper()
	out, err := kinesissdk.NewFromConfig(g.admin).ListStreams(g.t.Context(), &kinesissdk.ListStreamsInput{})
	g.must(err)
	return out.StreamNames
}

// pipelineRights is what the workshop's template takes, call by call, and no more.
var pipelineRights = []string{
	"cloudformation:CreateStack", "cloudformation:UpdateStack",
	"s3:CreateBucket", "glue:CreateDatabase", "glue:CreateTable",
	"logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:CreateLogStream",
	"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PassRole",
	"firehose:CreateDeliveryStream", "firehose:DescribeDeliveryStream",
	"lambda:CreateFunction", "lambda:GetFunction", "lambda:CreateEventSourceMapping", "lambda:GetEventSourceMapping",
}

var deletionRights = []string{
	"cloudformation:DeleteStack", "glue:DeleteDatabase", "glue:DeleteTable", "logs:DeleteLogGroup", "logs:DeleteLogStream",
	"iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy",
	"firehose:DeleteDeliveryStream", "firehose:DescribeDeliveryStream",
	"lambda:DeleteFunction", "lambda:DeleteEventSourceMapping", "lambda:GetEventSourceMapping",
}

// TestStackWithJustItsRights makes the workshop's stack as a user who may do what it takes and no more, and
// then as one who lacks any one of these rights: the resource says which, and the stack rolls back.
func TestStackWithJustItsRights(t *testing.T) {
	body, err := os.ReadFile("../../deploy/cloudformation/nyc-taxi-trips.yml")
	if err != nil {
		t.Fatal(err)
	}
	g := openGuarded(t, 0)
	_, err = kinesissdk.NewFromConfig(g.admin).CreateStream(t.Context(), &kinesissdk.CreateStreamInput{StreamName: aws.String("trips"), ShardCount: aws.Int32(1)})
	g.must(err)
	parameters := func(in *sdk.CreateStackInput) {
		in.Parameters = []types.Parameter{{ParameterKey: aws.String("KDSStreamArn"), ParameterValue: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/trips")}}
	}
	maker := g.user("maker", pipelineRights...)
	mover := g.user("mover", deletionRights...)
	id := g.create(maker, "taxi", string(body), parameters)
	g.settled(id, types.StackStatusCreateComplete)
	_, err = sdk.NewFromConfig(maker).DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: aws.String("taxi")})
	refusedWith(t, err, "AccessDenied: User: arn:aws:iam::000000000000:user/maker is not authorized to perform: cloudformation:DeleteStack on resource: arn:aws:cloudformation:us-east-1:000000000000:stack/taxi/*")
	g.remove(mover, id, types.StackStatusDeleteComplete)

	// A rollback is the maker's too.
	with := slices.Concat(pipelineRights, deletionRights)
	for _, lacking := range pipelineRights {
		if strings.HasPrefix(lacking, "cloudformation:") || slices.Contains(deletionRights, lacking) {
			continue
		}
		g.allow("maker", slices.DeleteFunc(slices.Clone(with), func(a string) bool { return a == lacking })...)
		id := g.create(maker, "taxi", string(body), parameters)
		g.settled(id, types.StackStatusRollbackComplete)
		out, err := sdk.NewFromConfig(g.admin).DescribeStackEvents(t.Context(), &sdk.DescribeStackEventsInput{StackName: &id})
		g.must(err)
		if !slices.ContainsFunc(out.StackEvents, func(e types.StackEvent) bool {
			return e.ResourceStatus == types.ResourceStatusCreateFailed && strings.Contains(aws.ToString(e.ResourceStatusReason),
				"User: arn:aws:iam::000000000000:user/maker is not authorized to perform: "+lacking+" on resource: ")
		}) {
			t.Errorf("without %s: no event says so", lacking)
		}
		g.remove(mover, id, types.StackStatusDeleteComplete)
	}
}

func refusedWith(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

const twoStreams = `
Resources:
  First: {Type: AWS::Kinesis::Stream, Properties: {Name: first, ShardCount: %d}}
  Second: {Type: AWS::Kinesis::Stream, DependsOn: First, Properties: {Name: second, ShardCount: 1}}
`

// TestStackRunsAsItsCaller: each operation on a stack is held to its own caller's rights.
func TestStackRunsAsItsCaller(t *testing.T) {
	g := openGuarded(t, 0)
	make1 := []string{"cloudformation:*", "kinesis:CreateStream", "kinesis:DescribeStreamSummary"}
	maker, other := g.user("maker", make1...), g.user("other", "cloudformation:*", "kinesis:DescribeStreamSummary")
	id := g.create(other, "s", fmt.Sprintf(twoStreams, 1))
	g.settled(id, types.StackStatusRollbackComplete)
	g.denies(id, "First", types.ResourceStatusCreateFailed, "iam::000000000000:user/other", "kinesis:CreateStream", "arn:aws:kinesis:us-east-1:000000000000:stream/first")
	g.remove(other, id, types.StackStatusDeleteComplete) // there is nothing of it

	id = g.create(maker, "s", fmt.Sprintf(twoStreams, 1))
	g.settled(id, types.StackStatusCreateComplete)
	_, err := sdk.NewFromConfig(other).UpdateStack(t.Context(), &sdk.UpdateStackInput{StackName: &id, TemplateBody: aws.String(fmt.Sprintf(twoStreams, 2))})
	g.must(err)
	g.settled(id, types.StackStatusUpdateRollbackComplete)
	g.denies(id, "First", types.ResourceStatusUpdateFailed, "iam::000000000000:user/other", "kinesis:UpdateShardCount", "arn:aws:kinesis:us-east-1:000000000000:stream/first")
	g.remove(maker, id, types.StackStatusDeleteFailed)
	g.denies(id, "Second", types.ResourceStatusDeleteFailed, "iam::000000000000:user/maker", "kinesis:DeleteStream", "arn:aws:kinesis:us-east-1:000000000000:stream/second")
	if got := g.streams(); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("streams %v", got)
	}

	// A change set runs as the one who executes it.
	c := sdk.NewFromConfig(other)
	name := "more"
	g.remove(g.admin, id, types.StackStatusDeleteComplete)
	set, err := c.CreateChangeSet(t.Context(), &sdk.CreateChangeSetInput{StackName: aws.String("s"), ChangeSetName: &name, ChangeSetType: types.ChangeSetTypeCreate, TemplateBody: aws.String(fmt.Sprintf(twoStreams, 1))})
	g.must(err)
	_, err = sdk.NewFromConfig(maker).ExecuteChangeSet(t.Context(), &sdk.ExecuteChangeSetInput{StackName: aws.String("s"), ChangeSetName: &name})
	g.must(err)
	g.settled(*set.StackId, types.StackStatusCreateComplete)

	// Permission to name another stack is none to execute this one's change set.
	set, err = c.CreateChangeSet(t.Context(), &sdk.CreateChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("again"), TemplateBody: aws.String(fmt.Sprintf(twoStreams, 2))})
	g.must(err)
	g.create(g.admin, "mine", `{"Resources":{"L":{"Type":"AWS::Logs::LogGroup"}}}`)
	g.settled("mine", types.StackStatusCreateComplete)
	_, err = c.ExecuteChangeSet(t.Context(), &sdk.ExecuteChangeSetInput{StackName: aws.String("mine"), ChangeSetName: set.Id})
	refusedWith(t, err, "ChangeSetNotFound")
}

// TestStackRunsAsItsRole: with a role the caller needs no rights but to hand it over, once; the stack keeps it.
func TestStackRunsAsItsRole(t *testing.T) {
	g := openGuarded(t, 0)
	role := g.role("stacks", "cloudformation", "kinesis:*")
	stranger := g.role("stranger", "lambda", "kinesis:*")
	in := func(arn string) func(*sdk.CreateStackInput) {
		return func(in *sdk.CreateStackInput) { in.RoleARN = &arn }
	}
	caller, other := g.user("caller", "cloudformation:*"), g.user("other", "cloudformation:DeleteStack")
	body := fmt.Sprintf(twoStreams, 1)
	_, err := sdk.NewFromConfig(caller).CreateStack(t.Context(), &sdk.CreateStackInput{StackName: aws.String("s"), TemplateBody: &body, RoleARN: &role})
	refusedWith(t, err, "is not authorized to perform: iam:PassRole on resource: "+role)
	g.allow("caller", "cloudformation:*", "iam:PassRole")
	for _, bad := range []string{stranger, role + "-not"} {
		_, err := sdk.NewFromConfig(caller).CreateStack(t.Context(), &sdk.CreateStackInput{StackName: aws.String("s"), TemplateBody: &body, RoleARN: &bad})
		refusedWith(t, err, "ValidationError: Role "+bad+" is invalid or cannot be assumed")
	}
	id := g.create(caller, "s", body, in(role))
	g.settled(id, types.StackStatusCreateComplete)
	g.remove(other, id, types.StackStatusDeleteComplete)

	id = g.create(caller, "s", body, in(g.role("poor", "cloudformation", "kinesis:Describe*")))
	g.settled(id, types.StackStatusRollbackComplete)
	g.denies(id, "First", types.ResourceStatusCreateFailed, "sts::000000000000:assumed-role/poor/AWSCloudFormation", "kinesis:CreateStream", "arn:aws:kinesis:us-east-1:000000000000:stream/first")
}

// TestStackKeepsItsCallerOverARestart: what goes on after a restart is the caller's still, whose rights have
// changed in between.
func TestStackKeepsItsCallerOverARestart(t *testing.T) {
	g := openGuarded(t, time.Second)
	rights := []string{"cloudformation:*", "kinesis:DescribeStreamSummary", "kinesis:DeleteStream"}
	maker := g.user("maker", append(rights, "kinesis:CreateStream")...)
	id := g.create(maker, "s", fmt.Sprintf(twoStreams, 1))
	for range 1000 {
		if len(g.streams()) == 1 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	g.allow("maker", rights...) // while the first is CREATING
	g.again()
	g.settled(id, types.StackStatusRollbackComplete)
	g.denies(id, "Second", types.ResourceStatusCreateFailed, "iam::000000000000:user/maker", "kinesis:CreateStream", "arn:aws:kinesis:us-east-1:000000000000:stream/second")
	if got := g.streams(); len(got) != 0 {
		t.Errorf("streams left: %v", got)
	}
}

// TestResourceTypesAskForWhatTheyDo: the operation a resource type's call names, and so asks permission for,
// is the one it calls.
func TestResourceTypesAskForWhatTheyDo(t *testing.T) {
	files, err := filepath.Glob("cfn_*.go")
	if err != nil {
		t.Fatal(err)
	}
	known, names := map[string]bool{}, map[string]bool{}
	g := openGuarded(t, 0)
	for _, svc := range g.s.house.Load().services() {
		for _, op := range svc.Ops {
			known[svc.Name+":"+op.Name], names[op.Name] = true, true
		}
	}
	asked := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && len(call.Args) == 2 && names[f.Sel.Name] {
				if x, ok := f.X.(*ast.Ident); ok && (x.Name == "s" || x.Name == "h") {
					t.Errorf("%s: %s is called without asking", name, f.Sel.Name)
				}
			}
			if f, ok := call.Fun.(*ast.Ident); !ok || f.Name != "ask" {
				return true
			}
			asked++
			operation := strings.Trim(call.Args[1].(*ast.BasicLit).Value, `"`)
			if _, op, _ := strings.Cut(operation, ":"); !known[operation] || op != call.Args[2].(*ast.SelectorExpr).Sel.Name {
				t.Errorf("%s: asks for %s and calls %s", name, operation, call.Args[2].(*ast.SelectorExpr).Sel.Name)
			}
			return true
		})
	}
	if asked < 100 {
		t.Errorf("%d calls found: the test looks past them", asked)
	}
}
