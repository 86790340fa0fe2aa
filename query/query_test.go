//go:build cgo

package query_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/hydrant-stream/hydrant/query"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
)

const (
	parquetSerDe = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
	openXSerDe   = "org.openx.data.jsonserde.JsonSerDe"
)

// catalog is a fixed set of tables.
type catalog struct {
	tables     []query.Table
	partitions map[string][]query.Partition // by database.table
}

func (c *catalog) Tables(context.Context) ([]query.Table, error) { return c.tables, nil }
func (c *catalog) Partitions(_ context.Context, database, table string) ([]query.Partition, error) {
	return c.partitions[database+"."+table], nil
}

// lake is a lake of plain files with an engine over it.
type lake struct {
	t       *testing.T
	store   *dir.Store
	catalog *catalog
	engine  *query.Engine
	maker   *sql.DB // writes Parquet
}

func newLake(t *testing.T, tables ...query.Table) *lake {
	t.Helper()
	store, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CreateBucket(t.Context(), blob.BucketInfo{Name: "lake"}); err != nil {
		t.Fatal(err)
	}
	maker, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	l := &lake{t: t, store: store, catalog: &catalog{tables: tables, partitions: map[string][]query.Partition{}}, maker: maker}
	l.engine = query.New(query.Config{Catalog: l.catalog, Lake: store, Paths: store, Memory: "256MB", Threads: 2, TempDir: t.TempDir()})
	t.Cleanup(func() {
		if err := l.engine.Close(); err != nil {
			t.Error(err)
		}
		maker.Close()
	})
	return l
}

func (l *lake) put(key, content string) {
	l.t.Helper()
	if _, err := l.store.Put(l.t.Context(), "lake", key, strings.NewReader(content), blob.Put{}); err != nil {
		l.t.Fatal(err)
	}
}

// parquet puts the rows of a SELECT as an object.
func (l *lake) parquet(key, rows string) {
	l.t.Helper()
	path := filepath.Join(l.t.TempDir(), "x.parquet")
	if _, err := l.maker.Exec("COPY (" + rows + ") TO '" + path + "' (FORMAT parquet)"); err != nil {
		l.t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		l.t.Fatal(err)
	}
	l.put(key, string(b))
}

// rows runs a statement and prints each row, values joined by a bar.
func (l *lake) rows(sql string) []string {
	l.t.Helper()
	r, err := l.engine.Query(l.t.Context(), sql)
	if err != nil {
		l.t.Fatalf("%s: %v", sql, err)
	}
	return lines(r)
}

func lines(r *query.Result) []string {
	out := []string{}
	for _, row := range r.Rows {
		parts := make([]string, len(row))
		for i, v := range row {
			parts[i] = fmt.Sprint(v)
		}
		out = append(out, strings.Join(parts, "|"))
	}
	return out
}

func (l *lake) want(sql string, want ...string) {
	l.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, l.rows(sql)); diff != "" {
		l.t.Errorf("%s\n(-want +got)\n%s", sql, diff)
	}
}

// opens runs a statement and holds how many objects it opens.
func (l *lake) opens(want int, sql string) {
	l.t.Helper()
	var report query.Report
	if _, err := l.engine.Collect(l.t.Context(), query.Statement{SQL: sql, Report: &report}); err != nil {
		l.t.Errorf("%s: %v", sql, err)
	} else if report.Files != want {
		l.t.Errorf("%s: %d objects were opened, not %d", sql, report.Files, want)
	}
}

// refused runs a statement that must fail with a code and a text in its message.
func (l *lake) refused(code query.Code, message, sql string) {
	l.t.Helper()
	_, err := l.engine.Query(l.t.Context(), sql)
	var e *query.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message, message) {
		l.t.Errorf("%s\ngot  %v\nwant %s: …%s…", sql, err, code, message)
	}
}

func trips() query.Table {
	return query.Table{
		Database: "taxi", Name: "trips", SerDe: parquetSerDe, Location: "s3://lake/trips/",
		Columns:       []query.Column{{"id", "int"}, {"name", "string"}, {"fare", "decimal(10,2)"}, {"picked", "timestamp"}},
		PartitionKeys: []query.Column{{"year", "string"}, {"month", "int"}},
	}
}

