package cloudformation

import (
	"context"
	"errors"

	"github.com/hydrant-stream/hydrant"
)

// Handler knows one resource type. Its methods may be called concurrently, for different resources;
// the context carries the stack's scope and, but for Find, whose rights count (Rights). A *hydrant.Fault becomes the reason of a failure, any other
// error is logged and shown as an internal one.
//
// A call may be repeated after a crash, so each has to end well where it was already done: Update
// and Delete by looking, Create through Find, which the engine asks first.
type Handler interface {
	Schema() Schema
	// Check reads properties whose functions are worked out (or Unknown) and faults what the type
	// does not allow.
	Check(properties map[string]any) error
	// Create makes the resource and returns once it can be used.
	Create(ctx context.Context, r Request) (Made, error)
	// Update turns the resource from the old properties into r's, in place.
	Update(ctx context.Context, id string, old map[string]any, r Request) (Made, error)
	// Delete takes the resource away and returns when it is gone. One that is not there is no error.
	Delete(ctx context.Context, id string, r Request) error
	// Find looks for the resource: by its id, or where that is "" by what the properties say. It
	// returns ErrNotFound where there is none.
	Find(ctx context.Context, id string, r Request) (Made, error)
}

// Finisher is a Handler whose resources take a while to be ready for use after they are there.
type Finisher interface {
	// Finish does what Create does after the resource is there, and returns once it can be used. A
	// creation that a crash interrupted goes on here with what Find has found.
	Finish(ctx context.Context, found Made, r Request) (Made, error)
}

// ErrNotFound: Find found nothing. The engine then makes the resource.
var ErrNotFound = errors.New("cloudformation: no such resource")

// Request is a resource as its stack wants it.
type Request struct {
	// Name is a name of our making, <stack>-<logical id>-<random>: for a type that needs a name the
	// template did not give. The same through the resource's life.
	Name string
	// Properties are worked out. Where the type has a name and the template gave none, Name stands
	// in its place already.
	Properties map[string]any
}

// Made is a resource that is there.
type Made struct {
	// ID is the physical id, which is also what Ref gives.
	ID string
	// Attributes are what Fn::GetAtt gives.
	Attributes map[string]any
}

// Schema are the facts of a type the engine acts on. A property within another is written A/B.
type Schema struct {
	// Name is the property that names the resource, "" where it has none. MaxName cuts a generated
	// name, LowerName folds it.
	Name      string
	MaxName   int
	LowerName bool
	// Replace are the properties whose change needs a new resource.
	Replace []string
	// Attributes are the names Fn::GetAtt knows.
	Attributes []string
	// IAM: a template with this type needs CAPABILITY_IAM, or CAPABILITY_NAMED_IAM where it gives
	// the name itself.
	IAM bool
}

// Objects reads templates from S3, for the one who calls.
type Objects interface {
	GetObject(ctx context.Context, scope hydrant.Scope, bucket, key string) ([]byte, error)
}

// Rights say whose rights the handlers of a stack call under. nil: the house's own.
type Rights interface {
	// Of is the principal an operation on a stack runs as: the role, where roleARN names one, or who makes
	// the call behind ctx. It is kept with the stack and holds no secret.
	Of(ctx context.Context, roleARN string) (principal string, err error)
	// As is ctx for what is done as a principal.
	As(ctx context.Context, principal string) (context.Context, error)
}
