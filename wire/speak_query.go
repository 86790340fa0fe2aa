package wire

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/awsquery"
	"github.com/hydrant-stream/hydrant/wire/awsxml"
)

// querySpeaker is AWS's query protocol: a form with Action and Version, answered in XML.
type querySpeaker struct{}

// readForm reads the call's parameters: those of the query and those of a form in the body.
func (x *exchange) readForm() error {
	if x.form != nil {
		return nil
	}
	x.form = url.Values{}
	maps.Copy(x.form, x.queryValues())
	if !isForm(x.r) {
		return nil
	}
	if err := x.readBody(); err != nil {
		return err
	}
	body, _ := url.ParseQuery(string(x.body)) // what is not a pair is left out, as AWS does
	maps.Copy(x.form, body)
	return nil
}

func (querySpeaker) operation(x *exchange) (*operation, error) {
	if err := x.readForm(); err != nil {
		return nil, err
	}
	action := x.form.Get("Action")
	if action == "" {
		return nil, hydrant.Faultf("MissingAction", "The request must contain the parameter Action.")
	}
	op := x.svc.ops[action]
	if op == nil || x.form.Get("Version") != "" && x.svc.Version != "" && x.form.Get("Version") != x.svc.Version {
		if op == nil && x.s.Known != nil && slices.Contains(x.s.Known(x.svc.Name), action) {
			return nil, hydrant.Faultf("InvalidAction", "The operation %s of %s is not served here.", action, x.svc.Name)
		}
		return nil, hydrant.Faultf("InvalidAction", "Could not find operation %s for version %s", action, x.form.Get("Version"))
	}
	return op, nil
}

func (querySpeaker) decode(x *exchange) (any, []string, error) {
	in := reflect.New(x.op.In).Interface()
	tree, err := awsquery.Tree(x.form)
	if err != nil {
		return nil, nil, hydrant.Faultf("MalformedInput", "%s", err.Error())
	}
	err = tree.Fill(in)
	var e *awsxml.Error
	if errors.As(err, &e) {
		err = hydrant.Faultf("MalformedInput", "%s", e.Error())
	}
	return in, tree.Present(), err
}

func (querySpeaker) reply(_ context.Context, x *exchange, out any) error {
	b := getBuffer(512)
	name := x.op.Name
	b = append(append(b, '<'), name...)
	b = appendNamespace(append(b, "Response"...), x.svc.Namespace)
	b = append(b, '>')
	if !x.op.noReply {
		b = awsxml.Append(b, out, name+"Result", "")
	}
	b = append(b, "<ResponseMetadata><RequestId>"...)
	b = append(b, x.call.RequestID...)
	b = append(b, "</RequestId></ResponseMetadata></"...)
	b = append(b, name...)
	b = append(b, "Response>"...)
	x.send(http.StatusOK, "text/xml", b)
	putBuffer(b)
	return nil
}

func appendNamespace(b []byte, namespace string) []byte {
	if namespace == "" {
		return b
	}
	b = awsxml.AppendText(append(b, ` xmlns="`...), namespace)
	return append(b, '"')
}

func (querySpeaker) fault(x *exchange, f *hydrant.Fault) {
	namespace := ""
	if x.svc != nil {
		namespace = x.svc.Namespace
	} else {
		x.w.Header()["X-Amzn-Requestid"] = []string{x.call.RequestID}
	}
	who := "Sender"
	if !f.Sender() {
		who = "Receiver"
	}
	b := appendNamespace([]byte("<ErrorResponse"), namespace)
	b = append(b, "><Error><Type>"+who+"</Type><Code>"...)
	b = awsxml.AppendText(b, x.svc.queryCode(f.Code))
	b = append(b, "</Code><Message>"...)
	b = awsxml.AppendText(b, f.Message)
	b = append(b, "</Message>"...)
	b = appendXMLFields(b, f)
	b = append(b, "</Error><RequestId>"+x.call.RequestID+"</RequestId></ErrorResponse>"...)
	x.send(f.HTTPStatus(), "text/xml", b)
}

func appendXMLFields(b []byte, f *hydrant.Fault) []byte {
	for _, k := range slices.Sorted(maps.Keys(f.Fields)) {
		b = append(b, "<"+k+">"...)
		b = awsxml.AppendText(b, f.Fields[k])
		b = append(b, "</"+k+">"...)
	}
	return b
}

func (querySpeaker) internal() *hydrant.Fault {
	return &hydrant.Fault{Code: "InternalFailure", Status: http.StatusInternalServerError, Message: internalText}
}
