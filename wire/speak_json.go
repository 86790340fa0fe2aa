package wire

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/hydrant-stream/hydrant"
)

// jsonSpeaker is AWS's JSON protocol, 1.0 and 1.1, and its twins in CBOR: POST /, the operation in
// X-Amz-Target; or, for smithy's RPC, in the path.
type jsonSpeaker struct{}

const typeJSON11 = "application/x-amz-json-1.1"

// doc is the request's document form; JSON 1.1 where it has none.
func (x *exchange) doc() document {
	if x.isRPC() {
		return x.rpcDocument()
	}
	if d := documentOf(mediaType(x.r.Header.Get("Content-Type"))); d != nil {
		return d
	}
	return jsonDocument(typeJSON11)
}

// operation keeps AWS's order: a content type that is none of the protocol's, then a body that is
// missing or no JSON, then a target that is unknown.
func (jsonSpeaker) operation(x *exchange) (*operation, error) {
	contentType := mediaType(x.r.Header.Get("Content-Type"))
	_, name, ok := strings.Cut(x.r.Header.Get("X-Amz-Target"), ".")
	if !ok {
		_, name, ok = rpcPath(x.path)
		contentType = x.doc().contentType()
	}
	if !ok || x.r.Method != http.MethodPost {
		return nil, errNoOperation
	}
	if contentType == "application/json" {
		return nil, errPlainJSON
	}
	if _, rpc := x.doc().(cborDocument); !rpc && documentOf(contentType) == nil {
		return nil, errNotJSON
	}
	if err := x.readBody(); err != nil {
		return nil, err
	}
	op := x.svc.ops[name]
	if op == nil {
		if _, isJSON := x.doc().(jsonDocument); isJSON && len(x.body) > 0 && !json.Valid(x.body) {
			return nil, serialization("")
		}
		return nil, x.s.unknown(x.svc, name)
	}
	return op, nil
}

// Faults outside the protocol: AWS answers these requests in forms of their own.
var (
	errNoOperation = &hydrant.Fault{Code: "AccessDeniedException", Status: http.StatusForbidden,
		Message: "Unable to determine service/operation name to be authorized"}
	errPlainJSON = &hydrant.Fault{Code: "UnknownOperationException", Status: http.StatusNotFound,
		Message: "The content type is application/json, not application/x-amz-json-1.1."}
	errNotJSON = &hydrant.Fault{Code: "UnknownOperationException", Status: http.StatusNotFound,
		Message: "The content type is not application/x-amz-json-1.1."}
)

func serialization(text string) *hydrant.Fault {
	return &hydrant.Fault{Code: "SerializationException", Message: text, MessageMember: "Message"}
}

func (jsonSpeaker) decode(x *exchange) (any, []string, error) {
	in := reflect.New(x.op.In).Interface()
	if len(x.body) == 0 && x.isRPC() {
		return in, nil, nil
	}
	if len(x.body) == 0 {
		return nil, nil, serialization("")
	}
	if quick, ok := in.(JSONQuick); ok {
		if _, isJSON := x.doc().(jsonDocument); isJSON && quick.QuickJSON(x.body) {
			x.valid = true
			return in, nil, nil
		}
	}
	present, err := x.doc().decode(x.body, in)
	return in, present, err
}

func (jsonSpeaker) reply(ctx context.Context, x *exchange, out any) error {
	if events, ok := out.(EventStreamer); ok {
		return x.streamEvents(ctx, out, events)
	}
	x.rpcHeaders(nil)
	if x.op.noReply {
		contentType := x.doc().contentType()
		if x.isRPC() {
			contentType = "" // of nothing
		}
		x.send(http.StatusOK, contentType, nil)
		return nil
	}
	if pieces, ok := out.(JSONPieces); ok {
		if _, isJSON := x.doc().(jsonDocument); isJSON {
			return x.sendPieces(x.doc().contentType(), pieces)
		}
	}
	b := x.doc().append(getBuffer(0), out)
	x.send(http.StatusOK, x.doc().contentType(), b)
	putBuffer(b)
	return nil
}

func (jsonSpeaker) fault(x *exchange, f *hydrant.Fault) {
	if x.svc == nil {
		x.w.Header()["X-Amzn-Requestid"] = []string{x.call.RequestID}
	}
	switch f {
	case errNoOperation:
		x.send(f.Status, "", []byte("<AccessDeniedException>\n  <Message>"+f.Message+"</Message>\n</AccessDeniedException>\n"))
		return
	case errPlainJSON:
		x.send(f.Status, "application/json",
			[]byte(`{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`))
		return
	case errNotJSON:
		x.send(f.Status, "", []byte("<UnknownOperationException/>\n"))
		return
	}
	x.rpcHeaders(f)
	b := x.doc().appendFault(getBuffer(256), f, x.messageMember(f))
	x.send(f.HTTPStatus(), x.doc().contentType(), b)
	putBuffer(b)
}

// messageMember is what the message of f is called.
func (x *exchange) messageMember(f *hydrant.Fault) string {
	switch {
	case f.MessageMember != "":
		return f.MessageMember
	case x.svc != nil:
		return x.svc.MessageMember
	default:
		return "message"
	}
}

const internalText = "The request processing has failed because of an unknown error, exception or failure."

func (jsonSpeaker) internal() *hydrant.Fault {
	return &hydrant.Fault{Code: "InternalFailure", Status: http.StatusInternalServerError, Message: internalText}
}
