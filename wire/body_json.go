package wire

import (
	"net/http"
	"reflect"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/awsjson"
	"github.com/hydrant-stream/hydrant/wire/rest"
)

// jsonBody is REST-JSON's part of restSpeaker.
type jsonBody struct{}

func (jsonBody) contentType() string { return "application/json" }
func (jsonBody) rawType() string     { return "application/json" }

func (jsonBody) read(body []byte, v reflect.Value) ([]string, error) {
	present, err := awsjson.Decode(body, v.Addr().Interface())
	if err = jsonFault(err); err != nil {
		f, _ := hydrant.AsFault(err)
		text := f.Message
		if text == "" {
			text = "Could not parse request body into json."
		}
		return nil, &hydrant.Fault{Code: "InvalidRequestContentException", Message: text}
	}
	return present, nil
}

func (jsonBody) write(dst []byte, v reflect.Value, _, _ string) []byte {
	return awsjson.Append(dst, v.Addr().Interface())
}

func (jsonBody) unknown(x *exchange, pathKnown bool) *hydrant.Fault {
	f := hydrant.Faultf("UnknownOperationException", "The service %s has no operation at %s %s here.",
		x.svc.Name, x.r.Method, x.r.URL.Path)
	if pathKnown {
		return f.WithStatus(http.StatusMethodNotAllowed)
	}
	return f.WithStatus(http.StatusNotFound)
}

func (jsonBody) badMember(e *rest.Error) *hydrant.Fault {
	return hydrant.Faultf("SerializationException", "The value '%s' of %s is not %s.", e.Value, e.Member, e.Want)
}

func (jsonBody) fault(x *exchange, f *hydrant.Fault) {
	x.w.Header().Set("X-Amzn-Errortype", f.Code)
	b := append(getBuffer(256), '{')
	// A ValidationException comes without Type.
	if _, own := f.Fields["Type"]; !own && f.Code != "ValidationException" {
		who := "User"
		if !f.Sender() {
			who = "Service"
		}
		b = append(b, `"Type":"`+who+`"`...)
	}
	members := appendFaultMembers(nil, f, x.messageMember(f))
	if len(b) == 1 && len(members) > 0 {
		members = members[1:] // its comma
	}
	b = append(append(b, members...), '}')
	x.send(f.HTTPStatus(), "application/json", b)
	putBuffer(b)
}

func (jsonBody) internal() *hydrant.Fault {
	return &hydrant.Fault{Code: "ServiceException", Status: http.StatusInternalServerError,
		MessageMember: "Message", Message: internalText}
}
