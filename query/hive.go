package query

import (
	"fmt"
	"strings"
)

// DuckType is the DuckDB type of a Hive type.
func DuckType(hive string) (string, error) { return duckType(hive) }

// duckType is the DuckDB type of a Hive type: "array<struct<a:int>>" is STRUCT("a" INTEGER)[].
func duckType(hive string) (string, error) {
	p := &hiveParser{text: strings.TrimSpace(hive)}
	t, err := p.parse()
	if err == nil && p.rest() != "" {
		err = p.bad()
	}
	return t, err
}

type hiveParser struct {
	text string
	at   int
}

func (p *hiveParser) rest() string { return strings.TrimSpace(p.text[p.at:]) }

func (p *hiveParser) bad() error { return fmt.Errorf("type %q is not one of Hive's", p.text) }

// word reads up to a character that ends a name.
func (p *hiveParser) word(stops string) string {
	end := strings.IndexAny(p.text[p.at:], stops)
	if end < 0 {
		end = len(p.text) - p.at
	}
	w := strings.TrimSpace(p.text[p.at : p.at+end])
	p.at += end
	return w
}

// accept skips blanks and takes one character if it is c.
func (p *hiveParser) accept(c byte) bool {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

var hivePlain = map[string]string{
	"boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "integer": "INTEGER",
	"bigint": "BIGINT", "long": "BIGINT", "float": "FLOAT", "real": "FLOAT", "double": "DOUBLE",
	"double precision": "DOUBLE", "string": "VARCHAR", "varchar": "VARCHAR", "char": "VARCHAR", "binary": "BLOB",
	"date": "DATE", "timestamp": "TIMESTAMP", "decimal": "DECIMAL(10,0)", "numeric": "DECIMAL(10,0)",
	"timestamp with local time zone": "TIMESTAMPTZ", "interval": "INTERVAL",
}

func (p *hiveParser) parse() (string, error) {
	name := strings.ToLower(p.word("<>(),:"))
	switch name {
	case "array":
		if !p.accept('<') {
			return "", p.bad()
		}
		element, err := p.parse()
		if err != nil {
			return "", err
		}
		if !p.accept('>') {
			return "", p.bad()
		}
		return element + "[]", nil
	case "map":
		if !p.accept('<') {
			return "", p.bad()
		}
		key, err := p.parse()
		if err != nil {
			return "", err
		}
		if !p.accept(',') {
			return "", p.bad()
		}
		value, err := p.parse()
		if err != nil {
			return "", err
		}
		if !p.accept('>') {
			return "", p.bad()
		}
		return "MAP(" + key + ", " + value + ")", nil
	case "struct", "row":
		return p.structure()
	}
	duck, ok := hivePlain[name]
	if !ok {
		return "", p.bad()
	}
	if !p.accept('(') {
		return duck, nil
	}
	arguments := p.word(")")
	if !p.accept(')') {
		return "", p.bad()
	}
	if name != "decimal" && name != "numeric" {
		return duck, nil // varchar(n), char(n): DuckDB does not bound text
	}
	precision, scale := 0, 0
	if n, _ := fmt.Sscanf(strings.ReplaceAll(arguments, " ", ""), "%d,%d", &precision, &scale); n < 1 || precision < 1 || precision > 38 || scale < 0 || scale > precision {
		return "", p.bad()
	}
	return fmt.Sprintf("DECIMAL(%d,%d)", precision, scale), nil
}

func (p *hiveParser) structure() (string, error) {
	if !p.accept('<') {
		return "", p.bad()
	}
	var fields []string
	for {
		name := strings.Trim(p.word(":<>,"), "`")
		if name == "" || !p.accept(':') {
			return "", p.bad()
		}
		t, err := p.parse()
		if err != nil {
			return "", err
		}
		fields = append(fields, ident(name)+" "+t)
		if p.accept('>') {
			return "STRUCT(" + strings.Join(fields, ", ") + ")", nil
		}
		if !p.accept(',') {
			return "", p.bad()
		}
	}
}

// ident quotes a name for SQL, text a string.
func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
func text(s string) string     { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }
