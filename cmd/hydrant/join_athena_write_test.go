package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/google/go-cmp/cmp"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/glue"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// keys are the keys of a bucket below a prefix, the id of an execution in them called ID.
func (l *library) keys(bucket, prefix, id string) (keys []string) {
	l.t.Helper()
	list, err := l.lake.List(l.t.Context(), bucket, blob.ListPage{Prefix: prefix})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, o := range list.Objects {
		keys = append(keys, strings.ReplaceAll(o.Key, id, "ID"))
	}
	return keys
}

// writes runs a statement that writes rows and answers its execution.
func (l *library) writes(sql string, rows int64) *types.QueryExecution {
	l.t.Helper()
	id := l.start(sql)
	e := l.end(id)
	if e.Status.State != types.QueryExecutionStateSucceeded {
		l.t.Fatalf("%s: %s", sql, aws.ToString(e.Status.StateChangeReason))
	}
	out, err := l.client.GetQueryResults(l.t.Context(), &sdk.GetQueryResultsInput{QueryExecutionId: &id})
	if err != nil || aws.ToInt64(out.UpdateCount) != rows || len(out.ResultSet.Rows) != 0 || *out.ResultSet.ResultSetMetadata.ColumnInfo[0].Name != "rows" {
		l.t.Errorf("%s: %+v, %v", sql, out, err)
	}
	return e
}

