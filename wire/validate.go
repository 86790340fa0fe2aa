package wire

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/hydrant-stream/hydrant"
)

// maxViolations is how many AWS lists at most.
const maxViolations = 10

// validate holds an input against the constraints in its tags. present are the paths of strings
// that were given and empty.
func (op *operation) validate(in any, present []string) error {
	w := checker{present: present, terse: op.svc.TerseEnums, nonNull: op.svc.NonNullItems}
	w.shape(op.checks, reflect.ValueOf(in).Elem())
	return violations(op.svc.ValidationCode, w.texts)
}

// violations is the fault that lists what does not hold, or nil.
func violations(code string, texts []string) error {
	if len(texts) == 0 {
		return nil
	}
	texts = texts[:min(len(texts), maxViolations)]
	noun := "errors"
	if len(texts) == 1 {
		noun = "error"
	}
	return hydrant.Faultf(code, "%d validation %s detected: %s", len(texts), noun, strings.Join(texts, "; "))
}

// shapeChecks are the constraints of a struct type and of all it holds.
type shapeChecks struct {
	fields []fieldChecks
	needed bool // anything to check at all
}

type fieldChecks struct {
	index    []int
	name     string // as AWS writes it in paths: lower first
	required bool
	self     limits
	each     limits // of list items and map values
	keys     limits
	items    bool         // each holds something
	inner    *shapeChecks // of the struct within: itself, behind a pointer, in a list or map
}

// limits are the constraints of one value.
type limits struct {
	min, max *float64
	pattern  *regexp.Regexp
	source   string
	enum     []string
}

func (l *limits) any() bool { return l.min != nil || l.max != nil || l.pattern != nil || l.enum != nil }

var (
	shapes     sync.Map // reflect.Type -> *shapeChecks
	shapesLock sync.Mutex
)

func checksOf(t reflect.Type) *shapeChecks {
	if c, ok := shapes.Load(t); ok {
		return c.(*shapeChecks)
	}
	shapesLock.Lock()
	defer shapesLock.Unlock()
	made := map[reflect.Type]*shapeChecks{}
	c := makeChecks(t, made)
	// A type that holds itself needs its walk if anything in the circle does: settle that first.
	for again := true; again; {
		again = false
		for _, s := range made {
			for i := range s.fields {
				if f := &s.fields[i]; !s.needed && (f.required || f.items || f.self.any() || f.inner != nil && f.inner.needed) {
					s.needed, again = true, true
				}
			}
		}
	}
	for t, s := range made {
		shapes.LoadOrStore(t, s)
	}
	return c
}

func makeChecks(t reflect.Type, made map[reflect.Type]*shapeChecks) *shapeChecks {
	if s, ok := made[t]; ok {
		return s
	}
	s := new(shapeChecks)
	made[t] = s
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || f.Name == "XMLName" || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		c := fieldChecks{index: f.Index, name: lowerFirst(name)}
		_, c.required = f.Tag.Lookup("required")
		where := t.String() + "." + f.Name
		c.self = newLimits(where, f.Tag, "")
		c.each = newLimits(where, f.Tag, "each")
		c.keys = newLimits(where, f.Tag, "key")
		c.items = c.each.any() || c.keys.any()
		if in := innerStruct(f.Type); in != nil {
			c.inner = makeChecks(in, made)
		}
		s.fields = append(s.fields, c)
	}
	return s
}

// innerStruct is the struct a value of type t leads to, or nil.
func innerStruct(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() {
		return nil
	}
	return t
}

func newLimits(where string, tag reflect.StructTag, prefix string) limits {
	var l limits
	number := func(name string) *float64 {
		s, ok := tag.Lookup(prefix + name)
		if !ok {
			return nil
		}
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			panic(fmt.Sprintf("wire: %s: %s%s:%q is not a number", where, prefix, name, s))
		}
		return &n
	}
	l.min, l.max = number("min"), number("max")
	if p, ok := tag.Lookup(prefix + "pattern"); ok {
		re, err := regexp.Compile(`\A(?:` + p + `)\z`)
		if err != nil {
			panic(fmt.Sprintf("wire: %s: %v", where, err))
		}
		l.pattern, l.source = re, p
	}
	if e := tag.Get(prefix + "enum"); e != "" {
		l.enum = strings.Split(e, "|")
	}
	return l
}

// checker walks an input and collects texts.
type checker struct {
	path    []step
	present []string
	texts   []string
	terse   bool
	nonNull bool
}

// step is a part of a path: a member, the value of a map, or (name "") an item of a list.
type step struct {
	name  string
	index int
}

func (w *checker) shape(s *shapeChecks, v reflect.Value) {
	if !s.needed {
		return
	}
	for i := range s.fields {
		f := &s.fields[i]
		if !f.required && !f.items && !f.self.any() && (f.inner == nil || !f.inner.needed) {
			continue
		}
		w.path = append(w.path, step{name: f.name})
		w.field(f, v.FieldByIndex(f.index))
		w.path = w.path[:len(w.path)-1]
	}
}

