package cloudformation

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation/template"
)

// bound is a revision with its template parsed and its functions tied to the stack.
type bound struct {
	*template.Env
	template *template.Template

	mu sync.Mutex
	// pending are resources whose values are not known yet: a plan adds what would be made anew.
	pending map[string]bool
	imports []string
}

// bind ties a revision to a stack. Its functions take st.mu, so the caller must not hold it when it
// resolves anything.
func (s *Service) bind(st *stack, rev *revision) (*bound, error) {
	t, err := template.Parse(rev.Body)
	if err != nil {
		return nil, templateFault(err)
	}
	b := &bound{template: t, pending: map[string]bool{}}
	b.Env, err = t.Bind(rev.Parameters, template.World{
		Account: st.info.Scope.Account, Region: st.info.Scope.Region,
		StackName: st.info.Name, StackID: st.info.ID, NotificationARNs: st.info.NotificationARNs,
		Ref: func(name string) (any, error) { return b.value(s, st, name, "") },
		GetAtt: func(name, attribute string) (any, error) {
			if err := s.hasAttribute(t, name, attribute); err != nil {
				return nil, err
			}
			return b.value(s, st, name, attribute)
		},
		Import: func(name string) (any, error) {
			e, ok := s.exported(st.info.Scope, name)
			if !ok {
				return nil, &template.Error{Text: "No export named " + name + " found."}
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			if !slices.Contains(b.imports, name) {
				b.imports = append(b.imports, name)
			}
			return e.value, nil
		},
	})
	if err != nil {
		return nil, templateFault(err)
	}
	return b, nil
}

func (s *Service) hasAttribute(t *template.Template, name, attribute string) error {
	r, ok := t.Resource(name)
	if !ok {
		return &template.Error{Text: "Template error: instance of Fn::GetAtt references undefined resource " + name}
	}
	if h, known := s.Types[r.Type]; known && !slices.Contains(h.Schema().Attributes, attribute) {
		return &template.Error{Text: "Template error: resource " + name + " does not support attribute type " + attribute + " in Fn::GetAtt"}
	}
	return nil
}

// value is a resource's id, or one of its attributes.
func (b *bound) value(_ *Service, st *stack, name, attribute string) (any, error) {
	b.mu.Lock()
	pending := b.pending[name]
	b.mu.Unlock()
	st.mu.Lock()
	defer st.mu.Unlock()
	r := st.resources[name]
	if pending || r == nil || r.ID == "" {
		return template.Unknown, nil
	}
	if attribute == "" {
		return r.ID, nil
	}
	v, ok := r.Attributes[attribute]
	if !ok {
		return template.Unknown, nil
	}
	return v, nil
}

// templateFault is what a client sees of a mistake in its template.
func templateFault(err error) error {
	var e *template.Error
	if errors.As(err, &e) {
		return validation("%s", e.Text)
	}
	return err
}

// outputs works out what the stack tells. Values that are not known are left empty.
func (b *bound) outputs() ([]output, error) {
	out := []output{}
	for _, o := range b.Outputs() {
		v, err := b.Resolve(o.Value)
		if err != nil {
			return nil, templateFault(err)
		}
		text, ok := template.Text(v)
		if list, isList := v.([]any); isList {
			parts := make([]string, len(list))
			for i, p := range list {
				parts[i], _ = template.Text(p)
			}
			text, ok = strings.Join(parts, ","), true
		}
		if !ok && v != template.Unknown {
			return nil, validation("Template format error: The Value field of every Outputs member must evaluate to a String.")
		}
		made := output{Key: o.Name, Value: text, Description: o.Description}
		if o.Export != nil {
			n, err := b.Resolve(o.Export)
			if err != nil {
				return nil, templateFault(err)
			}
			if made.Export, ok = template.Text(n); !ok && n != template.Unknown {
				return nil, validation("Template format error: Output %s is malformed. The Name field of every Export member must be specified and consist of a String.", o.Name)
			}
		}
		out = append(out, made)
	}
	return out, nil
}

// known refuses a template with resource types that are not there, naming them all.
func (s *Service) known(t *template.Template) error {
	var strange []string
	for _, r := range t.Resources {
		if _, ok := s.Types[r.Type]; !ok && !slices.Contains(strange, r.Type) {
			strange = append(strange, r.Type)
		}
	}
	if len(strange) > 0 {
		slices.Sort(strange)
		return validation("Template format error: Unrecognized resource types: [%s]", strings.Join(strange, ", "))
	}
	for _, r := range t.Resources { // no type here has snapshots, and what was to be kept must not be lost
		if r.DeletionPolicy == "Snapshot" || r.UpdateReplacePolicy == "Snapshot" {
			return validation("Template error: resource type %s does not support deletion policy Snapshot", r.Type)
		}
	}
	return nil
}

// capabilities are those a template needs, and the types that need them.
func (s *Service) capabilities(t *template.Template) (needs, because []string) {
	named := false
	for _, r := range t.Resources {
		h, ok := s.Types[r.Type]
		if !ok || !h.Schema().IAM {
			continue
		}
		if !slices.Contains(because, r.Type) {
			because = append(because, r.Type)
		}
		if _, given := at(r.Properties, h.Schema().Name); given {
			named = true
		}
	}
	switch {
	case named:
		needs = []string{"CAPABILITY_NAMED_IAM"}
	case because != nil:
		needs = []string{"CAPABILITY_IAM"}
	}
	if len(t.Transforms) > 0 {
		needs = append(needs, "CAPABILITY_AUTO_EXPAND")
	}
	return needs, because
}

// acknowledged holds a caller to the capabilities the template needs.
func (s *Service) acknowledged(t *template.Template, given []string) error {
	needs, _ := s.capabilities(t)
	var missing []string
	for _, n := range needs {
		if n == "CAPABILITY_AUTO_EXPAND" { // AWS::LanguageExtensions asks for none
			continue
		}
		if slices.Contains(given, n) || n == "CAPABILITY_IAM" && slices.Contains(given, "CAPABILITY_NAMED_IAM") {
			continue
		}
		missing = append(missing, n)
	}
	if len(missing) > 0 {
		return hydrant.Faultf("InsufficientCapabilitiesException", "Requires capabilities : [%s]", strings.Join(missing, ", "))
	}
	return nil
}

// at finds a property by its path A/B. The path "" is nowhere.
func at(properties map[string]any, path string) (any, bool) {
	head, rest, nested := strings.Cut(path, "/")
	v, ok := properties[head]
	if !ok || !nested {
		return v, ok && head != ""
	}
	m, _ := v.(map[string]any)
	return at(m, rest)
}

// with is a copy of the properties with one more at a path.
func with(properties map[string]any, path string, v any) map[string]any {
	out := make(map[string]any, len(properties)+1)
	for k, e := range properties {
		out[k] = e
	}
	head, rest, nested := strings.Cut(path, "/")
	if nested {
		inner, _ := properties[head].(map[string]any)
		v = with(inner, rest, v)
	}
	out[head] = v
	return out
}

// scoped is the context in which handlers of a stack work: it ends with the service, not with a request.
func (s *Service) scoped(st *stack) context.Context { return hydrant.WithScope(s.life, st.info.Scope) }
