package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestBadInput sends what users send by mistake and wants AWS's own answers, from the real process.
func TestBadInput(t *testing.T) {
	p := serve(t, t.TempDir(), "")
	ctx := t.Context()
	makeLake(t, p)
	k, f, l, g := kinesis.NewFromConfig(p.sdk(1)), firehose.NewFromConfig(p.sdk(1)), lambda.NewFromConfig(p.sdk(1)), glue.NewFromConfig(p.sdk(1))
	o := s3.NewFromConfig(p.sdk(1), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := k.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	waitActive(t, p)
	wide := strings.Repeat("x", 1<<20)
	many := make([]kinesistypes.PutRecordsRequestEntry, 501)
	for i := range many {
		many[i] = kinesistypes.PutRecordsRequestEntry{Data: []byte("x"), PartitionKey: aws.String("k")}
	}
	batch := make([]firehosetypes.Record, 501)
	for i := range batch {
		batch[i].Data = []byte("{}")
	}
	role := aws.String("arn:aws:iam::000000000000:role/r")
	only := func(_ any, err error) error { return err }
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"unknown stream", only(k.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String("nope"), Data: []byte("x"), PartitionKey: aws.String("k")})),
			"ResourceNotFoundException: Stream nope under account 000000000000 not found."},
		{"wrong name", only(k.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("no spaces"), ShardCount: aws.Int32(1)})),
			"1 validation error detected: Value 'no spaces' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{"two mistakes", only(k.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("no spaces"), ShardCount: aws.Int32(0)})),
			"2 validation errors detected: "},
		{"record too large", only(k.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String("s"), Data: []byte(wide), PartitionKey: aws.String("k")})),
			"ValidationException"},
		{"501 records", only(k.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: many})),
			"at 'records' failed to satisfy constraint: Member must have length less than or equal to 500"},
		{"unknown delivery stream", only(f.PutRecord(ctx, &firehose.PutRecordInput{DeliveryStreamName: aws.String("nope"), Record: &firehosetypes.Record{Data: []byte("x")}})),
			"ResourceNotFoundException: Firehose nope under account 000000000000 not found."},
		{"501 records to Firehose", only(f.PutRecordBatch(ctx, &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String("crash"), Records: batch})),
			"Member must have length less than or equal to 500"},
		{"Firehose record too large", only(f.PutRecord(ctx, &firehose.PutRecordInput{DeliveryStreamName: aws.String("crash"), Record: &firehosetypes.Record{Data: []byte(wide)}})),
			"1024000"},
		{"broken zip", only(l.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: aws.String("f"), Role: role, Runtime: "python3.12", Handler: aws.String("h.h"), Code: &lambdatypes.FunctionCode{ZipFile: []byte("not a zip")}})),
			"Could not unzip uploaded file. Please check your file, then try to upload again."},
		{"unknown function", only(l.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("nope")})),
			"Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"},
		{"mapping on a missing stream", only(l.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("nope"), EventSourceArn: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/nope"), StartingPosition: "LATEST"})),
			"InvalidParameterValueException"},
		{"missing database", only(g.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("nope"), TableInput: &gluetypes.TableInput{Name: aws.String("t")}})),
			"EntityNotFoundException: Database nope not found."},
		{"missing bucket", only(o.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("nope-nope"), Key: aws.String("k"), Body: strings.NewReader("x")})),
			"NoSuchBucket"},
		{"missing table at create", only(f.CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{DeliveryStreamName: aws.String("d"), ExtendedS3DestinationConfiguration: convert(role, "lake", "nope", 64)})),
			"InvalidArgumentException"},
		{"buffer too small for Parquet", only(f.CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{DeliveryStreamName: aws.String("d"), ExtendedS3DestinationConfiguration: convert(role, "lake", "crash", 5)})),
			"BufferingHints.SizeInMBs must be at least 64 when data format conversion is enabled."},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", c.name, c.err, c.want)
		}
	}
}

func convert(role *string, database, table string, size int32) *firehosetypes.ExtendedS3DestinationConfiguration {
	return &firehosetypes.ExtendedS3DestinationConfiguration{
		BucketARN: aws.String("arn:aws:s3:::crash"), RoleARN: role,
		BufferingHints: &firehosetypes.BufferingHints{SizeInMBs: aws.Int32(size), IntervalInSeconds: aws.Int32(60)},
		DataFormatConversionConfiguration: &firehosetypes.DataFormatConversionConfiguration{
			InputFormatConfiguration:  &firehosetypes.InputFormatConfiguration{Deserializer: &firehosetypes.Deserializer{OpenXJsonSerDe: &firehosetypes.OpenXJsonSerDe{}}},
			OutputFormatConfiguration: &firehosetypes.OutputFormatConfiguration{Serializer: &firehosetypes.Serializer{ParquetSerDe: &firehosetypes.ParquetSerDe{}}},
			SchemaConfiguration:       &firehosetypes.SchemaConfiguration{RoleARN: role, DatabaseName: aws.String(database), TableName: aws.String(table)},
		},
	}
}

