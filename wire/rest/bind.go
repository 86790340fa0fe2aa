package rest

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// Request fills the bound members of in, a struct, from a request: its path labels, its query, its
// headers and the length of its body.
func (p *Plan) Request(in reflect.Value, labels map[string]string, query url.Values, h http.Header, length int64) error {
	for i := range p.bindings {
		b := &p.bindings[i]
		v := in.FieldByIndex(b.index)
		var given []string
		switch b.place {
		case inPath:
			if s, ok := labels[b.name]; ok {
				given = []string{s}
			}
		case inQuery:
			given = query[b.name]
		case inHeader:
			given = headerValues(h, b.name, v)
		case inHeaders:
			prefixed(v, b.name, h)
		case inQueryRest:
			p.unbound(v, query)
		case inLength:
			v.SetInt(length)
		}
		if len(given) > 1 && !isList(v) {
			given = given[:1]
		}
		for _, s := range given {
			if s == "" && v.Kind() != reflect.Pointer && v.Kind() != reflect.String {
				continue // ?max-keys= says nothing
			}
			if err := b.set(v, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func isList(v reflect.Value) bool {
	return v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8
}

func headerValues(h http.Header, name string, v reflect.Value) []string {
	given := h.Values(name)
	if !isList(v) {
		return given
	}
	var items []string
	for _, line := range given {
		for s := range strings.SplitSeq(line, ",") {
			if s = strings.TrimSpace(s); s != "" {
				items = append(items, s)
			}
		}
	}
	return items
}

// prefixed collects headers; keys are lower case, as S3 keeps metadata.
func prefixed(v reflect.Value, prefix string, h http.Header) {
	m := map[string]string{}
	for k, values := range h {
		if len(k) > len(prefix) && strings.EqualFold(k[:len(prefix)], prefix) {
			m[strings.ToLower(k[len(prefix):])] = strings.Join(values, ",")
		}
	}
	if len(m) > 0 {
		v.Set(reflect.ValueOf(m).Convert(v.Type()))
	}
}

func (p *Plan) unbound(v reflect.Value, query url.Values) {
	m := map[string]string{}
	for k, values := range query {
		m[k] = values[0]
	}
	for _, b := range p.bindings {
		if b.place == inQuery {
			delete(m, b.name)
		}
	}
	if len(m) > 0 {
		v.Set(reflect.ValueOf(m).Convert(v.Type()))
	}
}

// Reply writes the bound members of out, a struct, into a reply's headers. The status is 0 where out
// leaves it to the operation.
func (p *Plan) Reply(out reflect.Value, h http.Header) (status int) {
	for i := range p.bindings {
		b := &p.bindings[i]
		v := out.FieldByIndex(b.index)
		switch b.place {
		case inStatus:
			for v.Kind() == reflect.Pointer && !v.IsNil() {
				v = v.Elem()
			}
			if v.CanInt() {
				status = int(v.Int())
			}
		case inHeader:
			if s, ok := b.text(v); ok {
				setHeader(h, b.name, s)
			}
		case inHeaders:
			for it := v.MapRange(); it.Next(); {
				setHeader(h, b.name+it.Key().String(), it.Value().String())
			}
		}
	}
	return status
}

// setHeader keeps line breaks out of a header: a value with one could forge others.
func setHeader(h http.Header, name, value string) {
	h.Set(name, strings.NewReplacer("\r", " ", "\n", " ").Replace(value))
}
