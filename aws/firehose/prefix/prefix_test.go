package prefix

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2026, 7, 13, 14, 5, 6, 789e6, time.UTC)

func vars() Vars {
	n := 0
	return Vars{
		Time:      at,
		Random:    func() string { n++; return "random-" + strconv.Itoa(n) },
		ErrorType: "format-conversion-failed",
		Query:     map[string]string{"customer": "acme"},
		Lambda:    map[string]string{"kind": "trip"},
	}
}

func TestKeyPrefix(t *testing.T) {
	for _, c := range []struct{ name, data, errors, wantData, wantError string }{
		{"nothing given", "", "",
			"2026/07/13/14/", "format-conversion-failed/2026/07/13/14/"},
		{"a literal is joined without a slash", "legacy", "",
			"legacy2026/07/13/14/", "legacyformat-conversion-failed/2026/07/13/14/"},
		{"a literal error prefix", "a/", "e/",
			"a/2026/07/13/14/", "e/format-conversion-failed/2026/07/13/14/"},
		{"a timestamp ends the default path", "a/!{timestamp:yyyy}/", "e/!{firehose:error-output-type}/",
			"a/2026/", "e/format-conversion-failed/"},
		{"so does any expression", "a/!{firehose:random-string}/", "!{firehose:error-output-type}",
			"a/random-1/", "format-conversion-failed"},
		{"random is fresh at each place, the error type the same", "!{firehose:random-string}-!{firehose:random-string}",
			"!{firehose:error-output-type}/!{firehose:error-output-type}/!{firehose:random-string}",
			"random-1-random-2", "format-conversion-failed/format-conversion-failed/random-3"},
		{"hive style", "year=!{timestamp:yyyy}/month=!{timestamp:MM}/", "x/!{firehose:error-output-type}/!{timestamp:'day='dd}/",
			"year=2026/month=07/", "x/format-conversion-failed/day=13/"},
		{"fractions are zeros", "!{timestamp:ss.SSSSSSSSS}", "!{firehose:error-output-type}",
			"06.000000000", "format-conversion-failed"},
		{"partition keys", "!{partitionKeyFromQuery:customer}/!{partitionKeyFromLambda:kind}/", "!{firehose:error-output-type}",
			"acme/trip/", "format-conversion-failed"},
		{"a lone ! or brace is text", "wow!/{a}/", "",
			"wow!/{a}/2026/07/13/14/", "wow!/{a}/format-conversion-failed/2026/07/13/14/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := Check(c.data, c.errors, at); err != nil {
				t.Fatal(err)
			}
			p, _ := Parse(Data, c.data)
			e, _ := Parse(Error, c.errors)
			v := vars()
			if got := p.DataKeyPrefix(v); got != c.wantData {
				t.Errorf("data prefix %q, want %q", got, c.wantData)
			}
			if got := ErrorKeyPrefix(p, e, v); got != c.wantError {
				t.Errorf("error prefix %q, want %q", got, c.wantError)
			}
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	const typed = "!{firehose:error-output-type}/"
	for _, c := range []struct{ data, errors, want string }{
		{"!{timestamp:yyyy}", "", "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions"},
		{"", "!{timestamp:yyyy}", "ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}"},
		{"!{firehose:error-output-type}", typed, "Prefix must not contain any occurrence of !{firehose:error-output-type}"},
		{"", typed + "!{partitionKeyFromQuery:k}", "Dynamic Partitioning Namespaces can't be part of an error prefix expression"},
		{"!{time:yyyy}", typed, "Namespace to the left of colon (time) is an invalid keyword!"},
		{"!{timestamp}", typed, "Invalid expression usage"},
		{"!{timestamp:yyyy", typed, "Invalid expression usage"},
		{"a!{", typed, "Invalid expression usage"},
		{"!{timestamp:yyyy-jj}", typed, "Invalid conversion character used in the value of the expression in Prefix"},
		{"!{timestamp:}", typed, "Invalid conversion character used in the value of the expression in Prefix"},
		{"", typed + "!{firehose:uuid}", "Invalid conversion character used in the value of the expression in ErrorOutputPrefix"},
		{strings.Repeat("a", 513), "", "Length of evaluated prefix cannot be greater than 512"},
		{"", strings.Repeat("a", 500) + typed, "Length of evaluated ErrorOutputPrefix cannot be greater than 512"},
	} {
		if err := Check(c.data, c.errors, at); err == nil || err.Error() != c.want {
			t.Errorf("Check(%.40q, %.40q) = %v, want %s", c.data, c.errors, err, c.want)
		}
	}
	if err := Check(strings.Repeat("a", 512), "", at); err != nil {
		t.Errorf("512 characters are allowed: %v", err)
	}
}
