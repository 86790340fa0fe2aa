package columnar

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// The scanner accepts exactly the grammar of RFC 8259, also in what is skipped. Its functions take the
// record and an index, and return the index after what they read, or -1 having set w.reject.
// UTF-8 that is not valid is let through here; where it becomes text in a column it is replaced by U+FFFD.

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// What stringEnd has seen between the quotes.
const (
	hasEscape = 1 << iota
	hasNonASCII
)

func skipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// stringEnd finds the closing quote of a string whose first byte after the opening quote is b[i].
func (w *Writer) stringEnd(b []byte, i int) (end int, seen uint8) {
	for {
		// Eight bytes at a time up to the next quote, backslash or control character.
		for i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			q := x ^ 0x22*ones
			s := x ^ 0x5c*ones
			m := ((q - ones) &^ q) | ((s - ones) &^ s) | ((x - 0x20*ones) &^ x)
			if m &= highs; m != 0 {
				at := bits.TrailingZeros64(m)
				if x&highs&(1<<at-1) != 0 {
					seen |= hasNonASCII
				}
				i += at >> 3
				break
			}
			if x&highs != 0 {
				seen |= hasNonASCII
			}
			i += 8
		}
		if i >= len(b) {
			return w.syntax(len(b), "the record ends inside a string"), 0
		}
		switch c := b[i]; {
		case c == '"':
			return i, seen
		case c == '\\':
			seen |= hasEscape
			if i = w.escape(b, i+1); i < 0 {
				return -1, 0
			}
		case c < ' ':
			return w.syntax(i, "a control character must be escaped in a string"), 0
		default:
			if c >= utf8.RuneSelf {
				seen |= hasNonASCII
			}
			i++
		}
	}
}

// escape checks the escape whose character after the backslash is b[i].
func (w *Writer) escape(b []byte, i int) int {
	if i >= len(b) {
		return w.syntax(i, "the record ends inside a string")
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for n := 1; n <= 4; n++ {
			if i+n >= len(b) {
				return w.syntax(len(b), "the record ends inside a string")
			}
			if hexDigit(b[i+n]) < 0 {
				return w.syntax(i+n, "expected four hex digits after \\u")
			}
		}
		return i + 5
	}
	return w.syntax(i, "unrecognized character escape")
}

func hexDigit(c byte) rune {
	switch {
	case c-'0' <= 9:
		return rune(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return rune(c|0x20-'a') + 10
	}
	return -1
}

// appendText appends the text between a string's quotes, which stringEnd has checked. Surrogates without
// their other half, and bytes that are not UTF-8, become U+FFFD.
func appendText(dst, raw []byte, seen uint8) []byte {
	if seen&hasNonASCII != 0 && !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	for seen&hasEscape != 0 {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			break
		}
		dst = append(dst, raw[:i]...)
		c := raw[i+1]
		raw = raw[i+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := unit(raw)
			raw = raw[4:]
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if len(raw) >= 6 && raw[0] == '\\' && raw[1] == 'u' {
					pair = utf16.DecodeRune(r, unit(raw[2:]))
				}
				if r = pair; r != utf8.RuneError {
					raw = raw[6:]
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return append(dst, raw...)
}

func unit(hex []byte) rune {
	return hexDigit(hex[0])<<12 | hexDigit(hex[1])<<8 | hexDigit(hex[2])<<4 | hexDigit(hex[3])
}

// maxDepth is how deep arrays and objects may nest. It is encoding/json's.
const maxDepth = 10_000

// skip passes over a value.
func (w *Writer) skip(b []byte, i, depth int) int {
	if i >= len(b) {
		return w.syntax(i, "the record ends where a value was expected")
	}
	switch c := b[i]; {
	case c == '"':
		end, _ := w.stringEnd(b, i+1)
		if end < 0 {
			return -1
		}
		return end + 1
	case c == '-' || c-'0' <= 9:
		return w.skipNumber(b, i)
	case c == '{' || c == '[':
		return w.skipNested(b, i, depth)
	}
	return w.literal(b, i)
}

func (w *Writer) skipNested(b []byte, i, depth int) int {
	if depth >= maxDepth {
		return w.syntax(i, "nested too deep")
	}
	object := b[i] == '{'
	last := b[i] + 2 // '}' and ']' stand two after their openings
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == last {
		return i + 1
	}
	for {
		if object {
			if i >= len(b) || b[i] != '"' {
				return w.syntax(i, "expected a double quote to start a field name")
			}
			end, _ := w.stringEnd(b, i+1)
			if end < 0 {
				return -1
			}
			if i = w.colon(b, end+1); i < 0 {
				return -1
			}
		}
		if i = w.skip(b, i, depth+1); i < 0 {
			return -1
		}
		i = skipSpace(b, i)
		if i >= len(b) {
			return w.syntax(i, "the record ends inside an object or array")
		}
		if b[i] == last {
			return i + 1
		}
		if b[i] != ',' {
			return w.syntax(i, "expected a comma or the end of the object or array")
		}
		i = skipSpace(b, i+1)
	}
}

// colon passes over the colon after a key and the white space around it.
func (w *Writer) colon(b []byte, i int) int {
	i = skipSpace(b, i)
	if i >= len(b) || b[i] != ':' {
		return w.syntax(i, "expected a colon between a field's name and its value")
	}
	return skipSpace(b, i+1)
}

// literal passes over true, false or null.
func (w *Writer) literal(b []byte, i int) int {
	switch {
	case len(b)-i >= 4 && string(b[i:i+4]) == "true", len(b)-i >= 4 && string(b[i:i+4]) == "null":
		return w.delimited(b, i+4)
	case len(b)-i >= 5 && string(b[i:i+5]) == "false":
		return w.delimited(b, i+5)
	}
	return w.syntax(i, "expected a JSON value")
}

// delimited checks that a number or literal does not run into what follows it.
func (w *Writer) delimited(b []byte, i int) int {
	if i < len(b) {
		if c := b[i]; c == '_' || c == '.' || c == '-' || c == '+' || c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf {
			return w.syntax(i, "expected white space, a comma or an end after a value")
		}
	}
	return i
}
