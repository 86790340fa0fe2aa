package e2e

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// makeLake makes bucket, table and delivery stream "crash": id string, n int, at timestamp. The
// interval is short, so that objects are cut and delivered while the process is being killed.
func makeLake(t *testing.T, p *process) {
	t.Helper()
	ctx, cfg := t.Context(), p.sdk(3)
	if _, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("crash")}); err != nil {
		t.Fatal(err)
	}
	g := glue.NewFromConfig(cfg)
	if _, err := g.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("lake")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("lake"), TableInput: &gluetypes.TableInput{
		Name: aws.String("crash"), TableType: aws.String("EXTERNAL_TABLE"),
		StorageDescriptor: &gluetypes.StorageDescriptor{
			Location:     aws.String("s3://crash/data/"),
			InputFormat:  aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
			OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"),
			SerdeInfo:    &gluetypes.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")},
			Columns: []gluetypes.Column{
				{Name: aws.String("id"), Type: aws.String("string")},
				{Name: aws.String("n"), Type: aws.String("int")},
				{Name: aws.String("at"), Type: aws.String("timestamp")},
			},
		},
	}}); err != nil {
		t.Fatal(err)
	}
	f := firehose.NewFromConfig(cfg)
	role := aws.String("arn:aws:iam::000000000000:role/firehose")
	if _, err := f.CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String("crash"),
		ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
			BucketARN: aws.String("arn:aws:s3:::crash"), RoleARN: role, Prefix: aws.String("data/"), ErrorOutputPrefix: aws.String("errors/"),
			BufferingHints: &firehosetypes.BufferingHints{SizeInMBs: aws.Int32(64), IntervalInSeconds: aws.Int32(0)},
			DataFormatConversionConfiguration: &firehosetypes.DataFormatConversionConfiguration{
				InputFormatConfiguration:  &firehosetypes.InputFormatConfiguration{Deserializer: &firehosetypes.Deserializer{OpenXJsonSerDe: &firehosetypes.OpenXJsonSerDe{}}},
				OutputFormatConfiguration: &firehosetypes.OutputFormatConfiguration{Serializer: &firehosetypes.Serializer{ParquetSerDe: &firehosetypes.ParquetSerDe{}}},
				SchemaConfiguration:       &firehosetypes.SchemaConfiguration{RoleARN: role, DatabaseName: aws.String("lake"), TableName: aws.String("crash")},
			},
		},
	}); err != nil {
		t.Fatal(err)
	}
}

// waitActive waits until the stream "s" and the delivery stream "crash" take records.
func waitActive(t *testing.T, p *process) {
	t.Helper()
	k, f := kinesis.NewFromConfig(p.sdk(3)), firehose.NewFromConfig(p.sdk(3))
	for range 200 {
		s, err := k.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")})
		if err != nil {
			t.Fatal(err)
		}
		d, err := f.DescribeDeliveryStream(t.Context(), &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: aws.String("crash")})
		if err != nil {
			t.Fatal(err)
		}
		if s.StreamDescriptionSummary.StreamStatus == "ACTIVE" && d.DeliveryStreamDescription.DeliveryStreamStatus == "ACTIVE" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the streams do not become ACTIVE")
}
