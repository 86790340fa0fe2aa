//go:build cgo

package query_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"compress/gzip"

	"github.com/hydrant-stream/hydrant/query"
)

func TestExport(t *testing.T) {
	l := newLake(t, trips())
	l.parquet("trips/year=2024/month=1/a", "SELECT 1 AS id, 'x' AS name, 1.5::DOUBLE AS fare")
	l.parquet("trips/year=2024/month=2/a", "SELECT 2 AS id, 'y,\"z' AS name")
	statement := query.Statement{SQL: "SELECT name, id, CASE WHEN id = 1 THEN 'a/b c%' END FROM trips ORDER BY id"}
	export := func(x query.Export) (rows int64, got []string) {
		t.Helper()
		rows, err := l.engine.Export(t.Context(), statement, x, func(parts []query.Part) error {
			for _, p := range parts {
				line := ""
				for _, v := range p.Values {
					if v == nil {
						line += "∅ "
					} else {
						line += *v + " "
					}
				}
				if x.Format == query.Parquet {
					var n, id int
					if err := l.maker.QueryRow("SELECT count(*), sum(id) FROM read_parquet('"+p.Path+"', hive_partitioning = false)").Scan(&n, &id); err != nil {
						t.Error(err)
					}
					line += strings.Repeat("row ", n)
				} else {
					f, err := os.Open(p.Path)
					if err != nil {
						t.Fatal(err)
					}
					var r io.Reader = f
					if x.Compression == "GZIP" {
						if r, err = gzip.NewReader(f); err != nil {
							t.Fatal(err)
						}
					}
					b, err := io.ReadAll(r)
					if err != nil {
						t.Error(err)
					}
					f.Close()
					line += string(b)
				}
				got = append(got, line)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return rows, got
	}
	columns := []query.ExportColumn{{Column: query.Column{"name", "VARCHAR"}}, {query.Column{"id", "BIGINT"}, 1}, {query.Column{"kind", "VARCHAR"}, 2}}
	for _, c := range []struct {
		x    query.Export
		want []string
	}{
		{query.Export{Format: query.Parquet, Compression: "GZIP", PartitionBy: []string{"kind"}}, []string{"∅ row ", "a/b c% row "}},
		{query.Export{Format: query.Parquet, Compression: "ZSTD"}, []string{"row row "}},
		{query.Export{Format: query.JSON, Compression: "GZIP"}, []string{"{\"name\":\"x\",\"id\":1,\"kind\":\"a/b c%\"}\n{\"name\":\"y,\\\"z\",\"id\":2,\"kind\":null}\n"}},
		{query.Export{Format: query.Text, Compression: "UNCOMPRESSED", Delimiter: "\x01"}, []string{"x\x011\x01a/b c%\ny,\"z\x012\x01\\N\n"}},
	} {
		c.x.Columns, c.x.From = columns, 3
		rows, got := export(c.x)
		if diff := cmp.Diff(c.want, got); diff != "" || rows != 2 {
			t.Errorf("%+v: %d rows (-want +got)\n%s", c.x, rows, diff)
		}
	}
	// Hive's text knows no quotes: what looks like a delimiter is one.
	statement.SQL = "SELECT 'a,b', 1, '\"'"
	if _, got := export(query.Export{Columns: columns, From: 3, Format: query.Text, Compression: "UNCOMPRESSED", Delimiter: ","}); len(got) != 1 || got[0] != "a,b,1,\"\n" {
		t.Errorf("text %q", got)
	}
	statement.SQL = "SELECT name, id, 'x' FROM trips WHERE id > 9"
	for _, by := range [][]string{nil, {"kind"}} {
		if rows, got := export(query.Export{Columns: columns, From: 3, Format: query.Parquet, Compression: "SNAPPY", PartitionBy: by}); rows != 0 || got != nil {
			t.Errorf("no rows: %d, %q", rows, got)
		}
	}
	var wrong *query.Error
	for sql, code := range map[string]query.Code{"SELECT nothing, 1, 2 FROM trips": query.Unresolved, "COPY (SELECT 1) TO 'x'": query.NotReadOnly, "SELECT CAST(name AS INTEGER), 1, 2 FROM trips": query.BadData} {
		statement.SQL = sql
		_, err := l.engine.Export(t.Context(), statement, query.Export{Columns: columns, From: 3, Format: query.Parquet, Compression: "SNAPPY"}, func([]query.Part) error { return nil })
		if !errors.As(err, &wrong) || wrong.Code != code {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
