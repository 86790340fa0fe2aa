//go:build !cgo

package query

import "context"

func (e *Engine) run(context.Context, Statement, func([]Column) error, func([]any) error) error {
	return ErrNoEngine
}

func (e *Engine) export(context.Context, Statement, Export, func([]Part) error) (int64, error) {
	return 0, ErrNoEngine
}
