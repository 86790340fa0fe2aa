package cloudformation

import (
	"reflect"
	"slices"

	"github.com/hydrant-stream/hydrant/aws/cloudformation/template"
)

// plan is what becoming a revision would mean for a stack.
type plan struct {
	Changes []change
	imports []string
	outputs []output
}

// change is what would happen to one resource.
type change struct {
	Action      string // Add, Modify, Remove
	Logical     string
	Physical    string
	Type        string
	Replacement string // of Modify: True, False, Conditional
	Changed     []changed
	Policy      string
}

// changed is one property a change is about.
type changed struct {
	Name       string
	Recreation string // Never, Conditionally, Always
	Dynamic    bool   // its value is not known yet
}

// plan works out what would change, and refuses what cannot be. The caller holds no lock.
func (s *Service) plan(st *stack, rev *revision) (*plan, error) {
	b, err := s.bind(st, rev)
	if err != nil {
		return nil, err
	}
	if err := s.known(b.template); err != nil {
		return nil, err
	}
	if err := s.acknowledged(b.template, rev.Capabilities); err != nil {
		return nil, err
	}
	steps, err := b.Order()
	if err != nil {
		return nil, templateFault(err)
	}
	p := &plan{Changes: []change{}}
	there := map[string]bool{}
	var retyped []string
	for _, step := range steps {
		there[step.Name] = true
		st.mu.Lock()
		var was *resource
		if r := st.resources[step.Name]; r != nil && r.ID != "" && !r.Gone && r.Status != "DELETE_COMPLETE" {
			copied := *r
			was = &copied
		}
		st.mu.Unlock()
		properties, err := b.Properties(&step.Resource)
		if err != nil {
			return nil, templateFault(err)
		}
		if was != nil && was.Type != step.Type {
			retyped = append(retyped, step.Name)
			continue
		}
		if c, differs := s.compare(step.Resource, was, properties); differs {
			if c.Action == "Add" || c.Replacement != "False" {
				b.pending[step.Name] = true
			}
			p.Changes = append(p.Changes, c)
		}
	}
	if len(retyped) > 0 {
		return nil, validation("Update of resource type is not permitted. The new template modifies resource type of the following resources: %v", retyped)
	}
	st.mu.Lock()
	for name, r := range st.resources {
		if !there[name] && !r.Gone && r.Status != "DELETE_COMPLETE" {
			p.Changes = append(p.Changes, change{Action: "Remove", Logical: name, Physical: r.ID, Type: r.Type, Policy: removalOf(r.DeletionPolicy)})
		}
	}
	st.mu.Unlock()
	if p.outputs, err = b.outputs(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(p.Changes, func(a, b change) int { return order(a) - order(b) })
	p.imports = b.imports
	return p, nil
}

func order(c change) int { return slices.Index([]string{"Remove", "Modify", "Add"}, c.Action) }

func removalOf(policy string) string {
	if policy == "" {
		return "Delete"
	}
	return policy
}

// compare tells what would happen to one resource. was is nil for a new one.
func (s *Service) compare(r template.Resource, was *resource, properties map[string]any) (change, bool) {
	c := change{Action: "Add", Logical: r.Name, Type: r.Type}
	if was == nil {
		return c, true
	}
	c.Action, c.Physical, c.Replacement = "Modify", was.ID, "False"
	schema := s.Types[r.Type].Schema()
	for _, name := range differing(was.Properties, properties) {
		d := changed{Name: name, Recreation: "Never", Dynamic: hidden(properties[name])}
		if replaces(schema, name, was.Properties, properties) {
			d.Recreation, c.Replacement = "Always", "True"
			if d.Dynamic {
				d.Recreation = "Conditionally"
				c.Replacement = "Conditional"
			}
		}
		c.Changed = append(c.Changed, d)
	}
	return c, c.Changed != nil
}

// differing are the names of the properties that differ, sorted.
func differing(a, b map[string]any) []string {
	var out []string
	for _, m := range []map[string]any{a, b} {
		for k := range m {
			if !same(a[k], b[k]) && !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	slices.Sort(out)
	return out
}

// replaces reports whether the change of a property needs a new resource.
func replaces(schema Schema, name string, a, b map[string]any) bool {
	return slices.ContainsFunc(schema.Replace, func(path string) bool {
		if path != name && !(len(path) > len(name) && path[:len(name)+1] == name+"/") {
			return false
		}
		x, _ := at(a, path)
		y, _ := at(b, path)
		return !same(x, y)
	})
}

// same compares two values as CloudFormation does: 2, "2" and 2.0 written alike are one, and what is
// not known is like nothing.
func same(a, b any) bool {
	x, okX := template.Text(a)
	y, okY := template.Text(b)
	if okX && okY {
		return x == y
	}
	switch a := a.(type) {
	case map[string]any:
		m, ok := b.(map[string]any)
		if !ok || len(a) != len(m) {
			return false
		}
		for k, v := range a {
			if w, ok := m[k]; !ok || !same(v, w) {
				return false
			}
		}
		return true
	case []any:
		l, ok := b.([]any)
		return ok && slices.EqualFunc(a, l, same)
	}
	return a != template.Unknown && b != template.Unknown && reflect.DeepEqual(a, b)
}

// hidden reports whether a value holds anything that is not known yet.
func hidden(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if hidden(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, hidden)
	}
	return v == template.Unknown
}
