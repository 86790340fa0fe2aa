package awsjson

import "bytes"

// Plain reads documents of the form SDKs write, for decoders by hand: known members once each, no
// escapes, no null. Every method answers false for what it does not know; the document is then one for
// Decode, which knows every form and words the errors. So there is one meaning and two speeds.
type Plain struct {
	doc []byte
	at  int
}

// ReadPlain begins at the beginning of doc. What the methods return shares its bytes.
func ReadPlain(doc []byte) Plain { return Plain{doc: doc} }

// Take moves over c and the white space before it.
func (p *Plain) Take(c byte) bool {
	p.space()
	if p.at == len(p.doc) || p.doc[p.at] != c {
		return false
	}
	p.at++
	return true
}

func (p *Plain) space() {
	for p.at < len(p.doc) {
		switch p.doc[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// End reports whether nothing follows.
func (p *Plain) End() bool {
	p.space()
	return p.at == len(p.doc)
}

// Text reads a string.
func (p *Plain) Text() ([]byte, bool) {
	if !p.Take('"') {
		return nil, false
	}
	n := bytes.IndexByte(p.doc[p.at:], '"')
	if n < 0 {
		return nil, false
	}
	t := p.doc[p.at : p.at+n]
	p.at += n + 1
	return t, bytes.IndexByte(t, '\\') < 0
}

// Object reads an object that is not empty; value reads the value of a member.
func (p *Plain) Object(value func(member []byte) bool) bool {
	if !p.Take('{') {
		return false
	}
	for {
		member, ok := p.Text()
		if !ok || !p.Take(':') || !value(member) {
			return false
		}
		if !p.Take(',') {
			return p.Take('}')
		}
	}
}

// List reads a list that is not empty.
func (p *Plain) List(item func() bool) bool {
	if !p.Take('[') {
		return false
	}
	for {
		if !item() {
			return false
		}
		if !p.Take(',') {
			return p.Take(']')
		}
	}
}

// NamePlain reports whether t is of [a-zA-Z0-9_.-]{1,max}, as names of streams are.
func NamePlain(t []byte, max int) bool {
	if len(t) < 1 || len(t) > max {
		return false
	}
	for _, c := range t {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}
