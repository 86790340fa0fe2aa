package firehose_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/smithy-go"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/firehose"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/mem"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

type catalog struct{}

func (catalog) Columns(_ context.Context, _ hydrant.Scope, database, table, _ string) ([]hydrant.Column, string, error) {
	if database != "db" || table != "trips" {
		return nil, "", hydrant.Faultf("EntityNotFoundException", "Entity Not Found")
	}
	return []hydrant.Column{{Name: "id", Type: "bigint"}}, "0", nil
}

const role = "arn:aws:iam::000000000000:role/firehose"

// serve is the service over HTTP on the embedded log, and an unmodified client.
func serve(t *testing.T) (*firehose.Service, blob.Store, *sdk.Client, string) {
	t.Helper()
	log, err := segment.Open(vfs.NewMem(), "log", segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lake, control := mem.New(), journal.Memory()
	if err := lake.CreateBucket(t.Context(), blob.BucketInfo{Name: "lake"}); err != nil {
		t.Fatal(err)
	}
	s, err := firehose.New(firehose.Config{Log: log, Journal: control, Lake: lake, Tables: catalog{}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(wire.NewServer(wire.Config{Services: []wire.Service{s.Wire()}}))
	t.Cleanup(func() {
		server.Close()
		s.Close()
		log.Close()
		control.Close()
	})
	client := sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), HTTPClient: awsbody.Over(nil), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	return s, lake, client, server.URL
}

func TestSDK(t *testing.T) {
	s, lake, client, _ := serve(t)
	ctx := t.Context()
	created, err := client.CreateDeliveryStream(ctx, &sdk.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String("trips"),
		DeliveryStreamType: types.DeliveryStreamTypeDirectPut,
		Tags:               []types.Tag{{Key: aws.String("team"), Value: aws.String("data")}},
		ExtendedS3DestinationConfiguration: &types.ExtendedS3DestinationConfiguration{
			RoleARN: aws.String(role), BucketARN: aws.String("arn:aws:s3:::lake"),
			Prefix:            aws.String("trips/"),
			ErrorOutputPrefix: aws.String("errors/!{firehose:error-output-type}/"),
			BufferingHints:    &types.BufferingHints{SizeInMBs: aws.Int32(64), IntervalInSeconds: aws.Int32(900)},
			DataFormatConversionConfiguration: &types.DataFormatConversionConfiguration{
				SchemaConfiguration: &types.SchemaConfiguration{
					RoleARN: aws.String(role), DatabaseName: aws.String("db"), TableName: aws.String("trips"),
				},
				InputFormatConfiguration:  &types.InputFormatConfiguration{Deserializer: &types.Deserializer{OpenXJsonSerDe: &types.OpenXJsonSerDe{}}},
				OutputFormatConfiguration: &types.OutputFormatConfiguration{Serializer: &types.Serializer{ParquetSerDe: &types.ParquetSerDe{}}},
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(created.DeliveryStreamARN); got != "arn:aws:firehose:us-east-1:000000000000:deliverystream/trips" {
		t.Errorf("ARN %s", got)
	}
	described, err := client.DescribeDeliveryStream(ctx, &sdk.DescribeDeliveryStreamInput{DeliveryStreamName: aws.String("trips")})
	if err != nil {
		t.Fatal(err)
	}
	d := described.DeliveryStreamDescription
	if d.DeliveryStreamStatus != types.DeliveryStreamStatusActive || aws.ToString(d.VersionId) != "1" || len(d.Destinations) != 1 ||
		d.Destinations[0].ExtendedS3DestinationDescription == nil || d.Destinations[0].S3DestinationDescription == nil {
		t.Errorf("described as %+v", d)
	}
	var entries []types.Record
	for i := range 500 {
		data := fmt.Sprintf(`{"id":%d}`+"\n", i)
		if i == 7 {
			data = "seven"
		}
		entries = append(entries, types.Record{Data: []byte(data)})
	}
	batch, err := client.PutRecordBatch(ctx, &sdk.PutRecordBatchInput{DeliveryStreamName: aws.String("trips"), Records: entries})
	if err != nil || aws.ToInt32(batch.FailedPutCount) != 0 || len(batch.RequestResponses) != 500 || aws.ToBool(batch.Encrypted) {
		t.Fatalf("batch %+v, %v", batch, err)
	}
	if _, err := client.StartDeliveryStreamEncryption(ctx, &sdk.StartDeliveryStreamEncryptionInput{DeliveryStreamName: aws.String("trips")}); err != nil {
		t.Fatal(err)
	}
	one, err := client.PutRecord(ctx, &sdk.PutRecordInput{DeliveryStreamName: aws.String("trips"), Record: &types.Record{Data: []byte(`{"id":500}`)}})
	if err != nil || aws.ToString(one.RecordId) == "" || !aws.ToBool(one.Encrypted) {
		t.Fatalf("one %+v, %v", one, err)
	}
	keys, err := s.Flush(ctx, hydrant.ScopeOf(ctx), "trips")
	if err != nil || len(keys) != 2 || !strings.HasPrefix(keys[0], "trips/20") || !strings.HasPrefix(keys[1], "errors/format-conversion-failed/") {
		t.Fatalf("keys %q, %v", keys, err)
	}
	r, _, err := lake.Get(ctx, "lake", keys[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if body, _ := io.ReadAll(r); !bytes.HasPrefix(body, []byte("PAR1")) || !bytes.HasSuffix(body, []byte("PAR1")) {
		t.Errorf("object of %d bytes is no Parquet file", len(body))
	}
	_, err = client.UpdateDestination(ctx, &sdk.UpdateDestinationInput{
		DeliveryStreamName: aws.String("trips"), CurrentDeliveryStreamVersionId: aws.String("1"), DestinationId: aws.String("destinationId-000000000001"),
		ExtendedS3DestinationUpdate: &types.ExtendedS3DestinationUpdate{Prefix: aws.String("other/")},
	})
	if err != nil {
		t.Error(err)
	}
	list, err := client.ListDeliveryStreams(ctx, &sdk.ListDeliveryStreamsInput{})
	if err != nil || len(list.DeliveryStreamNames) != 1 {
		t.Errorf("list %+v, %v", list, err)
	}
	tags, err := client.ListTagsForDeliveryStream(ctx, &sdk.ListTagsForDeliveryStreamInput{DeliveryStreamName: aws.String("trips")})
	if err != nil || len(tags.Tags) != 1 || aws.ToString(tags.Tags[0].Value) != "data" {
		t.Errorf("tags %+v, %v", tags, err)
	}
	if _, err := client.DeleteDeliveryStream(ctx, &sdk.DeleteDeliveryStreamInput{DeliveryStreamName: aws.String("trips")}); err != nil {
		t.Error(err)
	}
}

// Faults as an SDK sees them: type, code, text.
func TestSDKFaults(t *testing.T) {
	_, _, client, _ := serve(t)
	ctx := t.Context()
	_, err := client.PutRecord(ctx, &sdk.PutRecordInput{DeliveryStreamName: aws.String("none"), Record: &types.Record{Data: []byte("x")}})
	if f, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || f.ErrorMessage() != "Firehose none under account 000000000000 not found." {
		t.Errorf("put to none: %v", err)
	}
	create := func(change func(*types.ExtendedS3DestinationConfiguration)) error {
		d := &types.ExtendedS3DestinationConfiguration{RoleARN: aws.String(role), BucketARN: aws.String("arn:aws:s3:::lake")}
		change(d)
		_, err := client.CreateDeliveryStream(ctx, &sdk.CreateDeliveryStreamInput{DeliveryStreamName: aws.String("s"), ExtendedS3DestinationConfiguration: d})
		return err
	}
	err = create(func(d *types.ExtendedS3DestinationConfiguration) { d.CompressionFormat = "SNAPPY" })
	f, ok := errors.AsType[*smithy.GenericAPIError](err)
	if !ok || f.Code != "ValidationException" || f.Message != "1 validation error detected: Value at 'extendedS3DestinationConfiguration.compressionFormat' failed to satisfy constraint: Member must satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]" {
		t.Errorf("SNAPPY: %v", err)
	}
	err = create(func(d *types.ExtendedS3DestinationConfiguration) { d.Prefix = aws.String("!{x}") })
	if f, ok := errors.AsType[*types.InvalidArgumentException](err); !ok || f.ErrorMessage() != "Invalid expression usage" {
		t.Errorf("prefix: %v", err)
	}
	if err := create(func(*types.ExtendedS3DestinationConfiguration) {}); err != nil {
		t.Fatal(err)
	}
	if _, ok := errors.AsType[*types.ResourceInUseException](create(func(*types.ExtendedS3DestinationConfiguration) {})); !ok {
		t.Errorf("create twice: %v", err)
	}
	many := make([]types.Record, 501)
	for i := range many {
		many[i].Data = []byte("x")
	}
	_, err = client.PutRecordBatch(ctx, &sdk.PutRecordBatchInput{DeliveryStreamName: aws.String("s"), Records: many})
	if f, ok := errors.AsType[*smithy.GenericAPIError](err); !ok || f.Code != "ValidationException" ||
		!strings.HasSuffix(f.Message, " at 'records' failed to satisfy constraint: Member must have length less than or equal to 500") {
		t.Errorf("501 records: %v", err)
	}
	big := make([]types.Record, 5)
	for i := range big {
		big[i].Data = make([]byte, 1_000_000)
	}
	_, err = client.PutRecordBatch(ctx, &sdk.PutRecordBatchInput{DeliveryStreamName: aws.String("s"), Records: big})
	if f, ok := errors.AsType[*types.InvalidArgumentException](err); !ok || f.ErrorMessage() != "Records size exceeds 4 MB limit" {
		t.Errorf("5 MB: %v", err)
	}
}

// An error body as it stands on the wire.
func TestErrorBody(t *testing.T) {
	_, _, _, url := serve(t)
	req, _ := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(`{"DeliveryStreamName":"none","Record":{"Data":"eA=="}}`))
	req.Header.Set("X-Amz-Target", "Firehose_20150804.PutRecord")
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if want := `{"__type":"ResourceNotFoundException","message":"Firehose none under account 000000000000 not found."}`; res.StatusCode != 400 || string(body) != want {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}