func TestPartitionedParquet(t *testing.T) {
	l := newLake(t, trips())
	l.want("SELECT * FROM taxi.trips") // no files yet
	l.parquet("trips/year=2024/month=01/a.parquet", "SELECT 1 AS ID, 'x' AS name, 1.5::DOUBLE AS fare, TIMESTAMP '2024-01-02 03:04:05' AS picked, 9 AS extra")
	l.parquet("trips/year=2024/month=02/b.parquet", "SELECT 2::BIGINT AS id, 2.25::DECIMAL(4,2) AS fare")
	l.parquet("trips/year=2024/month=__HIVE_DEFAULT_PARTITION__/c.parquet", "SELECT 3 AS id")
	l.parquet("trips/year=2024/month=soon/d.parquet", "SELECT 4 AS id")
	l.parquet("trips/year=20%2F24/month=03/e.parquet", "SELECT 5 AS id")
	l.put("trips/year=2024/_SUCCESS", "not a file of rows")
	l.put("trips/_temporary/year=2024/f.parquet", "not a file of rows")
	l.put("trips/year=2024/month=01/.hidden", "not a file of rows")
	l.put("trips/year=2024/month=01/empty.parquet", "")
	l.put("trips-other/year=2024/month=01/g.parquet", "of another folder")
	l.want("SELECT id, name, fare, picked, year, month FROM taxi.trips ORDER BY id",
		"1|x|1.50|2024-01-02 03:04:05 +0000 UTC|2024|1",
		"2|<nil>|2.25|<nil>|2024|2",
		"3|<nil>|<nil>|<nil>|2024|<nil>",
		"4|<nil>|<nil>|<nil>|2024|<nil>",
		"5|<nil>|<nil>|<nil>|20/24|3")
	l.want("SELECT id FROM trips WHERE month = 2", "2")
	l.want("SELECT id FROM trips WHERE year = '20/24'", "5")
	l.want("SELECT count(*) FROM awsdatacatalog.taxi.TRIPS", "5")
	r, err := l.engine.Query(t.Context(), "SELECT * FROM trips")
	if err != nil {
		t.Fatal(err)
	}
	want := []query.Column{{"id", "INTEGER"}, {"name", "VARCHAR"}, {"fare", "DECIMAL(10,2)"}, {"picked", "TIMESTAMP"}, {"year", "VARCHAR"}, {"month", "INTEGER"}}
	if diff := cmp.Diff(want, r.Columns); diff != "" {
		t.Error(diff)
	}
}

func TestPartitionsArePruned(t *testing.T) {
	l := newLake(t, trips())
	for m := 1; m <= 9; m++ {
		l.parquet(fmt.Sprintf("trips/year=2024/month=%02d/a.parquet", m), fmt.Sprintf("SELECT %d AS id", m))
	}
	// A file that cannot be read shows which files a query opens.
	l.put("trips/year=2023/month=01/broken.parquet", "this is no Parquet at all, not even nearly so")
	l.want("SELECT count(*), min(id), max(id) FROM trips WHERE year = '2024' AND month BETWEEN 3 AND 5", "3|3|5")
	l.want("SELECT sum(id) FROM trips WHERE year >= '2024'", "45")
	l.opens(1, "SELECT id FROM trips WHERE year = '2024' AND month = 7")
	// DuckDB's own pruning goes beyond what narrow sees: here, through a subquery.
	plan := strings.Join(l.rows("EXPLAIN SELECT id FROM (SELECT * FROM trips) WHERE year = '2024' AND month = 7"), "\n")
	if !strings.Contains(plan, "Scanning Files: 1/10") {
		t.Errorf("not pruned:\n%s", plan)
	}
	// And narrow sees what DuckDB does not: conditions that may fail, lists beside the table, functions.
	l.opens(1, "SELECT id FROM trips WHERE CAST(year AS INTEGER) BETWEEN 2024 AND 2025 AND month = 7")
	l.opens(2, "SELECT x FROM trips AS t CROSS JOIN UNNEST([id]) AS u (x) WHERE t.year = '2024' AND month IN (1, 2) AND id > 0")
	l.opens(1, "SELECT count(*) FROM trips a JOIN trips b ON a.id = b.id WHERE CAST(a.year AS INTEGER) = 2024 AND b.year || b.month::VARCHAR = '20241' AND TRY_CAST(a.month AS TINYINT) = 1")
	l.opens(1, "SELECT (SELECT max(id) FROM trips WHERE CAST(year AS INTEGER) = 2024 AND month = 9)")
	l.opens(9, "SELECT count(*) FROM trips WHERE CAST(year AS INTEGER) = 2024 AND (month > 5 OR id > 0)")
	l.opens(9, "SELECT count(*) FROM (VALUES (1)) AS v (n) LEFT JOIN trips t ON t.id = v.n AND t.year = '2024' WHERE t.month IS NULL OR t.month = 1")
	l.want("SELECT count(*) FROM (VALUES (1), (77)) AS v (n) LEFT JOIN (SELECT * FROM trips WHERE year = '2024') t ON t.id = v.n WHERE CAST(t.month AS BIGINT) IS NULL", "1")
	l.want("WITH trips AS (SELECT 2025 AS year) SELECT count(*) FROM trips WHERE CAST(year AS INTEGER) = 2025", "1")
	l.refused(query.BadData, "x2024", "SELECT count(*) FROM trips WHERE CAST('x' || year AS INTEGER) = 2024 AND year = '2024'")
	l.refused(query.BadData, "broken.parquet", "SELECT sum(id) FROM trips")
}

