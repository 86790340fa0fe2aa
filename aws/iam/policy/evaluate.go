package policy

import "slices"

// Effect is the outcome of an evaluation.
type Effect int

const (
	// ImplicitDeny: nothing allows it.
	ImplicitDeny Effect = iota
	// ExplicitDeny: a statement forbids it, whatever others allow.
	ExplicitDeny
	// Allow: it may be done.
	Allow
)

func (e Effect) String() string { return [...]string{"ImplicitDeny", "ExplicitDeny", "Allow"}[e] }

// The layers of an evaluation, as AWS names them when one of them refuses.
const (
	identityLayer = "identity-based policy"
	boundaryLayer = "permissions boundary"
	sessionLayer  = "session policy"
	resourceLayer = "resource-based policy"
)

// Decision is an effect and which kind of policy it is owed to.
type Decision struct {
	Effect
	Action string
	layer  string
}

// Reason ends AWS's sentence "User: … is not authorized to perform: … on resource: …". It is "" for
// what is allowed.
func (d Decision) Reason() string {
	switch {
	case d.Effect == ExplicitDeny && d.layer == identityLayer:
		return "with an explicit deny in an " + d.layer
	case d.Effect == ExplicitDeny:
		return "with an explicit deny in a " + d.layer
	case d.Effect == ImplicitDeny:
		return "because no " + d.layer + " allows the " + d.Action + " action"
	}
	return ""
}

// Policies are all documents that have a say in a request.
type Policies struct {
	// Identity are those of the user or role.
	Identity []*Document
	// Boundary and Session bound what Identity allows. nil: no bound. A session without a policy has none.
	Boundary *Document
	Session  []*Document
	// Resource is that of the resource. nil: it has none.
	Resource *Document
	// Trusted: Resource is a role's trust policy, without whose word nobody gets in.
	Trusted bool
	// Owner is the account of the resource. "": the caller's own.
	Owner string
}

// AskTags reports whether any of them has a condition on the resource's tags, aws:ResourceTag/… or the service's
// own name for it.
func (p *Policies) AskTags() bool {
	asks := func(d *Document) bool { return d != nil && d.tags }
	return slices.ContainsFunc(p.Identity, asks) || slices.ContainsFunc(p.Session, asks) || asks(p.Boundary) || asks(p.Resource)
}

// Evaluate decides a request: a matching Deny anywhere wins; then the caller's policies or the
// resource's must allow it, both of them across accounts; then the bounds must agree.
func Evaluate(r *Request, p Policies) Decision {
	d := Decision{Action: r.Action}
	e := evaluation{r: r, action: lower(r.Action)}
	identity, deny := e.all(p.Identity)
	if deny {
		return d.explicit(identityLayer)
	}
	bounded, session := true, true
	if p.Boundary != nil {
		if bounded, deny = e.document(p.Boundary); deny {
			return d.explicit(boundaryLayer)
		}
	}
	if p.Session != nil {
		if session, deny = e.all(p.Session); deny {
			return d.explicit(sessionLayer)
		}
	}
	granted := nobody
	if p.Resource != nil {
		if granted, deny = e.resource(p.Resource); deny {
			return d.explicit(resourceLayer)
		}
	}
	foreign := p.Owner != "" && p.Owner != r.Principal.Account && r.Principal.Service == ""
	switch {
	case granted == nobody && (p.Trusted || foreign):
		return d.implicit(resourceLayer)
	case granted == exact && !foreign:
		return d.allow() // named itself: neither its own policies nor their bounds are asked
	case !identity && (foreign || granted <= account):
		return d.implicit(identityLayer)
	case !bounded:
		return d.implicit(boundaryLayer)
	case !session:
		return d.implicit(sessionLayer)
	}
	return d.allow()
}

func (d Decision) explicit(layer string) Decision { return Decision{ExplicitDeny, d.Action, layer} }
func (d Decision) implicit(layer string) Decision { return Decision{ImplicitDeny, d.Action, layer} }
func (d Decision) allow() Decision                { return Decision{Allow, d.Action, ""} }

// evaluation is a request being held against documents.
type evaluation struct {
	r      *Request
	action string // lower case
}

func (e *evaluation) all(docs []*Document) (allow, deny bool) {
	for _, d := range docs {
		a, no := e.document(d)
		if no {
			return false, true
		}
		allow = allow || a
	}
	return allow, false
}

// document is the word of a policy that says nothing of principals.
func (e *evaluation) document(d *Document) (allow, deny bool) {
	for i := range d.statements {
		s := &d.statements[i]
		if allow && !s.deny || !e.applies(s) {
			continue
		}
		if s.deny {
			return false, true
		}
		allow = true
	}
	return allow, false
}

// resource is the word of a policy on a resource, and how closely it names who calls.
func (e *evaluation) resource(d *Document) (granted grant, deny bool) {
	for i := range d.statements {
		s := &d.statements[i]
		g := exact
		if s.principals != nil {
			g = s.principals.names(&e.r.Principal)
			if s.notPrincipal && g == nobody {
				g = role
			} else if s.notPrincipal {
				g = nobody
			}
		}
		if g == nobody || !e.applies(s) {
			continue
		}
		if s.deny {
			return nobody, true
		}
		granted = max(granted, g)
	}
	return granted, false
}

// applies tells whether a statement speaks of the action, the resource and the circumstances.
func (e *evaluation) applies(s *statement) bool {
	if slices.ContainsFunc(s.actions, func(p string) bool { return match(p, e.action) }) == s.notAction {
		return false
	}
	if s.resources != nil && !e.concerns(s) {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(e.r.Context) {
			return false
		}
	}
	return true
}

// concerns tells whether a statement's Resource or NotResource takes the request's resource in. With a
// variable that has no value, "all but this" is not known: then nothing is allowed and all is denied.
func (e *evaluation) concerns(s *statement) bool {
	named, unknown := false, false
	for i := range s.resources {
		matched, resolved := s.resources[i].matches(e.r.Resource, e.r.Context)
		named = named || matched
		unknown = unknown || !resolved
	}
	if !s.notResource {
		return named
	}
	return !named && (!unknown || s.deny)
}
