package trino

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/lex"
)

// complaint is a message of DuckDB and what Athena says instead. In text, $1 and $2 are groups of the
// pattern; place is the group whose name is looked up in the statement.
type complaint struct {
	pattern *regexp.Regexp
	name    string
	place   int
	text    string
}

func says(pattern, name string, place int, text string) complaint {
	return complaint{regexp.MustCompile(pattern), name, place, text}
}

const unresolved = "Column '$1' cannot be resolved or requester is not authorized to access requested resources"

// complaints are tried in order.
var complaints = []complaint{
	says(`table (\S+) does not exist$`, "TABLE_NOT_FOUND", 1, "Table 'awsdatacatalog.$1' does not exist"),
	says(`Referenced column "(.+?)" (?:was )?not found`, "COLUMN_NOT_FOUND", 1, unresolved),
	says(`"(.+?)" does not have a column named "(.+?)"`, "COLUMN_NOT_FOUND", 2, "Column '$1.$2' cannot be resolved or requester is not authorized to access requested resources"),
	says(`Referenced table "(.+?)" not found`, "COLUMN_NOT_FOUND", 1, unresolved),
	says(`column "(.+?)" must appear in the GROUP BY clause`, "EXPRESSION_NOT_AGGREGATE", 1, "'$1' must be an aggregate expression or appear in GROUP BY clause"),
	says(`Ambiguous reference to column name "(.+?)"`, "AMBIGUOUS_NAME", 1, "Column '$1' is ambiguous"),
	says(`[Ww]ith name (?:hydrant_)?(\w+) does not exist`, "FUNCTION_NOT_FOUND", 1, "Function '$1' not registered"),
	says(`Macro (?:hydrant_)?(\w+)\(\) does not support`, "FUNCTION_NOT_FOUND", 1, "Unexpected parameters for function $1"),
	says(`(?:argument types '|function call ")([^\w ]+)\((.*?)\)['"]\.`, "TYPE_MISMATCH", 1, "'$1' cannot be applied to $2"),
	says(`(?:argument types '|function call ")(\w+)\((.*?)\)['"]\.`, "FUNCTION_NOT_FOUND", 1, "Unexpected parameters ($2) for function $1"),
	says(`Could not convert string '(.*?)' to (\w+)`, "INVALID_CAST_ARGUMENT", 0, "Cannot cast '$1' to $2"),
	says(`Unimplemented type for cast \((.+?) -> (.+?)\)`, "TYPE_MISMATCH", 0, "Cannot cast $1 to $2"),
	says(`Cannot compare values of type (.+?) and type (\S+)`, "TYPE_MISMATCH", 0, "'=' cannot be applied to $1, $2"),
	says(`WHERE clause cannot contain aggregates`, "EXPRESSION_NOT_SCALAR", 0, "WHERE clause cannot contain aggregations, window functions or grouping operations"),
	says(`More than one row returned by a subquery`, "SUBQUERY_MULTIPLE_ROWS", 0, "Scalar sub-query has returned multiple rows"),
	says(`syntax error at or near "(.+?)"`, "SYNTAX_ERROR", 1, "mismatched input '$1'"),
	says(`syntax error at end of input`, "SYNTAX_ERROR", 0, "mismatched input '<EOF>'"),
}

// duckTypes are DuckDB's types as Trino calls them, for messages.
var duckTypes = strings.NewReplacer(
	"INTEGER_LITERAL", "integer", "STRING_LITERAL", "varchar", "TIMESTAMP WITH TIME ZONE", "timestamp(3) with time zone",
	"TIMESTAMP", "timestamp(3)", "VARCHAR", "varchar", "INT32", "integer", "INT64", "bigint", "INTEGER", "integer", "BIGINT", "bigint",
	"DOUBLE", "double", "FLOAT", "real", "DATE", "date", "BOOLEAN", "boolean", "BLOB", "varbinary", "DECIMAL", "decimal", "HUGEINT", "bigint",
)

// Explain words what DuckDB said against a query as Athena would, with the place in the query as it
// was written.
func (q *Query) Explain(message string) *Error {
	for _, c := range complaints {
		m := c.pattern.FindStringSubmatch(message)
		if m == nil {
			continue
		}
		text := c.text
		for i := len(m) - 1; i > 0; i-- {
			group := m[i]
			if c.name == "TYPE_MISMATCH" || c.name == "FUNCTION_NOT_FOUND" || c.name == "INVALID_CAST_ARGUMENT" {
				group = duckTypes.Replace(group)
			}
			text = strings.ReplaceAll(text, fmt.Sprintf("$%d", i), group)
		}
		if c.place == 0 {
			return &Error{c.name, text}
		}
		return wrong(c.name, q.find(m[c.place]), "%s", text)
	}
	first, _, _ := strings.Cut(message, "\n")
	if _, rest, ok := strings.Cut(first, " Error: "); ok {
		first = rest
	}
	return &Error{"GENERIC_USER_ERROR", first}
}

// find is where a name stands in the query; that of db.table where its last part does.
func (q *Query) find(name string) lex.Token {
	parts := strings.Split(name, ".")
	last := parts[len(parts)-1]
	best := lex.Token{Line: 1, Col: 1}
	for i, t := range q.tokens {
		if t.Kind == lex.Text || !strings.EqualFold(t.Value, last) {
			continue
		}
		for i >= 2 && q.tokens[i-1].Is(".") {
			i -= 2
		}
		return q.tokens[i]
	}
	return best
}

// Missing is the database and table of a query that found no such table.
func Missing(message string) (database string, ok bool) {
	m := complaints[0].pattern.FindStringSubmatch(message)
	if m == nil {
		return "", false
	}
	database, _, ok = strings.Cut(m[1], ".")
	return database, ok
}

// NoSchema says that a query names a database that is not there.
func (q *Query) NoSchema(message, database string) *Error {
	m := complaints[0].pattern.FindStringSubmatch(message)
	return wrong("SCHEMA_NOT_FOUND", q.find(m[1]), "Schema '%s' does not exist", database)
}
