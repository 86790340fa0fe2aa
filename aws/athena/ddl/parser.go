package ddl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/lex"
)

// Error is a statement that is not one of these. Its text is Hive's, positions from line 1, column 0.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

// Unsupported is a statement that Athena, or this Athena, does not run.
type Unsupported struct{ Message string }

func (e *Unsupported) Error() string { return e.Message }

// Parse reads one statement, without a semicolon.
func Parse(sql string) (s Statement, err error) {
	tokens, err := lex.Scan(sql, lex.Hive)
	if err != nil {
		return nil, &Error{"FAILED: ParseException " + err.Error()}
	}
	p := &parser{tokens: tokens}
	defer func() {
		if r := recover(); r != nil {
			failed, ok := r.(error)
			if !ok {
				panic(r)
			}
			var wrong *Error
			var unsupported *Unsupported
			if !errors.As(failed, &wrong) && !errors.As(failed, &unsupported) {
				panic(r)
			}
			s, err = nil, failed
		}
	}()
	s = p.statement()
	if t := p.peek(); t.Kind != lex.End {
		p.fail("missing EOF at '%s' near '%s'", t.Raw, p.before())
	}
	return s, nil
}

// parser walks the tokens by recursive descent. A mistake ends it by a panic that Parse catches.
type parser struct {
	tokens []lex.Token
	at     int
	within string // the clause that errors name
}

func (p *parser) peek() lex.Token { return p.tokens[p.at] }

func (p *parser) next() lex.Token {
	t := p.tokens[p.at]
	if t.Kind != lex.End {
		p.at++
	}
	return t
}

func (p *parser) before() string {
	if p.at == 0 {
		return "<BOF>"
	}
	return p.tokens[p.at-1].Raw
}

func (p *parser) fail(format string, args ...any) {
	t := p.peek()
	text := fmt.Sprintf(format, args...)
	if p.within != "" {
		text += " in " + p.within
	}
	panic(&Error{fmt.Sprintf("FAILED: ParseException line %d:%d %s", t.Line, t.Col-1, text)})
}

func (p *parser) refuse(format string, args ...any) {
	panic(&Unsupported{fmt.Sprintf(format, args...)})
}

func (p *parser) wrong(expecting string) {
	raw := p.peek().Raw
	if p.peek().Kind == lex.End {
		raw = "<EOF>"
	}
	p.fail("mismatched input '%s' expecting %s near '%s'", raw, expecting, p.before())
}

// accept takes these words where they all come next.
func (p *parser) accept(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.tokens) || !p.tokens[p.at+i].Is(w) {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.accept(w) {
			p.wrong(strings.ToUpper(w))
		}
	}
}

// name is an identifier, folded to lower case.
func (p *parser) name(what string) string {
	t := p.peek()
	if t.Kind != lex.Word && t.Kind != lex.Name || t.Value == "" {
		p.wrong(what)
	}
	p.next()
	return strings.ToLower(t.Value)
}

func (p *parser) text(what string) string {
	if p.peek().Kind != lex.Text {
		p.wrong(what)
	}
	return p.next().Value
}

func (p *parser) table() Table {
	n := p.name("Identifier")
	if db, name, ok := strings.Cut(n, "."); ok && p.tokens[p.at-1].Kind == lex.Name { // `db.table`
		return Table{db, name}
	}
	if !p.accept(".") {
		return Table{"", n}
	}
	second := p.name("Identifier")
	if p.accept(".") && n == "awsdatacatalog" {
		return Table{second, p.name("Identifier")}
	}
	return Table{n, second}
}

// view is the name of a view, which may be quoted as Trino does.
func (p *parser) view() Table {
	for i := p.at; i < len(p.tokens); i++ {
		if t := &p.tokens[i]; t.Kind == lex.Text && strings.HasPrefix(t.Raw, `"`) {
			t.Kind = lex.Name
		}
	}
	return p.table()
}

func (p *parser) ifNotExists() bool {
	if !p.accept("IF") {
		return false
	}
	p.expect("NOT", "EXISTS")
	return true
}

func (p *parser) ifExists() bool {
	if !p.accept("IF") {
		return false
	}
	p.expect("EXISTS")
	return true
}

