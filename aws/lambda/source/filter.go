package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/hydrant-stream/hydrant"
)

// filters are the mapping's event patterns; a record passes if one of them matches.
type filters []filter

// filter is one pattern over a record, as the event's "kinesis" member shows it, with data decoded:
// parsed as JSON where the pattern looks into it, as text where it compares it whole. A record whose
// data is of the other kind does not match.
type filter struct {
	match    pattern
	dataText bool // the pattern compares data as text
	dataJSON bool // the pattern looks into data
}

const maxFilters = 10

func parseFilters(patterns []string) (filters, error) {
	if len(patterns) > maxFilters {
		return nil, hydrant.Faultf("InvalidParameterValueException", "Invalid filter pattern definition: at most %d filters", maxFilters).WithField("Type", "User")
	}
	var fs filters
	for _, text := range patterns {
		var doc map[string]any
		err := json.Unmarshal([]byte(text), &doc)
		var f filter
		if err == nil {
			switch doc["data"].(type) {
			case map[string]any:
				f.dataJSON = true
			case []any:
				f.dataText = true
			}
			f.match, err = parsePattern(doc)
		}
		if err != nil {
			return nil, hydrant.Faultf("InvalidParameterValueException", "Invalid filter pattern definition. %s", err).WithField("Type", "User")
		}
		fs = append(fs, f)
	}
	return fs, nil
}

func (fs filters) pass(r *hydrant.Record) bool {
	if len(fs) == 0 {
		return true
	}
	var parsed any
	isJSON := json.Unmarshal(r.Data, &parsed) == nil
	if _, ok := parsed.(map[string]any); !ok {
		isJSON = false // a bare string or number is text to the patterns
	}
	for i := range fs {
		f := &fs[i]
		doc := map[string]any{
			"kinesisSchemaVersion":        "1.0",
			"partitionKey":                r.Key,
			"sequenceNumber":              r.Sequence,
			"approximateArrivalTimestamp": float64(r.Arrival) / 1000,
		}
		switch {
		case f.dataJSON && isJSON:
			doc["data"] = parsed
		case f.dataText && !isJSON && utf8.Valid(r.Data):
			doc["data"] = string(bytes.TrimSpace(r.Data))
		case f.dataJSON || f.dataText:
			continue
		}
		if f.match.object(doc) {
			return true
		}
	}
	return false
}

// pattern is EventBridge's language: every field must match one of its alternatives; $or holds
// patterns of which one must match.
type pattern struct {
	fields map[string]field
	or     []pattern
}

type field struct {
	inner *pattern // an object to look into
	any   []test   // or alternatives for a value
}

// test decides on a value; there says whether the field is present.
type test func(v any, there bool) bool

func parsePattern(doc map[string]any) (pattern, error) {
	p := pattern{fields: map[string]field{}}
	if len(doc) == 0 {
		return p, fmt.Errorf("Empty objects are not allowed")
	}
	for key, v := range doc {
		switch v := v.(type) {
		case map[string]any:
			inner, err := parsePattern(v)
			if err != nil {
				return p, err
			}
			p.fields[key] = field{inner: &inner}
		case []any:
			if len(v) == 0 {
				return p, fmt.Errorf("Empty arrays are not allowed")
			}
			if key == "$or" {
				for _, alternative := range v {
					m, ok := alternative.(map[string]any)
					if !ok {
						return p, fmt.Errorf("$or must be an array of objects")
					}
					inner, err := parsePattern(m)
					if err != nil {
						return p, err
					}
					p.or = append(p.or, inner)
				}
				continue
			}
			var f field
			for _, alternative := range v {
				t, err := parseTest(alternative)
				if err != nil {
					return p, err
				}
				f.any = append(f.any, t)
			}
			p.fields[key] = f
		default:
			return p, fmt.Errorf("%q must be an object or an array", key)
		}
	}
	return p, nil
}

func (p *pattern) object(doc map[string]any) bool {
	for key, f := range p.fields {
		v, there := doc[key]
		if f.inner != nil {
			if !f.inner.within(v) {
				return false
			}
			continue
		}
		if !f.value(v, there) {
			return false
		}
	}
	if len(p.or) == 0 {
		return true
	}
	for i := range p.or {
		if p.or[i].object(doc) {
			return true
		}
	}
	return false
}

// within matches an object, or any object of an array. Where there is none a pattern that asks for
// absence may still be satisfied.
func (p *pattern) within(v any) bool {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	objects := 0
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			if objects++; p.object(m) {
				return true
			}
		}
	}
	return objects == 0 && p.object(nil)
}

// value matches a scalar, or any element of an array. An object is no value: it does not exist, to
// a pattern that asks for one.
func (f *field) value(v any, there bool) bool {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	if _, ok := v.(map[string]any); ok {
		there = false
	}
	for _, t := range f.any {
		for _, v := range list {
			if t(v, there) {
				return true
			}
		}
	}
	return false
}

