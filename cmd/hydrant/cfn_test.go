package main

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/cwlogs"
	"github.com/hydrant-stream/hydrant/aws/firehose"
	"github.com/hydrant-stream/hydrant/aws/glue"
	"github.com/hydrant-stream/hydrant/aws/iam"
	"github.com/hydrant-stream/hydrant/aws/kinesis"
	"github.com/hydrant-stream/hydrant/aws/lambda"
	"github.com/hydrant-stream/hydrant/aws/s3"
	"github.com/hydrant-stream/hydrant/aws/sns"
	"github.com/hydrant-stream/hydrant/aws/sqs"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

// stackHouse are the rooms stacks build in, with CloudFormation over them.
func stackHouse(t *testing.T) (stackRooms, *sdk.Client) {
	t.Helper()
	closing := func(f func() error) {
		t.Cleanup(func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		})
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	disk := vfs.NewMem()
	j, err := journal.Open(disk, "journal")
	must(err)
	closing(j.Close)
	records, err := segment.Open(disk, "log", segment.Options{})
	must(err)
	closing(records.Close)
	lake, err := dir.Open(filepath.Join(t.TempDir(), "s3"))
	must(err)
	closing(lake.Close)

	var r stackRooms
	r.logs, err = cwlogs.New(cwlogs.Config{Journal: j, Log: records})
	must(err)
	r.kinesis, err = kinesis.New(t.Context(), kinesis.Config{Journal: j, Log: records})
	must(err)
	closing(r.kinesis.Close)
	r.glue = glue.New(glue.Config{Journal: j})
	r.s3, err = s3.New(s3.Config{Store: lake, Journal: j})
	must(err)
	r.firehose, err = firehose.New(firehose.Config{Log: records, Journal: j, Lake: lake, Tables: r.glue, Logs: r.logs, Streams: r.kinesis})
	must(err)
	closing(r.firehose.Close)
	r.queues, err = sqs.New(sqs.Config{Journal: j, Endpoint: func() string { return "http://127.0.0.1:4566" }})
	must(err)
	r.topics, err = sns.New(j, r.queues)
	must(err)
	r.lambda, err = lambda.New(lambda.Config{
		Journal: j, Dir: t.TempDir(), Endpoint: func() string { return "" }, Logs: r.logs, Streams: r.kinesis,
		Objects: objects{lake}, Queues: mailboxes{r.queues, r.topics}, Code: objects{lake}, Allowed: true,
	})
	must(err)
	closing(r.lambda.Close)
	r.iam, err = iam.New(iam.Config{Journal: j})
	must(err)
	stacks, err := cloudformation.New(cloudformation.Config{Journal: j, Types: resourceTypes(r), Objects: objects{lake}})
	must(err)
	closing(stacks.Close)

	server := httptest.NewServer(wire.NewServer(wire.Config{Services: []wire.Service{stacks.Wire()}}))
	t.Cleanup(server.Close)
	return r, sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), HTTPClient: awsbody.Over(nil),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

