package kinesis

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
	"github.com/hydrant-stream/hydrant/wire/awscbor"
	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// onDisk is a service on a folder of its own, with one stream of four shards.
func onDisk(b *testing.B, o segment.Options) (*Service, http.Handler) {
	disk := vfs.OS(b.TempDir())
	log, err := segment.Open(disk, "log", o)
	if err != nil {
		b.Fatal(err)
	}
	j, err := journal.Open(disk, "journal")
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(context.Background(), Config{Log: log, Journal: j})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close(); j.Close(); log.Close() })
	if _, err := s.CreateStream(context.Background(), &CreateStreamIn{StreamName: "bench", ShardCount: ptr(4)}); err != nil {
		b.Fatal(err)
	}
	return s, wire.NewServer(wire.Config{Services: []wire.Service{s.Wire()}})
}

func batch(seed int) *PutRecordsIn {
	in := &PutRecordsIn{StreamName: "bench"}
	for i := range 500 {
		in.Records = append(in.Records, PutRecordsRequestEntry{Data: bytes.Repeat([]byte{byte(i)}, 300), PartitionKey: fmt.Sprint(seed*500 + i)})
	}
	return in
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(b []byte) (int, error) { return io.Discard.Write(b) }

func call(b *testing.B, h http.Handler, op, contentType string, doc []byte) {
	r := httptest.NewRequest("POST", "/", bytes.NewReader(doc))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+op)
	w := &discard{header: http.Header{}}
	h.ServeHTTP(w, r)
	if w.status != 200 {
		b.Error(w.status)
	}
}

const jsonType, cborType = "application/x-amz-json-1.1", "application/x-amz-cbor-1.1"

// BenchmarkPut is whole calls of 500 records of 300 bytes from eight callers, from the headers to the
// last byte of the reply, synced to disk, without the network.
func BenchmarkPut(b *testing.B) {
	for _, c := range []struct {
		name, contentType string
		doc               []byte
	}{{"json", jsonType, awsjson.Append(nil, batch(1))}, {"cbor", cborType, awscbor.Kinesis.Append(nil, batch(1))}} {
		b.Run(c.name, func(b *testing.B) {
			_, h := onDisk(b, segment.Options{})
			b.SetBytes(int64(len(c.doc)))
			b.ReportAllocs()
			b.SetParallelism(4)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					call(b, h, "PutRecords", c.contentType, c.doc)
				}
			})
			b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkGet is a call for 10,000 records of 300 bytes, from memory.
func BenchmarkGet(b *testing.B) { benchmarkGet(b, segment.Options{}) }

// BenchmarkGetCold is the same from files, as the page cache holds them.
func BenchmarkGetCold(b *testing.B) { benchmarkGet(b, segment.Options{TailBytes: 1, CacheBytes: 1}) }

func benchmarkGet(b *testing.B, o segment.Options) {
	s, h := onDisk(b, o)
	for i := range 100 {
		if _, err := s.PutRecords(context.Background(), batch(i)); err != nil {
			b.Fatal(err)
		}
	}
	it, err := s.GetShardIterator(context.Background(), &GetShardIteratorIn{StreamName: "bench", ShardId: "0", ShardIteratorType: "TRIM_HORIZON"})
	if err != nil {
		b.Fatal(err)
	}
	in := &GetRecordsIn{ShardIterator: it.ShardIterator}
	for _, c := range []struct {
		name, contentType string
		doc               []byte
	}{{"json", jsonType, awsjson.Append(nil, in)}, {"cbor", cborType, awscbor.Kinesis.Append(nil, in)}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				call(b, h, "GetRecords", c.contentType, c.doc)
			}
			b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "records/s")
		})
	}
}
