package e2e

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	authStream  = "arn:aws:kinesis:us-east-1:000000000000:stream/trips"
	authTrip    = `{"type":"trip","trip_id":%d,"pickup_latitude":40.7,"pickup_longitude":-73.9,"dropoff_latitude":40.8,"dropoff_longitude":-73.9,"trip_distance":1.5,"passenger_count":1,"pickup_datetime":"2016-01-01T00:00:00Z","dropoff_datetime":"2016-01-01T00:10:00Z","total_amount":9.5}`
	authAllowed = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[%s],"Resource":"*"}]}`
)

// guarded is a hydrant that checks signatures and policies, with clients of its administrator.
type guarded struct {
	t   *testing.T
	p   *process
	cfg aws.Config
	iam *iam.Client
}

func (g *guarded) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// role makes a role that a service may take on and that may do nothing.
func (g *guarded) role(name, service string) (arn string) {
	g.t.Helper()
	out, err := g.iam.CreateRole(g.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	g.must(err)
	return *out.Role.Arn
}

// allow lets a role do something, in a policy named after the first of the actions.
func (g *guarded) allow(role string, actions ...string) {
	g.t.Helper()
	_, err := g.iam.PutRolePolicy(g.t.Context(), &iam.PutRolePolicyInput{
		RoleName: &role, PolicyName: policyName(actions), PolicyDocument: aws.String(fmt.Sprintf(authAllowed, `"`+strings.Join(actions, `","`)+`"`))})
	g.must(err)
}

func (g *guarded) forbid(role string, actions ...string) {
	g.t.Helper()
	_, err := g.iam.DeleteRolePolicy(g.t.Context(), &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: policyName(actions)})
	g.must(err)
}

func policyName(actions []string) *string {
	return aws.String(strings.NewReplacer(":", "-", "*", "all").Replace(actions[0]))
}

// user makes a user with a policy and returns its clients' configuration.
func (g *guarded) user(name string, actions ...string) aws.Config {
	g.t.Helper()
	_, err := g.iam.CreateUser(g.t.Context(), &iam.CreateUserInput{UserName: &name})
	g.must(err)
	_, err = g.iam.PutUserPolicy(g.t.Context(), &iam.PutUserPolicyInput{
		UserName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(fmt.Sprintf(authAllowed, `"`+strings.Join(actions, `","`)+`"`))})
	g.must(err)
	key, err := g.iam.CreateAccessKey(g.t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	g.must(err)
	cfg := g.cfg.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
	return cfg
}

func (g *guarded) put(id int) {
	g.t.Helper()
	_, err := kinesis.NewFromConfig(g.cfg).PutRecord(g.t.Context(), &kinesis.PutRecordInput{
		StreamARN: aws.String(authStream), PartitionKey: aws.String("k"), Data: fmt.Appendf(nil, authTrip, id)})
	g.must(err)
}

// until waits for something that is true sooner or later.
func (g *guarded) until(what string, done func() bool) {
	g.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			g.t.Fatalf("in two minutes: no %s\n%s", what, g.p.stderr())
		}
	}
}

// logged waits for a line with all of the parts in a log group.
func (g *guarded) logged(group string, parts ...string) {
	g.t.Helper()
	g.until(strings.Join(parts, " ... ")+" in "+group, func() bool {
		out, err := cloudwatchlogs.NewFromConfig(g.cfg).FilterLogEvents(g.t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
		if err != nil {
			return false // not there yet
		}
	lines:
		for _, e := range out.Events {
			for _, p := range parts {
				if !strings.Contains(*e.Message, p) {
					continue lines
				}
			}
			return true
		}
		return false
	})
}

// objects waits until the lake holds that many.
func (g *guarded) objects(want int) {
	g.t.Helper()
	g.until(fmt.Sprint(want, " objects"), func() bool { return g.count() == want })
}

func (g *guarded) count() int {
	g.t.Helper()
	out, err := g.s3().ListObjectsV2(g.t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("lake"), Prefix: aws.String("trips/")})
	g.must(err)
	return len(out.Contents)
}

func (g *guarded) s3() *s3.Client {
	return s3.NewFromConfig(g.cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

func refused(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("got %v, want it refused with %q", err, p)
		}
	}
}

// TestConformAuth: with --auth signatures and policies count, those of the roles of a function and of
// a delivery stream too. What a role does not allow fails in AWS's words, in the log where AWS has it,
// and goes on when the role is mended.
func TestConformAuth(t *testing.T) {
	conforming(t)
	t.Parallel()
	need(t, exec.Command("python3", "-c", "import boto3").Run() == nil, "Python with boto3")
	g := &guarded{t: t, p: serve(t, t.TempDir(), "", "--auth", "--access-key", "AKIAADMINISTRATOR0:secret")}
	g.cfg = g.p.sdk(1)
	refused(t, func() error {
		_, err := sts.NewFromConfig(g.cfg).GetCallerIdentity(t.Context(), nil)
		return err
	}(), "InvalidClientTokenId")
	g.cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIAADMINISTRATOR0", "wrong", "")
	_, err := kinesis.NewFromConfig(g.cfg).ListStreams(t.Context(), &kinesis.ListStreamsInput{})
	refused(t, err, "InvalidSignatureException")
	g.cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIAADMINISTRATOR0", "secret", "")
	g.iam = iam.NewFromConfig(g.cfg)

	g.lake()
	g.delivery()
	g.function()
	g.put(1)

	// The function's role: its log says what it may not do.
	g.logged("/aws/lambda/filter", "AccessDenied")
	if g.count() != 0 {
		t.Error("something landed")
	}
	g.allow("function", "firehose:PutRecordBatch")

	// The delivery stream's role: records are kept, the log says why.
	g.logged("/aws/kinesisfirehose/trips", `"errorCode":"S3.AccessDenied"`)
	if g.count() != 0 {
		t.Error("something landed")
	}
	g.allow("delivery", "s3:PutObject")
	g.objects(1)

	g.forbid("delivery", "glue:GetTableVersions")
	g.put(2)
	g.logged("/aws/kinesisfirehose/trips", `"errorCode":"DataFormatConversion.AccessDenied"`)
	g.allow("delivery", "glue:GetTableVersions")
	g.objects(2)

	g.users()
}

// lake makes bucket, table and log.
func (g *guarded) lake() {
	g.t.Helper()
	ctx := g.t.Context()
	_, err := g.s3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("lake")})
	g.must(err)
	_, err = glue.NewFromConfig(g.cfg).CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("lake")}})
	g.must(err)
	_, err = glue.NewFromConfig(g.cfg).CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("lake"), TableInput: &gluetypes.TableInput{
		Name: aws.String("trips"), TableType: aws.String("EXTERNAL_TABLE"),
		StorageDescriptor: &gluetypes.StorageDescriptor{
			Location:     aws.String("s3://lake/trips/"),
			InputFormat:  aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
			OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"),
			SerdeInfo:    &gluetypes.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")},
			Columns:      []gluetypes.Column{{Name: aws.String("trip_id"), Type: aws.String("bigint")}},
		},
	}})
	g.must(err)
	logs := cloudwatchlogs.NewFromConfig(g.cfg)
	_, err = logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/aws/kinesisfirehose/trips")})
	g.must(err)
	_, err = logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("/aws/kinesisfirehose/trips"), LogStreamName: aws.String("S3Delivery")})
	g.must(err)
}

// delivery makes a delivery stream whose role may read the table and log, and not write.
func (g *guarded) delivery() {
	g.t.Helper()
	role := g.role("delivery", "firehose")
	create := func() error {
		_, err := firehose.NewFromConfig(g.cfg).CreateDeliveryStream(g.t.Context(), &firehose.CreateDeliveryStreamInput{
			DeliveryStreamName: aws.String("trips"),
			ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
				BucketARN: aws.String("arn:aws:s3:::lake"), RoleARN: &role, Prefix: aws.String("trips/"), ErrorOutputPrefix: aws.String("errors/"),
				BufferingHints:           &firehosetypes.BufferingHints{SizeInMBs: aws.Int32(64), IntervalInSeconds: aws.Int32(0)},
				CloudWatchLoggingOptions: &firehosetypes.CloudWatchLoggingOptions{Enabled: aws.Bool(true), LogGroupName: aws.String("/aws/kinesisfirehose/trips"), LogStreamName: aws.String("S3Delivery")},
				DataFormatConversionConfiguration: &firehosetypes.DataFormatConversionConfiguration{
					InputFormatConfiguration:  &firehosetypes.InputFormatConfiguration{Deserializer: &firehosetypes.Deserializer{OpenXJsonSerDe: &firehosetypes.OpenXJsonSerDe{}}},
					OutputFormatConfiguration: &firehosetypes.OutputFormatConfiguration{Serializer: &firehosetypes.Serializer{ParquetSerDe: &firehosetypes.ParquetSerDe{}}},
					SchemaConfiguration:       &firehosetypes.SchemaConfiguration{RoleARN: &role, DatabaseName: aws.String("lake"), TableName: aws.String("trips")},
				},
			},
		})
		return err
	}
	refused(g.t, create(), "InvalidArgumentException", "Access was denied when calling Glue.")
	g.allow("delivery", "glue:GetTableVersions")
	g.allow("delivery", "logs:PutLogEvents")
	g.must(create())
}

// function makes the taxi filter and its trigger. Its role may log, and read the stream once it is asked to.
func (g *guarded) function() {
	g.t.Helper()
	ctx := g.t.Context()
	_, err := kinesis.NewFromConfig(g.cfg).CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("trips"), ShardCount: aws.Int32(1)})
	g.must(err)
	g.must(kinesis.NewStreamExistsWaiter(kinesis.NewFromConfig(g.cfg)).Wait(ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("trips")}, time.Minute))
	source, err := os.ReadFile(filepath.Join(root(g.t), "functions/nyc-taxi-trips/python/lambda_function.py"))
	g.must(err)
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("lambda_function.py")
	g.must(err)
	_, err = w.Write(source)
	g.must(err)
	g.must(z.Close())
	role := g.role("function", "lambda")
	l := lambda.NewFromConfig(g.cfg)
	_, err = l.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("filter"), Runtime: lambdatypes.RuntimePython313, Handler: aws.String("lambda_function.lambda_handler"), Role: &role, Timeout: aws.Int32(60),
		Code: &lambdatypes.FunctionCode{ZipFile: archive.Bytes()},
		Environment: &lambdatypes.Environment{Variables: map[string]string{
			"delivery_stream_name": "trips", "exponential_backoff_seed": "2", "number_of_retries": "0"}},
	})
	g.must(err)
	trigger := func() error {
		_, err := l.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{
			FunctionName: aws.String("filter"), EventSourceArn: aws.String(authStream), StartingPosition: lambdatypes.EventSourcePositionTrimHorizon,
			FunctionResponseTypes: []lambdatypes.FunctionResponseType{lambdatypes.FunctionResponseTypeReportBatchItemFailures},
		})
		return err
	}
	refused(g.t, trigger(), "InvalidParameterValueException", "Cannot access stream "+authStream)
	g.allow("function", "kinesis:GetRecords")
	g.must(trigger())
}

// users have what their policies give them and not what a service could do for them.
func (g *guarded) users() {
	t, ctx := g.t, g.t.Context()
	t.Helper()
	stacks := cloudformation.NewFromConfig(g.user("builder", "cloudformation:*"))
	_, err := stacks.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(`{"Resources":{"B":{"Type":"AWS::S3::Bucket"}}}`)})
	g.must(err)
	var stack cfntypes.Stack
	g.until("stack at rest", func() bool {
		out, err := stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("s")})
		g.must(err)
		stack = out.Stacks[0]
		return !strings.HasSuffix(string(stack.StackStatus), "_IN_PROGRESS")
	})
	events, err := stacks.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: aws.String("s")})
	g.must(err)
	if stack.StackStatus != cfntypes.StackStatusRollbackComplete || !slices.ContainsFunc(events.StackEvents, func(e cfntypes.StackEvent) bool {
		return strings.Contains(aws.ToString(e.ResourceStatusReason), "User: arn:aws:iam::000000000000:user/builder is not authorized to perform: s3:CreateBucket on resource: ")
	}) {
		t.Errorf("the stack of one who may make no bucket: %s, %+v", stack.StackStatus, events.StackEvents)
	}

	ask := func(a *athena.Client, to string) (string, error) {
		out, err := a.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{
			QueryString: aws.String("SELECT count(*) FROM lake.trips"), ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: &to}})
		if err != nil {
			return "", err
		}
		for {
			e, err := a.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: out.QueryExecutionId})
			g.must(err)
			switch s := e.QueryExecution.Status; s.State {
			case athenatypes.QueryExecutionStateSucceeded, athenatypes.QueryExecutionStateFailed:
				return string(s.State) + " " + aws.ToString(s.StateChangeReason), nil
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	reader := athena.NewFromConfig(g.user("reader", "athena:*"))
	_, err = ask(reader, "s3://lake/results/")
	refused(t, err, "not authorized to perform: s3:PutObject")
	writer := athena.NewFromConfig(g.user("writer", "athena:*", "s3:PutObject"))
	if got, err := ask(writer, "s3://lake/results/"); err != nil || !strings.HasPrefix(got, "FAILED ") || !strings.Contains(got, "does not exist") {
		t.Errorf("without Glue: %q %v", got, err)
	}
	analyst := athena.NewFromConfig(g.user("analyst", "athena:*", "s3:*", "glue:Get*"))
	if got, err := ask(analyst, "s3://lake/results/"); err != nil || !strings.HasPrefix(got, "SUCCEEDED") {
		t.Errorf("with all it takes: %q %v", got, err)
	}
}
