package kinesis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// house is a service on memory files that can be opened again.
type house struct {
	*Service
	t      *testing.T
	fs     *vfs.Mem
	config Config
}

func open(t *testing.T, c Config) *house {
	h := &house{t: t, fs: vfs.NewMem(), config: c}
	h.reopen()
	return h
}

func (h *house) reopen() {
	h.t.Helper()
	ctx := context.Background()
	if h.Service != nil {
		h.close()
	}
	c := h.config
	var err error
	if c.Log, err = segment.Open(h.fs, "log", segment.Options{}); err != nil {
		h.t.Fatal(err)
	}
	if c.Journal, err = journal.Open(h.fs, "journal"); err != nil {
		h.t.Fatal(err)
	}
	if h.Service, err = New(ctx, c); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) close() {
	h.t.Helper()
	if err := errors.Join(h.Service.Close(), h.Journal.Close(), h.Log.Close()); err != nil {
		h.t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

func (h *house) create(name string, shards int) {
	h.t.Helper()
	if _, err := h.CreateStream(context.Background(), &CreateStreamIn{StreamName: name, ShardCount: &shards}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) put(stream, key, data string) *PutRecordOut {
	h.t.Helper()
	out, err := h.PutRecord(context.Background(), &PutRecordIn{StreamName: stream, PartitionKey: key, Data: []byte(data)})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *house) iterator(in GetShardIteratorIn) string {
	h.t.Helper()
	out, err := h.GetShardIterator(context.Background(), &in)
	if err != nil {
		h.t.Fatal(err)
	}
	return out.ShardIterator
}

func (h *house) get(iterator string, limit int) *GetRecordsOut {
	h.t.Helper()
	in := &GetRecordsIn{ShardIterator: iterator}
	if limit > 0 {
		in.Limit = &limit
	}
	out, err := h.GetRecords(context.Background(), in)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func texts(out *GetRecordsOut) string {
	var s []string
	for _, r := range out.Records.All() {
		s = append(s, string(r.Data))
	}
	return strings.Join(s, " ")
}

func wantFault(t *testing.T, err error, code, text string) {
	t.Helper()
	f, ok := hydrant.AsFault(err)
	if !ok || f.Code != code || !strings.Contains(f.Message, text) {
		t.Errorf("got %v\nwant %s with %q", err, code, text)
	}
}

func TestRecordsSurviveARestart(t *testing.T) {
	h := open(t, Config{})
	h.create("trips", 2)
	var last [2]string
	for i := range 50 {
		out := h.put("trips", fmt.Sprint("key", i), fmt.Sprint("r", i))
		n, _ := parseShardID(out.ShardId)
		if last[n] != "" && out.SequenceNumber <= last[n] { // both have 56 digits
			t.Fatalf("%s after %s", out.SequenceNumber, last[n])
		}
		last[n] = out.SequenceNumber
	}
	it := h.iterator(GetShardIteratorIn{StreamName: "trips", ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON"})
	before := h.get(it, 0)
	h.reopen()
	after := h.get(it, 0) // the iterator outlives the restart as well
	if texts(before) != texts(after) || after.Records.Len() == 0 {
		t.Fatalf("before %q\nafter  %q", texts(before), texts(after))
	}
	for i, r := range after.Records.All() {
		if b := before.Records.All()[i]; r.SequenceNumber != b.SequenceNumber || !r.ApproximateArrivalTimestamp.Equal(b.ApproximateArrivalTimestamp) || r.PartitionKey != b.PartitionKey {
			t.Fatalf("%+v became %+v", b, r)
		}
	}
	h.close()
}

func TestIteratorTypes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		h.create("s", 1)
		var seq []string
		var at []time.Time
		for _, d := range []string{"a", "b", "c"} {
			time.Sleep(time.Second)
			at = append(at, time.Now())
			seq = append(seq, h.put("s", "k", d).SequenceNumber)
		}
		time.Sleep(time.Second)
		for _, c := range []struct {
			in   GetShardIteratorIn
			want string
		}{
			{GetShardIteratorIn{ShardIteratorType: "TRIM_HORIZON"}, "a b c"},
			{GetShardIteratorIn{ShardIteratorType: "LATEST"}, ""},
			{GetShardIteratorIn{ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: seq[1]}, "b c"},
			{GetShardIteratorIn{ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: seq[1]}, "c"},
			{GetShardIteratorIn{ShardIteratorType: "AT_TIMESTAMP", Timestamp: &at[1]}, "b c"},
			{GetShardIteratorIn{ShardIteratorType: "AT_TIMESTAMP", Timestamp: ptr(at[1].Add(time.Millisecond))}, "c"},
			{GetShardIteratorIn{ShardIteratorType: "AT_TIMESTAMP", Timestamp: ptr(at[0].Add(-time.Hour))}, "a b c"},
		} {
			c.in.StreamName, c.in.ShardId = "s", "0"
			if got := texts(h.get(h.iterator(c.in), 0)); got != c.want {
				t.Errorf("%s: %q, want %q", c.in.ShardIteratorType, got, c.want)
			}
		}
		latest := h.iterator(GetShardIteratorIn{StreamName: "s", ShardId: "shardId-000000000000", ShardIteratorType: "LATEST"})
		h.put("s", "k", "d")
		if got := texts(h.get(latest, 0)); got != "d" {
			t.Errorf("after LATEST: %q", got)
		}
		h.close()
	})
}

func TestPagesAndLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		h.create("s", 1)
		for i := range 5 {
			h.put("s", "k", fmt.Sprint(i))
			time.Sleep(time.Second)
		}
		it := h.iterator(GetShardIteratorIn{StreamName: "s", ShardId: "0", ShardIteratorType: "TRIM_HORIZON"})
		page := h.get(it, 2)
		if texts(page) != "0 1" || page.MillisBehindLatest != 4000 {
			t.Errorf("%q, %d ms behind", texts(page), page.MillisBehindLatest)
		}
		page = h.get(page.NextShardIterator, 10)
		if texts(page) != "2 3 4" || page.MillisBehindLatest != 0 {
			t.Errorf("%q, %d ms behind", texts(page), page.MillisBehindLatest)
		}
		time.Sleep(iteratorLife + time.Second)
		_, err := h.GetRecords(context.Background(), &GetRecordsIn{ShardIterator: it})
		wantFault(t, err, "ExpiredIteratorException", "tolerated delay of 300000 milliseconds")
		h.close()
	})
}

func TestRetentionDropsRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		h.create("s", 1)
		old := h.put("s", "k", "old").SequenceNumber
		time.Sleep(25 * time.Hour)
		h.put("s", "k", "new")
		for _, in := range []GetShardIteratorIn{
			{ShardIteratorType: "TRIM_HORIZON"},
			{ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: old},
		} {
			in.StreamName, in.ShardId = "s", "0"
			if got := texts(h.get(h.iterator(in), 0)); got != "new" {
				t.Errorf("%s reads %q", in.ShardIteratorType, got)
			}
		}
		h.close()
	})
}

func TestPutRecordsKeepsSlotsInOrder(t *testing.T) {
	h := open(t, Config{})
	h.create("s", 4)
	in := &PutRecordsIn{StreamName: "s"}
	for i := range 200 {
		in.Records = append(in.Records, PutRecordsRequestEntry{Data: []byte(fmt.Sprint(i)), PartitionKey: fmt.Sprint(i % 17)})
	}
	out, err := h.PutRecords(context.Background(), in)
	if err != nil || out.FailedRecordCount != 0 {
		t.Fatal(out, err)
	}
	read := map[string]string{} // sequence number -> data
	for i := range 4 {
		page := h.get(h.iterator(GetShardIteratorIn{StreamName: "s", ShardId: fmt.Sprint(i), ShardIteratorType: "TRIM_HORIZON"}), 0)
		for _, r := range page.Records.All() {
			read[shardName(uint32(i))+r.SequenceNumber] = string(r.Data)
		}
	}
	for i, r := range out.Records {
		if got := read[r.ShardId+r.SequenceNumber]; got != fmt.Sprint(i) {
			t.Fatalf("slot %d points at %q", i, got)
		}
	}
	h.close()
}

