// Package rest binds the members of a shape to the parts of an HTTP message: path, query, headers,
// payload and status. What is bound nowhere belongs to the body, which is another package's.
//
// A field says where it belongs in its tag:
//
//	in:"path=Name" in:"query=Name" in:"header=Name"   one value; lists repeat in a query and are
//	                                                 joined by commas in a header
//	in:"query"       a map[string]string of the query keys bound by no other field
//	in:"headers=P"   a map[string]string of the headers that begin with P, keyed by what follows
//	in:"payload"     the body itself: []byte, string, io.Reader, io.ReadCloser or a struct
//	in:"length"      the length of the request's body, -1 if it is not known
//	in:"status"      the status of the reply
//
// Without =Name the field's own name is meant.
package rest

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
)

// Plan is the bindings of a struct type.
type Plan struct {
	bindings []binding
	// Body: some members are bound nowhere and travel in the body.
	Body bool
	// Payload is the member that is the body, or nil.
	Payload *Payload
}

type place int

const (
	inPath place = iota
	inQuery
	inQueryRest
	inHeader
	inHeaders
	inLength
	inStatus
)

type binding struct {
	place
	name      string
	index     []int
	timestamp string
}

// Payload is a member that is the whole body.
type Payload struct {
	index []int
	Type  reflect.Type
	// Root is the element name its xml tag gives, or the name of the field.
	Root string
	// Stream: the member is an io.Reader or io.ReadCloser.
	Stream bool
}

// Of is the payload within the struct v.
func (p *Payload) Of(v reflect.Value) reflect.Value { return v.FieldByIndex(p.index) }

var (
	plans      sync.Map // reflect.Type -> *Plan
	readerType = reflect.TypeFor[io.Reader]()
)

// NewPlan reads the tags of t. A tag that means nothing panics: it is a mistake in the program.
func NewPlan(t reflect.Type) *Plan {
	if p, ok := plans.Load(t); ok {
		return p.(*Plan)
	}
	p := new(Plan)
	for _, f := range reflect.VisibleFields(t) {
		if !f.IsExported() || f.Anonymous || f.Name == "XMLName" {
			continue
		}
		tag, bound := f.Tag.Lookup("in")
		if !bound {
			p.Body = p.Body || f.Tag.Get("json") != "-"
			continue
		}
		where, name, named := strings.Cut(tag, "=")
		if !named {
			name = f.Name
		}
		b := binding{name: name, index: f.Index, timestamp: f.Tag.Get("timestamp")}
		switch where {
		case "path":
			b.place = inPath
		case "query":
			b.place = inQuery
			if f.Type.Kind() == reflect.Map {
				b.place = inQueryRest
			}
		case "header":
			b.place = inHeader
		case "headers":
			b.place = inHeaders
			if !named {
				b.name = ""
			}
		case "length":
			b.place = inLength
		case "status":
			b.place = inStatus
		case "payload":
			root, _, _ := strings.Cut(f.Tag.Get("xml"), ",")
			if root == "" {
				root = f.Name
			}
			p.Payload = &Payload{index: f.Index, Type: f.Type, Root: root,
				Stream: f.Type.Kind() == reflect.Interface && f.Type.Implements(readerType)}
			continue
		default:
			panic(fmt.Sprintf("rest: %s.%s: no place is called %q", t, f.Name, where))
		}
		p.bindings = append(p.bindings, b)
	}
	plans.Store(t, p)
	return p
}
