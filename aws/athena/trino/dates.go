package trino

import (
	"fmt"
	"strings"
)

// units are the units of date_add and date_diff.
var units = set("millisecond second minute hour day week month quarter year")

func (c *call) unit() (string, error) {
	u, err := c.literal(0)
	if err != nil {
		return "", err
	}
	if u = strings.ToLower(u); !units[u] {
		return "", wrong("INVALID_FUNCTION_ARGUMENT", c.name.Token, "'%s' is not a valid DATE field", u)
	}
	return u, nil
}

func dateAdd(c *call) (string, error) {
	if len(c.args) != 3 {
		return "", c.arity()
	}
	unit, err := c.unit()
	return fmt.Sprintf("hydrant_plus(%s, (%s) * INTERVAL 1 %s)", arg(c, 2), arg(c, 1), unit), err
}

func arg(c *call, i int) string { return c.sql[i] }

// dateDiff counts whole units, as date_sub does in DuckDB; its date_diff counts the borders crossed.
func dateDiff(c *call) (string, error) {
	if len(c.args) != 3 {
		return "", c.arity()
	}
	unit, err := c.unit()
	return fmt.Sprintf("date_sub('%s', %s, %s)", unit, arg(c, 1), arg(c, 2)), err
}

// dateFormat is a function of a value and a format, whose letters are translated to those of strftime.
func dateFormat(letters func(string) (string, error), pattern string) function {
	return func(c *call) (string, error) {
		if len(c.args) != 2 {
			return "", c.arity()
		}
		format, err := c.literal(1)
		if err != nil {
			return "", err
		}
		out, err := letters(format)
		if err != nil {
			return "", wrong("INVALID_FUNCTION_ARGUMENT", c.name.Token, "%s", err)
		}
		return fmt.Sprintf(pattern, c.sql[0], quote(out)), nil
	}
}

// mysqlLetters are the letters of date_format and date_parse that strftime has differently. Those
// that mean the same are left as they are.
var mysqlLetters = map[byte]string{
	'i': "%M", 's': "%S", 'S': "%S", 'e': "%-d", 'c': "%-m", 'M': "%B", 'W': "%A", 'h': "%I", 'l': "%-I", 'k': "%-H",
	'r': "%I:%M:%S %p", 'T': "%H:%M:%S", 'v': "%V", 'x': "%G",
	'a': "%a", 'b': "%b", 'd': "%d", 'f': "%f", 'H': "%H", 'I': "%I", 'j': "%j", 'm': "%m", 'p': "%p", 'Y': "%Y", 'y': "%y", '%': "%%",
}

func mysql(format string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		letter, ok := mysqlLetters[format[i]]
		if !ok {
			if strings.IndexByte("DUuVwX", format[i]) >= 0 {
				return "", fmt.Errorf("%%%c not supported in date format string", format[i])
			}
			letter = string(format[i])
		}
		b.WriteString(letter)
	}
	return b.String(), nil
}

// jodaLetters are Joda-Time's letters of format_datetime and parse_datetime, by how often they stand.
var jodaLetters = map[byte][]string{
	'y': {"%Y", "%y", "%Y", "%Y"}, 'Y': {"%Y", "%y", "%Y", "%Y"}, 'x': {"%G", "%G", "%G", "%G"},
	'M': {"%-m", "%m", "%b", "%B"}, 'd': {"%-d", "%d"}, 'H': {"%-H", "%H"}, 'h': {"%-I", "%I"},
	'm': {"%-M", "%M"}, 's': {"%-S", "%S"}, 'S': {"", "", "%g", "", "", "%f"}, 'a': {"%p"},
	'E': {"%a", "%a", "%a", "%A"}, 'e': {"%u"}, 'D': {"%-j", "%-j", "%j"}, 'w': {"%V", "%V"}, 'Z': {"%z", "%z", "%Z"}, 'z': {"%Z", "%Z", "%Z"},
}

func joda(format string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); {
		c := format[i]
		switch {
		case c == '\'':
			end := strings.IndexByte(format[i+1:], '\'')
			if end < 0 {
				return "", fmt.Errorf("Pattern ends with an incomplete string literal: %s", format[i:])
			}
			literal := format[i+1 : i+1+end]
			if literal == "" {
				literal = "'"
			}
			b.WriteString(strings.ReplaceAll(literal, "%", "%%"))
			i += end + 2
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			n := 1
			for i+n < len(format) && format[i+n] == c {
				n++
			}
			forms := jodaLetters[c]
			if len(forms) == 0 || forms[min(n, len(forms))-1] == "" {
				return "", fmt.Errorf("Illegal pattern component: %s", format[i:i+n])
			}
			b.WriteString(forms[min(n, len(forms))-1])
			i += n
		default:
			if c == '%' {
				b.WriteByte('%')
			}
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), nil
}
