package trino

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/lex"
)

// call is a function call: its name and its arguments, each as nodes and, once asked for, as SQL.
type call struct {
	t    *translator
	name node
	args [][]node
	sql  []string
}

// call translates a function call into one node.
func (t *translator) call(name, bracket node) (node, error) {
	lower := strings.ToLower(name.Raw)
	switch lower {
	case "cast", "try_cast":
		return t.cast(name, bracket.kids)
	case "extract":
		return t.extract(name, bracket.kids)
	}
	f, ok := functions[lower]
	if !ok {
		if known[lower] {
			return node{}, wrong("NOT_SUPPORTED", name.Token, "Function '%s' is not supported here", lower)
		}
		return node{}, wrong("FUNCTION_NOT_FOUND", name.Token, "Function '%s' not registered", lower)
	}
	c := &call{t: t, name: name, args: split(bracket.kids)}
	for _, a := range c.args {
		s, err := t.argument(a)
		if err != nil {
			return node{}, err
		}
		c.sql = append(c.sql, s)
	}
	out, err := f(c)
	if err != nil {
		return node{}, err
	}
	return sql(name.Token, "%s", out), nil
}

// argument translates an argument, which may be a lambda: x -> …, (a, b) -> ….
func (t *translator) argument(nodes []node) (string, error) {
	if len(nodes) > 2 && nodes[1].Is("->") {
		body, err := t.sequence(nodes[2:])
		if err != nil {
			return "", err
		}
		names := nodes[0].Raw
		if nodes[0].bracket("(") {
			names = print(nodes[0].kids)
		}
		return "lambda " + names + ": " + print(body), nil
	}
	out, err := t.sequence(nodes)
	return print(out), err
}

// literal is the value of an argument that is a text.
func (c *call) literal(i int) (string, error) {
	if i < len(c.args) && len(c.args[i]) == 1 && c.args[i][0].Kind == lex.Text {
		return c.args[i][0].Value, nil
	}
	return "", wrong("NOT_SUPPORTED", c.name.Token, "argument %d of %s must be a text here", i+1, strings.ToLower(c.name.Raw))
}

func (c *call) arity() error {
	return wrong("FUNCTION_NOT_FOUND", c.name.Token, "Unexpected number of parameters (%d) for function %s", len(c.args), strings.ToLower(c.name.Raw))
}

// function is how a call is written in DuckDB.
type function func(c *call) (string, error)

// same: the function is called so in DuckDB too.
func same(c *call) (string, error) {
	return strings.ToLower(c.name.Raw) + "(" + strings.Join(c.sql, ", ") + ")", nil
}

// as: the function has another name in DuckDB.
func as(name string) function {
	return func(c *call) (string, error) { return name + "(" + strings.Join(c.sql, ", ") + ")", nil }
}

var dollar = regexp.MustCompile(`\$\d`)

// like writes a call by a pattern in which $1 is the first argument, and $0 stands behind an aggregate,
// where FILTER and OVER belong. Of several patterns the one counts that has as many arguments.
func like(patterns ...string) function {
	byArity := map[int]string{}
	for _, p := range patterns {
		most := 0
		for _, m := range dollar.FindAllString(p, -1) {
			n, _ := strconv.Atoi(m[1:])
			most = max(most, n)
		}
		byArity[most] = p
	}
	return func(c *call) (string, error) {
		p, ok := byArity[len(c.args)]
		if !ok {
			return "", c.arity()
		}
		return dollar.ReplaceAllStringFunc(p, func(m string) string {
			n, _ := strconv.Atoi(m[1:])
			if n == 0 {
				return behind
			}
			return c.sql[n-1]
		}), nil
	}
}

// cast translates CAST(x AS type).
func (t *translator) cast(name node, kids []node) (node, error) {
	at := len(kids) - 1
	for at >= 0 && !kids[at].Is("AS") {
		at--
	}
	if at < 1 {
		return node{}, wrong("SYNTAX_ERROR", name.Token, "mismatched input ')'. Expecting: 'AS'")
	}
	typ, err := typeOf(kids[at+1:], name)
	if err != nil {
		return node{}, err
	}
	outer := t.named
	t.named = t.named || strings.Contains(typ, "STRUCT(")
	value, err := t.sequence(kids[:at])
	t.named = outer
	if err != nil {
		return node{}, err
	}
	return sql(name.Token, "%s(%s AS %s)", strings.ToUpper(name.Raw), print(value), typ), nil
}

