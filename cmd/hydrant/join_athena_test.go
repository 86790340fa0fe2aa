package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/athena"
	"github.com/hydrant-stream/hydrant/aws/glue"
	"github.com/hydrant-stream/hydrant/columnar"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/query"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

// Athena is proven here, where it meets the true catalog, lake and engine, by the unmodified SDK.

// library is Athena over a catalog, a lake and an engine.
type library struct {
	t       *testing.T
	files   *vfs.Mem
	lake    *dir.Store
	journal journal.Journal
	glue    *glue.Service
	athena  *athena.Service
	client  *sdk.Client
	closed  string // the URI of a folder that nobody may write to
	denied  string // an operation of Glue that nobody may call
}

func openLibrary(t *testing.T) *library {
	t.Helper()
	lake, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &library{t: t, files: vfs.NewMem(), lake: lake}
	for _, b := range []string{"kinesislabs-datalake-bucket", "results"} {
		if err := lake.CreateBucket(t.Context(), blob.BucketInfo{Name: b}); err != nil {
			t.Fatal(err)
		}
	}
	l.open()
	return l
}

func (l *library) open() {
	l.t.Helper()
	var err error
	if l.journal, err = journal.Open(l.files, "journal"); err != nil {
		l.t.Fatal(err)
	}
	l.glue = glue.New(glue.Config{Journal: l.journal})
	engine := query.New(query.Config{Catalog: catalog{l.glue, anybody}, Lake: l.lake, Paths: l.lake, Memory: "256MB", Threads: 2, TempDir: l.t.TempDir()})
	l.athena, err = athena.New(athena.Config{Journal: l.journal, Lake: l.lake, Catalog: definitions{l.glue, l.may}, Query: engine, MayWrite: func(_ context.Context, uri string) error {
		if l.closed != "" && strings.HasPrefix(uri, l.closed) {
			return errors.New("nobody may")
		}
		return nil
	}})
	if err != nil {
		l.t.Fatal(err)
	}
	server := httptest.NewServer(wire.NewServer(wire.Config{Services: []wire.Service{l.athena.Wire()}}))
	service := l.athena
	l.t.Cleanup(func() {
		server.Close()
		service.Close()
		engine.Close()
	})
	l.client = sdk.New(sdk.Options{
		BaseEndpoint: aws.String(server.URL), HTTPClient: awsbody.Over(nil), Region: "eu-west-1",
		Credentials:      credentials.NewStaticCredentialsProvider("123456789012", "x", ""),
		RetryMaxAttempts: 1,
	})
}

func (l *library) may(_ context.Context, _, op string, _ any) error {
	if op == l.denied {
		return hydrant.Faultf("AccessDeniedException", "nobody may")
	}
	return nil
}

// start starts a statement in database kinesislabs.
func (l *library) start(sql string, parameters ...string) string {
	l.t.Helper()
	out, err := l.client.StartQueryExecution(l.t.Context(), &sdk.StartQueryExecutionInput{
		QueryString: &sql, ExecutionParameters: parameters,
		QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String("kinesislabs")},
		ResultConfiguration:   &types.ResultConfiguration{OutputLocation: aws.String("s3://results/out")},
	})
	if err != nil {
		l.t.Fatalf("%s: %v", sql, err)
	}
	return *out.QueryExecutionId
}

// end waits for an execution.
func (l *library) end(id string) *types.QueryExecution {
	l.t.Helper()
	for {
		out, err := l.client.GetQueryExecution(l.t.Context(), &sdk.GetQueryExecutionInput{QueryExecutionId: &id})
		if err != nil {
			l.t.Fatal(err)
		}
		switch out.QueryExecution.Status.State {
		case types.QueryExecutionStateQueued, types.QueryExecutionStateRunning:
			time.Sleep(2 * time.Millisecond)
			continue
		}
		return out.QueryExecution
	}
}

// rows runs a statement that succeeds and joins the values of each row by a bar; NULL is ∅.
func (l *library) rows(sql string, parameters ...string) []string {
	l.t.Helper()
	id := l.start(sql, parameters...)
	if e := l.end(id); e.Status.State != types.QueryExecutionStateSucceeded {
		l.t.Fatalf("%s: %s", sql, aws.ToString(e.Status.StateChangeReason))
	}
	return l.results(id)
}

// results are the rows of an execution, read page by page.
func (l *library) results(id string) []string {
	l.t.Helper()
	rows := []string{}
	pages := sdk.NewGetQueryResultsPaginator(l.client, &sdk.GetQueryResultsInput{QueryExecutionId: &id})
	for pages.HasMorePages() {
		p, err := pages.NextPage(l.t.Context())
		if err != nil {
			l.t.Fatal(err)
		}
		rows = append(rows, rowTexts(p.ResultSet.Rows)...)
	}
	return rows
}

func rowTexts(rows []types.Row) []string {
	var out []string
	for _, r := range rows {
		parts := make([]string, len(r.Data))
		for i, d := range r.Data {
			parts[i] = "∅"
			if d.VarCharValue != nil {
				parts[i] = *d.VarCharValue
			}
		}
		out = append(out, strings.Join(parts, "|"))
	}
	return out
}

func (l *library) want(sql string, want ...string) {
	l.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), l.rows(sql)); diff != "" {
		l.t.Errorf("%s (-want +got)\n%s", sql, diff)
	}
}

