//go:build cgo

package query_test

import (
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant/query"
)

func TestReport(t *testing.T) {
	l := newLake(t, trips())
	l.parquet("trips/year=2016/month=01/a.parquet", "SELECT range AS id, range / 7 AS fare FROM range(50000)")
	l.parquet("trips/year=2016/month=02/b.parquet", "SELECT range AS id, range / 7 AS fare FROM range(50000)")
	read := func(sql string) query.Report {
		t.Helper()
		var r query.Report
		if _, err := l.engine.Collect(t.Context(), query.Statement{SQL: sql, Report: &r}); err != nil {
			t.Fatal(err)
		}
		return r
	}
	all, half, none := read("SELECT sum(fare) FROM trips"), read("SELECT sum(fare) FROM trips WHERE month = '01'"), read("SELECT 1")
	if all.Files != 2 || half.Files != 1 || none.Files != 0 || none.Bytes != 0 {
		t.Errorf("files: %+v %+v %+v", all, half, none)
	}
	if half.Bytes < 10_000 || all.Bytes < half.Bytes*3/2 {
		t.Errorf("bytes: all %d, one of two %d", all.Bytes, half.Bytes)
	}
}

func TestPathsAndSetup(t *testing.T) {
	l := newLake(t, trips())
	l.parquet("trips/year=2016/month=01/a b.parquet", "SELECT 1 AS id")
	l.parquet("trips/year=2016/month=02/b.parquet", "SELECT 2 AS id")
	r, err := l.engine.Collect(t.Context(), query.Statement{
		SQL:   `SELECT "$path", plus(id) FROM trips ORDER BY 2`,
		Setup: []string{"CREATE MACRO main.plus(x) AS x + 10"}, Paths: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(lines(r), " ")
	if want := "s3://lake/trips/year=2016/month=01/a b.parquet|11 s3://lake/trips/year=2016/month=02/b.parquet|12"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestMessagesNameObjects(t *testing.T) {
	l := newLake(t, trips())
	l.put("trips/year=2016/month=01/a.parquet", "this is no Parquet")
	_, err := l.engine.Query(t.Context(), "SELECT sum(fare) FROM trips")
	if err == nil || !strings.Contains(err.Error(), "s3://lake/trips/year=2016/month=01/a.parquet") {
		t.Errorf("got %v", err)
	}
}
