package awsjson

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// codec decodes and encodes the values of one Go type. p points to such a value.
//
// Working on pointers and offsets instead of reflect.Value is what keeps reflection out of calls;
// unsafe is used in this package only, and only on memory that reflect laid out.
type codec struct {
	decode func(d *decoder, p unsafe.Pointer) error // the value at d.pos is not null
	append func(dst []byte, p unsafe.Pointer) []byte
	// absent: a member with this value is left out. nil means never.
	absent func(p unsafe.Pointer) bool
	// none is what a required member that is absent is written as; "" means it is left out all the same.
	none string
}

var (
	plans    sync.Map // reflect.Type -> *codec, complete ones only
	planning sync.Mutex
)

func codecOf(t reflect.Type) *codec {
	if c, ok := plans.Load(t); ok {
		return c.(*codec)
	}
	planning.Lock()
	defer planning.Unlock()
	p := planner{}
	c := p.of(t, "")
	for k, made := range p {
		if k.timestamp == "" {
			plans.LoadOrStore(k.Type, made)
		}
	}
	return c
}

type planKey struct {
	reflect.Type
	timestamp string
}

// planner builds the codecs of a type and all it holds. A type that holds itself finds its own
// codec, still empty, in the map.
type planner map[planKey]*codec

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
	anyType  = reflect.TypeFor[any]()
)

func (p planner) of(t reflect.Type, timestamp string) *codec {
	k := planKey{t, timestamp}
	if c, ok := p[k]; ok {
		return c
	}
	c := new(codec)
	p[k] = c
	switch {
	case t == timeType:
		*c = timeCodec(timestamp)
		return c
	case t == rawType:
		*c = rawCodec
		return c
	case t == anyType:
		*c = anyCodec
		return c
	}
	switch t.Kind() {
	case reflect.String:
		*c = stringCodec
	case reflect.Bool:
		*c = boolCodec
	case reflect.Int:
		*c = intCodec[int]("an Integer")
	case reflect.Int8:
		*c = intCodec[int8]("an Integer")
	case reflect.Int16:
		*c = intCodec[int16]("an Integer")
	case reflect.Int32:
		*c = intCodec[int32]("an Integer")
	case reflect.Int64:
		*c = intCodec[int64]("an Long")
	case reflect.Uint8:
		*c = intCodec[uint8]("an Integer")
	case reflect.Uint16:
		*c = intCodec[uint16]("an Integer")
	case reflect.Uint32:
		*c = intCodec[uint32]("an Long")
	case reflect.Uint, reflect.Uint64:
		*c = intCodec[uint64]("an Long")
	case reflect.Float32:
		*c = floatCodec[float32](32)
	case reflect.Float64:
		*c = floatCodec[float64](64)
	case reflect.Pointer:
		*c = pointerCodec(t, p.of(t.Elem(), timestamp))
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			*c = blobCodec
		} else {
			*c = sliceCodec(t, p.of(t.Elem(), timestamp))
		}
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			panic(fmt.Sprintf("awsjson: %s: the keys of a map are strings", t))
		}
		*c = mapCodec(t, p.of(t.Elem(), timestamp))
	case reflect.Struct:
		*c = structCodec(t, p.members(t, 0, nil))
	default:
		panic(fmt.Sprintf("awsjson: a %s cannot travel as JSON", t))
	}
	return c
}

// member is a field of a struct.
type member struct {
	name   string
	label  string // `"name":`
	offset uintptr
	typ    reflect.Type
	codec  *codec
	// required members are written even when they are absent, if their type has a form for it.
	required bool
}

// members lists the fields of t that travel in the document, embedded structs flattened.
func (p planner) members(t reflect.Type, base uintptr, list []member) []member {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		_, bound := f.Tag.Lookup("in")
		if f.Anonymous && f.Type.Kind() == reflect.Struct && name == "" {
			list = p.members(f.Type, base+f.Offset, list)
			continue
		}
		if !f.IsExported() || bound || name == "-" || f.Name == "XMLName" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		_, required := f.Tag.Lookup("required")
		list = append(list, member{
			name:     name,
			label:    string(AppendString(nil, name)) + ":",
			offset:   base + f.Offset,
			typ:      f.Type,
			codec:    p.of(f.Type, f.Tag.Get("timestamp")),
			required: required,
		})
	}
	return list
}
