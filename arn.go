package hydrant

import (
	"context"
	"fmt"
	"strings"
)

const (
	// DefaultAccount owns what is made with an access key that is not itself a 12-digit account id.
	DefaultAccount = "000000000000"
	// DefaultRegion is used where a request names none.
	DefaultRegion = "us-east-1"
)

// Scope is where a name lives: every resource belongs to one account and one Region.
type Scope struct {
	Account string // 12 digits
	Region  string
}

// Or fills in the defaults for what is missing.
func (s Scope) Or() Scope {
	if s.Account == "" {
		s.Account = DefaultAccount
	}
	if s.Region == "" {
		s.Region = DefaultRegion
	}
	return s
}

// ARN names a resource of service in this scope, e.g. ARN("kinesis", "stream/trips").
func (s Scope) ARN(service, resource string) string {
	return "arn:aws:" + service + ":" + s.Region + ":" + s.Account + ":" + resource
}

func (s Scope) String() string { return s.Account + "/" + s.Region }

type scopeKey struct{}

// WithScope puts the caller's scope into a context. wire does so for every request.
func WithScope(ctx context.Context, s Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s.Or())
}

// ScopeOf is the caller's scope: what WithScope put there, or the defaults.
func ScopeOf(ctx context.Context) Scope {
	s, _ := ctx.Value(scopeKey{}).(Scope)
	return s.Or()
}

// ARN is a parsed Amazon Resource Name: arn:partition:service:region:account:resource.
type ARN struct {
	Partition, Service, Region, Account string
	// Resource is all after the fifth colon, e.g. "stream/trips/consumer/c:1700000000".
	Resource string
}

// ParseARN takes an ARN apart. It checks the form only, not whether the resource exists.
func ParseARN(s string) (ARN, error) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[1] == "" || p[2] == "" || p[5] == "" {
		return ARN{}, fmt.Errorf("%q is not an ARN", s)
	}
	return ARN{Partition: p[1], Service: p[2], Region: p[3], Account: p[4], Resource: p[5]}, nil
}

func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// Scope is the account and Region an ARN lies in.
func (a ARN) Scope() Scope { return Scope{Account: a.Account, Region: a.Region} }

// Name is the resource after its type: ARN "…:stream/trips" with Name("stream/") is "trips".
// ok is false where the resource is of another type.
func (a ARN) Name(prefix string) (name string, ok bool) { return strings.CutPrefix(a.Resource, prefix) }
