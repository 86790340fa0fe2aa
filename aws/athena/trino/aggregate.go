package trino

import (
	"fmt"
	"strings"
)

// behind marks in a translated call where FILTER and OVER belong, where the call is more than one aggregate.
const behind = "\x00"

// listagg: what orders its values stands behind the call, in WITHIN GROUP.
func listagg(c *call) (string, error) {
	separator := "''"
	switch len(c.args) {
	case 1:
	case 2:
		separator = c.sql[1]
	default:
		return "", c.arity()
	}
	if strings.Contains(strings.ToUpper(separator), "OVERFLOW") {
		return "", wrong("NOT_SUPPORTED", c.name.Token, "ON OVERFLOW is not supported here")
	}
	return fmt.Sprintf("string_agg(%s, %s%s)", c.sql[0], separator, behind), nil
}

// trailed puts the clauses behind an aggregate where they belong and tells how many nodes they were.
func (t *translator) trailed(call node, rest []node) (node, int, error) {
	if !strings.Contains(call.done, behind) {
		return call, 0, nil
	}
	used, clauses := 0, ""
	if strings.HasPrefix(call.done, "string_agg(") {
		if len(rest) < 3 || !rest[0].Is("WITHIN") || !rest[1].Is("GROUP") || !rest[2].bracket("(") {
			return call, 0, wrong("SYNTAX_ERROR", call.Token, "mismatched input. Expecting: 'WITHIN'")
		}
		order, err := t.sequence(rest[2].kids)
		if err != nil {
			return call, 0, err
		}
		call.done = strings.ReplaceAll(call.done, behind, " "+print(order))
		return call, 3, nil
	}
	for _, clause := range []string{"FILTER", "OVER"} {
		if len(rest) < used+2 || !rest[used].Is(clause) {
			continue
		}
		inner := []node{rest[used+1]}
		if inner[0].open != "" {
			kids, err := t.sequence(inner[0].kids)
			if err != nil {
				return call, 0, err
			}
			inner[0].kids = kids
		}
		clauses += " " + clause + " " + print(inner)
		used += 2
	}
	call.done = strings.ReplaceAll(call.done, behind, clauses)
	return call, used, nil
}