func TestAthenaWrites(t *testing.T) {
	l := openLibrary(t)
	l.workshop()
	ctx := hydrant.WithScope(t.Context(), hydrant.Scope{Account: "123456789012", Region: "eu-west-1"})

	// A table of a query, where the statement says.
	e := l.writes(`CREATE TABLE trips WITH (format = 'PARQUET', parquet_compression = 'SNAPPY', external_location = 's3://kinesislabs-datalake-bucket/ctas/', partitioned_by = ARRAY['month', 'kind'])
AS SELECT trip_id, total_amount / 2 AS half, CAST(total_amount AS decimal(10,2)) exact, ARRAY[trip_id] ids, pickup_datetime, sum(passenger_count) OVER () n, month, CASE WHEN trip_id = 2 THEN 'a b/c' END AS kind
FROM nyctaxitrips`, 3)
	id := *e.QueryExecutionId
	if e.StatementType != types.StatementTypeDdl || *e.SubstatementType != "CREATE_TABLE_AS_SELECT" || *e.Statistics.DataManifestLocation != "s3://results/out/"+id+"-manifest.csv" || *e.Statistics.DataScannedInBytes == 0 {
		t.Errorf("execution %+v %+v", e, e.Statistics)
	}
	want := []string{"ctas/month=01/kind=__HIVE_DEFAULT_PARTITION__/ID_00000.parquet", "ctas/month=01/kind=a b%2Fc/ID_00001.parquet", "ctas/month=02/kind=__HIVE_DEFAULT_PARTITION__/ID_00002.parquet"}
	got := l.keys("kinesislabs-datalake-bucket", "ctas/", id)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if lines := strings.Fields(l.object("results", "out/"+id+"-manifest.csv")); len(lines) != 4 || lines[0] != "s3://kinesislabs-datalake-bucket/ctas/month=01/kind=__HIVE_DEFAULT_PARTITION__/"+id+"_00000.parquet" {
		t.Errorf("manifest %q", lines)
	}
	l.want("SELECT trip_id, half, exact, ids, pickup_datetime, n, month, kind FROM trips ORDER BY trip_id", "trip_id|half|exact|ids|pickup_datetime|n|month|kind",
		"1|6.25|12.50|[1]|2016-01-31 23:10:00.000|3|01|∅", "2|20.125|40.25|[2]|2016-01-31 23:20:00.000|3|01|a b/c", "3|2.5|5.00|[3]|2016-02-01 00:01:00.000|3|02|∅")
	l.want("SHOW PARTITIONS trips", "month=01/kind=__HIVE_DEFAULT_PARTITION__", "month=01/kind=a%20b%2Fc", "month=02/kind=__HIVE_DEFAULT_PARTITION__")
	out, err := l.glue.GetTable(ctx, &glue.GetTableIn{DatabaseName: "kinesislabs", Name: "trips"})
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	for _, c := range append(slices.Clone(out.Table.StorageDescriptor.Columns), out.Table.PartitionKeys...) {
		columns = append(columns, c.Name+" "+c.Type)
	}
	if diff := cmp.Diff([]string{"trip_id bigint", "half double", "exact decimal(10,2)", "ids array<bigint>", "pickup_datetime timestamp", "n bigint", "month string", "kind string"}, columns); diff != "" {
		t.Error(diff)
	}
	if sd := out.Table.StorageDescriptor; out.Table.TableType != "EXTERNAL_TABLE" || sd.Location != "s3://kinesislabs-datalake-bucket/ctas/" || !strings.Contains(sd.SerdeInfo.SerializationLibrary, "ParquetHiveSerDe") {
		t.Errorf("table %+v", out.Table)
	}
	some := l.end(l.start("SELECT count(half) FROM trips WHERE month = '02'"))
	all := l.end(l.start("SELECT count(half) FROM trips"))
	if *some.Statistics.DataScannedInBytes >= *all.Statistics.DataScannedInBytes {
		t.Error("partitions of the new table are not pruned")
	}

	// More rows.
	l.writes("INSERT INTO trips VALUES (9, 1.5, DECIMAL '2.5', ARRAY[1], TIMESTAMP '2016-05-01 00:00:00', 7, '05', 'x'), (10, 2.5, 1, NULL, DATE '2016-05-01', 7, '01', NULL)", 2)
	l.writes("INSERT INTO kinesislabs.trips (kind, trip_id, month) SELECT 'x', max(trip_id) + 1, '05' FROM trips", 1)
	l.want("SELECT trip_id, half, exact, pickup_datetime, month, kind FROM trips WHERE trip_id > 8 ORDER BY 1", "trip_id|half|exact|pickup_datetime|month|kind",
		"9|1.5|2.50|2016-05-01 00:00:00.000|05|x", "10|2.5|1.00|2016-05-01 00:00:00.000|01|∅", "11|∅|∅|∅|05|x")
	l.want("SHOW PARTITIONS trips PARTITION (month = '05')", "month=05/kind=x")
	// Of nyctaxitrips no partition is registered: its folders are read, and go on being read.
	l.writes("INSERT INTO nyctaxitrips (trip_id, year, month, day, hour) SELECT 4, '2016', '03', '01', '00'", 1)
	l.want("SELECT trip_id FROM nyctaxitrips ORDER BY 1", "trip_id", "1", "2", "3", "4")
	l.rows("ALTER TABLE trips ADD PARTITION (month = '12', kind = 'far') LOCATION 's3://results/far/'")
	e = l.writes("INSERT INTO trips (trip_id, month, kind) VALUES (12, '12', 'far')", 1)
	if got := l.keys("results", "far/", *e.QueryExecutionId); !slices.Equal(got, []string{"far/ID_00000.parquet"}) {
		t.Errorf("a partition that lies elsewhere: %q", got)
	}
	l.writes("INSERT INTO trips SELECT * FROM trips WHERE trip_id > 1000", 0)
	l.writes("INSERT INTO trips (trip_id, ids, kind, month) SELECT 13, NULL, NULL, '05'", 1)

	// Text and JSON, and where nothing is said.
	e = l.writes(`CREATE TABLE IF NOT EXISTS docs WITH (format = 'JSON') AS SELECT trip_id, MAP(ARRAY['k'], ARRAY[ROW(1, 'x')]) m, X'00ff' b, pickup_datetime FROM nyctaxitrips WHERE trip_id < 3`, 2)
	if got := l.keys("results", "out/tables/", *e.QueryExecutionId); !slices.Equal(got, []string{"out/tables/ID/ID_00000.gz"}) {
		t.Errorf("keys %q", got)
	}
	l.want("SELECT trip_id, m, pickup_datetime FROM docs ORDER BY 1", "trip_id|m|pickup_datetime", "1|{k={field0=1, field1=x}}|2016-01-31 23:10:00.000", "2|{k={field0=1, field1=x}}|2016-01-31 23:20:00.000")
	l.writes("CREATE TABLE IF NOT EXISTS docs AS SELECT 1 AS other", 0)
	l.writes("CREATE TABLE texts WITH (format = 'TEXTFILE', field_delimiter = ',', write_compression = 'NONE') AS SELECT trip_id, CAST(NULL AS varchar) s, 1.5e0 d FROM nyctaxitrips", 4)
	l.writes("INSERT INTO texts VALUES (7, 'seven', 0.5)", 1)
	l.want("SELECT * FROM texts WHERE trip_id > 3 ORDER BY 1", "trip_id|s|d", "4|∅|1.5", "7|seven|0.5")
	l.writes("CREATE TABLE shell AS SELECT trip_id, month FROM nyctaxitrips WITH NO DATA", 0)
	l.want("SELECT count(*) AS c FROM shell", "c", "0")
	l.want("DESCRIBE shell", "trip_id             \tbigint              \t                    ", "month               \tstring              \t                    ")

	e = l.end(l.start("UNLOAD (SELECT trip_id, month FROM nyctaxitrips WHERE trip_id <= 3) TO 's3://results/unloaded' WITH (format = 'JSON', compression = 'NONE', partitioned_by = ARRAY['month'])"))
	if e.Status.State != types.QueryExecutionStateSucceeded || e.StatementType != types.StatementTypeDml || *e.SubstatementType != "UNLOAD" {
		t.Fatalf("unload: %+v: %s", e, aws.ToString(e.Status.StateChangeReason))
	}
	if got := l.keys("results", "unloaded/", *e.QueryExecutionId); !slices.Equal(got, []string{"unloaded/month=01/ID_00000", "unloaded/month=02/ID_00001"}) {
		t.Errorf("keys %q", got)
	}
	if got := l.object("results", "unloaded/month=01/"+*e.QueryExecutionId+"_00000"); got != "{\"trip_id\":1}\n{\"trip_id\":2}\n" {
		t.Errorf("unloaded %q", got)
	}

	l.closed = "s3://results/closed/"
	for _, c := range [][2]string{
		{"UNLOAD (SELECT 1 AS x) TO 's3://results/closed/'", "PERMISSION_DENIED: Access Denied when writing to location: s3://results/closed/: nobody may"},
		{"CREATE TABLE trips AS SELECT 1 AS x", "TABLE_ALREADY_EXISTS: line 1:1: Destination table 'awsdatacatalog.kinesislabs.trips' already exists"},
		{"CREATE TABLE nowhere.t AS SELECT 1 AS x", "SCHEMA_NOT_FOUND: line 1:1: Schema nowhere not found"},
		{"CREATE TABLE t WITH (external_location = 's3://kinesislabs-datalake-bucket/ctas/') AS SELECT 1 AS x", "HIVE_PATH_ALREADY_EXISTS: Target directory for table 'kinesislabs.t' already exists: s3://kinesislabs-datalake-bucket/ctas/. You may need to manually clean the data at location 's3://kinesislabs-datalake-bucket/ctas/' before retrying. Athena will not delete data in your account."},
		{"CREATE TABLE t WITH (partitioned_by = ARRAY['a']) AS SELECT 1 AS a, 2 AS b", "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and in the same order as the table properties: [a]"},
		{"CREATE TABLE t WITH (partitioned_by = ARRAY['z']) AS SELECT 1 AS a, 2 AS b", "INVALID_TABLE_PROPERTY: line 1:1: Partition columns [z] not present in schema"},
		{"CREATE TABLE t WITH (partitioned_by = ARRAY['a']) AS SELECT 1 AS a", "INVALID_TABLE_PROPERTY: line 1:1: Table contains only partition columns"},
		{"CREATE TABLE t WITH (partitioned_by = ARRAY['b']) AS SELECT 1 AS a, x AS b FROM UNNEST(sequence(1, 101)) AS u (x)", "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions/buckets"},
		{"CREATE TABLE t WITH (format = 'ORC') AS SELECT 1 AS x", "NOT_SUPPORTED: line 1:1: format ORC is not supported here; PARQUET, JSON and TEXTFILE are"},
		{"CREATE TABLE t WITH (bucketed_by = ARRAY['x']) AS SELECT 1 AS x", "NOT_SUPPORTED: line 1:1: property bucketed_by is not supported here"},
		{"CREATE TABLE t WITH (colour = 'red') AS SELECT 1 AS x", "INVALID_TABLE_PROPERTY: line 1:1: Catalog 'awsdatacatalog' table property 'colour' does not exist"},
		{"CREATE TABLE t AS SELECT NULL AS x", "COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown at position 1"},
		{"CREATE TABLE t AS SELECT current_timestamp AS x", "NOT_SUPPORTED: line 1:1: Unsupported Hive type: timestamp(3) with time zone"},
		{"CREATE TABLE t AS SELECT nope FROM trips", "COLUMN_NOT_FOUND: line 1:26: Column 'nope' cannot be resolved or requester is not authorized to access requested resources"},
		{"CREATE TABLE t AS SELECT CAST(kind AS integer) AS k FROM trips WHERE trip_id = 2", "INVALID_CAST_ARGUMENT: Cannot cast 'a b/c' to integer"},
		{"INSERT INTO nope VALUES (1)", "TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.kinesislabs.nope' does not exist"},
		{"INSERT INTO texts VALUES ('a', 'b', 1)", "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [bigint, varchar, double], Query: [varchar, varchar, integer]"},
		{"INSERT INTO texts VALUES (1)", "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [bigint, varchar, double], Query: [integer]"},
		{"INSERT INTO texts (nope) VALUES (1)", "COLUMN_NOT_FOUND: line 1:1: Insert column name does not exist in target table: nope"},
		{"INSERT INTO texts (d, d) VALUES (1, 2)", "DUPLICATE_COLUMN_NAME: line 1:1: Insert column name is specified more than once: d"},
		{"UNLOAD (SELECT 1 AS x) TO 's3://results/unloaded/'", "HIVE_PATH_ALREADY_EXISTS: Target directory already exists: s3://results/unloaded/. You may need to manually clean the data at location 's3://results/unloaded/' before retrying."},
		{"UNLOAD (SELECT 1 AS x) TO 's3://nobody/x/'", "HIVE_WRITER_OPEN_ERROR: The specified bucket does not exist: nobody"},
		{"UNLOAD (SELECT 1 AS x TO 's3://results/x/'", "SYNTAX_ERROR: line 1:43: mismatched input '<EOF>'"},
	} {
		l.fails(c[0], c[1])
	}
	// What the catalog cannot be told of does not stay in the lake.
	l.denied = "BatchCreatePartition"
	l.fails("CREATE TABLE t WITH (external_location = 's3://results/gone/', partitioned_by = ARRAY['b']) AS SELECT 1 AS a, 2 AS b", "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AccessDeniedException(message:nobody may)")
	before := len(l.keys("kinesislabs-datalake-bucket", "ctas/", "-"))
	l.fails("INSERT INTO trips (trip_id, month, kind) VALUES (99, '09', 'x')", "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AccessDeniedException(message:nobody may)")
	if after := len(l.keys("kinesislabs-datalake-bucket", "ctas/", "-")); after != before || len(l.keys("results", "gone/", "-")) != 0 {
		t.Errorf("objects stay: %d of %d, %q", after, before, l.keys("results", "gone/", "-"))
	}
	if _, err := l.glue.GetTable(ctx, &glue.GetTableIn{DatabaseName: "kinesislabs", Name: "t"}); hydrant.FaultCode(err) != "EntityNotFoundException" {
		t.Errorf("a statement that failed made a table: %v", err)
	}
	if got := l.keys("results", "out/tables/", "-"); len(got) != 3 {
		t.Errorf("statements that failed left objects: %q", got)
	}
}
