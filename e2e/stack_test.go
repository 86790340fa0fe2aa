package e2e

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// stackUser is what the user of TestCrashStack may do: what the stack's resources take, and no more.
var stackUser = []string{
	"cloudformation:CreateStack", "cloudformation:UpdateStack", "cloudformation:DeleteStack",
	"s3:CreateBucket", "glue:CreateDatabase", "glue:CreateTable", "glue:DeleteDatabase", "glue:DeleteTable",
	"logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:CreateLogStream", "logs:DeleteLogGroup", "logs:DeleteLogStream",
	"iam:CreateRole", "iam:GetRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PassRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy",
	"firehose:CreateDeliveryStream", "firehose:DescribeDeliveryStream", "firehose:DeleteDeliveryStream",
	"lambda:CreateFunction", "lambda:GetFunction", "lambda:DeleteFunction",
	"lambda:CreateEventSourceMapping", "lambda:GetEventSourceMapping", "lambda:DeleteEventSourceMapping",
	"kinesis:RegisterStreamConsumer", "kinesis:DescribeStreamConsumer", "kinesis:DeregisterStreamConsumer",
}

// TestCrashStack kills hydrant again and again while the workshop's stack is made, turned to enhanced
// fan-out and taken away, by a user with just the rights it takes. Each operation goes on where it was, as the
// same user, and ends well; every resource is there once, and in the end none.
func TestCrashStack(t *testing.T) {
	if os.Getenv("HYDRANT_CRASH") == "" {
		t.Skip("runs with make crash")
	}
	body, err := os.ReadFile(filepath.Join(root(t), "deploy/cloudformation/nyc-taxi-trips.yml"))
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	slow := []string{"--auth", "--access-key", "000000000000:test", "--status-delay", "400ms"} // so that operations last
	p := serve(t, data, "", slow...)
	ctx := t.Context()
	g := &guarded{t: t, p: p, cfg: p.sdk(1), iam: iam.NewFromConfig(p.sdk(1))}
	keys := g.user("deployer", stackUser...).Credentials
	user := func() *cloudformation.Client {
		cfg := p.sdk(1)
		cfg.Credentials = keys
		return cloudformation.NewFromConfig(cfg)
	}
	if _, err := kinesis.NewFromConfig(p.sdk(1)).CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("nyctaxitrips"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	waiter := kinesis.NewStreamExistsWaiter(kinesis.NewFromConfig(p.sdk(3)))
	if err := waiter.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("nyctaxitrips")}, time.Minute); err != nil {
		t.Fatal(err)
	}
	parameters := func(kind string) []cfntypes.Parameter {
		return []cfntypes.Parameter{
			{ParameterKey: aws.String("KDSStreamArn"), ParameterValue: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/nyctaxitrips")},
			{ParameterKey: aws.String("EventSourceMappingType"), ParameterValue: &kind},
		}
	}
	chance := rand.New(rand.NewPCG(1, 7))
	kills := 0
	// under runs until the stack comes to rest, killed five times at random moments until then: what a
	// resource takes to become ACTIVE begins anew with every start.
	under := func(want cfntypes.StackStatus, id string) *cfntypes.Stack {
		t.Helper()
		left := 5
		for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); {
			time.Sleep(time.Duration(10+chance.IntN(250)) * time.Millisecond)
			out, err := cloudformation.NewFromConfig(p.sdk(3)).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &id})
			if err != nil {
				t.Fatal(err)
			}
			if st := &out.Stacks[0]; !strings.HasSuffix(string(st.StackStatus), "_IN_PROGRESS") {
				if st.StackStatus != want {
					events, err := cloudformation.NewFromConfig(p.sdk(3)).DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &id})
					if err != nil {
						t.Fatal(err)
					}
					for _, e := range events.StackEvents {
						if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") {
							t.Log(*e.LogicalResourceId, e.ResourceStatus, aws.ToString(e.ResourceStatusReason))
						}
					}
					t.Fatalf("the stack is %s (%s), want %s", st.StackStatus, aws.ToString(st.StackStatusReason), want)
				}
				return st
			}
			if left--; left < 0 {
				continue
			}
			p.kill()
			kills++
			p = serve(t, data, p.addr, slow...)
		}
		t.Fatal("the stack does not come to rest")
		return nil
	}
	made, err := user().CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: aws.String("taxi"), TemplateBody: aws.String(string(body)), Parameters: parameters("Standard"), Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityIam}})
	if err != nil {
		t.Fatal(err)
	}
	st := under(cfntypes.StackStatusCreateComplete, *made.StackId)
	bucket := ""
	for _, o := range st.Outputs {
		if *o.OutputKey == "Bucket" {
			bucket = *o.OutputValue
		}
	}
	sources := func(want string) {
		t.Helper()
		list, err := lambda.NewFromConfig(p.sdk(3)).ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{})
		if err != nil || len(list.EventSourceMappings) != 1 || !strings.Contains(*list.EventSourceMappings[0].EventSourceArn, want) {
			t.Errorf("event sources %+v %v, want one of %s", list.EventSourceMappings, err, want)
		}
	}
	sources(":stream/nyctaxitrips")
	buckets, err := s3.NewFromConfig(p.sdk(3), func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil || len(buckets.Buckets) != 1 || *buckets.Buckets[0].Name != bucket {
		t.Errorf("buckets %+v %v, want %s alone", buckets, err, bucket)
	}

	if _, err := user().UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName: aws.String("taxi"), UsePreviousTemplate: aws.Bool(true), Parameters: parameters("EFO"), Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityIam}}); err != nil {
		t.Fatal(err)
	}
	under(cfntypes.StackStatusUpdateComplete, *made.StackId)
	sources("/consumer/nyc-taxi-trips-cons-1:")

	if _, err := user().DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: aws.String("taxi")}); err != nil {
		t.Fatal(err)
	}
	under(cfntypes.StackStatusDeleteComplete, *made.StackId)
	_, err = cloudformation.NewFromConfig(p.sdk(1)).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("taxi")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "ValidationError" {
		t.Errorf("the stack is still there by its name: %v", err)
	}
	if kills < 3 {
		t.Errorf("only %d kills: the operations were too quick to be in the middle of", kills)
	}

	if _, err := kinesis.NewFromConfig(p.sdk(1)).DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: aws.String("nyctaxitrips")}); err != nil {
		t.Fatal(err)
	}
	if err := kinesis.NewStreamNotExistsWaiter(kinesis.NewFromConfig(p.sdk(3))).Wait(ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("nyctaxitrips")}, time.Minute); err != nil {
		t.Fatal(err)
	}
	store := s3.NewFromConfig(p.sdk(1), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := store.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket}); err != nil {
		t.Errorf("the bucket was to stay, empty: %v", err)
	}
	left(t, p)
	events, err := cloudformation.NewFromConfig(p.sdk(1)).DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: made.StackId})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []cfntypes.ResourceStatus{cfntypes.ResourceStatusCreateComplete, cfntypes.ResourceStatusUpdateComplete, cfntypes.ResourceStatusDeleteComplete} {
		if !slices.ContainsFunc(events.StackEvents, func(e cfntypes.StackEvent) bool { return *e.LogicalResourceId == "taxi" && e.ResourceStatus == want }) {
			t.Errorf("no event %s of the stack", want)
		}
	}
}
