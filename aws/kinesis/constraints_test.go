package kinesis

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire"
)

// The sentences of broken constraints, as AWS writes them.
func TestConstraintTexts(t *testing.T) {
	const one = "1 validation error detected: "
	long := strings.Repeat("k", 129)
	item := PutRecordsRequestEntry{Data: []byte("abc"), PartitionKey: "k"}
	many := make([]PutRecordsRequestEntry, maxPutRecords+1)
	for i := range many {
		many[i] = item
	}
	for _, c := range []struct {
		in   any
		want string
	}{
		{&PutRecordsIn{Records: many}, one + "Value '[PutRecordsRequestEntry(data=java.nio.HeapByteBuffer[pos=0 lim=3 cap=3], explicitHashKey=null, partitionKey=k), PutRecordsRequestEntry("},
		{&PutRecordsIn{Records: many}, "' at 'records' failed to satisfy constraint: Member must have length less than or equal to 500"},
		{&AddTagsToStreamIn{Tags: map[string]string{long: "v"}}, one + "Value '{" + long + "=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: " +
			"[Member must have length less than or equal to 128, Member must have length greater than or equal to 1]"},
		{&CreateStreamIn{StreamName: "s", Tags: map[string]string{"k": long + long}}, "Map value must satisfy constraint: " +
			"[Member must have length less than or equal to 256, Member must have length greater than or equal to 0]"},
		{&RemoveTagsFromStreamIn{TagKeys: []string{"a", long, "b"}}, one + "Value '[a, " + long + ", b]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: " +
			"[Member must have length less than or equal to 128, Member must have length greater than or equal to 1]"},
		{&EnableEnhancedMonitoringIn{ShardLevelMetrics: []string{"ALL", "Weight"}}, one + "Value '[ALL, Weight]' at 'shardLevelMetrics' failed to satisfy constraint: Member must satisfy constraint: " +
			"[Member must satisfy enum value set: [IncomingBytes, IncomingRecords, OutgoingBytes, OutgoingRecords, WriteProvisionedThroughputExceeded, ReadProvisionedThroughputExceeded, IteratorAgeMilliseconds, ALL]]"},
		{&SubscribeToShardIn{ConsumerARN: "arn:aws:kinesis:us-east-1:000000000000:stream/s", ShardId: "0", StartingPosition: &StartingPosition{}},
			"2 validation errors detected: Value 'arn:aws:kinesis:us-east-1:000000000000:stream/s' at 'consumerARN' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(arn):"},
		{&SubscribeToShardIn{ConsumerARN: "arn:aws:kinesis:us-east-1:000000000000:stream/s", ShardId: "0", StartingPosition: &StartingPosition{}},
			"; Value null at 'startingPosition.type' failed to satisfy constraint: Member must not be null"},
	} {
		wantFault(t, wire.Check(c.in), "ValidationException", c.want)
	}
}

func TestRefusedTagsAndSizes(t *testing.T) {
	h := open(t, Config{})
	defer h.close()
	ctx := context.Background()
	h.create("s", 1)
	add := func(k, v string) error {
		_, err := h.AddTagsToStream(ctx, &AddTagsToStreamIn{StreamName: "s", Tags: map[string]string{k: v}})
		return err
	}
	remove := func(k string) error {
		_, err := h.RemoveTagsFromStream(ctx, &RemoveTagsFromStreamIn{StreamName: "s", TagKeys: []string{k}})
		return err
	}
	arn := hydrant.Scope{}.Or().ARN("kinesis", "stream/s")
	untag := func(k string) error {
		_, err := h.UntagResource(ctx, &UntagResourceIn{ResourceARN: arn, TagKeys: []string{k}})
		return err
	}
	const characters = "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @ :."
	for _, bad := range []string{"a;b", "a\tb", "a\nb", "a,b"} {
		for _, err := range []error{add(bad, "v"), add("k", bad), remove(bad), untag(bad)} {
			wantFault(t, err, "InvalidArgumentException", characters)
		}
	}
	const illegal = " stream s under account 000000000000 because some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces,"
	wantFault(t, add("k", "9%"), "InvalidArgumentException", "Failed to add tags to"+illegal)
	wantFault(t, remove("9%"), "InvalidArgumentException", "Failed to remove tags from"+illegal)
	if err := add("ü0 _.", "/=+-@:"); err != nil {
		t.Error(err)
	}

	limit := defaultRecordKiB << 10
	put := func(sizes ...int) error {
		in := &PutRecordsIn{StreamName: "s"}
		for _, n := range sizes {
			in.Records = append(in.Records, PutRecordsRequestEntry{Data: make([]byte, n), PartitionKey: "key"})
		}
		_, err := h.PutRecords(ctx, in)
		return err
	}
	wantFault(t, put(1, limit+1), "ValidationException", "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]' at 'records.2.member.data' failed to satisfy constraint: Member must have length less than or equal to 1048576")
	wantFault(t, put(limit-2), "ValidationException", "(with its partition key it has 1048577)")
	if err := put(limit - 3); err != nil {
		t.Error(err)
	}
	_, err := h.PutRecord(ctx, &PutRecordIn{StreamName: "s", PartitionKey: "k", Data: make([]byte, limit+5)})
	wantFault(t, err, "ValidationException", "lim=1048581 cap=1048581]' at 'data' failed")
	wantFault(t, put(limit-3, limit-3, limit-3, limit-3, limit-3, limit-3, limit-3, limit-3, limit-3, limit-3, 1), "InvalidArgumentException", "Records size exceeds 10 MB limit")
}

// A request of more data than a call may have is told so, though its base64 is larger than what most calls may send.
func TestTooMuchDataIsToldInItsWords(t *testing.T) {
	h := open(t, Config{})
	defer h.close()
	h.create("s", 1)
	server := httptest.NewServer(wire.NewServer(wire.Config{Services: []wire.Service{h.Wire()}}))
	defer server.Close()
	data := strings.Repeat("QUJD", 349525) // just below 1 MiB
	for records, want := range map[int]string{10: "200 OK", 14: "Records size exceeds 10 MB limit", 25: "413 Request Entity Too Large"} {
		item := `{"PartitionKey":"k","Data":"` + data + `"}`
		r, err := http.NewRequest("POST", server.URL, strings.NewReader(`{"StreamName":"s","Records":[`+item+strings.Repeat(","+item, records-1)+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "Kinesis_20131202.PutRecords")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if got := resp.Status + " " + string(body); !strings.Contains(got, want) {
			t.Errorf("%d MiB: %.300s", records, got)
		}
	}
}
