package trino

import (
	"fmt"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/lex"
)

// Error is a statement that is wrong, or not run here, in Athena's words: NAME: line 1:8: message.
type Error struct{ Name, Message string }

func (e *Error) Error() string { return e.Name + ": " + e.Message }

func wrong(name string, at lex.Token, format string, args ...any) *Error {
	return &Error{name, fmt.Sprintf("line %d:%d: %s", at.Line, at.Col, fmt.Sprintf(format, args...))}
}

// node is a token, a bracket with all in it, or SQL that is already DuckDB's.
type node struct {
	lex.Token
	open string // "(" or "[" of a bracket
	kids []node // in the bracket
	done string // SQL of DuckDB; Kind is then made
}

// made is the Kind of a node that is translated.
const made lex.Kind = -1

func sql(at lex.Token, format string, args ...any) node {
	return node{Token: lex.Token{Kind: made, Line: at.Line, Col: at.Col}, done: fmt.Sprintf(format, args...)}
}

func word(at lex.Token, w string) node {
	return node{Token: lex.Token{Kind: lex.Word, Raw: w, Value: w, Line: at.Line, Col: at.Col}}
}

// bracket tells whether a node is one that opens so.
func (n node) bracket(open string) bool { return n.open == open }

// symbols that no statement of Trino holds, at least none that is served here.
const alien = ":;#@{}^&~\\$!"

// tree puts brackets together.
func tree(tokens []lex.Token) ([]node, error) {
	var stack [][]node
	var opens []lex.Token
	var now []node
	for _, t := range tokens {
		switch {
		case t.Kind == lex.End:
			if len(opens) > 0 {
				return nil, wrong("SYNTAX_ERROR", t, "mismatched input '<EOF>'. Expecting: ')'")
			}
			return now, nil
		case t.Kind == lex.Name && strings.HasPrefix(t.Raw, "`"):
			return nil, wrong("SYNTAX_ERROR", t, "backquoted identifiers are not supported; use double quotes to quote identifiers")
		case t.Is("(", "["):
			stack, opens, now = append(stack, now), append(opens, t), nil
		case t.Is(")", "]"):
			if len(opens) == 0 || (t.Raw == ")") != (opens[len(opens)-1].Raw == "(") {
				return nil, mismatched(t)
			}
			last := len(opens) - 1
			group := node{Token: lex.Token{Kind: lex.Symbol, Line: opens[last].Line, Col: opens[last].Col}, open: opens[last].Raw, kids: now}
			now, stack, opens = append(stack[last], group), stack[:last], opens[:last]
		case t.Kind == lex.Symbol && strings.Contains(alien, t.Raw):
			return nil, mismatched(t)
		default:
			now = append(now, node{Token: t})
		}
	}
	return now, nil
}

func mismatched(t lex.Token) *Error {
	raw := t.Raw
	if t.Kind == lex.End {
		raw = "<EOF>"
	}
	return wrong("SYNTAX_ERROR", t, "mismatched input '%s'", raw)
}

// print writes nodes as SQL.
func print(nodes []node) string {
	var b strings.Builder
	printTo(&b, nodes)
	return b.String()
}

func printTo(b *strings.Builder, nodes []node) {
	for i, n := range nodes {
		if i > 0 && !n.Is(".", ",") && !nodes[i-1].Is(".") && n.open != "[" {
			b.WriteByte(' ')
		}
		switch {
		case n.Kind == made:
			b.WriteString(n.done)
		case n.open != "":
			b.WriteString(n.open)
			printTo(b, n.kids)
			b.WriteString(map[string]string{"(": ")", "[": "]"}[n.open])
		default:
			b.WriteString(n.Raw)
		}
	}
}

// split cuts nodes at commas.
func split(nodes []node) (parts [][]node) {
	if len(nodes) == 0 {
		return nil
	}
	from := 0
	for i, n := range nodes {
		if n.Is(",") {
			parts = append(parts, nodes[from:i])
			from = i + 1
		}
	}
	return append(parts, nodes[from:])
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
func ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
