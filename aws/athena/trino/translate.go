// Package trino turns a query in Trino's dialect, as Athena takes it, into one of DuckDB.
//
// The two speak nearly the same SQL, so a query is not parsed into a full syntax tree: its tokens are put
// into brackets (tree.go), and what differs is replaced where it stands. Functions go by a table
// (functions.go): one that is not in it is refused by name, so that nothing of DuckDB's own shines
// through. What depends on the type of a value, which tokens do not tell, is done by typed macros
// (setup.go) that every query's database is given. What DuckDB says against a query comes back in
// Trino's words and places (explain.go).
package trino

import (
	"fmt"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/lex"
)

// Query is a query, translated.
type Query struct {
	SQL string
	// Paths: "$path" is asked for.
	Paths  bool
	tokens []lex.Token
}

// Translate translates one query. parameters take the place of question marks, in order; each is
// SQL itself, as clients of Athena send them.
func Translate(text string, parameters []string) (*Query, error) {
	tokens, err := lex.Scan(text, lex.Trino)
	if err != nil {
		return nil, &Error{"SYNTAX_ERROR", err.Error()}
	}
	if tokens, err = fill(tokens, parameters); err != nil {
		return nil, err
	}
	tokens = names(tokens)
	q := &Query{tokens: tokens}
	for _, t := range tokens {
		q.Paths = q.Paths || t.Kind == lex.Name && strings.EqualFold(t.Value, "$path")
	}
	nodes, err := tree(tokens)
	if err != nil {
		return nil, err
	}
	if len(nodes) == 0 || !nodes[0].Is("SELECT", "WITH", "VALUES", "TABLE") && !nodes[0].bracket("(") {
		return nil, mismatched(tokens[0])
	}
	t := &translator{paths: q.Paths}
	out, err := t.sequence(nodes)
	if err != nil {
		return nil, err
	}
	q.SQL = print(out)
	if rows := split(out[1:]); out[0].Is("VALUES") && len(out) == 2*len(rows) { // and nothing behind the rows
		names := make([]string, max(1, len(split(rows[0][0].kids))))
		for i := range names {
			names[i] = fmt.Sprintf(`"_col%d"`, i)
		}
		q.SQL = "SELECT * FROM (" + q.SQL + ") AS t (" + strings.Join(names, ", ") + ")"
	}
	return q, nil
}

// fill puts parameters in the place of question marks.
func fill(tokens []lex.Token, parameters []string) ([]lex.Token, error) {
	var out []lex.Token
	used := 0
	for _, t := range tokens {
		if !t.Is("?") {
			out = append(out, t)
			continue
		}
		if used == len(parameters) {
			return nil, wrong("INVALID_PARAMETER_USAGE", t, "Incorrect number of parameters: expected %d but found %d", count(tokens), len(parameters))
		}
		value, err := lex.Scan(parameters[used], lex.Trino)
		if err != nil || len(value) < 2 {
			return nil, wrong("INVALID_PARAMETER_USAGE", t, "parameter %d is not a constant: %s", used+1, parameters[used])
		}
		used++
		paren := lex.Token{Kind: lex.Symbol, Line: t.Line, Col: t.Col}
		paren.Raw, paren.Value = "(", "("
		wrap := len(value) > 3 // more than a constant with a sign or a type before it
		if wrap {
			out = append(out, paren)
		}
		for _, v := range value[:len(value)-1] {
			v.Line, v.Col = t.Line, t.Col
			out = append(out, v)
		}
		if wrap {
			paren.Raw, paren.Value = ")", ")"
			out = append(out, paren)
		}
	}
	if used < len(parameters) {
		return nil, wrong("INVALID_PARAMETER_USAGE", tokens[0], "Incorrect number of parameters: expected %d but found %d", used, len(parameters))
	}
	return out, nil
}

func count(tokens []lex.Token) (n int) {
	for _, t := range tokens {
		if t.Is("?") {
			n++
		}
	}
	return n
}

type translator struct {
	paths bool // "$path" is asked for, so a star must leave it out
	named bool // within a CAST to a type that names the fields of rows
	// entries counts the parameters of lambdas that have been made.
	entries int
}

// keywords are words that a bracket may follow without being called by them, and after which an
// operand begins.
var keywords = set(`select distinct all from where group by having order limit offset fetch union intersect
	except with recursive as on using join left right full inner outer cross natural lateral and or not
	in exists between like escape is case when then else any some over partition rows range groups
	filter within values table sets rollup cube ignore respect nulls first last asc desc preceding following
	unbounded current interval for tablesample bernoulli system ordinality window qualify returning`)

// reserved are words that DuckDB keeps for itself and Trino does not: names here, which are put into quotes.
var reserved = set(`analyse analyze asymmetric at check collate column default deferrable do foreign grant initially lambda pivot
	pivot_longer pivot_wider placing primary references returning show summarize symmetric unique unpivot variadic`)

// bare are words that are values or calls without a bracket.
var bare = set(`null true false current_date current_timestamp current_time localtime localtimestamp end`)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// operand tells whether an expression may end in a node.
func operand(n node) bool {
	switch n.Kind {
	case lex.Word:
		return !keywords[strings.ToLower(n.Raw)]
	case lex.Symbol:
		return n.open != ""
	case lex.Name, lex.Text, lex.Number, made:
		return true
	}
	return false
}

