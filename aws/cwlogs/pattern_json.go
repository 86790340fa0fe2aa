package cwlogs

import (
	"encoding/json"
	"strconv"
	"strings"
)

// A JSON pattern is a condition in braces:
//
//	{ ($.status >= 500 || $.error EXISTS) && $.path = "/api/*" }
//	test     = selector ( = != < <= > >= ) value
//	         | selector IS ( NULL | TRUE | FALSE ) | selector [NOT] EXISTS
//	selector = $ { .name | ['name'] | [index] | [*] }
//
// A value that is not there makes every comparison false; NOT EXISTS asks for it. Only messages that
// are JSON objects match. [*] matches where any element does.

func parseJSONPattern(p string) (func(string) bool, error) {
	s := &scanner{rest: p[1:]}
	holds, err := logic(s, s.jsonTest)
	if err != nil {
		return nil, err
	}
	if !s.accept("}") {
		return nil, badPattern("'}' is missing at '" + s.rest + "'")
	}
	if s.skip(); s.rest != "" {
		return nil, badPattern("nothing may follow '}'")
	}
	return func(message string) bool {
		if !strings.HasPrefix(strings.TrimLeft(message, " \t\r\n"), "{") {
			return false
		}
		var doc map[string]any
		return json.Unmarshal([]byte(message), &doc) == nil && holds(any(doc))
	}, nil
}

// step is one step of a selector: a member, an element, or any element.
type step struct {
	name  string
	index int // -1: a member; anyElement: [*]
}

const anyElement = -2

func (s *scanner) jsonTest() (func(any) bool, error) {
	path, err := s.selector()
	if err != nil {
		return nil, err
	}
	switch {
	case s.word("IS"):
		switch {
		case s.word("NULL"):
			return some(path, func(v any) bool { return v == nil }), nil
		case s.word("TRUE"):
			return some(path, func(v any) bool { return v == true }), nil
		case s.word("FALSE"):
			return some(path, func(v any) bool { return v == false }), nil
		}
		return nil, badPattern("IS needs NULL, TRUE or FALSE")
	case s.word("NOT"):
		if !s.word("EXISTS") {
			return nil, badPattern("NOT needs EXISTS")
		}
		there := some(path, func(any) bool { return true })
		return func(doc any) bool { return !there(doc) }, nil
	case s.word("EXISTS"):
		return some(path, func(any) bool { return true }), nil
	}
	op, ok := s.comparison()
	if !ok {
		return nil, badPattern("an operator is missing at '" + s.rest + "'")
	}
	o, err := s.operand()
	if err == nil {
		err = o.usable(op)
	}
	if err != nil {
		return nil, err
	}
	return some(path, func(v any) bool { return o.holds(op, v) }), nil
}

func (o operand) holds(op string, v any) bool {
	switch v := v.(type) {
	case float64:
		if o.isNum {
			return ordered(op, v, o.number)
		}
		return o.holdsText(op, strconv.FormatFloat(v, 'f', -1, 64))
	case string:
		return o.holdsText(op, v)
	case bool:
		return o.holdsText(op, strconv.FormatBool(v))
	}
	return false // null, objects and arrays compare with nothing
}

func (s *scanner) selector() (path []step, err error) {
	if !s.accept("$") {
		return nil, badPattern("a selector must begin with '$' at '" + s.rest + "'")
	}
	for s.rest != "" {
		switch s.rest[0] {
		case '.':
			s.rest = s.rest[1:]
			if strings.HasPrefix(s.rest, "[") {
				continue
			}
			n := 0
			for n < len(s.rest) && (isAlnum(s.rest[n]) || strings.IndexByte("_-@:$/", s.rest[n]) >= 0) {
				n++
			}
			if n == 0 {
				return nil, badPattern("a name is missing after '.'")
			}
			path, s.rest = append(path, step{s.rest[:n], -1}), s.rest[n:]
		case '[':
			inside, rest, ok := strings.Cut(s.rest[1:], "]")
			if !ok {
				return nil, badPattern("']' is missing")
			}
			st, err := element(strings.TrimSpace(inside))
			if err != nil {
				return nil, err
			}
			path, s.rest = append(path, st), rest
		default:
			return path, nil
		}
	}
	return path, nil
}

func element(inside string) (step, error) {
	if inside == "*" {
		return step{index: anyElement}, nil
	}
	if n := len(inside); n > 2 && (inside[0] == '\'' || inside[0] == '"') && inside[n-1] == inside[0] {
		return step{inside[1 : n-1], -1}, nil
	}
	n, err := strconv.Atoi(inside)
	if err != nil || n < 0 {
		return step{}, badPattern("'[" + inside + "]' is not an element")
	}
	return step{index: n}, nil
}

// some tells whether a value at the path holds.
func some(path []step, holds func(any) bool) func(doc any) bool {
	return func(doc any) bool { return walk(doc, path, holds) }
}

func walk(v any, path []step, holds func(any) bool) bool {
	if len(path) == 0 {
		return holds(v)
	}
	p, rest := path[0], path[1:]
	if p.index == -1 {
		m, _ := v.(map[string]any)
		inner, ok := m[p.name]
		return ok && walk(inner, rest, holds)
	}
	list, _ := v.([]any)
	if p.index == anyElement {
		for _, e := range list {
			if walk(e, rest, holds) {
				return true
			}
		}
		return false
	}
	return p.index < len(list) && walk(list[p.index], rest, holds)
}
