package access

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant"
)

// input reads an operation's input by the names of its fields. What is not there is "".
type input struct {
	ctx   context.Context
	scope hydrant.Scope
	v     reflect.Value // a struct
	look  Lookups
}

func newInput(ctx context.Context, in any, l Lookups) *input {
	v := reflect.ValueOf(in)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return &input{ctx: ctx, scope: hydrant.ScopeOf(ctx), v: v, look: l}
}

// field follows a path such as "DatabaseInput.Name"; it is invalid where something on the way is missing.
func (x *input) field(path string) reflect.Value {
	v := x.v
	for name := range strings.SplitSeq(path, ".") {
		if v = plain(v); v.Kind() != reflect.Struct {
			return reflect.Value{}
		}
		v = v.FieldByName(name)
	}
	return plain(v)
}

// plain looks behind pointers.
func plain(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v
}

// text is the first of the fields that is a string and not empty.
func (x *input) text(paths ...string) string {
	for _, p := range paths {
		if v := x.field(p); v.IsValid() && v.Kind() == reflect.String && v.Len() > 0 {
			return v.String()
		}
	}
	return ""
}

// list is a field that is a list of strings.
func (x *input) list(path string) (out []string) {
	v := x.field(path)
	if !v.IsValid() || v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.String {
		return nil
	}
	for i := range v.Len() {
		out = append(out, v.Index(i).String())
	}
	return out
}

// has reports whether a field is there and not empty.
func (x *input) has(path string) bool {
	v := x.field(path)
	return v.IsValid() && !v.IsZero()
}

// arn is an ARN of the request's scope for the name in the first field that has one; a field that
// holds an ARN is taken as it is.
func (x *input) arn(service, prefix string, paths ...string) string {
	name := x.text(paths...)
	if name == "" || strings.HasPrefix(name, "arn:") {
		return name
	}
	return x.scope.ARN(service, prefix+name)
}

// deep finds all ARNs in string fields of those names, however deep they lie.
func (x *input) deep(names ...string) (arns []string) {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v = plain(v); v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				f := v.Type().Field(i)
				if !f.IsExported() {
					continue
				}
				if s := plain(v.Field(i)); s.Kind() == reflect.String && slices.Contains(names, f.Name) && s.Len() > 0 {
					if !slices.Contains(arns, s.String()) {
						arns = append(arns, s.String())
					}
					continue
				}
				walk(v.Field(i))
			}
		case reflect.Slice:
			if k := v.Type().Elem().Kind(); k != reflect.Uint8 {
				for i := range v.Len() {
					walk(v.Index(i))
				}
			}
		}
	}
	walk(x.v)
	return arns
}

// tags are the tags a request brings, and all keys it names: of tags to set and tags to remove.
func (x *input) tags() (tags map[string]string, keys []string) {
	tags = map[string]string{}
	switch v := x.field("Tags"); {
	case !v.IsValid():
	case v.Kind() == reflect.Map && v.Type().Elem().Kind() == reflect.String:
		for it := v.MapRange(); it.Next(); {
			tags[it.Key().String()] = it.Value().String()
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			item := &input{v: v.Index(i)}
			if k := item.text("Key"); k != "" {
				tags[k] = item.text("Value")
			}
		}
	}
	for k := range tags {
		keys = append(keys, k)
	}
	keys = append(keys, x.list("TagKeys")...)
	slices.Sort(keys)
	return tags, keys
}

// parameters are the values of {ParameterName, ParameterValue} pairs of a name, however deep they lie.
func (x *input) parameters(name string) (values []string) {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v = plain(v); v.Kind() {
		case reflect.Struct:
			if p := (&input{v: v}); p.text("ParameterName") == name {
				if s := p.text("ParameterValue"); s != "" && !slices.Contains(values, s) {
					values = append(values, s)
				}
				return
			}
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(v.Field(i))
				}
			}
		case reflect.Slice:
			if v.Type().Elem().Kind() != reflect.Uint8 {
				for i := range v.Len() {
					walk(v.Index(i))
				}
			}
		}
	}
	walk(x.v)
	return values
}
