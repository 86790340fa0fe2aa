package cwlogs

import (
	"regexp"
	"strconv"
	"strings"
)

// scanner reads conditions, as the JSON and the field patterns hold them.
type scanner struct{ rest string }

func (s *scanner) skip() { s.rest = strings.TrimLeft(s.rest, " \t\r\n") }

// accept takes text if it comes next.
func (s *scanner) accept(text string) bool {
	s.skip()
	if rest, ok := strings.CutPrefix(s.rest, text); ok {
		s.rest = rest
		return true
	}
	return false
}

// word takes a keyword, in any case, if it comes next and ends there.
func (s *scanner) word(w string) bool {
	s.skip()
	if len(s.rest) < len(w) || !strings.EqualFold(s.rest[:len(w)], w) {
		return false
	}
	if len(s.rest) > len(w) && (s.rest[len(w)] == '_' || isAlnum(s.rest[len(w)])) {
		return false
	}
	s.rest = s.rest[len(w):]
	return true
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// comparison takes one of = != < <= > >=.
func (s *scanner) comparison() (string, bool) {
	for _, op := range []string{"!=", "<=", ">=", "=", "<", ">"} {
		if s.accept(op) {
			return op, true
		}
	}
	return "", false
}

// operand is the right side of a comparison: a number, a text with wildcards, or a regular expression.
type operand struct {
	text   string
	number float64
	isNum  bool
	re     *regexp.Regexp
}

func (s *scanner) operand() (o operand, err error) {
	s.skip()
	switch {
	case s.rest == "":
		return o, badPattern("a value is missing")
	case s.rest[0] == '"':
		text, rest, ok := quoted(s.rest)
		if !ok {
			return o, badPattern("a quote is not closed")
		}
		s.rest = rest
		return operand{text: text}, nil
	case s.rest[0] == '%':
		body, rest, ok := strings.Cut(s.rest[1:], "%")
		if !ok {
			return o, badPattern("a regular expression is not closed with %")
		}
		s.rest = rest
		o.re, err = compile(body)
		return o, err
	}
	end := strings.IndexAny(s.rest, " \t\r\n)}],&|=<>\"")
	if end < 0 {
		end = len(s.rest)
	}
	if end == 0 {
		return o, badPattern("a value is missing at '" + s.rest + "'")
	}
	o.text, s.rest = s.rest[:end], s.rest[end:]
	o.number, err = strconv.ParseFloat(o.text, 64)
	o.isNum = err == nil
	return o, nil
}

// usable: an order needs a number.
func (o operand) usable(op string) error {
	if op != "=" && op != "!=" && !o.isNum {
		return badPattern("'" + op + "' needs a number")
	}
	return nil
}

func ordered(op string, a, b float64) bool {
	switch op {
	case "=":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}

// holdsText compares a text with the operand.
func (o operand) holdsText(op, text string) bool {
	if op == "=" || op == "!=" {
		same := false
		switch {
		case o.re != nil:
			same = o.re.MatchString(text)
		case o.isNum:
			n, err := strconv.ParseFloat(text, 64)
			same = err == nil && n == o.number || text == o.text
		default:
			same = wild(o.text, text)
		}
		return same == (op == "=")
	}
	n, err := strconv.ParseFloat(text, 64)
	return err == nil && ordered(op, n, o.number)
}

// logic reads tests joined by && and ||, with brackets.
func logic[T any](s *scanner, test func() (func(T) bool, error)) (func(T) bool, error) {
	left, err := conjunction(s, test)
	for err == nil && s.accept("||") {
		a := left
		var b func(T) bool
		b, err = conjunction(s, test)
		left = func(v T) bool { return a(v) || b(v) }
	}
	return left, err
}

func conjunction[T any](s *scanner, test func() (func(T) bool, error)) (func(T) bool, error) {
	left, err := bracketed(s, test)
	for err == nil && s.accept("&&") {
		a := left
		var b func(T) bool
		b, err = bracketed(s, test)
		left = func(v T) bool { return a(v) && b(v) }
	}
	return left, err
}

func bracketed[T any](s *scanner, test func() (func(T) bool, error)) (func(T) bool, error) {
	if !s.accept("(") {
		return test()
	}
	inner, err := logic(s, test)
	if err == nil && !s.accept(")") {
		err = badPattern("a bracket is not closed")
	}
	return inner, err
}
