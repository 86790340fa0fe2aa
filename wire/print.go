package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// mostPrinted bounds what a fault repeats of a value.
const mostPrinted = 1024

// printed is a value as Java prints it.
func printed(v reflect.Value) string {
	var b strings.Builder
	printValue(&b, v)
	if s := b.String(); len(s) > mostPrinted {
		return strings.ToValidUTF8(s[:mostPrinted], "") + "..."
	}
	return b.String()
}

func printValue(b *strings.Builder, v reflect.Value) {
	if b.Len() > mostPrinted {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			b.WriteString("null")
			return
		}
		printValue(b, v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			fmt.Fprintf(b, "java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]", v.Len(), v.Len())
			return
		}
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			printValue(b, v.Index(i))
		}
		b.WriteByte(']')
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		b.WriteByte('{')
		for i, k := range keys {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(k.String() + "=")
			printValue(b, v.MapIndex(k))
		}
		b.WriteByte('}')
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() && v.CanInterface() {
			b.WriteString(v.Interface().(time.Time).UTC().Format(time.RFC3339))
			return
		}
		b.WriteString(v.Type().Name() + "(")
		for i := range v.NumField() {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(lowerFirst(v.Type().Field(i).Name) + "=")
			printValue(b, v.Field(i))
		}
		b.WriteByte(')')
	case reflect.String:
		b.WriteString(v.String())
	default:
		fmt.Fprint(b, v)
	}
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
