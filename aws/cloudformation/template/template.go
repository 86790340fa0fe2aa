package template

import (
	"fmt"
	"slices"
	"strings"
)

// Template is a parsed template.
type Template struct {
	Version     string
	Description string
	Metadata    any
	Transforms  []string
	Parameters  []Parameter
	Mappings    map[string]any
	Conditions  map[string]any
	Resources   []Resource
	Outputs     []Output
}

// Resource is one thing to be made.
type Resource struct {
	Name       string
	Type       string
	Properties map[string]any
	DependsOn  []string
	Condition  string
	Metadata   any
	// DeletionPolicy and UpdateReplacePolicy say what becomes of the thing: Delete, Retain,
	// Snapshot, RetainExceptOnCreate; "" is Delete.
	DeletionPolicy, UpdateReplacePolicy string
}

// Output is one value a stack tells.
type Output struct {
	Name        string
	Value       any
	Description string
	Export      any // its name, unresolved; nil where it is not exported
	Condition   string
}

// Resource finds a resource by its logical name.
func (t *Template) Resource(name string) (*Resource, bool) {
	i := slices.IndexFunc(t.Resources, func(r Resource) bool { return r.Name == name })
	if i < 0 {
		return nil, false
	}
	return &t.Resources[i], true
}

// languageExtensions is the one transform that is worked out here.
const languageExtensions = "AWS::LanguageExtensions"

// Parse reads a template. A text that begins with a brace is JSON, any other YAML.
func Parse(body string) (*Template, error) {
	parse := parseYAML
	if strings.HasPrefix(strings.TrimLeft(body, " \t\r\n"), "{") {
		parse = parseJSON
	}
	tree, names, err := parse(body)
	if err != nil {
		return nil, err
	}
	top, ok := tree.(map[string]any)
	if !ok {
		return nil, formatErrorf("unsupported structure.")
	}
	return build(top, names)
}

func build(top map[string]any, names order) (*Template, error) {
	t := &Template{Metadata: top["Metadata"]}
	var strange []string
	for k := range top {
		if !slices.Contains([]string{"AWSTemplateFormatVersion", "Description", "Metadata", "Transform", "Parameters", "Mappings", "Conditions", "Rules", "Resources", "Outputs"}, k) {
			strange = append(strange, k)
		}
	}
	if len(strange) > 0 {
		slices.Sort(strange)
		return nil, errorf("Invalid template property or properties [%s]", strings.Join(strange, ", "))
	}
	if len(members(top, "Rules")) > 0 {
		return nil, formatErrorf("the Rules section is not available in hydrant.")
	}
	if v, ok := top["AWSTemplateFormatVersion"]; ok {
		if t.Version, _ = v.(string); t.Version != "2010-09-09" {
			return nil, formatErrorf("unsupported value for AWSTemplateFormatVersion.")
		}
	}
	if v, ok := top["Description"]; ok && v != nil {
		if t.Description, ok = v.(string); !ok {
			return nil, formatErrorf("Description must be a string.")
		}
		if len(t.Description) > maxDescription {
			return nil, formatErrorf("'Description' length is greater than %d.", maxDescription)
		}
	}
	if err := t.transforms(top); err != nil {
		return nil, err
	}
	for _, step := range []func(map[string]any, order) error{t.parameters, t.mappings, t.conditions, t.resources, t.outputs} {
		if err := step(top, names); err != nil {
			return nil, err
		}
	}
	return t, t.check()
}

func (t *Template) transforms(top map[string]any) error {
	v, ok := top["Transform"]
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, v := range list {
		name, ok := v.(string)
		if !ok {
			return formatErrorf("Transform must be a string or a list of strings.")
		}
		if name != languageExtensions {
			return errorf("No transform named %s found.", name)
		}
		t.Transforms = append(t.Transforms, name)
	}
	return nil
}

// members is a section as an object; nil where it is absent.
func members(top map[string]any, section string) map[string]any {
	m, _ := top[section].(map[string]any)
	return m
}

// section holds a section to be an object of at most limit members.
func section(top map[string]any, name string, limit int) (map[string]any, error) {
	v, ok := top[name]
	if !ok {
		return nil, nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		if v == nil {
			return nil, formatErrorf("[/%s] 'null' values are not allowed in templates", name)
		}
		return nil, formatErrorf("%s must be an object.", name)
	}
	if len(m) > limit {
		return nil, formatErrorf("Number of %s, %d, is greater than maximum allowed, %d", strings.ToLower(name), len(m), limit)
	}
	return m, nil
}

func (t *Template) mappings(top map[string]any, _ order) (err error) {
	if t.Mappings, err = section(top, "Mappings", maxMappings); err != nil {
		return err
	}
	for name, v := range t.Mappings {
		m, ok := v.(map[string]any)
		if !ok {
			return formatErrorf("Every Mappings member %s must be a map", name)
		}
		if len(m) > maxAttributes {
			return formatErrorf("Number of attributes of mapping %s, %d, is greater than maximum allowed, %d", name, len(m), maxAttributes)
		}
		for key, v := range m {
			values, ok := v.(map[string]any)
			if !ok {
				return formatErrorf("Every Mappings attribute must be a String or a List.")
			}
			for _, v := range values {
				if _, nested := v.(map[string]any); nested || v == nil {
					return formatErrorf("Every Mappings attribute must be a String or a List. (%s.%s)", name, key)
				}
			}
		}
	}
	return nil
}

