package kinesis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/wire"
	"github.com/hydrant-stream/hydrant/wire/awscbor"
	"github.com/hydrant-stream/hydrant/wire/eventstream"
)

// serve puts the service behind a real port that speaks HTTP/1.1, HTTP/2 and h2c.
func (h *house) serve(tls bool) *httptest.Server {
	h.t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.Config = wire.NewHTTPServer(wire.NewServer(wire.Config{Services: []wire.Service{h.Wire()}}))
	s.Config.RegisterOnShutdown(h.Drain)
	if tls {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Start()
	}
	h.t.Cleanup(s.Close)
	return s
}

func sdk(url string, c *http.Client) *kinesis.Client {
	return kinesis.New(kinesis.Options{BaseEndpoint: &url, Region: "us-east-1", HTTPClient: awsbody.Over(c), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
}

// transports are the ways in which a client may come; the name is the protocol the server then sees.
func transports(t *testing.T, f func(t *testing.T, h *house, s *httptest.Server, c *http.Client)) {
	for _, proto := range []string{"HTTP/1.1", "h2c", "h2"} {
		t.Run(proto, func(t *testing.T) {
			h := open(t, Config{})
			s := h.serve(proto == "h2")
			c := s.Client()
			if proto == "h2c" {
				p := new(http.Protocols)
				p.SetUnencryptedHTTP2(true)
				tr := &http.Transport{Protocols: p}
				t.Cleanup(tr.CloseIdleConnections)
				c = &http.Client{Transport: tr}
			}
			f(t, h, s, c)
			s.Close()
			h.close()
		})
	}
}

func TestSubscribeToShardWithTheSDK(t *testing.T) {
	transports(t, func(t *testing.T, h *house, s *httptest.Server, c *http.Client) {
		ctx := t.Context()
		h.create("s", 1)
		arn := h.register("s", "c")
		h.put("s", "k", "first")
		client := sdk(s.URL, c)
		subscribe := func(shard string, at types.StartingPosition) *kinesis.SubscribeToShardEventStream {
			t.Helper()
			out, err := client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{ConsumerARN: &arn, ShardId: &shard, StartingPosition: &at})
			if err != nil {
				t.Fatal(err)
			}
			return out.GetStream()
		}
		next := func(st *kinesis.SubscribeToShardEventStream) types.SubscribeToShardEvent {
			t.Helper()
			e, ok := <-st.Events()
			if !ok {
				t.Fatal("ended: ", st.Err())
			}
			return e.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
		}
		st := subscribe("shardId-000000000000", types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon})
		e := next(st)
		if len(e.Records) != 1 || string(e.Records[0].Data) != "first" || *e.Records[0].PartitionKey != "k" || time.Since(*e.Records[0].ApproximateArrivalTimestamp) > time.Minute || e.MillisBehindLatest == nil {
			t.Errorf("%+v", e)
		}
		for i := range 10 {
			if _, err := client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: []byte(fmt.Sprint(i))}); err != nil {
				t.Fatal(err)
			}
			if e := next(st); len(e.Records) != 1 || string(e.Records[0].Data) != fmt.Sprint(i) {
				t.Fatalf("%d: %+v", i, e)
			}
		}
		var inUse *types.ResourceInUseException
		_, err := client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{ConsumerARN: &arn, ShardId: aws.String("shardId-000000000000"),
			StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest}})
		if !errors.As(err, &inUse) {
			t.Errorf("a second subscription at once: %v", err)
		}
		if _, err := client.SplitShard(ctx, &kinesis.SplitShardInput{StreamName: aws.String("s"), ShardToSplit: aws.String("shardId-000000000000"), NewStartingHashKey: aws.String("1000")}); err != nil {
			t.Fatal(err)
		}
		if e := next(st); len(e.ChildShards) != 2 || e.ContinuationSequenceNumber != nil {
			t.Errorf("%+v", e)
		}
		if e, more := <-st.Events(); more || st.Err() != nil {
			t.Errorf("after the end of the shard: %+v, %v", e, st.Err())
		}
		// The server goes while a subscription is open: it ends without an error.
		st = subscribe("shardId-000000000001", types.StartingPosition{Type: types.ShardIteratorTypeLatest})
		stopped := make(chan error, 1)
		go func() { stopped <- s.Config.Shutdown(context.WithoutCancel(ctx)) }()
		if e, more := <-st.Events(); more || st.Err() != nil {
			t.Errorf("at shutdown: %+v, %v", e, st.Err())
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

// Java's clients ask in CBOR and over HTTP/2.
func TestSubscribeToShardInCBOR(t *testing.T) {
	transports(t, func(t *testing.T, h *house, s *httptest.Server, c *http.Client) {
		h.create("s", 1)
		arn := h.register("s", "c")
		put := h.put("s", "k", "\x00\xff")
		body := awscbor.Kinesis.Append(nil, &SubscribeToShardIn{ConsumerARN: arn, ShardId: "shardId-000000000000",
			StartingPosition: &StartingPosition{Type: "AT_SEQUENCE_NUMBER", SequenceNumber: put.SequenceNumber}})
		r, _ := http.NewRequestWithContext(t.Context(), "POST", s.URL, bytes.NewReader(body))
		r.Header.Set("X-Amz-Target", "Kinesis_20131202.SubscribeToShard")
		r.Header.Set("Content-Type", "application/x-amz-cbor-1.1")
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if want := map[bool]int{true: 1, false: 2}[s.TLS == nil && c == s.Client()]; resp.ProtoMajor != want || resp.Header.Get("Content-Type") != "application/vnd.amazon.eventstream" || resp.Header.Get("X-Amz-Id-2") == "" {
			t.Errorf("%s %v", resp.Proto, resp.Header)
		}
		if resp.ProtoMajor == 1 && (len(resp.TransferEncoding) != 1 || resp.TransferEncoding[0] != "chunked") {
			t.Error(resp.TransferEncoding)
		}
		m, err := eventstream.Read(resp.Body)
		if err != nil || m.Get(":event-type") != "initial-response" || m.Get(":message-type") != "event" || m.Get(":content-type") != "application/x-amz-cbor-1.1" {
			t.Fatalf("%v %+v", err, m)
		}
		if m, err = eventstream.Read(resp.Body); err != nil || m.Get(":event-type") != "SubscribeToShardEvent" {
			t.Fatalf("%v %+v", err, m)
		}
		var e slowEvent
		if _, err := awscbor.Kinesis.Decode(m.Payload, &e); err != nil || len(e.Records) != 1 || string(e.Records[0].Data) != "\x00\xff" || e.Records[0].SequenceNumber != put.SequenceNumber || e.ContinuationSequenceNumber != put.SequenceNumber {
			t.Errorf("%v %+v", err, e)
		}
		h.Drain()
		if _, err := eventstream.Read(resp.Body); err != io.EOF {
			t.Errorf("drained: %v", err)
		}
	})
}

// A client that stops reading holds its connection and nothing else; it is let go when it leaves.
func TestStalledSubscriber(t *testing.T) {
	h := open(t, Config{})
	s := h.serve(false)
	h.create("s", 1)
	arn := h.register("s", "c")
	for range 40 {
		h.put("s", "k", string(bytes.Repeat([]byte("x"), 1<<20-1)))
	}
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"ConsumerARN":%q,"ShardId":"shardId-000000000000","StartingPosition":{"Type":"TRIM_HORIZON"}}`, arn)
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: Kinesis_20131202.SubscribeToShard\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil { // it has begun
		t.Fatal(err)
	}
	h.put("s", "k", "others go on")
	conn.Close()
	if err := s.Config.Shutdown(t.Context()); err != nil { // waits for the handler
		t.Error(err)
	}
	h.close()
}

const botoSubscriber = `
import boto3, sys
k = boto3.client("kinesis", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
out = k.subscribe_to_shard(ConsumerARN=sys.argv[2], ShardId="shardId-000000000000", StartingPosition={"Type": "TRIM_HORIZON"})
n = 0
for event in out["EventStream"]:
    e = event["SubscribeToShardEvent"]
    if e.get("ChildShards"):
        assert not e.get("ContinuationSequenceNumber"), e
        print("end", len(e["ChildShards"]))
        continue
    for r in e["Records"]:
        print(r["PartitionKey"], r["Data"].decode(), r["ApproximateArrivalTimestamp"].year > 2000)
        n += 1
        if n == 3:
            k.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey="1000")
        else:
            k.put_record(StreamName="s", PartitionKey="k", Data=b"r%d" % n)
`

func TestSubscribeToShardWithBoto3(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err == nil {
		err = exec.Command(python, "-c", "import boto3").Run()
	}
	if err != nil {
		if os.Getenv("HYDRANT_REQUIRE") != "" {
			t.Fatal(err)
		}
		t.Skip("no python3 with boto3: ", err)
	}
	h := open(t, Config{})
	s := h.serve(false)
	h.create("s", 1)
	arn := h.register("s", "c")
	h.put("s", "k", "r0")
	out, err := exec.CommandContext(t.Context(), python, "-c", botoSubscriber, s.URL, arn).CombinedOutput()
	if want := "k r0 True\nk r1 True\nk r2 True\nend 2\n"; err != nil || string(out) != want {
		t.Errorf("%v\n%s", err, out)
	}
	s.Close()
	h.close()
}
