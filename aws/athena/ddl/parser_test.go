package ddl

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const parquetSerDe = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"

func TestCreateTable(t *testing.T) {
	_, err := Parse("CREATE EXTERNAL TABLE IF NOT EXISTS `KinesisLabs`.`Trips` (\n" +
		"  `trip_id` BIGINT COMMENT 'it''s', m MAP<string,array<struct<`A`:int,b:decimal(5,2)>>>, v varchar(10), d decimal)\n" +
		"COMMENT \"all trips\" PARTITIONED BY (year string, `month` int) CLUSTERED BY (trip_id) INTO 4 BUCKETS\n" +
		"ROW FORMAT SERDE '" + parquetSerDe + "' WITH SERDEPROPERTIES ('a'='b')\n" +
		"STORED AS INPUTFORMAT 'in' OUTPUTFORMAT 'out' LOCATION 's3://lake//trips' TBLPROPERTIES ('x'='1', 'y'='2')")
	if err == nil {
		t.Fatal("'' is not an escape in Hive's text")
	}
	s, err := Parse("CREATE EXTERNAL TABLE IF NOT EXISTS `KinesisLabs`.`Trips` (\n" +
		"  `trip_id` BIGINT COMMENT 'it\\'s', m MAP<string,array<struct<`A`:int,b:decimal(5,2)>>>, v varchar(10), d decimal)\n" +
		"COMMENT \"all trips\" PARTITIONED BY (year string, `month` int) CLUSTERED BY (trip_id) INTO 4 BUCKETS\n" +
		"ROW FORMAT SERDE '" + parquetSerDe + "' WITH SERDEPROPERTIES ('a'='b') -- how\n" +
		"STORED AS INPUTFORMAT 'in' OUTPUTFORMAT 'out' LOCATION 's3://lake//trips' TBLPROPERTIES ('x'='1', 'y'='2')")
	if err != nil {
		t.Fatal(err)
	}
	want := &CreateTable{
		Table: Table{"kinesislabs", "trips"}, IfNotExists: true,
		Columns:       []Column{{"trip_id", "bigint", "it's"}, {"m", "map<string,array<struct<a:int,b:decimal(5,2)>>>", ""}, {"v", "varchar(10)", ""}, {"d", "decimal(10,0)", ""}},
		Comment:       "all trips",
		PartitionKeys: []Column{{"year", "string", ""}, {"month", "int", ""}}, BucketColumns: []string{"trip_id"}, Buckets: 4,
		SerDe: parquetSerDe, SerDeProperties: []Pair{{"a", "b"}}, InputFormat: "in", OutputFormat: "out",
		Location: "s3://lake/trips/", Properties: []Pair{{"x", "1"}, {"y", "2"}},
	}
	if diff := cmp.Diff(Statement(want), s); diff != "" {
		t.Error(diff)
	}
}

