package awsxml

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

// member is a field of a struct, as XML sees it.
type member struct {
	index     []int
	name      string
	item      string // name of a list's items where it is not flattened
	flat      bool
	attr      bool
	text      bool
	timestamp string
}

type shape struct {
	root    string // of the XMLName field
	members []member
}

var (
	shapes   sync.Map // reflect.Type -> *shape
	timeType = reflect.TypeFor[time.Time]()
)

// Prepare reads the tags of t and of all it holds; what cannot travel panics.
func Prepare(t reflect.Type) { prepare(t, map[reflect.Type]bool{}) }

func prepare(t reflect.Type, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if seen[t] || t == timeType {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Struct:
		s := shapeOf(t)
		for _, m := range s.members {
			prepare(t.FieldByIndex(m.index).Type, seen)
		}
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Complex64, reflect.Complex128, reflect.Array:
		panic(fmt.Sprintf("awsxml: a %s cannot travel as XML", t))
	}
}

// Root is the name a type gives its element, or fallback.
func Root(t reflect.Type, fallback string) string {
	if t.Kind() == reflect.Struct {
		if r := shapeOf(t).root; r != "" {
			return r
		}
	}
	return fallback
}

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := new(shape)
	for _, f := range reflect.VisibleFields(t) {
		name, flags, _ := strings.Cut(f.Tag.Get("xml"), ",")
		if f.Name == "XMLName" {
			s.root = name
			continue
		}
		_, bound := f.Tag.Lookup("in")
		if !f.IsExported() || f.Anonymous || bound || name == "-" {
			continue
		}
		m := member{index: f.Index, name: name, item: "member", timestamp: f.Tag.Get("timestamp")}
		if outer, inner, nested := strings.Cut(name, ">"); nested {
			m.name, m.item = outer, inner
		}
		if m.name == "" {
			m.name, _, _ = strings.Cut(f.Tag.Get("json"), ",")
		}
		if m.name == "" || m.name == "-" {
			m.name = f.Name
		}
		for flag := range strings.SplitSeq(flags, ",") {
			switch flag {
			case "":
			case "flattened":
				m.flat = true
			case "attr":
				m.attr = true
			case "chardata":
				m.text = true
			default:
				panic(fmt.Sprintf("awsxml: %s.%s: unknown flag %q", t, f.Name, flag))
			}
		}
		s.members = append(s.members, m)
	}
	shapes.Store(t, s)
	return s
}