func (w *checker) field(f *fieldChecks, v reflect.Value) {
	if w.isNull(v, f.required || f.self.any()) {
		if f.required {
			w.say("Value null at '%s' failed to satisfy constraint: Member must not be null", w.where())
		}
		return
	}
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if f.self.any() {
		for _, c := range f.self.broken(v) {
			value := fmt.Sprintf("Value '%s'", w.printed(v))
			if w.terse && strings.HasPrefix(c, enumText) {
				value = "Value"
			}
			w.say("%s at '%s' failed to satisfy constraint: %s", value, w.where(), c)
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		if f.inner != nil {
			w.shape(f.inner, v)
		}
	case reflect.Slice:
		w.list(f, v)
	case reflect.Map:
		w.mapping(f, v)
	}
}

func (w *checker) list(f *fieldChecks, v reflect.Value) {
	if f.each.any() {
		for i := range v.Len() {
			if f.each.broken(v.Index(i)) == nil {
				continue
			}
			all := f.each.all(v.Index(i))
			if w.nonNull {
				all = append(all, "Member must not be null")
			}
			w.say("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy constraint: [%s]",
				w.printed(v), w.where(), strings.Join(all, ", "))
			break
		}
	}
	if f.inner == nil || !f.inner.needed {
		return
	}
	for i := range v.Len() {
		item := v.Index(i)
		if item.Kind() == reflect.Pointer {
			if item.IsNil() {
				continue
			}
			item = item.Elem()
		}
		if item.Kind() != reflect.Struct {
			return // a list of lists: AWS has no constraints in those we serve
		}
		if len(w.texts) >= maxViolations {
			return
		}
		w.path = append(w.path, step{index: i})
		w.shape(f.inner, item)
		w.path = w.path[:len(w.path)-1]
	}
}

func (w *checker) mapping(f *fieldChecks, v reflect.Value) {
	if !f.items && (f.inner == nil || !f.inner.needed) {
		return
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, k := range keys {
		if f.keys.any() && f.keys.broken(k) != nil {
			w.say("Value '%s' at '%s' failed to satisfy constraint: Map keys must satisfy constraint: [%s]",
				w.printed(v), w.where(), strings.Join(f.keys.all(k), ", "))
		}
		item := v.MapIndex(k)
		if f.each.any() && f.each.broken(item) != nil {
			w.say("Value '%s' at '%s' failed to satisfy constraint: Map value must satisfy constraint: [%s]",
				w.printed(v), w.where(), strings.Join(f.each.all(item), ", "))
		}
		if f.inner != nil && item.Kind() == reflect.Struct {
			w.path = append(w.path, step{name: k.String() + ".member"})
			w.shape(f.inner, item)
			w.path = w.path[:len(w.path)-1]
		}
	}
}

// isNull: a nil pointer, slice or map, a zero time, and an empty string that was not given as one.
func (w *checker) isNull(v reflect.Value, matters bool) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0 && !(matters && len(w.present) > 0 && slices.Contains(w.present, w.where()))
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return t.IsZero()
		}
	}
	return false
}

// where is the path as AWS writes it: records.1.member.partitionKey.
func (w *checker) where() string {
	var b strings.Builder
	for i, s := range w.path {
		if i > 0 {
			b.WriteByte('.')
		}
		if s.name == "" {
			b.WriteString(strconv.Itoa(s.index+1) + ".member")
		} else {
			b.WriteString(s.name)
		}
	}
	return b.String()
}

// printed is the value at the present path.
func (w *checker) printed(v reflect.Value) string {
	return printed(v, w.where(), func(path string) bool { return slices.Contains(w.present, path) })
}

func (w *checker) say(format string, args ...any) {
	if len(w.texts) < maxViolations {
		w.texts = append(w.texts, fmt.Sprintf(format, args...))
	}
}

const enumText = "Member must satisfy enum value set: "

// broken are the constraints that do not hold, in AWS's words and the order in which it gives them.
func (l *limits) broken(v reflect.Value) []string { return l.check(v, false) }

// all are all of them, in the other order: what AWS lists for items.
func (l *limits) all(v reflect.Value) []string {
	texts := l.check(v, true)
	slices.Reverse(texts)
	return texts
}

func (l *limits) check(v reflect.Value, all bool) (texts []string) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	noun, size := measure(v)
	if v.Kind() == reflect.String {
		if l.enum != nil && (all || !slices.Contains(l.enum, v.String())) {
			texts = append(texts, enumText+"["+strings.Join(l.enum, ", ")+"]")
		}
		if l.pattern != nil && (all || !l.pattern.MatchString(v.String())) {
			texts = append(texts, "Member must satisfy regular expression pattern: "+l.source)
		}
	}
	if l.min != nil && (all || size < *l.min) {
		texts = append(texts, "Member must have "+noun+" greater than or equal to "+plainNumber(*l.min))
	}
	if l.max != nil && (all || size > *l.max) {
		texts = append(texts, "Member must have "+noun+" less than or equal to "+plainNumber(*l.max))
	}
	return texts
}

// measure is what min and max are about.
func measure(v reflect.Value) (noun string, size float64) {
	switch v.Kind() {
	case reflect.String:
		return "length", float64(utf8.RuneCountInString(v.String()))
	case reflect.Slice, reflect.Map:
		return "length", float64(v.Len())
	case reflect.Float32, reflect.Float64:
		return "value", v.Float()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "value", float64(v.Uint())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "value", float64(v.Int())
	}
	return "value", 0
}

func plainNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
