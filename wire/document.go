package wire

import (
	"errors"
	"maps"
	"slices"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/awscbor"
	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// document is the letters in which a call of the JSON protocol is written. The request's content
// type chooses them, and the reply uses the same.
type document interface {
	contentType() string
	// decode fills in; an error is what the client is to see.
	decode(body []byte, in any) (present []string, err error)
	append(dst []byte, out any) []byte
	appendFault(dst []byte, f *hydrant.Fault, messageMember string) []byte
}

// documentOf is the document of a content type, or nil.
func documentOf(mediaType string) document {
	switch mediaType {
	case typeJSON11, "application/x-amz-json-1.0":
		return jsonDocument(mediaType)
	case "application/x-amz-cbor-1.1":
		return cborDocument{mediaType: mediaType, form: awscbor.Kinesis}
	}
	return nil
}

// jsonDocument is its own content type.
type jsonDocument string

func (d jsonDocument) contentType() string { return string(d) }

func (d jsonDocument) decode(body []byte, in any) ([]string, error) {
	present, err := awsjson.Decode(body, in)
	return present, jsonFault(err)
}

// jsonFault is a decoding error as the client sees it.
func jsonFault(err error) error {
	var e *awsjson.Error
	if errors.As(err, &e) {
		return serialization(e.Text)
	}
	return err
}

func (d jsonDocument) append(dst []byte, out any) []byte {
	switch own := out.(type) {
	case JSONAppender:
		return own.AppendJSON(dst)
	case JSONPieces:
		return own.AppendJSONPieces(dst, nil)
	}
	return awsjson.Append(dst, out)
}

func (d jsonDocument) appendFault(dst []byte, f *hydrant.Fault, messageMember string) []byte {
	dst = append(dst, `{"__type":`...)
	dst = awsjson.AppendString(dst, f.Code)
	return append(appendFaultMembers(dst, f, messageMember), '}')
}

// appendFaultMembers appends the message and the fields of a fault behind other members.
func appendFaultMembers(dst []byte, f *hydrant.Fault, messageMember string) []byte {
	member := func(name, value string) {
		dst = append(dst, ',')
		dst = append(awsjson.AppendString(dst, name), ':')
		dst = awsjson.AppendString(dst, value)
	}
	if f.Message != "" {
		member(messageMember, f.Message)
	}
	for _, k := range slices.Sorted(maps.Keys(f.Fields)) {
		member(k, f.Fields[k])
	}
	return dst
}

// cborDocument is Kinesis's CBOR, which Java SDKs prefer, or that of smithy's RPC.
type cborDocument struct {
	mediaType string
	form      awscbor.Form
	shapes    string // what stands before the name of a fault's shape
}

func (d cborDocument) contentType() string { return d.mediaType }

func (d cborDocument) decode(body []byte, in any) ([]string, error) {
	present, err := d.form.Decode(body, in)
	var e *awscbor.Error
	if errors.As(err, &e) {
		err = serialization(e.Text)
	}
	return present, err
}

func (d cborDocument) append(dst []byte, out any) []byte {
	if own, ok := out.(CBORAppender); ok {
		return own.AppendCBOR(dst, d.form)
	}
	return d.form.Append(dst, out)
}

func (d cborDocument) appendFault(dst []byte, f *hydrant.Fault, messageMember string) []byte {
	dst = awscbor.AppendMapStart(dst)
	member := func(name, value string) { dst = awscbor.AppendText(awscbor.AppendText(dst, name), value) }
	member("__type", d.shapes+f.Code)
	if f.Message != "" {
		member(messageMember, f.Message)
	}
	for _, k := range slices.Sorted(maps.Keys(f.Fields)) {
		member(k, f.Fields[k])
	}
	return awscbor.AppendEnd(dst)
}