func TestRegisteredPartitions(t *testing.T) {
	l := newLake(t, trips())
	l.parquet("trips/year=2024/month=1/a.parquet", "SELECT 1 AS id")
	l.parquet("trips/year=2024/month=2/a.parquet", "SELECT 2 AS id") // not registered
	l.parquet("trips/2024/03/07/a.parquet", "SELECT 3 AS id")
	l.parquet("elsewhere/a.parquet", "SELECT 4 AS id")
	l.parquet("trips/year=1999/month=9/a.parquet", "SELECT 5 AS id") // registered under other values
	l.catalog.partitions["taxi.trips"] = []query.Partition{
		{Values: []string{"2024", "1"}, Location: "s3://lake/trips/year=2024/month=1/"},
		{Values: []string{"2024", "3"}, Location: "s3://lake/trips/2024/03"},
		{Values: []string{"2025", "4"}, Location: "s3://lake/elsewhere/"},
		{Values: []string{"2000", "1"}, Location: "s3://lake/trips/year=1999/month=9"},
		{Values: []string{"2031", "1"}, Location: "s3://lake/trips/nothing/"},
	}
	l.want("SELECT id, year, month FROM trips ORDER BY id", "1|2024|1", "3|2024|3", "4|2025|4", "5|2000|1")
	l.want("SELECT id FROM trips WHERE year = '2025'", "4")
	l.want("SELECT id FROM trips WHERE year = '1999'")
}

func TestProjectedPartitions(t *testing.T) {
	dated := trips()
	dated.Name, dated.PartitionKeys = "dated", []query.Column{{"datehour", "string"}, {"kind", "string"}}
	dated.Parameters = map[string]string{"projection.enabled": "true", "projection.datehour.format": "yyyy/MM/dd/HH",
		"storage.location.template": "s3://lake/dated/${datehour}/k-${kind}/"}
	plain := trips()
	plain.Name, plain.Location, plain.Parameters = "plain", "s3://lake/plain/", map[string]string{"projection.enabled": "true"}
	bad := dated
	bad.Name, bad.PartitionKeys = "bad", append([]query.Column{{"more", "string"}}, dated.PartitionKeys...)
	l := newLake(t, dated, plain, bad)
	l.parquet("dated/2024/01/02/03/k-a/x.parquet", "SELECT 1 AS id")
	l.parquet("dated/2024/01/02/04/k-b/y/x.parquet", "SELECT 2 AS id")
	l.put("dated/2024/01/02/05/broken.parquet", "in no partition")
	l.parquet("plain/year=2024/month=1/x.parquet", "SELECT 3 AS id")
	l.catalog.partitions["taxi.plain"] = []query.Partition{{Values: []string{"1999", "1"}, Location: "s3://lake/nowhere/"}}
	l.want("SELECT id, datehour, kind FROM taxi.dated ORDER BY id", "1|2024/01/02/03|a", "2|2024/01/02/04|b")
	l.want("SELECT id FROM taxi.dated WHERE datehour >= '2024/01/02/04'", "2")
	l.opens(1, "SELECT id FROM taxi.dated WHERE kind = 'a'")
	l.opens(1, "SELECT id FROM taxi.dated WHERE strptime(datehour, '%Y/%m/%d/%H') >= TIMESTAMP '2024-01-02 04:00:00'")
	l.want("SELECT id, year, month FROM taxi.plain", "3|2024|1")
	l.refused(query.BadTable, "lacks ${more}", "SELECT * FROM taxi.bad")
}

