package awsxml

import (
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Append appends v, a struct or a pointer to one, as an element called root. A namespace that is
// not "" becomes its xmlns.
func Append(dst []byte, v any, root, namespace string) []byte {
	rv := reflect.ValueOf(v)
	for rv.Kind() == reflect.Pointer {
		if rv.IsNil() {
			return dst
		}
		rv = rv.Elem()
	}
	var attrs []byte
	if namespace != "" {
		attrs = AppendText(append(attrs, ` xmlns="`...), namespace)
		attrs = append(attrs, '"')
	}
	return appendElement(dst, rv, root, "", attrs)
}

func appendElement(dst []byte, v reflect.Value, name, timestamp string, attrs []byte) []byte {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	var s *shape
	if v.Kind() == reflect.Struct && v.Type() != timeType {
		s = shapeOf(v.Type())
		for _, m := range s.members {
			if f := v.FieldByIndex(m.index); m.attr && !absent(f) {
				if prefix, _, ok := strings.Cut(m.name, ":"); ok && prefix == "xsi" {
					attrs = append(attrs, ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`...)
				}
				attrs = append(attrs, ' ')
				attrs = append(attrs, m.name...)
				attrs = append(attrs, `="`...)
				attrs = appendScalar(attrs, f, m.timestamp)
				attrs = append(attrs, '"')
			}
		}
	}
	dst = append(dst, '<')
	dst = append(dst, name...)
	dst = append(dst, attrs...)
	dst = append(dst, '>')
	if s != nil {
		dst = appendMembers(dst, v, s)
	} else {
		dst = appendScalar(dst, v, timestamp)
	}
	return appendEnd(dst, name)
}

func appendEnd(dst []byte, name string) []byte {
	dst = append(dst, "</"...)
	dst = append(dst, name...)
	return append(dst, '>')
}

func appendStart(dst []byte, name string) []byte {
	dst = append(dst, '<')
	dst = append(dst, name...)
	return append(dst, '>')
}

func appendMembers(dst []byte, v reflect.Value, s *shape) []byte {
	for i := range s.members {
		m := &s.members[i]
		f := v.FieldByIndex(m.index)
		if m.attr || absent(f) {
			continue
		}
		for f.Kind() == reflect.Pointer {
			f = f.Elem()
		}
		switch {
		case m.text:
			dst = appendScalar(dst, f, m.timestamp)
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() != reflect.Uint8:
			dst = appendList(dst, m, f)
		case f.Kind() == reflect.Map:
			dst = appendMap(dst, m, f)
		default:
			dst = appendElement(dst, f, m.name, m.timestamp, nil)
		}
	}
	return dst
}

func appendList(dst []byte, m *member, f reflect.Value) []byte {
	item := m.item
	if m.flat {
		item = m.name
	} else {
		dst = appendStart(dst, m.name)
	}
	for i := range f.Len() {
		if e := f.Index(i); e.Kind() != reflect.Pointer || !e.IsNil() {
			dst = appendElement(dst, e, item, m.timestamp, nil)
		}
	}
	if !m.flat {
		dst = appendEnd(dst, m.name)
	}
	return dst
}

func appendMap(dst []byte, m *member, f reflect.Value) []byte {
	entry := "entry"
	if m.flat {
		entry = m.name
	} else {
		dst = appendStart(dst, m.name)
	}
	keys := f.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, k := range keys {
		dst = appendStart(dst, entry)
		dst = appendElement(dst, k, "key", "", nil)
		dst = appendElement(dst, f.MapIndex(k), "value", m.timestamp, nil)
		dst = appendEnd(dst, entry)
	}
	if !m.flat {
		dst = appendEnd(dst, m.name)
	}
	return dst
}

func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		if v.Type() == timeType {
			return v.Interface().(time.Time).IsZero()
		}
	}
	return false
}

func appendScalar(dst []byte, v reflect.Value, timestamp string) []byte {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Type() == timeType {
		t := v.Interface().(time.Time).UTC()
		switch timestamp {
		case "epoch":
			return strconv.AppendInt(dst, t.Unix(), 10)
		case "http":
			return t.AppendFormat(dst, "Mon, 02 Jan 2006 15:04:05 GMT")
		default:
			return t.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
		}
	}
	switch v.Kind() {
	case reflect.String:
		return AppendText(dst, v.String())
	case reflect.Bool:
		return strconv.AppendBool(dst, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(dst, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(dst, v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		return strconv.AppendFloat(dst, v.Float(), 'g', -1, v.Type().Bits())
	case reflect.Slice:
		return base64.StdEncoding.AppendEncode(dst, v.Bytes())
	}
	return dst
}

// AppendText appends s escaped, fit for text and for attributes. A character XML cannot hold becomes
// U+FFFD: the reply stays a document.
func AppendText(dst []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '"':
			dst = append(dst, "&quot;"...)
		case r == '\r':
			dst = append(dst, "&#13;"...) // a parser would turn a bare one into a line feed
		case r == '\n' || r == '\t' || r >= 0x20 && r != 0xFFFE && r != 0xFFFF:
			dst = utf8.AppendRune(dst, r)
		default:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		}
	}
	return dst
}
