package glue

import (
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant"
)

func TestFilter(t *testing.T) {
	keys := []Column{
		{Name: "year", Type: "string"}, {Name: "month", Type: "int"}, {Name: "day", Type: "date"},
		{Name: "at", Type: "timestamp"}, {Name: "price", Type: "decimal(10,2)"}, {Name: "odd", Type: "array<int>"},
	}
	row := []string{"2024", "07", "2024-07-01", "2024-07-01 10:00:00", "1.50", "x"}
	null := []string{hiveNull, hiveNull, "x", "x", "x", "x"}
	for _, c := range []struct {
		expression string
		row, null  bool
	}{
		{"", true, true},
		{"year = '2024'", true, false},
		{"year='2023' OR month = 7", true, false},
		{"month = '7'", true, false},
		{"month > 10", false, false},
		{"10 > month", true, false},
		{"month <> 7 or year != '2024'", false, false},
		{"month <= 7 AND month >= 7", true, false},
		{"year IN ('2022', '2024')", true, false},
		{"year NOT IN ('2022', '2024')", false, false},
		{"month between 1 and 7", true, false},
		{"month not between 1 and 7", false, false},
		{"year LIKE '20__'", true, false},
		{"year like '%4'", true, false},
		{"year like '2%3'", false, false},
		{"year not like '2%'", false, false},
		{"year like '%0%2%4%'", true, false},
		{"year like '%2_%4'", true, false},
		{"year like '2024_'", false, false},
		{"year like '202'", false, false},
		{"year like '202\\4'", true, false},
		{"year like '20\\%4'", false, false},
		{"year like '%%%%%%%%%%%%%%%%%%%%%%%%%%%%x'", false, false},
		{"year IS NULL", false, true},
		{"month is not null", true, false},
		{"not (year = '2023')", true, false},
		{"NOT year = '2024'", false, false},
		{"day = '2024-07-01'", true, false},
		{"day < date '2024-07-02'", true, false},
		{"at >= timestamp '2024-07-01 09:59:59.5'", true, false},
		{"price = 1.5", true, false},
		{"price > -2", true, false},
		{"(year = '2024' and (month = 6 or month = 7))", true, false},
		{"`year` = \"2024\"", true, false},
		{"year = '2024' and month = 6 or month = 7", true, false},
		{"YEAR = '2024'", true, false},
		{"year = 'it''s'", false, false},
	} {
		accept, err := parseFilter(c.expression, keys)
		if err != nil {
			t.Errorf("%q: %v", c.expression, err)
			continue
		}
		if got := accept(row); got != c.row {
			t.Errorf("%q accepts row: %v, want %v", c.expression, got, c.row)
		}
		if got := accept(null); got != c.null {
			t.Errorf("%q accepts nulls: %v, want %v", c.expression, got, c.null)
		}
	}
}

func TestFilterRefuses(t *testing.T) {
	keys := []Column{{Name: "year", Type: "string"}, {Name: "month", Type: "int"}, {Name: "odd", Type: "array<int>"}}
	for expression, want := range map[string]string{
		"year":                "Unsupported expression 'year'",
		"year = ":             "Unsupported expression",
		"year = '2024":        "Unsupported expression",
		"year = '1' AND":      "Unsupported expression",
		"(year = '1'":         "Unsupported expression",
		"year = '1') ":        "Unsupported expression",
		"year ! '1'":          "Unsupported expression",
		"year NOT '1'":        "Unsupported expression",
		"year IN ()":          "Unsupported expression",
		"year; drop":          "Unsupported expression",
		"upper(year) = 'X'":   "Unknown column 'upper'",
		"nothing = 1":         "Unknown column 'nothing'",
		"month = 'x'":         "'x' is not a number",
		"odd = '1'":           "Unsupported partition key type",
		"month LIKE '1%'":     "Unsupported expression",
		"year BETWEEN 1 OR 2": "Unsupported expression",
	} {
		_, err := parseFilter(expression, keys)
		f, ok := hydrant.AsFault(err)
		if !ok || f.Code != "InvalidInputException" || !strings.Contains(f.Message, want) {
			t.Errorf("%q: got %v, want %q", expression, err, want)
		}
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("year = '2024' and month in (1,2) or not day like 'x%'")
	keys := []Column{{Name: "year", Type: "string"}, {Name: "month", Type: "int"}}
	f.Fuzz(func(t *testing.T, s string) {
		if accept, err := parseFilter(s, keys); err == nil {
			accept([]string{"2024", "7"})
		}
	})
}
