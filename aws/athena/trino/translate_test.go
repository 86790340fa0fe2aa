package trino

import (
	"testing"
)

func TestTranslate(t *testing.T) {
	for _, c := range []struct{ trino, duck string }{
		{"SELECT a, count(*) FROM t GROUP BY a", `SELECT a, count(*) AS "_col1" FROM t GROUP BY a`},
		{"select distinct x.y, 1 z, 'q' from t", `select distinct x.y, 1 z, 'q' AS "_col2" from t`},
		{"SELECT *, t.*, a+1 FROM t", `SELECT *, t.*, a + 1 AS "_col2" FROM t`},
		{"SELECT date_trunc('day', ts) FROM t", `SELECT hydrant_date_trunc(lower('day'), ts) AS "_col0" FROM t`},
		{"SELECT date_diff('minute', a, b) m FROM t", `SELECT date_sub('minute', a, b) m FROM t`},
		{"SELECT date_add('day', -1, d) m", `SELECT hydrant_plus(d, (- 1) * INTERVAL 1 day) m`},
		{"SELECT ts - INTERVAL '1' DAY x, t.ts AT TIME ZONE 'Asia/Tokyo' y FROM t", `SELECT hydrant_plus(ts, -INTERVAL '1' DAY) x, hydrant_at_timezone(t.ts, 'Asia/Tokyo') y FROM t`},
		{"SELECT if(a > 1, 'x') b FROM t", `SELECT CASE WHEN a > 1 THEN 'x' END b FROM t`},
		{"SELECT date_format(ts, '%Y-%m-%d %H:%i:%s') b FROM t", `SELECT strftime(ts, '%Y-%m-%d %H:%M:%S') b FROM t`},
		{"SELECT format_datetime(ts, 'yyyy-MM-dd''T''HH:mm:ss.SSS') b FROM t", `SELECT strftime(ts, '%Y-%m-%dT%H:%M:%S.%g') b FROM t`},
		{"SELECT cast(x AS array(row(a integer, b varchar(3)))) c", `SELECT CAST(x AS STRUCT("a" INTEGER, "b" VARCHAR)[]) c`},
		{"SELECT CAST(x AS timestamp(3) with time zone) c", `SELECT CAST(x AS TIMESTAMPTZ) c`},
		{"SELECT transform(a, x -> x + 1) c, reduce2 FROM t", `SELECT list_transform(a, lambda x: x + 1) c, reduce2 FROM t`},
		{"SELECT x FROM t CROSS JOIN UNNEST(t.items) AS u (x)", `SELECT x FROM t CROSS JOIN UNNEST(t.items) AS u (x)`},
		{"SELECT k FROM t CROSS JOIN UNNEST(m) u (k, v)", `SELECT k FROM t CROSS JOIN (SELECT unnest(map_entries(m), max_depth := 2)) u (k, v)`},
		{"WITH a (x) AS (VALUES 1, 2), b(y) AS (SELECT 1) SELECT x FROM a", `WITH a (x) AS (VALUES (1), (2)), b (y) AS (SELECT 1 AS "_col0") SELECT x FROM a`},
		{"SELECT lag(x) IGNORE NULLS OVER (ORDER BY y) l FROM t", `SELECT lag(x IGNORE NULLS) OVER (ORDER BY y) l FROM t`},
		{"SELECT x FROM t TABLESAMPLE BERNOULLI (10)", `SELECT x FROM t TABLESAMPLE bernoulli(10%)`},
		{`SELECT "$path", * FROM t`, `SELECT "$path", COLUMNS(lambda c: c <> '$path') FROM t`},
		{"SELECT a * b, count(*) c FROM t WHERE x IS DISTINCT FROM y", `SELECT a * b AS "_col0", count(*) c FROM t WHERE x IS DISTINCT FROM y`},
		{"SELECT regexp_replace(a, '(\\d+)', '<$1>') x", `SELECT regexp_replace(a, '(\d+)', '<\1>', 'g') x`},
		{"SELECT x'00FF' b, TIMESTAMP '2020-01-01 00:00:00 UTC' t", `SELECT unhex('00FF') b, TIMESTAMPTZ '2020-01-01 00:00:00 UTC' t`},
		{"SELECT year, month, day, hour FROM t WHERE year = '2016' AND hour IN ('01')", `SELECT year, month, day, hour FROM t WHERE year = '2016' AND hour IN ('01')`},
		{"SELECT year(ts), day FROM t", `SELECT year(ts) AS "_col0", day FROM t`},
		{"SELECT CASE WHEN a THEN lower(b) ELSE upper(c) END FROM t", `SELECT CASE WHEN a THEN lower(b) ELSE upper(c) END AS "_col0" FROM t`},
		{"SELECT interval '1' day, date '2020-01-01', true", `SELECT interval '1' day AS "_col0", date '2020-01-01' AS "_col1", true AS "_col2"`},
		{"SELECT a[1], b[2] c, arr[1].x FROM t", `SELECT a[1] AS "_col0", b[2] c, arr[1].x FROM t`},
		{"SELECT -- comment\n 1 /* x */ AS one", `SELECT 1 AS one`},
		{"SELECT x FROM (VALUES (1, 'a')) AS t (x, y)", `SELECT x FROM (VALUES (1, 'a')) AS t (x, y)`},
		{"SELECT at, t.default FROM t pivot WHERE at AT TIME ZONE 'UTC' > show", `SELECT "at", t."default" FROM t "pivot" WHERE hydrant_at_timezone("at", 'UTC') > "show"`},
		{"SELECT min(a) AS first, max(a) last, t.range, rows FROM t AS window WHERE offset BETWEEN 1 AND 2 ORDER BY first NULLS FIRST, desc DESC", `SELECT min(a) AS "first", max(a) "last", t."range", "rows" FROM t AS "window" WHERE "offset" BETWEEN 1 AND 2 ORDER BY "first" NULLS FIRST, "desc" DESC`},
		{"SELECT sum(a) FILTER (WHERE filter > 1) OVER (PARTITION BY partition ORDER BY range RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) s FROM first CROSS JOIN range r LIMIT ALL", `SELECT sum(a) FILTER (WHERE "filter" > 1) OVER (PARTITION BY "partition" ORDER BY "range" RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) s FROM "first" CROSS JOIN "range" r LIMIT ALL`},
		{"SELECT first_value(a) OVER (ORDER BY b ROWS 5 PRECEDING) s, lag(a, 1) OVER (ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM t OFFSET 5 ROWS FETCH FIRST 2 ROWS ONLY", `SELECT first_value(a) OVER (ORDER BY b ROWS 5 PRECEDING) s, lag(a, 1) OVER (ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS "_col1" FROM t OFFSET 5 ROWS FETCH FIRST 2 ROWS ONLY`},
		{"SELECT ALL * FROM a UNION ALL SELECT all FROM b WHERE x = ANY (SELECT any FROM c)", `SELECT ALL * FROM a UNION ALL SELECT "all" FROM b WHERE x = ANY (SELECT "any" FROM c)`},
		{"SELECT trim(BOTH 'x' FROM both) b, ts + INTERVAL '1' DAY, interval - 1 i FROM t", `SELECT trim(BOTH 'x' FROM "both") b, hydrant_plus(ts, INTERVAL '1' DAY) AS "_col1", "interval" - 1 i FROM t`},
		{"SELECT CASE first WHEN 1 THEN last ELSE to END pivot, show, default FROM t", `SELECT CASE "first" WHEN 1 THEN "last" ELSE "to" END "pivot", "show", "default" FROM t`},
		{"VALUES 1, 2", `SELECT * FROM (VALUES (1), (2)) AS t ("_col0")`},
		{"SELECT approx_percentile(f, 0.5) OVER (PARTITION BY a) p FROM t", `SELECT quantile_disc(f, 0.5) OVER (PARTITION BY a) p FROM t`},
	} {
		q, err := Translate(c.trino, nil)
		if err != nil {
			t.Errorf("%s: %v", c.trino, err)
		} else if q.SQL != c.duck {
			t.Errorf("%s\n got %s\nwant %s", c.trino, q.SQL, c.duck)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ sql, message string }{
		{"SELEC 1", "SYNTAX_ERROR: line 1:1: mismatched input 'SELEC'"},
		{"SELECT foo(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'foo' not registered"},
		{"SELECT 1 FROM t\nWHERE read_text('x') = 1", "FUNCTION_NOT_FOUND: line 2:7: Function 'read_text' not registered"},
		{"SELECT st_point(1, 2)", "NOT_SUPPORTED: line 1:8: Function 'st_point' is not supported here"},
		{"SELECT `a` FROM t", "SYNTAX_ERROR: line 1:8: backquoted identifiers are not supported; use double quotes to quote identifiers"},
		{"SELECT (1", "SYNTAX_ERROR: line 1:10: mismatched input '<EOF>'. Expecting: ')'"},
		{"SELECT 1::int", "SYNTAX_ERROR: line 1:9: mismatched input ':'"},
		{"SELECT 'a", "SYNTAX_ERROR: line 1:8: quote ' is not closed"},
		{"SELECT date_format(a, '%X')", "INVALID_FUNCTION_ARGUMENT: line 1:8: %X not supported in date format string"},
		{"SELECT date_diff('fortnight', a, b)", "INVALID_FUNCTION_ARGUMENT: line 1:8: 'fortnight' is not a valid DATE field"},
		{"SELECT CAST(a AS foo)", "SYNTAX_ERROR: line 1:8: Unknown type: foo"},
		{"SELECT ?", "INVALID_PARAMETER_USAGE: line 1:8: Incorrect number of parameters: expected 1 but found 0"},
	} {
		_, err := Translate(c.sql, nil)
		if err == nil || err.Error() != c.message {
			t.Errorf("%s\n got %v\nwant %s", c.sql, err, c.message)
		}
	}
}

func TestParameters(t *testing.T) {
	q, err := Translate("SELECT a FROM t WHERE b = ? AND c > ?", []string{"'x'", "-5"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "SELECT a FROM t WHERE b = 'x' AND c > - 5"; q.SQL != want {
		t.Errorf("got %s", q.SQL)
	}
}

func TestExplain(t *testing.T) {
	q, err := Translate("SELECT a,\n  nope FROM db.t", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ said, want string }{
		{`Binder Error: Referenced column "nope" not found in FROM clause!`, "COLUMN_NOT_FOUND: line 2:3: Column 'nope' cannot be resolved or requester is not authorized to access requested resources"},
		{`table db.t does not exist`, "TABLE_NOT_FOUND: line 2:13: Table 'awsdatacatalog.db.t' does not exist"},
		{`Binder Error: No function matches the given name and argument types 'sum(VARCHAR)'. You`, "FUNCTION_NOT_FOUND: line 1:1: Unexpected parameters (varchar) for function sum"},
		{`Binder Error: Something new` + "\nmore", "GENERIC_USER_ERROR: Something new"},
	} {
		if got := q.Explain(c.said).Error(); got != c.want {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
	}
}

func FuzzTranslate(f *testing.F) {
	f.Add("SELECT count(*) FROM t CROSS JOIN UNNEST(a) AS u(x, y) WHERE ts AT TIME ZONE")
	f.Add("SELECT CAST(x AS row(a")
	f.Add("VALUES (1), ROW(2)")
	f.Add("SELECT IGNORE NULLS - INTERVAL '1'")
	f.Fuzz(func(t *testing.T, sql string) {
		if q, err := Translate(sql, nil); err == nil {
			q.Explain(`Referenced column "x" not found`)
		}
	})
}
