package columnar

import (
	"bytes"
	"encoding/base64"
	"math"
	"unicode/utf8"
)

// float converts into float and double.
func (w *Writer) float(n *node, b []byte, i int, rep uint8) int {
	switch c := b[i]; {
	case c == '-' || c-'0' <= 9:
		if mant, exp, end := plainNumber(b, i); end > 0 && n.kind == kindDouble {
			if f, ok := nearest(mant, exp); ok {
				if c == '-' {
					f = -f
				}
				n.column.Double(f, rep)
				return end
			}
		}
		num := w.number(b, i)
		if num.end < 0 {
			return -1
		}
		f, ok := num.double(b)
		if n.kind == kindDouble && ok {
			n.column.Double(f, rep)
			return num.end
		}
		if f32 := float32(f); ok && !math.IsInf(float64(f32), 0) {
			n.column.Float(f32, rep)
			return num.end
		}
		return w.forInput(i, b[i:num.end])
	case c == '"' && !w.hive:
		return w.quoted(n, b, i, rep)
	}
	return w.wrongClass(b, i, "java.lang.Number")
}

// integer converts into tinyint to bigint. A fraction is cut off; a number out of range is refused.
func (w *Writer) integer(n *node, b []byte, i int, rep uint8) int {
	switch c := b[i]; {
	case c == '-' || c-'0' <= 9:
		if mant, exp, end := plainNumber(b, i); end > 0 && exp == 0 && mant < 1<<(n.bits()-1) {
			v := int64(mant)
			if c == '-' {
				v = -v
			}
			n.whole(v, rep)
			return end
		}
		num := w.number(b, i)
		if num.end < 0 {
			return -1
		}
		if v, ok := num.integer(n.bits()); ok {
			n.whole(v, rep)
			return num.end
		}
		return w.forInput(i, b[i:num.end])
	case c == '"' && !w.hive:
		return w.quoted(n, b, i, rep)
	}
	return w.wrongClass(b, i, "java.lang.Number")
}

// bits of an integer type.
func (n *node) bits() int { return 8 << (n.kind - kindTinyint) }

func (n *node) whole(v int64, rep uint8) {
	if n.kind == kindBigint {
		n.column.Int64(v, rep)
	} else {
		n.column.Int32(int32(v), rep)
	}
}

// quoted converts a string into a column that is not of text.
func (w *Writer) quoted(n *node, b []byte, i int, rep uint8) int {
	text, end := w.scalarText(b, i)
	if end < 0 {
		return -1
	}
	if !w.fromText(n, text, rep) {
		if n.kind == kindDecimal {
			return w.mismatch(i, n.notDecimal(text))
		}
		return w.forInput(i, text)
	}
	return end
}

// fromText converts a string, or the key of a map, into a column of any primitive type.
func (w *Writer) fromText(n *node, text []byte, rep uint8) (ok bool) {
	switch n.kind {
	case kindBoolean:
		yes := bytes.EqualFold(text, []byte("true"))
		if ok = yes || bytes.EqualFold(text, []byte("false")); ok {
			n.column.Bool(yes, rep)
		}
	case kindTinyint, kindSmallint, kindInt, kindBigint:
		var v int64
		if v, ok = parseInteger(text, n.bits()); ok {
			n.whole(v, rep)
		}
	case kindFloat, kindDouble:
		size := 64
		if n.kind == kindFloat {
			size = 32
		}
		var f float64
		if f, ok = parseJavaFloat(text, size); ok && size == 64 {
			n.column.Double(f, rep)
		} else if ok {
			n.column.Float(float32(f), rep)
		}
	case kindString:
		n.column.Bytes(text, rep)
		return true
	case kindChar, kindVarchar:
		n.column.Bytes(n.clip(text), rep)
		return true
	case kindBinary:
		buf := n.column.BeginBytes()
		var err error
		if buf, err = base64.StdEncoding.AppendDecode(buf, text); err != nil {
			return false
		}
		n.column.EndBytes(buf, rep)
		return true
	case kindDate:
		var day int64
		if day, ok = parseDate(text); ok {
			n.column.Int32(int32(day), rep)
		}
	case kindTimestamp:
		var t instant
		if w.timeParser != nil {
			t, ok = w.timeParser.parse(text)
		} else if t, ok = parseTimestamp(text); !ok && !w.hive {
			t, ok = parseEpochText(text)
		}
		if ok && t.inRange() {
			n.column.Int96(t.nanos, uint32(t.day+julianEpoch), rep)
			return true
		}
		return false
	case kindDecimal:
		return n.decimalText(text, rep)
	}
	return ok
}

