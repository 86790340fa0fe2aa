package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// faulty is a running house to which things are done.
type faulty struct {
	*testing.T
	remote
	cfg  aws.Config
	k    *kinesis.Client
	fire *firehose.Client
}

func newFaulty(t *testing.T, rules ...string) *faulty {
	c := defaultConfig()
	c.Data, c.Addr, c.Faults = t.TempDir(), "127.0.0.1:0", rules
	s, err := startServer(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	f := &faulty{T: t, remote: remote{Endpoint: s.url(), Region: "us-east-1", Account: "000000000000"}}
	if f.cfg, err = awsConfig(t.Context(), s.url(), "us-east-1"); err != nil {
		t.Fatal(err)
	}
	f.cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	f.k, f.fire = kinesis.NewFromConfig(f.cfg), firehose.NewFromConfig(f.cfg)
	return f
}

func (f *faulty) stream(name string) {
	f.Helper()
	if _, err := f.k.CreateStream(f.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(1)}); err != nil {
		f.Fatal(err)
	}
	w := kinesis.NewStreamExistsWaiter(f.k, func(o *kinesis.StreamExistsWaiterOptions) { o.MinDelay = 10 * time.Millisecond })
	if err := w.Wait(f.Context(), &kinesis.DescribeStreamInput{StreamName: &name}, time.Minute); err != nil {
		f.Fatal(err)
	}
}

// rules puts rules in the place of those that are there.
func (f *faulty) rules(seed int, rules ...string) faultReply {
	f.Helper()
	var out faultReply
	if err := f.call(f.Context(), "PUT", "/_hydrant/faults", map[string]any{"seed": seed, "rules": rules}, &out); err != nil {
		f.Fatal(err)
	}
	return out
}

func (f *faulty) hits() (n int) {
	f.Helper()
	var out faultReply
	if err := f.call(f.Context(), "GET", "/_hydrant/faults", nil, &out); err != nil {
		f.Fatal(err)
	}
	for _, r := range out.Rules {
		n += r.Hits
	}
	return n
}

