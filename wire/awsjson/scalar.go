package awsjson

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"
)

var stringCodec = codec{
	decode: func(d *decoder, p unsafe.Pointer) error {
		switch c := d.next(); {
		case c == '"':
			b, err := d.text()
			if err != nil {
				return err
			}
			if len(b) == 0 {
				d.markPresent()
			}
			*(*string)(p) = d.strings.string(b)
			return nil
		case c == '-' || isDigit(c):
			from := d.pos
			token, whole, err := d.number()
			if err != nil {
				return err
			}
			if whole {
				d.pos = from
				return d.mismatch("an String")
			}
			*(*string)(p) = d.strings.string(token) // AWS takes fractions, and only those
			return nil
		default:
			return d.mismatch("an String")
		}
	},
	append: func(dst []byte, p unsafe.Pointer) []byte { return AppendString(dst, *(*string)(p)) },
	absent: func(p unsafe.Pointer) bool { return *(*string)(p) == "" },
	none:   `""`,
}

var boolCodec = codec{
	decode: func(d *decoder, p unsafe.Pointer) error {
		switch d.next() {
		case 't':
			*(*bool)(p) = true
			return d.skipLiteral("true")
		case 'f':
			*(*bool)(p) = false
			return d.skipLiteral("false")
		default:
			return d.mismatch("an Boolean")
		}
	},
	append: func(dst []byte, p unsafe.Pointer) []byte { return strconv.AppendBool(dst, *(*bool)(p)) },
}

func intCodec[T int | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](name string) codec {
	return codec{
		decode: func(d *decoder, p unsafe.Pointer) error {
			if c := d.next(); c != '-' && !isDigit(c) {
				return d.mismatch(name)
			}
			from := d.pos
			token, whole, err := d.number()
			if err != nil {
				return err
			}
			v, fits := toInt[T](token, whole)
			if !fits {
				d.pos = from
				return d.mismatch(name)
			}
			*(*T)(p) = v
			return nil
		},
		append: func(dst []byte, p unsafe.Pointer) []byte {
			v := *(*T)(p)
			if v > 0 {
				return strconv.AppendUint(dst, uint64(v), 10)
			}
			return strconv.AppendInt(dst, int64(v), 10)
		},
	}
}

// toInt reads a number; a fraction is cut off, as AWS does.
func toInt[T int | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](token []byte, whole bool) (T, bool) {
	if !whole {
		f, err := strconv.ParseFloat(string(token), 64)
		if err != nil || math.Abs(f) >= 1<<63 {
			return 0, false
		}
		n := int64(f)
		return T(n), int64(T(n)) == n && (T(n) < 0) == (n < 0)
	}
	if n, err := strconv.ParseInt(string(token), 10, 64); err == nil {
		return T(n), int64(T(n)) == n && (T(n) < 0) == (n < 0)
	}
	n, err := strconv.ParseUint(string(token), 10, 64)
	return T(n), err == nil && T(n) > 0 && uint64(T(n)) == n
}

func floatCodec[T float32 | float64](size int) codec {
	return codec{
		decode: func(d *decoder, p unsafe.Pointer) error {
			switch c := d.next(); {
			case c == '-' || isDigit(c):
				token, _, err := d.number()
				if err != nil {
					return err
				}
				f, err := strconv.ParseFloat(string(token), size)
				if err != nil {
					return d.wrong("Unable to parse number: " + string(token))
				}
				*(*T)(p) = T(f)
				return nil
			case c == '"':
				from := d.pos
				b, err := d.text()
				if err != nil {
					return err
				}
				switch string(b) {
				case "NaN":
					*(*T)(p) = T(math.NaN())
				case "Infinity":
					*(*T)(p) = T(math.Inf(1))
				case "-Infinity":
					*(*T)(p) = T(math.Inf(-1))
				default:
					d.pos = from
					return d.mismatch("an Double")
				}
				return nil
			default:
				return d.mismatch("an Double")
			}
		},
		append: func(dst []byte, p unsafe.Pointer) []byte { return appendFloat(dst, float64(*(*T)(p)), size) },
	}
}

var blobCodec = codec{
	decode: func(d *decoder, p unsafe.Pointer) error {
		if d.next() != '"' {
			return d.mismatch("a Blob")
		}
		// Base64 has neither quotes nor escapes: find the end with one search, and let the base64
		// decoder look at the bytes. What it does not like is read again the slow way.
		from := d.pos + 1
		if n := bytes.IndexByte(d.doc[from:], '"'); n >= 0 && n%4 == 0 {
			src := d.doc[from : from+n]
			if out, ok := d.base64(src); ok {
				d.pos = from + n + 1
				*(*[]byte)(p) = out
				return nil
			}
		}
		b, err := d.text()
		if err != nil {
			return err
		}
		out, ok := d.base64(b)
		if !ok {
			return d.wrong(badBase64(b))
		}
		*(*[]byte)(p) = out
		return nil
	},
	append: func(dst []byte, p unsafe.Pointer) []byte {
		return append(AppendBase64(append(dst, '"'), *(*[]byte)(p)), '"')
	},
	absent: func(p unsafe.Pointer) bool { return *(*[]byte)(p) == nil },
	none:   `""`,
}

