package glue

import (
	"math/big"
	"strings"
	"time"
)

// The filter over partitions: a condition of SQL over the partition keys.
//
//	or      = and { OR and }
//	and     = not { AND not }
//	not     = NOT not | "(" or ")" | test
//	test    = operand ( = | <> | != | < | > | <= | >= ) operand
//	        | operand [NOT] IN "(" operand { "," operand } ")"
//	        | operand [NOT] BETWEEN operand AND operand
//	        | operand [NOT] LIKE operand
//	        | operand IS [NOT] NULL
//	operand = key | 'text' | "text" | number | (DATE | TIMESTAMP) 'text'
//
// Values compare as the type of the key they meet: string, date, timestamp, the integers, decimal.
// A partition value that is not of its key's type is unknown, like NULL (Hive writes NULL as
// __HIVE_DEFAULT_PARTITION__), and three-valued logic leaves the partition out.

const hiveNull = "__HIVE_DEFAULT_PARTITION__"

type truth int8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// condition is a parsed filter: what it says of a partition's values.
type condition func(values []string) truth

// parseFilter compiles an expression. An empty one accepts everything.
func parseFilter(expression string, keys []Column) (accept func(values []string) bool, err error) {
	if strings.TrimSpace(expression) == "" {
		return func([]string) bool { return true }, nil
	}
	tokens, ok := scanFilter(expression)
	p := &filterParser{text: expression, tokens: tokens, keys: keys}
	if !ok {
		return nil, p.unsupported()
	}
	cond, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != tokenEnd {
		return nil, p.unsupported()
	}
	return func(values []string) bool { return cond(values) == yes }, nil
}

// kind is how the values of a key compare.
type kind int

const (
	kindText kind = iota
	kindNumber
	kindDate
	kindTimestamp
)

// kindOf is the kind of a Hive type; ok is false where Glue filters no such key.
func kindOf(hiveType string) (kind, bool) {
	t, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(hiveType)), "(")
	switch t {
	case "string", "varchar", "char":
		return kindText, true
	case "int", "integer", "bigint", "long", "tinyint", "smallint", "decimal":
		return kindNumber, true
	case "date":
		return kindDate, true
	case "timestamp":
		return kindTimestamp, true
	}
	return 0, false
}

// datum is a value read as a kind. ok is false for NULL and for what is not of the kind.
type datum struct {
	text string
	num  *big.Rat
	at   time.Time
	ok   bool
}

func (k kind) read(s string) datum {
	if s == hiveNull {
		return datum{}
	}
	switch k {
	case kindNumber:
		r, ok := new(big.Rat).SetString(strings.TrimSpace(s))
		return datum{num: r, ok: ok}
	case kindDate:
		return readTime(s, "2006-01-02")
	case kindTimestamp:
		return readTime(s, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02")
	}
	return datum{text: s, ok: true}
}

func readTime(s string, layouts ...string) datum {
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			return datum{at: t, ok: true}
		}
	}
	return datum{}
}

// compare orders two values of a kind; known is false where either is unknown.
func (k kind) compare(a, b datum) (order int, known bool) {
	if !a.ok || !b.ok {
		return 0, false
	}
	switch k {
	case kindNumber:
		return a.num.Cmp(b.num), true
	case kindDate, kindTimestamp:
		return a.at.Compare(b.at), true
	}
	return strings.Compare(a.text, b.text), true
}

// operand is a key (index >= 0) or a literal.
type operand struct {
	index   int
	kind    kind // of a key
	literal string
}

// value reads the operand as a kind.
func (o operand) value(k kind, values []string) datum {
	if o.index < 0 {
		return k.read(o.literal)
	}
	if o.index >= len(values) {
		return datum{}
	}
	return k.read(values[o.index])
}

// like matches SQL's LIKE: % any text, _ one character, \ takes the next as it is. On a mismatch only
// the last % need give way, so it takes no more than len(s) * len(pattern) steps.
func like(s, pattern []rune) bool {
	i, j := 0, 0
	star, from := -1, 0 // behind the last %, and where its text ends so far
	for i < len(s) || j < len(pattern) {
		if j < len(pattern) {
			c, width := pattern[j], 1
			if c == '%' {
				j++
				star, from = j, i
				continue
			}
			any := c == '_'
			if c == '\\' && j+1 < len(pattern) {
				c, width = pattern[j+1], 2
			}
			if i < len(s) && (any || s[i] == c) {
				i, j = i+1, j+width
				continue
			}
		}
		if star < 0 || from >= len(s) {
			return false
		}
		from++
		i, j = from, star
	}
	return true
}
