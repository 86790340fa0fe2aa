package wire

import (
	"net/http"
	"reflect"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/awsxml"
	"github.com/hydrant-stream/hydrant/wire/rest"
)

// xmlBody is REST-XML's part of restSpeaker.
type xmlBody struct{}

const xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

func (xmlBody) contentType() string { return "application/xml" }
func (xmlBody) rawType() string     { return "binary/octet-stream" }

func (xmlBody) read(body []byte, v reflect.Value) ([]string, error) {
	tree, err := awsxml.Parse(body)
	if err == nil {
		err = tree.FillValue(v)
	}
	if err != nil {
		return nil, hydrant.Faultf("MalformedXML",
			"The XML you provided was not well-formed or did not validate against our published schema")
	}
	return tree.Present(), nil
}

func (xmlBody) write(dst []byte, v reflect.Value, root, namespace string) []byte {
	dst = append(dst, xmlHeader...)
	return awsxml.Append(dst, v.Addr().Interface(), awsxml.Root(v.Type(), root), namespace)
}

func (xmlBody) unknown(x *exchange, pathKnown bool) *hydrant.Fault {
	q := x.queryValues()
	for _, key := range x.svc.Selectors {
		if _, there := q[key]; there {
			return hydrant.Faultf("NotImplemented", "The operation %s ?%s of %s is not served here.",
				x.r.Method, key, x.svc.Name).WithStatus(http.StatusNotImplemented)
		}
	}
	if pathKnown {
		return hydrant.Faultf("MethodNotAllowed", "The specified method is not allowed against this resource.").
			WithField("Method", x.r.Method).WithStatus(http.StatusMethodNotAllowed)
	}
	return hydrant.Faultf("NotImplemented", "The operation %s %s of %s is not served here.",
		x.r.Method, x.r.URL.Path, x.svc.Name).WithStatus(http.StatusNotImplemented)
}

func (xmlBody) badMember(e *rest.Error) *hydrant.Fault {
	return hydrant.Faultf("InvalidArgument", "Provided %s not %s or within integer range", e.Member, e.Want).
		WithField("ArgumentName", e.Member).WithField("ArgumentValue", e.Value)
}

// fault writes S3's form: no namespace, and no body at all to a HEAD or in a 304.
func (xmlBody) fault(x *exchange, f *hydrant.Fault) {
	h := x.w.Header()
	for _, k := range []string{"Content-Length", "Content-Type", "Content-Range", "Etag"} {
		h.Del(k) // of the reply that was to come
	}
	status := f.HTTPStatus()
	if x.r.Method == http.MethodHead || status == http.StatusNotModified {
		h.Set("Content-Type", "application/xml")
		x.w.WriteHeader(status)
		return
	}
	b := append(getBuffer(512), xmlHeader+"<Error><Code>"...)
	b = awsxml.AppendText(b, f.Code)
	b = append(b, "</Code><Message>"...)
	b = awsxml.AppendText(b, f.Message)
	b = append(b, "</Message>"...)
	b = appendXMLFields(b, f)
	b = append(b, "<RequestId>"+x.call.RequestID+"</RequestId><HostId>"+h.Get("X-Amz-Id-2")+"</HostId></Error>"...)
	x.send(status, "application/xml", b)
	putBuffer(b)
}

func (xmlBody) internal() *hydrant.Fault {
	return &hydrant.Fault{Code: "InternalError", Status: http.StatusInternalServerError,
		Message: "We encountered an internal error. Please try again."}
}