// settled waits until the stack is at rest, and holds it to a status.
func settled(t *testing.T, c *sdk.Client, name string, want types.StackStatus) types.Stack {
	t.Helper()
	for range 1000 {
		out, err := c.DescribeStacks(t.Context(), &sdk.DescribeStacksInput{StackName: &name})
		if err != nil {
			t.Fatal(err)
		}
		st := out.Stacks[0]
		if strings.HasSuffix(string(st.StackStatus), "_IN_PROGRESS") {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if st.StackStatus != want {
			events, _ := c.DescribeStackEvents(t.Context(), &sdk.DescribeStackEventsInput{StackName: &name})
			for _, e := range events.StackEvents {
				if e.ResourceStatusReason != nil {
					t.Log(*e.LogicalResourceId, e.ResourceStatus, *e.ResourceStatusReason)
				}
			}
			t.Fatalf("stack is %s (%s), want %s", st.StackStatus, aws.ToString(st.StackStatusReason), want)
		}
		return st
	}
	t.Fatal("the stack does not come to rest")
	return types.Stack{}
}

func TestPipelineTemplate(t *testing.T) {
	body, err := os.ReadFile("../../examples/taxi/pipeline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, c := stackHouse(t)
	ctx := hydrant.WithScope(t.Context(), hydrant.Scope{})
	name := "taxi"
	parameters := func(shards, kind string) []types.Parameter {
		return []types.Parameter{
			{ParameterKey: aws.String("ShardCount"), ParameterValue: &shards},
			{ParameterKey: aws.String("EventSourceMappingType"), ParameterValue: &kind},
		}
	}
	made, err := c.CreateStack(ctx, &sdk.CreateStackInput{StackName: &name, TemplateBody: aws.String(string(body)), Parameters: parameters("2", "Standard"), Capabilities: []types.Capability{types.CapabilityCapabilityIam}})
	if err != nil {
		t.Fatal(err)
	}
	st := settled(t, c, name, types.StackStatusCreateComplete)
	stream := ""
	for _, o := range st.Outputs {
		if *o.OutputKey == "StreamName" {
			stream = *o.OutputValue
		}
	}
	shards := func(want int) {
		t.Helper()
		d, err := r.kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryIn{StreamName: stream})
		if err != nil || *d.StreamDescriptionSummary.OpenShardCount != want {
			t.Fatalf("%+v %v, want %d shards", d, err, want)
		}
	}
	source := func(part string) {
		t.Helper()
		list, err := r.lambda.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsIn{})
		if err != nil || len(list.EventSourceMappings) != 1 || !strings.Contains(list.EventSourceMappings[0].EventSourceArn, part) {
			t.Fatalf("event sources %+v %v, want one of %s", list, err, part)
		}
	}
	shards(2)
	source(":stream/" + stream)
	put(t, ctx, r, "nyc-taxi-trips")

	update := func(shards, kind string) {
		t.Helper()
		if _, err := c.UpdateStack(ctx, &sdk.UpdateStackInput{StackName: &name, UsePreviousTemplate: aws.Bool(true), Parameters: parameters(shards, kind), Capabilities: []types.Capability{types.CapabilityCapabilityIam}}); err != nil {
			t.Fatal(err)
		}
		settled(t, c, name, types.StackStatusUpdateComplete)
	}
	update("4", "Standard")
	shards(4)
	update("4", "EFO")
	source(":stream/" + stream + "/consumer/nyc-taxi-trips-consumer:")
	update("1", "Standard")
	shards(1)
	source(":stream/" + stream)

	if _, err := r.firehose.Flush(ctx, hydrant.ScopeOf(ctx), "nyc-taxi-trips"); err != nil {
		t.Fatal(err)
	}
	// The lake holds an object now: it is kept, and said to be, and so is what it depends on nothing for.
	if _, err := c.DeleteStack(ctx, &sdk.DeleteStackInput{StackName: &name}); err != nil {
		t.Fatal(err)
	}
	st = settled(t, c, name, types.StackStatusDeleteFailed)
	if got := aws.ToString(st.StackStatusReason); got != "The following resource(s) failed to delete: [Lake]. " {
		t.Errorf("reason %q", got)
	}
	var lake s3.ListObjectsV2In
	lake.Bucket = "kinesislabs-datalake-bucket"
	objects, err := r.s3.ListObjectsV2(ctx, &lake)
	if err != nil || len(objects.Contents) != 1 {
		t.Fatalf("objects %+v %v", objects, err)
	}
	if _, err := r.s3.DeleteObject(ctx, &s3.DeleteObjectIn{ObjectRef: s3.ObjectRef{BucketRef: s3.BucketRef{Bucket: lake.Bucket}, Key: objects.Contents[0].Key}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteStack(ctx, &sdk.DeleteStackInput{StackName: &name}); err != nil {
		t.Fatal(err)
	}
	settled(t, c, *made.StackId, types.StackStatusDeleteComplete)
	left, err := r.s3.ListBuckets(ctx, &s3.ListBucketsIn{})
	if err != nil || len(left.Buckets) != 0 {
		t.Errorf("buckets left: %+v %v", left, err)
	}
	if streams, err := r.kinesis.ListStreams(ctx, &kinesis.ListStreamsIn{}); err != nil || len(streams.StreamNames) != 0 {
		t.Errorf("streams left: %+v %v", streams, err)
	}
	if roles, err := r.iam.ListRoles(ctx, &iam.ListRolesIn{}); err != nil || len(roles.Roles) != 0 {
		t.Errorf("roles left: %+v %v", roles, err)
	}
}

// put puts one good trip into a delivery stream.
func put(t *testing.T, ctx context.Context, r stackRooms, stream string) {
	t.Helper()
	data := []byte(`{"trip_id":1,"pickup_latitude":40.7,"pickup_longitude":-73.9,"dropoff_latitude":40.8,"dropoff_longitude":-73.9,"trip_distance":1.5,"passenger_count":1,"pickup_datetime":"2016-01-01 00:00:00","dropoff_datetime":"2016-01-01 00:10:00","total_amount":9.5}` + "\n")
	if _, err := r.firehose.PutRecord(ctx, &firehose.PutRecordIn{DeliveryStreamName: stream, Record: &firehose.Record{Data: data}}); err != nil {
		t.Fatal(err)
	}
}

// A bucket's tags and settings come, change and go with the template.
func TestBucketOfAStackIsSet(t *testing.T) {
	r, c := stackHouse(t)
	ref := s3.BucketRef{Bucket: "stacked"}
	ctx := t.Context()
	template := func(properties string) *string {
		return aws.String(`{"Resources":{"B":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":"stacked"` + properties + `}}}}`)
	}
	if _, err := c.CreateStack(ctx, &sdk.CreateStackInput{StackName: aws.String("s"), TemplateBody: template(
		`,"Tags":[{"Key":"a","Value":"1"}],"PublicAccessBlockConfiguration":{"BlockPublicAcls":true},
		"BucketEncryption":{"ServerSideEncryptionConfiguration":[{"ServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"k"}}]}`)}); err != nil {
		t.Fatal(err)
	}
	settled(t, c, "s", types.StackStatusCreateComplete)
	tags, err := r.s3.GetBucketTagging(ctx, &ref)
	if err != nil || len(tags.TagSet) != 1 || tags.TagSet[0] != (s3.Tag{Key: "a", Value: "1"}) {
		t.Errorf("tags %+v, %v", tags, err)
	}
	if e, err := r.s3.GetBucketEncryption(ctx, &ref); err != nil || e.Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID != "k" {
		t.Errorf("encryption %+v, %v", e, err)
	}
	if p, err := r.s3.GetPublicAccessBlock(ctx, &ref); err != nil || p.PublicAccessBlock != (s3.PublicAccessBlock{BlockPublicAcls: true}) {
		t.Errorf("public access %+v, %v", p, err)
	}
	if _, err := c.UpdateStack(ctx, &sdk.UpdateStackInput{StackName: aws.String("s"), TemplateBody: template(`,"Tags":[{"Key":"b","Value":"2"}]`)}); err != nil {
		t.Fatal(err)
	}
	settled(t, c, "s", types.StackStatusUpdateComplete)
	if tags, err := r.s3.GetBucketTagging(ctx, &ref); err != nil || len(tags.TagSet) != 1 || tags.TagSet[0].Key != "b" {
		t.Errorf("tags %+v, %v", tags, err)
	}
	for what, code := range map[string]func() error{
		"ServerSideEncryptionConfigurationNotFoundError": func() error { _, err := r.s3.GetBucketEncryption(ctx, &ref); return err },
		"NoSuchPublicAccessBlockConfiguration":           func() error { _, err := r.s3.GetPublicAccessBlock(ctx, &ref); return err },
	} {
		if err := code(); hydrant.FaultCode(err) != what {
			t.Errorf("%v, want %s", err, what)
		}
	}
}
