// Package lex takes SQL text apart into tokens that know where they stand. Both of Athena's dialects
// begin here: Hive's, in which tables are defined (ddl), and Trino's, in which they are asked (trino).
package lex

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Dialect says how text is quoted.
type Dialect int

const (
	// Trino: 'text' with doubled quotes, "name" with doubled quotes.
	Trino Dialect = iota
	// Hive: 'text' or "text" with backslashes, `name`. Every symbol stands alone, so that types may
	// end in ">>".
	Hive
)

// Kind is what a token is.
type Kind int

const (
	End    Kind = iota // after the last token
	Word               // a keyword or a name
	Name               // a quoted name
	Text               // a quoted text
	Number             // digits, with a point or an exponent
	Symbol             // anything else
)

// Token is one piece of SQL.
type Token struct {
	Kind Kind
	Raw  string // as written
	// Value is the name or text without its quotes; otherwise Raw.
	Value     string
	Line, Col int // of its first character, both from 1
	At        int // of its first byte, from 0
}

// Is tells whether a token is one of these words, in any case, or symbols.
func (t Token) Is(any ...string) bool {
	if t.Kind != Word && t.Kind != Symbol {
		return false
	}
	for _, w := range any {
		if strings.EqualFold(t.Raw, w) {
			return true
		}
	}
	return false
}

// Error is text that is no token.
type Error struct {
	Line, Col int
	Message   string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d:%d: %s", e.Line, e.Col, e.Message) }

// Scan takes a text apart. The last token is of Kind End. Comments are left out.
func Scan(sql string, d Dialect) ([]Token, error) {
	s := &scanner{text: sql, dialect: d, line: 1, col: 1}
	var tokens []Token
	for {
		if err := s.blank(); err != nil {
			return nil, err
		}
		t, err := s.next()
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		if t.Kind == End {
			return tokens, nil
		}
	}
}

// First is the first token of a text, whatever follows it.
func First(sql string) Token {
	s := &scanner{text: sql, line: 1, col: 1}
	if s.blank() != nil {
		return Token{Line: 1, Col: 1}
	}
	t, _ := s.next()
	return t
}

type scanner struct {
	text      string
	dialect   Dialect
	at        int
	line, col int
}

// take moves over n bytes.
func (s *scanner) take(n int) {
	for _, r := range s.text[s.at : s.at+n] {
		if s.col++; r == '\n' {
			s.line, s.col = s.line+1, 1
		}
	}
	s.at += n
}

func (s *scanner) rest() string { return s.text[s.at:] }

// blank moves over white space and comments.
func (s *scanner) blank() error {
	for s.at < len(s.text) {
		r, n := utf8.DecodeRuneInString(s.rest())
		switch {
		case unicode.IsSpace(r) || r == '\uFEFF':
			s.take(n)
		case strings.HasPrefix(s.rest(), "--"):
			end := strings.IndexByte(s.rest(), '\n')
			if end < 0 {
				end = len(s.rest())
			}
			s.take(end)
		case strings.HasPrefix(s.rest(), "/*"):
			end := strings.Index(s.rest(), "*/")
			if end < 0 {
				return &Error{s.line, s.col, "comment does not end"}
			}
			s.take(end + 2)
		default:
			return nil
		}
	}
	return nil
}

// pairs are the symbols of two characters in Trino's dialect.
var pairs = []string{"<=", ">=", "<>", "!=", "||", "->", "=>"}

func (s *scanner) next() (Token, error) {
	t := Token{Line: s.line, Col: s.col, At: s.at}
	if s.at == len(s.text) {
		return t, nil
	}
	from := s.at
	r, n := utf8.DecodeRuneInString(s.rest())
	switch {
	case r == '\'' || r == '"' || r == '`':
		value, length, ok := s.quoted(byte(r))
		if !ok {
			return t, &Error{s.line, s.col, fmt.Sprintf("quote %c is not closed", r)}
		}
		s.take(length)
		t.Value, t.Kind = value, Name
		if r == '\'' || r == '"' && s.dialect == Hive {
			t.Kind = Text
		}
	case r >= '0' && r <= '9' || r == '.' && len(s.rest()) > 1 && digit(s.rest()[1]):
		s.take(numberLength(s.rest()))
		t.Kind = Number
	case r == '_' || unicode.IsLetter(r):
		length := strings.IndexFunc(s.rest(), func(r rune) bool { return r != '_' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if length < 0 {
			length = len(s.rest())
		}
		s.take(length)
		t.Kind = Word
	default:
		if s.dialect == Trino {
			for _, p := range pairs {
				if strings.HasPrefix(s.rest(), p) {
					n = len(p)
				}
			}
		}
		s.take(n)
		t.Kind = Symbol
	}
	t.Raw = s.text[from:s.at]
	if t.Kind != Name && t.Kind != Text {
		t.Value = t.Raw
	}
	return t, nil
}

// quoted reads a quoted text: its value and its length with quotes.
func (s *scanner) quoted(quote byte) (value string, length int, ok bool) {
	var b strings.Builder
	text := s.rest()
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && s.dialect == Hive && quote != '`' && i+1 < len(text):
			n := unescape(&b, text[i+1:])
			i += n
		case c != quote:
			b.WriteByte(c)
		case i+1 < len(text) && text[i+1] == quote && (s.dialect == Trino || quote == '`'):
			b.WriteByte(quote)
			i++
		default:
			return b.String(), i + 1, true
		}
	}
	return "", 0, false
}

// unescape writes what stands behind a backslash in Hive's text and tells how long it is.
func unescape(b *strings.Builder, text string) int {
	if len(text) >= 3 && text[0] >= '0' && text[0] <= '1' && octal(text[1]) && octal(text[2]) {
		b.WriteByte((text[0]-'0')<<6 | (text[1]-'0')<<3 | (text[2] - '0'))
		return 3
	}
	if len(text) >= 5 && text[0] == 'u' {
		var r rune
		if n, _ := fmt.Sscanf(text[1:5], "%04x", &r); n == 1 {
			b.WriteRune(r)
			return 5
		}
	}
	switch c := text[0]; c {
	case 'n':
		b.WriteByte('\n')
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	case 'b':
		b.WriteByte('\b')
	case '0':
		b.WriteByte(0)
	default:
		b.WriteByte(c)
	}
	return 1
}

func octal(c byte) bool { return c >= '0' && c <= '7' }
func digit(c byte) bool { return c >= '0' && c <= '9' }

func numberLength(s string) int {
	n := 0
	digits := func() {
		for n < len(s) && digit(s[n]) {
			n++
		}
	}
	digits()
	if n < len(s) && s[n] == '.' {
		n++
		digits()
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		mark := n
		if n++; n < len(s) && (s[n] == '+' || s[n] == '-') {
			n++
		}
		if n == len(s) || !digit(s[n]) {
			return mark
		}
		digits()
	}
	return n
}
