// Package runtime runs functions: an instance is a child process that speaks the Lambda Runtime API.
//
//	Pool      admits invocations (concurrency), keeps warm instances, ends idle and outdated ones
//	instance  one process: started, initialised, given one event at a time, ended with its whole group
//	api       the Runtime API, one loopback listener per instance
//	console   the process's output, cut into lines and kept in order with our own START/END/REPORT
//	shipper   those lines on their way to CloudWatch Logs, off the path of the invocation
//
// provided.* and go* run the archive's own program. python3.* and nodejs* run a client of our own
// (client/) on the interpreter found on PATH.
//
// What keeps functions apart is a process group, a temporary folder, a memory watch and a few limits of the
// kernel's. It is not a sandbox: a function runs with the operator's rights, or those of Config.User, and sees
// the files these may see.
package runtime

import (
	"context"
	"errors"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// Spec is what an instance is started from. It does not change while instances of it live.
type Spec struct {
	// Key names this state of settings and archive: instances are shared between invocations of one
	// Key and State only.
	Key string
	// State is that of the folder the code lies in, where it is edited while it is run; else "".
	State string
	// Function is the unqualified ARN, under which Reserved counts.
	Function string
	Name     string
	Version  string // "$LATEST" or a number
	Scope    hydrant.Scope
	Runtime  string // "python3.12"
	Handler  string
	Root     string // folder of the unpacked code
	Opt      string // folder of its layers, or ""
	Memory   int    // MB
	Storage  int    // MB; the largest file it may write
	Timeout  time.Duration
	Env      map[string]string
	LogGroup string
	Role     string // ARN
	// Reserved bounds the function's concurrent invocations; negative means only the pool's bound.
	Reserved int
}

// Invocation is one event on its way to a function.
type Invocation struct {
	// ID is the request id. The caller chooses it, so that a retry may carry the same.
	ID string
	// ARN is the function as it was called, qualifier included.
	ARN     string
	Payload []byte
	// ClientContext is the JSON a caller sent along, or "".
	ClientContext string
	// Trace is the X-Ray header the function is told; "" means one that spells ID.
	Trace string
}

// User is whom functions run as.
type User struct{ UID, GID uint32 }

// Result is what a function made of an event.
type Result struct {
	// Payload is the function's answer, or the error document where Error is set.
	Payload []byte
	// Error is "" or "Unhandled".
	Error string
	// ErrorType is the error's type in AWS's words where Error is set: "Runtime.ExitError".
	ErrorType string
	// Tail is the end of the invocation's log, at most 4 KiB.
	Tail     []byte
	Duration time.Duration // of the handler, without the start
}

// Logs takes lines as the function's output arrives.
type Logs interface {
	// Write appends events to a stream of a group, making both where they are missing. Events of
	// one stream come in order.
	Write(ctx context.Context, scope hydrant.Scope, group, stream string, events []hydrant.LogEvent) error
}

var (
	// ErrThrottled: as many invocations run as the pool allows. The caller tries again later.
	ErrThrottled = errors.New("runtime: concurrency limit reached")
	// ErrReserved: the same for the function's own reserved concurrency.
	ErrReserved = errors.New("runtime: reserved concurrency limit reached")
	// ErrClosed: the pool is closed; an invocation in flight was cut off and its outcome is unknown.
	ErrClosed = errors.New("runtime: closed")
	// ErrNoInterpreter: what the function's runtime needs is not on this machine.
	ErrNoInterpreter = errors.New("runtime: no interpreter")
)
