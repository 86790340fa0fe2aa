package template

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// parseJSON reads one JSON document, with nothing after it.
func parseJSON(body string) (any, order, error) {
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	r := jsonReader{d, order{}}
	tree, err := r.value(0, "")
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("text after the end")
		}
	}
	if err != nil {
		var own *Error
		if errors.As(err, &own) {
			return nil, nil, err
		}
		at := d.InputOffset()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = max(at, syntax.Offset)
		}
		line, column := place(body, at)
		return nil, nil, formatErrorf("JSON not well-formed. (line %d, column %d)", line, column)
	}
	return tree, r.order, nil
}

// place is the line and column of a byte offset, from one.
func place(body string, at int64) (line, column int) {
	before := body[:min(int(at), len(body))]
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')
}

type jsonReader struct {
	*json.Decoder
	order order
}

func (r jsonReader) value(depth int, section string) (any, error) {
	t, err := r.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if depth > maxDepth {
		return nil, formatErrorf("nesting is deeper than %d levels.", maxDepth)
	}
	if delim == '[' {
		list := []any{}
		for r.More() {
			v, err := r.value(depth+1, "")
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := r.Token()
		return list, err
	}
	m := map[string]any{}
	for r.More() {
		k, err := r.Token()
		if err != nil {
			return nil, err
		}
		name, ok := k.(string)
		if !ok {
			return nil, errors.New("member without a name")
		}
		inner := ""
		if depth == 0 {
			inner = name
		}
		v, err := r.value(depth+1, inner)
		if err != nil {
			return nil, err
		}
		if _, twice := m[name]; !twice && (depth == 0 || depth == 1 && section != "") {
			r.order[section] = append(r.order[section], name)
		}
		m[name] = v
	}
	_, err = r.Token()
	return m, err
}
