package firehose

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// BenchmarkPutAndDeliver is the whole way on the machine's own disk: batches of 500 taxi trips from
// four producers into the spool, and from there as Parquet objects of 64 MiB of JSON.
func BenchmarkPutAndDeliver(b *testing.B) { putAndDeliver(b, converting) }

// The same through a function of this process that returns what it is given.
func BenchmarkPutTransformAndDeliver(b *testing.B) {
	putAndDeliver(b, func(d *ExtendedS3DestinationConfiguration) {
		converting(d)
		processors(transforming("BufferSizeInMBs", "1", "BufferIntervalInSeconds", "1"))(d)
	})
}

// The same into as many partitions as there are zones: 50.
func BenchmarkPutPartitionAndDeliver(b *testing.B) {
	putAndDeliver(b, func(d *ExtendedS3DestinationConfiguration) {
		converting(d)
		keyed("zone=!{partitionKeyFromQuery:zone}/", jq("{zone: (.trip_id % 50)}"))(d)
	})
}

// echo is a function that returns what it is given.
type echo struct{}

func (echo) Invoke(_ context.Context, _ hydrant.Scope, _ string, payload []byte) ([]byte, string, error) {
	_, records, _ := bytes.Cut(payload, []byte(`"records":`))
	return slices.Concat([]byte(`{"records":`), bytes.ReplaceAll(records, []byte(`"data"`), []byte(`"result":"Ok","data"`))), "", nil
}

func putAndDeliver(b *testing.B, config func(*ExtendedS3DestinationConfiguration)) {
	fs := vfs.OS(b.TempDir())
	log, err := segment.Open(fs, "log", segment.Options{})
	if err != nil {
		b.Fatal(err)
	}
	control, err := journal.Open(fs, "control")
	if err != nil {
		b.Fatal(err)
	}
	lake, err := dir.OpenFS(fs)
	if err != nil {
		b.Fatal(err)
	}
	if err := lake.CreateBucket(b.Context(), blob.BucketInfo{Name: "lake"}); err != nil {
		b.Fatal(err)
	}
	catalog := &tables{}
	catalog.set(nil, "vendor_id int", "pickup_datetime timestamp", "dropoff_datetime timestamp", "passenger_count int", "trip_distance double",
		"pickup_longitude double", "pickup_latitude double", "dropoff_longitude double", "dropoff_latitude double", "total_amount double")
	s, err := New(Config{Log: log, Journal: control, Lake: lake, Tables: catalog, Functions: echo{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		s.Close()
		log.Close()
		control.Close()
		lake.Close()
	}()
	d := &ExtendedS3DestinationConfiguration{RoleARN: role, BucketARN: "arn:aws:s3:::lake", BufferingHints: &BufferingHints{SizeInMBs: new(64)}}
	config(d)
	if _, err := s.CreateDeliveryStream(b.Context(), &CreateDeliveryStreamIn{DeliveryStreamName: "s", ExtendedS3DestinationConfiguration: d}); err != nil {
		b.Fatal(err)
	}
	in := &PutRecordBatchIn{DeliveryStreamName: "s"}
	size := 0
	for i := range 500 {
		const trip = `{"vendor_id":%d,"pickup_datetime":"2016-01-01 00:%02d:17","dropoff_datetime":"2016-01-01 00:58:02","passenger_count":2,` +
			`"trip_distance":%d.21,"pickup_longitude":-73.98,"pickup_latitude":40.75,"dropoff_longitude":-73.96,"dropoff_latitude":40.77,` +
			`"total_amount":14.8,"store_and_fwd_flag":"N","type":"trip","trip_id":%d}`
		in.Records = append(in.Records, Record{Data: fmt.Appendf(nil, trip, i%2, i%60, i%9, i)})
		size += len(in.Records[i].Data)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.SetParallelism(2)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.PutRecordBatch(b.Context(), in); err != nil {
				b.Error(err)
				return
			}
		}
	})
	if _, err := s.Flush(b.Context(), hydrant.Scope{}, "s"); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(500*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