// base64 decodes src.
func (d *decoder) base64(src []byte) ([]byte, bool) {
	n := len(src) / 4 * 3
	if n == 0 {
		return []byte{}, len(src) == 0
	}
	// The decoder may write whole quanta: it needs room for the padding too.
	out, ok := AppendFromBase64(d.blobs.take(n)[:0], src)
	return out[:len(out):len(out)], ok
}

// timeCodec: form "" and "epoch" are seconds with a fraction, "iso8601" a string.
func timeCodec(form string) codec {
	c := codec{
		decode: decodeEpoch,
		append: func(dst []byte, p unsafe.Pointer) []byte { return AppendEpoch(dst, (*time.Time)(p).UnixMilli()) },
		absent: func(p unsafe.Pointer) bool { return (*time.Time)(p).IsZero() },
	}
	if form == "iso8601" {
		c.append = func(dst []byte, p unsafe.Pointer) []byte {
			return (*time.Time)(p).UTC().AppendFormat(dst, `"2006-01-02T15:04:05.000Z"`)
		}
	}
	return c
}

func decodeEpoch(d *decoder, p unsafe.Pointer) error {
	switch c := d.next(); {
	case c == '-' || isDigit(c):
		token, _, err := d.number()
		if err != nil {
			return err
		}
		f, err := strconv.ParseFloat(string(token), 64)
		if err != nil || math.Abs(f) > 1e12 {
			return d.wrong(string(token) + " can not be converted to milliseconds since epoch")
		}
		// A double holds today's seconds to a tenth of a microsecond: round to whole ones.
		*(*time.Time)(p) = time.UnixMicro(int64(math.Round(f * 1e6))).UTC()
		return nil
	case c == '"':
		b, err := d.text()
		if err != nil {
			return err
		}
		t, err := time.Parse(time.RFC3339Nano, string(b))
		if err != nil {
			return d.wrong("'" + string(b) + "' can not be converted to milliseconds since epoch")
		}
		*(*time.Time)(p) = t.UTC()
		return nil
	default:
		return d.mismatch("milliseconds since epoch")
	}
}

// span is the document of the next value.
func (d *decoder) span() ([]byte, error) {
	d.next()
	from := d.pos
	err := d.skip()
	return d.doc[from:d.pos], err
}

var rawCodec = codec{
	decode: func(d *decoder, p unsafe.Pointer) error {
		b, err := d.span()
		if err == nil {
			*(*json.RawMessage)(p) = bytes.Clone(b)
		}
		return err
	},
	append: func(dst []byte, p unsafe.Pointer) []byte { return append(dst, *(*json.RawMessage)(p)...) },
	absent: func(p unsafe.Pointer) bool { return len(*(*json.RawMessage)(p)) == 0 },
}

// anyCodec is a document of no shape; encoding/json knows what to make of it.
var anyCodec = codec{
	decode: func(d *decoder, p unsafe.Pointer) error {
		b, err := d.span()
		if err != nil {
			return err
		}
		if err := json.Unmarshal(b, (*any)(p)); err != nil {
			return d.wrong("Unable to parse document")
		}
		return nil
	},
	append: func(dst []byte, p unsafe.Pointer) []byte {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if e.Encode(*(*any)(p)) != nil {
			return append(dst, "null"...) // channels and functions: not a document
		}
		return append(dst, bytes.TrimRight(b.Bytes(), "\n")...)
	},
	absent: func(p unsafe.Pointer) bool { return *(*any)(p) == nil },
}

// StringSize is what AppendString appends, in bytes.
func StringSize(s string) int {
	for i := range len(s) {
		if !plain[s[i]] {
			return len(AppendString(nil, s))
		}
	}
	return len(s) + 2
}

// AppendString appends s as a JSON string.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for at := 0; at < len(s); {
		c := s[at]
		if plain[c] {
			at++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[at:])
			if r != utf8.RuneError || n != 1 {
				at += n
				continue
			}
			dst = append(append(dst, s[from:at]...), `\ufffd`...)
		} else {
			dst = append(dst, s[from:at]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
		}
		at++
		from = at
	}
	return append(append(dst, s[from:]...), '"')
}

func appendFloat(dst []byte, f float64, size int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	form := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		form = 'e'
	}
	return strconv.AppendFloat(dst, f, form, -1, size)
}

// AppendEpoch appends a timestamp, given in Unix milliseconds: seconds, with three digits of fraction
// where there are milliseconds.
func AppendEpoch(dst []byte, ms int64) []byte {
	if ms < 0 {
		dst = append(dst, '-')
		ms = -ms
	}
	dst = strconv.AppendInt(dst, ms/1000, 10)
	if f := ms % 1000; f > 0 {
		dst = append(dst, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10))
	}
	return dst
}
