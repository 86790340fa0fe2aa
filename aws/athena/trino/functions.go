package trino

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// functions are Trino's functions that are served, by name.
var functions = map[string]function{}

// known are Trino's functions that are not served; they are told from those that do not exist.
var known = set(`approx_most_frequent approx_set beta_cdf bing_tile char2hexint checksum classify combinations convex_hull_agg
	cosine_similarity crc32 empty_approx_set evaluate_classifier_predictions features format_number from_base
	from_geojson_geometry from_ieee754_32 from_ieee754_64 geometry_union hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512
	human_readable_seconds inverse_beta_cdf inverse_normal_cdf ip_prefix json_array json_object learn_classifier luhn_check
	make_set_digest merge murmur3 normal_cdf numeric_histogram parse_data_size parse_duration qdigest_agg reduce_agg render
	rgb sha512 shuffle simplify_geometry soundex split_to_multimap spooky_hash_v2_32 spooky_hash_v2_64 st_area st_contains
	st_distance st_geometryfromtext st_point tdigest_agg timezone_hour timezone_minute to_char to_date to_geojson_geometry
	to_ieee754_32 to_ieee754_64 to_timestamp value_at_quantile wilson_interval_lower word_stem xxhash64`)

func init() {
	for name := range set(`
		count sum avg min max count_if bool_and bool_or any_value array_agg max_by min_by
		stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp regr_slope regr_intercept
		regr_count regr_r2 regr_avgx regr_avgy regr_sxx regr_sxy regr_syy
		kurtosis histogram grouping
		row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
		abs ceil ceiling floor round sign sqrt cbrt exp ln log10 log2 log pow power mod pi degrees radians
		sin cos tan asin acos atan atan2 sinh cosh tanh
		length lower upper trim ltrim rtrim substr substring lpad rpad strpos position starts_with ends_with chr
		translate concat_ws url_encode url_decode to_base64 from_base64 regexp_extract_all
		coalesce nullif try year month day hour minute second quarter week now
		flatten map map_keys map_values map_entries map_concat map_from_entries uuid
	`) {
		functions[name] = same
	}
	for name, duck := range map[string]string{
		"every": "bool_and", "arbitrary": "any_value", "bitwise_and_agg": "bit_and", "bitwise_or_agg": "bit_or",
		"is_nan": "isnan", "is_infinite": "isinf", "is_finite": "isfinite",
		"codepoint": "unicode", "split": "string_split", "reverse": "hydrant_reverse", "levenshtein_distance": "levenshtein",
		"hamming_distance": "hamming", "to_utf8": "encode", "from_utf8": "decode", "regexp_like": "regexp_matches",
		"regexp_split": "string_split_regex", "contains": "list_contains", "array_distinct": "hydrant_array_distinct",
		"array_sort": "list_sort", "array_join": "array_to_string", "array_max": "list_max", "array_min": "list_min",
		"array_sum": "list_sum", "array_intersect": "hydrant_array_intersect", "arrays_overlap": "list_has_any", "array_union": "hydrant_array_union", "array_except": "hydrant_array_except",
		"filter": "list_filter", "transform": "list_transform", "sequence": "hydrant_sequence",
		"index": "strpos", "normalize": "nfc_normalize", "typeof": "hydrant_typeof", "array_histogram": "hydrant_array_histogram",
		"multimap_from_entries": "hydrant_multimap", "ngrams": "hydrant_ngrams", "contains_sequence": "hydrant_contains_sequence",
		"day_of_month": "day", "day_of_week": "isodow", "dow": "isodow", "day_of_year": "dayofyear", "doy": "dayofyear",
		"week_of_year": "weekofyear", "last_day_of_month": "last_day", "year_of_week": "isoyear", "yow": "isoyear",
		"format": "printf", "json_array_length": "json_array_length", "json_parse": "json",
		"to_unixtime": "epoch",
	} {
		functions[name] = as(duck)
	}
	for name, patterns := range map[string][]string{
		"approx_percentile":      {"quantile_disc($1, $2)"},
		"approx_distinct":        {"approx_count_distinct($1)", "approx_count_distinct(CASE WHEN ($2) > 0 THEN $1 END)"},
		"geometric_mean":         {"exp(avg(ln($1))$0)"},
		"skewness":               {"(skewness($1)$0 * (count($1)$0 - 2) / sqrt(count($1)$0 * (count($1)$0 - 1)))"},
		"entropy":                {"(log2(sum($1)$0) - sum(CASE WHEN ($1) > 0 THEN ($1) * log2($1) ELSE 0 END)$0 / sum($1)$0)"},
		"map_agg":                {"hydrant_map(list(struct_pack(k := $1, v := $2))$0)"},
		"multimap_agg":           {"hydrant_multimap(list(struct_pack(k := $1, v := $2))$0)"},
		"map_union":              {"hydrant_map(flatten(list(map_entries($1))$0))"},
		"repeat":                 {"list_resize([$1], $2, $1)"},
		"trim_array":             {"list_slice($1, 1, len($1) - ($2))"},
		"bitwise_not":            {"(~($1))"},
		"bitwise_left_shift":     {"(($1) << ($2))"},
		"bitwise_right_shift":    {"(($1) >> ($2))"},
		"split_to_map":           {"hydrant_split_to_map($1, $2, $3)"},
		"regexp_position":        {"CASE WHEN regexp_matches($1, $2) THEN length(regexp_extract($1, '(?s)^(.*?)(?:' || $2 || ')', 1)) + 1 ELSE -1 END"},
		"with_timezone":          {"(CAST($1 AS TIMESTAMP) AT TIME ZONE $2)"},
		"json_array_contains":    {"list_contains(CAST(json($1) AS JSON[]), to_json($2))"},
		"json_array_get":         {"json_extract($1, CASE WHEN ($2) < 0 THEN '$[#' || ($2) || ']' ELSE '$[' || ($2) || ']' END)"},
		"is_json_scalar":         {"(json_type($1) NOT IN ('OBJECT', 'ARRAY'))"},
		"url_extract_fragment":   {"regexp_extract($1, '#(.*)$', 1)"},
		"url_extract_port":       {"TRY_CAST(regexp_extract($1, '" + urlStart + "(?:[^/?#@]*@)?[^/?#:]*:([0-9]+)', 1) AS BIGINT)"},
		"e":                      {"exp(1)"},
		"nan":                    {"CAST('nan' AS DOUBLE)"},
		"infinity":               {"CAST('infinity' AS DOUBLE)"},
		"truncate":               {"trunc($1)", "trunc($1, $2)"},
		"bitwise_and":            {"(($1) & ($2))"},
		"bitwise_or":             {"(($1) | ($2))"},
		"bitwise_xor":            {"xor($1, $2)"},
		"if":                     {"CASE WHEN $1 THEN $2 END", "CASE WHEN $1 THEN $2 ELSE $3 END"},
		"replace":                {"replace($1, $2, '')", "replace($1, $2, $3)"},
		"split_part":             {"CASE WHEN len(string_split($1, $2)) >= $3 THEN split_part($1, $2, $3) END"},
		"to_hex":                 {"hex($1)"},
		"from_hex":               {"unhex($1)"},
		"md5":                    {"unhex(md5($1))"},
		"sha1":                   {"unhex(sha1($1))"},
		"sha256":                 {"unhex(sha256($1))"},
		"to_base":                {"lower(to_base($1, $2))"},
		"regexp_extract":         {"CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2) END", "CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2, $3) END"},
		"regexp_count":           {"len(regexp_extract_all($1, $2))"},
		"json_format":            {"CAST($1 AS VARCHAR)"},
		"element_at":             {"($1)[$2]"},
		"array_position":         {"CAST(coalesce(list_position($1, $2), 0) AS BIGINT)"},
		"array_remove":           {"list_filter($1, lambda hydrant_x: hydrant_x <> $2)"},
		"slice":                  {"list_slice($1, $2, $2 + $3 - 1)"},
		"any_match":              {"(len(list_filter($1, $2)) > 0)"},
		"none_match":             {"(len(list_filter($1, $2)) = 0)"},
		"all_match":              {"(len(list_filter($1, $2)) = len($1))"},
		"random":                 {"random()", "CAST(floor(random() * ($1)) AS BIGINT)", "CAST(floor(($1) + random() * (($2) - ($1))) AS BIGINT)"},
		"rand":                   {"random()", "CAST(floor(random() * ($1)) AS BIGINT)", "CAST(floor(($1) + random() * (($2) - ($1))) AS BIGINT)"},
		"width_bucket":           {"hydrant_width_bucket($1, $2, $3, $4)"},
		"great_circle_distance":  {"hydrant_great_circle($1, $2, $3, $4)"},
		"url_extract_protocol":   {"regexp_extract($1, '^([A-Za-z][A-Za-z0-9+.-]*):', 1)"},
		"url_extract_host":       {"regexp_extract($1, '" + urlStart + "(?:[^/?#@]*@)?([^/?#:]*)', 1)"},
		"url_extract_path":       {"regexp_extract($1, '" + urlStart + "[^/?#]*([^?#]*)', 1)"},
		"url_extract_query":      {"regexp_extract($1, '" + urlQuery + "', 1)"},
		"url_extract_parameter":  {"hydrant_url_parameter(regexp_extract($1, '" + urlQuery + "', 1), $2)"},
		"cardinality":            {"hydrant_cardinality($1)"},
		"date":                   {"CAST($1 AS DATE)"},
		"date_trunc":             {"hydrant_date_trunc(lower($1), $2)"},
		"millisecond":            {"(millisecond($1) % 1000)"},
		"from_unixtime":          {"to_timestamp($1)", "(to_timestamp($1) AT TIME ZONE $2)"},
		"from_unixtime_nanos":    {"to_timestamp(($1) / 1000000000.0)"},
		"from_iso8601_timestamp": {"CAST($1 AS TIMESTAMPTZ)"},
		"from_iso8601_date":      {"CAST($1 AS DATE)"},
		"to_iso8601":             {"hydrant_to_iso8601($1)"},
		"at_timezone":            {"hydrant_at_timezone($1, $2)"},
		"current_timezone":       {"'UTC'"},
		"to_milliseconds":        {"CAST(epoch_ms($1) AS BIGINT)"},
	} {
		functions[name] = like(patterns...)
	}
	for name, f := range map[string]function{
		"concat": concat, "array_concat": concat, "greatest": noNulls, "least": noNulls, "regexp_replace": regexpReplace,
		"date_add": dateAdd, "date_diff": dateDiff,
		"date_format": dateFormat(mysql, "strftime(%s, %s)"), "date_parse": dateFormat(mysql, "strptime(%s, %s)"),
		"format_datetime": dateFormat(joda, "strftime(%s, %s)"), "parse_datetime": dateFormat(joda, "CAST(strptime(%s, %s) AS TIMESTAMPTZ)"),
		"row": row, "zip": zip, "zip_with": zipWith, "map_filter": mapFilter, "transform_keys": transformKeys, "transform_values": transformValues,
		"map_zip_with": mapZipWith, "reduce": reduce, "listagg": listagg, "bit_count": bitCount,
		"json_extract":        jsonAt("json_extract($1, $2)"),
		"json_extract_scalar": jsonAt("CASE WHEN json_type($1, $2) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN json_extract_string($1, $2) END"),
		"json_size":           jsonAt("CASE json_type($1, $2) WHEN 'OBJECT' THEN len(json_keys($1, $2)) WHEN 'ARRAY' THEN json_array_length($1, $2) ELSE 0 END"),
		"json_value":          jsonPath("CASE WHEN json_type(%[1]s, %[2]s) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN json_extract_string(%[1]s, %[2]s) END"),
		"json_query":          jsonPath("CASE WHEN json_type(%[1]s, %[2]s) IN ('OBJECT', 'ARRAY') THEN CAST(json_extract(%[1]s, %[2]s) AS VARCHAR) END"),
		"json_exists":         jsonPath("json_exists(%s, %s)"),
	} {
		functions[name] = f
	}
}

