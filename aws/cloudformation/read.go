package cloudformation

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/aws/cloudformation/template"
)

// Read puts a tree of properties into a struct. A member has the name of its field; a field tagged
// required:"" has to be there. Scalars are coerced as CloudFormation does: "2" is a number where one
// is wanted, and 2 a string. A field of type any takes what there is. What does not fit, or has no
// field, is a property validation failure, all of them told at once.
func Read[P any](properties map[string]any) (*P, error) {
	p := new(P)
	r := reader{}
	r.object(reflect.ValueOf(p).Elem(), properties, "")
	if r.problems != nil {
		return nil, InvalidProperty(strings.Join(r.problems, ", "))
	}
	return p, nil
}

type reader struct{ problems []string }

func (r *reader) problem(text string) { r.problems = append(r.problems, text) }

func (r *reader) object(to reflect.Value, m map[string]any, at string) {
	t := to.Type()
	seen := 0
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		v, ok := m[f.Name]
		if !ok {
			if _, required := f.Tag.Lookup("required"); required {
				r.problem("The property {" + at + "/" + f.Name + "} is required")
			}
			continue
		}
		seen++
		r.value(to.Field(i), v, at+"/"+f.Name)
	}
	if seen == len(m) {
		return
	}
	var strange []string
	for k := range m {
		if f, ok := t.FieldByName(k); !ok || !f.IsExported() {
			strange = append(strange, k)
		}
	}
	slices.Sort(strange)
	if at == "" {
		at = "/"
	}
	r.problem("Encountered unsupported properties in {" + at + "}: [" + strings.Join(strange, ", ") + "]")
}

var timeType = reflect.TypeFor[time.Time]()

func (r *reader) value(to reflect.Value, v any, at string) {
	mismatch := func(kind string) { r.problem("Value of property {" + at + "} does not match type {" + kind + "}") }
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	if to.Type() == timeType {
		text, _ := template.Text(v)
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			whole, part := math.Modf(n)
			to.Set(reflect.ValueOf(time.Unix(int64(whole), int64(part*1e9)).UTC()))
		} else if t, err := time.Parse(time.RFC3339, text); err == nil {
			to.Set(reflect.ValueOf(t))
		} else {
			mismatch("Timestamp")
		}
		return
	}
	text, scalar := template.Text(v)
	switch to.Kind() {
	case reflect.Interface:
		to.Set(reflect.ValueOf(v))
	case reflect.Struct:
		m, ok := v.(map[string]any)
		if !ok {
			mismatch("Object")
			return
		}
		r.object(to, m, at)
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			mismatch("List")
			return
		}
		to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
		for i, e := range list {
			r.value(to.Index(i), e, at+"/"+strconv.Itoa(i))
		}
	case reflect.Map:
		m, ok := v.(map[string]any)
		if !ok {
			mismatch("Map")
			return
		}
		to.Set(reflect.MakeMapWithSize(to.Type(), len(m)))
		for k, e := range m {
			slot := reflect.New(to.Type().Elem()).Elem()
			r.value(slot, e, at+"/"+k)
			to.SetMapIndex(reflect.ValueOf(k), slot)
		}
	case reflect.String:
		if !scalar {
			mismatch("String")
			return
		}
		to.SetString(text)
	case reflect.Bool:
		if !scalar || !strings.EqualFold(text, "true") && !strings.EqualFold(text, "false") {
			mismatch("Boolean")
			return
		}
		to.SetBool(strings.EqualFold(text, "true"))
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(strings.TrimSuffix(text, ".0"), 10, to.Type().Bits())
		if !scalar || err != nil {
			mismatch("Integer")
			return
		}
		to.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if !scalar || err != nil {
			mismatch("Number")
			return
		}
		to.SetFloat(n)
	default:
		panic("internal error: properties of kind " + to.Kind().String())
	}
}
