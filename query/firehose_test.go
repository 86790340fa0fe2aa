//go:build cgo

package query_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hydrant-stream/hydrant/columnar"
	"github.com/hydrant-stream/hydrant/query"
)

// TestWhatColumnarWrites reads a file in the forms of Hive's Parquet writer: INT96 timestamps,
// bag/array_element lists, map/key/value maps, decimals of fixed length.
func TestWhatColumnarWrites(t *testing.T) {
	declared := []query.Column{
		{"id", "bigint"}, {"picked", "timestamp"}, {"price", "decimal(10,2)"}, {"tags", "array<string>"},
		{"m", "map<string,int>"}, {"s", "struct<a:int,b:array<struct<x:double>>>"}, {"d", "date"}, {"none", "string"},
	}
	var columns []columnar.Column
	for _, c := range declared[:7] { // the file lacks one
		columns = append(columns, columnar.Column(c))
	}
	schema, err := columnar.NewSchema(columns)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := columnar.NewWriter(&b, schema, columnar.Input{}, columnar.Output{})
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range []string{
		`{"id":1,"picked":"2016-01-31T23:59:59.123Z","price":12.5,"tags":["a",null,"b"],"m":{"k":1},"s":{"a":1,"b":[{"x":0.5}]},"d":"2016-02-29"}`,
		`{"id":2,"tags":[]}`,
	} {
		if err := w.Add([]byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l := newLake(t, query.Table{Database: "d", Name: "t", SerDe: parquetSerDe, Location: "s3://lake/t/", Columns: declared,
		PartitionKeys: []query.Column{{"hour", "int"}}})
	l.put("t/hour=09/x.parquet", b.String())
	r, err := l.engine.Query(t.Context(), "SELECT * FROM d.t ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{
		{int64(1), time.Date(2016, 1, 31, 23, 59, 59, 123e6, time.UTC), query.Decimal("12.50"), []any{"a", nil, "b"}, query.Map{{"k", int64(1)}},
			query.Struct{{"a", int64(1)}, {"b", []any{query.Struct{{"x", 0.5}}}}}, time.Date(2016, 2, 29, 0, 0, 0, 0, time.UTC), nil, int64(9)},
		{int64(2), nil, nil, []any{}, nil, nil, nil, nil, int64(9)},
	}
	if diff := cmp.Diff(want, r.Rows); diff != "" {
		t.Error(diff)
	}
	l.want("SELECT id FROM d.t WHERE picked >= TIMESTAMP '2016-01-31' AND picked < TIMESTAMP '2016-02-01'", "1")
}