// stored are the records of a stream's one shard.
func (f *faulty) stored(name string) (data []string) {
	f.Helper()
	it, err := f.k.GetShardIterator(f.Context(), &kinesis.GetShardIteratorInput{StreamName: &name, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: "TRIM_HORIZON"})
	if err != nil {
		f.Fatal(err)
	}
	page, err := f.k.GetRecords(f.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range page.Records {
		data = append(data, string(r.Data))
	}
	return data
}

func (f *faulty) putRecord(stream, data string) error {
	_, err := f.k.PutRecord(f.Context(), &kinesis.PutRecordInput{StreamName: &stream, PartitionKey: aws.String("k"), Data: []byte(data)})
	return err
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// TestFaultsRefuseSomeRecords: the slots refused say so in AWS's words and are not stored, the others are.
func TestFaultsRefuseSomeRecords(t *testing.T) {
	f := newFaulty(t)
	f.stream("trips")
	f.rules(7, "kinesis:PutRecords:stream=trips error=ProvisionedThroughputExceededException p=0.2")
	in := &kinesis.PutRecordsInput{StreamName: aws.String("trips")}
	for i := range 300 {
		in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: fmt.Append(nil, i)})
	}
	out, err := f.k.PutRecords(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	failed := 0
	for i, r := range out.Records {
		switch {
		case aws.ToString(r.SequenceNumber) != "":
			kept = append(kept, fmt.Sprint(i))
		case aws.ToString(r.ErrorCode) != "ProvisionedThroughputExceededException" || aws.ToString(r.ErrorMessage) != "Rate exceeded for shard shardId-000000000000 in stream trips under account 000000000000.":
			t.Fatalf("%v: %v", aws.ToString(r.ErrorCode), aws.ToString(r.ErrorMessage))
		default:
			failed++
		}
	}
	if failed < 20 || failed > 120 || int(aws.ToInt32(out.FailedRecordCount)) != failed || f.hits() != failed {
		t.Errorf("%d failed, count says %d, hits %d", failed, aws.ToInt32(out.FailedRecordCount), f.hits())
	}
	if got := f.stored("trips"); strings.Join(got, " ") != strings.Join(kept, " ") {
		t.Errorf("stored %v\n kept %v", got, kept)
	}
	f.rules(7, "kinesis:PutRecords error=InternalFailure scope=entry count=1")
	in.Records = in.Records[:2]
	out, err = f.k.PutRecords(t.Context(), in)
	if err != nil || aws.ToInt32(out.FailedRecordCount) != 1 || aws.ToString(out.Records[0].ErrorCode) != "InternalFailure" || out.Records[1].ErrorCode != nil {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestFaultsRefuseSomeOfABatch: as for PutRecords; what is refused is not delivered.
func TestFaultsRefuseSomeOfABatch(t *testing.T) {
	f := newFaulty(t)
	store := s3.NewFromConfig(f.cfg, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := store.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	_, err := f.fire.CreateDeliveryStream(t.Context(), &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName:                 aws.String("d"),
		ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{BucketARN: aws.String("arn:aws:s3:::lake"), RoleARN: aws.String("arn:aws:iam::000000000000:role/r")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		out, err := f.fire.DescribeDeliveryStream(t.Context(), &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: aws.String("d")})
		if err == nil && out.DeliveryStreamDescription.DeliveryStreamStatus == "ACTIVE" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(out, err)
		}
	}
	f.rules(3, "firehose:PutRecordBatch:delivery-stream=d error=ServiceUnavailableException p=0.4")
	in := &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String("d")}
	for i := range 100 {
		in.Records = append(in.Records, firehosetypes.Record{Data: fmt.Appendf(nil, "%d ", i)})
	}
	out, err := f.fire.PutRecordBatch(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	failed, ids := 0, map[string]bool{}
	for i, r := range out.RequestResponses {
		switch {
		case r.ErrorCode == nil:
			kept.Write(in.Records[i].Data)
			ids[aws.ToString(r.RecordId)] = true
		case *r.ErrorCode != "ServiceUnavailableException" || aws.ToString(r.ErrorMessage) != "Slow down." || r.RecordId != nil:
			t.Fatalf("%+v", r)
		default:
			failed++
		}
	}
	if failed < 15 || failed > 70 || int(aws.ToInt32(out.FailedPutCount)) != failed || len(ids) != 100-failed {
		t.Errorf("%d failed, count says %d, %d ids", failed, aws.ToInt32(out.FailedPutCount), len(ids))
	}
	f.rules(3, "firehose:PutRecord error=ServiceUnavailableException")
	_, err = f.fire.PutRecord(t.Context(), &firehose.PutRecordInput{DeliveryStreamName: aws.String("d"), Record: &in.Records[0]})
	if code(err) != "ServiceUnavailableException" || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "Slow down.") {
		t.Errorf("PutRecord: %v", err)
	}
	f.rules(0)
	var done flushed
	if err := f.call(t.Context(), "POST", "/_hydrant/firehose/d/flush", nil, &done); err != nil || len(done.Keys) != 1 {
		t.Fatal(done, err)
	}
	obj, err := store.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("lake"), Key: &done.Keys[0]})
	if err != nil {
		t.Fatal(err)
	}
	defer obj.Body.Close()
	if b, err := io.ReadAll(obj.Body); err != nil || string(b) != kept.String() {
		t.Errorf("delivered %s, %v\n kept %s", b, err, kept.String())
	}
}

