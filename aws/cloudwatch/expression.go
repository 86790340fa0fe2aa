package cloudwatch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// An expression of metric math:
//
//	sum     = product { ( "+" | "-" ) product }
//	product = unary { ( "*" | "/" ) unary }
//	unary   = "-" unary | power
//	power   = atom [ "^" unary ]
//	atom    = number | string | id | function "(" [ sum { "," sum } ] ")" | "(" sum ")" | "[" sum { "," sum } "]"
//
// Ids begin with a small letter; functions are written in any case.

// node is a parsed expression.
type node interface{}

type (
	number   float64
	text     string
	name     string // of a query, or a word such as REPEAT
	negated  struct{ of node }
	reckoned struct {
		op   byte
		a, b node
	}
	call struct {
		function string // upper case
		args     []node
	}
	array []node
)

// maxDepth is how deep an expression may nest.
const maxDepth = 100

type parser struct {
	src   string
	at    int
	depth int
}

func parse(src string) (node, error) {
	p := &parser{src: src}
	n, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(src) {
		return nil, p.unexpected()
	}
	return n, nil
}

func (p *parser) unexpected() error {
	if p.at >= len(p.src) {
		return errors.New("it ends too early.")
	}
	return fmt.Errorf("unexpected %q at character %d.", p.src[p.at], p.at+1)
}

func (p *parser) space() {
	for p.at < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.at]) >= 0 {
		p.at++
	}
}

// take moves over one of the characters, if it comes next.
func (p *parser) take(chars string) (byte, bool) {
	p.space()
	if p.at < len(p.src) && strings.IndexByte(chars, p.src[p.at]) >= 0 {
		p.at++
		return p.src[p.at-1], true
	}
	return 0, false
}

func (p *parser) sum() (node, error) { return p.chain("+-", p.product) }

func (p *parser) product() (node, error) { return p.chain("*/", p.unary) }

func (p *parser) chain(ops string, part func() (node, error)) (node, error) {
	a, err := part()
	for err == nil {
		op, ok := p.take(ops)
		if !ok {
			return a, nil
		}
		var b node
		b, err = part()
		a = reckoned{op, a, b}
	}
	return nil, err
}

func (p *parser) unary() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, errors.New("it nests too deep.")
	}
	defer func() { p.depth-- }()
	if _, ok := p.take("-"); ok {
		of, err := p.unary()
		return negated{of}, err
	}
	a, err := p.atom()
	if err != nil {
		return nil, err
	}
	if _, ok := p.take("^"); ok {
		b, err := p.unary()
		return reckoned{'^', a, b}, err
	}
	return a, nil
}

func (p *parser) atom() (node, error) {
	p.space()
	rest := p.src[p.at:]
	switch {
	case rest == "":
		return nil, p.unexpected()
	case rest[0] == '(':
		p.at++
		n, err := p.sum()
		if err != nil {
			return nil, err
		}
		if _, ok := p.take(")"); !ok {
			return nil, p.unexpected()
		}
		return n, nil
	case rest[0] == '[':
		p.at++
		list, err := p.list("]")
		return array(list), err
	case rest[0] == '"' || rest[0] == '\'':
		end := strings.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil, errors.New("a text does not end.")
		}
		p.at += end + 2
		return text(rest[1 : end+1]), nil
	case isDigit(rest[0]) || rest[0] == '.':
		return p.number()
	case isLetter(rest[0]):
		n := 1
		for n < len(rest) && (isLetter(rest[n]) || isDigit(rest[n]) || rest[n] == '_') {
			n++
		}
		p.at += n
		if _, ok := p.take("("); !ok {
			return name(rest[:n]), nil
		}
		function := strings.ToUpper(rest[:n])
		if functions[function] == nil {
			return nil, fmt.Errorf("the function %s is not supported here.", function)
		}
		args, err := p.list(")")
		return call{function, args}, err
	}
	return nil, p.unexpected()
}

// list reads what stands between commas up to a closing character; it may be nothing.
func (p *parser) list(closing string) (list []node, err error) {
	if _, ok := p.take(closing); ok {
		return nil, nil
	}
	for {
		n, err := p.sum()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
		if _, ok := p.take(closing); ok {
			return list, nil
		}
		if _, ok := p.take(","); !ok {
			return nil, p.unexpected()
		}
	}
}

func (p *parser) number() (node, error) {
	n := 0
	rest := p.src[p.at:]
	for n < len(rest) && (isDigit(rest[n]) || rest[n] == '.' ||
		n > 0 && (rest[n] == 'e' || rest[n] == 'E') ||
		n > 0 && (rest[n] == '-' || rest[n] == '+') && (rest[n-1] == 'e' || rest[n-1] == 'E')) {
		n++
	}
	v, err := strconv.ParseFloat(rest[:n], 64)
	if err != nil {
		return nil, fmt.Errorf("%s is not a number.", rest[:n])
	}
	p.at += n
	return number(v), nil
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
