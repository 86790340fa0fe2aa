// Package policy reads IAM policy documents and decides by them. It is pure: text and a request go in,
// a decision with its reason comes out. It imports nothing of ours.
//
//	parse.go      text -> Document, in AWS's words where it is none
//	principal.go  who calls, and whom a statement speaks of
//	pattern.go    * and ? and ${aws:username}
//	condition.go  the operators of a Condition block
//	evaluate.go   documents and a request -> Decision
//
// A Document does not change once it is parsed and may be shared.
package policy

// Kind is the place a document is used in, which decides the elements it may have.
type Kind int

const (
	// Identity: attached to a user or role, or given with a session. No Principal; Resource required.
	Identity Kind = iota
	// Resource: attached to a stream, a function, a bucket. Principal required.
	Resource
	// Trust: says who may assume a role. Principal required, no Resource.
	Trust
)

// Document is a parsed policy.
type Document struct {
	Version    string
	ID         string
	statements []statement
	tags       bool // a condition asks for the resource's tags
}

type statement struct {
	sid          string
	deny         bool
	principals   *principals // nil in an identity policy
	notPrincipal bool
	actions      []string // lower case, * and ? compiled
	notAction    bool
	resources    []resource // nil in a trust policy: any
	notResource  bool
	conditions   []condition
}

// Request is one thing somebody wants to do.
type Request struct {
	Principal Principal
	// Action as policies name it: "kinesis:PutRecords".
	Action string
	// Resource is its ARN, or "*" for an action that has none. "*" is matched by "*" alone.
	Resource string
	Context  Context
}

// Context holds the values of condition keys. Make it with Set: keys know no case.
type Context map[string][]string

// Set gives a key its values. Without any the key stays absent.
func (c Context) Set(key string, values ...string) {
	if len(values) > 0 {
		c[lower(key)] = values
	}
}

// value is the single value of a key, as variables use it.
func (c Context) value(key string) (string, bool) {
	if v := c[lower(key)]; len(v) == 1 {
		return v[0], true
	}
	return "", false
}