func TestDelimited(t *testing.T) {
	s, err := Parse(`CREATE EXTERNAL TABLE t (a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' ESCAPED BY '\\'
		COLLECTION ITEMS TERMINATED BY '\002' LINES TERMINATED BY '\n' NULL DEFINED AS '-' STORED AS TEXTFILE LOCATION 's3://b/'`)
	if err != nil {
		t.Fatal(err)
	}
	c := s.(*CreateTable)
	want := []Pair{{"field.delim", "\t"}, {"serialization.format", "\t"}, {"escape.delim", `\`}, {"collection.delim", "\x02"}, {"line.delim", "\n"}, {"serialization.null.format", "-"}}
	if diff := cmp.Diff(want, c.SerDeProperties); diff != "" || c.SerDe != lazySerDe || c.InputFormat != textInput {
		t.Error(diff, c.SerDe, c.InputFormat)
	}
}

func TestStatements(t *testing.T) {
	tt := Table{"", "t"}
	for _, c := range []struct {
		sql  string
		want Statement
	}{
		{"create schema if not exists D comment 'c' location 's3://b/d/' with dbproperties ('a'='b')", &CreateDatabase{"d", true, "c", "s3://b/d/", []Pair{{"a", "b"}}}},
		{"DROP DATABASE IF EXISTS d CASCADE", &DropDatabase{"d", true, true}},
		{"DROP TABLE IF EXISTS `d.t`", &DropTable{Table{"d", "t"}, true}},
		{"DROP TABLE awsdatacatalog.d.t", &DropTable{Table{"d", "t"}, false}},
		{"ALTER TABLE t ADD IF NOT EXISTS PARTITION (y='2016', m=01) LOCATION 's3://b/x' PARTITION (y='2017', m='02')",
			&AddPartitions{tt, true, []NewPartition{{Spec{{"y", "2016"}, {"m", "01"}}, "s3://b/x/"}, {Spec{{"y", "2017"}, {"m", "02"}}, ""}}}},
		{"ALTER TABLE t DROP PARTITION (y='1'), PARTITION (y='2')", &DropPartitions{tt, false, []Spec{{{"y", "1"}}, {{"y", "2"}}}}},
		{"ALTER TABLE t PARTITION (y='1') RENAME TO PARTITION (y='2')", &RenamePartition{tt, Spec{{"y", "1"}}, Spec{{"y", "2"}}}},
		{"ALTER TABLE t ADD COLUMNS (a int)", &AddColumns{tt, []Column{{"a", "int", ""}}}},
		{"ALTER TABLE t REPLACE COLUMNS (a int)", &ReplaceColumns{tt, []Column{{"a", "int", ""}}}},
		{"ALTER TABLE t SET LOCATION 's3://b/x/'", &SetLocation{tt, nil, "s3://b/x/"}},
		{"ALTER TABLE t PARTITION (y='1') SET LOCATION 's3://b/x/'", &SetLocation{tt, Spec{{"y", "1"}}, "s3://b/x/"}},
		{"ALTER TABLE t SET TBLPROPERTIES ('projection.enabled'='true')", &SetProperties{tt, []Pair{{"projection.enabled", "true"}}}},
		{"MSCK REPAIR TABLE t", &Repair{tt}},
		{"SHOW SCHEMAS LIKE 'a*'", &ShowDatabases{"a*"}},
		{"SHOW TABLES IN d 'trip.*'", &ShowTables{"d", "trip.*"}},
		{"SHOW COLUMNS FROM t IN d", &ShowColumns{Table{"d", "t"}}},
		{"SHOW PARTITIONS t PARTITION (y='1')", &ShowPartitions{tt, Spec{{"y", "1"}}}},
		{"SHOW CREATE TABLE t", &ShowCreate{tt}},
		{"SHOW TBLPROPERTIES t('x')", &ShowProperties{tt, "x"}},
		{"DESCRIBE FORMATTED d.t", &Describe{Table: Table{"d", "t"}, Long: true}},
		{"desc t a", &Describe{Table: tt, Column: "a"}},
	} {
		got, err := Parse(c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s\n%s", c.sql, diff)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ sql, message string }{
		{"CREATE EXTERNAL TABLE t (a int) STORED AS FOO LOCATION 's3://b/'", "FAILED: ParseException line 1:42 mismatched input 'FOO' expecting SEQUENCEFILE, TEXTFILE, RCFILE, ORC, PARQUET, AVRO, ION or INPUTFORMAT near 'AS' in create table statement"},
		{"CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b/' FOO", "FAILED: ParseException line 1:51 mismatched input 'FOO' expecting EOF near ''s3://b/'' in create table statement"},
		{"CREATE EXTERNAL TABLE t (a decimal(40,2)) LOCATION 's3://b/'", "FAILED: ParseException line 1:27 Decimal precision 40 and scale 2 are out of range [1,38] and [0,precision] in create table statement"},
		{"CREATE EXTERNAL TABLE t (a int)", "FAILED: SemanticException [Error 10001]: No location was given for table t: LOCATION 's3://bucket/folder/' is missing"},
		{"DROP TABLE t x", "FAILED: ParseException line 1:13 missing EOF at 'x' near 't' in drop statement"},
		{"ALTER TABLE t RENAME TO u", "ALTER TABLE RENAME is not supported"},
		{"SHOW 'x", "FAILED: ParseException line 1:6: quote ' is not closed"},
	} {
		_, err := Parse(c.sql)
		if err == nil || err.Error() != c.message {
			t.Errorf("%s\n got %v\nwant %s", c.sql, err, c.message)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("CREATE EXTERNAL TABLE t (a array<int>) LOCATION 's3://b/'")
	f.Add("ALTER TABLE t ADD PARTITION (y=")
	f.Add("SHOW COLUMNS IN")
	f.Fuzz(func(t *testing.T, sql string) { Parse(sql) })
}
