package cloudformation

import (
	"context"
	"slices"

	"github.com/hydrant-stream/hydrant"
)

type exportKey struct {
	scope hydrant.Scope
	name  string
}

type export struct{ stack, stackName, value string }

// publish makes the stack's exports known, in place of those it had. The caller holds st.mu.
func (s *Service) publish(st *stack) {
	s.exporting.Lock()
	defer s.exporting.Unlock()
	for k, e := range s.exports {
		if e.stack == st.info.ID {
			delete(s.exports, k)
		}
	}
	if st.info.gone() {
		return
	}
	for _, o := range st.info.Outputs {
		if o.Export != "" {
			s.exports[exportKey{st.info.Scope, o.Export}] = export{st.info.ID, st.info.Name, o.Value}
		}
	}
}

func (s *Service) exported(scope hydrant.Scope, name string) (export, bool) {
	s.exporting.RLock()
	defer s.exporting.RUnlock()
	e, ok := s.exports[exportKey{scope, name}]
	return e, ok
}

// importers are the names of the stacks that use an export, sorted.
func (s *Service) importers(scope hydrant.Scope, name string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []string
	for k, st := range s.byName {
		if k.scope != scope {
			continue
		}
		st.mu.Lock()
		for _, r := range []*revision{st.info.Current, st.info.Target} {
			if r != nil && slices.Contains(r.Imports, name) {
				out = append(out, k.name)
				break
			}
		}
		st.mu.Unlock()
	}
	slices.Sort(out)
	return out
}

// refuseExports tells why outputs cannot take the place of former ones: an export that others hold,
// or that others use. The caller holds no lock.
func (s *Service) refuseExports(st *stack, former, next []output) error {
	for _, o := range next {
		if e, ok := s.exported(st.info.Scope, o.Export); o.Export != "" && ok && e.stack != st.info.ID {
			return validation("Export with name %s is already exported by stack %s.", o.Export, e.stackName)
		}
	}
	for _, o := range former {
		if o.Export == "" || slices.ContainsFunc(next, func(n output) bool { return n.Export == o.Export && n.Value == o.Value }) {
			continue
		}
		if users := s.importers(st.info.Scope, o.Export); len(users) > 0 {
			verb := "delete"
			if slices.ContainsFunc(next, func(n output) bool { return n.Export == o.Export }) {
				verb = "update"
			}
			return validation("Cannot %s export %s as it is in use by %s.", verb, o.Export, users[0])
		}
	}
	return nil
}

type (
	ListExportsIn  struct{ NextToken string }
	ListExportsOut struct {
		Exports   []Export
		NextToken string
	}
	Export struct{ ExportingStackId, Name, Value string }

	ListImportsIn struct {
		ExportName string `required:""`
		NextToken  string
	}
	ListImportsOut struct {
		Imports   []string
		NextToken string
	}
)

// ListExports lists the exports of the caller's stacks by name.
//
//	Wire     ListExports over query
func (s *Service) ListExports(ctx context.Context, in *ListExportsIn) (*ListExportsOut, error) {
	scope := hydrant.ScopeOf(ctx)
	list := []Export{}
	s.exporting.RLock()
	for k, e := range s.exports {
		if k.scope == scope {
			list = append(list, Export{e.stack, k.name, e.value})
		}
	}
	s.exporting.RUnlock()
	list, next, err := page(list, in.NextToken, func(e Export) string { return e.Name })
	return &ListExportsOut{list, next}, err
}

// ListImports lists the stacks that use an export.
//
//	Wire     ListImports over query
func (s *Service) ListImports(ctx context.Context, in *ListImportsIn) (*ListImportsOut, error) {
	list := s.importers(hydrant.ScopeOf(ctx), in.ExportName)
	if len(list) == 0 {
		return nil, validation("Export '%s' is not imported by any stack.", in.ExportName)
	}
	list, next, err := page(list, in.NextToken, func(n string) string { return n })
	return &ListImportsOut{list, next}, err
}
