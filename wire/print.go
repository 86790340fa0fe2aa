package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// mostPrinted bounds what a fault repeats of a value.
const mostPrinted = 1024

// printed is a value as Java prints it. given tells whether a member that is an empty string was given as one.
func printed(v reflect.Value, path string, given func(path string) bool) string {
	p := printer{given: given}
	p.value(v, path)
	if s := p.String(); len(s) > mostPrinted {
		return strings.ToValidUTF8(s[:mostPrinted], "") + "..."
	}
	return p.String()
}

type printer struct {
	strings.Builder
	given func(path string) bool
}

func (p *printer) value(v reflect.Value, path string) {
	if p.Len() > mostPrinted {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			p.WriteString("null")
			return
		}
		p.value(v.Elem(), path)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			fmt.Fprintf(p, "java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]", v.Len(), v.Len())
			return
		}
		p.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				p.WriteString(", ")
			}
			p.value(v.Index(i), path+"."+strconv.Itoa(i+1)+".member")
		}
		p.WriteByte(']')
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		p.WriteByte('{')
		for i, k := range keys {
			if i > 0 {
				p.WriteString(", ")
			}
			p.WriteString(k.String() + "=")
			p.value(v.MapIndex(k), path+"."+k.String()+".member")
		}
		p.WriteByte('}')
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() && v.CanInterface() {
			p.WriteString(v.Interface().(time.Time).UTC().Format(time.RFC3339))
			return
		}
		p.structure(v, path)
	case reflect.String:
		p.WriteString(v.String())
	default:
		fmt.Fprint(p, v)
	}
}

// structure prints members by name, as generated toString methods do; those that are not there are null.
func (p *printer) structure(v reflect.Value, path string) {
	type member struct {
		name  string
		value reflect.Value
	}
	var members []member
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				name = f.Name
			}
			members = append(members, member{lowerFirst(name), v.Field(i)})
		}
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	p.WriteString(v.Type().Name() + "(")
	for i, m := range members {
		if i > 0 {
			p.WriteString(", ")
		}
		p.WriteString(m.name + "=")
		if at := path + "." + m.name; p.absent(m.value, at) {
			p.WriteString("null")
		} else {
			p.value(m.value, at)
		}
	}
	p.WriteByte(')')
}

func (p *printer) absent(v reflect.Value, path string) bool {
	switch v.Kind() {
	case reflect.String:
		return v.Len() == 0 && !p.given(path)
	case reflect.Slice, reflect.Map:
		return v.IsNil()
	case reflect.Struct:
		return v.Type() == reflect.TypeFor[time.Time]() && v.IsZero()
	}
	return false
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
