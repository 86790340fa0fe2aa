package template

import (
	"slices"
	"strings"
)

// check finds the mistakes that show without values: names that lead nowhere.
func (t *Template) check() error {
	if err := t.checkConditions(); err != nil {
		return err
	}
	for _, r := range t.Resources {
		var missing []string
		err := references(r.Properties, nil, func(name, _ string) error {
			if !t.known(name) {
				missing = append(missing, name)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, d := range r.DependsOn {
			if _, ok := t.Resource(d); !ok {
				missing = append(missing, d)
			}
		}
		if err := unresolved("resource dependencies", missing, "Resources"); err != nil {
			return err
		}
		if err := t.checkNames(r.Properties, r.Condition, "Resources"); err != nil {
			return err
		}
	}
	for _, o := range t.Outputs {
		var missing []string
		err := references([]any{o.Value, o.Export}, nil, func(name, _ string) error {
			if !t.known(name) {
				missing = append(missing, name)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := unresolved("resource dependencies", missing, "Outputs"); err != nil {
			return err
		}
		if err := t.checkNames([]any{o.Value, o.Export}, o.Condition, "Outputs"); err != nil {
			return err
		}
	}
	if len(t.Conditions) > 0 {
		return nil // a circle may never close; Bind knows
	}
	_, err := (&Env{template: t}).Order()
	return err
}

func unresolved(what string, names []string, block string) error {
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	text := "Unresolved " + what + " [" + strings.Join(slices.Compact(names), ", ") + "] in the " + block + " block of the template"
	return &Error{"Template format error: " + text}
}

// known reports whether a reference leads somewhere.
func (t *Template) known(name string) bool {
	if slices.Contains(pseudoNames, name) || slices.ContainsFunc(t.Parameters, func(p Parameter) bool { return p.Name == name }) {
		return true
	}
	_, ok := t.Resource(name)
	return ok
}

func (t *Template) checkConditions() error {
	for _, name := range sortedKeys(t.Conditions) {
		var missing []string
		err := references(t.Conditions[name], nil, func(name, _ string) error {
			if _, isResource := t.Resource(name); isResource || !t.known(name) {
				missing = append(missing, name)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			return formatErrorf("Unresolved dependencies [%s]. Cannot reference resources in the Conditions block of the template", strings.Join(missing, ", "))
		}
		if err := t.checkNames(t.Conditions[name], "", "Conditions"); err != nil {
			return err
		}
	}
	return nil
}

// checkNames holds the conditions a tree names to exist. A member called Condition of a policy
// document is not one: only Fn::If and, in the Conditions block, {"Condition": name} are.
func (t *Template) checkNames(v any, condition, block string) error {
	exists := func(name string) error {
		if _, ok := t.Conditions[name]; !ok {
			return formatErrorf("Unresolved condition dependency %s in the %s block of the template", name, block)
		}
		return nil
	}
	if condition != "" {
		if err := exists(condition); err != nil {
			return err
		}
	}
	switch v := v.(type) {
	case []any:
		for _, a := range v {
			if err := t.checkNames(a, "", block); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, k := range sortedKeys(v) {
			list, _ := v[k].([]any)
			name, isName := v[k].(string)
			if k == "Fn::If" && len(list) == 3 {
				name, isName = list[0].(string)
			}
			if isName && (k == "Fn::If" || k == "Condition" && block == "Conditions") {
				if err := exists(name); err != nil {
					return err
				}
			}
			if err := t.checkNames(v[k], "", block); err != nil {
				return err
			}
		}
	}
	return nil
}
