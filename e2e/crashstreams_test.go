package e2e

import (
	"archive/zip"
	"bytes"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// passing is a transform that changes nothing.
const passing = `
def handler(event, context):
    return {'records': [{'recordId': r['recordId'], 'result': 'Ok', 'data': r['data']} for r in event['records']]}
`

// makeStreams makes the bucket "lake" and a delivery stream of every kind into it, each below a folder of
// its name.
func makeStreams(t *testing.T, p *process) {
	t.Helper()
	ctx, cfg := t.Context(), p.sdk(3)
	role := aws.String("arn:aws:iam::000000000000:role/r")
	if _, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	if _, err := kinesis.NewFromConfig(cfg).CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("source"), ShardCount: aws.Int32(2)}); err != nil {
		t.Fatal(err)
	}
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	w, err := z.Create("main.py")
	if err == nil {
		_, err = w.Write([]byte(passing))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	fn, err := lambda.NewFromConfig(cfg).CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("pass"), Role: role, Runtime: lambdatypes.RuntimePython312, Handler: aws.String("main.handler"),
		Timeout: aws.Int32(60), Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()},
	})
	if err != nil {
		t.Fatal(err)
	}
	processor := func(kind firehosetypes.ProcessorType, kv ...string) *firehosetypes.ProcessingConfiguration {
		pr := firehosetypes.Processor{Type: kind}
		for i := 0; i < len(kv); i += 2 {
			pr.Parameters = append(pr.Parameters, firehosetypes.ProcessorParameter{ParameterName: firehosetypes.ProcessorParameterName(kv[i]), ParameterValue: aws.String(kv[i+1])})
		}
		return &firehosetypes.ProcessingConfiguration{Enabled: aws.Bool(true), Processors: []firehosetypes.Processor{pr}}
	}
	hints := func(mb int32) *firehosetypes.BufferingHints {
		return &firehosetypes.BufferingHints{SizeInMBs: aws.Int32(mb), IntervalInSeconds: aws.Int32(0)}
	}
	f := firehose.NewFromConfig(cfg)
	for _, name := range []string{"plain", "partitioned", "transformed", "sourced"} {
		d := &firehosetypes.ExtendedS3DestinationConfiguration{
			BucketARN: aws.String("arn:aws:s3:::lake"), RoleARN: role, Prefix: aws.String(name + "/"), ErrorOutputPrefix: aws.String("errors/"),
			BufferingHints: hints(1),
		}
		in := &firehose.CreateDeliveryStreamInput{DeliveryStreamName: aws.String(name), ExtendedS3DestinationConfiguration: d}
		switch name {
		case "partitioned":
			d.BufferingHints = hints(64)
			d.BufferingHints.IntervalInSeconds = aws.Int32(1)
			d.Prefix = aws.String("partitioned/!{partitionKeyFromQuery:part}/")
			d.ErrorOutputPrefix = aws.String("errors/!{firehose:error-output-type}/")
			d.DynamicPartitioningConfiguration = &firehosetypes.DynamicPartitioningConfiguration{Enabled: aws.Bool(true)}
			d.ProcessingConfiguration = processor("MetadataExtraction", "MetadataExtractionQuery", "{part:.part}", "JsonParsingEngine", "JQ-1.6")
		case "transformed":
			d.ProcessingConfiguration = processor("Lambda", "LambdaArn", *fn.FunctionArn, "BufferIntervalInSeconds", "1", "BufferSizeInMBs", "1")
			d.S3BackupMode = firehosetypes.S3BackupModeEnabled
			d.S3BackupConfiguration = &firehosetypes.S3DestinationConfiguration{BucketARN: d.BucketARN, RoleARN: role, Prefix: aws.String("backup/"), BufferingHints: hints(1)}
		case "sourced":
			in.DeliveryStreamType = firehosetypes.DeliveryStreamTypeKinesisStreamAsSource
			in.KinesisStreamSourceConfiguration = &firehosetypes.KinesisStreamSourceConfiguration{KinesisStreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/source"), RoleARN: role}
		}
		if _, err := f.CreateDeliveryStream(ctx, in); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			out, err := f.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: aws.String(name)})
			if err == nil && out.DeliveryStreamDescription.DeliveryStreamStatus == firehosetypes.DeliveryStreamStatusActive {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s does not become active: %v", name, err)
			}
		}
	}
}
