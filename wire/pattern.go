package wire

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
)

// pattern is the path of a REST row: "/2015-03-31/functions/{FunctionName}/code" or
// "/{Bucket}/{Key+}?uploadId&partNumber".
type pattern struct {
	segments []segment
	asks     []ask
}

type segment struct {
	literal, label string
	greedy         bool
}

// ask is a query key or a header that must be there, with a value if value is set.
type ask struct {
	key, value string
	valued     bool
	header     bool
}

func newPattern(path string) *pattern {
	p := new(pattern)
	path, asks, _ := strings.Cut(path, "?")
	for s := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		switch label, open := strings.CutPrefix(s, "{"); {
		case s == "":
		case open:
			label = strings.TrimSuffix(label, "}")
			label, greedy := strings.CutSuffix(label, "+")
			p.segments = append(p.segments, segment{label: label, greedy: greedy})
		default:
			p.segments = append(p.segments, segment{literal: s})
		}
	}
	if asks != "" {
		for s := range strings.SplitSeq(asks, "&") {
			var a ask
			a.key, a.value, a.valued = strings.Cut(s, "=")
			a.key, a.header = strings.CutPrefix(a.key, "@")
			p.asks = append(p.asks, a)
		}
	}
	return p
}

// match takes an escaped path apart; ok is false where it is another's. Labels come unescaped, so
// that %2F within one does not end it.
func (p *pattern) match(path string) (labels map[string]string, ok bool) {
	rest, more := strings.CutPrefix(path, "/")
	labels = make(map[string]string, len(p.segments))
	for _, s := range p.segments {
		if !more {
			return nil, false
		}
		part := rest
		if s.greedy {
			more = false
		} else {
			part, rest, more = strings.Cut(rest, "/")
		}
		if s.literal != "" {
			if part != s.literal {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(part)
		if err != nil || value == "" {
			return nil, false
		}
		labels[s.label] = value
	}
	// "/bucket/" is "/bucket".
	return labels, !more || rest == ""
}

// asked reports whether all that the pattern asks for is there.
func (p *pattern) asked(q url.Values, h http.Header) bool {
	for _, a := range p.asks {
		values, there := q[a.key]
		if a.header {
			values = h.Values(a.key)
			there = len(values) > 0
		}
		if !there || a.valued && values[0] != a.value {
			return false
		}
	}
	return true
}

// names reports whether key is one of the query keys asked for.
func (p *pattern) names(key string) bool {
	for _, a := range p.asks {
		if a.key == key && !a.header {
			return true
		}
	}
	return false
}

// leads reports whether path begins with the literals the pattern begins with.
func (p *pattern) leads(path string) bool {
	path = strings.TrimPrefix(path, "/")
	for i, s := range p.segments {
		if s.literal == "" {
			return i > 0
		}
		var part string
		part, path, _ = strings.Cut(path, "/")
		if part != s.literal {
			return false
		}
	}
	return len(p.segments) > 0
}

// compare orders patterns that match the same request: the one that says more comes first.
func (p *pattern) compare(o *pattern) int {
	return cmp.Or(
		cmp.Compare(len(o.asks), len(p.asks)),
		cmp.Compare(o.literals(), p.literals()),
		cmp.Compare(len(p.segments), len(o.segments)),
	)
}

func (p *pattern) literals() (n int) {
	for _, s := range p.segments {
		if s.literal != "" {
			n++
		}
	}
	return n
}
