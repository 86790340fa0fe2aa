//go:build !cgo

package query

import "context"

func (e *Engine) run(context.Context, Statement, func([]Column) error, func([]any) error) error {
	return ErrNoEngine
}
