package hydrant

import (
	"errors"
	"fmt"
	"net/http"
)

// Fault is an error a client may see: a code and a sentence in AWS's wording.
//
// Any other error that reaches the wire becomes an InternalFailure: logged for the operator, never
// shown to the caller.
type Fault struct {
	// Code is AWS's error code, such as "ResourceNotFoundException".
	Code string
	// Message is AWS's sentence for it.
	Message string
	// Status is the HTTP status. Zero means 400.
	Status int
	// Fields are the members an error shape carries beside its message, such as S3's "BucketName"
	// or Athena's "AthenaErrorCode". Rendered in key order.
	Fields map[string]string
	// MessageMember overrides the name of the message member ("message" or "Message") where an
	// exception differs from its service's habit. Empty means the service's own.
	MessageMember string
}

func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// HTTPStatus is Status, or 400 where none was given.
func (f *Fault) HTTPStatus() int {
	if f.Status == 0 {
		return http.StatusBadRequest
	}
	return f.Status
}

// Sender reports whether the caller is to blame (4xx), as the query protocol's <Type> tells.
func (f *Fault) Sender() bool { return f.HTTPStatus() < 500 }

// Faultf makes a fault of HTTP status 400.
func Faultf(code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithStatus returns a copy with the HTTP status set.
func (f *Fault) WithStatus(status int) *Fault {
	c := *f
	c.Status = status
	return &c
}

// WithField returns a copy that carries one more member.
func (f *Fault) WithField(name, value string) *Fault {
	c := *f
	c.Fields = make(map[string]string, len(f.Fields)+1)
	for k, v := range f.Fields {
		c.Fields[k] = v
	}
	c.Fields[name] = value
	return &c
}

// AsFault finds the Fault in err's chain.
func AsFault(err error) (*Fault, bool) {
	var f *Fault
	ok := errors.As(err, &f)
	return f, ok
}

// FaultCode is the code of the Fault in err's chain, or "".
func FaultCode(err error) string {
	if f, ok := AsFault(err); ok {
		return f.Code
	}
	return ""
}
