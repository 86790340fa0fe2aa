package firehose

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
)

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if got := hydrant.FaultCode(err); got != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func TestStatuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.StatusDelay = time.Second })
		status := func() string {
			out, err := h.DescribeDeliveryStream(t.Context(), &DescribeDeliveryStreamIn{DeliveryStreamName: "s"})
			if err != nil {
				return hydrant.FaultCode(err)
			}
			d := out.DeliveryStreamDescription
			return d.DeliveryStreamStatus + " " + d.DeliveryStreamEncryptionConfiguration.Status
		}
		put := func() error {
			_, err := h.PutRecord(t.Context(), &PutRecordIn{DeliveryStreamName: "s", Record: &Record{}})
			return err
		}
		remove := func() error {
			_, err := h.DeleteDeliveryStream(t.Context(), &DeleteDeliveryStreamIn{DeliveryStreamName: "s"})
			return err
		}
		want := func(s string) {
			t.Helper()
			if got := status(); got != s {
				t.Errorf("status %q, want %q", got, s)
			}
		}
		h.create("s", nil)
		want("CREATING DISABLED")
		wantCode(t, "put while CREATING", put(), "ResourceNotFoundException")
		wantCode(t, "delete while CREATING", remove(), "ResourceInUseException")
		wantCode(t, "create again", h.tryCreate("s", nil), "ResourceInUseException")
		h.stop() // the delay goes on after a restart
		h.start()
		want("CREATING DISABLED")
		time.Sleep(1100 * time.Millisecond)
		want("ACTIVE DISABLED")
		wantCode(t, "put while ACTIVE", put(), "")

		_, err := h.StartDeliveryStreamEncryption(t.Context(), &StartDeliveryStreamEncryptionIn{DeliveryStreamName: "s"})
		wantCode(t, "start encryption", err, "")
		want("ACTIVE ENABLING")
		h.stop()
		h.start()
		time.Sleep(1100 * time.Millisecond)
		want("ACTIVE ENABLED")
		_, err = h.StopDeliveryStreamEncryption(t.Context(), &StopDeliveryStreamEncryptionIn{DeliveryStreamName: "s"})
		wantCode(t, "stop encryption", err, "")
		want("ACTIVE DISABLING")
		time.Sleep(1100 * time.Millisecond)
		want("ACTIVE DISABLED")

		wantCode(t, "delete", remove(), "")
		want("DELETING DISABLED")
		wantCode(t, "delete again", remove(), "")
		wantCode(t, "put while DELETING", put(), "ResourceNotFoundException")
		wantCode(t, "create while DELETING", h.tryCreate("s", nil), "ResourceInUseException")
		h.stop()
		h.start()
		time.Sleep(1100 * time.Millisecond)
		want("ResourceNotFoundException")
		wantCode(t, "delete what is gone", remove(), "ResourceNotFoundException")
	})
}

// A delivery stream made again under its old name never sees the old one's records, and leaves
// nothing behind.
func TestRecreatedStreamIsEmpty(t *testing.T) {
	h := newHouse(t, nil)
	for range 3 {
		h.create("s", nil)
		h.put("s", "kept")
		h.flush("s")
		h.put("s", "discarded")
		if _, err := h.DeleteDeliveryStream(t.Context(), &DeleteDeliveryStreamIn{DeliveryStreamName: "s"}); err != nil {
			t.Fatal(err)
		}
	}
	bodies := h.objects("lake")
	if len(bodies) != 3 {
		t.Errorf("%d objects", len(bodies))
	}
	for k, b := range bodies {
		if b != "kept" {
			t.Errorf("%s holds %q", k, b)
		}
	}
	h.journal.Range("firehose/", func(k string, v []byte) bool {
		t.Errorf("left in the journal: %s = %s", k, v)
		return true
	})
	if _, shards := h.log.(*memlog).held(); shards != "" {
		t.Errorf("left in the log: %s", shards)
	}
}