// TestFaultsOnWholeCalls: errors, dropped connections before and after the call, latency.
func TestFaultsOnWholeCalls(t *testing.T) {
	f := newFaulty(t)
	f.stream("s")
	for _, c := range []struct{ rule, code string }{
		{"kinesis:PutRecord error=ProvisionedThroughputExceededException count=1", "ProvisionedThroughputExceededException"},
		{"kinesis:PutRecord error=InternalFailure count=1", "InternalFailure"},
		{"*:PutRecord:stream=s error=ThrottlingException count=1", "ThrottlingException"},
		{"kinesis:* drop count=1", ""},
	} {
		f.rules(1, c.rule)
		if err := f.putRecord("s", "never"); err == nil || code(err) != c.code {
			t.Errorf("%s: %v", c.rule, err)
		}
		if n := f.hits(); n != 1 {
			t.Errorf("%s: %d hits", c.rule, n)
		}
	}
	if got := f.stored("s"); len(got) != 0 {
		t.Errorf("refused and stored: %v", got)
	}
	f.rules(1, "kinesis:PutRecord drop=after count=1")
	if err := f.putRecord("s", "unanswered"); err == nil || code(err) != "" {
		t.Errorf("drop=after: %v", err)
	}
	if got := f.stored("s"); len(got) != 1 || got[0] != "unanswered" {
		t.Errorf("stored %v", got)
	}
	f.rules(1, "kinesis:GetRecords:stream=s error=ProvisionedThroughputExceededException count=1")
	it, err := f.k.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: aws.String("s"), ShardId: aws.String("shardId-000000000000"), ShardIteratorType: "LATEST"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.k.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator}); code(err) != "ProvisionedThroughputExceededException" {
		t.Errorf("GetRecords: %v", err)
	}
	const late = 150 * time.Millisecond
	f.rules(1, "kinesis:PutRecord latency=150ms-200ms count=1")
	began := time.Now()
	if err := f.putRecord("s", "late"); err != nil || time.Since(began) < late {
		t.Errorf("latency: %v after %s", err, time.Since(began))
	}
}

// TestFaultsByHand: rules are added, listed, replaced, taken away, refused where they could never strike.
func TestFaultsByHand(t *testing.T) {
	f := newFaulty(t, "kinesis:PutRecord error=InternalFailure count=1")
	f.stream("s")
	if err := f.putRecord("s", "x"); code(err) != "InternalFailure" {
		t.Errorf("a rule of the start: %v", err)
	}
	var out faultReply
	if err := f.call(t.Context(), "POST", "/_hydrant/faults", map[string]any{"rules": []any{map[string]any{"service": "s3", "operation": "*", "drop": true}}}, &out); err != nil || len(out.Rules) != 2 || out.Rules[1].Rule != "s3:* drop=before scope=call" {
		t.Errorf("%+v, %v", out, err)
	}
	if err := f.call(t.Context(), "DELETE", "/_hydrant/faults", faultRequest{ID: out.Rules[0].ID}, &out); err != nil || len(out.Rules) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	if out := f.rules(9, "*:ListStreams drop"); out.Seed != 9 || len(out.Rules) != 1 {
		t.Errorf("%+v", out)
	}
	for _, rule := range []string{"kinesis:PutRecrds drop", "kinsis:PutRecords drop", "kinesis:PutRecords p=2 drop"} {
		if err := f.call(t.Context(), "POST", "/_hydrant/faults", map[string]any{"rules": []string{rule}}, &out); err == nil {
			t.Errorf("%s was taken", rule)
		}
	}
	if err := f.call(t.Context(), "DELETE", "/_hydrant/faults", faultRequest{ID: 99}, &out); err == nil {
		t.Error("a rule that is not there was taken away")
	}
	if err := f.call(t.Context(), "DELETE", "/_hydrant/faults", nil, &out); err != nil || len(out.Rules) != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", f.Endpoint+"/_hydrant/faults", strings.NewReader(`{"rules":["*:* drop"]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "http://elsewhere.example")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another site is answered %s", resp.Status)
	}
}

func TestRulesFromWords(t *testing.T) {
	got := inRules([]string{"kinesis:PutRecords:stream=trips", "error=X", "p=0.1", "s3:* drop", "count=2", "firehose:PutRecord error=Y"})
	want := []string{"kinesis:PutRecords:stream=trips error=X p=0.1", "s3:* drop count=2", "firehose:PutRecord error=Y"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%q", got)
	}
}
