package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	workshopStream = "arn:aws:kinesis:us-east-1:000000000000:stream/nyctaxitrips"
	workshopBucket = "kinesislabs-datalake-bucket"
	basicRole      = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
)

// workshop is the workshop's first half through aws-sdk-go-v2.
type workshop struct {
	t        *testing.T
	p        *process
	ctx      context.Context
	glue     *glue.Client
	s3       *s3.Client
	athena   *athena.Client
	iam      *iam.Client
	logs     *cloudwatchlogs.Client
	firehose *firehose.Client
	kinesis  *kinesis.Client
	lambda   *lambda.Client

	put int // trips so far: ids from 1 on, each tenth without coordinates
}

// TestConformWorkshopGoSDK does the workshop's steps, data and all, through aws-sdk-go-v2, and counts to the
// record in every place: the stream read and pushed, the function's log, the lake's files, Athena's rows.
func TestConformWorkshopGoSDK(t *testing.T) {
	conforming(t)
	t.Parallel()
	need(t, exec.Command("python3", "-c", "import boto3").Run() == nil, "Python with boto3")
	p := serve(t, t.TempDir(), "")
	cfg := p.sdk(1)
	w := &workshop{
		t: t, p: p, ctx: t.Context(), glue: glue.NewFromConfig(cfg), athena: athena.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg), logs: cloudwatchlogs.NewFromConfig(cfg),
		firehose: firehose.NewFromConfig(cfg), kinesis: kinesis.NewFromConfig(cfg), lambda: lambda.NewFromConfig(cfg),
		s3: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
	}
	w.table()
	w.roles()
	w.delivery()
	w.function()

	polled := w.trigger(workshopStream)
	w.trips(2000)
	w.landed()

	_, err := w.lambda.DeleteEventSourceMapping(w.ctx, &lambda.DeleteEventSourceMappingInput{UUID: &polled})
	w.must(err)
	w.until("mapping that is gone", func() bool {
		out, err := w.lambda.ListEventSourceMappings(w.ctx, &lambda.ListEventSourceMappingsInput{})
		w.must(err)
		return len(out.EventSourceMappings) == 0
	})
	consumer := w.consumer("nyc-taxi-trips-cons-1")
	pushed := w.trigger(consumer)
	w.trips(1000)
	w.landed()
	w.stream()
	w.away(pushed)
	left(t, p)
}

func (w *workshop) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *workshop) until(what string, done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("in two minutes: no %s\n%s", what, w.p.stderr())
		}
	}
}

// file is one of deploy/workshop.
func (w *workshop) file(name string) *string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(root(w.t), "deploy/workshop", name))
	w.must(err)
	return aws.String(string(b))
}

// query runs a statement and returns its rows, without the header of a SELECT.
func (w *workshop) query(sql string) (rows [][]string, output string) {
	w.t.Helper()
	q, err := w.athena.StartQueryExecution(w.ctx, &athena.StartQueryExecutionInput{
		QueryString: &sql, QueryExecutionContext: &athenatypes.QueryExecutionContext{Database: aws.String("kinesislabs")},
		ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://" + workshopBucket + "/athena/")}})
	w.must(err)
	var x *athenatypes.QueryExecution
	w.until("end of "+sql, func() bool {
		out, err := w.athena.GetQueryExecution(w.ctx, &athena.GetQueryExecutionInput{QueryExecutionId: q.QueryExecutionId})
		w.must(err)
		x = out.QueryExecution
		return x.Status.State != athenatypes.QueryExecutionStateQueued && x.Status.State != athenatypes.QueryExecutionStateRunning
	})
	if x.Status.State != athenatypes.QueryExecutionStateSucceeded {
		w.t.Fatalf("%s: %s %s", sql, x.Status.State, aws.ToString(x.Status.StateChangeReason))
	}
	pages := athena.NewGetQueryResultsPaginator(w.athena, &athena.GetQueryResultsInput{QueryExecutionId: q.QueryExecutionId})
	for pages.HasMorePages() {
		out, err := pages.NextPage(w.ctx)
		w.must(err)
		for _, r := range out.ResultSet.Rows {
			var row []string
			for _, d := range r.Data {
				row = append(row, aws.ToString(d.VarCharValue))
			}
			rows = append(rows, row)
		}
	}
	if x.StatementType == athenatypes.StatementTypeDml {
		rows = rows[1:]
	}
	return rows, aws.ToString(x.ResultConfiguration.OutputLocation)
}

func (w *workshop) object(at string) []byte {
	w.t.Helper()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(at, "s3://"), "/")
	out, err := w.s3.GetObject(w.ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	w.must(err)
	defer out.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(out.Body)
	w.must(err)
	return b.Bytes()
}

func (w *workshop) table() {
	w.t.Helper()
	_, err := w.glue.CreateDatabase(w.ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("kinesislabs")}})
	w.must(err)
	_, err = w.s3.CreateBucket(w.ctx, &s3.CreateBucketInput{Bucket: aws.String(workshopBucket)})
	w.must(err)
	w.query(*w.file("table.sql"))
	out, err := w.glue.GetTable(w.ctx, &glue.GetTableInput{DatabaseName: aws.String("kinesislabs"), Name: aws.String("nyctaxitrips")})
	w.must(err)
	if len(out.Table.PartitionKeys) != 4 || len(out.Table.StorageDescriptor.Columns) != 10 {
		w.t.Errorf("table %+v", out.Table)
	}
}

