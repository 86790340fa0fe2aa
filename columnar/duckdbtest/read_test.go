package duckdbtest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/hydrant-stream/hydrant/columnar"
	"github.com/hydrant-stream/hydrant/columnar/internal/sample"
)

func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// ask answers a query as lines of values, tabs between.
func ask(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if i > 0 {
				out.WriteByte('\t')
			}
			fmt.Fprint(&out, v)
		}
		out.WriteByte('\n')
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out.String()
}

// write converts records into a file and returns its path.
func write(t *testing.T, cols []columnar.Column, out columnar.Output, records ...[]byte) string {
	t.Helper()
	schema, err := columnar.NewSchema(cols)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := columnar.NewWriter(&b, schema, columnar.Input{}, out)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Add(r); err != nil {
			t.Fatalf("%s: %v", r, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out.parquet")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func cols(spec string) (cols []columnar.Column) {
	for part := range strings.SplitSeq(spec, ";") {
		name, kind, _ := strings.Cut(strings.TrimSpace(part), " ")
		cols = append(cols, columnar.Column{Name: name, Type: kind})
	}
	return cols
}

func TestTypes(t *testing.T) {
	db := open(t)
	path := write(t, cols(`b boolean;ti tinyint;si smallint;i int;l bigint;f float;d double;s string;c char(3);v varchar(9);y binary;`+
		`a date;z timestamp;n9 decimal(9,2);n18 decimal(18,4);n38 decimal(38,10);`+
		`ai array<int>;m map<string,bigint>;st struct<p:int,q:array<struct<r:timestamp>>>`), columnar.Output{},
		[]byte(`{"b":true,"ti":-1,"si":300,"i":70000,"l":5000000000,"f":1.5,"d":-73.990371704101563,"s":"héllo","c":"abcd","v":"x","y":"AAH/",`+
			`"a":"1969-07-20","z":"2016-01-01T00:00:00.123Z","n9":-1234567.89,"n18":"12345678901234.5678","n38":1234567890123456789012345678.0123456789,`+
			`"ai":[1,null,3],"m":{"K":1,"z":null},"st":{"p":1,"q":[{"r":"2016-01-01 00:00:01"},{},null]}}`),
		[]byte(`{}`),
		[]byte(`{"ai":[],"m":{},"st":{},"z":"1901-02-03 04:05:06.789"}`))
	got := ask(t, db, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '"+path+"')")
	want := "b\tBOOLEAN\nti\tTINYINT\nsi\tSMALLINT\ni\tINTEGER\nl\tBIGINT\nf\tFLOAT\nd\tDOUBLE\ns\tVARCHAR\nc\tVARCHAR\nv\tVARCHAR\ny\tBLOB\n" +
		"a\tDATE\nz\tTIMESTAMP\nn9\tDECIMAL(9,2)\nn18\tDECIMAL(18,4)\nn38\tDECIMAL(38,10)\nai\tINTEGER[]\nm\tMAP(VARCHAR, BIGINT)\nst\tSTRUCT(p INTEGER, q STRUCT(r TIMESTAMP)[])\n"
	if got != want {
		t.Errorf("types\n got %s\nwant %s", got, want)
	}
	got = ask(t, db, "SELECT to_json(COLUMNS(*))::VARCHAR FROM '"+path+"'")
	got = strings.ReplaceAll(got, "\t", " ")
	want = `true -1 300 70000 5000000000 1.5 -73.99037170410156 "héllo" "abc" "x" "\\x00\\x01\\xFF" "1969-07-20" "2016-01-01 00:00:00.123" -1234567.89 12345678901234.5678 ` +
		`1234567890123456789012345678.0123456789 [1,null,3] {"k":1,"z":null} {"p":1,"q":[{"r":"2016-01-01 00:00:01"},{"r":null},null]}` + "\n" +
		strings.TrimSpace(strings.Repeat("<nil> ", 19)) + "\n" +
		strings.Repeat("<nil> ", 12) + `"1901-02-03 04:05:06.789" <nil> <nil> <nil> [] {} {"p":null,"q":null}` + "\n"
	if got != want {
		t.Errorf("values\n got %s\nwant %s", got, want)
	}
	kind := ask(t, db, "SELECT DISTINCT created_by FROM parquet_file_metadata('"+path+"')")
	if kind != "hydrant\n" {
		t.Errorf("created_by %q", kind)
	}
}

// outputs are all ways to write a file.
func outputs() (all []columnar.Output) {
	for _, codec := range []string{"SNAPPY", "GZIP", "ZSTD", "UNCOMPRESSED"} {
		for _, version := range []string{"V1", "V2"} {
			for _, dict := range []bool{false, true} {
				all = append(all, columnar.Output{Compression: codec, WriterVersion: version, EnableDictionary: dict})
				all = append(all, columnar.Output{Compression: codec, WriterVersion: version, EnableDictionary: dict, BlockSizeBytes: 200_000, PageSizeBytes: 20_000})
			}
		}
	}
	return all
}

// TestOutputs: whatever the codec, version, dictionary, block and page size, DuckDB reads the rows
// that it reads from the JSON itself.
func TestOutputs(t *testing.T) {
	db := open(t)
	records := sample.Nested(3_000)
	for i := range records {
		if i%7 == 0 {
			records[i] = []byte("{\"s1\":5}\n")
		}
	}
	in := filepath.Join(t.TempDir(), "in.json")
	writeLines(t, in, records)
	var specs []string
	for _, c := range sample.NestedColumns {
		specs = append(specs, fmt.Sprintf("%s: '%s'", c.Name, duckType(c.Type)))
	}
	exec(t, db, fmt.Sprintf("CREATE TABLE want AS SELECT * FROM read_json('%s', format='newline_delimited', columns={%s})", in, strings.Join(specs, ", ")))
	// The sum of the rows' hashes tells whether the same rows are there, in whatever order.
	const rows = "SELECT count(*), sum(hash(r)::HUGEINT) FROM %s r"
	want := ask(t, db, fmt.Sprintf(rows, "want"))
	for _, out := range outputs() {
		path := write(t, sample.NestedColumns, out, records...)
		if got := ask(t, db, fmt.Sprintf(rows, "'"+path+"'")); got != want {
			t.Errorf("%+v: rows and their hash: %s, want %s", out, got, want)
		}
		groups := ask(t, db, "SELECT num_row_groups > 1 FROM parquet_file_metadata('"+path+"')")
		if want := fmt.Sprintf("%t\n", out.BlockSizeBytes > 0); groups != want {
			t.Errorf("%+v: more than one row group: %s", out, groups)
		}
	}
}

// TestStatistics: DuckDB prunes by our statistics and finds the same rows; INT96 has none.
func TestStatistics(t *testing.T) {
	db := open(t)
	records := sample.Trips(50_000)
	path := write(t, sample.TripColumns, columnar.Output{BlockSizeBytes: 400_000, EnableDictionary: true}, records...)
	if got := ask(t, db, "SELECT count(*) FROM '"+path+"' WHERE trip_id = 4000031234"); got != "1\n" {
		t.Errorf("found %s", got)
	}
	got := ask(t, db, "SELECT path_in_schema, min(stats_min_value), max(stats_max_value), sum(stats_null_count)::BIGINT FROM parquet_metadata('"+path+
		"') WHERE path_in_schema IN ('trip_id', 'passenger_count', 'pickup_datetime') GROUP BY 1 ORDER BY 1")
	if want := "passenger_count\t1\t5\t0\npickup_datetime\t<nil>\t<nil>\t0\ntrip_id\t4000000000\t4000049999\t0\n"; got != want {
		t.Errorf("statistics\n got %s\nwant %s", got, want)
	}
}

func TestEmptyFile(t *testing.T) {
	db := open(t)
	path := write(t, cols("a int;b array<string>"), columnar.Output{})
	if got := ask(t, db, "SELECT count(*), count(b) FROM '"+path+"'"); got != "0\t0\n" {
		t.Errorf("got %s", got)
	}
}

// TestTaxi converts real trips and compares the sums with those that DuckDB finds in the JSON.
func TestTaxi(t *testing.T) {
	dir := os.Getenv("HYDRANT_TAXI_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(dir, "yellow_tripdata_2016-01.100k.jsonl.gz")
	f, err := os.Open(path)
	if err != nil {
		t.Skip("the taxi file is not here; HYDRANT_TAXI_DATA may name its folder")
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var records [][]byte
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		records = append(records, append(lines.Bytes()[:len(lines.Bytes()):len(lines.Bytes())], '\n'))
	}
	if err := lines.Err(); err != nil || len(records) != 100_000 {
		t.Fatalf("%d records: %v", len(records), err)
	}
	columns := cols("tpep_pickup_datetime timestamp;tpep_dropoff_datetime timestamp;passenger_count int;trip_distance double;pickup_longitude double;" +
		"pickup_latitude double;dropoff_longitude double;dropoff_latitude double;store_and_fwd_flag string;total_amount double;fare_amount decimal(9,2)")
	db := open(t)
	in := filepath.Join(t.TempDir(), "in.json")
	writeLines(t, in, records)
	var specs []string
	for _, c := range columns {
		specs = append(specs, fmt.Sprintf("%s: '%s'", c.Name, duckType(c.Type)))
	}
	exec(t, db, fmt.Sprintf("CREATE TABLE want AS SELECT * FROM read_json('%s', format='newline_delimited', columns={%s})", in, strings.Join(specs, ", ")))
	for _, dict := range []bool{false, true} {
		path := write(t, columns, columnar.Output{EnableDictionary: dict}, records...)
		got := ask(t, db, fmt.Sprintf("SELECT count(*), (SELECT count(*) FROM (FROM want EXCEPT ALL FROM '%s')) FROM '%s'", path, path))
		if got != "100000\t0\n" {
			t.Errorf("dictionary %t: rows, missing: %s", dict, got)
		}
		if got, want := ask(t, db, "SELECT sum(fare_amount), max(tpep_dropoff_datetime) FROM '"+path+"'"), ask(t, db, "SELECT sum(fare_amount), max(tpep_dropoff_datetime) FROM want"); got != want {
			t.Errorf("sums %s, want %s", got, want)
		}
	}
}

// duckType is a Hive type in DuckDB's words.
func duckType(hive string) string {
	switch {
	case strings.HasPrefix(hive, "array<"):
		return duckType(hive[6:len(hive)-1]) + "[]"
	case strings.HasPrefix(hive, "map<string,"):
		return "MAP(VARCHAR, " + duckType(hive[11:len(hive)-1]) + ")"
	case strings.HasPrefix(hive, "struct<"):
		var members []string
		depth, start := 0, 7
		for i := 7; i < len(hive); i++ {
			switch c := hive[i]; {
			case c == '<' || c == '(':
				depth++
			case depth > 0 && (c == '>' || c == ')'):
				depth--
			case depth == 0 && (c == ',' || c == '>'):
				name, member, _ := strings.Cut(hive[start:i], ":")
				members = append(members, name+" "+duckType(member))
				start = i + 1
			}
		}
		return "STRUCT(" + strings.Join(members, ", ") + ")"
	}
	return strings.Replace(hive, "string", "varchar", 1)
}

func writeLines(t *testing.T, path string, lines [][]byte) (bytes int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	b := bufio.NewWriterSize(f, 1<<20)
	for _, line := range lines {
		bytes += int64(len(line))
		if _, err := b.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes
}

func exec(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.Exec(query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}
