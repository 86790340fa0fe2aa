package firehose

import (
	"errors"
	"fmt"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

func invalid(format string, args ...any) *hydrant.Fault {
	return hydrant.Faultf("InvalidArgumentException", format, args...)
}

func notFound(scope hydrant.Scope, name string) *hydrant.Fault {
	return hydrant.Faultf("ResourceNotFoundException", "Firehose %s under account %s not found.", name, scope.Account)
}

func inUse(format string, args ...any) *hydrant.Fault {
	return hydrant.Faultf("ResourceInUseException", format, args...)
}

// slowDown is what a throttled record is told.
var slowDown = &hydrant.Fault{Code: "ServiceUnavailableException", Message: "Slow down.", Status: 503}

// notKept is what a put is told whose records could not be written. The cause is logged by the
// caller: a client can only try again, after someone has made room where that is what is missing.
func notKept(cause error) *hydrant.Fault {
	f := &hydrant.Fault{
		Code:    "ServiceUnavailableException",
		Message: "The service is unavailable. Back off and retry the operation.",
		Status:  503,
	}
	if errors.Is(cause, shardlog.ErrNoSpace) {
		f.Message = "The service is unavailable: the disk of its log is full. Free space on it, then retry the operation."
	}
	return f
}

// failure is why a delivery did not go through: a code and a sentence in AWS's words, for the error
// events in CloudWatch Logs, and the cause for the operator.
type failure struct {
	code, message string
	cause         error
}

func (f *failure) Error() string {
	if f.cause == nil {
		return f.code + ": " + f.message
	}
	return fmt.Sprintf("%s: %v", f.code, f.cause)
}

func (f *failure) Unwrap() error { return f.cause }
