package wire_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hydrant-stream/hydrant/wire"
	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// BenchmarkServe is a whole call of 500 records of 300 bytes, from the headers to the last byte of the
// reply, without the network.
func BenchmarkServe(b *testing.B) {
	s := &stream{}
	h := wire.NewServer(wire.Config{Services: []wire.Service{s.wire()}})
	in := putRecordsIn{StreamName: "trips"}
	for i := range 500 {
		in.Records = append(in.Records, putRecordEntry{Data: bytes.Repeat([]byte{byte(i)}, 300), PartitionKey: "key"})
	}
	doc := awsjson.Append(nil, &in)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(doc))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "Kinesis_20131202.PutRecords")
		w := &discard{header: http.Header{}}
		h.ServeHTTP(w, r)
		if w.status != 200 {
			b.Fatal(w.status)
		}
		s.records, s.scopes = s.records[:0], s.scopes[:0]
	}
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(b []byte) (int, error) { return io.Discard.Write(b) }