func TestSplitAndMergeKeepOrderThroughParents(t *testing.T) {
	h := open(t, Config{})
	ctx := context.Background()
	h.create("s", 1)
	h.put("s", "k", "before")
	it := h.iterator(GetShardIteratorIn{StreamName: "s", ShardId: "0", ShardIteratorType: "TRIM_HORIZON"})
	waited := make(chan error, 1)
	go func() {
		waited <- h.Wait(ctx, "arn:aws:kinesis:us-east-1:000000000000:stream/s", "shardId-000000000000", 1)
	}()
	if _, err := h.SplitShard(ctx, &SplitShardIn{StreamName: "s", ShardToSplit: "shardId-000000000000", NewStartingHashKey: "170141183460469231731687303715884105728"}); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil { // a reader at the end of a shard learns that it closed
		t.Fatal(err)
	}
	h.put("s", "k", "after")
	page := h.get(it, 0)
	if texts(page) != "before" || page.NextShardIterator != "" || len(page.ChildShards) != 2 {
		t.Fatalf("%q %q %+v", texts(page), page.NextShardIterator, page.ChildShards)
	}
	h.reopen()
	if _, err := h.MergeShards(ctx, &MergeShardsIn{StreamName: "s", ShardToMerge: "shardId-000000000001", AdjacentShardToMerge: "shardId-000000000002"}); err != nil {
		t.Fatal(err)
	}
	out, err := h.ListShards(ctx, &ListShardsIn{StreamName: "s"})
	if err != nil || len(out.Shards) != 4 {
		t.Fatal(out, err)
	}
	child := out.Shards[3]
	if child.ParentShardId != "shardId-000000000001" || child.AdjacentParentShardId != "shardId-000000000002" || child.HashKeyRange.EndingHashKey != maxHashKey.String() {
		t.Errorf("%+v", child)
	}
	out, _ = h.ListShards(ctx, &ListShardsIn{StreamName: "s", ShardFilter: &ShardFilter{Type: "AT_LATEST"}})
	if len(out.Shards) != 1 {
		t.Errorf("AT_LATEST: %+v", out.Shards)
	}
	_, err = h.MergeShards(ctx, &MergeShardsIn{StreamName: "s", ShardToMerge: "shardId-000000000001", AdjacentShardToMerge: "shardId-000000000002"})
	wantFault(t, err, "InvalidArgumentException", "closed")
	h.close()
}

func TestUpdateShardCountIsUniform(t *testing.T) {
	h := open(t, Config{})
	h.create("s", 3)
	for _, n := range []int{6, 4, 8, 5, 3} {
		if _, err := h.UpdateShardCount(context.Background(), &UpdateShardCountIn{StreamName: "s", TargetShardCount: &n, ScalingType: "UNIFORM_SCALING"}); err != nil {
			t.Fatal(err)
		}
		st, _ := h.lookup(hydrant.Scope{}.Or(), "s")
		want := uniform(n)
		if len(st.open) != n {
			t.Fatalf("%d open, want %d", len(st.open), n)
		}
		for i, o := range st.open {
			if o.Range != want[i] {
				t.Errorf("%d/%d: %v, want %v", i, n, o.Range, want[i])
			}
		}
		for i := range 20 { // every key has an owner
			h.put("s", fmt.Sprint(n, i), "x")
		}
	}
	_, err := h.UpdateShardCount(context.Background(), &UpdateShardCountIn{StreamName: "s", TargetShardCount: ptr(7), ScalingType: "UNIFORM_SCALING"})
	wantFault(t, err, "InvalidArgumentException", "double")
	h.close()
}

func TestStatesPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		h := open(t, Config{StatusDelay: time.Second})
		h.create("s", 1)
		d, err := h.DescribeStream(ctx, &DescribeStreamIn{StreamName: "s"})
		if err != nil || d.StreamDescription.StreamStatus != creating || len(d.StreamDescription.Shards) != 0 {
			t.Fatal(d, err)
		}
		_, err = h.PutRecord(ctx, &PutRecordIn{StreamName: "s", PartitionKey: "k", Data: []byte("x")})
		wantFault(t, err, "ResourceNotFoundException", "Stream s under account 000000000000 not found.")
		time.Sleep(time.Second)
		h.put("s", "k", "x")
		if _, err := h.DeleteStream(ctx, &DeleteStreamIn{StreamName: "s"}); err != nil {
			t.Fatal(err)
		}
		sum, err := h.DescribeStreamSummary(ctx, &DescribeStreamSummaryIn{StreamName: "s"})
		if err != nil || sum.StreamDescriptionSummary.StreamStatus != deleting || sum.StreamDescriptionSummary.OpenShardCount != nil {
			t.Fatal(sum, err)
		}
		_, err = h.CreateStream(ctx, &CreateStreamIn{StreamName: "s", ShardCount: ptr(1)})
		wantFault(t, err, "ResourceInUseException", "Stream s under account 000000000000 already exists.")
		time.Sleep(time.Second)
		synctest.Wait()
		_, err = h.DescribeStream(ctx, &DescribeStreamIn{StreamName: "s"})
		wantFault(t, err, "ResourceNotFoundException", "Stream s under account 000000000000 not found.")
		h.create("s", 1)
		time.Sleep(time.Second)
		it := h.iterator(GetShardIteratorIn{StreamName: "s", ShardId: "0", ShardIteratorType: "TRIM_HORIZON"})
		if page := h.get(it, 0); page.Records.Len() != 0 {
			t.Errorf("a new stream holds its predecessor's %q", texts(page))
		}
		h.close()
	})
}

func TestThroughputLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		h := open(t, Config{Limits: true})
		h.create("s", 1)
		in := &PutRecordsIn{StreamName: "s"}
		for range 500 {
			in.Records = append(in.Records, PutRecordsRequestEntry{Data: []byte("x"), PartitionKey: "k"})
		}
		failed := 0
		for range 3 {
			out, err := h.PutRecords(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			failed += out.FailedRecordCount
			for _, r := range out.Records {
				if (r.ErrorCode == "") == (r.SequenceNumber == "") {
					t.Fatalf("%+v", r)
				}
			}
		}
		if failed != 500 {
			t.Errorf("%d of 1,500 records at once refused, want 500", failed)
		}
		it := h.iterator(GetShardIteratorIn{StreamName: "s", ShardId: "0", ShardIteratorType: "TRIM_HORIZON"})
		for range shardReadCalls {
			h.get(it, 1)
		}
		_, err := h.GetRecords(ctx, &GetRecordsIn{ShardIterator: it})
		wantFault(t, err, "ProvisionedThroughputExceededException", "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.")
		time.Sleep(time.Second)
		if out, _ := h.PutRecords(ctx, in); out.FailedRecordCount != 0 {
			t.Errorf("%d refused after a second's rest", out.FailedRecordCount)
		}
		h.close()
	})
}