// parseInteger is Java's parseInt and its kin: a sign and digits, and OpenX's 0x for hexadecimal.
func parseInteger(text []byte, size int) (v int64, ok bool) {
	neg, base := false, uint64(10)
	switch {
	case len(text) > 2 && text[0] == '0' && text[1]|0x20 == 'x':
		text, base = text[2:], 16
	case len(text) > 1 && (text[0] == '-' || text[0] == '+'):
		neg, text = text[0] == '-', text[1:]
	}
	limit := uint64(1)<<(size-1) - 1
	if neg {
		limit++
	}
	var m uint64
	for _, c := range text {
		d := hexDigit(c)
		if d < 0 || uint64(d) >= base || m > limit/base {
			return 0, false
		}
		if m = m*base + uint64(d); m > limit {
			return 0, false
		}
	}
	if neg {
		return -int64(m), true
	}
	return int64(m), len(text) > 0
}

// parseJavaFloat takes what Java's parseDouble takes, but for hexadecimal and suffixes.
func parseJavaFloat(text []byte, size int) (float64, bool) {
	text = bytes.TrimSpace(text)
	digits := bytes.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 {
		return 0, false
	}
	switch string(digits) {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1 - 2*bytes.Count(text, []byte("-"))), true
	}
	for _, c := range digits {
		if c-'0' > 9 && c != '.' && c|0x20 != 'e' && c != '-' && c != '+' {
			return 0, false
		}
	}
	return parseFloat(text, size)
}

// string converts into string, char and varchar. Numbers keep their spelling; an object or array becomes
// compact JSON text, but for Hive, which refuses it.
func (w *Writer) string(n *node, b []byte, i int, rep uint8) int {
	var end int
	switch c := b[i]; {
	case c == '"':
		var seen uint8
		if end, seen = w.stringEnd(b, i+1); end < 0 {
			return -1
		}
		raw := b[i+1 : end]
		switch {
		case n.kind != kindString:
			w.text = appendText(w.text[:0], raw, seen)
			n.column.Bytes(n.clip(w.text), rep)
		case seen == 0:
			n.column.Bytes(raw, rep)
		default:
			n.column.EndBytes(appendText(n.column.BeginBytes(), raw, seen), rep)
		}
		return end + 1
	case c == '{' || c == '[':
		if w.hive {
			if w.skip(b, i, 0) < 0 {
				return -1
			}
			return w.malformed(i, "One or more fields have incorrect format. Exception when validating field (root)")
		}
		if w.text, end = w.compact(w.text[:0], b, i, 0); end >= 0 {
			n.column.Bytes(n.clip(w.text), rep)
		}
	default:
		if end = w.skip(b, i, 0); end >= 0 {
			n.column.Bytes(n.clip(b[i:end]), rep)
		}
	}
	return end
}

// clip is the text as char and varchar keep it: their length in characters, char without the spaces
// at its end.
func (n *node) clip(text []byte) []byte {
	if n.kind == kindString {
		return text
	}
	if len(text) > n.length {
		at := 0
		for count := 0; at < len(text) && count < n.length; count++ {
			_, size := utf8.DecodeRune(text[at:])
			at += size
		}
		text = text[:at]
	}
	if n.kind == kindChar {
		text = bytes.TrimRight(text, " ")
	}
	return text
}

