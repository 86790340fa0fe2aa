// Package awsjson is the JSON of AWS's JSON protocols: documents straight into structs and back, in
// one pass, with the texts AWS gives for a value of the wrong type.
//
// It differs from encoding/json where AWS does: a []byte is base64, a time.Time is epoch seconds with
// a millisecond fraction, null is the same as absent, unknown members are skipped, of duplicate
// members the last wins, names match exactly, and HTML is not escaped.
//
// A struct's plan is built once per type and kept. A member's name is its Go name unless the tag
// json:"name" says otherwise; json:"-", a field called XMLName and any field with an `in` tag (bound
// to a path, query or header) are not in the document.
//
// Decoded strings and blobs are copies: the document may be reused as soon as Decode returns.
package awsjson

import (
	"fmt"
	"reflect"
)

// maxDepth is how deep a document may nest. Deeper ones are malformed: a decoder must not be driven
// into the stack by its input.
const maxDepth = 128

// Error says why a document could not be decoded.
type Error struct {
	// Text is AWS's sentence about a value of the wrong type. Empty where the document is not JSON:
	// AWS then says nothing.
	Text string
	// Offset is the byte where it was noticed.
	Offset int
}

func (e *Error) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("awsjson: malformed document at byte %d", e.Offset)
	}
	return fmt.Sprintf("awsjson: byte %d: %s", e.Offset, e.Text)
}

// Decode fills the struct v points to from doc.
//
// present lists the strings that were given and empty, by their path ("records.1.member.partitionKey"):
// a plain string cannot tell that from absent, and a constraint on its length can.
func Decode(doc []byte, v any) (present []string, err error) {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		panic("awsjson: Decode needs a pointer, got " + rv.Type().String())
	}
	d := decoders.Get().(*decoder)
	d.reset(doc)
	err = d.document(codecOf(rv.Type().Elem()), rv.UnsafePointer())
	present = d.present
	d.release()
	decoders.Put(d)
	return present, err
}

// Append appends the document of v, a struct or a pointer to one, to dst.
func Append(dst []byte, v any) []byte {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer {
		p := reflect.New(rv.Type())
		p.Elem().Set(rv)
		rv = p
	}
	if rv.IsNil() {
		return append(dst, "{}"...)
	}
	return codecOf(rv.Type().Elem()).append(dst, rv.UnsafePointer())
}

// Prepare builds the plan of a type, so that a shape that cannot travel panics at start and not at
// the first call.
func Prepare(t reflect.Type) { codecOf(t) }