func (w *workshop) roles() {
	w.t.Helper()
	for _, name := range []string{"lambda", "firehose"} {
		role := aws.String("nyc-taxi-trips-" + name)
		_, err := w.iam.CreateRole(w.ctx, &iam.CreateRoleInput{RoleName: role, AssumeRolePolicyDocument: w.file(name + "-trust.json")})
		w.must(err)
		_, err = w.iam.PutRolePolicy(w.ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("p"), PolicyDocument: w.file(name + "-policy.json")})
		w.must(err)
	}
	_, err := w.iam.AttachRolePolicy(w.ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("nyc-taxi-trips-lambda"), PolicyArn: aws.String(basicRole)})
	w.must(err)
}

func (w *workshop) delivery() {
	w.t.Helper()
	group := aws.String("/aws/kinesisfirehose/nyc-taxi-trips")
	_, err := w.logs.CreateLogGroup(w.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	w.must(err)
	_, err = w.logs.CreateLogStream(w.ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: aws.String("S3Delivery")})
	w.must(err)
	in := new(firehose.CreateDeliveryStreamInput)
	w.must(json.Unmarshal([]byte(*w.file("delivery-stream.json")), in))
	_, err = w.firehose.CreateDeliveryStream(w.ctx, in)
	w.must(err)
	w.until("active delivery stream", func() bool {
		out, err := w.firehose.DescribeDeliveryStream(w.ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: in.DeliveryStreamName})
		w.must(err)
		return out.DeliveryStreamDescription.DeliveryStreamStatus == "ACTIVE"
	})
}

func (w *workshop) function() {
	w.t.Helper()
	_, err := w.kinesis.CreateStream(w.ctx, &kinesis.CreateStreamInput{StreamName: aws.String("nyctaxitrips"), ShardCount: aws.Int32(4)})
	w.must(err)
	w.must(kinesis.NewStreamExistsWaiter(w.kinesis, func(o *kinesis.StreamExistsWaiterOptions) { o.MinDelay = 100 * time.Millisecond }).
		Wait(w.ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("nyctaxitrips")}, 2*time.Minute))
	source, err := os.ReadFile(filepath.Join(root(w.t), "functions/nyc-taxi-trips/python/lambda_function.py"))
	w.must(err)
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	f, err := z.Create("lambda_function.py")
	w.must(err)
	_, err = f.Write(source)
	w.must(err)
	w.must(z.Close())
	_, err = w.lambda.CreateFunction(w.ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("nyc-taxi-trips"), Runtime: lambdatypes.RuntimePython37, Handler: aws.String("lambda_function.lambda_handler"),
		Role: aws.String("arn:aws:iam::000000000000:role/nyc-taxi-trips-lambda"), Timeout: aws.Int32(300), MemorySize: aws.Int32(256), Code: &lambdatypes.FunctionCode{ZipFile: archive.Bytes()},
		Environment: &lambdatypes.Environment{Variables: map[string]string{"delivery_stream_name": "nyc-taxi-trips", "exponential_backoff_seed": "35", "number_of_retries": "3"}},
	})
	w.must(err)
	w.must(lambda.NewFunctionActiveV2Waiter(w.lambda, func(o *lambda.FunctionActiveV2WaiterOptions) { o.MinDelay = 100 * time.Millisecond }).
		Wait(w.ctx, &lambda.GetFunctionInput{FunctionName: aws.String("nyc-taxi-trips")}, 2*time.Minute))
}

