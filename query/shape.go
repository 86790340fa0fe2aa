package query

import "strings"

// catalogName is what Athena calls the catalog, in awsdatacatalog.database.table.
const catalogName = "awsdatacatalog"

// Decimal is a number in decimal digits, all of its scale: "1.50".
type Decimal string

// Struct is a value with named fields, in declared order.
type Struct []Field

// Field is one field of a Struct.
type Field struct {
	Name  string
	Value any
}

// Map is a value of key and value pairs, in stored order.
type Map []Entry

// Entry is one pair of a Map.
type Entry struct{ Key, Value any }

// shape is a DuckDB type taken apart. A list has one part, a map two, a struct one per field.
type shape struct {
	name      string // LIST, MAP, STRUCT or the plain name
	arguments string // "10,2" of a DECIMAL
	field     string // as a part of a struct
	parts     []shape
}

func (s shape) part(i int) shape {
	if i < len(s.parts) {
		return s.parts[i]
	}
	return shape{}
}

// parseShape reads a type as DuckDB prints it: STRUCT("a b" INTEGER, c MAP(VARCHAR, INTEGER))[].
func parseShape(t string) shape {
	t = strings.TrimSpace(t)
	if strings.HasSuffix(t, "]") {
		return shape{name: "LIST", parts: []shape{parseShape(t[:strings.LastIndexByte(t, '[')])}}
	}
	open := strings.IndexByte(t, '(')
	if open < 0 || !strings.HasSuffix(t, ")") {
		return shape{name: t}
	}
	s := shape{name: t[:open]}
	switch s.name {
	case "MAP":
		for _, p := range splitTop(t[open+1 : len(t)-1]) {
			s.parts = append(s.parts, parseShape(p))
		}
	case "STRUCT":
		for _, p := range splitTop(t[open+1 : len(t)-1]) {
			name, rest := cutName(strings.TrimSpace(p))
			part := parseShape(rest)
			part.field = name
			s.parts = append(s.parts, part)
		}
	default:
		s.arguments = t[open+1 : len(t)-1]
	}
	return s
}

// splitTop splits at commas outside of brackets and quotes.
func splitTop(s string) (parts []string) {
	depth, quoted, start := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted // a doubled quote toggles twice
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// cutName takes a field's name, quoted or not, off its type.
func cutName(s string) (name, rest string) {
	if !strings.HasPrefix(s, `"`) {
		name, rest, _ = strings.Cut(s, " ")
		return name, rest
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		return strings.ReplaceAll(s[1:i], `""`, `"`), s[i+1:]
	}
	return s, ""
}

// Type is a DuckDB type taken apart: the type of a Column of a Result.
type Type struct {
	Kind      string // LIST, MAP, STRUCT, or the plain name: "DECIMAL"
	Arguments string // "10,2" of a DECIMAL
	Field     string // the name it has as a part of a STRUCT
	Parts     []Type // of a LIST one, of a MAP two, of a STRUCT one per field
}

// ParseType takes a type apart.
func ParseType(t string) Type { return parseShape(t).export() }

func (s shape) export() Type {
	t := Type{Kind: s.name, Arguments: s.arguments, Field: s.field}
	for _, p := range s.parts {
		t.Parts = append(t.Parts, p.export())
	}
	return t
}
