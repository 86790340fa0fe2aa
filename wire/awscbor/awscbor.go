// Package awscbor is the CBOR of AWS's protocols (RFC 8949), straight into structs and back.
//
// Names, tags and what is left out are those of package awsjson; a blob is a byte string. Structures,
// maps and lists are written with indefinite length, as AWS writes them, and read in any form.
package awscbor

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

// Form is one of the two CBORs of AWS: they disagree on time. Both use tag 1.
type Form int

const (
	// Kinesis is application/x-amz-cbor-1.1: a timestamp is an integer of milliseconds.
	Kinesis Form = iota
	// RPC is smithy's rpc-v2-cbor: a timestamp is a double of seconds.
	RPC
)

// maxDepth is how deep a document may nest.
const maxDepth = 128

// Error says why a document could not be decoded. Text is empty where it is not CBOR.
type Error struct {
	Text   string
	Offset int
}

func (e *Error) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("awscbor: malformed document at byte %d", e.Offset)
	}
	return fmt.Sprintf("awscbor: byte %d: %s", e.Offset, e.Text)
}

// Major types, and what stands in the low bits.
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const (
	indefinite = 31
	simpleNull = 22
	breakByte  = 0xff
	tagEpoch   = 1
)

type member struct {
	name     string
	index    []int
	required bool
}

type shape struct {
	members []member
	byName  map[string]int
}

var (
	shapes   sync.Map // reflect.Type -> *shape
	timeType = reflect.TypeFor[time.Time]()
)

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{byName: map[string]int{}}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		_, bound := f.Tag.Lookup("in")
		if !f.IsExported() || bound || name == "-" || f.Name == "XMLName" || f.Anonymous && name == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		_, required := f.Tag.Lookup("required")
		s.byName[name] = len(s.members)
		s.members = append(s.members, member{name, f.Index, required})
	}
	shapes.Store(t, s)
	return s
}