func TestNestedAndWideTypes(t *testing.T) {
	l := newLake(t, query.Table{
		Database: "d", Name: "t", SerDe: parquetSerDe, Location: "s3://lake/t",
		Columns: []query.Column{
			{"a", "array<int>"}, {"m", "map<string,bigint>"}, {"s", "struct<b:string,a:array<struct<x:double>>,n:int>"},
			{"d", "date"}, {"f", "float"}, {"y", "boolean"}, {"bin", "binary"}, {"big", "decimal(38,0)"}, {"filename", "string"},
		},
	})
	l.parquet("t/a.parquet", `SELECT [1,NULL]::BIGINT[] AS a, MAP{'k':1} AS m, {'a':[{'x':1.5}],'b':'q'} AS s, DATE '2024-02-29' AS d,
		1.5 AS f, true AS y, encode('é') AS bin, 12345678901234567890123456789012345678::DECIMAL(38,0) AS big, 'own' AS filename`)
	r, err := l.engine.Query(t.Context(), "SELECT * FROM d.t")
	if err != nil {
		t.Fatal(err)
	}
	want := []any{
		[]any{int64(1), nil}, query.Map{{"k", int64(1)}},
		query.Struct{{"b", "q"}, {"a", []any{query.Struct{{"x", 1.5}}}}, {"n", nil}},
		time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), float32(1.5), true, []byte("é"),
		query.Decimal("12345678901234567890123456789012345678"), "own",
	}
	if diff := cmp.Diff([][]any{want}, r.Rows); diff != "" {
		t.Error(diff)
	}
	l.want("SELECT s.a[1].x, m['k'], unnest(a) FROM d.t", "1.5|1|1", "1.5|1|<nil>")
}

func TestTextTables(t *testing.T) {
	l := newLake(t,
		query.Table{Database: "d", Name: "j", SerDe: openXSerDe, Location: "s3://lake/j/",
			SerDeParameters: map[string]string{"ignore.malformed.json": "true", "mapping.ts": "time"},
			Columns:         []query.Column{{"id", "int"}, {"ts", "timestamp"}, {"s", "struct<a:int>"}},
			PartitionKeys:   []query.Column{{"dt", "string"}}},
		query.Table{Database: "d", Name: "c", SerDe: "org.apache.hadoop.hive.serde2.OpenCSVSerde", Location: "s3://lake/c/",
			Parameters: map[string]string{"skip.header.line.count": "1"},
			Columns:    []query.Column{{"a", "string"}, {"b", "string"}}},
		query.Table{Database: "d", Name: "l", SerDe: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", Location: "s3://lake/l/",
			SerDeParameters: map[string]string{"field.delim": "\t"},
			Columns:         []query.Column{{"a", "int"}, {"b", "string"}}},
		query.Table{Database: "d", Name: "o", SerDe: "org.apache.hadoop.hive.ql.io.orc.OrcSerde", Location: "s3://lake/l/",
			Columns: []query.Column{{"a", "int"}}},
	)
	l.put("j/dt=1/x.json", `{"id":1,"time":"2024-01-01 10:00:00","s":{"a":2}}`+"\n")
	l.put("j/dt=2/x.json", `{"id":2}`+"\n")
	l.want("SELECT * FROM d.j ORDER BY id", "1|2024-01-01 10:00:00 +0000 UTC|[{a 2}]|1", "2|<nil>|<nil>|2")
	l.want("SELECT id FROM d.j WHERE dt = '2'", "2")
	l.put("c/x.csv", "a,b\n1,\"x, \"\"y\"\"\"\n")
	l.want("SELECT * FROM d.c", `1|x, "y"`)
	l.put("l/x", "1\tone\n2\t\\N\n")
	l.want("SELECT * FROM d.l", "1|one", "2|<nil>")
	l.refused(query.BadTable, "OrcSerde", "SELECT * FROM d.o")
}