const (
	urlStart = `^[A-Za-z][A-Za-z0-9+.-]*://`
	urlQuery = `^[^?#]*\?([^#]*)`
)

// concat: NULL where any part is NULL, texts as well as arrays.
func concat(c *call) (string, error) {
	if len(c.args) < 2 {
		return "", c.arity()
	}
	return "(" + strings.Join(c.sql, " || ") + ")", nil
}

// noNulls: greatest and least are NULL where any argument is NULL.
func noNulls(c *call) (string, error) {
	if len(c.args) == 0 {
		return "", c.arity()
	}
	tests := make([]string, len(c.sql))
	for i, s := range c.sql {
		tests[i] = "(" + s + ") IS NULL"
	}
	own, err := same(c)
	return "CASE WHEN " + strings.Join(tests, " OR ") + " THEN NULL ELSE " + own + " END", err
}

// row makes a row without field names. They are called as Athena prints them, but where a CAST will
// name them.
func row(c *call) (string, error) {
	if c.t.named {
		return same(c)
	}
	fields := make([]string, len(c.sql))
	for i, s := range c.sql {
		fields[i] = fmt.Sprintf("field%d := %s", i, s)
	}
	return "struct_pack(" + strings.Join(fields, ", ") + ")", nil
}

var javaGroup = regexp.MustCompile(`\$(\d)`)

