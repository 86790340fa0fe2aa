package awsjson

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// decoder walks one document. Its methods leave pos behind what they read; an error ends the walk.
type decoder struct {
	doc     []byte
	pos     int
	depth   int
	path    []step // the members open now, outermost first
	present []string
	scratch []byte // of a string with escapes
	strings arena
	blobs   arena
}

// step is a member of a struct, or (name "") an item of a list.
type step struct {
	name  string
	index int
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

func (d *decoder) reset(doc []byte) {
	d.doc, d.pos, d.depth = doc, 0, 0
	d.path = d.path[:0]
}

// release lets go of all that belongs to the caller.
func (d *decoder) release() {
	d.doc, d.present = nil, nil
	d.strings, d.blobs = arena{}, arena{}
	if cap(d.scratch) > 64<<10 {
		d.scratch = nil
	}
}

func (d *decoder) malformed() error        { return &Error{Offset: d.pos} }
func (d *decoder) wrong(text string) error { return &Error{Text: text, Offset: d.pos} }
func (d *decoder) open(s step)             { d.path = append(d.path, s) }
func (d *decoder) close()                  { d.path = d.path[:len(d.path)-1] }
func isSpace(c byte) bool                  { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }
func isDigit(c byte) bool                  { return c-'0' < 10 }
func (d *decoder) rest() []byte            { return d.doc[d.pos:] }
func (d *decoder) has(literal string) bool { return bytes.HasPrefix(d.rest(), []byte(literal)) }
func (d *decoder) skipLiteral(l string) error {
	if !d.has(l) {
		return d.malformed()
	}
	d.pos += len(l)
	return nil
}

// document decodes the whole of doc into a struct; null is an empty one.
func (d *decoder) document(c *codec, p unsafe.Pointer) error {
	if err := d.value(c, p); err != nil {
		return err
	}
	if d.next() != 0 || d.pos < len(d.doc) {
		return d.malformed()
	}
	return nil
}

// next skips space and looks at the byte that follows, 0 at the end.
func (d *decoder) next() byte {
	for d.pos < len(d.doc) {
		if c := d.doc[d.pos]; !isSpace(c) {
			return c
		}
		d.pos++
	}
	return 0
}

// value decodes one value; null leaves p as it is.
func (d *decoder) value(c *codec, p unsafe.Pointer) error {
	if d.next() == 'n' {
		return d.skipLiteral("null")
	}
	return c.decode(d, p)
}

// markPresent remembers the path of an empty string.
func (d *decoder) markPresent() {
	var b strings.Builder
	for i, s := range d.path {
		if i > 0 {
			b.WriteByte('.')
		}
		if s.name == "" {
			b.WriteString(strconv.Itoa(s.index + 1))
			b.WriteString(".member")
			continue
		}
		r, n := utf8.DecodeRuneInString(s.name)
		b.WriteRune(unicode.ToLower(r))
		b.WriteString(s.name[n:])
	}
	d.present = append(d.present, b.String())
}

// members walks an object; on is called with pos behind the colon and must consume the value.
// The key is valid only until then.
func (d *decoder) members(on func(key []byte) error) error {
	return d.sequence('{', '}', func(int) error {
		if d.next() != '"' {
			return d.malformed()
		}
		key, err := d.text()
		if err != nil {
			return err
		}
		if d.next() != ':' {
			return d.malformed()
		}
		d.pos++
		return on(key)
	})
}

// sequence walks what stands between two brackets, separated by commas.
func (d *decoder) sequence(open, end byte, on func(i int) error) error {
	if d.depth++; d.depth > maxDepth || d.next() != open {
		return d.malformed()
	}
	d.pos++
	if d.next() == end {
		d.pos++
		d.depth--
		return nil
	}
	for i := 0; ; i++ {
		if err := on(i); err != nil {
			return err
		}
		switch d.next() {
		case ',':
			d.pos++
		case end:
			d.pos++
			d.depth--
			return nil
		default:
			return d.malformed()
		}
	}
}

// skip passes over one value, checking that it is JSON.
func (d *decoder) skip() error {
	switch c := d.next(); c {
	case '{':
		return d.members(func([]byte) error { return d.skip() })
	case '[':
		return d.sequence('[', ']', func(int) error { return d.skip() })
	case '"':
		_, err := d.text()
		return err
	case 't':
		return d.skipLiteral("true")
	case 'f':
		return d.skipLiteral("false")
	case 'n':
		return d.skipLiteral("null")
	default:
		_, _, err := d.number()
		return err
	}
}

// number passes over a number and returns its token; whole says that it is written as an integer.
func (d *decoder) number() (token []byte, whole bool, err error) {
	start := d.next()
	from, at := d.pos, d.pos
	digits := func() bool {
		n := at
		for at < len(d.doc) && isDigit(d.doc[at]) {
			at++
		}
		return at > n
	}
	peek := func() byte {
		if at < len(d.doc) {
			return d.doc[at]
		}
		return 0
	}
	if start == '-' {
		at++
	}
	if peek() == '0' {
		at++
	} else if !digits() {
		return nil, false, d.malformed()
	}
	whole = true
	if peek() == '.' {
		whole = false
		if at++; !digits() {
			return nil, false, d.malformed()
		}
	}
	if c := peek(); c == 'e' || c == 'E' {
		whole = false
		at++
		if c := peek(); c == '+' || c == '-' {
			at++
		}
		if !digits() {
			return nil, false, d.malformed()
		}
	}
	d.pos = at
	return d.doc[from:at], whole, nil
}

// plain marks the bytes of a string that stand for themselves.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\'
	}
	return t
}()

// text reads a string. The bytes belong to the document or to the decoder: copy to keep.
func (d *decoder) text() ([]byte, error) {
	from := d.pos + 1
	at := from
	for at < len(d.doc) && plain[d.doc[at]] {
		at++
	}
	if at < len(d.doc) && d.doc[at] == '"' {
		d.pos = at + 1
		return d.doc[from:at], nil
	}
	return d.slowText(from, at)
}

// slowText reads a string with escapes or beyond ASCII, from byte from on; up to at it is plain.
// Bytes that are not UTF-8 and lone surrogates become U+FFFD.
func (d *decoder) slowText(from, at int) ([]byte, error) {
	out := append(d.scratch[:0], d.doc[from:at]...)
	defer func() { d.scratch = out[:0] }()
	for at < len(d.doc) {
		switch c := d.doc[at]; {
		case c == '"':
			d.pos = at + 1
			return out, nil
		case c < 0x20:
			d.pos = at
			return nil, d.malformed()
		case c != '\\' && c < utf8.RuneSelf:
			out = append(out, c)
			at++
		case c != '\\':
			r, n := utf8.DecodeRune(d.doc[at:])
			out = utf8.AppendRune(out, r)
			at += n
		default:
			r, n := escape(d.doc[at:])
			if n == 0 {
				d.pos = at
				return nil, d.malformed()
			}
			out = utf8.AppendRune(out, r)
			at += n
		}
	}
	d.pos = at
	return nil, d.malformed()
}

// escape reads the escape at the start of b, n bytes long; n is 0 if it is none.
func escape(b []byte) (r rune, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	r, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := hex4(b[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != unicode.ReplacementChar {
				return both, 12
			}
		}
		return unicode.ReplacementChar, 6
	}
	return r, 6
}

// hex4 reads \uXXXX.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case isDigit(c):
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
