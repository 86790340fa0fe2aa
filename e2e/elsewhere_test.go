package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// TestLakeElsewhere: a delivery stream's bucket lies at another S3 endpoint, here another hydrant. That
// one dies, records go on being taken, the delivering process dies too; when both are back every
// record is there once, and queries read them from there.
func TestLakeElsewhere(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "000000000000")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1") // means the client's side, not the lake
	farData, nearData := t.TempDir(), t.TempDir()
	far := serve(t, farData, "")
	flags := []string{"--lake", "s3://crash", "--lake-endpoint", far.url}
	near := serve(t, nearData, "", flags...)
	makeLake(t, near)
	if _, err := kinesis.NewFromConfig(near.sdk(1)).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	logTo(t, near, "crash")
	waitActive(t, near)

	acked := map[string]bool{}
	put := func(round string) {
		t.Helper()
		var in []firehosetypes.Record
		for i := range 100 {
			id := fmt.Sprintf("%s-%d", round, i)
			in = append(in, firehosetypes.Record{Data: fmt.Appendf(nil, `{"id":%q,"n":%d}`, id, i)})
			acked[id] = true
		}
		out, err := firehose.NewFromConfig(near.sdk(3)).PutRecordBatch(t.Context(), &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String("crash"), Records: in})
		if err != nil || *out.FailedPutCount != 0 {
			t.Fatalf("put: %v, %+v", err, out)
		}
	}
	flush := func() {
		t.Helper()
		if out, err := run(t, "flush", "--endpoint", near.url, "crash"); err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, near.stderr())
		}
	}
	put("first")
	flush()
	if _, err := os.Stat(filepath.Join(nearData, "s3", "crash")); err == nil {
		t.Error("the bucket lies in the delivering process's folder")
	}

	far.kill()
	put("away")
	waitFor(t, func() bool {
		d, err := firehose.NewFromConfig(near.sdk(1)).DescribeDeliveryStream(t.Context(), &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: aws.String("crash")})
		return err == nil && d.DeliveryStreamDescription.FailureDescription != nil && d.DeliveryStreamDescription.DeliveryStreamStatus == "ACTIVE"
	}, "a lake that is away is not told of")
	waitFor(t, func() bool { return strings.Contains(logged(t, near), `"errorCode":"InternalError"`) }, "no error event is logged")
	intended, err := run(t, "dump", "delivery", "--endpoint", near.url, "crash")
	if err != nil || strings.Count(intended, `"State":"intended"`) != 1 {
		t.Errorf("manifest while the lake is away: %v\n%s", err, intended)
	}
	near.kill()
	near = serve(t, nearData, "", flags...) // though the lake is away
	put("restarted")
	serve(t, farData, far.addr)
	flush()

	check(t, "the lake elsewhere", acked, inLake(t, filepath.Join(farData, "s3", "crash", "data")))
	out, err := run(t, "query", "--endpoint", near.url, "SELECT count(*) AS c, count(DISTINCT id) AS d FROM lake.crash WHERE n < 50")
	if err != nil || !strings.Contains(out, "150") {
		t.Errorf("query: %v\n%s", err, out)
	}
	manifest, err := run(t, "dump", "delivery", "--endpoint", near.url, "crash")
	if err != nil || strings.Count(manifest, `"Bucket":"crash"`) < 3 {
		t.Errorf("manifest: %v\n%s", err, manifest)
	}
	near.stop()
	stopped, err := run(t, "dump", "delivery", "--data", nearData, "crash")
	if err != nil || strings.Count(stopped, `"State":"committed"`) != strings.Count(manifest, `"State":"committed"`) {
		t.Errorf("manifest of the stopped process: %v\n%s", err, stopped)
	}
}

// logTo has a delivery stream log its errors to the log group "errors".
func logTo(t *testing.T, p *process, name string) {
	t.Helper()
	ctx, logs, f := t.Context(), cloudwatchlogs.NewFromConfig(p.sdk(1)), firehose.NewFromConfig(p.sdk(1))
	group, stream := aws.String("errors"), aws.String("DestinationDelivery")
	if _, err := logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}); err != nil {
		t.Fatal(err)
	}
	if _, err := logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		_, err := f.UpdateDestination(ctx, &firehose.UpdateDestinationInput{
			DeliveryStreamName: &name, CurrentDeliveryStreamVersionId: aws.String("1"), DestinationId: aws.String("destinationId-000000000001"),
			ExtendedS3DestinationUpdate: &firehosetypes.ExtendedS3DestinationUpdate{
				CloudWatchLoggingOptions: &firehosetypes.CloudWatchLoggingOptions{Enabled: aws.Bool(true), LogGroupName: group, LogStreamName: stream},
			},
		})
		return err == nil
	}, "the destination cannot be updated")
}

// logged is what the log group "errors" holds.
func logged(t *testing.T, p *process) string {
	t.Helper()
	out, err := cloudwatchlogs.NewFromConfig(p.sdk(1)).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("errors")})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, e := range out.Events {
		all.WriteString(*e.Message + "\n")
	}
	return all.String()
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, ok func() bool, otherwise string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatal(otherwise)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
