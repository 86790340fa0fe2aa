package policy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Principal is who calls.
type Principal struct {
	// Account is the 12 digits it belongs to; "" for a service.
	Account string
	// ARN names it: a user, an assumed role's session, an account's root.
	ARN string
	// Role is the ARN of the role behind a session; "" for others.
	Role string
	// Service is the name of an AWS service, such as "lambda.amazonaws.com"; "" for others.
	Service string
}

// RootARN names an account as a principal.
func RootARN(account string) string { return "arn:aws:iam::" + account + ":root" }

// principals are those a statement speaks of.
type principals struct {
	any      bool // "*": everybody
	anyAWS   bool // {"AWS": "*"}: everybody but services
	accounts []string
	arns     []string // of users, roles and sessions
	services []string
	// Federated and canonical ones are read and not kept: nobody who calls here is one.
}

// grant is how closely a policy on a resource names who calls, which decides what else must agree.
type grant int

const (
	nobody  grant = iota
	account       // the whole account: its own policies decide
	role          // the role behind a session: the session's bounds still hold
	exact         // the principal itself: nothing else need agree within the account
)

// names tells how a statement's principals cover who calls.
func (p *principals) names(who *Principal) grant {
	if who.Service != "" {
		if p.any || slices.Contains(p.services, who.Service) {
			return exact
		}
		return nobody
	}
	switch {
	case slices.Contains(p.arns, who.ARN):
		return exact
	case who.Role != "" && slices.Contains(p.arns, who.Role):
		return role
	case (p.any || p.anyAWS) && who.Role == "":
		return exact
	case p.any || p.anyAWS:
		return role
	case slices.Contains(p.accounts, who.Account):
		return account
	}
	return nobody
}

var (
	accountPattern   = regexp.MustCompile(`^[0-9]{12}$`)
	rootPattern      = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):root$`)
	principalPattern = regexp.MustCompile(`^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(user|role|assumed-role|federated-user)/[^*?]+$`)
	uniqueIDPattern  = regexp.MustCompile(`^A[A-Z0-9]{15,}$`)
	servicePattern   = regexp.MustCompile(`^[a-z0-9.-]+\.[a-z0-9.-]+$`)
)

func badPrincipal(kind, value string) error {
	return malformed(fmt.Sprintf("Invalid principal in policy: %q:%q", kind, value))
}

// parsePrincipals reads a Principal or NotPrincipal element.
func parsePrincipals(raw json.RawMessage) (*principals, error) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		if s != "*" {
			return nil, badPrincipal("AWS", s)
		}
		return &principals{any: true}, nil
	}
	members, err := object(raw)
	if err != nil {
		return nil, err
	}
	p := &principals{}
	for _, m := range members {
		values, err := texts(m.value)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			if err := p.add(m.name, v); err != nil {
				return nil, err
			}
		}
	}
	if len(members) == 0 {
		return nil, malformed("Missing required field Principal cannot be empty!")
	}
	return p, nil
}

func (p *principals) add(kind, v string) error {
	switch kind {
	case "AWS":
		switch root := rootPattern.FindStringSubmatch(v); {
		case v == "*":
			p.anyAWS = true
		case accountPattern.MatchString(v):
			p.accounts = append(p.accounts, v)
		case root != nil:
			p.accounts = append(p.accounts, root[1])
		case principalPattern.MatchString(v), uniqueIDPattern.MatchString(v):
			p.arns = append(p.arns, v)
		default:
			return badPrincipal(kind, v)
		}
	case "Service":
		if !servicePattern.MatchString(v) {
			return badPrincipal(kind, v)
		}
		p.services = append(p.services, v)
	case "Federated", "CanonicalUser":
		if strings.TrimSpace(v) == "" {
			return badPrincipal(kind, v)
		}
	default:
		return malformed("Syntax errors in policy.")
	}
	return nil
}

// Principals are the ARNs of users and roles the document names, so that a caller can see whether
// they exist.
func (d *Document) Principals() (arns []string) {
	for i := range d.statements {
		if p := d.statements[i].principals; p != nil {
			arns = append(arns, p.arns...)
		}
	}
	return arns
}
