package trino

import (
	"fmt"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/lex"
)

// Trino's functions over maps and pairs take lambdas of several parameters; DuckDB's take one, over lists.
// So the parameters in the body are replaced by what they stand for: parts of an entry.

// entry is the parameter of the lambda that DuckDB is given; one of its own for every call, for they may be
// within one another.
func (c *call) entry() string {
	c.t.entries++
	return fmt.Sprintf("hydrant_e%d", c.t.entries)
}

// body is the body of the lambda at argument i, its parameters replaced in order.
func (c *call) body(i int, parts ...string) (string, error) {
	a := c.args[i]
	if len(a) < 3 || !a[1].Is("->") || !a[0].bracket("(") {
		return "", wrong("FUNCTION_NOT_FOUND", c.name.Token, "Unexpected parameters for function %s", strings.ToLower(c.name.Raw))
	}
	names := split(a[0].kids)
	if len(names) != len(parts) {
		return "", wrong("INVALID_FUNCTION_ARGUMENT", c.name.Token, "Expected a lambda that takes %d argument(s) but got %d", len(parts), len(names))
	}
	nodes := a[2:]
	for n, name := range names {
		if len(name) != 1 {
			return "", mismatched(a[0].Token)
		}
		nodes = replaceName(nodes, name[0].Value, parts[n])
	}
	return c.t.argument(nodes)
}

// replaceName puts SQL in the place of a name, but where it is a field, a function, or the parameter of a
// lambda further in.
func replaceName(nodes []node, name, with string) []node {
	out := make([]node, 0, len(nodes))
	for i, n := range nodes {
		next := node{}
		if i+1 < len(nodes) {
			next = nodes[i+1]
		}
		isName := (n.Kind == lex.Word || n.Kind == lex.Name) && strings.EqualFold(n.Value, name)
		inner := n.bracket("(") && next.Is("->")
		for _, p := range n.kids {
			if inner && strings.EqualFold(p.Value, name) {
				return append(out, nodes[i:]...)
			}
		}
		switch {
		case isName && next.Is("->"), n.Is("AS"): // a type is behind AS
			return append(out, nodes[i:]...)
		case isName && !next.bracket("(") && (i == 0 || !nodes[i-1].Is(".")):
			n = sql(n.Token, "%s", with)
		case n.open != "" && !inner:
			var kids []node
			for k, part := range split(n.kids) {
				if k > 0 {
					kids = append(kids, node{Token: lex.Token{Kind: lex.Symbol, Raw: ",", Value: ","}})
				}
				kids = append(kids, replaceName(part, name, with)...)
			}
			n.kids = kids
		}
		out = append(out, n)
	}
	return out
}

// overMap is a function of a map and a lambda of key and value. In the pattern, the map is 1, the body 2 and
// its parameter 3.
func overMap(pattern string) function {
	return func(c *call) (string, error) {
		if len(c.args) != 2 {
			return "", c.arity()
		}
		entry := c.entry()
		body, err := c.body(1, entry+".key", entry+".value")
		return fmt.Sprintf(pattern, c.sql[0], body, entry), err
	}
}

var (
	mapFilter       = overMap("map_from_entries(list_filter(map_entries(%[1]s), lambda %[3]s: %[2]s))")
	transformKeys   = overMap("map(list_transform(map_entries(%[1]s), lambda %[3]s: %[2]s), map_values(%[1]s))")
	transformValues = overMap("map(map_keys(%[1]s), list_transform(map_entries(%[1]s), lambda %[3]s: %[2]s))")
)

func mapZipWith(c *call) (string, error) {
	if len(c.args) != 3 {
		return "", c.arity()
	}
	a, b, key := c.sql[0], c.sql[1], c.entry()
	body, err := c.body(2, key, "("+a+")["+key+"]", "("+b+")["+key+"]")
	keys := fmt.Sprintf("hydrant_array_union(map_keys(%s), map_keys(%s))", a, b)
	return fmt.Sprintf("map(%[1]s, list_transform(%[1]s, lambda %[2]s: %[3]s))", keys, key, body), err
}

func zipWith(c *call) (string, error) {
	if len(c.args) != 3 {
		return "", c.arity()
	}
	pair := c.entry()
	body, err := c.body(2, pair+"[1]", pair+"[2]")
	return fmt.Sprintf("list_transform(list_zip(%s, %s), lambda %s: %s)", c.sql[0], c.sql[1], pair, body), err
}

func zip(c *call) (string, error) {
	if len(c.args) < 2 {
		return "", c.arity()
	}
	fields, tuple := make([]string, len(c.args)), c.entry()
	for i := range fields {
		fields[i] = fmt.Sprintf("field%d := %s[%d]", i, tuple, i+1)
	}
	return fmt.Sprintf("list_transform(list_zip(%s), lambda %s: struct_pack(%s))", strings.Join(c.sql, ", "), tuple, strings.Join(fields, ", ")), nil
}

// reduce folds a list. The state may be of another type than the elements, where DuckDB knows one type, so
// both go in pairs, of which each leaves one empty.
func reduce(c *call) (string, error) {
	if len(c.args) != 4 {
		return "", c.arity()
	}
	state, element := c.entry(), c.entry()
	step, err := c.body(2, state+".s", element+".x")
	return fmt.Sprintf("list_transform([list_reduce(list_transform(%[1]s, lambda %[5]s: struct_pack(s := NULL, x := %[5]s)), "+
		"lambda %[6]s, %[5]s: struct_pack(s := %[3]s, x := NULL), struct_pack(s := %[2]s, x := NULL)).s], %[4]s)[1]",
		c.sql[0], c.sql[1], step, c.sql[3], element, state), err
}
