package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire"
	"github.com/hydrant-stream/hydrant/wire/awscbor"
)

type (
	subscribeIn struct {
		ConsumerARN, ShardId string
		StartingPosition     struct{ Type string }
	}
	subscribeOut struct{ in *subscribeIn }
	shardEvent   struct {
		Records                    []record `required:""`
		ContinuationSequenceNumber string
		MillisBehindLatest         int64
	}
)

// Events sends two events and then, as the shard says, ends, fails or breaks.
func (o *subscribeOut) Events(ctx context.Context, send func(string, any) error) error {
	for i := range 2 {
		e := shardEvent{ContinuationSequenceNumber: fmt.Sprint(i), Records: []record{
			{SequenceNumber: "49", PartitionKey: "k", Data: []byte{byte(i)}, ApproximateArrivalTimestamp: arrival}}}
		if err := send("SubscribeToShardEvent", &e); err != nil {
			return err
		}
	}
	switch o.in.ShardId {
	case "fault":
		return hydrant.Faultf("ResourceInUseException", "taken over")
	case "broken":
		return errors.New("swordfish")
	case "endless":
		<-ctx.Done()
	}
	return nil
}

func withSubscribe(s wire.Service) wire.Service {
	s.Ops = append(s.Ops, wire.Op("SubscribeToShard", func(_ context.Context, in *subscribeIn) (*subscribeOut, error) {
		return &subscribeOut{in}, nil
	}))
	return s
}

func TestEventStream(t *testing.T) {
	done := make(chan string, 4)
	h := open(t, func(c *wire.Config) {
		c.Services[0] = withSubscribe(c.Services[0])
		c.Done = func(_ *wire.Call, _ int, code string, _ time.Duration, _, _ int64) { done <- code }
	})
	c := kinesis.NewFromConfig(h.client("AKIA", "x"))
	for _, shard := range []string{"ends", "fault", "broken", "endless"} {
		out, err := c.SubscribeToShard(t.Context(), &kinesis.SubscribeToShardInput{ConsumerARN: aws.String("arn:aws:kinesis:eu-west-1:0:stream/s/consumer/c:1"),
			ShardId: &shard, StartingPosition: &kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeLatest}})
		if err != nil {
			t.Fatal(err)
		}
		events := out.GetStream()
		var got []string
		for len(got) < 2 {
			e, open := <-events.Events()
			if !open {
				t.Fatalf("%s: ended after %q: %v", shard, got, events.Err())
			}
			v := e.(*kinesistypes.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
			got = append(got, *v.ContinuationSequenceNumber+string(v.Records[0].Data))
		}
		if strings.Join(got, ",") != "0\x00,1\x01" {
			t.Errorf("%s: got %q", shard, got)
		}
		if shard == "endless" {
			events.Close()
		}
		for range events.Events() {
		}
		err = events.Err()
		var inUse *kinesistypes.ResourceInUseException
		switch shard {
		case "fault":
			if !errors.As(err, &inUse) || *inUse.Message != "taken over" {
				t.Errorf("%s: %v", shard, err)
			}
		case "broken":
			if err == nil || strings.Contains(err.Error(), "swordfish") || !strings.Contains(err.Error(), "InternalFailure") {
				t.Errorf("%s: %v", shard, err)
			}
		case "ends":
			if err != nil {
				t.Errorf("%s: %v", shard, err)
			}
		}
		events.Close()
		code := <-done // the operation ended with its connection
		if want := map[string]string{"fault": "ResourceInUseException", "broken": "InternalFailure"}[shard]; code != want {
			t.Errorf("%s: done with %q", shard, code)
		}
	}
}

func TestCBOR(t *testing.T) {
	h := open(t, nil)
	call := func(op string, in any) (*http.Response, []byte) {
		r, _ := http.NewRequest("POST", h.URL, bytes.NewReader(awscbor.Kinesis.Append(nil, in)))
		r.Header.Set("X-Amz-Target", "Kinesis_20131202."+op)
		r.Header.Set("Content-Type", "application/x-amz-cbor-1.1")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		if ct := resp.Header.Get("Content-Type"); ct != "application/x-amz-cbor-1.1" {
			t.Errorf("%s answered as %s", op, ct)
		}
		return resp, b
	}
	resp, b := call("PutRecords", &putRecordsIn{StreamName: "s", Records: []putRecordEntry{{Data: []byte{0, 1, 2}, PartitionKey: "k"}}})
	if resp.StatusCode != 200 {
		t.Fatalf("%d %q", resp.StatusCode, b)
	}
	_, b = call("GetRecords", &getRecordsIn{ShardIterator: "i"})
	var got getRecordsOut
	if _, err := awscbor.Kinesis.Decode(b, &got); err != nil || len(got.Records) != 1 || !bytes.Equal(got.Records[0].Data, []byte{0, 1, 2}) || !got.Records[0].ApproximateArrivalTimestamp.Equal(arrival) {
		t.Errorf("%v %+v", err, got)
	}
	resp, b = call("CreateStream", &createStreamIn{StreamName: "taken"})
	var fault struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
		Owner   string
	}
	if _, err := awscbor.Kinesis.Decode(b, &fault); err != nil || resp.StatusCode != 400 || fault.Type != "ResourceInUseException" || fault.Message != "Stream taken is taken" || fault.Owner != "me" {
		t.Errorf("%v %+v", err, fault)
	}
}

func TestRPC(t *testing.T) {
	h := open(t, nil)
	call := func(op string, in any) (*http.Response, []byte) {
		r, _ := http.NewRequest("POST", h.URL+"/service/Kinesis_20131202/operation/"+op, bytes.NewReader(awscbor.RPC.Append(nil, in)))
		r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
		r.Header.Set("Content-Type", "application/cbor")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		if resp.Header.Get("Smithy-Protocol") != "rpc-v2-cbor" || resp.Header.Get("Content-Type") != "application/cbor" {
			t.Errorf("%s answered with %v", op, resp.Header)
		}
		return resp, b
	}
	_, b := call("GetRecords", &getRecordsIn{ShardIterator: "i"})
	var got getRecordsOut
	if _, err := awscbor.RPC.Decode(b, &got); err != nil || got.MillisBehindLatest != 7 {
		t.Errorf("%v %+v", err, got)
	}
	resp, _ := call("Fly", &struct{}{})
	if resp.StatusCode != 400 || resp.Header.Get("X-Amzn-Query-Error") != "UnknownOperationException;Sender" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}
