// Package scan walks the members of one JSON object without building anything: no map, no
// reflection, no allocation. It is strict (RFC 8259): what encoding/json refuses, it refuses.
package scan

import "unicode/utf8"

// Kind is what a JSON value is, told by its first byte.
type Kind uint8

const (
	Number Kind = iota + 1
	String
	Bool
	Null
	Object
	Array
)

// maxDepth bounds nesting, so that a hostile record cannot exhaust the stack.
const maxDepth = 100

// Walker yields the members of an object in order:
//
//	w := scan.New(b)
//	for w.Next() { use w.Key, w.Value, w.Kind }
//	if !w.OK() { b is not one JSON object }
//
// OK is meaningful only once Next has returned false.
type Walker struct {
	Key   []byte // between its quotes, escapes as they stand
	Value []byte // as it stands; a string without its quotes
	Kind  Kind
	// Escaped reports that Key or a string Value holds a backslash and must be decoded to be compared.
	Escaped bool

	b     []byte
	i     int
	state uint8
}

const (
	begin = iota
	inside
	done
	broken
)

// New walks b, which must hold one object, white space around it allowed.
func New(b []byte) Walker { return Walker{b: b} }

// OK reports whether the walk came to the end of a well-formed object.
func (w *Walker) OK() bool { return w.state == done }

// Next moves to the next member and reports whether there is one.
func (w *Walker) Next() bool {
	switch w.state {
	case begin:
		if !utf8.Valid(w.b) {
			return w.fail()
		}
		w.space()
		if !w.eat('{') {
			return w.fail()
		}
		w.space()
		if w.eat('}') {
			return w.finish()
		}
	case inside:
		w.space()
		if w.eat('}') {
			return w.finish()
		}
		if !w.eat(',') {
			return w.fail()
		}
		w.space()
	default:
		return false
	}
	key, keyEscaped, ok := w.str()
	if !ok {
		return w.fail()
	}
	w.space()
	if !w.eat(':') {
		return w.fail()
	}
	w.space()
	start := w.i
	kind, valueEscaped, ok := w.value(0)
	if !ok {
		return w.fail()
	}
	w.Key, w.Kind, w.Escaped = key, kind, keyEscaped || valueEscaped
	w.Value = w.b[start:w.i]
	if kind == String {
		w.Value = w.Value[1 : len(w.Value)-1]
	}
	w.state = inside
	return true
}

func (w *Walker) fail() bool {
	w.state = broken
	return false
}

// finish ends the walk after the closing brace; only white space may follow.
func (w *Walker) finish() bool {
	w.space()
	if w.i != len(w.b) {
		return w.fail()
	}
	w.state = done
	return false
}

func (w *Walker) space() {
	for w.i < len(w.b) {
		switch w.b[w.i] {
		case ' ', '\t', '\n', '\r':
			w.i++
		default:
			return
		}
	}
}

func (w *Walker) eat(c byte) bool {
	if w.i < len(w.b) && w.b[w.i] == c {
		w.i++
		return true
	}
	return false
}

// str reads a string and returns what stands between the quotes.
func (w *Walker) str() (text []byte, escaped, ok bool) {
	if !w.eat('"') {
		return nil, false, false
	}
	start := w.i
	for {
		i := w.i
		for i < len(w.b) && !special[w.b[i]] {
			i++
		}
		w.i = i
		if i == len(w.b) {
			return nil, false, false
		}
		switch w.b[i] {
		case '"':
			w.i++
			return w.b[start:i], escaped, true
		case '\\':
			escaped = true
			if !w.escape() {
				return nil, false, false
			}
		default: // a control character
			return nil, false, false
		}
	}
}

// special marks the bytes at which a string ends, escapes or is broken.
var special = func() (t [256]bool) {
	for c := range 0x20 {
		t[c] = true
	}
	t['"'], t['\\'] = true, true
	return t
}()

func (w *Walker) escape() bool {
	w.i++
	if w.i >= len(w.b) {
		return false
	}
	c := w.b[w.i]
	w.i++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if w.i >= len(w.b) || !hex(w.b[w.i]) {
				return false
			}
			w.i++
		}
		return true
	}
	return false
}

func hex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func (w *Walker) value(depth int) (kind Kind, escaped, ok bool) {
	if w.i >= len(w.b) || depth > maxDepth {
		return 0, false, false
	}
	switch c := w.b[w.i]; c {
	case '"':
		_, escaped, ok = w.str()
		return String, escaped, ok
	case '{':
		return Object, false, w.nested('}', depth)
	case '[':
		return Array, false, w.nested(']', depth)
	case 't':
		return Bool, false, w.word("true")
	case 'f':
		return Bool, false, w.word("false")
	case 'n':
		return Null, false, w.word("null")
	default:
		n := NumberLen(w.b[w.i:])
		w.i += n
		return Number, false, n > 0
	}
}

func (w *Walker) word(s string) bool {
	if len(w.b)-w.i < len(s) || string(w.b[w.i:w.i+len(s)]) != s {
		return false
	}
	w.i += len(s)
	return true
}

// nested skips an object or an array, checking it on the way.
func (w *Walker) nested(end byte, depth int) bool {
	w.i++
	w.space()
	if w.eat(end) {
		return true
	}
	for {
		if end == '}' {
			if _, _, ok := w.str(); !ok {
				return false
			}
			w.space()
			if !w.eat(':') {
				return false
			}
			w.space()
		}
		if _, _, ok := w.value(depth + 1); !ok {
			return false
		}
		w.space()
		if w.eat(end) {
			return true
		}
		if !w.eat(',') {
			return false
		}
		w.space()
	}
}

// NumberLen is the length of the JSON number at the start of b, or 0 if there is none.
func NumberLen(b []byte) int {
	i := 0
	if len(b) > 0 && b[0] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else {
		n := digits(b[i:])
		if n == 0 {
			return 0
		}
		i += n
	}
	if i < len(b) && b[i] == '.' {
		n := digits(b[i+1:])
		if n == 0 {
			return 0
		}
		i += 1 + n
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		n := digits(b[i:])
		if n == 0 {
			return 0
		}
		i += n
	}
	return i
}

func digits(b []byte) int {
	for n, c := range b {
		if c-'0' > 9 {
			return n
		}
	}
	return len(b)
}