// list reads ( item, item, … ).
func (p *parser) list(item func()) {
	p.expect("(")
	for {
		item()
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
}

func (p *parser) columns() (out []Column) {
	p.list(func() {
		c := Column{Name: p.name("Identifier")}
		c.Type = p.dataType()
		if p.accept("COMMENT") {
			c.Comment = p.text("StringLiteral")
		}
		out = append(out, c)
	})
	return out
}

func (p *parser) properties() (out []Pair) {
	p.list(func() {
		k := p.text("StringLiteral")
		p.expect("=")
		out = append(out, Pair{k, p.text("StringLiteral")})
	})
	return out
}

// spec reads ( key = value, … ). A value may be text, a number or a word.
func (p *parser) spec() (out Spec) {
	p.list(func() {
		k := p.name("Identifier")
		p.expect("=")
		out = append(out, Pair{k, p.value()})
	})
	return out
}

func (p *parser) value() string {
	sign := ""
	if p.accept("-") {
		sign = "-"
	}
	if p.peek().Is("DATE", "TIMESTAMP") && p.tokens[p.at+1].Kind == lex.Text {
		p.next()
	}
	switch t := p.peek(); t.Kind {
	case lex.Text, lex.Number, lex.Word:
		return sign + p.next().Value
	}
	p.wrong("a constant")
	return ""
}

// statement reads one statement by its first words.
func (p *parser) statement() Statement {
	switch {
	case p.accept("CREATE"):
		return p.create()
	case p.accept("DROP"):
		return p.drop()
	case p.accept("ALTER"):
		return p.alter()
	case p.accept("MSCK"):
		p.within = "msck repair table statement"
		p.expect("REPAIR", "TABLE")
		return &Repair{p.table()}
	case p.accept("SHOW"):
		return p.show()
	case p.accept("DESCRIBE"), p.accept("DESC"):
		return p.describe()
	}
	p.fail("cannot recognize input near '%s'", p.peek().Raw)
	return nil
}

func (p *parser) drop() Statement {
	p.within = "drop statement"
	switch {
	case p.accept("DATABASE"), p.accept("SCHEMA"):
		s := &DropDatabase{IfExists: p.ifExists()}
		s.Name = p.name("Identifier")
		if p.accept("CASCADE") {
			s.Cascade = true
		} else {
			p.accept("RESTRICT")
		}
		return s
	case p.accept("TABLE"):
		s := &DropTable{IfExists: p.ifExists()}
		s.Table = p.table()
		if p.peek().Is("PURGE") {
			p.refuse("DROP TABLE ... PURGE is not supported")
		}
		return s
	case p.accept("VIEW"):
		s := &DropView{IfExists: p.ifExists()}
		s.Table = p.view()
		return s
	case p.peek().Is("FUNCTION", "ROLE", "INDEX"):
		p.refuse("DROP %s is not supported here", strings.ToUpper(p.peek().Raw))
	}
	p.wrong("TABLE")
	return nil
}

func (p *parser) show() Statement {
	p.within = "show statement"
	switch {
	case p.accept("DATABASES"), p.accept("SCHEMAS"):
		return &ShowDatabases{p.like()}
	case p.accept("TABLES"):
		s := &ShowTables{}
		if p.accept("IN") || p.accept("FROM") {
			s.Database = p.name("Identifier")
		}
		s.Like = p.like()
		return s
	case p.accept("COLUMNS"):
		if !p.accept("IN") {
			p.expect("FROM")
		}
		s := &ShowColumns{p.table()}
		if s.Database == "" && (p.accept("IN") || p.accept("FROM")) {
			s.Database = p.name("Identifier")
		}
		return s
	case p.accept("PARTITIONS"):
		s := &ShowPartitions{Table: p.table()}
		if p.accept("PARTITION") {
			s.Partition = p.spec()
		}
		return s
	case p.accept("CREATE", "TABLE"):
		return &ShowCreate{p.table()}
	case p.accept("CREATE", "VIEW"):
		return &ShowCreateView{p.view()}
	case p.accept("VIEWS"):
		s := &ShowViews{}
		if p.accept("IN") || p.accept("FROM") {
			s.Database = p.name("Identifier")
		}
		s.Like = p.like()
		return s
	case p.accept("TBLPROPERTIES"):
		s := &ShowProperties{Table: p.table()}
		if p.accept("(") {
			s.Key = p.text("StringLiteral")
			p.expect(")")
		}
		return s
	}
	if p.peek().Is("FUNCTIONS", "CREATE") {
		p.refuse("SHOW %s is not supported here", strings.ToUpper(p.peek().Raw))
	}
	p.wrong("DATABASES, TABLES, VIEWS, COLUMNS, PARTITIONS, CREATE TABLE, CREATE VIEW or TBLPROPERTIES")
	return nil
}

func (p *parser) like() string {
	if p.accept("LIKE") || p.peek().Kind == lex.Text {
		return p.text("StringLiteral")
	}
	return ""
}

func (p *parser) describe() Statement {
	p.within = "describe statement"
	if p.peek().Is("DATABASE", "SCHEMA", "FUNCTION", "VIEW") && p.tokens[p.at+1].Kind != lex.End {
		p.refuse("DESCRIBE %s is not supported", strings.ToUpper(p.peek().Raw))
	}
	s := &Describe{Long: p.accept("EXTENDED") || p.accept("FORMATTED")}
	s.Table = p.table()
	if p.accept("PARTITION") {
		s.Partition = p.spec()
	}
	if t := p.peek(); t.Kind == lex.Word || t.Kind == lex.Name {
		s.Column = p.name("Identifier")
	}
	return s
}

// plain are the types without arguments.
var plain = []string{"boolean", "tinyint", "smallint", "int", "bigint", "double", "float", "string", "binary", "date", "timestamp"}

// dataType reads a type and gives it as the catalog writes it: struct<a:int,b:array<string>>.
func (p *parser) dataType() string {
	at := p.at
	t := p.name("a type")
	switch {
	case slices.Contains(plain, t):
		return t
	case t == "decimal" || t == "dec" || t == "numeric":
		precision, scale := 10, 0
		if p.accept("(") {
			precision = p.number()
			if p.accept(",") {
				scale = p.number()
			}
			p.expect(")")
		}
		if precision < 1 || precision > 38 || scale > precision {
			p.at = at
			p.fail("Decimal precision %d and scale %d are out of range [1,38] and [0,precision]", precision, scale)
		}
		return fmt.Sprintf("decimal(%d,%d)", precision, scale)
	case t == "char" || t == "varchar":
		p.expect("(")
		n := p.number()
		p.expect(")")
		if most := map[string]int{"char": 255, "varchar": 65535}[t]; n < 1 || n > most {
			p.at = at
			p.fail("%s length %d out of allowed range [1, %d]", t, n, most)
		}
		return fmt.Sprintf("%s(%d)", t, n)
	case t == "array":
		p.expect("<")
		e := p.dataType()
		p.expect(">")
		return "array<" + e + ">"
	case t == "map":
		p.expect("<")
		k := p.dataType()
		p.expect(",")
		v := p.dataType()
		p.expect(">")
		return "map<" + k + "," + v + ">"
	case t == "struct":
		return p.structure()
	}
	p.at = at
	if t == "integer" {
		p.fail("cannot recognize input near '%s' in column type; in DDL the type is int", p.peek().Raw)
	}
	p.fail("cannot recognize input near '%s' in column type", p.peek().Raw)
	return ""
}

func (p *parser) structure() string {
	p.expect("<")
	var fields []string
	for {
		n := p.name("Identifier")
		p.expect(":")
		fields = append(fields, n+":"+p.dataType())
		if p.accept("COMMENT") {
			p.text("StringLiteral")
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect(">")
	return "struct<" + strings.Join(fields, ",") + ">"
}

func (p *parser) number() int {
	t := p.peek()
	n := 0
	if t.Kind != lex.Number {
		p.wrong("Number")
	}
	if _, err := fmt.Sscanf(t.Raw, "%d", &n); err != nil || fmt.Sprint(n) != t.Raw {
		p.wrong("Number")
	}
	p.next()
	return n
}
