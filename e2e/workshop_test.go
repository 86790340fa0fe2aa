package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const verified = "verified    every record put is filtered, delivered or in an error object, once"

// restarting stops hydrant between two blocks and starts it again at the same address over the same
// data: with SIGTERM and with kill -9 by turns.
func restarting(t *testing.T, data string, p **process) func(next int) {
	return func(next int) {
		was := *p
		if next%2 == 0 {
			was.stop()
		} else {
			was.kill()
		}
		*p = serve(t, data, was.addr)
	}
}

// TestConformWorkshopByHand runs the workshop's first half as docs/workshop.md has it, with hydrant
// stopped between any two blocks.
func TestConformWorkshopByHand(t *testing.T) {
	conforming(t)
	t.Parallel() // they wait more than they work
	data := t.TempDir()
	p := serve(t, data, "")
	out := walk(t, p, walkthrough(t, "docs/workshop.md", "by hand"), restarting(t, data, &p))
	prints(t, out,
		`"Arn": "arn:aws:iam::000000000000:root"`,
		"\nnyctaxitrips\n",
		"pickup_latitude",
		`"AWSLambdaBasicExecutionRole"`,
		`"ReadStream"`,
		"year=",
		"batch done",
		"REPORT RequestId:",
		"Repair: Added partition to metastore nyctaxitrips:year=",
		`"ConsumerName": "nyc-taxi-trips-cons-1"`,
		"\"errorCode\":\"DataFormatConversion.EntityNotFound\"",
		"ServiceUnavailableException",
		"put         10000\n", "put         20000\n", "put         30000\n", "put         40000\n",
		"remove_bucket: kinesislabs-datalake-bucket",
	)
	if n := strings.Count(out, verified); n != 4 {
		t.Errorf("verified %d times, want 4", n)
	}
	left(t, p)
}

// TestConformWorkshopByTemplate runs its second half: a stack, switched to enhanced fan-out under load.
func TestConformWorkshopByTemplate(t *testing.T) {
	conforming(t)
	t.Parallel()
	data := t.TempDir()
	p := serve(t, data, "")
	out := walk(t, p, walkthrough(t, "docs/workshop.md", "by template"), restarting(t, data, &p))
	prints(t, out,
		"Successfully created/updated stack - taxi",
		"CREATE_COMPLETE",
		"put         10000\n", verified, "put         20000\n",
		"not verified: 0 missing,", "0 altered, 0 never put",
		"\n9852\n", // trips of the replay that are complete
		":stream/nyctaxitrips/consumer/nyc-taxi-trips-cons-1:",
		`"Consumers": []`,
		"remove_bucket: taxi-lake-",
	)
	left(t, p)
}

// TestConformWorkshopFanOut: the template with enhanced fan-out from the beginning.
func TestConformWorkshopFanOut(t *testing.T) {
	conforming(t)
	t.Parallel()
	data := t.TempDir()
	p := serve(t, data, "")
	blocks := walkthrough(t, "docs/workshop.md", "by template")[:3]
	const parameters = "--parameter-overrides "
	if !strings.Contains(blocks[1], parameters) || !strings.Contains(blocks[2], "hydrant verify") {
		t.Fatal("the page's first blocks are others now")
	}
	blocks[1] = strings.Replace(blocks[1], parameters, parameters+"EventSourceMappingType=EFO ", 1)
	prints(t, walk(t, p, blocks, restarting(t, data, &p)), "/consumer/nyc-taxi-trips-cons-1:", "put         10000\n", verified)
}

// TestConformWorkshopBoto3 does the workshop's steps, both triggers among them, through boto3.
func TestConformWorkshopBoto3(t *testing.T) {
	conforming(t)
	t.Parallel()
	need(t, exec.Command("python3", "-c", "import boto3").Run() == nil, "Python with boto3")
	p := serve(t, t.TempDir(), "")
	cmd := exec.CommandContext(t.Context(), "python3", filepath.Join(root(t), "e2e/testdata/workshop.py"), filepath.Join(root(t), "deploy/workshop"))
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+p.url, "AWS_DEFAULT_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n-- hydrant's log:\n%s", err, out, p.stderr())
	}
	left(t, p)
}

// left fails where anything is left of the workshop.
func left(t *testing.T, p *process) {
	t.Helper()
	ctx, cfg := t.Context(), p.sdk(1)
	streams, err := kinesis.NewFromConfig(cfg).ListStreams(ctx, &kinesis.ListStreamsInput{})
	if err != nil || len(streams.StreamNames) != 0 {
		t.Errorf("streams left: %+v %v", streams, err)
	}
	deliveries, err := firehose.NewFromConfig(cfg).ListDeliveryStreams(ctx, &firehose.ListDeliveryStreamsInput{})
	if err != nil || len(deliveries.DeliveryStreamNames) != 0 {
		t.Errorf("delivery streams left: %+v %v", deliveries, err)
	}
	functions, err := lambda.NewFromConfig(cfg).ListFunctions(ctx, &lambda.ListFunctionsInput{})
	if err != nil || len(functions.Functions) != 0 {
		t.Errorf("functions left: %+v %v", functions, err)
	}
	mappings, err := lambda.NewFromConfig(cfg).ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{})
	if err != nil || len(mappings.EventSourceMappings) != 0 {
		t.Errorf("mappings left: %+v %v", mappings, err)
	}
	roles, err := iam.NewFromConfig(cfg).ListRoles(ctx, &iam.ListRolesInput{})
	if err != nil || len(roles.Roles) != 0 {
		t.Errorf("roles left: %+v %v", roles, err)
	}
	databases, err := glue.NewFromConfig(cfg).GetDatabases(ctx, &glue.GetDatabasesInput{})
	if err != nil || len(databases.DatabaseList) != 0 {
		t.Errorf("databases left: %+v %v", databases, err)
	}
	groups, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil || len(groups.LogGroups) != 0 {
		t.Errorf("log groups left: %+v %v", groups, err)
	}
	buckets, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil || len(buckets.Buckets) != 0 {
		t.Errorf("buckets left: %+v %v", buckets, err)
	}
}
