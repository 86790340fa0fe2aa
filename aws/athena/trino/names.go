package trino

import (
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/lex"
)

// Trino reserves fewer words than DuckDB does: first, range, offset or desc may name a column there. Such
// words are quoted where they are names, so that neither what follows here nor DuckDB takes them for keywords.

// foreign are words of DuckDB's that no query of Trino has as keywords.
var foreign = set(`analyse analyze anti asof asymmetric authorization binary check collate collation column concurrently
	default deferrable do foreign freeze generated glob ilike initially isnull lambda notnull overlaps pivot pivot_longer
	pivot_wider placing positional primary references semi show similar summarize symmetric unique unpack unpivot variadic verbose`)

// double are words that are keywords in some places of a query and may be names in all others.
var double = set(`all any array asc at bernoulli both current desc fetch filter first following groups ignore interval last
	lateral leading limit nulls offset only ordinality over partition preceding qualify range respect returning rows sets some
	system tablesample to trailing unbounded window`)

// trailing are keywords behind an operand, even where it could be given a name.
var trailing = set(`asc desc following nulls only ordinality preceding qualify rows`)

// starts are words an operand or a table is expected after; joins may follow a table, and clauses anything.
var (
	starts  = set(`select distinct where on having when then else case between and or not by like escape from join with recursive using is in`)
	follows = set(`as and or is in not like between when then else end from where group order having union except intersect on join
		left right full inner cross natural using asc desc limit offset fetch escape`)
)

var symbols = strings.Fields("= < > <> != <= >= + - * / % || -> =>")

// names quotes the words that are names.
func names(tokens []lex.Token) []lex.Token {
	var opens []string // what stands before each bracket that is open
	for i, t := range tokens {
		var prev, next lex.Token
		if i > 0 {
			prev = tokens[i-1]
		}
		if i+1 < len(tokens) {
			next = tokens[i+1]
		}
		switch {
		case t.Is("(", "["):
			opens = append(opens, strings.ToLower(prev.Raw))
		case t.Is(")", "]") && len(opens) > 0:
			opens = opens[:len(opens)-1]
		case t.Kind == lex.Word:
			within := ""
			if len(opens) > 0 {
				within = opens[len(opens)-1]
			}
			if w := strings.ToLower(t.Raw); foreign[w] && (!next.Is("(") || prev.Is("AS")) || double[w] && isName(w, within, prev, next) {
				tokens[i].Kind, tokens[i].Value, tokens[i].Raw = lex.Name, t.Raw, ident(t.Raw)
			}
		}
	}
	return tokens
}

// isName tells whether a word that may be a keyword is a name, by what stands around it. within is the word
// before the bracket it stands in.
func isName(w, within string, prev, next lex.Token) bool {
	switch {
	case prev.Is(".") || next.Is("."):
		return true
	case within == "trim" && prev.Is("("): // trim(BOTH FROM x)
		return false
	case prev.Is("AS"):
		return within != "cast" && within != "try_cast"
	case prev.Is("WITH") && w == "ordinality", prev.Is("NULLS", "FETCH", "TABLESAMPLE", "LIMIT"):
		return false
	case w == "all" && prev.Is("SELECT") && next.Is("*"):
		return false
	}
	begins := prev.Is("(", "[", ",") || prev.Is(symbols...) || prev.Kind == lex.Word && starts[strings.ToLower(prev.Raw)]
	if next.Is("BETWEEN") && (prev.Is("(") || !begins) { // the frame of a window
		return false
	}
	if begins && next.Is("NULLS", "ROWS", "RANGE", "GROUPS") { // ORDER BY last NULLS FIRST, … range RANGE BETWEEN …
		return true
	}
	ends := next.Kind == lex.End || next.Is(symbols...) || next.Is(",", ")", "]") || next.Kind == lex.Word && follows[strings.ToLower(next.Raw)]
	if !ends {
		// A table's or a column's name before its alias: FROM range r, first x.
		return prev.Is("FROM", "JOIN") && (next.Kind == lex.Word && !next.Is("(") || next.Kind == lex.Name)
	}
	if begins {
		return true
	}
	operand := prev.Kind == lex.Name || prev.Kind == lex.Text || prev.Kind == lex.Number || prev.Is(")", "]") ||
		prev.Kind == lex.Word && (!keywords[strings.ToLower(prev.Raw)] || bare[strings.ToLower(prev.Raw)])
	// Behind an operand it is the name given to that.
	return operand && !trailing[w] && (next.Kind == lex.End || next.Is(",", ")") || next.Kind == lex.Word && !next.Is("AS"))
}
