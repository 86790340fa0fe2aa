package awscbor

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Append appends the document of v, a struct or a pointer to one, to dst.
func (f Form) Append(dst []byte, v any) []byte { return f.value(dst, reflect.ValueOf(v)) }

func appendHead(dst []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n <= math.MaxUint8:
		return append(dst, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, major|27), n)
	}
}

// AppendText appends a text string.
func AppendText(dst []byte, s string) []byte {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return append(appendHead(dst, majorText, uint64(len(s))), s...)
}

// AppendTextBytes appends a text string, known to be UTF-8.
func AppendTextBytes(dst, s []byte) []byte {
	return append(appendHead(dst, majorText, uint64(len(s))), s...)
}

// AppendInt appends an integer.
func AppendInt(dst []byte, n int64) []byte {
	if n < 0 {
		return appendHead(dst, majorNegative, uint64(^n))
	}
	return appendHead(dst, majorUint, uint64(n))
}

func appendDouble(dst []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, majorSimple<<5|27), math.Float64bits(f))
}

// AppendBlob appends a byte string.
func AppendBlob(dst, b []byte) []byte {
	return append(appendHead(dst, majorBytes, uint64(len(b))), b...)
}

// AppendListStart and AppendEnd enclose the items of a list of any length.
func AppendListStart(dst []byte) []byte { return append(dst, majorArray<<5|indefinite) }

// AppendMapStart and AppendEnd enclose the pairs of a map of any length.
func AppendMapStart(dst []byte) []byte { return append(dst, majorMap<<5|indefinite) }

// AppendEnd ends what AppendMapStart began.
func AppendEnd(dst []byte) []byte { return append(dst, breakByte) }

func (f Form) value(dst []byte, v reflect.Value) []byte {
	if v.Type() == timeType {
		return f.AppendTime(dst, v.Interface().(time.Time).UnixMilli())
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(dst, majorSimple<<5|simpleNull)
		}
		return f.value(dst, v.Elem())
	case reflect.String:
		return AppendText(dst, v.String())
	case reflect.Bool:
		if v.Bool() {
			return append(dst, majorSimple<<5|21)
		}
		return append(dst, majorSimple<<5|20)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return AppendInt(dst, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return appendHead(dst, majorUint, v.Uint())
	case reflect.Float32, reflect.Float64:
		return appendDouble(dst, v.Float())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return AppendBlob(dst, v.Bytes())
		}
		dst = AppendListStart(dst)
		for i := range v.Len() {
			dst = f.value(dst, v.Index(i))
		}
		return append(dst, breakByte)
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		dst = AppendMapStart(dst)
		for _, k := range keys {
			dst = f.value(AppendText(dst, k.String()), v.MapIndex(k))
		}
		return AppendEnd(dst)
	case reflect.Struct:
		dst = AppendMapStart(dst)
		for _, m := range shapeOf(v.Type()).members {
			if x := v.FieldByIndex(m.index); !absent(x) || m.required && x.Kind() != reflect.Pointer && x.Kind() != reflect.Struct {
				dst = f.value(AppendText(dst, m.name), x)
			}
		}
		return AppendEnd(dst)
	}
	panic("awscbor: a " + v.Type().String() + " cannot travel as CBOR")
}

// AppendTime appends a timestamp, given in Unix milliseconds.
func (f Form) AppendTime(dst []byte, ms int64) []byte {
	dst = appendHead(dst, majorTag, tagEpoch)
	if f == Kinesis {
		return AppendInt(dst, ms)
	}
	return appendDouble(dst, float64(ms)/1000)
}

func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return v.Type() == timeType && v.Interface().(time.Time).IsZero()
	}
	return false
}
