package trino

import (
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/lex"
)

// Statements of Trino's dialect that are a query with something around it: what becomes of its rows.
// They are read here; what they ask is translated like any other query.

// Definition is such a statement.
type Definition struct {
	// Sub is what Athena calls it: CREATE_VIEW, CREATE_TABLE_AS_SELECT, INSERT or UNLOAD.
	Sub             string
	Database, Table string // in lower case; Database may be ""
	Replace         bool   // CREATE OR REPLACE
	IfNotExists     bool
	NoData          bool
	Columns         []string // INSERT INTO t (…)
	To              string   // UNLOAD
	// Properties are those of WITH (…): a text is one value, an ARRAY several.
	Properties map[string][]string
	// Query is the text with blanks in the place of all that is not the query, so that places in it are
	// places in the statement.
	Query string
}

// Wrong is a mistake of the whole statement.
func (d *Definition) Wrong(name, format string, args ...any) *Error {
	return wrong(name, lex.Token{Line: 1, Col: 1}, format, args...)
}

// DefinitionOf tells what Athena calls a statement of this kind; "" where it is none.
func DefinitionOf(text string) string {
	tokens, err := lex.Scan(text, lex.Trino)
	if err != nil {
		return ""
	}
	p := &reader{tokens: tokens}
	switch {
	case p.accept("INSERT"):
		return "INSERT"
	case p.accept("UNLOAD"):
		return "UNLOAD"
	case !p.accept("CREATE"):
		return ""
	case p.accept("VIEW"), p.accept("OR", "REPLACE", "VIEW"):
		return "CREATE_VIEW"
	case !p.accept("TABLE"):
		return ""
	}
	for ; p.peek().Kind != lex.End; p.at++ {
		if p.peek().Is("AS") && p.tokens[p.at+1].Is("SELECT", "WITH", "VALUES", "TABLE", "(") {
			return "CREATE_TABLE_AS_SELECT"
		}
	}
	return ""
}

// Define reads a statement of this kind.
func Define(text string) (*Definition, error) {
	tokens, err := lex.Scan(text, lex.Trino)
	if err != nil {
		return nil, &Error{"SYNTAX_ERROR", err.Error()}
	}
	p := &reader{text: text, tokens: tokens}
	d := &Definition{Sub: DefinitionOf(text)}
	switch d.Sub {
	case "CREATE_VIEW":
		err = p.createView(d)
	case "CREATE_TABLE_AS_SELECT":
		err = p.createTable(d)
	case "INSERT":
		err = p.insert(d)
	case "UNLOAD":
		err = p.unload(d)
	default:
		err = mismatched(tokens[0])
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// reader walks the tokens of a statement up to its query.
type reader struct {
	text   string
	tokens []lex.Token
	at     int
}

func (p *reader) peek() lex.Token { return p.tokens[p.at] }

// accept takes these words where they all come next.
func (p *reader) accept(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.tokens) || !p.tokens[p.at+i].Is(w) {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *reader) expect(words ...string) error {
	for _, w := range words {
		if !p.accept(w) {
			e := mismatched(p.peek())
			e.Message += ". Expecting: '" + w + "'"
			return e
		}
	}
	return nil
}

func (p *reader) name() (string, error) {
	t := p.peek()
	if t.Kind != lex.Word && t.Kind != lex.Name {
		e := mismatched(t)
		e.Message += ". Expecting: <identifier>"
		return "", e
	}
	p.at++
	return strings.ToLower(t.Value), nil
}

func (p *reader) literal() (string, error) {
	t := p.peek()
	if t.Kind != lex.Text {
		e := mismatched(t)
		e.Message += ". Expecting: <string>"
		return "", e
	}
	p.at++
	return t.Value, nil
}

// table reads [[awsdatacatalog.]database.]table.
func (p *reader) table(d *Definition) error {
	at := p.peek()
	var parts []string
	for {
		n, err := p.name()
		if err != nil {
			return err
		}
		if parts = append(parts, n); !p.accept(".") {
			break
		}
	}
	if len(parts) == 3 && parts[0] == "awsdatacatalog" {
		parts = parts[1:]
	}
	switch len(parts) {
	case 1:
		d.Table = parts[0]
	case 2:
		d.Database, d.Table = parts[0], parts[1]
	default:
		return wrong("CATALOG_NOT_FOUND", at, "Catalog '%s' does not exist", parts[0])
	}
	return nil
}

// query takes the tokens up to another as the query.
func (p *reader) query(d *Definition, end int) error {
	if p.at >= end {
		return mismatched(p.peek())
	}
	from := p.peek().At
	blank := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return ' '
		}, s)
	}
	to := p.tokens[end].At
	d.Query = blank(p.text[:from]) + strings.TrimRight(p.text[from:to], " \t\r\n;")
	p.at = end
	return nil
}