// fields are the parts of a date that DuckDB names or counts otherwise.
var fields = map[string]string{
	"day_of_week": "isodow", "dow": "isodow", "day_of_year": "doy", "week_of_year": "week",
	"day_of_month": "day", "year_of_week": "isoyear", "yow": "isoyear",
}

func (t *translator) extract(name node, kids []node) (node, error) {
	if len(kids) < 3 || !kids[1].Is("FROM") {
		return node{}, wrong("SYNTAX_ERROR", name.Token, "mismatched input '%s'. Expecting: EXTRACT(field FROM value)", name.Raw)
	}
	value, err := t.sequence(kids[2:])
	if err != nil {
		return node{}, err
	}
	field := strings.ToLower(kids[0].Raw)
	if f, ok := fields[field]; ok {
		field = f
	}
	return sql(name.Token, "extract(%s FROM %s)", field, print(value)), nil
}

// types are the plain types by Trino's names.
var types = map[string]string{
	"boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INTEGER", "int": "INTEGER",
	"bigint": "BIGINT", "real": "FLOAT", "float": "FLOAT", "double": "DOUBLE", "double precision": "DOUBLE",
	"varchar": "VARCHAR", "char": "VARCHAR", "string": "VARCHAR", "varbinary": "BLOB", "json": "JSON", "uuid": "UUID",
	"date": "DATE", "time": "TIME", "timestamp": "TIMESTAMP", "timestamp with time zone": "TIMESTAMPTZ",
	"timestamp without time zone": "TIMESTAMP", "decimal": "DECIMAL(38,0)", "ipaddress": "VARCHAR",
}

// typeOf translates a type: array(row(a integer)) is STRUCT("a" INTEGER)[].
func typeOf(nodes []node, at node) (string, error) {
	var words []string
	var inner *node
	for i, n := range nodes {
		switch {
		case n.Kind == lex.Word:
			words = append(words, strings.ToLower(n.Raw))
		case n.bracket("(") && inner == nil:
			inner = &nodes[i]
		default:
			return "", mismatched(n.Token)
		}
	}
	name := strings.Join(words, " ")
	unknown := wrong("SYNTAX_ERROR", at.Token, "Unknown type: %s", print(nodes))
	if inner == nil {
		if t, ok := types[name]; ok {
			return t, nil
		}
		return "", unknown
	}
	parts := split(inner.kids)
	switch name {
	case "decimal":
		return "DECIMAL(" + print(inner.kids) + ")", nil
	case "array":
		e, err := typeOf(inner.kids, at)
		return e + "[]", err
	case "map":
		if len(parts) != 2 {
			return "", unknown
		}
		k, err := typeOf(parts[0], at)
		if err != nil {
			return "", err
		}
		v, err := typeOf(parts[1], at)
		return fmt.Sprintf("MAP(%s, %s)", k, v), err
	case "row":
		return rowType(parts, at)
	}
	if t, ok := types[name]; ok { // varchar(10), timestamp(3) with time zone
		return t, nil
	}
	return "", unknown
}

func rowType(parts [][]node, at node) (string, error) {
	fields := make([]string, len(parts))
	for i, p := range parts {
		if typ, err := typeOf(p, at); err == nil { // a field without a name
			fields[i] = fmt.Sprintf("field%d %s", i, typ)
			continue
		}
		if len(p) < 2 {
			return "", wrong("SYNTAX_ERROR", at.Token, "Unknown type: %s", print(p))
		}
		typ, err := typeOf(p[1:], at)
		if err != nil {
			return "", err
		}
		fields[i] = ident(p[0].Value) + " " + typ
	}
	return "STRUCT(" + strings.Join(fields, ", ") + ")", nil
}