func TestDescribeFillsDefaults(t *testing.T) {
	h := newHouse(t, nil)
	h.tables.set(nil, "id bigint")
	_, err := h.CreateDeliveryStream(t.Context(), &CreateDeliveryStreamIn{
		DeliveryStreamName:         "legacy",
		S3DestinationConfiguration: &S3DestinationConfiguration{RoleARN: role, BucketARN: "arn:aws:s3:::lake"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const legacy = `{"RoleARN":"` + role + `","BucketARN":"arn:aws:s3:::lake","BufferingHints":{"SizeInMBs":5,"IntervalInSeconds":300},` +
		`"CompressionFormat":"UNCOMPRESSED","EncryptionConfiguration":{"NoEncryptionConfig":"NoEncryption"},"CloudWatchLoggingOptions":{"Enabled":false}`
	checkDescription(t, h, "legacy", `{"DeliveryStreamName":"legacy","DeliveryStreamARN":"arn:aws:firehose:us-east-1:000000000000:deliverystream/legacy",`+
		`"DeliveryStreamStatus":"ACTIVE","DeliveryStreamEncryptionConfiguration":{"Status":"DISABLED"},"DeliveryStreamType":"DirectPut","VersionId":"1",`+
		`"Destinations":[{"DestinationId":"destinationId-000000000001","S3DestinationDescription":`+legacy+`},"ExtendedS3DestinationDescription":`+
		legacy+`,"S3BackupMode":"Disabled"}}],"HasMoreDestinations":false}`)

	h.create("whole", func(d *ExtendedS3DestinationConfiguration) {
		converting(d)
		d.BufferingHints = nil
		d.Prefix = new("p/")
	})
	d := h.find(here, "whole").describe().Destinations[0].ExtendedS3DestinationDescription
	c := d.DataFormatConversionConfiguration
	if *d.BufferingHints.SizeInMBs != 128 || !isTrue(c.Enabled) || c.SchemaConfiguration.VersionId != "LATEST" ||
		c.SchemaConfiguration.Region != "us-east-1" || *d.Prefix != "p/" {
		t.Errorf("described as %+v %+v", d, c.SchemaConfiguration)
	}
}

// checkDescription compares without timestamps and absent members.
func checkDescription(t *testing.T, h *house, name, want string) {
	t.Helper()
	d := h.find(here, name).describe()
	if d.CreateTimestamp.IsZero() || !d.LastUpdateTimestamp.IsZero() {
		t.Errorf("created %s, updated %s", d.CreateTimestamp, d.LastUpdateTimestamp)
	}
	d.CreateTimestamp = time.Time{}
	got, _ := json.Marshal(d)
	var a, b any
	json.Unmarshal(got, &a)
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	if a = pruned(a); !reflect.DeepEqual(a, b) {
		g, _ := json.Marshal(a)
		t.Errorf("described as\n%s\nwant\n%s", g, want)
	}
}

// pruned is a document without what wire leaves out: nulls and empty strings.
func pruned(v any) any {
	m, ok := v.(map[string]any)
	if l, is := v.([]any); is {
		for i := range l {
			l[i] = pruned(l[i])
		}
	}
	if !ok {
		return v
	}
	for k, x := range m {
		if x == nil || x == "" || x == "0001-01-01T00:00:00Z" {
			delete(m, k)
			continue
		}
		m[k] = pruned(x)
	}
	return m
}

func TestListPages(t *testing.T) {
	h := newHouse(t, nil)
	for i := range 12 {
		h.create(fmt.Sprintf("s%02d", i), nil)
	}
	var all []string
	in := &ListDeliveryStreamsIn{}
	for pages := 1; ; pages++ {
		out, err := h.ListDeliveryStreams(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, out.DeliveryStreamNames...)
		if !out.HasMoreDeliveryStreams {
			if pages != 2 {
				t.Errorf("%d pages of 10", pages)
			}
			break
		}
		in.ExclusiveStartDeliveryStreamName = all[len(all)-1]
	}
	if len(all) != 12 || !slices.IsSorted(all) {
		t.Errorf("listed %q", all)
	}
	other := hydrant.WithScope(t.Context(), hydrant.Scope{Region: "eu-west-1"})
	if out, _ := h.ListDeliveryStreams(other, &ListDeliveryStreamsIn{}); len(out.DeliveryStreamNames) != 0 {
		t.Errorf("another Region lists %q", out.DeliveryStreamNames)
	}
}

func TestTags(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", nil)
	tag := func(kv ...string) error {
		in := &TagDeliveryStreamIn{DeliveryStreamName: "s"}
		for i := 0; i < len(kv); i += 2 {
			in.Tags = append(in.Tags, Tag{Key: kv[i], Value: new(kv[i+1])})
		}
		_, err := h.TagDeliveryStream(t.Context(), in)
		return err
	}
	wantCode(t, "tag", tag("b", "1", "a", "2", "b", "3"), "")
	wantCode(t, "one bad tag", tag("c", "1", "aws:d", "2"), "InvalidArgumentException")
	h.stop()
	h.start()
	out, err := h.ListTagsForDeliveryStream(t.Context(), &ListTagsForDeliveryStreamIn{DeliveryStreamName: "s", Limit: new(1)})
	if err != nil || len(out.Tags) != 1 || out.Tags[0].Key != "a" || !out.HasMoreTags {
		t.Errorf("first page %+v, %v", out, err)
	}
	out, err = h.ListTagsForDeliveryStream(t.Context(), &ListTagsForDeliveryStreamIn{DeliveryStreamName: "s", ExclusiveStartTagKey: "a"})
	if err != nil || len(out.Tags) != 1 || *out.Tags[0].Value != "3" || out.HasMoreTags {
		t.Errorf("second page %+v, %v", out, err)
	}
	_, err = h.UntagDeliveryStream(t.Context(), &UntagDeliveryStreamIn{DeliveryStreamName: "s", TagKeys: []string{"a", "none"}})
	wantCode(t, "untag", err, "")
	var many []string
	for i := range maxTags {
		many = append(many, fmt.Sprintf("k%d", i), "v")
	}
	wantCode(t, "51 tags", tag(many...), "LimitExceededException")
	if out, _ := h.ListTagsForDeliveryStream(t.Context(), &ListTagsForDeliveryStreamIn{DeliveryStreamName: "s"}); len(out.Tags) != 1 {
		t.Errorf("tags are %+v", out.Tags)
	}
}
