package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// demoColumns are the ten columns of the table.
var demoColumns = [][2]string{
	{"pickup_latitude", "double"}, {"pickup_longitude", "double"}, {"dropoff_latitude", "double"}, {"dropoff_longitude", "double"},
	{"trip_id", "bigint"}, {"trip_distance", "double"}, {"passenger_count", "int"},
	{"pickup_datetime", "timestamp"}, {"dropoff_datetime", "timestamp"}, {"total_amount", "double"},
}

// build makes every piece of the pipeline with the AWS SDK and returns the mapping's UUID.
func (d *demo) build(ctx context.Context) (mapping string, err error) {
	d.step("bucket %s, table %s.%s", demoBucket, demoDatabase, demoTable)
	store := s3.NewFromConfig(d.aws, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := store.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(demoBucket)}); err != nil {
		return "", fmt.Errorf("create bucket: %w", err)
	}
	if err := d.buildTable(ctx); err != nil {
		return "", err
	}

	d.step("delivery stream %s: JSON to Parquet, under year=/month=/day=/hour=", demoStream)
	if err := d.buildDelivery(ctx); err != nil {
		return "", err
	}

	d.step("stream %s with %d shards", demoStream, d.Shards)
	k := kinesis.NewFromConfig(d.aws)
	if _, err := k.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String(demoStream), ShardCount: aws.Int32(int32(d.Shards))}); err != nil {
		return "", fmt.Errorf("create stream: %w", err)
	}
	waiter := kinesis.NewStreamExistsWaiter(k, func(o *kinesis.StreamExistsWaiterOptions) { o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second })
	stream, err := waiter.WaitForOutput(ctx, &kinesis.DescribeStreamInput{StreamName: aws.String(demoStream)}, time.Minute)
	if err != nil {
		return "", fmt.Errorf("wait for stream: %w", err)
	}

	code, how, err := functionCode(ctx)
	if err != nil {
		return "", fmt.Errorf("function code: %w", err)
	}
	d.step("function %s (%s), triggered by the stream", demoFunction, how)
	return d.buildFunction(ctx, code, aws.ToString(stream.StreamDescription.StreamARN))
}

func (d *demo) buildTable(ctx context.Context) error {
	g := glue.NewFromConfig(d.aws)
	if _, err := g.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String(demoDatabase)}}); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	sd := &gluetypes.StorageDescriptor{
		Location:     aws.String("s3://" + demoBucket + "/nyctaxitrips/"),
		InputFormat:  aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
		OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"),
		SerdeInfo:    &gluetypes.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")},
	}
	for _, c := range demoColumns {
		sd.Columns = append(sd.Columns, gluetypes.Column{Name: aws.String(c[0]), Type: aws.String(c[1])})
	}
	var keys []gluetypes.Column
	for _, k := range []string{"year", "month", "day", "hour"} {
		keys = append(keys, gluetypes.Column{Name: aws.String(k), Type: aws.String("string")})
	}
	_, err := g.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String(demoDatabase), TableInput: &gluetypes.TableInput{
		Name: aws.String(demoTable), TableType: aws.String("EXTERNAL_TABLE"), StorageDescriptor: sd, PartitionKeys: keys,
	}})
	if err != nil {
		return fmt.Errorf("create table: %w", err)
	}
	return nil
}

