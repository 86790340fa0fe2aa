package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// glueColumn is a column as Glue writes it.
type glueColumn struct{ Name, Type string }

// demoColumns are the ten columns of the table.
var demoColumns = []glueColumn{
	{"pickup_latitude", "double"}, {"pickup_longitude", "double"}, {"dropoff_latitude", "double"}, {"dropoff_longitude", "double"},
	{"trip_id", "bigint"}, {"trip_distance", "double"}, {"passenger_count", "int"},
	{"pickup_datetime", "timestamp"}, {"dropoff_datetime", "timestamp"}, {"total_amount", "double"},
}

// build makes every piece of the pipeline over AWS's API, the SDK's clients where they are here, and returns the mapping's UUID.
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
	source, by := aws.ToString(stream.StreamDescription.StreamARN), "the stream"
	if d.Aggregate {
		by = "a consumer of the stream"
		if source, err = d.buildConsumer(ctx, k, source); err != nil {
			return "", err
		}
	}
	d.step("function %s (%s), triggered by %s", demoFunction, how, by)
	return d.buildFunction(ctx, code, source)
}

// buildConsumer registers a consumer for enhanced fan-out and returns its ARN.
func (d *demo) buildConsumer(ctx context.Context, k *kinesis.Client, streamARN string) (string, error) {
	out, err := k.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: &streamARN, ConsumerName: aws.String(demoFunction)})
	if err != nil {
		return "", fmt.Errorf("register consumer: %w", err)
	}
	for {
		c, err := k.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: out.Consumer.ConsumerARN})
		if err != nil {
			return "", fmt.Errorf("describe consumer: %w", err)
		}
		if c.ConsumerDescription.ConsumerStatus == kinesistypes.ConsumerStatusActive {
			return aws.ToString(out.Consumer.ConsumerARN), nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (d *demo) buildTable(ctx context.Context) error {
	type object = map[string]any
	database := plainCall{service: "glue", target: "AWSGlue.CreateDatabase"}
	if err := database.do(ctx, d.aws, object{"DatabaseInput": object{"Name": demoDatabase}}, nil); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	var keys []glueColumn
	for _, k := range []string{"year", "month", "day", "hour"} {
		keys = append(keys, glueColumn{k, "string"})
	}
	table := plainCall{service: "glue", target: "AWSGlue.CreateTable"}
	err := table.do(ctx, d.aws, object{"DatabaseName": demoDatabase, "TableInput": object{
		"Name": demoTable, "TableType": "EXTERNAL_TABLE", "PartitionKeys": keys,
		"StorageDescriptor": object{
			"Columns":      demoColumns,
			"Location":     "s3://" + demoBucket + "/nyctaxitrips/",
			"InputFormat":  "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
			"OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
			"SerdeInfo":    object{"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
		},
	}}, nil)
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

func (d *demo) buildFunction(ctx context.Context, code []byte, sourceARN string) (mapping string, err error) {
	type object = map[string]any
	create := plainCall{service: "lambda", method: http.MethodPost, path: "/2015-03-31/functions"}
	err = create.do(ctx, d.aws, object{
		"FunctionName": demoFunction, "Role": demoRole, "Runtime": "provided.al2023", "Handler": "bootstrap",
		"Code": object{"ZipFile": code}, "Timeout": 60, "MemorySize": 256,
		"Environment": object{"Variables": object{
			"delivery_stream_name": demoStream, "exponential_backoff_seed": "3", "number_of_retries": "10",
		}},
	}, nil)
	if err != nil {
		return "", fmt.Errorf("create function: %w", err)
	}
	if err := d.functionActive(ctx); err != nil {
		return "", fmt.Errorf("wait for function: %w", err)
	}
	var m struct{ UUID string }
	connect := plainCall{service: "lambda", method: http.MethodPost, path: "/2015-03-31/event-source-mappings/"}
	err = connect.do(ctx, d.aws, object{
		"FunctionName": demoFunction, "EventSourceArn": sourceARN, "StartingPosition": "TRIM_HORIZON",
		"BatchSize": 2000, "FunctionResponseTypes": []string{"ReportBatchItemFailures"},
	}, &m)
	if err != nil {
		return "", fmt.Errorf("create event source mapping: %w", err)
	}
	return m.UUID, nil
}

// functionActive waits until the function can be called.
func (d *demo) functionActive(ctx context.Context) error {
	get := plainCall{service: "lambda", method: http.MethodGet, path: "/2015-03-31/functions/" + demoFunction}
	for {
		var f struct {
			Configuration struct{ State, StateReason string }
		}
		if err := get.do(ctx, d.aws, nil, &f); err != nil {
			return err
		}
		switch f.Configuration.State {
		case "Active":
			return nil
		case "Failed":
			return fmt.Errorf("function %s: %s", demoFunction, f.Configuration.StateReason)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
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