// sequence translates the nodes of one bracket, or of the whole statement.
func (t *translator) sequence(nodes []node) ([]node, error) {
	nodes = nameColumns(nodes)
	nodes = rowsOfValues(nodes)
	var out []node
	for i := 0; i < len(nodes); i++ {
		n := nodes[i]
		var next node
		if i+1 < len(nodes) {
			next = nodes[i+1]
		}
		switch {
		case n.Is("QUALIFY") && len(out) > 0 && operand(out[len(out)-1]) && operand(next):
			return nil, mismatched(n.Token)
		case n.Is("UNNEST") && next.bracket("("):
			made, used, err := t.unnest(nodes[i:])
			if err != nil {
				return nil, err
			}
			out, i = append(out, made...), i+used-1
		case n.Kind == lex.Word && next.bracket("(") && calls(out, nodes, i):
			call, err := t.call(n, next)
			if err != nil {
				return nil, err
			}
			call, used, err := t.trailed(call, nodes[i+2:])
			if err != nil {
				return nil, err
			}
			out, i = append(out, call), i+1+used
		case n.Is("IGNORE", "RESPECT") && next.Is("NULLS") && len(out) > 0 && strings.HasSuffix(out[len(out)-1].done, ")"):
			last := &out[len(out)-1]
			if n.Is("IGNORE") {
				last.done = strings.TrimSuffix(last.done, ")") + " IGNORE NULLS)"
			}
			i++
		case n.Is("AT") && next.Is("TIME") && i+3 < len(nodes) && nodes[i+2].Is("ZONE"):
			zone, used, err := t.operandAfter(nodes[i+3:])
			if err != nil {
				return nil, err
			}
			from := operandStart(out)
			out = append(out[:from:from], sql(n.Token, "hydrant_at_timezone(%s, %s)", print(out[from:]), zone))
			i += 2 + used
		case n.Is("+", "-") && next.Is("INTERVAL") && len(out) > 0 && operand(out[len(out)-1]) && plainInterval(nodes[i+1:]):
			from := operandStart(out)
			out = append(out[:from:from], sql(n.Token, "hydrant_plus(%s, %sINTERVAL %s %s)", print(out[from:]), strings.Trim(n.Raw, "+"), nodes[i+2].Raw, nodes[i+3].Raw))
			i += 3
		case n.Is("TABLESAMPLE") && i+2 < len(nodes) && nodes[i+2].bracket("("):
			out = append(out, sql(n.Token, "TABLESAMPLE %s(%s%%)", strings.ToLower(next.Raw), print(nodes[i+2].kids)))
			i += 2
		case n.Is("X") && next.Kind == lex.Text && next.Line == n.Line && next.Col == n.Col+1:
			out = append(out, sql(n.Token, "unhex(%s)", quote(next.Value)))
			i++
		case n.Is("TIMESTAMP") && next.Kind == lex.Text && zoned(next.Value):
			out = append(out, sql(n.Token, "TIMESTAMPTZ %s", next.Raw))
			i++
		case n.Is("DECIMAL") && next.Kind == lex.Text:
			out = append(out, sql(n.Token, "(%s)", next.Value))
			i++
		case t.paths && n.Is("*") && (len(out) == 0 || !operand(out[len(out)-1]) || out[len(out)-1].Is("DISTINCT")):
			if len(out) > 0 && out[len(out)-1].Is(".") {
				return nil, wrong("NOT_SUPPORTED", n.Token, `t.* beside "$path" is not supported here; name the columns`)
			}
			out = append(out, sql(n.Token, `COLUMNS(lambda c: c <> '$path')`))
		case n.open != "":
			inner, err := t.sequence(n.kids)
			if err != nil {
				return nil, err
			}
			n.kids = inner
			out = append(out, n)
		case n.Kind == lex.Word && reserved[strings.ToLower(n.Raw)]:
			out = append(out, sql(n.Token, "%s", ident(strings.ToLower(n.Raw))))
		default:
			out = append(out, n)
		}
	}
	return out, nil
}

// calls tells whether the word at i and the bracket behind it are a function call, not a keyword, a
// type, or a name with columns: AS t (x, y), UNNEST(a) t (x), WITH t (x) AS (…).
func calls(out, nodes []node, i int) bool {
	if keywords[strings.ToLower(nodes[i].Raw)] {
		return false
	}
	if len(out) > 0 {
		prev := out[len(out)-1]
		if prev.Is("AS", "RECURSIVE") || prev.Is("WITH") || operand(prev) && !prev.Is("THEN", "ELSE") {
			return false
		}
	}
	return !(i+3 < len(nodes) && nodes[i+2].Is("AS") && nodes[i+3].bracket("("))
}

// operandStart is where the operand at the end of nodes begins: a.b.c, f(x)[1], TIMESTAMP 'x'.
func operandStart(out []node) int {
	i := len(out) - 1
	for i > 0 && (out[i-1].Is(".") || out[i].Is(".") || out[i].open == "[") {
		i--
	}
	if i > 0 && out[i].Kind == lex.Text && out[i-1].Is("TIMESTAMP", "DATE", "TIME") {
		i--
	}
	return i
}

// operandAfter translates the operand nodes begin with and tells how many nodes it took.
func (t *translator) operandAfter(nodes []node) (string, int, error) {
	n := 1
	if len(nodes) > 1 && nodes[0].Kind == lex.Word && nodes[1].bracket("(") {
		n = 2
	}
	for n+1 < len(nodes) && nodes[n].Is(".") {
		n += 2
	}
	out, err := t.sequence(nodes[:n])
	return print(out), n, err
}

// plainInterval: INTERVAL 'n' unit that is not multiplied.
func plainInterval(nodes []node) bool {
	return len(nodes) >= 3 && nodes[1].Kind == lex.Text && nodes[2].Kind == lex.Word &&
		(len(nodes) == 3 || !nodes[3].Is("*", "/", "TO"))
}

// zoned: a timestamp's text names a zone or an offset.
func zoned(s string) bool {
	if len(s) <= len("2006-01-02") {
		return false
	}
	rest := strings.TrimLeft(s[len("2006-01-02"):], " T0123456789:.")
	return rest != ""
}