func parseTest(v any) (test, error) {
	m, ok := v.(map[string]any)
	if !ok {
		if _, nested := v.([]any); nested {
			return nil, fmt.Errorf("Match value must be String, number, true, false, or null")
		}
		return func(got any, there bool) bool { return there && got == v }, nil
	}
	if len(m) != 1 {
		return nil, fmt.Errorf("Only one key allowed in match expression")
	}
	for name, arg := range m {
		return parseOperator(name, arg)
	}
	panic("internal error: a map of one has none")
}

func parseOperator(name string, arg any) (test, error) {
	text := func(op func(got, arg string) bool) (test, error) {
		s, ok := arg.(string)
		if !ok {
			return nil, fmt.Errorf("%s match pattern must be a string", name)
		}
		return func(v any, _ bool) bool { got, ok := v.(string); return ok && op(got, s) }, nil
	}
	if m, ok := arg.(map[string]any); ok && (name == "prefix" || name == "suffix") {
		fold, ok := m["equals-ignore-case"].(string)
		if !ok || len(m) != 1 {
			return nil, fmt.Errorf("%s match pattern must be a string", name)
		}
		inner, err := parseOperator(name, strings.ToLower(fold))
		return func(v any, there bool) bool {
			s, ok := v.(string)
			return ok && inner(strings.ToLower(s), there)
		}, err
	}
	switch name {
	case "prefix":
		return text(strings.HasPrefix)
	case "suffix":
		return text(strings.HasSuffix)
	case "equals-ignore-case":
		return text(strings.EqualFold)
	case "wildcard":
		return text(wildcard)
	case "exists":
		want, ok := arg.(bool)
		if !ok {
			return nil, fmt.Errorf("exists match pattern must be either true or false.")
		}
		return func(_ any, there bool) bool { return there == want }, nil
	case "numeric":
		return parseNumeric(arg)
	case "cidr":
		return parseCIDR(arg)
	case "anything-but":
		not, err := parseExcluded(arg)
		if err != nil {
			return nil, err
		}
		return func(v any, there bool) bool {
			for _, t := range not {
				if t(v, there) {
					return false
				}
			}
			return there
		}, nil
	}
	return nil, fmt.Errorf("Unrecognized match type %s", name)
}

// parseExcluded reads what anything-but excludes: a value, a list of them, or an operator over text with one
// argument or a list of them.
func parseExcluded(arg any) (not []test, err error) {
	operator := ""
	if m, ok := arg.(map[string]any); ok && len(m) == 1 {
		for operator, arg = range m {
		}
	}
	list, ok := arg.([]any)
	if !ok {
		list = []any{arg}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("Empty arrays are not allowed")
	}
	for _, a := range list {
		var t test
		switch operator {
		case "":
			t, err = parseTest(a)
		case "prefix", "suffix", "equals-ignore-case", "wildcard":
			t, err = parseOperator(operator, a)
		default:
			err = fmt.Errorf("Unsupported anything-but pattern: %s", operator)
		}
		if err != nil {
			return nil, err
		}
		not = append(not, t)
	}
	return not, nil
}

// parseCIDR reads an address range.
func parseCIDR(arg any) (test, error) {
	s, _ := arg.(string)
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return nil, fmt.Errorf("Malformed CIDR: %v", arg)
	}
	return func(v any, _ bool) bool {
		s, _ := v.(string)
		a, err := netip.ParseAddr(s)
		return err == nil && prefix.Contains(a)
	}, nil
}

// parseNumeric reads ["=", 5] or a range [">", 0, "<=", 5].
func parseNumeric(arg any) (test, error) {
	list, _ := arg.([]any)
	if len(list) != 2 && len(list) != 4 {
		return nil, fmt.Errorf("Invalid numeric match")
	}
	lo, hi := math.Inf(-1), math.Inf(1)
	loOpen, hiOpen := false, false
	for i := 0; i < len(list); i += 2 {
		op, _ := list[i].(string)
		n, ok := list[i+1].(float64)
		if !ok {
			return nil, fmt.Errorf("Value of %s must be numeric", op)
		}
		switch op {
		case "=":
			lo, hi = n, n
		case ">", ">=":
			lo, loOpen = n, op == ">"
		case "<", "<=":
			hi, hiOpen = n, op == "<"
		default:
			return nil, fmt.Errorf("Unrecognized numeric range operator: %s", op)
		}
	}
	return func(v any, _ bool) bool {
		n, ok := v.(float64)
		return ok && (n > lo || n == lo && !loOpen) && (n < hi || n == hi && !hiOpen)
	}, nil
}

// wildcard matches * against any run of characters.
func wildcard(s, pattern string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return s == pattern
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}
