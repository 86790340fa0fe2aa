package template

import (
	"slices"
	"strings"
)

// references calls visit for every resource, parameter or pseudo parameter a tree refers to, with the
// attribute where it asks for one. With an Env, only the branch of an Fn::If that counts is entered.
func references(v any, e *Env, visit func(name, attribute string) error) error {
	switch v := v.(type) {
	case []any:
		for _, a := range v {
			if err := references(a, e, visit); err != nil {
				return err
			}
		}
	case map[string]any:
		if name, arg, ok := call(v); ok {
			return referencesOf(name, arg, e, visit)
		}
		for _, k := range sortedKeys(v) {
			if err := references(v[k], e, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func referencesOf(function string, arg any, e *Env, visit func(name, attribute string) error) error {
	switch function {
	case "Ref":
		name, ok := arg.(string)
		if !ok {
			return functionErrorf("every Ref object must have a single String value.")
		}
		return visit(name, "")
	case "Fn::GetAtt":
		if s, ok := arg.(string); ok {
			name, attribute, _ := strings.Cut(s, ".")
			arg = []any{name, attribute}
		}
		list, _ := arg.([]any)
		if len(list) != 2 {
			return functionErrorf("every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
		}
		name, _ := list[0].(string)
		attribute, ok := list[1].(string)
		if !ok {
			attribute = "?" // worked out later
			if err := references(list[1], e, visit); err != nil {
				return err
			}
		}
		return visit(name, attribute)
	case "Fn::Sub":
		text, vars, err := subArguments(arg)
		if err != nil {
			return err
		}
		list, err := pieces(text)
		if err != nil {
			return err
		}
		for _, p := range list {
			if _, own := vars[p.text]; own || !p.name {
				continue
			}
			name, attribute, _ := strings.Cut(p.text, ".")
			if err := visit(name, attribute); err != nil {
				return err
			}
		}
		return references(vars, e, visit)
	case "Fn::If":
		if list, _ := arg.([]any); e != nil && len(list) == 3 {
			name, _ := list[0].(string)
			if e.holds[name] {
				return references(list[1], e, visit)
			}
			return references(list[2], e, visit)
		}
	}
	return references(arg, e, visit)
}

// dependencies are the resources that have to be there before r, sorted.
func (e *Env) dependencies(r Resource) []string {
	var out []string
	add := func(name, _ string) error {
		if _, ok := e.template.Resource(name); ok {
			out = append(out, name)
		}
		return nil
	}
	_ = references(r.Properties, e, add) // check has seen it without error
	for _, d := range r.DependsOn {
		if dep, ok := e.template.Resource(d); ok && e.active(dep.Condition) {
			out = append(out, d)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Step is one resource and those that come before it.
type Step struct {
	Resource
	After []string
}

// Order are the resources that are there, each after all it depends on, otherwise as written.
func (e *Env) Order() ([]Step, error) {
	var steps []Step
	for _, r := range e.Resources() {
		steps = append(steps, Step{r, e.dependencies(r)})
	}
	return sorted(steps)
}

// sorted puts each step after those it depends on, or names the circle.
func sorted(steps []Step) ([]Step, error) {
	done := make(map[string]bool, len(steps))
	out := make([]Step, 0, len(steps))
	for len(out) < len(steps) {
		before := len(out)
		for _, s := range steps {
			if !done[s.Name] && !slices.ContainsFunc(s.After, func(d string) bool { return !done[d] }) {
				done[s.Name] = true
				out = append(out, s)
			}
		}
		if len(out) == before {
			return nil, errorf("Circular dependency between resources: [%s]", strings.Join(circle(steps, done), ", "))
		}
	}
	return out, nil
}

// circle are the steps that wait for each other: what is left without those that only wait for
// the circle and are waited for by none.
func circle(steps []Step, done map[string]bool) []string {
	left := map[string][]string{}
	for _, s := range steps {
		if !done[s.Name] {
			left[s.Name] = s.After
		}
	}
	for {
		needed := map[string]bool{}
		for _, after := range left {
			for _, d := range after {
				needed[d] = true
			}
		}
		before := len(left)
		for name := range left {
			if !needed[name] {
				delete(left, name)
			}
		}
		if len(left) == before {
			return sortedKeys(left)
		}
	}
}
