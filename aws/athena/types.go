package athena

import (
	"strings"

	"github.com/hydrant-stream/hydrant/query"
)

// trinoTypes and hiveTypes are what the two dialects call the plain types that differ.
var (
	trinoTypes = map[string]string{"float": "real", "timestamp": "timestamp(3)", "timestamp with time zone": "timestamp(3) with time zone", "time": "time(3)"}
	hiveTypes  = map[string]string{
		"boolean": "boolean", "tinyint": "tinyint", "smallint": "smallint", "integer": "int", "bigint": "bigint", "float": "float", "double": "double",
		"date": "date", "timestamp": "timestamp", "varbinary": "binary", "varchar": "string",
	}
)

// plainType is a type that has no parts, by its name in results.
func plainType(t query.Type) string {
	if p, ok := plainTypes[t.Kind]; ok {
		return p.name
	}
	return "varchar"
}

// trinoType is a type as Trino writes it.
func trinoType(t query.Type) string {
	switch t.Kind {
	case untypedNull:
		return "unknown"
	case "DECIMAL":
		return "decimal(" + t.Arguments + ")"
	case "LIST":
		return "array(" + trinoType(part(t, 0)) + ")"
	case "MAP":
		return "map(" + trinoType(part(t, 0)) + ", " + trinoType(part(t, 1)) + ")"
	case "STRUCT":
		fields := make([]string, len(t.Parts))
		for i, f := range t.Parts {
			fields[i] = `"` + f.Field + `" ` + trinoType(f)
		}
		return "row(" + strings.Join(fields, ", ") + ")"
	}
	name := plainType(t)
	if own, ok := trinoTypes[name]; ok {
		return own
	}
	return name
}

// hiveType is a type as the catalog writes it; ok is false where Hive has none such.
func hiveType(t query.Type) (name string, ok bool) {
	switch t.Kind {
	case "DECIMAL":
		return "decimal(" + t.Arguments + ")", true
	case "LIST":
		e, ok := hiveType(part(t, 0))
		return "array<" + e + ">", ok
	case "MAP":
		k, ok := hiveType(part(t, 0))
		v, also := hiveType(part(t, 1))
		return "map<" + k + "," + v + ">", ok && also
	case "STRUCT":
		fields, all := make([]string, len(t.Parts)), true
		for i, f := range t.Parts {
			of, ok := hiveType(f)
			fields[i], all = strings.ToLower(f.Field)+":"+of, all && ok
		}
		return "struct<" + strings.Join(fields, ",") + ">", all
	}
	name, ok = hiveTypes[plainType(t)]
	return name, ok
}