func TestBadInput(t *testing.T) {
	h := open(t, Config{})
	ctx := context.Background()
	h.create("s", 2)
	seq := h.put("s", "k", "x")
	other := "shardId-000000000000"
	if seq.ShardId == other {
		other = "shardId-000000000001"
	}
	shardIt := func(shard, kind, number string) error {
		_, err := h.GetShardIterator(ctx, &GetShardIteratorIn{StreamName: "s", ShardId: shard, ShardIteratorType: kind, StartingSequenceNumber: number})
		return err
	}
	put := func(in PutRecordIn) error {
		_, err := h.PutRecord(ctx, &in)
		return err
	}
	get := func(it string) error {
		_, err := h.GetRecords(ctx, &GetRecordsIn{ShardIterator: it})
		return err
	}
	for _, c := range []struct {
		err        error
		code, text string
	}{
		{put(PutRecordIn{StreamName: "nope", PartitionKey: "k"}), "ResourceNotFoundException", "Stream nope under account 000000000000 not found."},
		{put(PutRecordIn{PartitionKey: "k"}), "InvalidArgumentException", "required"},
		{put(PutRecordIn{StreamARN: "arn:aws:kinesis:eu-west-1:000000000000:stream/s", PartitionKey: "k"}), "InvalidArgumentException", "does not match the endpoint region"},
		{put(PutRecordIn{StreamName: "s", PartitionKey: "k", Data: make([]byte, 1<<20)}), "ValidationException", "1048576"},
		{put(PutRecordIn{StreamName: "s", PartitionKey: "k", ExplicitHashKey: "340282366920938463463374607431768211456"}), "InvalidArgumentException", "[0, 2^128-1]"},
		{put(PutRecordIn{StreamName: "s", PartitionKey: "k", SequenceNumberForOrdering: "1"}), "InvalidArgumentException", "ExclusiveMinimumSequenceNumber 1 used in PutRecord on stream s"},
		{shardIt("shardId-000000000009", "LATEST", ""), "ResourceNotFoundException", "Shard shardId-000000000009 in stream s under account 000000000000 does not exist"},
		{shardIt("0", "LATEST", seq.SequenceNumber), "InvalidArgumentException", "and also a StartingSequenceNumber."},
		{shardIt("0", "AT_SEQUENCE_NUMBER", ""), "InvalidArgumentException", "and no StartingSequenceNumber."},
		{shardIt("0", "AT_SEQUENCE_NUMBER", "17"), "InvalidArgumentException", "is invalid."},
		{shardIt(other, "AT_SEQUENCE_NUMBER", seq.SequenceNumber), "InvalidArgumentException", "It encodes " + seq.ShardId},
		{shardIt("0", "AT_TIMESTAMP", ""), "InvalidArgumentException", "has no timestamp parameter"},
		{get("AAAA"), "InvalidArgumentException", "Invalid ShardIterator."},
		{get("not base64!"), "InvalidArgumentException", "Invalid ShardIterator."},
	} {
		wantFault(t, c.err, c.code, c.text)
	}
	if _, err := h.CreateStream(ctx, &CreateStreamIn{StreamName: "p", StreamModeDetails: &StreamModeDetails{StreamMode: provisioned}}); err == nil {
		t.Error("provisioned without a shard count was taken")
	}
	h.close()
}

// A full disk refuses the record; what was acknowledged before stays.
func TestFullDiskAcknowledgesNothing(t *testing.T) {
	h := open(t, Config{})
	h.create("s", 1)
	h.put("s", "k", "kept")
	h.Service.Log = failing{h.Service.Log}
	_, err := h.PutRecord(context.Background(), &PutRecordIn{StreamName: "s", PartitionKey: "k", Data: []byte("lost")})
	wantFault(t, err, "InternalFailure", "Internal service failure.")
	out, err := h.PutRecords(context.Background(), &PutRecordsIn{StreamName: "s", Records: []PutRecordsRequestEntry{{PartitionKey: "k"}}})
	if err != nil || out.FailedRecordCount != 1 || out.Records[0].ErrorCode != "InternalFailure" {
		t.Fatal(out, err)
	}
	it := h.iterator(GetShardIteratorIn{StreamName: "s", ShardId: "0", ShardIteratorType: "TRIM_HORIZON"})
	if got := texts(h.get(it, 0)); got != "kept" {
		t.Errorf("%q", got)
	}
	h.close()
}

type failing struct{ shardlog.Engine }

func (f failing) Append(context.Context, []shardlog.Batch) error {
	return fmt.Errorf("write log/7: %w", shardlog.ErrFailed)
}