func TestStatements(t *testing.T) {
	other := trips()
	other.Database, other.Location = "attic", "s3://lake/attic/"
	only := query.Table{Database: "attic", Name: "single", SerDe: parquetSerDe, Location: "s3://lake/single/", Columns: []query.Column{{"a", "int"}}}
	l := newLake(t, trips(), other, only)
	l.parquet("trips/year=2024/month=1/a.parquet", "SELECT 1 AS id UNION ALL SELECT 2")
	l.parquet("single/a.parquet", "SELECT 7 AS a")
	l.want("WITH trips AS (SELECT 5 AS id) SELECT id FROM trips", "5")
	l.want("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT sum(n) FROM r", "6")
	l.want("SELECT a FROM single", "7")
	l.want("SELECT t.id, o.a FROM taxi.trips t JOIN attic.single o ON o.a = t.id + 6;", "1|7")
	l.want("SELECT (SELECT max(id) FROM taxi.trips) + a FROM single WHERE EXISTS (FROM taxi.trips WHERE id = 2)", "9")
	l.want("VALUES (1, 'a')", "1|a")
	l.want("SELECT sum(range) FROM range(4)", "6")
	l.want("DESCRIBE attic.single", "a|INTEGER|YES|<nil>|<nil>|<nil>")
	l.want("SHOW DATABASES", "attic", "taxi")
	l.want("SHOW TABLES", "attic.single", "attic.trips", "taxi.trips")
	l.want("SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL", "attic|single", "attic|trips", "taxi|trips")
	r, err := l.engine.Collect(t.Context(), query.Statement{SQL: "SELECT count(*) FROM trips", Database: "taxi"})
	if err != nil || lines(r)[0] != "2" {
		t.Errorf("in taxi: %v %v", r, err)
	}
	l.refused(query.Ambiguous, "taxi.trips", "SELECT * FROM trips")
	l.refused(query.TableMissing, "taxi.trip ", "SELECT * FROM taxi.trip")
	l.refused(query.TableMissing, "nowhere", "SELECT * FROM nowhere")
	l.refused(query.TableMissing, "catalog hive", "SELECT * FROM hive.taxi.trips")
	l.refused(query.Unresolved, "nonesuch", "SELECT nonesuch FROM single")
	l.refused(query.Syntax, "at or near", "SELEC 1")
	l.refused(query.BadData, "", "SELECT CAST('x' AS INTEGER)")
}

