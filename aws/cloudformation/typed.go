package cloudformation

import (
	"context"

	"github.com/hydrant-stream/hydrant"
)

// Typed is a Handler whose properties are the struct P, read as Read says. Its functions may be called
// concurrently; what they are to do stands at Handler.
type Typed[P any] struct {
	Facts Schema
	// Make creates a resource. name is a name of our making.
	Make func(ctx context.Context, name string, p *P) (Made, error)
	// Rest, if any, does what Make does after the resource is there.
	Rest func(ctx context.Context, id string, p *P) (Made, error)
	// Turn makes the resource id, made with old, what p says.
	Turn func(ctx context.Context, id string, old, p *P) (Made, error)
	// Drop takes the resource id away.
	Drop func(ctx context.Context, id string, p *P) error
	// Look finds a resource by its id or, where that is "", by p and name.
	Look func(ctx context.Context, id, name string, p *P) (Made, error)
}

func (t *Typed[P]) Schema() Schema { return t.Facts }

func (t *Typed[P]) Check(properties map[string]any) error {
	_, err := Read[P](properties)
	return err
}

func (t *Typed[P]) Create(ctx context.Context, r Request) (Made, error) {
	p, err := Read[P](r.Properties)
	if err != nil {
		return Made{}, err
	}
	return t.Make(ctx, r.Name, p)
}

// Finish makes Typed a Finisher.
func (t *Typed[P]) Finish(ctx context.Context, found Made, r Request) (Made, error) {
	if t.Rest == nil {
		return found, nil
	}
	p, err := Read[P](r.Properties)
	if err != nil {
		return Made{}, err
	}
	return t.Rest(ctx, found.ID, p)
}

func (t *Typed[P]) Update(ctx context.Context, id string, old map[string]any, r Request) (Made, error) {
	p, err := Read[P](r.Properties)
	if err != nil {
		return Made{}, err
	}
	was, err := Read[P](old)
	if err != nil { // a turning back from properties that were refused
		was = new(P)
	}
	return t.Turn(ctx, id, was, p)
}

func (t *Typed[P]) Delete(ctx context.Context, id string, r Request) error {
	p, err := Read[P](r.Properties)
	if err != nil {
		return err
	}
	if err := t.Drop(ctx, id, p); err != nil && handlerCode(hydrant.FaultCode(err)) != "NotFound" {
		return err
	}
	return nil
}

func (t *Typed[P]) Find(ctx context.Context, id string, r Request) (Made, error) {
	p, err := Read[P](r.Properties)
	if err != nil {
		return Made{}, err
	}
	m, err := t.Look(ctx, id, r.Name, p)
	if handlerCode(hydrant.FaultCode(err)) == "NotFound" {
		return m, ErrNotFound
	}
	return m, err
}
