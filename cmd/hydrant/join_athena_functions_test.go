package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAthenaFunctions asks Trino's functions and forms whose answers are known.
func TestAthenaFunctions(t *testing.T) {
	l := openLibrary(t)
	l.workshop()
	// all asks expressions in one statement, which is quick; one that fails is found by asking each.
	all := func(from string, of [][2]string) {
		t.Helper()
		var items, names, want []string
		for i, c := range of {
			name := fmt.Sprintf("x%d", i)
			items, names, want = append(items, c[0]+" AS "+name), append(names, name), append(want, c[1])
		}
		id := l.start("SELECT " + strings.Join(items, ", ") + from)
		if l.end(id).Status.State == "SUCCEEDED" {
			if diff := cmp.Diff([]string{strings.Join(names, "|"), strings.Join(want, "|")}, l.results(id)); diff != "" {
				t.Errorf("%s (-want +got)\n%s", strings.Join(items, "\n"), diff)
			}
			return
		}
		for _, i := range items {
			if e := l.end(l.start("SELECT " + i + from)); e.Status.State != "SUCCEEDED" {
				t.Errorf("%s: %s", i, *e.Status.StateChangeReason)
			}
		}
	}
	all("", [][2]string{
		// Maps.
		{"map_filter(MAP(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> v > 1 AND k <> 'z')", "{b=2}"},
		{"transform_keys(MAP(ARRAY[1, 2], ARRAY['a', 'b']), (k, v) -> k * 10)", "{10=a, 20=b}"},
		{"transform_values(MAP(ARRAY[1, 2], ARRAY['a', 'b']), (k, v) -> concat(v, CAST(k AS varchar)))", "{1=a1, 2=b2}"},
		{"transform_values(MAP(ARRAY['k'], ARRAY[ARRAY[1, 2]]), (k, v) -> transform(v, x -> x + cardinality(v)))", "{k=[3, 4]}"},
		{"transform_values(MAP(ARRAY['k'], ARRAY[ARRAY[1, 2]]), (k, v) -> transform(v, v -> v + 1))", "{k=[2, 3]}"},
		{"transform_values(MAP(ARRAY['a'], ARRAY[MAP(ARRAY['a', 'b'], ARRAY[1, 2])]), (k, v) -> map_filter(v, (x, y) -> x <> k))", "{a={b=2}}"},
		{"zip_with(ARRAY[1, 2], ARRAY[10, 20], (x, y) -> reduce(zip_with(ARRAY[x], ARRAY[y], (a, b) -> a * b + x), 0, (s, e) -> s + e + y, s -> s))", "[21, 62]"},
		{"map_zip_with(MAP(ARRAY['a'], ARRAY[1]), MAP(ARRAY['a', 'b'], ARRAY[10, 20]), (k, x, y) -> coalesce(x, 0) + y)", "{a=11, b=20}"},
		{"map_concat(MAP(ARRAY['a'], ARRAY[1]), MAP(ARRAY['b'], ARRAY[2]))", "{a=1, b=2}"},
		{"map_keys(MAP(ARRAY['a', 'b'], ARRAY[1, 2]))", "[a, b]"}, {"element_at(MAP(ARRAY['a'], ARRAY[1]), 'x')", "∅"}, {"MAP(ARRAY['a'], ARRAY[1])['a']", "1"},
		{"multimap_from_entries(ARRAY[ROW('a', 1), ROW('b', 2), ROW('a', 3)])", "{a=[1, 3], b=[2]}"},
		{"map_from_entries(ARRAY[ROW('a', 1)])", "{a=1}"}, {"split_to_map('a=1,b=2', ',', '=')", "{a=1, b=2}"},
		{"array_histogram(ARRAY['b', 'a', 'b'])", "{a=1, b=2}"},
		// Arrays.
		{"zip_with(ARRAY[1, 2], ARRAY[10, 20], (x, y) -> x + y)", "[11, 22]"}, {"zip_with(ARRAY[1, 2], ARRAY['a'], (x, y) -> coalesce(y, 'none'))", "[a, none]"},
		{"zip(ARRAY[1, 2], ARRAY['a', 'b'])", "[{field0=1, field1=a}, {field0=2, field1=b}]"},
		{"array_distinct(ARRAY[3, 1, 3, NULL, 1, NULL])", "[3, 1, null]"}, {"array_union(ARRAY[3, 1], ARRAY[1, 2])", "[3, 1, 2]"},
		{"array_except(ARRAY[3, 1, 3], ARRAY[1])", "[3]"}, {"array_intersect(ARRAY[5, 3, 1], ARRAY[1, 5, 9])", "[5, 1]"},
		{"sequence(3, 1)", "[3, 2, 1]"}, {"sequence(1, 10, 4)", "[1, 5, 9]"}, {"sequence(DATE '2016-01-30', DATE '2016-02-01')", "[2016-01-30, 2016-01-31, 2016-02-01]"},
		{"sequence(DATE '2016-01-01', DATE '2016-03-01', INTERVAL '1' MONTH)", "[2016-01-01, 2016-02-01, 2016-03-01]"},
		{"repeat('x', 3)", "[x, x, x]"}, {"repeat(1, 0)", "[]"}, {"trim_array(ARRAY[1, 2, 3], 1)", "[1, 2]"}, {"slice(ARRAY[1, 2, 3, 4], 2, 2)", "[2, 3]"},
		{"ngrams(ARRAY['a', 'b', 'c'], 2)", "[[a, b], [b, c]]"}, {"contains_sequence(ARRAY[1, 2, 3], ARRAY[2, 3])", "true"}, {"flatten(ARRAY[ARRAY[1], ARRAY[2, 3]])", "[1, 2, 3]"},
		{"array_sort(ARRAY[3, NULL, 1])", "[1, 3, null]"}, {"element_at(ARRAY[1, 2, 3], -1)", "3"}, {"array_position(ARRAY['a', 'b'], 'b')", "2"}, {"contains(ARRAY[1, 2], 2)", "true"},
		{"reduce(ARRAY[5, 20, 50], CAST(ROW(0.0, 0) AS ROW(s DOUBLE, n INTEGER)), (s, x) -> CAST(ROW(x + s.s, s.n + 1) AS ROW(s DOUBLE, n INTEGER)), s -> s.s / s.n)", "25.0"},
		{"filter(ARRAY[5, -6, NULL, 7], x -> x > 0)", "[5, 7]"}, {"any_match(ARRAY[1, 2], x -> x = 2)", "true"}, {"none_match(ARRAY[1, 2], x -> x = 3)", "true"},
		// Rows and types.
		{"CAST(ROW(1, 'a') AS ROW(integer, varchar(5)))", "{field0=1, field1=a}"}, {"CAST(ROW(1, 'a') AS ROW(n integer, s varchar)).s", "a"},
		{"typeof(1)", "integer"}, {"typeof(1.5)", "decimal(2,1)"}, {"typeof(CAST('a' AS varchar))", "varchar"}, {"typeof(ARRAY[1e0])", "array(double)"}, {"typeof(MAP(ARRAY['a'], ARRAY[ARRAY[1]]))", "map(varchar, array(integer))"},
		{"typeof(CAST(1 AS real))", "real"}, {"typeof(DATE '2016-01-01')", "date"}, {"typeof(from_unixtime(0))", "timestamp(3) with time zone"}, {"typeof(TIMESTAMP '2016-01-01 00:00:00')", "timestamp(3)"},
		{"try(CAST('x' AS integer))", "∅"}, {"coalesce(try_cast('1' AS integer), 9)", "1"},
		// Time.
		{"date_format(TIMESTAMP '2016-02-03 04:05:06', '%W %M %e %Y %l %p %k %c %y %j')", "Wednesday February 3 2016 4 AM 4 2 16 034"},
		{"date_parse('2016-02-03 14:05:06', '%Y-%m-%d %H:%i:%s')", "2016-02-03 14:05:06.000"}, {"date_parse('02/03/16 2:05 PM', '%m/%d/%y %l:%i %p')", "2016-02-03 14:05:00.000"},
		{"date_parse('20160203', '%Y%m%d')", "2016-02-03 00:00:00.000"}, {"to_unixtime(from_unixtime(1454472306))", "1.454472306E9"}, {"from_unixtime(1454472306.5)", "2016-02-03 04:05:06.500 UTC"},
		{"date_diff('day', DATE '2016-02-01', DATE '2016-03-01')", "29"}, {"date_add('hour', 5, TIMESTAMP '2016-02-03 22:00:00')", "2016-02-04 03:00:00.000"},
		{"at_timezone(from_iso8601_timestamp('2016-02-03T04:05:06Z'), 'Asia/Tokyo')", "2016-02-03 13:05:06.000"},
		{"with_timezone(TIMESTAMP '2016-02-03 13:05:06', 'Asia/Tokyo')", "2016-02-03 04:05:06.000 UTC"}, {"last_day_of_month(DATE '2016-02-03')", "2016-02-29"},
		{"year(DATE '2016-02-03') * 100 + month(DATE '2016-02-03')", "201602"}, {"week(DATE '2016-01-01')", "53"}, {"year_of_week(DATE '2016-01-01')", "2015"}, {"quarter(DATE '2016-04-01')", "2"},
		{"DATE '2016-01-31' + INTERVAL '1' MONTH", "2016-02-29"}, {"TIMESTAMP '2016-01-01 00:00:00' + INTERVAL '90' MINUTE", "2016-01-01 01:30:00.000"},
		{"to_iso8601(DATE '2016-02-03')", "2016-02-03"}, {"millisecond(TIMESTAMP '2016-01-01 00:00:00.123')", "123"},
		// Text.
		{"regexp_extract_all('1a 2b 14m', '(\\d+)([a-z]+)', 2)", "[a, b, m]"}, {"regexp_count('1a 2b 14m', '\\d+')", "3"}, {"regexp_split('1a 2b', '\\s')", "[1a, 2b]"}, {"regexp_position('9102, say good bye', '\\s*say')", "6"}, {"regexp_position('abc', 'x')", "-1"},
		{"regexp_extract('2016-01', '(\\d+)-(\\d+)', 2)", "01"}, {"split('a,b,c', ',')[2]", "b"}, {"trim(BOTH 'x' FROM 'xxaxx')", "a"}, {"substring('hello' FROM 2 FOR 3)", "ell"}, {"position('l' IN 'hello')", "3"},
		{"strpos('hello', 'l')", "3"}, {"index('hello', 'lo')", "4"}, {"lpad('7', 3, '0')", "007"}, {"translate('abcd', 'ac', 'xy')", "xbyd"}, {"format('%s is %.2f', 'pi', 3.14159e0)", "pi is 3.14"},
		{"concat_ws('-', 'a', NULL, 'b')", "a-b"}, {"'a' || 'b'", "ab"}, {"'50%' LIKE '50!%' ESCAPE '!'", "true"}, {"chr(65)", "A"}, {"codepoint('A')", "65"}, {"levenshtein_distance('kitten', 'sitting')", "3"},
		{"url_extract_port('http://a.b:8080/c')", "8080"}, {"url_extract_port('http://a.b/c')", "∅"}, {"url_extract_fragment('http://a.b/c#d')", "d"}, {"url_encode('a b&c')", "a%20b%26c"},
		{"to_base64(to_utf8('hi'))", "aGk="}, {"from_utf8(from_hex('6869'))", "hi"},
		// JSON.
		{"json_extract_scalar('{\"a\":[{\"b\":7}]}', '$.a[0].b')", "7"}, {"json_extract_scalar('{\"a b\":1}', '$[\"a b\"]')", "1"}, {"json_array_length('[1,2,3]')", "3"}, {"json_array_get('[\"a\",\"b\"]', 1)", "\"b\""}, {"json_array_get('[1,2]', -1)", "2"},
		{"json_array_contains('[1, 2]', 2)", "true"}, {"is_json_scalar('1')", "true"}, {"is_json_scalar('[1]')", "false"}, {"json_value('{\"a\":\"x\"}', 'lax $.a')", "x"}, {"json_exists('{\"a\":1}', 'lax $.b')", "false"},
		{"json_query('{\"a\":[1]}', 'lax $.a')", "[1]"}, {"CAST(json_parse('[1,2]') AS array(integer))[2]", "2"}, {"json_format(json_parse('{\"a\":1}'))", "{\"a\":1}"}, {"CAST(MAP(ARRAY['a'], ARRAY[1]) AS json)", "{\"a\":1}"},
		{"json_extract('{\"a\":\"x\"}', '$.a')", "\"x\""}, {"json_parse('{\"b\":9007199254740993,\"a\":1}')", "{\"b\":9007199254740993,\"a\":1}"},
		// Numbers.
		{"bit_count(9, 64)", "2"}, {"bit_count(-7, 8)", "6"}, {"bitwise_not(5)", "-6"}, {"bitwise_left_shift(1, 4)", "16"}, {"bitwise_right_shift(16, 2)", "4"}, {"bitwise_xor(5, 1)", "4"},
		{"log(2, 8)", "3.0"}, {"truncate(1.99e0)", "1.0"}, {"round(2.567e0, 1)", "2.6"}, {"mod(-7, 3)", "-1"}, {"-7 % 3", "-1"}, {"power(2, 3)", "8.0"}, {"is_nan(nan())", "true"}, {"to_base(255, 16)", "ff"},
	})
	values := " FROM (VALUES ('a', 1), ('b', 2), ('a', 10), (CAST(NULL AS varchar), 4)) AS t (k, v)"
	all(values, [][2]string{
		{"map_agg(k, v) FILTER (WHERE v < 10)", "{a=1, b=2}"}, {"multimap_agg(k, v)", "{a=[1, 10], b=[2]}"}, {"histogram(k)", "{a=2, b=1}"}, {"map_union(MAP(ARRAY[coalesce(k, 'c')], ARRAY[1]))", "{a=1, b=1, c=1}"},
		{"listagg(k, '+') WITHIN GROUP (ORDER BY v DESC)", "a+b+a"}, {"array_agg(v ORDER BY v DESC)", "[10, 4, 2, 1]"}, {"array_agg(DISTINCT k ORDER BY k) FILTER (WHERE k IS NOT NULL)", "[a, b]"},
		{"approx_percentile(v, 0.5)", "2"}, {"approx_percentile(v, ARRAY[0.0, 1.0])", "[1, 10]"}, {"max(v, 2)", "[10, 4]"}, {"min_by(k, v)", "a"}, {"max_by(v, v, 2)", "[10, 4]"}, {"count_if(v > 1)", "3"}, {"bool_or(v > 9)", "true"}, {"every(v > 1)", "false"},
		{"round(skewness(v) FILTER (WHERE v <> 4), 4)", "0.6746"}, {"entropy(v) FILTER (WHERE v IN (2, 4))", "0.9182958340544893"}, {"round(stddev_pop(v), 4)", "3.4911"}, {"geometric_mean(v) FILTER (WHERE v IN (1, 4))", "2.0"},
		{"regr_count(v, v)", "4"}, {"bitwise_or_agg(v)", "15"}, {"count(DISTINCT k)", "2"}, {"sum(v) / count(*)", "4"},
	})
	l.want("SELECT v, map_agg(k, v) OVER (ORDER BY v ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS m "+values+" WHERE v < 3 ORDER BY v", "v|m", "1|{a=1}", "2|{a=1, b=2}")
	l.want("SELECT v, sum(v) OVER w s, first_value(v) OVER w f, nth_value(v, 2) OVER w n "+values+" WINDOW w AS (ORDER BY v RANGE BETWEEN 2 PRECEDING AND CURRENT ROW) ORDER BY v", "v|s|f|n", "1|1|1|∅", "2|3|1|2", "4|6|2|4", "10|10|10|∅")
	l.want("SELECT k, v, count(*) c, grouping(k, v) g "+values+" WHERE v < 3 GROUP BY CUBE (k, v) ORDER BY 4, 1, 2", "k|v|c|g", "a|1|1|0", "b|2|1|0", "a|∅|1|1", "b|∅|1|1", "∅|1|1|2", "∅|2|1|2", "∅|∅|2|3")
	l.want("SELECT k, sum(v) s "+values+" GROUP BY ROLLUP (k) ORDER BY s", "k|s", "b|2", "∅|4", "a|11", "∅|17")
	l.want("SELECT a, b, n FROM (VALUES 1) t (x) CROSS JOIN UNNEST(ARRAY['p', 'q'], ARRAY[7]) WITH ORDINALITY AS u (a, b, n) ORDER BY n", "a|b|n", "p|7|1", "q|∅|2")
	l.want("SELECT k, v, n FROM UNNEST(MAP(ARRAY['p', 'q'], ARRAY[7, 8])) WITH ORDINALITY AS u (k, v, n) ORDER BY n", "k|v|n", "p|7|1", "q|8|2")
	l.want("SELECT x, n FROM UNNEST(ARRAY['p', 'q']) WITH ORDINALITY AS u (x, n) ORDER BY n", "x|n", "p|1", "q|2")
	l.want("SELECT x FROM (VALUES 1, 2, 3, 4) AS t (x) ORDER BY x OFFSET 1 ROWS FETCH FIRST 2 ROWS ONLY", "x", "2", "3")
	l.want("SELECT x FROM (VALUES (1), (2)) AS t (x) EXCEPT SELECT 2", "x", "1")
	l.want("SELECT t.x, u.y FROM (VALUES 1, 2) AS t (x) LEFT JOIN (VALUES 2) AS u (y) ON t.x = u.y ORDER BY 1", "x|y", "1|∅", "2|2")
	l.want("WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT sum(n) AS s FROM r", "s", "6")
	l.want("SELECT array_except(ARRAY[1, 2, 3], x) AS a, array_union(i, x) AS b, array_intersect(x, e) AS c, array_distinct(i) AS d, ngrams(x, s) AS f FROM (VALUES (ARRAY[1, 2], ARRAY[2, 9, 2], ARRAY[2], 1)) AS t (x, i, e, s)", "a|b|c|d|f", "[3]|[2, 9, 1]|[2]|[2, 9]|[[1], [2]]")
	l.want("SELECT multimap_agg(e, keys) AS m, map_agg(s, i) AS n FROM (VALUES ('a', 1, 'q', 7), ('a', 2, 'r', 8)) AS t (e, keys, s, i)", "m|n", "{a=[1, 2]}|{q=7, r=8}")
	l.want("SELECT r.a FROM (SELECT CAST(ROW(1, 'x') AS ROW(a integer, b varchar)) r)", "a", "1")

	l.fails("SELECT zip_with(ARRAY[1], ARRAY[2], x -> x)", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters for function zip_with")
	l.fails("SELECT map_filter(MAP(), (k) -> true)", "INVALID_FUNCTION_ARGUMENT: line 1:8: Expected a lambda that takes 2 argument(s) but got 1")
	l.fails("SELECT bit_count(1, 7)", "NOT_SUPPORTED: line 1:8: bit_count of other than 8, 16, 32 or 64 bits is not supported here")
	l.fails("SELECT json_value('{}', 'strict $.a')", "NOT_SUPPORTED: line 1:8: path 'strict $.a' is not supported here; paths like 'lax $.a[0]' are")
	l.fails("SELECT combinations(ARRAY[1], 2)", "NOT_SUPPORTED: line 1:8: Function 'combinations' is not supported here")
	l.fails("SELECT listagg(x, ',') FROM (VALUES 'a') AS t (x)", "SYNTAX_ERROR: line 1:8: mismatched input. Expecting: 'WITHIN'")
}