func TestOnlyReads(t *testing.T) {
	l := newLake(t, query.Table{Database: "d", Name: "t", SerDe: parquetSerDe, Location: "s3://lake/t/", Columns: []query.Column{{"a", "int"}}})
	l.parquet("t/a.parquet", "SELECT 1 AS a")
	inside, _ := l.store.Path("lake", "t/a.parquet")
	outside := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(outside, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"COPY (SELECT 1) TO '" + outside + ".copy'",
		"COPY d.t TO '" + outside + ".copy'",
		"ATTACH '" + outside + ".db'",
		"INSTALL httpfs",
		"LOAD httpfs",
		"PRAGMA database_list",
		"SET memory_limit = '10GB'",
		"RESET memory_limit",
		"CREATE TABLE d.x AS SELECT 1",
		"INSERT INTO d.t VALUES (1)",
		"DELETE FROM d.t",
		"DROP VIEW d.t",
		"EXPORT DATABASE '" + outside + ".d'",
		"CALL pragma_version()",
		"USE memory",
		"EXPLAIN COPY (SELECT 1) TO '" + outside + ".copy'",
		"EXPLAIN ANALYZE COPY (SELECT 1) TO '" + outside + ".copy'",
		"/* x */ EXPLAIN -- y\n ANALYZE INSTALL httpfs",
		"SELECT 1; COPY (SELECT 1) TO '" + outside + ".copy'",
		"EXPLAIN SELECT 1; SELECT 2",
		"",
		"-- nothing",
		"SELECT * FROM read_csv('" + outside + "')",
		"SELECT * FROM read_text('" + outside + "')",
		"SELECT * FROM read_blob('/etc/passwd')",
		"SELECT * FROM read_parquet('" + inside + "')",
		"SELECT (SELECT max(a) FROM read_csv('" + outside + "'))",
		"WITH x AS (FROM read_csv('" + outside + "')) SELECT 1 FROM x",
		"SELECT * FROM glob('/*')",
		"SELECT * FROM query('SELECT 1')",
		"SELECT * FROM duckdb_settings()",
		"SELECT * FROM parquet_metadata('" + inside + "')",
		"SELECT * FROM sniff_csv('" + outside + "')",
		"SELECT * FROM read_csv_auto('" + outside + "')",
		"SELECT * FROM read_json('" + outside + "')",
		"SELECT * FROM read_ndjson_objects('" + outside + "')",
		"SELECT * FROM parquet_scan('" + inside + "')",
		"SELECT * FROM parquet_schema('" + inside + "')",
		"SELECT * FROM read_duckdb('" + outside + "')",
		"SELECT * FROM sqlite_scan('" + outside + "', 't')",
		"SELECT * FROM query_table('d.t')",
		"SELECT * FROM duckdb_secrets()",
		"SELECT * FROM duckdb_extensions()",
		"SELECT * FROM pragma_database_list()",
		"SELECT * FROM d.t WHERE a IN (SELECT length(content) FROM read_text('" + outside + "'))",
		"CREATE MACRO m() AS TABLE FROM read_text('" + outside + "')",
		"CREATE SECRET (TYPE s3)",
		"IMPORT DATABASE '" + outside + "'",
		"DETACH lake",
		"CHECKPOINT",
		"VACUUM",
		"PREPARE p AS SELECT 1",
		"FROM read_text('" + outside + "')",
		"DESCRIBE SELECT * FROM read_text('" + outside + "')",
		"SUMMARIZE SELECT * FROM read_text('" + outside + "')",
		"PIVOT (FROM read_text('" + outside + "')) ON filename USING count(*)",
	} {
		_, err := l.engine.Query(t.Context(), sql)
		var e *query.Error
		if !errors.As(err, &e) || e.Code != query.NotReadOnly {
			t.Errorf("%q: got %v", sql, err)
		}
	}
	// Files named as tables are looked for in the catalog only, even where a name hides the look.
	l.refused(query.TableMissing, "does not exist", "SELECT * FROM '"+outside+"'")
	l.refused(query.TableMissing, "does not exist", `SELECT * FROM "`+inside+`"`)
	hidden := `SELECT (WITH "` + outside + `" AS (SELECT 1 AS a) SELECT 1), * FROM "` + outside + `"`
	if r, err := l.engine.Query(t.Context(), hidden); err == nil {
		t.Errorf("read outside: %v", r.Rows)
	}
	// What the process knows beside the lake is not told either.
	for _, sql := range []string{"SELECT getenv('HOME')", "SELECT current_setting('temp_directory')", "SELECT current_setting('allowed_paths')"} {
		if r, err := l.engine.Query(t.Context(), sql); err == nil {
			t.Errorf("%s told %v", sql, r.Rows)
		}
	}
	if made, _ := filepath.Glob(outside + ".*"); len(made) > 0 {
		t.Errorf("written: %v", made)
	}
	l.want("SELECT a FROM d.t", "1")
}

