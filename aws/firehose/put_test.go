package firehose

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant/wire"
	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

func TestPutLimits(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", nil)
	put := func(sizes ...int) error {
		in := &PutRecordBatchIn{DeliveryStreamName: "s"}
		for _, n := range sizes {
			in.Records = append(in.Records, Record{Data: make([]byte, n)})
		}
		_, err := h.PutRecordBatch(t.Context(), in)
		return err
	}
	for _, c := range []struct {
		sizes []int
		code  string
	}{
		{nil, "InvalidArgumentException"},
		{make([]int, 500), ""},
		{make([]int, 501), "InvalidArgumentException"},
		{[]int{maxRecordBytes}, ""},
		{[]int{maxRecordBytes + 1}, "InvalidArgumentException"},
		{[]int{1 << 20 / 2, 1 << 20 / 2, 1e6, 1e6, 1e6, 1<<20*4 - 1<<20 - 3e6}, ""},
		{[]int{1 << 20 / 2, 1 << 20 / 2, 1e6, 1e6, 1e6, 1<<20*4 - 1<<20 - 3e6 + 1}, "InvalidArgumentException"},
	} {
		wantCode(t, fmt.Sprintf("%d records", len(c.sizes)), put(c.sizes...), c.code)
	}
}

func TestRecordIDsAreUniqueAndNameTheOffset(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", nil)
	seen := map[string]bool{}
	offsets := []uint64{0, 1, 3, 4, 6, 7, 9, 10, 12} // as memlog counts
	for range 3 {
		for _, id := range h.put("s", "a", "b", "c") {
			if seen[id] || len(id) != 32 {
				t.Errorf("id %q", id)
			}
			if offset, ok := RecordOffset(id); !ok || offset != offsets[len(seen)] {
				t.Errorf("id %q names offset %d", id, offset)
			}
			seen[id] = true
		}
	}
}

// With limits on, a second takes what the quota says and not one record more.
func TestThroughputQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.Limits = true })
		h.create("s", nil)
		batch := func(n, size int) (kept int) {
			in := &PutRecordBatchIn{DeliveryStreamName: "s"}
			for range n {
				in.Records = append(in.Records, Record{Data: make([]byte, size)})
			}
			out, err := h.PutRecordBatch(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range out.RequestResponses {
				if ok := r.RecordId != ""; ok != (i < n-out.FailedPutCount) {
					t.Fatalf("slot %d of %d, %d failed: %+v", i, n, out.FailedPutCount, r)
				}
				if r.RecordId == "" && (r.ErrorCode != "ServiceUnavailableException" || r.ErrorMessage != "Slow down.") {
					t.Fatalf("slot %d: %+v", i, r)
				}
			}
			return n - out.FailedPutCount
		}
		kept := 0
		for range 3 { // 3 x 100 x 20,000 bytes; a second holds 5 MiB
			kept += batch(100, 20_000)
		}
		if want := 5 << 20 / 20_000; kept != want {
			t.Errorf("%d records kept, want %d", kept, want)
		}
		_, err := h.PutRecord(t.Context(), &PutRecordIn{DeliveryStreamName: "s", Record: &Record{Data: make([]byte, 20_000)}})
		wantCode(t, "PutRecord beyond the quota", err, "ServiceUnavailableException")
		time.Sleep(time.Second)
		if kept := batch(100, 20_000); kept != 100 {
			t.Errorf("%d kept a second later", kept)
		}
		time.Sleep(2 * time.Second) // buckets hold one second's worth
		kept = 0
		for range 2100 {
			kept += batch(1, 0)
		}
		if kept != 2000 {
			t.Errorf("%d requests kept, want 2000", kept)
		}
		h.flush("s")
		d, _ := h.Deliveries(t.Context(), here, "s")
		var n int64
		for _, d := range d {
			n += d.Records
		}
		if want := int64(5<<20/20_000 + 100 + 2000); n != want {
			t.Errorf("%d records delivered, %d were acknowledged", n, want)
		}
	})
}

// The hand-written decoder means what awsjson means, or leaves the document to it.
func TestPutCodecAgrees(t *testing.T) {
	for i, doc := range []string{
		`{"DeliveryStreamName":"s","Records":[{"Data":"YWJj"},{"Data":""}]}`,
		` { "Records" : [ {"Data" : "YQ=="} ] , "DeliveryStreamName" : "s" } `,
		`{"DeliveryStreamName":"s","Records":[]}`,
		`{"DeliveryStreamName":"s","Records":null}`,
		`{"DeliveryStreamName":"","Records":[{"Data":null}]}`,
		`{"DeliveryStreamName":"\u0073","Records":[{}]}`,
		`{"DeliveryStreamName":"s","Records":[{"Data":"YW\nJj"}]}`,
		"{\"DeliveryStreamName\":\"s\",\"Records\":[{\"Data\":\"YW\nJj\"}]}",
		`{"DeliveryStreamName":"s","Records":[{"Data":"YWJj"}],"Records":[{"Data":"YQ=="}]}`,
		`{"DeliveryStreamName":"s","Other":{"a":[1,2]},"Records":[{"Data":"YWJj","More":1}]}`,
		`{"DeliveryStreamName":"s","Records":[{"Data":"not base64!"}]}`,
		`{"DeliveryStreamName":"s","Records":[{"Data":"001="}]}`, // bits that are thrown away
		`{"DeliveryStreamName":"s","Records":[{"Data":"YWJj"}]`,
		`{"DeliveryStreamName":"s","Records":[{"Data":"YWJj"}]}}`,
		`{"DeliveryStreamName":7}`, `[]`, ``, `{`, `{}`,
	} {
		compareDecoders(t, []byte(doc))
		if quick := new(PutRecordBatchIn).QuickJSON([]byte(doc)); quick != (i < 2) {
			t.Errorf("%s: quick %v", doc, quick)
		}
	}
}

