package glue

import (
	"slices"
	"strings"
	"unicode"
)

type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenWord             // a keyword or a key, in any case
	tokenText             // quoted
	tokenNumber           // unquoted
	tokenSign             // operators, brackets, comma
)

type token struct {
	kind tokenKind
	text string
}

// scanFilter cuts an expression into tokens, a tokenEnd last. ok is false where a character or a
// quote has no place.
func scanFilter(s string) (tokens []token, ok bool) {
	r := []rune(s)
	for i := 0; i < len(r); {
		c := r[i]
		switch {
		case unicode.IsSpace(c):
			i++
		case c == '\'' || c == '"':
			var b strings.Builder
			for i++; ; i++ {
				if i >= len(r) {
					return nil, false
				}
				if r[i] == c {
					if i+1 < len(r) && r[i+1] == c { // a doubled quote is one
						i++
					} else {
						break
					}
				}
				b.WriteRune(r[i])
			}
			i++
			tokens = append(tokens, token{tokenText, b.String()})
		case unicode.IsLetter(c) || c == '_' || c == '`':
			start := i
			for i < len(r) && (unicode.IsLetter(r[i]) || unicode.IsDigit(r[i]) || strings.ContainsRune("_.`-", r[i])) {
				i++
			}
			tokens = append(tokens, token{tokenWord, strings.Trim(string(r[start:i]), "`")})
		case unicode.IsDigit(c) || c == '-' || c == '+' || c == '.':
			start := i
			for i++; i < len(r) && (unicode.IsDigit(r[i]) || r[i] == '.'); i++ {
			}
			tokens = append(tokens, token{tokenNumber, string(r[start:i])})
		default:
			sign := string(c)
			if i+1 < len(r) && slices.Contains([]string{"<>", "!=", "<=", ">="}, string(r[i:i+2])) {
				sign = string(r[i : i+2])
			}
			if !strings.Contains("(),=<>!=<=>=", sign) || sign == "!" {
				return nil, false
			}
			i += len(sign)
			tokens = append(tokens, token{tokenSign, sign})
		}
	}
	return append(tokens, token{}), true
}

type filterParser struct {
	text   string
	tokens []token
	next   int
	keys   []Column
}

func (p *filterParser) peek() token { return p.tokens[p.next] }

func (p *filterParser) take() token {
	t := p.tokens[p.next]
	if t.kind != tokenEnd {
		p.next++
	}
	return t
}

// accept takes the next token if it is the given keyword or sign.
func (p *filterParser) accept(what string) bool {
	t := p.peek()
	if (t.kind == tokenWord || t.kind == tokenSign) && strings.EqualFold(t.text, what) {
		p.next++
		return true
	}
	return false
}

func (p *filterParser) unsupported() error { return invalid("Unsupported expression '%s'", p.text) }

func (p *filterParser) or() (condition, error) {
	left, err := p.and()
	for err == nil && p.accept("OR") {
		var right condition
		a := left
		if right, err = p.and(); err == nil {
			left = func(v []string) truth { return max(a(v), right(v)) }
		}
	}
	return left, err
}

func (p *filterParser) and() (condition, error) {
	left, err := p.not()
	for err == nil && p.accept("AND") {
		var right condition
		a := left
		if right, err = p.not(); err == nil {
			left = func(v []string) truth { return min(a(v), right(v)) }
		}
	}
	return left, err
}

func negate(c condition) condition {
	return func(v []string) truth { return yes - c(v) }
}

func (p *filterParser) not() (condition, error) {
	if p.accept("NOT") {
		c, err := p.not()
		if err != nil {
			return nil, err
		}
		return negate(c), nil
	}
	if p.accept("(") {
		c, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.accept(")") {
			return nil, p.unsupported()
		}
		return c, nil
	}
	return p.test()
}

func (p *filterParser) test() (condition, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if p.accept("IS") {
		not := p.accept("NOT")
		if !p.accept("NULL") || left.index < 0 {
			return nil, p.unsupported()
		}
		c := func(v []string) truth { return truthOf(!left.value(left.kind, v).ok) }
		if not {
			return negate(c), nil
		}
		return c, nil
	}
	not := p.accept("NOT")
	var c condition
	switch {
	case p.accept("IN"):
		c, err = p.in(left)
	case p.accept("BETWEEN"):
		c, err = p.between(left)
	case p.accept("LIKE"):
		c, err = p.like(left)
	case not:
		return nil, p.unsupported()
	default:
		return p.comparison(left)
	}
	if err != nil {
		return nil, err
	}
	if not {
		return negate(c), nil
	}
	return c, nil
}

