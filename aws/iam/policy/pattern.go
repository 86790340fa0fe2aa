package policy

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// In a compiled pattern these two bytes are wild. A document that holds them itself is refused, so
// they cannot be smuggled in; a value of the request that holds one matches no variable.
const (
	anyRun = 0x00
	anyOne = 0x01
)

const wildBytes = "\x00\x01"

var errPattern = errors.New("policy: malformed pattern")

// template is a pattern in which ${key} stands for a value of the request.
type template struct {
	fixed string // the pattern, where it has no variables
	parts []part // nil where it has none
}

type part struct {
	text     string // compiled
	variable string // the key; "" for text
	fallback string
	optional bool // there is a fallback
}

// compile reads a pattern. Without wild, * and ? mean themselves; without variables so does ${.
func compile(s string, wild, variables bool) (template, error) {
	var t template
	var text strings.Builder
	if strings.ContainsAny(s, wildBytes) {
		return t, errPattern
	}
	for s != "" {
		switch {
		case wild && s[0] == '*':
			text.WriteByte(anyRun)
		case wild && s[0] == '?':
			text.WriteByte(anyOne)
		case variables && strings.HasPrefix(s, "${"):
			inner, rest, ok := strings.Cut(s[2:], "}")
			if !ok {
				return t, errPattern
			}
			s = rest
			if inner == "*" || inner == "?" || inner == "$" {
				text.WriteString(inner)
				continue
			}
			p, err := variable(inner)
			if err != nil {
				return t, err
			}
			t.parts = append(t.parts, part{text: text.String()}, p)
			text.Reset()
			continue
		default:
			text.WriteByte(s[0])
		}
		s = s[1:]
	}
	if t.parts == nil {
		t.fixed = text.String()
	} else {
		t.parts = append(t.parts, part{text: text.String()})
	}
	return t, nil
}

// variable reads what stands between ${ and }: a key, or a key and a quoted fallback.
func variable(s string) (part, error) {
	key, fallback, optional := strings.Cut(s, ",")
	p := part{variable: strings.TrimSpace(key), optional: optional}
	if p.variable == "" {
		return p, errPattern
	}
	if optional {
		f := strings.TrimSpace(fallback)
		if len(f) < 2 || f[0] != '\'' || f[len(f)-1] != '\'' {
			return p, errPattern
		}
		p.fallback = f[1 : len(f)-1]
	}
	return p, nil
}

// expand puts the request's values in. ok is false where one is missing: then nothing matches.
func (t *template) expand(c Context) (pattern string, ok bool) {
	if t.parts == nil {
		return t.fixed, true
	}
	var b strings.Builder
	for i := range t.parts {
		p := &t.parts[i]
		if p.variable == "" {
			b.WriteString(p.text)
			continue
		}
		v, ok := c.value(p.variable)
		switch {
		case ok && strings.ContainsAny(v, wildBytes):
			return "", false
		case ok:
			b.WriteString(v)
		case p.optional:
			b.WriteString(p.fallback)
		default:
			return "", false
		}
	}
	return b.String(), true
}

// match holds s against a compiled pattern as a whole.
func match(pattern, s string) bool {
	p, i := 0, 0
	star, mark := -1, 0 // where to go on after the last run that may still grow
	for i < len(s) {
		if p < len(pattern) {
			switch c := pattern[p]; {
			case c == anyRun:
				star, mark = p, i
				p++
				continue
			case c == anyOne:
				_, n := utf8.DecodeRuneInString(s[i:])
				i += n
				p++
				continue
			case c == s[i]:
				p++
				i++
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, n := utf8.DecodeRuneInString(s[mark:])
		mark += n
		p, i = star+1, mark
	}
	return strings.Trim(pattern[p:], "\x00") == ""
}

// resource is an ARN pattern. Wild characters do not reach over the first five colons: a pattern for
// one account never matches another.
type resource struct {
	all      bool
	segments []template
}

const arnSegments = 6

func compileResource(s string, variables bool) (r resource, err error) {
	if s != "" && strings.Trim(s, "*") == "" {
		return resource{all: true}, nil
	}
	for _, seg := range splitARN(s) {
		t, err := compile(seg, true, variables)
		if err != nil {
			return r, err
		}
		r.segments = append(r.segments, t)
	}
	return r, nil
}

// splitARN cuts at the first five colons that are not inside a variable.
func splitARN(s string) (segments []string) {
	start, inside := 0, false
	for i := 0; i < len(s) && len(segments) < arnSegments-1; i++ {
		switch {
		case s[i] == '{' && i > 0 && s[i-1] == '$':
			inside = true
		case s[i] == '}':
			inside = false
		case s[i] == ':' && !inside:
			segments = append(segments, s[start:i])
			start = i + 1
		}
	}
	return append(segments, s[start:])
}

// matches reports whether the pattern names the resource. One that is cut short, as in
// "arn:aws:s3:*", is completed if it ends in a wild card. resolved is false where a variable has no
// value: then it names nothing, and nothing but it either.
func (r *resource) matches(arn string, c Context) (matched, resolved bool) {
	if r.all {
		return true, true
	}
	matched = true
	last := len(r.segments) - 1
	for i := range r.segments {
		p, ok := r.segments[i].expand(c)
		if !ok {
			return false, false
		}
		segment, rest := arn, ""
		if i < last {
			var more bool
			segment, rest, more = strings.Cut(arn, ":")
			matched = matched && more
		} else if len(r.segments) < arnSegments {
			matched = matched && strings.HasSuffix(p, "\x00")
		}
		matched = matched && match(p, segment)
		arn = rest
	}
	return matched, true
}

func lower(s string) string { return strings.ToLower(s) }
