package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/rest"
)

// restSpeaker binds members to path, query and headers; what is left is the body, in JSON or XML.
type restSpeaker struct{ restBody }

// restBody is what the two REST protocols differ in.
type restBody interface {
	contentType() string
	// rawType is the content type of a payload that is no document, where the output names none.
	rawType() string
	// read fills v, a struct that can be set, from a body that is not empty.
	read(body []byte, v reflect.Value) ([]string, error)
	// write appends a struct. root is the element for it.
	write(dst []byte, v reflect.Value, root, namespace string) []byte
	unknown(x *exchange, pathKnown bool) *hydrant.Fault
	badMember(e *rest.Error) *hydrant.Fault
	fault(x *exchange, f *hydrant.Fault)
	internal() *hydrant.Fault
}

func (p restSpeaker) operation(x *exchange) (*operation, error) {
	q, h := x.queryValues(), x.r.Header
	var best *operation
	pathKnown := false
	for _, op := range x.svc.rows {
		labels, ok := op.pattern.match(x.path)
		if !ok {
			continue
		}
		pathKnown = pathKnown || len(op.pattern.asks) == 0
		if op.Method != x.r.Method || !op.pattern.asked(q, h) || x.svc.selectsOther(op, q) {
			continue
		}
		if best == nil || op.pattern.compare(best.pattern) < 0 {
			best, x.labels = op, labels
		}
	}
	if best == nil {
		return nil, p.unknown(x, pathKnown)
	}
	return best, nil
}

// selectsOther: the query bears a key that chooses an operation, and it is not this one.
func (svc *service) selectsOther(op *operation, q map[string][]string) bool {
	return slices.ContainsFunc(svc.Selectors, func(key string) bool {
		_, there := q[key]
		return there && !op.pattern.names(key)
	})
}

func (p restSpeaker) decode(x *exchange) (any, []string, error) {
	v := reflect.New(x.op.In)
	in := v.Elem()
	body, length, err := x.payload()
	if err != nil {
		return nil, nil, err
	}
	if err := x.op.in.Request(in, x.labels, x.queryValues(), x.r.Header, length); err != nil {
		var e *rest.Error
		if errors.As(err, &e) {
			return nil, nil, p.badMember(e)
		}
		return nil, nil, err
	}
	payload := x.op.in.Payload
	if payload != nil && payload.Stream {
		// In as Row.In wants it: the decoded body, read by the operation.
		payload.Of(in).Set(reflect.ValueOf(body))
		return v.Interface(), nil, nil
	}
	if payload == nil && !x.op.in.Body {
		return v.Interface(), nil, nil
	}
	if err := x.readPayload(body, length); err != nil {
		return nil, nil, err
	}
	present, err := p.body(x, in, payload)
	return v.Interface(), present, err
}

// body decodes a body that was read.
func (p restSpeaker) body(x *exchange, in reflect.Value, payload *rest.Payload) ([]string, error) {
	if payload == nil {
		if len(x.body) == 0 {
			return nil, nil
		}
		return p.read(x.body, in)
	}
	v := payload.Of(in)
	switch {
	case v.Kind() == reflect.String:
		v.SetString(string(x.body))
	case v.Kind() == reflect.Slice:
		v.SetBytes(x.body)
		x.keep = true
	case len(x.body) > 0:
		if v.Kind() == reflect.Pointer {
			v.Set(reflect.New(v.Type().Elem()))
			v = v.Elem()
		}
		return p.read(x.body, v)
	}
	return nil, nil
}

func (p restSpeaker) reply(_ context.Context, x *exchange, out any) error {
	v := reflect.ValueOf(out).Elem()
	status := x.op.out.Reply(v, x.w.Header())
	if status == 0 {
		status = x.op.Status
	}
	if status == 0 {
		status = http.StatusOK
	}
	payload := x.op.out.Payload
	switch {
	case payload != nil && payload.Stream:
		return x.stream(status, p.rawType(), payload.Of(v))
	case payload != nil:
		p.replyPayload(x, status, payload.Of(v), payload.Root)
	case status == http.StatusNoContent || !x.op.out.Body:
		x.send(status, "", nil)
	default:
		b := p.write(getBuffer(512), v, x.op.Name+"Result", x.svc.Namespace)
		x.send(status, p.contentType(), b)
		putBuffer(b)
	}
	return nil
}

func (p restSpeaker) replyPayload(x *exchange, status int, v reflect.Value, root string) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			x.send(status, "", nil)
			return
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		x.send(status, p.rawType(), []byte(v.String()))
	case reflect.Slice:
		x.send(status, p.rawType(), v.Bytes())
	default:
		b := p.write(getBuffer(512), v, root, x.svc.Namespace)
		x.send(status, p.contentType(), b)
		putBuffer(b)
	}
}

// stream copies a payload out as it comes, and closes it.
func (x *exchange) stream(status int, contentType string, v reflect.Value) error {
	if h := x.w.Header(); h.Get("Content-Type") == "" {
		h.Set("Content-Type", contentType) // or net/http would guess one
	}
	if v.IsNil() {
		x.send(status, "", nil)
		return nil
	}
	from := v.Interface().(io.Reader)
	if c, ok := from.(io.Closer); ok {
		defer c.Close()
	}
	x.w.WriteHeader(status)
	if x.r.Method == http.MethodHead {
		return nil
	}
	_, err := io.Copy(&x.w, from)
	return err
}