func (p *filterParser) comparison(left operand) (condition, error) {
	sign := p.take()
	holds, ok := map[string]func(order int) bool{
		"=":  func(o int) bool { return o == 0 },
		"<>": func(o int) bool { return o != 0 },
		"!=": func(o int) bool { return o != 0 },
		"<":  func(o int) bool { return o < 0 },
		"<=": func(o int) bool { return o <= 0 },
		">":  func(o int) bool { return o > 0 },
		">=": func(o int) bool { return o >= 0 },
	}[sign.text]
	if sign.kind != tokenSign || !ok {
		return nil, p.unsupported()
	}
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	k, err := p.meet(left, right)
	if err != nil {
		return nil, err
	}
	return func(v []string) truth {
		order, known := k.compare(left.value(k, v), right.value(k, v))
		if !known {
			return unknown
		}
		return truthOf(holds(order))
	}, nil
}

func (p *filterParser) in(left operand) (condition, error) {
	if !p.accept("(") {
		return nil, p.unsupported()
	}
	var list []operand
	for {
		o, err := p.operand()
		if err != nil {
			return nil, err
		}
		list = append(list, o)
		if p.accept(")") {
			break
		}
		if !p.accept(",") {
			return nil, p.unsupported()
		}
	}
	k, err := p.meet(append(list, left)...)
	if err != nil {
		return nil, err
	}
	return func(v []string) truth {
		result := no
		for _, o := range list {
			order, known := k.compare(left.value(k, v), o.value(k, v))
			switch {
			case !known:
				result = unknown
			case order == 0:
				return yes
			}
		}
		return result
	}, nil
}

func (p *filterParser) between(left operand) (condition, error) {
	low, err := p.operand()
	if err != nil {
		return nil, err
	}
	if !p.accept("AND") {
		return nil, p.unsupported()
	}
	high, err := p.operand()
	if err != nil {
		return nil, err
	}
	k, err := p.meet(left, low, high)
	if err != nil {
		return nil, err
	}
	return func(v []string) truth {
		a, knownA := k.compare(left.value(k, v), low.value(k, v))
		b, knownB := k.compare(left.value(k, v), high.value(k, v))
		if !knownA || !knownB {
			return unknown
		}
		return truthOf(a >= 0 && b <= 0)
	}, nil
}

func (p *filterParser) like(left operand) (condition, error) {
	pattern := p.take()
	if pattern.kind != tokenText {
		return nil, p.unsupported()
	}
	if left.index >= 0 && left.kind != kindText {
		return nil, p.unsupported()
	}
	runes := []rune(pattern.text)
	return func(v []string) truth {
		d := left.value(kindText, v)
		if !d.ok {
			return unknown
		}
		return truthOf(like([]rune(d.text), runes))
	}, nil
}

func (p *filterParser) operand() (operand, error) {
	t := p.take()
	switch t.kind {
	case tokenText, tokenNumber:
		return operand{index: -1, literal: t.text}, nil
	case tokenWord:
		if next := p.peek(); next.kind == tokenText && (strings.EqualFold(t.text, "date") || strings.EqualFold(t.text, "timestamp")) {
			p.take()
			return operand{index: -1, literal: next.text}, nil
		}
		name := strings.ToLower(t.text)
		i := slices.IndexFunc(p.keys, func(c Column) bool { return c.Name == name })
		if i < 0 {
			return operand{}, invalid("Unknown column '%s'", t.text)
		}
		k, ok := kindOf(p.keys[i].Type)
		if !ok {
			return operand{}, invalid("Unsupported partition key type '%s' of column '%s'", p.keys[i].Type, name)
		}
		return operand{index: i, kind: k}, nil
	}
	return operand{}, p.unsupported()
}

// meet is the kind in which operands compare: that of the first key among them. Literals must be
// of that kind.
func (p *filterParser) meet(operands ...operand) (kind, error) {
	k, found := kindText, false
	for _, o := range operands {
		if o.index >= 0 && !found {
			k, found = o.kind, true
		}
	}
	for _, o := range operands {
		if o.index < 0 && !k.read(o.literal).ok && o.literal != hiveNull {
			return k, invalid("'%s' is not %s", o.literal, map[kind]string{
				kindNumber: "a number", kindDate: "a date", kindTimestamp: "a timestamp",
			}[k])
		}
	}
	return k, nil
}
