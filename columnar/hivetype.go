package columnar

import (
	"fmt"
	"strconv"
	"strings"
)

// kind is a Hive type without its parameters.
type kind uint8

const (
	kindBoolean kind = iota
	kindTinyint
	kindSmallint
	kindInt
	kindBigint
	kindFloat
	kindDouble
	kindString
	kindChar
	kindVarchar
	kindBinary
	kindDate
	kindTimestamp
	kindDecimal
	kindArray
	kindMap
	kindStruct
)

var primitives = map[string]kind{
	"boolean": kindBoolean, "tinyint": kindTinyint, "smallint": kindSmallint, "int": kindInt,
	"integer": kindInt, "bigint": kindBigint, "float": kindFloat, "double": kindDouble,
	"string": kindString, "char": kindChar, "varchar": kindVarchar, "binary": kindBinary,
	"date": kindDate, "timestamp": kindTimestamp, "decimal": kindDecimal, "numeric": kindDecimal,
}

// hiveType is a parsed type. Array has elem; map has key and elem; struct has names and fields.
type hiveType struct {
	kind             kind
	length           int // char, varchar
	precision, scale int // decimal
	elem, key        *hiveType
	names            []string
	fields           []*hiveType
}

// typeParser reads Hive's type grammar. Words are case-insensitive; white space may stand between tokens.
type typeParser struct {
	text  string
	at    int
	depth int
}

// maxTypeDepth bounds the nesting of a type; levels are bytes in the columns.
const maxTypeDepth = 64

// typeError says what is wrong with a type, and where in its text.
type typeError struct {
	at  int
	why string
}

func (e *typeError) Error() string { return fmt.Sprintf("%s at position %d", e.why, e.at) }

func parseType(text string) (*hiveType, error) {
	p := &typeParser{text: text}
	t, err := p.parse()
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(text) {
		return nil, p.fail("unexpected %q", text[p.at:])
	}
	return t, nil
}

func (p *typeParser) fail(format string, args ...any) error {
	return &typeError{p.at, fmt.Sprintf(format, args...)}
}

func (p *typeParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// word reads letters, digits and underscores; a struct's names may hold more than a type's.
func (p *typeParser) word() string {
	p.space()
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
		p.at++
	}
	return p.text[start:p.at]
}

// name reads a struct member's name: anything up to the colon, in backquotes or not.
func (p *typeParser) name() (string, error) {
	p.space()
	start := p.at
	if p.at < len(p.text) && p.text[p.at] == '`' {
		end := strings.IndexByte(p.text[p.at+1:], '`')
		if end < 0 {
			return "", p.fail("a backquote without its end")
		}
		p.at += end + 2
		return p.text[start+1 : p.at-1], nil
	}
	for p.at < len(p.text) && strings.IndexByte(":<>,()", p.text[p.at]) < 0 {
		p.at++
	}
	name := strings.TrimRight(p.text[start:p.at], " \t\r\n")
	if name == "" {
		return "", p.fail("expected a member name")
	}
	return name, nil
}

func (p *typeParser) next(c byte) bool {
	if p.space(); p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *typeParser) expect(c byte) error {
	if p.next(c) {
		return nil
	}
	if p.at == len(p.text) {
		return p.fail("expected '%c' but the type ends", c)
	}
	return p.fail("expected '%c' but found '%c'", c, p.text[p.at])
}

func (p *typeParser) parse() (*hiveType, error) {
	if p.depth++; p.depth > maxTypeDepth {
		return nil, p.fail("nested deeper than %d", maxTypeDepth)
	}
	defer func() { p.depth-- }()
	p.space()
	start := p.at
	word := strings.ToLower(p.word())
	switch word {
	case "array":
		return p.container(&hiveType{kind: kindArray})
	case "map":
		return p.container(&hiveType{kind: kindMap})
	case "struct":
		return p.members()
	}
	k, ok := primitives[word]
	if !ok {
		p.at = start
		if word == "" {
			return nil, p.fail("expected a type")
		}
		return nil, p.fail("unknown type %q", word)
	}
	t := &hiveType{kind: k}
	var err error
	switch k {
	case kindChar:
		t.length, err = p.length(255)
	case kindVarchar:
		t.length, err = p.length(65535)
	case kindDecimal:
		t.precision, t.scale = 10, 0
		if p.next('(') {
			if t.precision, err = p.number(1, 38, "precision"); err != nil {
				return nil, err
			}
			if p.next(',') {
				if t.scale, err = p.number(0, t.precision, "scale"); err != nil {
					return nil, err
				}
			}
			err = p.expect(')')
		}
	}
	return t, err
}

func (p *typeParser) length(most int) (int, error) {
	if err := p.expect('('); err != nil {
		return 0, err
	}
	n, err := p.number(1, most, "length")
	if err != nil {
		return 0, err
	}
	return n, p.expect(')')
}

func (p *typeParser) number(least, most int, what string) (int, error) {
	p.space()
	start := p.at
	n, err := strconv.Atoi(p.word())
	if err != nil || n < least || n > most {
		p.at = start
		return 0, p.fail("%s must be a number between %d and %d", what, least, most)
	}
	return n, nil
}

func (p *typeParser) container(t *hiveType) (*hiveType, error) {
	err := p.expect('<')
	if err == nil && t.kind == kindMap {
		start := p.at
		if t.key, err = p.parse(); err == nil {
			if t.key.kind >= kindArray {
				p.at = start
				return nil, p.fail("the key of a map must be a primitive type")
			}
			err = p.expect(',')
		}
	}
	if err == nil {
		t.elem, err = p.parse()
	}
	if err == nil {
		err = p.expect('>')
	}
	return t, err
}

func (p *typeParser) members() (*hiveType, error) {
	t := &hiveType{kind: kindStruct}
	if err := p.expect('<'); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for {
		start := p.at
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		if name = strings.ToLower(name); seen[name] {
			p.at = start
			return nil, p.fail("member %q is declared twice", name)
		}
		seen[name] = true
		if err := p.expect(':'); err != nil {
			return nil, err
		}
		member, err := p.parse()
		if err != nil {
			return nil, err
		}
		t.names = append(t.names, name)
		t.fields = append(t.fields, member)
		if p.next(',') {
			continue
		}
		return t, p.expect('>')
	}
}