// regexpReplace replaces all occurrences; Java's $1 is \1 in DuckDB.
func regexpReplace(c *call) (string, error) {
	switch len(c.args) {
	case 2:
		return fmt.Sprintf("regexp_replace(%s, %s, '', 'g')", c.sql[0], c.sql[1]), nil
	case 3:
		with, err := c.literal(2)
		if err != nil {
			return "", err
		}
		with = javaGroup.ReplaceAllString(strings.ReplaceAll(with, `\`, `\\`), `\$1`)
		return fmt.Sprintf("regexp_replace(%s, %s, %s, 'g')", c.sql[0], c.sql[1], quote(with)), nil
	}
	return "", c.arity()
}

// bitCount counts the bits of a number of so many in two's complement.
func bitCount(c *call) (string, error) {
	if len(c.args) != 2 || len(c.args[1]) != 1 {
		return "", c.arity()
	}
	bits, _ := strconv.Atoi(c.sql[1])
	typ, ok := map[int]string{8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"}[bits]
	if !ok {
		return "", wrong("NOT_SUPPORTED", c.name.Token, "bit_count of other than 8, 16, 32 or 64 bits is not supported here")
	}
	return fmt.Sprintf("bit_count(CAST(%s AS %s))", c.sql[0], typ), nil
}