// rest is where the statement ends.
func (p *reader) rest() int { return len(p.tokens) - 1 }

func (p *reader) createView(d *Definition) error {
	p.accept("CREATE")
	d.Replace = p.accept("OR", "REPLACE")
	p.accept("VIEW")
	if err := p.table(d); err != nil {
		return err
	}
	if p.accept("COMMENT") {
		if _, err := p.literal(); err != nil {
			return err
		}
	}
	if p.accept("SECURITY") && !p.accept("DEFINER") && !p.accept("INVOKER") {
		return mismatched(p.peek())
	}
	if err := p.expect("AS"); err != nil {
		return err
	}
	return p.query(d, p.rest())
}

func (p *reader) createTable(d *Definition) (err error) {
	p.accept("CREATE", "TABLE")
	d.IfNotExists = p.accept("IF", "NOT", "EXISTS")
	if err := p.table(d); err != nil {
		return err
	}
	if p.accept("COMMENT") {
		if _, err := p.literal(); err != nil {
			return err
		}
	}
	if p.accept("WITH") {
		if d.Properties, err = p.properties(); err != nil {
			return err
		}
	}
	if err := p.expect("AS"); err != nil {
		return err
	}
	end := p.rest()
	switch last := p.tokens[:end]; {
	case tail(last, "WITH", "NO", "DATA"):
		d.NoData, end = true, end-3
	case tail(last, "WITH", "DATA"):
		end -= 2
	}
	return p.query(d, end)
}

// tail tells whether tokens end in these words.
func tail(tokens []lex.Token, words ...string) bool {
	if len(tokens) < len(words) {
		return false
	}
	for i, w := range words {
		if !tokens[len(tokens)-len(words)+i].Is(w) {
			return false
		}
	}
	return true
}

func (p *reader) insert(d *Definition) error {
	if err := p.expect("INSERT", "INTO"); err != nil {
		return err
	}
	if err := p.table(d); err != nil {
		return err
	}
	if p.peek().Is("(") && !p.tokens[p.at+1].Is("SELECT", "WITH", "VALUES", "TABLE", "(") {
		for p.accept("("); ; {
			n, err := p.name()
			if err != nil {
				return err
			}
			if d.Columns = append(d.Columns, n); !p.accept(",") {
				break
			}
		}
		if err := p.expect(")"); err != nil {
			return err
		}
	}
	return p.query(d, p.rest())
}

func (p *reader) unload(d *Definition) (err error) {
	if err := p.expect("UNLOAD", "("); err != nil {
		return err
	}
	depth, end := 1, p.at
	for ; depth > 0; end++ {
		switch t := p.tokens[end]; {
		case t.Kind == lex.End:
			return mismatched(t)
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth--
		}
	}
	if err := p.query(d, end-1); err != nil {
		return err
	}
	if err := p.expect(")", "TO"); err != nil {
		return err
	}
	if d.To, err = p.literal(); err != nil {
		return err
	}
	if p.accept("WITH") {
		if d.Properties, err = p.properties(); err != nil {
			return err
		}
	}
	if p.peek().Kind != lex.End {
		return mismatched(p.peek())
	}
	return nil
}

// properties reads ( name = 'text' | number | true | ARRAY['a', 'b'], … ). Names are in lower case.
func (p *reader) properties() (map[string][]string, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for {
		n, err := p.name()
		if err != nil {
			return nil, err
		}
		if err := p.expect("="); err != nil {
			return nil, err
		}
		values := []string{}
		switch t := p.peek(); {
		case p.accept("ARRAY", "["):
			for !p.accept("]") {
				v, err := p.literal()
				if err != nil {
					return nil, err
				}
				values = append(values, v)
				p.accept(",")
			}
		case t.Kind == lex.Text || t.Kind == lex.Number || t.Is("true", "false"):
			values = append(values, t.Value)
			p.at++
		default:
			return nil, mismatched(t)
		}
		out[n] = values
		if !p.accept(",") {
			return out, p.expect(")")
		}
	}
}
