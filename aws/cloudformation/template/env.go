package template

import (
	"maps"
	"slices"
	"strings"
)

// World is what a template's references lead to outside of it.
type World struct {
	Account, Region    string
	StackName, StackID string
	NotificationARNs   []string

	// Ref is what a reference to a resource gives: its physical id.
	Ref func(resource string) (any, error)
	// GetAtt is an attribute of a resource.
	GetAtt func(resource, attribute string) (any, error)
	// Import is the value another stack exports under name.
	Import func(name string) (any, error)
}

// Env is a template bound to its parameters: the place where its functions are worked out. Not for
// concurrent use of one Env and its World's functions, unless those allow it; it never changes itself.
type Env struct {
	World
	template *Template
	values   map[string]any  // of parameters
	holds    map[string]bool // conditions
}

// unknown is the value of what is not there yet.
type unknown struct{}

// Unknown stands for a value that is known only once its resource has been made. A function of an
// unknown value is unknown, but for Fn::If whose condition never is.
var Unknown any = unknown{}

// UnknownText is how AWS shows such a value in a change set.
const UnknownText = "{{changeSet:KNOWN_AFTER_APPLY}}"

// absent is AWS::NoValue: the member that holds it is left out.
type absent struct{}

// Bind checks the values given for parameters and works out the conditions.
func (t *Template) Bind(given map[string]string, w World) (*Env, error) {
	values, err := t.Values(given)
	if err != nil {
		return nil, err
	}
	e := &Env{World: w, template: t, values: map[string]any{}, holds: map[string]bool{}}
	for i := range t.Parameters {
		p := &t.Parameters[i]
		e.values[p.Name] = p.split(values[p.Name])
	}
	for _, name := range sortedKeys(t.Conditions) {
		if _, err := e.condition(name, nil); err != nil {
			return nil, err
		}
	}
	for _, r := range e.Resources() {
		for _, ref := range e.dependencies(r) {
			if dep, ok := t.Resource(ref); ok && !e.active(dep.Condition) && !slices.Contains(r.DependsOn, ref) {
				return nil, formatErrorf("Unresolved resource dependencies [%s] in the Resources block of the template", ref)
			}
		}
	}
	if _, err := e.Order(); err != nil {
		return nil, err
	}
	return e, nil
}

// condition works out a named condition. path are those that wait for it.
func (e *Env) condition(name string, path []string) (bool, error) {
	if v, ok := e.holds[name]; ok {
		return v, nil
	}
	body, ok := e.template.Conditions[name]
	if !ok {
		return false, formatErrorf("Unresolved condition dependency %s in the Conditions block of the template", name)
	}
	if slices.Contains(path, name) {
		return false, functionErrorf("Circular dependency between conditions: [%s]", strings.Join(path, ", "))
	}
	v, err := e.truth(body, append(path, name))
	if err == nil {
		e.holds[name] = v
	}
	return v, err
}

// truth works out a condition function.
func (e *Env) truth(v any, path []string) (bool, error) {
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		for f, arg := range m {
			switch f {
			case "Condition":
				name, _ := arg.(string)
				return e.condition(name, path)
			case "Fn::Not":
				list, _ := arg.([]any)
				if len(list) != 1 {
					return false, functionErrorf("Fn::Not requires a list argument with one element.")
				}
				b, err := e.truth(list[0], path)
				return !b, err
			case "Fn::And", "Fn::Or":
				list, _ := arg.([]any)
				if len(list) < 2 || len(list) > 10 {
					return false, functionErrorf("every %s object requires a list of at least 2 and at most 10 boolean parameters.", f)
				}
				out := f == "Fn::And"
				for _, a := range list {
					b, err := e.truth(a, path)
					if err != nil {
						return false, err
					}
					if f == "Fn::And" {
						out = out && b
					} else {
						out = out || b
					}
				}
				return out, nil
			case "Fn::Equals":
				return e.equals(arg)
			}
		}
	}
	if s, ok := Text(v); ok && (s == "true" || s == "false") {
		return s == "true", nil
	}
	return false, formatErrorf("Conditions can only be boolean operations on parameters and other conditions")
}

func (e *Env) equals(arg any) (bool, error) {
	list, _ := arg.([]any)
	if len(list) != 2 {
		return false, functionErrorf("every Fn::Equals object requires a list of 2 string parameters.")
	}
	var sides [2]string
	for i, a := range list {
		v, err := e.Resolve(a)
		if err != nil {
			return false, err
		}
		if l, ok := v.([]any); ok { // a list parameter compares as it was given
			parts := make([]string, len(l))
			for i, p := range l {
				parts[i], _ = Text(p)
			}
			v = strings.Join(parts, ",")
		}
		s, ok := Text(v)
		if !ok {
			return false, functionErrorf("every Fn::Equals object requires a list of 2 string parameters.")
		}
		sides[i] = s
	}
	return sides[0] == sides[1], nil
}

// active reports whether what carries a condition is there.
func (e *Env) active(condition string) bool { return condition == "" || e.holds[condition] }

// Conditions tells which conditions hold.
func (e *Env) Conditions() map[string]bool { return maps.Clone(e.holds) }

// Resources are the resources whose condition holds, as written.
func (e *Env) Resources() []Resource {
	var out []Resource
	for _, r := range e.template.Resources {
		if e.active(r.Condition) {
			out = append(out, r)
		}
	}
	return out
}

// Outputs are the outputs whose condition holds, as written.
func (e *Env) Outputs() []Output {
	var out []Output
	for _, o := range e.template.Outputs {
		if e.active(o.Condition) {
			out = append(out, o)
		}
	}
	return out
}

// Properties works out the properties of a resource.
func (e *Env) Properties(r *Resource) (map[string]any, error) {
	v, err := e.Resolve(mapOf(r.Properties))
	if err != nil {
		return nil, err
	}
	return v.(map[string]any), nil
}

func mapOf(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// Resolve works out every function within a tree.
func (e *Env) Resolve(v any) (any, error) {
	out, err := e.resolve(v)
	if _, none := out.(absent); none {
		return nil, err
	}
	return out, err
}

func (e *Env) resolve(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if name, arg, ok := call(v); ok {
			return functions[name](e, arg)
		}
		out := make(map[string]any, len(v))
		for _, k := range sortedKeys(v) {
			r, err := e.resolve(v[k])
			if err != nil {
				return nil, err
			}
			if _, none := r.(absent); !none {
				out[k] = r
			}
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, a := range v {
			r, err := e.resolve(a)
			if err != nil {
				return nil, err
			}
			if _, none := r.(absent); !none {
				out = append(out, r)
			}
		}
		return out, nil
	}
	return v, nil
}

// call tells whether an object is the call of a function.
func call(m map[string]any) (name string, arg any, ok bool) {
	if len(m) != 1 {
		return "", nil, false
	}
	for name, arg = range m {
		_, ok = functions[name]
	}
	return name, arg, ok
}
