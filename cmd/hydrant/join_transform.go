package main

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/lambda"
)

// functions is Lambda as Firehose needs it, to have records transformed. Firehose is opened before
// Lambda, and functions call us: so it is handed over empty and opened when we listen. Until then no
// function is invoked, and Firehose waits with the records in its spool.
type functions struct{ caller atomic.Pointer[lambda.Caller] }

func (f *functions) open(c lambda.Caller) { f.caller.Store(&c) }

func (f *functions) Invoke(ctx context.Context, scope hydrant.Scope, arn string, payload []byte) (answer []byte, functionError string, err error) {
	c := f.caller.Load()
	if c == nil {
		return nil, "", errors.New("functions are not yet invoked: the house is being opened")
	}
	return c.Invoke(ctx, scope, arn, payload)
}