// TestFunctionsThatFail: a handler that throws and one that hangs give AWS's documents.
func TestFunctionsThatFail(t *testing.T) {
	_, err := exec.LookPath("python3")
	need(t, err == nil, "python3")
	p := serve(t, t.TempDir(), "")
	l := lambda.NewFromConfig(p.sdk(1))
	for _, c := range []struct{ name, code, want string }{
		{"throws", "def handler(event, context):\n    raise ValueError('no such trip')\n", `"errorType": "ValueError"`},
		{"hangs", "import time\ndef handler(event, context):\n    time.sleep(60)\n", `Task timed out after 1.00 seconds`},
		{"exits", "import os\ndef handler(event, context):\n    os._exit(3)\n", `Runtime exited with error: exit status 3`},
		{"syntax", "def handler(event, context)\n    pass\n", `Runtime.UserCodeSyntaxError`},
		{"works", "def handler(event, context):\n    return {'trips': event['trips'] + 1}\n", `{"trips": 42}`},
	} {
		if _, err := l.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
			FunctionName: &c.name, Role: aws.String("arn:aws:iam::000000000000:role/r"), Runtime: "python3.12", Handler: aws.String("index.handler"),
			Code: &lambdatypes.FunctionCode{ZipFile: zipOf(t, "index.py", c.code)}, Timeout: aws.Int32(1),
		}); err != nil {
			t.Fatal(err)
		}
		if err := lambda.NewFunctionActiveV2Waiter(l).Wait(t.Context(), &lambda.GetFunctionInput{FunctionName: &c.name}, time.Minute); err != nil {
			t.Fatal(err)
		}
		out, err := l.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &c.name, Payload: []byte(`{"trips":41}`)})
		if err != nil {
			t.Fatal(c.name, err)
		}
		if (out.FunctionError != nil) != (c.name != "works") || !strings.Contains(string(out.Payload), c.want) {
			t.Errorf("%s: %v %s, want %s", c.name, aws.ToString(out.FunctionError), out.Payload, c.want)
		}
	}
}

func zipOf(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRecordsThatCannotBeConverted go to the error prefix in AWS's form; the rest lands.
func TestRecordsThatCannotBeConverted(t *testing.T) {
	p := serve(t, t.TempDir(), "")
	makeLake(t, p)
	f := firehose.NewFromConfig(p.sdk(1))
	if _, err := kinesis.NewFromConfig(p.sdk(1)).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	waitActive(t, p)
	for _, data := range []string{`{"id":"good","n":1}`, `this is not JSON`, `{"id":"bad","n":"many"}`, `{"id":"also good"}`} {
		if _, err := f.PutRecord(t.Context(), &firehose.PutRecordInput{DeliveryStreamName: aws.String("crash"), Record: &firehosetypes.Record{Data: []byte(data)}}); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := run(t, "flush", "--endpoint", p.url, "crash"); err != nil {
		t.Fatal(err, out)
	}
	out, err := run(t, "query", "--endpoint", p.url, "SELECT id, n FROM lake.crash ORDER BY id")
	if err != nil || !strings.Contains(out, "also good  NULL") || !strings.Contains(out, "good       1") {
		t.Errorf("%v\n%s", err, out)
	}
	errors := objectsUnder(t, p, "crash", "errors/format-conversion-failed")
	for _, want := range []string{`"lastErrorCode":"DataFormatConversion.ParseError"`, `"lastErrorCode":"DataFormatConversion.MalformedData"`, `"rawData":"dGhpcyBpcyBub3QgSlNPTg=="`, `"tableName":"crash"`} {
		if !strings.Contains(errors, want) {
			t.Errorf("no error object holds %s\n%s", want, errors)
		}
	}
}

func objectsUnder(t *testing.T, p *process, bucket, prefix string) string {
	t.Helper()
	o := s3.NewFromConfig(p.sdk(1), func(o *s3.Options) { o.UsePathStyle = true })
	list, err := o.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, e := range list.Contents {
		obj, err := o.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: e.Key})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\n", *e.Key)
		if _, err := all.ReadFrom(obj.Body); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// TestMissingBucketLosesNothing: delivery waits for a bucket that is gone, and goes on when it is back.
func TestMissingBucketLosesNothing(t *testing.T) {
	p := serve(t, t.TempDir(), "")
	makeLake(t, p)
	ctx := t.Context()
	f := firehose.NewFromConfig(p.sdk(1))
	o := s3.NewFromConfig(p.sdk(1), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := kinesis.NewFromConfig(p.sdk(1)).CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	waitActive(t, p)
	if _, err := o.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String("crash")}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.PutRecord(ctx, &firehose.PutRecordInput{DeliveryStreamName: aws.String("crash"), Record: &firehosetypes.Record{Data: []byte(`{"id":"kept","n":1}`)}}); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	<-short.Done() // time for a delivery to be tried and refused
	if _, err := o.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("crash")}); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, "flush", "--endpoint", p.url, "crash"); err != nil {
		t.Fatal(err, out)
	}
	out, err := run(t, "query", "--endpoint", p.url, "SELECT id, n FROM lake.crash")
	if err != nil || !strings.Contains(out, "kept") {
		t.Errorf("%v\n%s", err, out)
	}
}