func (d *demo) buildDelivery(ctx context.Context) error {
	f := firehose.NewFromConfig(d.aws)
	_, err := f.CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String(demoStream),
		DeliveryStreamType: firehosetypes.DeliveryStreamTypeDirectPut,
		ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
			BucketARN: aws.String("arn:aws:s3:::" + demoBucket), RoleARN: aws.String(demoRole),
			Prefix: aws.String(demoPrefix), ErrorOutputPrefix: aws.String(demoErrors),
			BufferingHints: &firehosetypes.BufferingHints{SizeInMBs: aws.Int32(128), IntervalInSeconds: aws.Int32(300)},
			DataFormatConversionConfiguration: &firehosetypes.DataFormatConversionConfiguration{
				Enabled:                   aws.Bool(true),
				InputFormatConfiguration:  &firehosetypes.InputFormatConfiguration{Deserializer: &firehosetypes.Deserializer{OpenXJsonSerDe: &firehosetypes.OpenXJsonSerDe{}}},
				OutputFormatConfiguration: &firehosetypes.OutputFormatConfiguration{Serializer: &firehosetypes.Serializer{ParquetSerDe: &firehosetypes.ParquetSerDe{}}},
				SchemaConfiguration: &firehosetypes.SchemaConfiguration{
					RoleARN: aws.String(demoRole), DatabaseName: aws.String(demoDatabase), TableName: aws.String(demoTable),
					Region: aws.String(d.Region), VersionId: aws.String("LATEST"),
				},
			},
		},
	})
	if err != nil {
		return fmt.Errorf("create delivery stream: %w", err)
	}
	for {
		out, err := f.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: aws.String(demoStream)})
		if err != nil {
			return fmt.Errorf("describe delivery stream: %w", err)
		}
		switch out.DeliveryStreamDescription.DeliveryStreamStatus {
		case firehosetypes.DeliveryStreamStatusActive:
			return nil
		case firehosetypes.DeliveryStreamStatusCreatingFailed:
			return fmt.Errorf("delivery stream %s: creating failed", demoStream)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (d *demo) buildFunction(ctx context.Context, code []byte, streamARN string) (mapping string, err error) {
	l := lambda.NewFromConfig(d.aws)
	_, err = l.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String(demoFunction), Role: aws.String(demoRole), Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Code: &lambdatypes.FunctionCode{ZipFile: code}, Timeout: aws.Int32(60), MemorySize: aws.Int32(256),
		Environment: &lambdatypes.Environment{Variables: map[string]string{
			"delivery_stream_name": demoStream, "exponential_backoff_seed": "3", "number_of_retries": "10",
		}},
	})
	if err != nil {
		return "", fmt.Errorf("create function: %w", err)
	}
	waiter := lambda.NewFunctionActiveV2Waiter(l, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 20*time.Millisecond, time.Second
	})
	if err := waiter.Wait(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(demoFunction)}, time.Minute); err != nil {
		return "", fmt.Errorf("wait for function: %w", err)
	}
	m, err := l.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{
		FunctionName: aws.String(demoFunction), EventSourceArn: &streamARN, StartingPosition: lambdatypes.EventSourcePositionTrimHorizon,
		BatchSize: aws.Int32(2000), FunctionResponseTypes: []lambdatypes.FunctionResponseType{lambdatypes.FunctionResponseTypeReportBatchItemFailures},
	})
	if err != nil {
		return "", fmt.Errorf("create event source mapping: %w", err)
	}
	return aws.ToString(m.UUID), nil
}

// functionCode is the deployment package of the filter, as one would upload it to AWS: a zip whose
// bootstrap is the program in functions/nyc-taxi-trips, built here where Go and the source are at
// hand. An installed hydrant has neither; there bootstrap starts the same program inside this binary.
func functionCode(ctx context.Context) (code []byte, how string, err error) {
	dir, err := os.MkdirTemp("", "hydrant-function-")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(dir)
	bootstrap := filepath.Join(dir, "bootstrap")
	// The settings are those hydrant itself was compiled with, so that the packages they share come
	// from the build cache.
	build := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", bootstrap, "github.com/hydrant-stream/hydrant/functions/nyc-taxi-trips")
	var program []byte
	if build.Run() == nil {
		how = "Go, built from functions/nyc-taxi-trips"
		program, err = os.ReadFile(bootstrap)
	} else {
		var self string
		if self, err = os.Executable(); err == nil {
			how = "Go, from inside this binary"
			program = fmt.Appendf(nil, "#!/bin/sh\nexec %q function\n", self)
		}
	}
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err == nil {
		_, err = w.Write(program)
	}
	if err == nil {
		err = z.Close()
	}
	return b.Bytes(), how, err
}
