package cloudwatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant"
)

// The request: a and b by the minute, with gaps, slow by five minutes, empty without data.
func evaluate(t *testing.T, expression string) string {
	t.Helper()
	data := map[string]line{
		"a":     {"A", 60, map[int64]float64{0: 1, 60: 2, 180: 4}},
		"b":     {"B", 60, map[int64]float64{0: 10, 60: 0, 120: 30}},
		"slow":  {"S", 300, map[int64]float64{0: 5}},
		"empty": {"E", 60, map[int64]float64{}},
	}
	e := evaluation{
		window: func(period int) window { return window{0, 300, int64(period)} },
		fetch:  func(q *query) (line, error) { return data[q.Id], nil },
	}
	for _, id := range []string{"a", "b", "slow", "empty"} {
		e.queries = append(e.queries, &query{MetricDataQuery: &MetricDataQuery{Id: id}, of: &MetricStat{}})
	}
	for id, x := range map[string]string{"double": "a*2", "x": expression, "circle": "circle2+1", "circle2": "circle"} {
		tree, err := parse(x)
		if err != nil {
			return err.Error()
		}
		e.queries = append(e.queries, &query{MetricDataQuery: &MetricDataQuery{Id: id}, tree: tree})
	}
	i := slices.IndexFunc(e.queries, func(q *query) bool { return q.Id == "x" })
	lines, err := e.lines(e.queries[i])
	if err != nil {
		if f, ok := hydrant.AsFault(err); ok {
			return f.Message
		}
		return err.Error()
	}
	var out []string
	for _, l := range lines {
		s := l.label
		for _, at := range slices.Sorted(maps.Keys(l.at)) {
			s += fmt.Sprintf(" %d=%.4g", at, l.at[at])
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestExpressions(t *testing.T) {
	const failed = "Error in expression 'x': "
	for expression, want := range map[string]string{
		"a":                                   "x 0=1 60=2 180=4",
		"a + b":                               "x 0=11 60=2",
		"a - -1":                              "x 0=2 60=3 180=5",
		"2 ^ 3 ^ 2 + 0*a":                     "x 0=512 60=512 180=512",
		"1 + 2 * a / (4 - 2)":                 "x 0=2 60=3 180=5",
		"-a^2":                                "x 0=-1 60=-4 180=-16",
		"1e1*a":                               "x 0=10 60=20 180=40",
		"a/b":                                 "x 0=0.1", // division by zero has no value
		"100*a/SUM(a)":                        "x 0=14.29 60=28.57 180=57.14",
		"a/SUM(empty)":                        "x",
		"double+a":                            "x 0=3 60=6 180=12",
		"SUM([a, b])":                         "x 0=11 60=2 120=30 180=4",
		"AVG([a,b])":                          "x 0=5.5 60=1 120=30 180=4",
		"MAX([a,b]) - min([a,b])":             "x 0=9 60=2 120=0 180=0",
		"STDDEV([a,b])":                       "x 0=4.5 60=1 120=0 180=0",
		"[a, b] * 2":                          "A 0=2 60=4 180=8; B 0=20 60=0 120=60",
		"[a, b] - a":                          "A 0=0 60=0 180=0; B 0=9 60=-2",
		"METRICS('e')":                        "E",
		`SUM(METRICS("b"))+METRICS("b")`:      "B 0=20 60=0 120=60",
		"RATE(a)*60":                          "x 60=1 180=1",
		"DIFF(b)":                             "x 60=-10 120=30",
		"FILL(a, 0)":                          "x 0=1 60=2 120=0 180=4 240=0",
		"FILL(a, REPEAT)":                     "x 0=1 60=2 120=2 180=4 240=4",
		"FILL(a, LINEAR)":                     "x 0=1 60=2 120=3 180=4",
		"FILL(empty, 7)":                      "x 0=7 60=7 120=7 180=7 240=7",
		"FILL(empty, REPEAT)":                 "x",
		"FILL(METRICS('a'), 0) + 0":           "A 0=1 60=2 120=0 180=4 240=0",
		"ABS(0-a) + CEIL(a/10) + FLOOR(a/10)": "x 0=2 60=3 180=5",
		"a / PERIOD(a)":                       "x 0=0.01667 60=0.03333 180=0.06667",

		"SUM(a)":                       failed + "the result is a single value and not a time series.",
		"1+1":                          failed + "the result is a single value and not a time series.",
		"nobody":                       failed + "there is no query of the id nobody.",
		"REPEAT":                       failed + "REPEAT is not a value.",
		"a + 'text'":                   failed + "text is not a value.",
		"circle":                       "Error in expression 'circle': it depends on itself.",
		"x":                            failed + "it depends on itself.",
		"a + slow":                     failed + "its metrics have periods of 60 and 300 seconds, and must have one.",
		"[a] + [b]":                    failed + "two arrays do not go with +.",
		"FILL(a, b)":                   failed + "FILL fills with a number, REPEAT or LINEAR.",
		"RATE(1)":                      failed + "a function of time series is given a single value.",
		"ABS(a, b)":                    failed + "a function of one argument is given 2.",
		"SEARCH('x', 'Sum')":           "the function SEARCH is not supported here.",
		"IF(a > 1, a, b)":              "the function IF is not supported here.",
		"a > 1":                        `unexpected '>' at character 3.`,
		"a +":                          "it ends too early.",
		"(a":                           "it ends too early.",
		"a b":                          `unexpected 'b' at character 3.`,
		"'a":                           "a text does not end.",
		"1.2.3":                        "1.2.3 is not a number.",
		"SELECT AVG(x) FROM y":         `unexpected 'A' at character 8.`,
		strings.Repeat("(", 200) + "a": "it nests too deep.",
		strings.Repeat("-", 200) + "a": "it nests too deep.",
	} {
		if got := evaluate(t, expression); got != want {
			t.Errorf("%.60s\n got %s\nwant %s", expression, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("FILL(SUM([m1, -m2 ^ 2]), REPEAT) / 1.5e3")
	f.Fuzz(func(t *testing.T, src string) { _, _ = parse(src) })
}