func (w *workshop) consumer(name string) (arn string) {
	w.t.Helper()
	out, err := w.kinesis.RegisterStreamConsumer(w.ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: aws.String(workshopStream), ConsumerName: &name})
	w.must(err)
	w.until("active consumer", func() bool {
		d, err := w.kinesis.DescribeStreamConsumer(w.ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: out.Consumer.ConsumerARN})
		w.must(err)
		return d.ConsumerDescription.ConsumerStatus == kinesistypes.ConsumerStatusActive
	})
	return *out.Consumer.ConsumerARN
}

func (w *workshop) trigger(source string) (uuid string) {
	w.t.Helper()
	m, err := w.lambda.CreateEventSourceMapping(w.ctx, &lambda.CreateEventSourceMappingInput{
		FunctionName: aws.String("nyc-taxi-trips"), EventSourceArn: &source, StartingPosition: lambdatypes.EventSourcePositionLatest, BatchSize: aws.Int32(1000),
		FunctionResponseTypes: []lambdatypes.FunctionResponseType{lambdatypes.FunctionResponseTypeReportBatchItemFailures}})
	w.must(err)
	w.until("enabled mapping", func() bool {
		out, err := w.lambda.GetEventSourceMapping(w.ctx, &lambda.GetEventSourceMappingInput{UUID: m.UUID})
		w.must(err)
		return aws.ToString(out.State) == "Enabled"
	})
	return *m.UUID
}

func (w *workshop) away(mapping string) {
	w.t.Helper()
	_, err := w.lambda.DeleteEventSourceMapping(w.ctx, &lambda.DeleteEventSourceMappingInput{UUID: &mapping})
	w.must(err)
	_, err = w.lambda.DeleteFunction(w.ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("nyc-taxi-trips")})
	w.must(err)
	_, err = w.firehose.DeleteDeliveryStream(w.ctx, &firehose.DeleteDeliveryStreamInput{DeliveryStreamName: aws.String("nyc-taxi-trips")})
	w.must(err)
	_, err = w.kinesis.DeleteStream(w.ctx, &kinesis.DeleteStreamInput{StreamARN: aws.String(workshopStream), EnforceConsumerDeletion: aws.Bool(true)})
	w.must(err)
	w.must(kinesis.NewStreamNotExistsWaiter(w.kinesis, func(o *kinesis.StreamNotExistsWaiterOptions) { o.MinDelay = 100 * time.Millisecond }).
		Wait(w.ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("nyctaxitrips")}, 2*time.Minute))
	_, err = w.iam.DetachRolePolicy(w.ctx, &iam.DetachRolePolicyInput{RoleName: aws.String("nyc-taxi-trips-lambda"), PolicyArn: aws.String(basicRole)})
	w.must(err)
	for _, name := range []string{"nyc-taxi-trips-lambda", "nyc-taxi-trips-firehose"} {
		_, err := w.iam.DeleteRolePolicy(w.ctx, &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: aws.String("p")})
		w.must(err)
		_, err = w.iam.DeleteRole(w.ctx, &iam.DeleteRoleInput{RoleName: &name})
		w.must(err)
	}
	w.query("DROP TABLE nyctaxitrips")
	_, err = w.glue.DeleteDatabase(w.ctx, &glue.DeleteDatabaseInput{Name: aws.String("kinesislabs")})
	w.must(err)
	for _, group := range []string{"/aws/lambda/nyc-taxi-trips", "/aws/kinesisfirehose/nyc-taxi-trips"} {
		_, err := w.logs.DeleteLogGroup(w.ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &group})
		w.must(err)
	}
	objects, err := w.s3.ListObjectsV2(w.ctx, &s3.ListObjectsV2Input{Bucket: aws.String(workshopBucket)})
	w.must(err)
	for _, o := range objects.Contents {
		_, err := w.s3.DeleteObject(w.ctx, &s3.DeleteObjectInput{Bucket: aws.String(workshopBucket), Key: o.Key})
		w.must(err)
	}
	_, err = w.s3.DeleteBucket(w.ctx, &s3.DeleteBucketInput{Bucket: aws.String(workshopBucket)})
	w.must(err)
}