// compact appends the object or array at b[i] without white space, the keys folded as keys are.
// Strings keep their spelling.
func (w *Writer) compact(dst, b []byte, i, depth int) ([]byte, int) {
	if i >= len(b) || b[i] != '{' && b[i] != '[' {
		end := w.skip(b, i, depth)
		if end >= 0 {
			dst = appendValid(dst, b[i:end])
		}
		return dst, end
	}
	// The first pass checks, so that the second need not.
	if depth == 0 {
		if end := w.skip(b, i, depth); end < 0 {
			return dst, -1
		}
	}
	object, last := b[i] == '{', b[i]+2
	dst = append(dst, b[i])
	i = skipSpace(b, i+1)
	for b[i] != last {
		if b[i] == ',' {
			dst = append(dst, ',')
			i = skipSpace(b, i+1)
		}
		if object {
			end, seen := w.stringEnd(b, i+1)
			dst = w.appendFolded(append(dst, '"'), b[i+1:end], seen)
			dst = append(dst, '"', ':')
			i = w.colon(b, end+1)
		}
		dst, i = w.compact(dst, b, i, depth+1)
		i = skipSpace(b, i)
	}
	return append(dst, last), i + 1
}

// appendFolded appends a key between quotes: in its own spelling where that needs no folding.
func (w *Writer) appendFolded(dst, raw []byte, seen uint8) []byte {
	if !w.fold {
		return appendValid(dst, raw)
	}
	if seen == 0 {
		at := len(dst)
		dst = append(dst, raw...)
		lower(dst[at:])
		return dst
	}
	for _, c := range lower(appendText(nil, raw, seen)) {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func appendValid(dst, text []byte) []byte {
	if utf8.Valid(text) {
		return append(dst, text...)
	}
	return append(dst, bytes.ToValidUTF8(text, []byte("\uFFFD"))...)
}

// binary takes base64 in a string.
func (w *Writer) binary(n *node, b []byte, i int, rep uint8) int {
	if b[i] != '"' {
		return w.wrongClass(b, i, "java.lang.String")
	}
	return w.quoted(n, b, i, rep)
}

// date takes a string.
func (w *Writer) date(n *node, b []byte, i int, rep uint8) int {
	if b[i] != '"' {
		return w.wrongClass(b, i, "java.lang.String")
	}
	return w.quoted(n, b, i, rep)
}

// decimal takes numbers and strings, rounded half up to the scale. Too many digits are refused.
func (w *Writer) decimal(n *node, b []byte, i int, rep uint8) int {
	switch c := b[i]; {
	case c == '"':
		return w.quoted(n, b, i, rep)
	case c == '-' || c-'0' <= 9:
		end := w.skipNumber(b, i)
		if end >= 0 && !n.decimalText(b[i:end], rep) {
			return w.mismatch(i, n.notDecimal(b[i:end]))
		}
		return end
	}
	return w.wrongClass(b, i, "java.lang.Number")
}

// timestamp takes strings in all accepted forms, and for OpenX, or with the format "millis", numbers.
func (w *Writer) timestamp(n *node, b []byte, i int, rep uint8) int {
	switch c := b[i]; {
	case c == '"':
		// The most usual form, "2016-01-01T00:00:00.000Z", without a look for escapes.
		if w.timeParser == nil && len(b)-i > 26 && b[i+25] == '"' {
			if t, ok := parseUTC(b[i+1 : i+25]); ok {
				n.column.Int96(t.nanos, uint32(t.day+julianEpoch), rep)
				return i + 26
			}
		}
		return w.quoted(n, b, i, rep)
	case c == '-' || c-'0' <= 9:
		num := w.number(b, i)
		if num.end < 0 {
			return -1
		}
		if w.hive {
			if !w.fromText(n, b[i:num.end], rep) {
				return w.forInput(i, b[i:num.end])
			}
			return num.end
		}
		t, ok := num.epoch()
		if !ok || !t.inRange() {
			return w.forInput(i, b[i:num.end])
		}
		n.column.Int96(t.nanos, uint32(t.day+julianEpoch), rep)
		return num.end
	}
	return w.wrongClass(b, i, "java.sql.Timestamp")
}
