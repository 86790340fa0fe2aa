package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hydrant-stream/hydrant/aws/glue"
	"github.com/hydrant-stream/hydrant/aws/s3"
	"github.com/hydrant-stream/hydrant/columnar"
	"github.com/hydrant-stream/hydrant/query"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/mem"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

// distant is a table of hours in a lake at an S3 endpoint, and an engine that is put together as serve does.
type distant struct {
	engine      *query.Engine
	gets, bytes atomic.Int64 // objects asked for, and what they held
}

// countingWriter counts the bytes of a reply.
type countingWriter struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (w countingWriter) Write(b []byte) (int, error) {
	w.n.Add(int64(len(b)))
	return w.ResponseWriter.Write(b)
}

func openDistant(t testing.TB, days, rows int) *distant {
	t.Helper()
	for k, v := range map[string]string{"AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"} {
		t.Setenv(k, v)
	}
	d := &distant{}
	far := mem.New()
	j, err := journal.Open(vfs.NewMem(), "journal")
	if err != nil {
		t.Fatal(err)
	}
	service, err := s3.New(s3.Config{Store: far, Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	server := wire.NewServer(wire.Config{Services: []wire.Service{service.Wire()}})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "hour=") {
			d.gets.Add(1)
			w = countingWriter{w, &d.bytes}
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)

	if err := far.CreateBucket(t.Context(), blob.BucketInfo{Name: "lake", Account: "000000000000"}); err != nil {
		t.Fatal(err)
	}
	schema, err := columnar.NewSchema([]columnar.Column{{Name: "id", Type: "bigint"}, {Name: "fare", Type: "double"}, {Name: "note", Type: "string"}})
	if err != nil {
		t.Fatal(err)
	}
	for day := 1; day <= days; day++ {
		for hour := range 24 {
			var b bytes.Buffer
			w, err := columnar.NewWriter(&b, schema, columnar.Input{}, columnar.Output{})
			for n := 0; n < rows && err == nil; n++ {
				err = w.Add(fmt.Appendf(nil, `{"id":%d,"fare":%d.5,"note":"%x"}`, n, n%97, uint64(n)*0x9E3779B97F4A7C15))
			}
			if err = errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			key := fmt.Sprintf("trips/day=%02d/hour=%02d/1.parquet", day, hour)
			if _, err := far.Put(t.Context(), "lake", key, &b, blob.Put{}); err != nil {
				t.Fatal(err)
			}
		}
	}

	data := t.TempDir()
	lake, err := openLake(t.Context(), Config{Data: data, Lake: []string{"s3://lake"}, LakeEndpoint: web.URL, LakeCacheMiB: 1024}, func(f func() error) { t.Cleanup(func() { _ = f() }) })
	if err != nil {
		t.Fatal(err)
	}
	tables := glue.New(glue.Config{Journal: j})
	for _, err := range []error{
		second(tables.CreateDatabase(t.Context(), &glue.CreateDatabaseIn{DatabaseInput: &glue.DatabaseInput{Name: "taxi"}})),
		second(tables.CreateTable(t.Context(), &glue.CreateTableIn{DatabaseName: "taxi", TableInput: &glue.TableInput{
			Name: "trips", TableType: "EXTERNAL_TABLE", PartitionKeys: []glue.Column{{Name: "day", Type: "string"}, {Name: "hour", Type: "string"}},
			StorageDescriptor: &glue.StorageDescriptor{
				Columns: []glue.Column{{Name: "id", Type: "bigint"}, {Name: "fare", Type: "double"}, {Name: "note", Type: "string"}}, Location: "s3://lake/trips/",
				SerdeInfo: &glue.SerDeInfo{SerializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
			},
		}})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d.engine = query.New(query.Config{Catalog: catalog{tables, anybody}, Lake: lake, Paths: lake, Fetch: lake.copies, TempDir: filepath.Join(data), Memory: "512MB"})
	t.Cleanup(func() { d.engine.Close() })
	return d
}

func second[T any](_ T, err error) error { return err }

// ask runs a query of one value and tells how many objects were fetched for it.
func (d *distant) ask(t testing.TB, sql string) (value any, gets int64) {
	t.Helper()
	before := d.gets.Load()
	r, err := d.engine.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	return r.Rows[0][0], d.gets.Load() - before
}

// TestLakeElsewhereIsFetchedByPartition: over HTTP, a query asks the endpoint for the objects of the
// partitions it reads, and once.
func TestLakeElsewhereIsFetchedByPartition(t *testing.T) {
	d := openDistant(t, 2, 10)
	for _, c := range []struct {
		sql   string
		count int64
		gets  int64
	}{
		{"SELECT count(*) FROM trips WHERE day = '02' AND hour = '07'", 10, 1},
		{"SELECT count(fare) FROM trips WHERE day = '02' AND CAST(hour AS INTEGER) BETWEEN 7 AND 9", 30, 2}, // one is there
		{"SELECT count(*) FROM trips WHERE day = '03'", 0, 0},
		{"SELECT count(*) FROM trips a JOIN trips b USING (id, hour) WHERE a.day = '01' AND b.day = '02' AND a.hour = '23' AND b.hour = '23'", 10, 2},
		{"SELECT count(*) FROM trips", 480, 43},
	} {
		if count, gets := d.ask(t, c.sql); count != c.count || gets != c.gets {
			t.Errorf("%s: %v rows of %d objects, not %d of %d", c.sql, count, gets, c.count, c.gets)
		}
	}
}

// BenchmarkLakeElsewhere asks for one hour of thirty days, none of it cached, and then for all.
func BenchmarkLakeElsewhere(b *testing.B) {
	for _, c := range []struct{ name, where string }{{"hour", " WHERE day = '15' AND hour = '07'"}, {"all", ""}} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				d := openDistant(b, 30, 5000)
				b.StartTimer()
				_, gets := d.ask(b, "SELECT sum(fare) FROM trips"+c.where)
				b.ReportMetric(float64(gets), "GETs")
				b.ReportMetric(float64(d.bytes.Load())/1e6, "fetched-MB")
			}
		})
	}
}
