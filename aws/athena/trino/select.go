package trino

import (
	"fmt"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/lex"
)

// ends are the words a select list ends before.
var ends = set("from where group having order limit offset fetch union intersect except window")

// nameColumns gives every column of a select list that has no name of its own the one Trino gives it:
// _col0, _col1, … by its place.
func nameColumns(nodes []node) []node {
	var out []node
	for i := 0; i < len(nodes); i++ {
		out = append(out, nodes[i])
		if !nodes[i].Is("SELECT") {
			continue
		}
		if i+1 < len(nodes) && nodes[i+1].Is("DISTINCT", "ALL") {
			i++
			out = append(out, nodes[i])
		}
		end := i + 1
		for end < len(nodes) && !(nodes[end].Kind == lex.Word && ends[strings.ToLower(nodes[end].Raw)] && !nodes[end-1].Is(".", "WITHIN") && !distinctFrom(nodes, end)) {
			end++
		}
		for column, item := range split(nodes[i+1 : end]) {
			if column > 0 {
				out = append(out, node{Token: lex.Token{Kind: lex.Symbol, Raw: ",", Value: ","}})
			}
			out = append(out, item...)
			if len(item) > 0 && !named(item) {
				out = append(out, word(item[0].Token, "AS"), sql(item[0].Token, `"_col%d"`, column))
			}
		}
		i = end - 1
	}
	return out
}

// distinctFrom: the FROM of IS [NOT] DISTINCT FROM.
func distinctFrom(nodes []node, i int) bool {
	return nodes[i].Is("FROM") && nodes[i-1].Is("DISTINCT") && i >= 2 && nodes[i-2].Is("IS", "NOT")
}

// named tells whether an item of a select list has a name: it is a column or a star, or an alias
// stands at its end.
func named(item []node) bool {
	last := item[len(item)-1]
	if last.Is("*") && (len(item) == 1 || item[len(item)-2].Is(".")) {
		return true
	}
	if last.Kind != lex.Name && (last.Kind != lex.Word || keywords[strings.ToLower(last.Raw)] || bare[strings.ToLower(last.Raw)]) {
		return false
	}
	if len(item) == 1 {
		return true
	}
	prev := item[len(item)-2]
	if prev.Is("AS", ".") {
		return true
	}
	if !operand(prev) && !prev.Is("NULL", "TRUE", "FALSE", "END") {
		return false
	}
	return !(prev.Kind == lex.Text && len(item) >= 3 && item[len(item)-3].Is("INTERVAL"))
}

// rowsOfValues puts brackets around the rows of VALUES that have none: VALUES 1, 2.
func rowsOfValues(nodes []node) []node {
	var out []node
	for i := 0; i < len(nodes); i++ {
		out = append(out, nodes[i])
		if !nodes[i].Is("VALUES") {
			continue
		}
		end := i + 1
		for end < len(nodes) && !(nodes[end].Kind == lex.Word && ends[strings.ToLower(nodes[end].Raw)]) {
			end++
		}
		for n, row := range split(nodes[i+1 : end]) {
			if n > 0 {
				out = append(out, node{Token: lex.Token{Kind: lex.Symbol, Raw: ",", Value: ","}})
			}
			if len(row) == 2 && row[0].Is("ROW") && row[1].bracket("(") {
				row = row[1:]
			}
			if len(row) != 1 || !row[0].bracket("(") {
				row = []node{{Token: lex.Token{Kind: lex.Symbol}, open: "(", kids: row}}
			}
			out = append(out, row...)
		}
		i = end - 1
	}
	return out
}

// unnest translates UNNEST(…) [WITH ORDINALITY] [[AS] alias [(columns)]] and tells how many nodes it was.
//
// One array with one column is DuckDB's own UNNEST. Several arrays stand side by side in a SELECT; one
// argument with two columns is a map, with more an array of rows.
func (t *translator) unnest(nodes []node) (out []node, used int, err error) {
	at := nodes[0].Token
	args := split(nodes[1].kids)
	if len(args) == 0 {
		return nil, 0, wrong("SYNTAX_ERROR", at, "mismatched input ')'. Expecting: <expression>")
	}
	values := make([]string, len(args))
	for i, a := range args {
		inner, err := t.sequence(a)
		if err != nil {
			return nil, 0, err
		}
		values[i] = print(inner)
	}
	used = 2
	ordinal := used+1 < len(nodes) && nodes[used].Is("WITH") && nodes[used+1].Is("ORDINALITY")
	if ordinal {
		used += 2
	}
	tail := used
	if tail < len(nodes) && nodes[tail].Is("AS") {
		tail++
	}
	var columns [][]node
	if tail+1 < len(nodes) && (nodes[tail].Kind == lex.Word || nodes[tail].Kind == lex.Name) && nodes[tail+1].bracket("(") {
		columns = split(nodes[tail+1].kids)
	}
	width := len(columns)
	if ordinal {
		width--
	}
	if len(args) == 1 && width <= 1 {
		with := ""
		if ordinal {
			with = " WITH ORDINALITY"
		}
		return []node{sql(at, "UNNEST(%s)%s", values[0], with)}, used, nil
	}
	place := func(length string) string {
		if !ordinal {
			return ""
		}
		return ", unnest(generate_series(1, " + length + "))"
	}
	switch {
	case len(args) > 1:
		lengths := make([]string, len(values))
		for i, v := range values {
			values[i], lengths[i] = fmt.Sprintf("unnest(%s)", v), fmt.Sprintf("len(%s)", v)
		}
		return []node{sql(at, "(SELECT %s%s)", strings.Join(values, ", "), place("greatest("+strings.Join(lengths, ", ")+")"))}, used, nil
	case width == 2:
		return []node{sql(at, "(SELECT unnest(map_entries(%s), max_depth := 2)%s)", values[0], place("len(map_keys("+values[0]+"))"))}, used, nil
	}
	return []node{sql(at, "(SELECT unnest(%s, max_depth := 2)%s)", values[0], place("len("+values[0]+")"))}, used, nil
}
