package kinesis

import (
	"context"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
)

func TestWarmThroughput(t *testing.T) {
	h := open(t, Config{})
	defer h.close()
	ctx := context.Background()
	h.create("p", 1)
	if _, err := h.CreateStream(ctx, &CreateStreamIn{StreamName: "d"}); err != nil {
		t.Fatal(err)
	}
	warm := func(name string, mib int) error {
		_, err := h.UpdateStreamWarmThroughput(ctx, &UpdateStreamWarmThroughputIn{StreamName: name, WarmThroughputMiBps: &mib})
		return err
	}
	summary := func(name string) StreamDescriptionSummary {
		out, err := h.DescribeStreamSummary(ctx, &DescribeStreamSummaryIn{StreamName: name})
		if err != nil {
			t.Fatal(err)
		}
		return out.StreamDescriptionSummary
	}
	create := func(name string, mode string, mib int) error {
		_, err := h.CreateStream(ctx, &CreateStreamIn{StreamName: name, StreamModeDetails: &StreamModeDetails{mode}, WarmThroughputMiBps: &mib})
		return err
	}
	wantFault(t, warm("p", 10), "ValidationException", "ON_DEMAND")
	wantFault(t, warm("d", maxWarmMiBps+1), "LimitExceededException", "must not exceed")
	wantFault(t, warm("d", 10), "ValidationException", "MinimumThroughputBillingCommitment")
	wantFault(t, create("e", onDemand, 10), "ValidationException", "MinimumThroughputBillingCommitment")
	wantFault(t, warm("nope", 10), "ResourceNotFoundException", "not found")
	if w := summary("d").WarmThroughput; w != nil {
		t.Errorf("warm before it was asked for: %+v", w)
	}

	if _, err := h.UpdateAccountSettings(ctx, &UpdateAccountSettingsIn{&MinimumThroughputBillingCommitment{Status: "ENABLED"}}); err != nil {
		t.Fatal(err)
	}
	if err := warm("d", 10); err != nil {
		t.Fatal(err)
	}
	if err := create("e", onDemand, 25); err != nil {
		t.Fatal(err)
	}
	if _, err := h.UpdateStreamMode(ctx, &UpdateStreamModeIn{StreamARN: summary("p").StreamARN, StreamModeDetails: &StreamModeDetails{onDemand}, WarmThroughputMiBps: ptr(7)}); err != nil {
		t.Fatal(err)
	}
	h.reopen()
	for name, want := range map[string]int{"d": 10, "e": 25, "p": 7} {
		d := summary(name)
		if d.WarmThroughput == nil || *d.WarmThroughput.TargetMiBps != want || *d.WarmThroughput.CurrentMiBps != want || *d.OpenShardCount != want {
			t.Errorf("%s: %+v", name, d)
		}
		h.put(name, "k", "x")
	}
	if err := warm("d", 2); err != nil { // the shards stay
		t.Fatal(err)
	}
	if d := summary("d"); *d.WarmThroughput.TargetMiBps != 2 || *d.OpenShardCount != 10 {
		t.Errorf("%+v", d)
	}
}

// A stream's id finds it wherever a stream may be named, and no other one of its name.
func TestStreamID(t *testing.T) {
	h := open(t, Config{})
	defer h.close()
	ctx := context.Background()
	h.create("s", 1)
	h.create("other", 1)
	sum, err := h.DescribeStreamSummary(ctx, &DescribeStreamSummaryIn{StreamName: "s"})
	if err != nil {
		t.Fatal(err)
	}
	id := sum.StreamDescriptionSummary.StreamId
	h.reopen()
	if out, err := h.DescribeStream(ctx, &DescribeStreamIn{StreamId: id}); err != nil || out.StreamDescription.StreamName != "s" {
		t.Fatalf("%s: %+v, %v", id, out, err)
	}
	if _, err := h.PutRecord(ctx, &PutRecordIn{StreamId: id, PartitionKey: "k", Data: []byte("by id")}); err != nil {
		t.Fatal(err)
	}
	if got := texts(h.get(h.iterator(GetShardIteratorIn{StreamId: id, ShardId: "0", ShardIteratorType: "TRIM_HORIZON"}), 0)); got != "by id" {
		t.Error(got)
	}
	if out, err := h.ListShards(ctx, &ListShardsIn{StreamId: id}); err != nil || len(out.Shards) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	_, err = h.DescribeStream(ctx, &DescribeStreamIn{StreamId: id, StreamName: "other"})
	wantFault(t, err, "ResourceNotFoundException", id)
	_, err = h.DescribeStream(hydrant.WithScope(ctx, hydrant.Scope{Account: "111111111111", Region: "eu-west-1"}), &DescribeStreamIn{StreamId: id})
	wantFault(t, err, "ResourceNotFoundException", id)
	if _, err := h.DeleteStream(ctx, &DeleteStreamIn{StreamId: id}); err != nil {
		t.Fatal(err)
	}
	h.removal.Wait()
	time.Sleep(2 * time.Millisecond) // streams of a name are told apart by when they were made
	h.create("s", 1)
	_, err = h.DescribeStream(ctx, &DescribeStreamIn{StreamId: id})
	wantFault(t, err, "ResourceNotFoundException", id)
}
