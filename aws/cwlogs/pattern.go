package cwlogs

import (
	"regexp"
	"strings"
)

// Filter patterns, as FilterLogEvents and metric filters speak them:
//
//	""                          everything
//	ERROR "not found" -DEBUG    all of these terms, none of those after a minus; case matters
//	?ERROR ?WARN                at least one of the terms with a question mark
//	%ERR[0-9]+%                 a regular expression
//	{ $.a.b = "x" && … }        a condition over a JSON object (pattern_json.go)
//	[ip, user, status = 4*]     a condition over fields between blanks (pattern_fields.go)
//
// A term matches anywhere in a message.

// parsePattern compiles a pattern; accept is nil where it accepts everything.
func parsePattern(pattern string) (accept func(message string) bool, err error) {
	p := strings.TrimSpace(pattern)
	switch {
	case p == "":
		return nil, nil
	case p[0] == '{':
		return parseJSONPattern(p)
	case p[0] == '[':
		return parseFieldsPattern(p)
	}
	return parseTerms(p)
}

func badPattern(why string) error { return invalid("Invalid filter pattern: %s", why) }

// term tells whether a message holds it.
type term func(message string) bool

func parseTerms(p string) (func(string) bool, error) {
	var all, none, some []term
	for p != "" {
		into := &all
		switch p[0] {
		case '-':
			into, p = &none, p[1:]
		case '?':
			into, p = &some, p[1:]
		}
		t, rest, err := parseTerm(p)
		if err != nil {
			return nil, err
		}
		*into = append(*into, t)
		p = strings.TrimLeft(rest, " \t\n")
	}
	return func(m string) bool {
		for _, t := range all {
			if !t(m) {
				return false
			}
		}
		for _, t := range none {
			if t(m) {
				return false
			}
		}
		for _, t := range some {
			if t(m) {
				return true
			}
		}
		return len(some) == 0
	}, nil
}

func parseTerm(p string) (t term, rest string, err error) {
	switch {
	case p == "" || strings.ContainsRune(" \t\n", rune(p[0])):
		return nil, "", badPattern("a term is missing")
	case p[0] == '"':
		s, rest, ok := quoted(p)
		if !ok {
			return nil, "", badPattern("a quote is not closed")
		}
		return contains(s), rest, nil
	case p[0] == '%':
		body, rest, ok := strings.Cut(p[1:], "%")
		if !ok {
			return nil, "", badPattern("a regular expression is not closed with %")
		}
		re, err := compile(body)
		if err != nil {
			return nil, "", err
		}
		return re.MatchString, rest, nil
	}
	end := strings.IndexAny(p, " \t\n\"")
	if end < 0 {
		end = len(p)
	}
	return contains(p[:end]), p[end:], nil
}

func contains(s string) term { return func(m string) bool { return strings.Contains(m, s) } }

func compile(body string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(body)
	if err != nil {
		return nil, badPattern("%" + body + "% is not a regular expression that is supported")
	}
	return re, nil
}

// quoted reads a string in double quotes; a backslash takes the next character as it is.
func quoted(p string) (s, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(p); i++ {
		switch p[i] {
		case '"':
			return b.String(), p[i+1:], true
		case '\\':
			if i++; i == len(p) {
				return "", "", false
			}
		}
		b.WriteByte(p[i])
	}
	return "", "", false
}

// wild matches text against a pattern in which * stands for anything.
func wild(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(text, first) || !strings.HasSuffix(text[len(first):], last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, p := range parts[1 : len(parts)-1] {
		_, after, ok := strings.Cut(text, p)
		if !ok {
			return false
		}
		text = after
	}
	return true
}