func FuzzPutCodec(f *testing.F) {
	f.Add([]byte(`{"DeliveryStreamName":"s","Records":[{"Data":"YWJj"},{"Data":""}]}`))
	f.Add([]byte(`{"DeliveryStreamName":"s","Record":{"Data":"YWJj"}}`))
	f.Fuzz(compareDecoders)
}

// What the quick decoders take means to reflection the same, and holds the constraints.
func compareDecoders(t *testing.T, doc []byte) {
	var batch PutRecordBatchIn
	if batch.QuickJSON(doc) {
		type slowBatch PutRecordBatchIn
		var slow slowBatch
		_, err := awsjson.Decode(bytes.Clone(doc), &slow)
		if err == nil {
			err = wire.Check(&slow)
		}
		if err != nil || slow.DeliveryStreamName != batch.DeliveryStreamName || !reflect.DeepEqual(slow.Records, batch.Records) {
			t.Errorf("%s\nfast %+v\nslow %+v %v", doc, batch, slow, err)
		}
		batch.arena.release() // the next one lies where this one lay
	} else if batch.DeliveryStreamName != "" || batch.Records != nil {
		t.Errorf("%s: refused, and changed", doc)
	}
	var one PutRecordIn
	if one.QuickJSON(doc) {
		type slowOne PutRecordIn
		var slow slowOne
		_, err := awsjson.Decode(bytes.Clone(doc), &slow)
		if err == nil {
			err = wire.Check(&slow)
		}
		if err != nil || slow.DeliveryStreamName != one.DeliveryStreamName || !reflect.DeepEqual(slow.Record, one.Record) {
			t.Errorf("%s\nfast %+v\nslow %+v %v", doc, one, slow, err)
		}
		one.arena.release()
	} else if one.DeliveryStreamName != "" || one.Record != nil {
		t.Errorf("%s: refused, and changed", doc)
	}
}

func TestPutReplies(t *testing.T) {
	type plainBatch PutRecordBatchOut
	b := PutRecordBatchOut{FailedPutCount: 1, RequestResponses: []PutRecordBatchResponseEntry{{RecordId: "a"}, {ErrorCode: "X", ErrorMessage: "Slow down."}}}
	if got, want := b.AppendJSON(nil), awsjson.Append(nil, (*plainBatch)(&b)); !sameJSON(got, want) {
		t.Errorf("%s\n%s", got, want)
	}
	type plainOne PutRecordOut
	o := PutRecordOut{RecordId: "a", Encrypted: true}
	if got, want := o.AppendJSON(nil), awsjson.Append(nil, (*plainOne)(&o)); !sameJSON(got, want) {
		t.Errorf("%s\n%s", got, want)
	}
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// Bytes that came through the decoder's arena are the log's own before the arena is used again.
func TestArenaIsNotSharedWithTheLog(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", nil)
	var want strings.Builder
	for i := range 200 {
		text := fmt.Sprintf("record %d;", i)
		want.WriteString(text)
		var in PutRecordIn
		doc := fmt.Sprintf(`{"DeliveryStreamName":"s","Record":{"Data":"%s"}}`, base64.StdEncoding.EncodeToString([]byte(text)))
		if !in.QuickJSON([]byte(doc)) {
			t.Fatalf("%s is not plain", doc)
		}
		if _, err := h.PutRecord(t.Context(), &in); err != nil {
			t.Fatal(err)
		}
	}
	key := h.flush("s")[0]
	if got := h.objects("lake")[key]; got != want.String() {
		t.Errorf("got %q", got)
	}
}

func TestBucketNeverExceedsItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(quota{records: 10, requests: math.Inf(1), bytes: math.Inf(1)})
		n := 0
		for range 100 { // ten seconds in steps of 100 ms
			n += b.admit(func(yield func(int) bool) {
				for yield(1) {
				}
			})
			time.Sleep(100 * time.Millisecond)
		}
		if n < 100 || n > 110 {
			t.Errorf("%d admitted in 10 s at 10/s", n)
		}
	})
}

func BenchmarkDecodePutRecordBatch(b *testing.B) {
	var doc bytes.Buffer
	doc.WriteString(`{"DeliveryStreamName":"trips","Records":[`)
	for i := range 500 {
		if i > 0 {
			doc.WriteByte(',')
		}
		fmt.Fprintf(&doc, `{"Data":"%s"}`, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), 400)))
	}
	doc.WriteString(`]}`)
	b.SetBytes(int64(doc.Len()))
	b.ReportAllocs()
	for b.Loop() {
		var in PutRecordBatchIn
		if !in.QuickJSON(doc.Bytes()) {
			b.Fatal("not plain")
		}
		in.arena.release()
	}
}
