package athena

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/query"
)

// plainTypes are Trino's names of DuckDB's types, with the precision that results tell.
var plainTypes = map[string]struct {
	name      string
	precision int
}{
	"BOOLEAN": {"boolean", 0}, "TINYINT": {"tinyint", 3}, "SMALLINT": {"smallint", 5}, "INTEGER": {"integer", 10},
	"BIGINT": {"bigint", 19}, "HUGEINT": {"bigint", 19}, "UBIGINT": {"bigint", 19}, "UHUGEINT": {"bigint", 19}, "UINTEGER": {"bigint", 19},
	"UTINYINT": {"integer", 10}, "USMALLINT": {"integer", 10}, "FLOAT": {"float", 17}, "DOUBLE": {"double", 17},
	"DATE": {"date", 0}, "TIME": {"time", 3}, "TIMESTAMP": {"timestamp", 3}, "TIMESTAMP_S": {"timestamp", 3},
	"TIMESTAMP_MS": {"timestamp", 3}, "TIMESTAMP_NS": {"timestamp", 3}, "TIMESTAMPTZ": {"timestamp with time zone", 3},
	"TIMESTAMP WITH TIME ZONE": {"timestamp with time zone", 3}, "TIMETZ": {"time with time zone", 3},
	"BLOB": {"varbinary", 1073741824}, "JSON": {"json", 0}, "INTERVAL": {"interval day to second", 0}, "UUID": {"uuid", 0},
	"LIST": {"array", 0}, "MAP": {"map", 0}, "STRUCT": {"row", 0},
}

// columnInfo describes a column of a query's result.
func columnInfo(name, duck string, t query.Type) ColumnInfo {
	c := ColumnInfo{CatalogName: "hive", Name: name, Label: name, Type: "varchar", Precision: math.MaxInt32, Nullable: "UNKNOWN"}
	if p, ok := plainTypes[t.Kind]; ok {
		c.Type, c.Precision = p.name, p.precision
	} else if t.Kind == "DECIMAL" {
		c.Type = "decimal"
		if _, err := fmt.Sscanf(duck, "DECIMAL(%d,%d)", &c.Precision, &c.Scale); err != nil {
			c.Precision, c.Scale = 38, 0 // the widest
		}
	} else {
		c.CaseSensitive = true
	}
	return c
}

// valueText is a value, not NULL, as results show it. The Go types are those of query's value.go.
func valueText(v any, t query.Type) string {
	switch v := v.(type) {
	case nil:
		return "null" // within an array, a map or a row
	case string:
		if t.Kind == "TIME" || t.Kind == "TIMETZ" {
			return milliseconds(v)
		}
		if t.Kind == "INTERVAL" {
			return intervalText(v)
		}
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return floatText(v, 64)
	case float32:
		return floatText(float64(v), 32)
	case time.Time:
		switch t.Kind {
		case "DATE":
			return v.Format("2006-01-02")
		case "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE":
			return v.Format("2006-01-02 15:04:05.000 UTC")
		}
		return v.Format("2006-01-02 15:04:05.000")
	case []byte:
		pairs := make([]string, len(v))
		for i := range v {
			pairs[i] = hex.EncodeToString(v[i : i+1])
		}
		return strings.Join(pairs, " ")
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = valueText(e, part(t, 0))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case query.Struct:
		parts := make([]string, len(v))
		for i, f := range v {
			parts[i] = f.Name + "=" + valueText(f.Value, part(t, i))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case query.Map:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = valueText(e.Key, part(t, 0)) + "=" + valueText(e.Value, part(t, 1))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v) // query.Decimal, *big.Int
}

func part(t query.Type, i int) query.Type {
	if i < len(t.Parts) {
		return t.Parts[i]
	}
	return query.Type{}
}

// intervalText writes "1 days 15m30s", as query tells an interval, as Trino does: 1 00:15:30.000; months as
// years and months: 1-2.
func intervalText(s string) string {
	var months, days int64
	var rest time.Duration
	words := strings.Fields(s)
	for i, w := range words {
		n, err := strconv.ParseInt(w, 10, 64)
		switch {
		case err != nil:
			if d, err := time.ParseDuration(w); err == nil {
				rest = d
			}
		case i+1 < len(words) && words[i+1] == "months":
			months = n
		case i+1 < len(words) && words[i+1] == "days":
			days = n
		}
	}
	sign := ""
	if months != 0 {
		if months < 0 {
			sign, months = "-", -months
		}
		return fmt.Sprintf("%s%d-%d", sign, months/12, months%12)
	}
	rest += time.Duration(days) * 24 * time.Hour
	if rest < 0 {
		sign, rest = "-", -rest
	}
	return fmt.Sprintf("%s%d %02d:%02d:%02d.%03d", sign, rest/(24*time.Hour), rest/time.Hour%24, rest/time.Minute%60, rest/time.Second%60, rest/time.Millisecond%1000)
}

// milliseconds gives a time of day three digits of a second.
func milliseconds(s string) string {
	whole, fraction, _ := strings.Cut(s, ".")
	return whole + "." + (fraction + "000")[:3]
}

// floatText writes a number as Java's Double.toString does: 1.5, 100000.0, 1.0E10, 1.0E-5.
func floatText(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	if a := math.Abs(f); a == 0 || a >= 1e-3 && a < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, bits)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	s := strconv.FormatFloat(f, 'E', -1, bits) // 1.5E+10, 1E-05
	mantissa, exponent, _ := strings.Cut(s, "E")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, _ := strconv.Atoi(exponent)
	return mantissa + "E" + strconv.Itoa(n)
}