// TestViews: views are read by who asks, and can name tables and views, but not themselves.
func TestViews(t *testing.T) {
	view := func(database, name, text string) query.Table {
		return query.Table{Database: database, Name: name, View: text, Columns: []query.Column{{"id", "int"}}}
	}
	l := newLake(t, trips(), view("other", "late", "SELECT id, month, 'more' AS x FROM trips WHERE month > 1"), view("other", "last", "WITH l AS (SELECT * FROM other.late) SELECT max(id) AS id FROM l"),
		view("other", "cast_", "SELECT id FROM trips WHERE CAST(year AS INTEGER) = 2024 AND month = 2"), view("other", "hen", "SELECT id FROM egg"), view("other", "egg", "SELECT id FROM other.hen"), view("other", "wrong", "SELECT nothing AS id FROM trips"))
	for m := range 3 {
		l.parquet(fmt.Sprintf("trips/year=2024/month=%d/a", m), fmt.Sprintf("SELECT %d AS id", m))
	}
	ask := func(sql string) ([]string, error) {
		r, err := l.engine.Collect(t.Context(), query.Statement{SQL: sql, View: func(v *query.Table) (query.View, error) {
			if v.Name == "late" || v.Name == "wrong" {
				return query.View{SQL: v.View, Database: "taxi"}, nil
			}
			return query.View{SQL: v.View, Database: "Other"}, nil
		}})
		if err != nil {
			return nil, err
		}
		return lines(r), nil
	}
	for sql, want := range map[string]string{
		"SELECT * FROM late": "2",
		"SELECT a.id, b.month FROM other.last a, trips b WHERE a.id = b.id": "2|2",
	} {
		if got, err := ask(sql); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q %v", sql, got, err)
		}
	}
	var report query.Report
	if _, err := l.engine.Collect(t.Context(), query.Statement{SQL: "SELECT max(id) FROM cast_", Report: &report, View: func(v *query.Table) (query.View, error) {
		return query.View{SQL: v.View, Database: "taxi"}, nil
	}}); err != nil || report.Files != 1 {
		t.Errorf("of a view over one partition, %d objects were opened, %v", report.Files, err)
	}
	for sql, want := range map[string]query.Code{"SELECT * FROM hen": query.BadView, "SELECT * FROM wrong": query.Unresolved} {
		var e *query.Error
		if _, err := ask(sql); !errors.As(err, &e) || e.Code != want {
			t.Errorf("%s: %v", sql, err)
		}
	}
	l.refused(query.NotReadOnly, "asked through Athena", "SELECT * FROM late")
}

func TestCancel(t *testing.T) {
	l := newLake(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	because := errors.New("because")
	err := l.engine.Stream(ctx, query.Statement{SQL: "SELECT range FROM range(10000000)"},
		func([]query.Column) error { return nil },
		func([]any) error { cancel(because); return nil })
	if !errors.Is(err, because) && !errors.Is(err, context.Canceled) {
		t.Errorf("while streaming: %v", err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := l.engine.Query(ctx, "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while running: %v", err)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	l := newLake(t)
	_, err := l.engine.Query(t.Context(), "SELECT max(length(s)) FROM (SELECT string_agg(repeat('x', 1000000)) AS s FROM range(2000))")
	var e *query.Error
	if !errors.As(err, &e) || e.Code != query.OutOfResource {
		t.Errorf("got %v", err)
	}
}

func TestConcurrentQueries(t *testing.T) {
	l := newLake(t, trips())
	l.parquet("trips/year=2024/month=1/a.parquet", "SELECT 1 AS id")
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			r, err := l.engine.Query(t.Context(), fmt.Sprintf("SELECT id + %d FROM trips", i))
			if err != nil || lines(r)[0] != fmt.Sprint(i+1) {
				t.Errorf("query %d: %v %v", i, r, err)
			}
		})
	}
	wg.Wait()
}

func TestSpillFoldersAreRemoved(t *testing.T) {
	temp := t.TempDir()
	e := query.New(query.Config{Catalog: &catalog{}, TempDir: temp})
	if _, err := e.Query(t.Context(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Query(t.Context(), "SELECT 1"); !errors.Is(err, query.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestValues(t *testing.T) {
	l := newLake(t)
	l.want(`SELECT 123::HUGEINT, (-1.05)::DECIMAL(10,2), 0.007::DECIMAL(5,3), INTERVAL 3 DAY, TIME '01:02:03', uuid()::VARCHAR = '',
		'00000000-0000-0000-0000-00000000000a'::UUID, '{"a": 1}'::JSON, 170141183460469231731687303715884105727::HUGEINT,
		TIMESTAMPTZ '2024-01-01 01:00:00+01', {'a b': 1, 'B': {'x"y': [1]}}`,
		`123|-1.05|0.007|3 days|01:02:03|false|00000000-0000-0000-0000-00000000000a|{"a": 1}|170141183460469231731687303715884105727|`+
			`2024-01-01 00:00:00 +0000 UTC|[{a b 1} {B [{x"y [1]}]}]`)
}
