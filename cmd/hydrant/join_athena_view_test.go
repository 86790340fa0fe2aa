package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/glue"
)

func TestAthenaViews(t *testing.T) {
	l := openLibrary(t)
	l.workshop()
	l.rows("CREATE DATABASE other")
	l.want("CREATE VIEW january AS\nSELECT trip_id, date_trunc('hour', pickup_datetime) AS at, CAST(total_amount AS decimal(10,2)) exact, ARRAY[trip_id] ids, count(*) OVER () n\nFROM nyctaxitrips WHERE month = '01'")
	l.want("SELECT trip_id, at, exact FROM january ORDER BY trip_id", "trip_id|at|exact", "1|2016-01-31 23:00:00.000|12.50", "2|2016-01-31 23:00:00.000|40.25")
	l.want("CREATE OR REPLACE VIEW other.dear AS WITH j AS (SELECT * FROM january WHERE exact > 20) SELECT max(exact) AS most, count(*) AS _n FROM j")
	l.want("SELECT most FROM other.dear", "most", "40.25")
	l.want("SELECT a.trip_id FROM kinesislabs.january a JOIN other.dear b ON a.exact = b.most JOIN nyctaxitrips c ON c.trip_id = a.trip_id", "trip_id", "2")

	// As Presto keeps it, so that Athena's own tools can read it and hydrant can read theirs.
	ctx := hydrant.WithScope(t.Context(), hydrant.Scope{Account: "123456789012", Region: "eu-west-1"})
	out, err := l.glue.GetTable(ctx, &glue.GetTableIn{DatabaseName: "kinesislabs", Name: "january"})
	if err != nil {
		t.Fatal(err)
	}
	v := out.Table
	inner, ok := strings.CutPrefix(v.ViewOriginalText, "/* Presto View: ")
	b, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(inner, " */"))
	if !ok || err != nil || v.TableType != "VIRTUAL_VIEW" || v.ViewExpandedText != "/* Presto View */" || v.Parameters["presto_view"] != "true" || v.StorageDescriptor.Location != "" {
		t.Errorf("view %+v %v", v, err)
	}
	var presto struct {
		OriginalSQL     string `json:"originalSql"`
		Catalog, Schema string
		Columns         []struct{ Name, Type string }
	}
	if err := json.Unmarshal(b, &presto); err != nil {
		t.Fatal(err)
	}
	if presto.Catalog != "awsdatacatalog" || presto.Schema != "kinesislabs" || !strings.HasPrefix(presto.OriginalSQL, "SELECT trip_id") {
		t.Errorf("view %+v", presto)
	}
	if diff := cmp.Diff([]struct{ Name, Type string }{{"trip_id", "bigint"}, {"at", "timestamp(3)"}, {"exact", "decimal(10,2)"}, {"ids", "array(bigint)"}, {"n", "bigint"}}, presto.Columns); diff != "" {
		t.Error(diff)
	}
	var hive []string
	for _, c := range v.StorageDescriptor.Columns {
		hive = append(hive, c.Name+" "+c.Type)
	}
	if diff := cmp.Diff([]string{"trip_id bigint", "at timestamp", "exact decimal(10,2)", "ids array<bigint>", "n bigint"}, hive); diff != "" {
		t.Error(diff)
	}

	l.want("SHOW VIEWS", "january")
	l.want("SHOW VIEWS IN other LIKE 'd*'", "dear")
	l.want("SHOW TABLES", "january", "nyctaxitrips")
	l.want("SHOW CREATE VIEW other.dear", "CREATE VIEW awsdatacatalog.other.dear AS", "WITH j AS (SELECT * FROM january WHERE exact > 20) SELECT max(exact) AS most, count(*) AS _n FROM j")
	l.want("DESCRIBE other.dear", "most                \tdecimal(10,2)       \t                    ", "_n                  \tbigint              \t                    ")

	// What a view is over may change.
	l.rows("ALTER TABLE nyctaxitrips ADD COLUMNS (tip double)")
	l.want("SELECT count(*) AS c FROM january", "c", "2")
	l.want(`CREATE VIEW "all" AS SELECT * FROM nyctaxitrips`)
	l.want(`SELECT "$path" FROM nyctaxitrips WHERE trip_id IN (SELECT trip_id FROM "all" WHERE month = '02')`, "$path", "s3://kinesislabs-datalake-bucket/nyctaxitrips/year=2016/month=02/day=01/hour=00/trips.parquet")

	l.fails("CREATE VIEW january AS SELECT 1 AS x", "TABLE_ALREADY_EXISTS: line 1:1: View already exists: 'awsdatacatalog.kinesislabs.january'")
	l.fails("CREATE OR REPLACE VIEW nyctaxitrips AS SELECT 1 AS x", "TABLE_ALREADY_EXISTS: line 1:1: Table already exists: 'kinesislabs.nyctaxitrips'")
	l.fails("CREATE OR REPLACE VIEW january AS SELECT * FROM (SELECT * FROM january)", "NOT_SUPPORTED: line 1:1: Statement would create a recursive view")
	l.fails("CREATE VIEW w AS\n  SELECT nope FROM nyctaxitrips", "COLUMN_NOT_FOUND: line 2:10: Column 'nope' cannot be resolved or requester is not authorized to access requested resources")
	l.fails("CREATE VIEW w AS SELECT 1 AS x, 2 AS X", "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'X' specified more than once")
	l.fails("CREATE VIEW nowhere.w AS SELECT 1 AS x", "SCHEMA_NOT_FOUND: line 1:1: Schema 'nowhere' does not exist")
	l.fails("CREATE VIEW w SELECT 1", "SYNTAX_ERROR: line 1:15: mismatched input 'SELECT'. Expecting: 'AS'")
	l.fails("DROP TABLE january", "FAILED: SemanticException [Error 10159]: Cannot drop a view with DROP TABLE")
	l.fails("ALTER TABLE january ADD COLUMNS (x int)", "FAILED: SemanticException [Error 10131]: To alter a view you need to use the ALTER VIEW command.")
	l.fails("SHOW CREATE TABLE january", "SYNTAX_ERROR: line 1:1: Relation 'awsdatacatalog.kinesislabs.january' is a view, not a table")
	l.fails("SHOW CREATE VIEW nyctaxitrips", "SYNTAX_ERROR: line 1:1: Relation 'awsdatacatalog.kinesislabs.nyctaxitrips' is a table, not a view")
	l.fails("DROP VIEW nyctaxitrips", "TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog.kinesislabs.nyctaxitrips' does not exist, but a table with that name exists. Did you mean DROP TABLE?")
	l.fails("DROP VIEW nope", "TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog.kinesislabs.nope' does not exist")

	// Views in a circle can be made one after the other.
	l.rows("CREATE VIEW one AS SELECT 1 AS x")
	l.rows("CREATE VIEW two AS SELECT * FROM one")
	l.fails("CREATE OR REPLACE VIEW one AS SELECT * FROM two", "NOT_SUPPORTED: line 1:1: Statement would create a recursive view")
	l.rows("DROP VIEW one")
	l.fails("SELECT * FROM two", "TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.kinesislabs.one' does not exist")
	l.rows("CREATE VIEW one AS SELECT 'other column' AS y")
	if e := l.end(l.start("SELECT * FROM two")); e.Status.State != "FAILED" {
		t.Errorf("a view whose columns are gone: %s", e.Status.State)
	}
	l.rows("DROP VIEW two")
	l.rows("DROP VIEW IF EXISTS two")
	if e := l.end(l.start("CREATE OR REPLACE VIEW january AS SELECT 7 AS x")); *e.SubstatementType != "CREATE_VIEW" || e.StatementType != "DDL" {
		t.Errorf("execution %+v", e)
	}
	l.want("SELECT * FROM january", "x", "7")
	l.want("DESCRIBE january", "x                   \tint                 \t                    ")
}