// fails runs a statement and checks why it failed.
func (l *library) fails(sql, reason string) {
	l.t.Helper()
	e := l.end(l.start(sql))
	if got := aws.ToString(e.Status.StateChangeReason); e.Status.State != types.QueryExecutionStateFailed || got != reason {
		l.t.Errorf("%s\n got %s: %s\nwant %s", sql, e.Status.State, got, reason)
	} else if e.Status.AthenaError == nil || *e.Status.AthenaError.ErrorMessage != reason || *e.Status.AthenaError.ErrorCategory != 2 {
		l.t.Errorf("%s: AthenaError %+v", sql, e.Status.AthenaError)
	}
}

func refusedAs(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("got  %v\nwant %s: %s", err, code, message)
	}
}

func (l *library) object(bucket, key string) string {
	l.t.Helper()
	r, _, err := l.lake.Get(l.t.Context(), bucket, key, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(b)
}

const tripsTable = "CREATE EXTERNAL TABLE `nyctaxitrips`(\n" +
	"  `pickup_latitude` double, \n  `dropoff_latitude` double,\n  `trip_id` bigint COMMENT 'unique', `trip_distance` double,\n" +
	"  `passenger_count` int, `pickup_datetime` timestamp, `dropoff_datetime` timestamp, `total_amount` double)\n" +
	"PARTITIONED BY ( \n  `year` string, \n  `month` string, \n  `day` string, \n  `hour` string)\n" +
	"ROW FORMAT SERDE \n  'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' \n" +
	"STORED AS INPUTFORMAT \n  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat' \n" +
	"OUTPUTFORMAT \n  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'\n" +
	"LOCATION\n  's3://kinesislabs-datalake-bucket/nyctaxitrips/'\nTBLPROPERTIES ('classification'='parquet')"

// deliver writes trips as Firehose does: Parquet from JSON by the columns of the catalog.
func (l *library) deliver(folder string, records ...string) {
	l.t.Helper()
	scope := hydrant.Scope{Account: "123456789012", Region: "eu-west-1"}
	columns, _, err := l.glue.Columns(l.t.Context(), scope, "kinesislabs", "nyctaxitrips", "LATEST")
	if err != nil {
		l.t.Fatal(err)
	}
	var declared []columnar.Column
	for _, c := range columns {
		declared = append(declared, columnar.Column{Name: c.Name, Type: c.Type})
	}
	schema, err := columnar.NewSchema(declared)
	if err != nil {
		l.t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := columnar.NewWriter(&b, schema, columnar.Input{}, columnar.Output{})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Add([]byte(r)); err != nil {
			l.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		l.t.Fatal(err)
	}
	if _, err := l.lake.Put(l.t.Context(), "kinesislabs-datalake-bucket", "nyctaxitrips/"+folder+"trips.parquet", &b, blob.Put{}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *library) workshop() {
	l.t.Helper()
	l.rows("CREATE DATABASE IF NOT EXISTS kinesislabs COMMENT 'taxi'")
	l.rows(tripsTable)
	l.deliver("year=2016/month=01/day=31/hour=23/",
		`{"trip_id":1,"trip_distance":2.5,"passenger_count":1,"pickup_datetime":"2016-01-31T23:10:00Z","dropoff_datetime":"2016-01-31T23:25:30Z","total_amount":12.5}`,
		`{"trip_id":2,"trip_distance":10,"passenger_count":2,"pickup_datetime":"2016-01-31T23:20:00Z","dropoff_datetime":"2016-01-31T23:59:59.5Z","total_amount":40.25}`)
	l.deliver("year=2016/month=02/day=01/hour=00/",
		`{"trip_id":3,"trip_distance":1e10,"passenger_count":null,"pickup_datetime":"2016-02-01T00:01:00Z","dropoff_datetime":"2016-02-01T00:05:00Z","total_amount":5}`)
}

func TestAthenaWorkshop(t *testing.T) {
	l := openLibrary(t)
	l.workshop()
	l.want("MSCK REPAIR TABLE nyctaxitrips",
		"Partitions not in metastore:\tnyctaxitrips:year=2016/month=01/day=31/hour=23", "Partitions not in metastore:\tnyctaxitrips:year=2016/month=02/day=01/hour=00",
		"Repair: Added partition to metastore nyctaxitrips:year=2016/month=01/day=31/hour=23", "Repair: Added partition to metastore nyctaxitrips:year=2016/month=02/day=01/hour=00")
	l.want("SHOW PARTITIONS nyctaxitrips", "year=2016/month=01/day=31/hour=23", "year=2016/month=02/day=01/hour=00")
	id := l.start("SELECT year, month, count(*), sum(total_amount) AS total FROM nyctaxitrips WHERE month = '01' GROUP BY 1, 2;")
	e := l.end(id)
	if e.Status.State != types.QueryExecutionStateSucceeded {
		t.Fatal(aws.ToString(e.Status.StateChangeReason))
	}
	if got, want := l.object("results", "out/"+id+".csv"), "\"year\",\"month\",\"_col2\",\"total\"\n\"2016\",\"01\",\"2\",\"52.75\"\n"; got != want {
		t.Errorf("csv %q", got)
	}
	if e.StatementType != types.StatementTypeDml || *e.SubstatementType != "SELECT" || *e.ResultConfiguration.OutputLocation != "s3://results/out/"+id+".csv" ||
		*e.QueryExecutionContext.Catalog != "awsdatacatalog" || *e.WorkGroup != "primary" || *e.Statistics.DataScannedInBytes == 0 {
		t.Errorf("execution %+v", e)
	}
	all := l.end(l.start("SELECT sum(total_amount) FROM nyctaxitrips"))
	some := l.end(l.start("SELECT sum(total_amount) FROM nyctaxitrips WHERE month = '02'"))
	if *some.Statistics.DataScannedInBytes >= *all.Statistics.DataScannedInBytes || *some.Statistics.DataScannedInBytes == 0 {
		t.Errorf("scanned %d of one partition, %d of all", *some.Statistics.DataScannedInBytes, *all.Statistics.DataScannedInBytes)
	}
	stats, err := l.client.GetQueryRuntimeStatistics(t.Context(), &sdk.GetQueryRuntimeStatisticsInput{QueryExecutionId: &id})
	if err != nil || *stats.QueryRuntimeStatistics.Rows.OutputRows != 1 {
		t.Errorf("statistics %+v %v", stats, err)
	}
}

func TestAthenaDialect(t *testing.T) {
	l := openLibrary(t)
	l.workshop()
	one := func(expression string, want string) {
		t.Helper()
		got := l.rows("SELECT " + expression + " AS x")
		if diff := cmp.Diff([]string{"x", want}, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", expression, diff)
		}
	}
	for _, c := range [][2]string{
		{"7 / 2", "3"}, {"7.0 / 2", "3.5"}, {"1e10", "1.0E10"}, {"CAST(0.5 AS double)", "0.5"}, {"100000.0e0", "100000.0"},
		{"DATE '2016-01-31' + INTERVAL '1' DAY", "2016-02-01"}, {"TIMESTAMP '2016-01-31 23:00:00' - INTERVAL '2' HOUR", "2016-01-31 21:00:00.000"},
		{"date_add('month', 1, DATE '2016-01-31')", "2016-02-29"}, {"date_diff('hour', TIMESTAMP '2016-01-01 00:30:00', TIMESTAMP '2016-01-01 02:00:00')", "1"},
		{"date_trunc('hour', TIMESTAMP '2016-01-01 10:20:30')", "2016-01-01 10:00:00.000"}, {"date_trunc('month', DATE '2016-01-20')", "2016-01-01"},
		{"from_unixtime(0)", "1970-01-01 00:00:00.000 UTC"}, {"to_unixtime(TIMESTAMP '1970-01-02 00:00:00')", "86400.0"},
		{"date_format(TIMESTAMP '2016-01-31 23:05:09', '%Y/%m/%d %H:%i:%s')", "2016/01/31 23:05:09"}, {"date_parse('31.01.2016', '%d.%m.%Y')", "2016-01-31 00:00:00.000"},
		{"format_datetime(TIMESTAMP '2016-01-31 23:05:09', 'yyyy-MM-dd HH:mm')", "2016-01-31 23:05"},
		{"TIMESTAMP '2016-01-31 23:00:00' AT TIME ZONE 'America/New_York'", "2016-01-31 18:00:00.000"},
		{"day_of_week(DATE '2016-01-31')", "7"}, {"extract(dow FROM DATE '2016-01-31')", "7"},
		{"cardinality(ARRAY[1, 2])", "2"}, {"cardinality(map(ARRAY['a'], ARRAY[1]))", "1"}, {"element_at(ARRAY[1, 2], 3)", "∅"}, {"ARRAY[1, NULL]", "[1, null]"},
		{"map(ARRAY['a'], ARRAY[1])", "{a=1}"}, {"row(1, 'a')", "{field0=1, field1=a}"}, {"CAST(row(1, 'a') AS row(n integer, s varchar))", "{n=1, s=a}"},
		{"json_extract_scalar('{\"a\":{\"b\":\"c\"}}', '$.a.b')", "c"}, {"json_extract_scalar('{\"a\":{\"b\":\"c\"}}', '$.a')", "∅"}, {"json_extract('{\"a\":[1,2]}', '$.a')", "[1,2]"},
		{"reduce(ARRAY[1, 2, 3], 10, (s, x) -> s + x, s -> s * 2)", "32"}, {"reduce(ARRAY[], 10, (s, x) -> s + x, s -> s)", "10"},
		{"all_match(ARRAY[1, 2], x -> x > 1)", "false"}, {"all_match(ARRAY[2, 3], x -> x > 1)", "true"},
		{"width_bucket(5.0, 0, 10, 5)", "3"}, {"width_bucket(-1, 0, 10, 5)", "0"}, {"width_bucket(10, 0, 10, 5)", "6"}, {"width_bucket(9, 10, 0, 5)", "1"},
		{"round(great_circle_distance(36.12, -86.67, 33.94, -118.40), 1)", "2886.4"}, {"random(1)", "0"}, {"random(5, 6)", "5"},
		{"json_size('{\"a\":{\"b\":1}}', '$.a')", "1"}, {"json_size('{\"a\":[1,2]}', '$.a')", "2"}, {"json_size('{\"a\":1}', '$.a')", "0"},
		{"url_extract_host('https://me@a.b:80/c/d?e=f%20g&h=i#j')", "a.b"}, {"url_extract_path('https://me@a.b:80/c/d?e=f%20g&h=i#j')", "/c/d"},
		{"url_extract_query('https://a.b/c?e=f%20g&h=i#j')", "e=f%20g&h=i"}, {"url_extract_protocol('https://a.b')", "https"},
		{"url_extract_parameter('https://a.b/c?e=f%20g&h=i#j', 'e')", "f g"}, {"url_extract_parameter('https://a.b/c?e=f', 'x')", "∅"},
		{"regexp_like('abc', 'b+')", "true"}, {"regexp_extract('abc', 'x')", "∅"}, {"regexp_replace('a1b2', '(\\d)', '<$1>')", "a<1>b<2>"},
		{"try_cast('x' AS integer)", "∅"}, {"split('a,b', ',')", "[a, b]"}, {"split_part('a,b', ',', 3)", "∅"}, {"substr('hello', 2, 3)", "ell"},
		{"concat('a', NULL)", "∅"}, {"if(1 > 2, 'a', 'b')", "b"}, {"coalesce(NULL, '')", ""}, {"X'00ff'", "00 ff"}, {"greatest(1, NULL)", "∅"},
		{"transform(ARRAY[1, 2], x -> x * 2)", "[2, 4]"}, {"reverse('abc')", "cba"}, {"lower(to_hex(md5(to_utf8('a'))))", "0cc175b9c0f1b6a831c399e269772661"},
		{"CAST(1.50 AS decimal(10,2))", "1.50"}, {"TIME '01:02:03'", "01:02:03.000"}, {"'say \"hi\",\nok'", "say \"hi\",\nok"}, {"true", "true"},
		{"sequence(1, 3)", "[1, 2, 3]"}, {"array_join(ARRAY['a', 'b'], '-')", "a-b"},
	} {
		one(c[0], c[1])
	}
	l.want("SELECT trip_id, trip_distance, pickup_datetime, passenger_count FROM nyctaxitrips WHERE hour = '00'", "trip_id|trip_distance|pickup_datetime|passenger_count", "3|1.0E10|2016-02-01 00:01:00.000|∅")
	l.want("SELECT max_by(trip_id, total_amount), approx_distinct(trip_id), approx_percentile(trip_id, 0.5), array_agg(trip_id ORDER BY trip_id) FROM nyctaxitrips", "_col0|_col1|_col2|_col3", "2|3|2|[1, 2, 3]")
	l.want(`SELECT t.trip_id, u.n FROM nyctaxitrips t CROSS JOIN UNNEST(ARRAY[10, 20]) AS u (n) WHERE t.trip_id = 1 ORDER BY 2`, "trip_id|n", "1|10", "1|20")
	l.want(`SELECT k, v FROM (VALUES (map(ARRAY['a', 'b'], ARRAY[1, 2]))) AS t (m) CROSS JOIN UNNEST(m) AS u (k, v) ORDER BY k`, "k|v", "a|1", "b|2")
	l.want(`SELECT "$path" FROM kinesislabs.nyctaxitrips WHERE trip_id = 3`, "$path", "s3://kinesislabs-datalake-bucket/nyctaxitrips/year=2016/month=02/day=01/hour=00/trips.parquet")
	l.want("WITH d AS (SELECT month, total_amount a, row_number() OVER (PARTITION BY month ORDER BY total_amount DESC) n FROM awsdatacatalog.kinesislabs.nyctaxitrips) SELECT month, a FROM d WHERE n = 1 ORDER BY 1", "month|a", "01|40.25", "02|5.0")
	l.want("SELECT month, count(*) c FROM nyctaxitrips GROUP BY GROUPING SETS ((month), ()) ORDER BY month NULLS LAST", "month|c", "01|2", "02|1", "∅|3")
	l.want("SELECT lag(trip_id) IGNORE NULLS OVER (ORDER BY trip_id) FROM nyctaxitrips ORDER BY 1", "_col0", "1", "2", "∅")
	l.want("SELECT date_trunc('hour', pickup_datetime) AS h, count(*) AS n, round(avg(total_amount), 2) a FROM nyctaxitrips GROUP BY date_trunc('hour', pickup_datetime) HAVING count(*) > 1 ORDER BY count(*) DESC LIMIT 5",
		"h|n|a", "2016-01-31 23:00:00.000|2|26.38")
	l.want("SELECT dropoff_datetime - pickup_datetime d, concat(year, '-', month) m FROM nyctaxitrips WHERE date(pickup_datetime) = DATE '2016-01-31' AND trip_id BETWEEN 1 AND 1", "d|m", "0 00:15:30.000|2016-01")
	l.want("SELECT a.trip_id, count(*) FILTER (WHERE b.total_amount > 10) c FROM nyctaxitrips a LEFT JOIN nyctaxitrips b ON a.month = b.month WHERE a.trip_id IN (SELECT max(trip_id) FROM nyctaxitrips) GROUP BY a.trip_id", "trip_id|c", "3|0")
	l.want("SELECT 'x' AS k, 1 n UNION ALL SELECT 'y', 2 ORDER BY n DESC", "k|n", "y|2", "x|1")
	l.want("SELECT count(*) FROM nyctaxitrips WHERE pickup_datetime > current_date - interval '7' day OR cast(year AS integer) >= 2016 AND month || day = '0131'", "_col0", "2")
	l.want("VALUES 1, 2", "_col0", "1", "2")
	l.want("SELECT count(*) c FROM nyctaxitrips WHERE dropoff_datetime >= TIMESTAMP '2016-02-01 00:00:00' OFFSET 0 LIMIT 10", "c", "1")
	l.want("SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = 'kinesislabs'", "table_schema|table_name", "kinesislabs|nyctaxitrips")
	if got := l.rows("SELECT trip_id FROM nyctaxitrips WHERE month = ? AND trip_id > ?", "'01'", "1"); !cmp.Equal(got, []string{"trip_id", "2"}) {
		t.Error(got)
	}
}

func TestAthenaFailures(t *testing.T) {
	l := openLibrary(t)
	l.workshop()
	l.fails("SELECT nope FROM nyctaxitrips", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved or requester is not authorized to access requested resources")
	l.fails("SELECT 1\nFROM missing", "TABLE_NOT_FOUND: line 2:6: Table 'awsdatacatalog.kinesislabs.missing' does not exist")
	l.fails("SELECT 1 FROM nodb.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nodb' does not exist")
	l.fails("SELECT foo(trip_id) FROM nyctaxitrips", "FUNCTION_NOT_FOUND: line 1:8: Function 'foo' not registered")
	l.fails("SELECT trip_id FROM nyctaxitrips WHERE", "SYNTAX_ERROR: mismatched input '<EOF>'")
	l.fails("SELECT trip_id, count(*) FROM nyctaxitrips", "EXPRESSION_NOT_AGGREGATE: line 1:8: 'trip_id' must be an aggregate expression or appear in GROUP BY clause")
	l.fails("SELECT CAST('x' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to integer")
	l.fails("SELECT sum(month) FROM nyctaxitrips", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (varchar) for function sum")
	l.fails("SELECT * FROM read_parquet('/etc/passwd')", "FUNCTION_NOT_FOUND: line 1:15: Function 'read_parquet' not registered")
	l.fails("CREATE EXTERNAL TABLE t (a integer) LOCATION 's3://b/t/'", "FAILED: ParseException line 1:27 cannot recognize input near 'integer' in column type; in DDL the type is int in create table statement")
	l.fails("CREATE EXTERNAL TABLE t (a int", "FAILED: ParseException line 1:30 mismatched input '<EOF>' expecting ) near 'int' in create table statement")
	l.fails(tripsTable, "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Table already exists: nyctaxitrips)")
	l.fails("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (a string) LOCATION 's3://b/t/'", "FAILED: SemanticException [Error 10035]: Column repeated in partitioning columns: a")
	l.fails("DROP TABLE missing", "FAILED: SemanticException [Error 10001]: Table not found missing")
	l.fails("DROP DATABASE kinesislabs", "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. InvalidOperationException(message:Database kinesislabs is not empty. One or more tables exist.)")
	for _, c := range [][2]string{
		{"SELEC 1", "line 1:1: mismatched input 'SELEC'. Expecting: 'ALTER', 'CREATE', 'DESC', 'DESCRIBE', 'DROP', 'EXECUTE', 'EXPLAIN', 'INSERT', 'MSCK', 'SELECT', 'SHOW', 'TABLE', 'UNLOAD', 'VALUES', 'WITH'"},
		{"SELECT 1; SELECT 2", "Only one sql statement is allowed. Got: SELECT 1; SELECT 2"},
		{"MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", "Queries of this type are not supported here: MERGE"},
		{"BEGIN", "Queries of this type are not supported"},
	} {
		_, err := l.client.StartQueryExecution(t.Context(), &sdk.StartQueryExecutionInput{QueryString: &c[0],
			ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/")}})
		refusedAs(t, err, "InvalidRequestException", c[1])
	}
}

func TestAthenaDefinitions(t *testing.T) {
	l := openLibrary(t)
	l.workshop()
	l.want("SHOW DATABASES", "kinesislabs")
	l.want("SHOW TABLES 'nyc*'", "nyctaxitrips")
	l.want("SHOW TABLES 'x.*'")
	l.want("SHOW COLUMNS IN nyctaxitrips FROM kinesislabs", "pickup_latitude     ", "dropoff_latitude    ", "trip_id             ", "trip_distance       ",
		"passenger_count     ", "pickup_datetime     ", "dropoff_datetime    ", "total_amount        ", "year                ", "month               ", "day                 ", "hour                ")
	l.want("ALTER TABLE nyctaxitrips ADD PARTITION (year='2016', month='01', day='31', hour='23') PARTITION (year='2016', month='02', day='01', hour='00')")
	l.fails("ALTER TABLE nyctaxitrips ADD PARTITION (year='2016', month='01', day='31', hour='23')",
		"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Partition already exists.)")
	l.fails("ALTER TABLE nyctaxitrips ADD PARTITION (year='2016')", "FAILED: SemanticException partition spec {year=2016} doesn't contain all (4) partition columns")
	l.want("ALTER TABLE nyctaxitrips ADD IF NOT EXISTS PARTITION (year='2016', month='01', day='31', hour='23')")
	l.want("SELECT count(*) c FROM nyctaxitrips", "c", "3")
	l.want("ALTER TABLE nyctaxitrips DROP PARTITION (year='2016', month='02', day='01', hour='00')")
	l.want("SELECT count(*) c FROM nyctaxitrips", "c", "2")
	l.want("ALTER TABLE nyctaxitrips PARTITION (year='2016', month='01', day='31', hour='23') RENAME TO PARTITION (year='2015', month='01', day='31', hour='23')")
	l.want("SELECT DISTINCT year FROM nyctaxitrips", "year", "2015")
	l.want("ALTER TABLE nyctaxitrips ADD COLUMNS (tip double)")
	l.want("SELECT count(tip) c, count(*) n FROM nyctaxitrips", "c|n", "0|2")
	l.want("ALTER TABLE nyctaxitrips SET TBLPROPERTIES ('projection.enabled'='true')")
	l.want("SHOW TBLPROPERTIES nyctaxitrips('projection.enabled')", "true")
	l.want("DESCRIBE nyctaxitrips year", "year                \tstring              \t                    ")
	text := strings.Join(l.rows("SHOW CREATE TABLE nyctaxitrips"), "\n")
	l.want("DROP TABLE nyctaxitrips")
	l.want(text)
	if again := strings.Join(l.rows("SHOW CREATE TABLE nyctaxitrips"), "\n"); again != text {
		t.Errorf("the statement shown makes another table:\n%s\n%s", text, again)
	}
	l.want("DROP DATABASE kinesislabs CASCADE")
	l.fails("SHOW TABLES", "FAILED: SemanticException [Error 10072]: Database does not exist: kinesislabs")
}

func TestAthenaPaging(t *testing.T) {
	l := openLibrary(t)
	l.rows("CREATE DATABASE kinesislabs")
	id := l.start("SELECT x FROM UNNEST(sequence(1, 5)) AS t (x)")
	if e := l.end(id); e.Status.State != types.QueryExecutionStateSucceeded {
		t.Fatal(aws.ToString(e.Status.StateChangeReason))
	}
	var pages [][]string
	var token *string
	for {
		out, err := l.client.GetQueryResults(t.Context(), &sdk.GetQueryResultsInput{QueryExecutionId: &id, MaxResults: aws.Int32(3), NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		if c := out.ResultSet.ResultSetMetadata.ColumnInfo; len(c) != 1 || *c[0].Name != "x" || *c[0].Type != "bigint" || c[0].Precision != 19 {
			t.Errorf("columns %+v", c)
		}
		pages = append(pages, rowTexts(out.ResultSet.Rows))
		if token = out.NextToken; token == nil {
			break
		}
	}
	if diff := cmp.Diff([][]string{{"x", "1", "2"}, {"3", "4", "5"}, nil}, pages); diff != "" {
		t.Error(diff)
	}
	l.reopen()
	out, err := l.client.GetQueryResults(t.Context(), &sdk.GetQueryResultsInput{QueryExecutionId: &id})
	if err != nil || len(out.ResultSet.Rows) != 6 || out.NextToken != nil {
		t.Errorf("after a restart: %+v %v", out, err)
	}
	_, err = l.client.GetQueryResults(t.Context(), &sdk.GetQueryResultsInput{QueryExecutionId: aws.String("nope")})
	refusedAs(t, err, "InvalidRequestException", "QueryExecution nope was not found")
	bad := l.start("SELECT nope")
	l.end(bad)
	_, err = l.client.GetQueryResults(t.Context(), &sdk.GetQueryResultsInput{QueryExecutionId: &bad})
	refusedAs(t, err, "InvalidRequestException", "Query did not finish successfully. Final query state: FAILED")
}

// reopen is a restart over the same files.
func (l *library) reopen() {
	l.t.Helper()
	if err := errors.Join(l.athena.Close(), l.journal.Close()); err != nil {
		l.t.Fatal(err)
	}
	l.open()
}

const slow = "SELECT count(*) FROM UNNEST(sequence(1, 100000)) AS a (x) CROSS JOIN UNNEST(sequence(1, 100000)) AS b (y) WHERE sqrt(x * y) < 0"

func TestAthenaStop(t *testing.T) {
	l := openLibrary(t)
	l.rows("CREATE DATABASE kinesislabs")
	id := l.start(slow)
	for range 2 {
		if _, err := l.client.StopQueryExecution(t.Context(), &sdk.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
			t.Fatal(err)
		}
		if e := l.end(id); e.Status.State != types.QueryExecutionStateCancelled || e.Status.CompletionDateTime == nil {
			t.Errorf("state %+v", e.Status)
		}
	}
	interrupted := l.start(slow)
	l.reopen()
	if e := l.end(interrupted); e.Status.State != types.QueryExecutionStateFailed || !e.Status.AthenaError.Retryable {
		t.Errorf("state %+v", e.Status)
	}
	ids, err := l.client.ListQueryExecutions(t.Context(), &sdk.ListQueryExecutionsInput{MaxResults: aws.Int32(2)})
	if err != nil || !cmp.Equal(ids.QueryExecutionIds, []string{interrupted, id}) || ids.NextToken == nil {
		t.Errorf("list %+v %v", ids, err)
	}
	many, err := l.client.BatchGetQueryExecution(t.Context(), &sdk.BatchGetQueryExecutionInput{QueryExecutionIds: []string{id, "nope"}})
	if err != nil || len(many.QueryExecutions) != 1 || len(many.UnprocessedQueryExecutionIds) != 1 {
		t.Errorf("batch %+v %v", many, err)
	}
}

func TestAthenaStart(t *testing.T) {
	l := openLibrary(t)
	l.rows("CREATE DATABASE kinesislabs")
	ctx := t.Context()
	start := func(sql, token, group, output string) (string, error) {
		in := &sdk.StartQueryExecutionInput{QueryString: &sql, ClientRequestToken: aws.String(strings.Repeat(token, 32))}
		if group != "" {
			in.WorkGroup = &group
		}
		if output != "" {
			in.ResultConfiguration = &types.ResultConfiguration{OutputLocation: &output}
		}
		out, err := l.client.StartQueryExecution(ctx, in)
		if err != nil {
			return "", err
		}
		return *out.QueryExecutionId, nil
	}
	first, err := start("SELECT 1", "a", "", "s3://results/")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := start("SELECT 1", "a", "", "s3://results/"); err != nil || again != first {
		t.Errorf("again %s %v", again, err)
	}
	l.end(first)
	l.reopen()
	if again, err := start("SELECT 1", "a", "", "s3://results/"); err != nil || again != first {
		t.Errorf("after a restart %s %v", again, err)
	}
	_, err = start("SELECT 2", "a", "", "s3://results/")
	refusedAs(t, err, "InvalidRequestException", "Idempotent parameters do not match")
	_, err = start("SELECT 1", "b", "", "")
	refusedAs(t, err, "InvalidRequestException", "No output location provided. You did not provide an output location for  your query results. "+
		"Either specify an S3 bucket location or enable Athena managed query results in your workgroup settings.")
	_, err = start("SELECT 1", "b", "", "s3://nobucket/x")
	refusedAs(t, err, "InvalidRequestException", "Unable to verify/create output bucket nobucket")
	_, err = start("SELECT 1", "b", "nogroup", "s3://results/")
	refusedAs(t, err, "InvalidRequestException", "WorkGroup nogroup is not found.")

	quoted, err := l.client.StartQueryExecution(ctx, &sdk.StartQueryExecutionInput{QueryString: aws.String("SHOW TABLES"),
		QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String("`KinesisLabs`")},
		ResultConfiguration:   &types.ResultConfiguration{OutputLocation: aws.String("s3://results/")}})
	if err != nil {
		t.Fatal(err)
	}
	if q := l.end(*quoted.QueryExecutionId); q.Status.State != types.QueryExecutionStateSucceeded || *q.QueryExecutionContext.Database != "kinesislabs" {
		t.Errorf("in a quoted database: %+v %+v", q.Status, q.QueryExecutionContext)
	}

	if _, err := l.client.CreateWorkGroup(ctx, &sdk.CreateWorkGroupInput{Name: aws.String("team"), Configuration: &types.WorkGroupConfiguration{
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/team/")}}}); err != nil {
		t.Fatal(err)
	}
	id, err := start("SELECT 1", "c", "team", "s3://results/mine/")
	if err != nil {
		t.Fatal(err)
	}
	if e := l.end(id); *e.ResultConfiguration.OutputLocation != "s3://results/team/"+id+".csv" || *e.WorkGroup != "team" {
		t.Errorf("an enforced location was not used: %s", *e.ResultConfiguration.OutputLocation)
	}
	if _, err := l.client.UpdateWorkGroup(ctx, &sdk.UpdateWorkGroupInput{WorkGroup: aws.String("team"), State: types.WorkGroupStateDisabled,
		ConfigurationUpdates: &types.WorkGroupConfigurationUpdates{EnforceWorkGroupConfiguration: aws.Bool(false)}}); err != nil {
		t.Fatal(err)
	}
	_, err = start("SELECT 1", "d", "team", "")
	refusedAs(t, err, "InvalidRequestException", "WorkGroup team is disabled.")
	g, err := l.client.GetWorkGroup(ctx, &sdk.GetWorkGroupInput{WorkGroup: aws.String("team")})
	if err != nil || *g.WorkGroup.Configuration.EnforceWorkGroupConfiguration || *g.WorkGroup.Configuration.ResultConfiguration.OutputLocation != "s3://results/team/" {
		t.Errorf("group %+v %v", g, err)
	}
	var names []string
	list := sdk.NewListWorkGroupsPaginator(l.client, &sdk.ListWorkGroupsInput{MaxResults: aws.Int32(1)})
	for list.HasMorePages() {
		p, err := list.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range p.WorkGroups {
			names = append(names, *g.Name)
		}
	}
	if !cmp.Equal(names, []string{"primary", "team"}) {
		t.Errorf("groups %v", names)
	}
	_, err = l.client.DeleteWorkGroup(ctx, &sdk.DeleteWorkGroupInput{WorkGroup: aws.String("team")})
	refusedAs(t, err, "InvalidRequestException", "WorkGroup team is not empty")
	if _, err := l.client.DeleteWorkGroup(ctx, &sdk.DeleteWorkGroupInput{WorkGroup: aws.String("team"), RecursiveDeleteOption: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
}

func TestAthenaSavedQueries(t *testing.T) {
	l := openLibrary(t)
	l.rows("CREATE DATABASE kinesislabs")
	ctx := t.Context()
	named, err := l.client.CreateNamedQuery(ctx, &sdk.CreateNamedQueryInput{Name: aws.String("n"), Database: aws.String("d"), QueryString: aws.String("SELECT 1")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.client.UpdateNamedQuery(ctx, &sdk.UpdateNamedQueryInput{NamedQueryId: named.NamedQueryId, Name: aws.String("m"), QueryString: aws.String("SELECT 2")}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.client.CreatePreparedStatement(ctx, &sdk.CreatePreparedStatementInput{StatementName: aws.String("twice"), WorkGroup: aws.String("primary"),
		QueryStatement: aws.String("SELECT ? * 2 AS x, ? AS y")}); err != nil {
		t.Fatal(err)
	}
	l.reopen()
	got, err := l.client.GetNamedQuery(ctx, &sdk.GetNamedQueryInput{NamedQueryId: named.NamedQueryId})
	if err != nil || *got.NamedQuery.Name != "m" || *got.NamedQuery.QueryString != "SELECT 2" || *got.NamedQuery.WorkGroup != "primary" {
		t.Errorf("named %+v %v", got, err)
	}
	list, err := l.client.ListNamedQueries(ctx, &sdk.ListNamedQueriesInput{})
	if err != nil || !cmp.Equal(list.NamedQueryIds, []string{*named.NamedQueryId}) {
		t.Errorf("list %+v %v", list, err)
	}
	l.want("EXECUTE twice USING 21, 'a,b'", "x|y", "42|a,b")
	l.fails("EXECUTE nope", "NOT_FOUND: PreparedStatement nope was not found in workGroup primary")
	if _, err := l.client.DeletePreparedStatement(ctx, &sdk.DeletePreparedStatementInput{StatementName: aws.String("twice"), WorkGroup: aws.String("primary")}); err != nil {
		t.Fatal(err)
	}
	_, err = l.client.GetPreparedStatement(ctx, &sdk.GetPreparedStatementInput{StatementName: aws.String("twice"), WorkGroup: aws.String("primary")})
	refusedAs(t, err, "ResourceNotFoundException", "PreparedStatement twice was not found")
}

func TestAthenaMetadata(t *testing.T) {
	l := openLibrary(t)
	l.workshop()
	ctx := t.Context()
	m, err := l.client.GetTableMetadata(ctx, &sdk.GetTableMetadataInput{CatalogName: aws.String("AwsDataCatalog"), DatabaseName: aws.String("kinesislabs"), TableName: aws.String("NycTaxiTrips")})
	if err != nil {
		t.Fatal(err)
	}
	md := m.TableMetadata
	if *md.TableType != "EXTERNAL_TABLE" || len(md.Columns) != 8 || len(md.PartitionKeys) != 4 || md.Parameters["EXTERNAL"] != "TRUE" ||
		md.Parameters["location"] != "s3://kinesislabs-datalake-bucket/nyctaxitrips/" || *md.Columns[2].Comment != "unique" {
		t.Errorf("metadata %+v", md)
	}
	dbs, err := l.client.ListDatabases(ctx, &sdk.ListDatabasesInput{CatalogName: aws.String("AwsDataCatalog")})
	if err != nil || len(dbs.DatabaseList) != 1 || *dbs.DatabaseList[0].Description != "taxi" {
		t.Errorf("databases %+v %v", dbs, err)
	}
	tables, err := l.client.ListTableMetadata(ctx, &sdk.ListTableMetadataInput{CatalogName: aws.String("AwsDataCatalog"), DatabaseName: aws.String("kinesislabs"), Expression: aws.String("nyc.*")})
	if err != nil || len(tables.TableMetadataList) != 1 {
		t.Errorf("tables %+v %v", tables, err)
	}
	_, err = l.client.GetDatabase(ctx, &sdk.GetDatabaseInput{CatalogName: aws.String("AwsDataCatalog"), DatabaseName: aws.String("nope")})
	refusedAs(t, err, "MetadataException", "Database nope not found. (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException)")
	catalogs, err := l.client.ListDataCatalogs(ctx, &sdk.ListDataCatalogsInput{})
	if err != nil || *catalogs.DataCatalogsSummary[0].CatalogName != "AwsDataCatalog" {
		t.Errorf("catalogs %+v %v", catalogs, err)
	}
}

// anybody may do everything.
func anybody(context.Context, string, string, any) error { return nil }

func TestAthenaTags(t *testing.T) {
	l := openLibrary(t)
	ctx := t.Context()
	arn := aws.String(hydrant.Scope{Account: "123456789012", Region: "eu-west-1"}.ARN("athena", "workgroup/team"))
	list := func() (all []string) {
		t.Helper()
		out, err := l.client.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceARN: arn})
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range out.Tags {
			all = append(all, *tag.Key+"="+*tag.Value)
		}
		return all
	}
	_, err := l.client.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceARN: arn})
	refusedAs(t, err, "ResourceNotFoundException", "WorkGroup team is not found.")
	tag := func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }
	if _, err := l.client.CreateWorkGroup(ctx, &sdk.CreateWorkGroupInput{Name: aws.String("team"), Tags: []types.Tag{tag("b", "2"), tag("a", "1")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.client.TagResource(ctx, &sdk.TagResourceInput{ResourceARN: arn, Tags: []types.Tag{tag("b", "3"), tag("c", "4")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.client.UntagResource(ctx, &sdk.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"a", "none"}}); err != nil {
		t.Fatal(err)
	}
	l.reopen()
	if got := list(); !slices.Equal(got, []string{"b=3", "c=4"}) {
		t.Errorf("tags %v", got)
	}
	_, err = l.client.TagResource(ctx, &sdk.TagResourceInput{ResourceARN: aws.String("arn:aws:athena:eu-west-1:123456789012:datacatalog/x"), Tags: []types.Tag{tag("a", "")}})
	refusedAs(t, err, "InvalidRequestException", "arn:aws:athena:eu-west-1:123456789012:datacatalog/x is not the ARN of a work group of this account and Region")
}
