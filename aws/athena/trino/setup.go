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
	`CREATE MACRO main.hydrant_array_except(a, b) AS list_distinct(list_filter(a, lambda x: NOT list_contains(b, x)))`,
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
		url_decode(substr(list_filter(string_split(query, '&'), lambda x: starts_with(x, name || '='))[1], length(name) + 2))`,
	`CREATE MACRO main.hydrant_reverse(value VARCHAR) AS reverse(value)`,
}
