package cwlogs

import (
	"slices"
	"strings"
)

// A field pattern names the fields of a line in brackets, separated by commas, and may test them:
//
//	[ip, user, ..., status = 4* || status = 5*, bytes > 1000]
//
// Fields lie between blanks; what stands in double quotes or brackets is one field. The message must
// have as many as the pattern, where ... is any number of them. It can stand once.

// fieldTest is one place of the pattern.
type fieldTest struct {
	name  string
	holds func(field string) bool // nil: anything
}

func parseFieldsPattern(p string) (func(string) bool, error) {
	s := &scanner{rest: p[1:]}
	var before, behind []fieldTest
	into, gap := &before, false
	for first := true; !s.accept("]"); first = false {
		if !first && !s.accept(",") {
			return nil, badPattern("',' or ']' is missing at '" + s.rest + "'")
		}
		if s.accept("...") {
			if gap {
				return nil, badPattern("'...' may stand once")
			}
			gap, into = true, &behind
			continue
		}
		t, err := s.field()
		if err != nil {
			return nil, err
		}
		*into = append(*into, t)
	}
	if s.skip(); s.rest != "" {
		return nil, badPattern("nothing may follow ']'")
	}
	return func(message string) bool {
		fields := splitFields(message)
		if len(fields) < len(before)+len(behind) || !gap && len(fields) > len(before) {
			return false
		}
		return allHold(before, fields) && allHold(behind, fields[len(fields)-len(behind):])
	}, nil
}

func allHold(tests []fieldTest, fields []string) bool {
	for i, t := range tests {
		if t.holds != nil && !t.holds(fields[i]) {
			return false
		}
	}
	return true
}

func (s *scanner) name() string {
	s.skip()
	n := 0
	for n < len(s.rest) && (isAlnum(s.rest[n]) || s.rest[n] == '_' || s.rest[n] == '-') {
		n++
	}
	name := s.rest[:n]
	s.rest = s.rest[n:]
	return name
}

// field reads a name and, where there are any, the tests over that name.
func (s *scanner) field() (t fieldTest, err error) {
	start := *s
	bracket := s.accept("(")
	if t.name = s.name(); t.name == "" {
		return t, badPattern("a field's name is missing at '" + s.rest + "'")
	}
	if _, tested := s.comparison(); !tested {
		if bracket {
			return t, badPattern("a test is missing after '('")
		}
		return t, nil
	}
	*s = start
	t.holds, err = logic(s, func() (func(string) bool, error) {
		if name := s.name(); name != t.name {
			return nil, badPattern("a test of field " + t.name + " names " + name)
		}
		op, ok := s.comparison()
		if !ok {
			return nil, badPattern("an operator is missing at '" + s.rest + "'")
		}
		o, err := s.operand()
		if err == nil {
			err = o.usable(op)
		}
		return func(field string) bool { return o.holdsText(op, field) }, err
	})
	return t, err
}

// splitFields cuts a line at blanks, outside of "…" and […].
func splitFields(line string) (fields []string) {
	for {
		line = strings.TrimLeft(line, " \t\r\n")
		if line == "" {
			return fields
		}
		closing := map[byte]string{'"': `"`, '[': "]"}[line[0]]
		if closing != "" {
			if inside, rest, ok := strings.Cut(line[1:], closing); ok {
				fields, line = append(fields, inside), rest
				continue
			}
		}
		end := strings.IndexAny(line, " \t\r\n")
		if end < 0 {
			return slices.Concat(fields, []string{line})
		}
		fields, line = append(fields, line[:end]), line[end:]
	}
}
