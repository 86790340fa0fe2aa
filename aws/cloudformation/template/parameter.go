package template

import (
	"encoding/json"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parameter is one value a template asks for.
type Parameter struct {
	Name, Type            string
	Default               *string
	Description           string
	ConstraintDescription string
	AllowedValues         []string
	AllowedPattern        string
	NoEcho                bool

	MinLength, MaxLength *int
	MinValue, MaxValue   *big.Float
}

// list reports whether the parameter's value is a list.
func (p *Parameter) list() bool {
	return p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<")
}

// number reports whether a value, or each of a list, has to be a number.
func (p *Parameter) number() bool { return p.Type == "Number" || p.Type == "List<Number>" }

func (t *Template) parameters(top map[string]any, names order) error {
	m, err := section(top, "Parameters", maxParameters)
	if err != nil || m == nil {
		return err
	}
	for _, name := range names["Parameters"] {
		body, ok := m[name].(map[string]any)
		if !ok {
			return formatErrorf("Any Parameters member must be an object.")
		}
		if !alphanumeric(name) || len(name) > maxNameChars {
			return formatErrorf("Parameter name %s is non alphanumeric.", name)
		}
		p, err := parameter(name, body)
		if err != nil {
			return err
		}
		t.Parameters = append(t.Parameters, p)
	}
	return nil
}

var parameterType = regexp.MustCompile(`^(String|Number|CommaDelimitedList|List<(String|Number|AWS::[A-Za-z0-9]+(::[A-Za-z0-9]+)+)>|AWS::[A-Za-z0-9]+(::[A-Za-z0-9]+)+)$`)

func parameter(name string, body map[string]any) (Parameter, error) {
	p := Parameter{Name: name}
	for _, k := range sortedKeys(body) {
		if body[k] == nil {
			return p, formatErrorf("[/Parameters/%s/%s] 'null' values are not allowed in templates", name, k)
		}
		text, isText := Text(body[k])
		var err error
		switch k {
		case "Type":
			p.Type = text
		case "Default":
			if !isText {
				return p, formatErrorf("Every Default member must be a string.")
			}
			p.Default = &text
		case "Description":
			p.Description = text
		case "ConstraintDescription":
			p.ConstraintDescription = text
		case "AllowedPattern":
			p.AllowedPattern = text
			if _, bad := regexp.Compile(text); bad != nil {
				err = formatErrorf("AllowedPattern of parameter %s is not a regular expression hydrant understands.", name)
			}
		case "NoEcho":
			p.NoEcho = strings.EqualFold(text, "true")
		case "AllowedValues":
			list, ok := body[k].([]any)
			for _, v := range list {
				s, isText := Text(v)
				ok = ok && isText
				p.AllowedValues = append(p.AllowedValues, s)
			}
			if !ok {
				err = formatErrorf("AllowedValues of parameter %s must be a list of strings.", name)
			}
		case "MinLength", "MaxLength":
			n, bad := strconv.Atoi(text)
			if bad != nil {
				err = formatErrorf("%s of parameter %s must be a number.", k, name)
			} else if k == "MinLength" {
				p.MinLength = &n
			} else {
				p.MaxLength = &n
			}
		case "MinValue", "MaxValue":
			f, ok := number(text)
			if !ok {
				err = formatErrorf("%s of parameter %s must be a number.", k, name)
			} else if k == "MinValue" {
				p.MinValue = f
			} else {
				p.MaxValue = f
			}
		default:
			err = errorf("Invalid template parameter property '%s'", k)
		}
		if err != nil {
			return p, err
		}
	}
	if p.Type == "" {
		return p, formatErrorf("Every Parameters object must contain a Type member.")
	}
	if !parameterType.MatchString(p.Type) {
		return p, formatErrorf("Unrecognized parameter type: %s", p.Type)
	}
	if strings.HasPrefix(p.Type, "AWS::SSM::") {
		return p, formatErrorf("parameter type %s is not available in hydrant.", p.Type)
	}
	return p, nil
}

func number(s string) (*big.Float, bool) {
	s = strings.TrimSpace(s)
	if !jsonNumber.MatchString(strings.TrimPrefix(s, "+")) || len(s) > 64 {
		return nil, false
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 { // an exponent of any size is not worth its memory
		if e, err := strconv.Atoi(s[i+1:]); err != nil || e > 400 || e < -400 {
			return nil, false
		}
	}
	return new(big.Float).SetString(s)
}

// Text is a scalar as CloudFormation turns it into a string. ok is false for anything else.
func Text(v any) (s string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// Values are the values the parameters take: what was given, and defaults for the rest.
func (t *Template) Values(given map[string]string) (map[string]string, error) {
	values := make(map[string]string, len(t.Parameters))
	var missing []string
	for i := range t.Parameters {
		p := &t.Parameters[i]
		v, ok := given[p.Name]
		if !ok && p.Default != nil {
			v, ok = *p.Default, true
		}
		if !ok {
			missing = append(missing, p.Name)
			continue
		}
		values[p.Name] = v
	}
	var unknown []string
	for _, k := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(t.Parameters, func(p Parameter) bool { return p.Name == k }) {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) > 0 {
		return nil, errorf("Parameters: [%s] do not exist in the template", strings.Join(unknown, ", "))
	}
	if len(missing) > 0 {
		return nil, errorf("Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	for i := range t.Parameters {
		if err := t.Parameters[i].hold(values[t.Parameters[i].Name]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// split is the value of a parameter as Ref gives it.
func (p *Parameter) split(v string) any {
	if !p.list() {
		return v
	}
	list := []any{}
	for e := range strings.SplitSeq(v, ",") {
		list = append(list, strings.TrimSpace(e))
	}
	return list
}

// hold checks a value against the constraints; each one of a list by itself.
func (p *Parameter) hold(value string) error {
	if len(value) > maxParameterSize {
		return errorf("Parameter '%s' must be at most %d bytes", p.Name, maxParameterSize)
	}
	each := []string{value}
	if p.list() {
		each = nil
		for _, v := range p.split(value).([]any) {
			each = append(each, v.(string))
		}
	}
	for _, v := range each {
		if text := p.broken(v); text != "" {
			if p.ConstraintDescription != "" {
				return errorf("Parameter '%s' failed to satisfy constraint: %s", p.Name, p.ConstraintDescription)
			}
			return errorf("Parameter '%s' %s", p.Name, text)
		}
	}
	return nil
}

func (p *Parameter) broken(v string) string {
	if p.number() {
		n, ok := number(v)
		switch {
		case !ok:
			return "must be a number"
		case p.MinValue != nil && n.Cmp(p.MinValue) < 0:
			return "must be a number not less than " + p.MinValue.Text('f', -1)
		case p.MaxValue != nil && n.Cmp(p.MaxValue) > 0:
			return "must be a number not greater than " + p.MaxValue.Text('f', -1)
		}
	}
	chars := utf8.RuneCountInString(v)
	switch {
	case p.AllowedValues != nil && !slices.Contains(p.AllowedValues, v):
		return "must be one of AllowedValues"
	case p.MinLength != nil && chars < *p.MinLength:
		return "must contain at least " + strconv.Itoa(*p.MinLength) + " characters"
	case p.MaxLength != nil && chars > *p.MaxLength:
		return "must contain at most " + strconv.Itoa(*p.MaxLength) + " characters"
	case p.AllowedPattern != "" && !regexp.MustCompile("^(?:"+p.AllowedPattern+")$").MatchString(v):
		return "must match pattern " + p.AllowedPattern
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
