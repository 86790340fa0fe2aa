//go:build cgo

package query

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// value is a DuckDB value as a Result holds it:
//
//	nil                     NULL
//	bool, string            BOOLEAN; VARCHAR, ENUM, UUID, JSON, INTERVAL, TIME, BIT
//	int64                   all integers; *big.Int where it is larger
//	float32, float64        FLOAT, DOUBLE
//	Decimal                 DECIMAL, its digits as declared
//	time.Time               DATE, TIMESTAMP*, in UTC
//	[]byte                  BLOB
//	[]any                   lists
//	Struct, Map             in their own order
func (s shape) value(v any) any {
	switch v := v.(type) {
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case uint64:
		return whole(new(big.Int).SetUint64(v))
	case *big.Int:
		return whole(v)
	case duckdb.Decimal:
		return decimal(v)
	case duckdb.Interval:
		return interval(v)
	case time.Time:
		if s.name == "TIME" || s.name == "TIMETZ" {
			return v.Format("15:04:05.999999")
		}
		return v.UTC()
	case []byte:
		if s.name == "UUID" && len(v) == 16 {
			return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
		}
		return append([]byte(nil), v...)
	case duckdb.UUID:
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
	}
	if s.name == "JSON" && v != nil { // within another value; a column of them comes as text (asTexts)
		if b, err := json.Marshal(v); err == nil {
			return string(b)
		}
		return v
	}
	return s.nested(v)
}

func (s shape) nested(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = s.part(0).value(v[i])
		}
		return out
	case map[string]any:
		out := make(Struct, 0, len(v))
		for _, f := range s.parts {
			out = append(out, Field{f.field, f.value(v[f.field])})
		}
		return out
	case duckdb.OrderedMap:
		out := make(Map, 0, v.Len())
		keys, values := v.Keys(), v.Values()
		for i := range keys {
			out = append(out, Entry{s.part(0).value(keys[i]), s.part(1).value(values[i])})
		}
		return out
	}
	return v
}

func whole(v *big.Int) any {
	if v.IsInt64() {
		return v.Int64()
	}
	return v
}

// decimal writes all declared digits: 1.50, not 1.5.
func decimal(d duckdb.Decimal) Decimal {
	digits, sign := d.Value.String(), ""
	if strings.HasPrefix(digits, "-") {
		digits, sign = digits[1:], "-"
	}
	if n := int(d.Scale) + 1 - len(digits); n > 0 {
		digits = strings.Repeat("0", n) + digits
	}
	if d.Scale == 0 {
		return Decimal(sign + digits)
	}
	point := len(digits) - int(d.Scale)
	return Decimal(sign + digits[:point] + "." + digits[point:])
}

func interval(i duckdb.Interval) string {
	var parts []string
	if i.Months != 0 {
		parts = append(parts, fmt.Sprintf("%d months", i.Months))
	}
	if i.Days != 0 {
		parts = append(parts, fmt.Sprintf("%d days", i.Days))
	}
	if i.Micros != 0 || len(parts) == 0 {
		parts = append(parts, (time.Duration(i.Micros) * time.Microsecond).String())
	}
	return strings.Join(parts, " ")
}
