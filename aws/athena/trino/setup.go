package trino

import "strings"

// Setup is what a database must be told before a translated query runs in it: settings in which
// DuckDB counts as Trino does, and the macros that translated calls name. A typed macro is chosen by
// the type of its arguments, which the translator does not know.
func Setup() []string { return append([]string(nil), setup...) }

const iso = "'%Y-%m-%dT%H:%M:%S.%g'"

var setup = []string{
	"SET TimeZone = 'UTC'",
	"SET integer_division = true", // 7 / 2 is 3 among integers, 3.5 otherwise
	`CREATE MACRO main.hydrant_date_trunc(unit, value DATE) AS CAST(date_trunc(unit, value) AS DATE),
		(unit, value TIMESTAMP) AS CAST(date_trunc(unit, value) AS TIMESTAMP),
		(unit, value TIMESTAMPTZ) AS date_trunc(unit, value)`,
	`CREATE MACRO main.hydrant_plus(value DATE, step INTERVAL) AS CAST(value + step AS DATE),
		(value TIMESTAMP, step INTERVAL) AS value + step,
		(value TIMESTAMPTZ, step INTERVAL) AS value + step,
		(value TIME, step INTERVAL) AS value + step,
		(value INTERVAL, step INTERVAL) AS value + step`,
	`CREATE MACRO main.hydrant_at_timezone(value, zone) AS CAST(value AS TIMESTAMPTZ) AT TIME ZONE zone`,
	`CREATE MACRO main.hydrant_to_iso8601(value DATE) AS strftime(value, '%Y-%m-%d'),
		(value TIMESTAMP) AS strftime(value, ` + iso + `),
		(value TIMESTAMPTZ) AS strftime(value, ` + strings.TrimSuffix(iso, "'") + `Z')`,
	// Parameters of lambdas have names that no column has, for arguments stand in their bodies as they are.
	// DuckDB's own set functions of lists drop NULL and the order.
	`CREATE MACRO main.hydrant_array_distinct(a) AS list_filter(a, lambda hydrant_x, hydrant_i: list_position(a, hydrant_x) = hydrant_i)`,
	`CREATE MACRO main.hydrant_array_union(a, b) AS hydrant_array_distinct(list_concat(a, b))`,
	`CREATE MACRO main.hydrant_array_except(a, b) AS hydrant_array_distinct(list_filter(a, lambda hydrant_x: list_position(b, hydrant_x) IS NULL))`,
	`CREATE MACRO main.hydrant_array_intersect(a, b) AS hydrant_array_distinct(list_filter(a, lambda hydrant_x: list_position(b, hydrant_x) IS NOT NULL))`,
	`CREATE MACRO main.hydrant_array_histogram(a) AS list_aggregate(a, 'histogram')`,
	`CREATE MACRO main.hydrant_ngrams(a, n) AS list_transform(generate_series(1, greatest(1, len(a) - n + 1)), lambda hydrant_i: list_slice(a, hydrant_i, hydrant_i + n - 1))`,
	`CREATE MACRO main.hydrant_contains_sequence(a, b) AS len(list_filter(generate_series(1, len(a) - len(b) + 1), lambda hydrant_i: list_slice(a, hydrant_i, hydrant_i + len(b) - 1) = b)) > 0`,
	`CREATE MACRO main.hydrant_sequence(a DATE, b DATE) AS CAST(generate_series(a, b, CASE WHEN a > b THEN INTERVAL (-1) DAY ELSE INTERVAL 1 DAY END) AS DATE[]),
		(a BIGINT, b BIGINT) AS generate_series(a, b, CASE WHEN a > b THEN -1 ELSE 1 END),
		(a BIGINT, b BIGINT, step BIGINT) AS generate_series(a, b, step),
		(a DATE, b DATE, step INTERVAL) AS CAST(generate_series(a, b, step) AS DATE[]),
		(a TIMESTAMP, b TIMESTAMP, step INTERVAL) AS generate_series(a, b, step)`,
	// Of entries with the same key one stays; a NULL key has none.
	`CREATE MACRO main.hydrant_map(entries) AS list_transform(
		[list_sort(list_filter(entries, lambda hydrant_e: struct_extract_at(hydrant_e, 1) IS NOT NULL))],
		lambda hydrant_s: map_from_entries(list_filter(hydrant_s, lambda hydrant_e, hydrant_i: hydrant_i = 1 OR struct_extract_at(hydrant_s[hydrant_i - 1], 1) <> struct_extract_at(hydrant_e, 1))))[1]`,
	`CREATE MACRO main.hydrant_multimap(entries) AS list_transform(
		[hydrant_array_distinct(list_filter(list_transform(entries, lambda hydrant_e: struct_extract_at(hydrant_e, 1)), lambda hydrant_k: hydrant_k IS NOT NULL))],
		lambda hydrant_keys: map(hydrant_keys, list_transform(hydrant_keys, lambda hydrant_k: list_transform(list_filter(entries, lambda hydrant_e: struct_extract_at(hydrant_e, 1) = hydrant_k), lambda hydrant_e: struct_extract_at(hydrant_e, 2)))))[1]`,
	`CREATE MACRO main.hydrant_split_to_map(value, entries, pairs) AS map_from_entries(list_transform(string_split(value, entries), lambda hydrant_x:
		struct_pack(k := split_part(hydrant_x, pairs, 1), v := substr(hydrant_x, strpos(hydrant_x, pairs) + length(pairs)))))`,
	`CREATE MACRO main.hydrant_typeof(value) AS ` + typeNames,
	`CREATE MACRO main.hydrant_cardinality(value) AS CAST(json_array_length(CASE WHEN value IS NULL THEN NULL
		WHEN typeof(value) LIKE 'MAP(%' THEN json_keys(to_json(value)) ELSE to_json(value) END) AS BIGINT)`,
	// Bounds may fall: then the first bucket is that of the greatest values.
	`CREATE MACRO main.hydrant_width_bucket(x, low, high, n) AS CAST(CASE
		WHEN low < high AND x < low OR low > high AND x > low THEN 0
		WHEN low < high AND x >= high OR low > high AND x <= high THEN n + 1
		ELSE floor(n * CAST(x - low AS DOUBLE) / CAST(high - low AS DOUBLE)) + 1 END AS BIGINT)`,
	// In kilometres, on a sphere of Earth's mean radius.
	`CREATE MACRO main.hydrant_great_circle(lat1, lon1, lat2, lon2) AS 2 * 6371.01 * asin(sqrt(
		pow(sin(radians(lat2 - lat1) / 2), 2) + cos(radians(lat1)) * cos(radians(lat2)) * pow(sin(radians(lon2 - lon1) / 2), 2)))`,
	`CREATE MACRO main.hydrant_url_parameter(query, name) AS
		url_decode(substr(list_filter(string_split(query, '&'), lambda hydrant_x: starts_with(hydrant_x, name || '='))[1], length(name) + 2))`,
	`CREATE MACRO main.hydrant_reverse(value VARCHAR) AS reverse(value)`,
}

// typeNames turns what DuckDB calls a type into Trino's words; arrays of arrays of arrays stay as they are.
var typeNames = func() string {
	text := "lower(typeof(value))"
	for _, r := range [][2]string{
		{`^"null"$`, "unknown"}, {`\bfloat\b`, "real"}, {`\bblob\b`, "varbinary"}, {`\bhugeint\b`, "bigint"}, {`\btimestamp\b`, "timestamp(3)"}, {`\bstruct\(`, "row("},
		{`^(.*)\[\]$`, `array(\1)`}, {`^array\((.*)\[\]\)$`, `array(array(\1))`}, {`\b(\w+)\[\]`, `array(\1)`},
	} {
		text = "regexp_replace(" + text + ", " + quote(r[0]) + ", " + quote(r[1]) + ", 'g')"
	}
	return text
}()