func (t *Template) conditions(top map[string]any, _ order) (err error) {
	t.Conditions, err = section(top, "Conditions", maxResources)
	return err
}

func (t *Template) resources(top map[string]any, names order) error {
	if v, ok := top["Resources"]; ok && v == nil {
		return formatErrorf("[/Resources] 'null' values are not allowed in templates")
	}
	m, err := section(top, "Resources", maxResources)
	if err != nil {
		return err
	}
	if len(m) == 0 {
		return formatErrorf("At least one Resources member must be defined.")
	}
	for _, name := range names["Resources"] {
		body, ok := m[name].(map[string]any)
		if !ok {
			return formatErrorf("Any Resources member must be an object.")
		}
		r, err := resource(name, body)
		if err != nil {
			return err
		}
		t.Resources = append(t.Resources, r)
	}
	return nil
}

func resource(name string, body map[string]any) (Resource, error) {
	r := Resource{Name: name, Metadata: body["Metadata"]}
	if !alphanumeric(name) || len(name) > maxNameChars {
		return r, formatErrorf("Resource name %s is non alphanumeric.", name)
	}
	for k := range body {
		if !slices.Contains([]string{"Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy"}, k) {
			return r, errorf("Invalid template resource property '%s'", k)
		}
	}
	kind, ok := body["Type"]
	if r.Type, _ = kind.(string); !ok || r.Type == "" {
		return r, formatErrorf("[/Resources/%s] Every Resources object must contain a Type member.", name)
	}
	if v, ok := body["Properties"]; ok && v != nil {
		if r.Properties, ok = v.(map[string]any); !ok {
			return r, formatErrorf("[/Resources/%s/Properties] Properties must be an object.", name)
		}
		if at, found := nullIn(r.Properties, "/Resources/"+name+"/Properties"); found {
			return r, formatErrorf("[%s] 'null' values are not allowed in templates", at)
		}
		if dynamic(r.Properties) { // not to be taken for the text they stand for
			return r, formatErrorf("[/Resources/%s/Properties] dynamic references ({{resolve:...}}) are not available in hydrant.", name)
		}
	}
	switch d := body["DependsOn"].(type) {
	case nil:
	case string:
		r.DependsOn = []string{d}
	case []any:
		for _, v := range d {
			s, ok := v.(string)
			if !ok {
				return r, formatErrorf("Every DependsOn value must be a string.")
			}
			r.DependsOn = append(r.DependsOn, s)
		}
	default:
		return r, formatErrorf("DependsOn must be a string or list of strings.")
	}
	for _, p := range []struct {
		name    string
		to      *string
		allowed []string
	}{
		{"DeletionPolicy", &r.DeletionPolicy, []string{"Delete", "Retain", "Snapshot", "RetainExceptOnCreate"}},
		{"UpdateReplacePolicy", &r.UpdateReplacePolicy, []string{"Delete", "Retain", "Snapshot"}},
		{"Condition", &r.Condition, nil},
	} {
		v, ok := body[p.name]
		if !ok {
			continue
		}
		if *p.to, ok = v.(string); !ok {
			return r, formatErrorf("Every %s member must be a string.", p.name)
		}
		if p.allowed != nil && !slices.Contains(p.allowed, *p.to) {
			return r, formatErrorf("Unrecognized %s %s for resource %s", p.name, *p.to, name)
		}
	}
	return r, nil
}

// dynamic reports whether a tree holds a reference to Systems Manager or Secrets Manager.
func dynamic(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, "{{resolve:")
	case map[string]any:
		for _, e := range v {
			if dynamic(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, dynamic)
	}
	return false
}

// nullIn finds a null within a tree, and says where.
func nullIn(v any, at string) (string, bool) {
	switch v := v.(type) {
	case nil:
		return at, true
	case map[string]any:
		for _, k := range sortedKeys(v) {
			if p, found := nullIn(v[k], at+"/"+k); found {
				return p, true
			}
		}
	case []any:
		for i, e := range v {
			if p, found := nullIn(e, fmt.Sprintf("%s/%d", at, i)); found {
				return p, true
			}
		}
	}
	return "", false
}

func (t *Template) outputs(top map[string]any, names order) error {
	m, err := section(top, "Outputs", maxOutputs)
	if err != nil {
		return err
	}
	if m == nil {
		return nil
	}
	for _, name := range names["Outputs"] {
		body, ok := m[name].(map[string]any)
		if !ok {
			return formatErrorf("[/Outputs/%s] Every Outputs member must be an object.", name)
		}
		o := Output{Name: name}
		if !alphanumeric(name) {
			return formatErrorf("Output name %s is non alphanumeric.", name)
		}
		if o.Value, ok = body["Value"]; !ok {
			return formatErrorf("Every Outputs member must contain a Value object")
		}
		if at, found := nullIn(o.Value, "/Outputs/"+name+"/Value"); found {
			return formatErrorf("[%s] 'null' values are not allowed in templates", at)
		}
		o.Description, _ = body["Description"].(string)
		o.Condition, _ = body["Condition"].(string)
		if e, ok := body["Export"]; ok {
			export, _ := e.(map[string]any)
			if o.Export, ok = export["Name"]; !ok || len(export) != 1 {
				return formatErrorf("[/Outputs/%s/Export] Export must contain a Name and nothing else.", name)
			}
		}
		t.Outputs = append(t.Outputs, o)
	}
	return nil
}

func alphanumeric(s string) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return s != ""
}
