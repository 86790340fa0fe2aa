package query

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDuckType(t *testing.T) {
	for hive, want := range map[string]string{
		"int": "INTEGER", "STRING": "VARCHAR", " bigint ": "BIGINT", "double": "DOUBLE", "timestamp": "TIMESTAMP",
		"decimal": "DECIMAL(10,0)", "decimal(5)": "DECIMAL(5,0)", "decimal(38, 9)": "DECIMAL(38,9)",
		"varchar(10)": "VARCHAR", "char(3)": "VARCHAR", "binary": "BLOB",
		"array<string>": "VARCHAR[]", "array<array<int>>": "INTEGER[][]",
		"map<string,array<int>>":                     "MAP(VARCHAR, INTEGER[])",
		"struct<a:int,b:struct<c:string>>":           `STRUCT("a" INTEGER, "b" STRUCT("c" VARCHAR))`,
		"struct<`odd name`:decimal(4,2), b : date >": `STRUCT("odd name" DECIMAL(4,2), "b" DATE)`,
		`struct<a"b:int>`:                            `STRUCT("a""b" INTEGER)`,
	} {
		if got, err := duckType(hive); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", hive, got, err, want)
		}
	}
	for _, hive := range []string{"", "text", "array", "array<", "array<int", "array<int>>", "map<int>", "struct<>", "struct<a>", "struct<a:int",
		"decimal(39)", "decimal(5,6)", "decimal(x)", "decimal(1", "int); DROP TABLE x; --", "int int"} {
		if got, err := duckType(hive); err == nil {
			t.Errorf("%q is taken for %s", hive, got)
		}
	}
}

func TestParseShape(t *testing.T) {
	want := shape{name: "LIST", parts: []shape{{name: "STRUCT", parts: []shape{
		{name: "INTEGER", field: `a "b`},
		{name: "MAP", field: "m", parts: []shape{{name: "VARCHAR"}, {name: "LIST", parts: []shape{{name: "DECIMAL", arguments: "10,2"}}}}},
	}}}}
	got := parseShape(`STRUCT("a ""b" INTEGER, m MAP(VARCHAR, DECIMAL(10,2)[3]))[]`)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(shape{})); diff != "" {
		t.Error(diff)
	}
}
