package template

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// function works out one function of the language over its argument as written.
type function func(e *Env, arg any) (any, error)

// functions are all there are. Condition functions stand here too: used as a value they give
// "true" or "false". A table set in init, as functions resolve their arguments through it.
var functions map[string]function

func init() {
	functions = map[string]function{
		"Ref":              ref,
		"Fn::GetAtt":       getAtt,
		"Fn::Sub":          sub,
		"Fn::Join":         join,
		"Fn::Select":       selectOne,
		"Fn::Split":        split,
		"Fn::If":           choose,
		"Fn::Equals":       asValue("Fn::Equals"),
		"Fn::And":          asValue("Fn::And"),
		"Fn::Or":           asValue("Fn::Or"),
		"Fn::Not":          asValue("Fn::Not"),
		"Fn::FindInMap":    findInMap,
		"Fn::ImportValue":  importValue,
		"Fn::Base64":       base64Of,
		"Fn::Cidr":         cidr,
		"Fn::GetAZs":       zones,
		"Fn::Length":       length,
		"Fn::ToJsonString": toJSON,
		"Fn::Transform":    transform,
	}
}

func asValue(name string) function {
	return func(e *Env, arg any) (any, error) {
		b, err := e.truth(map[string]any{name: arg}, nil)
		return strconv.FormatBool(b), err
	}
}

// pseudo are the parameters every template has.
func (e *Env) pseudo(name string) (any, bool) {
	switch name {
	case "AWS::AccountId":
		return e.Account, true
	case "AWS::Region":
		return e.Region, true
	case "AWS::StackName":
		return e.StackName, true
	case "AWS::StackId":
		return e.StackID, true
	case "AWS::Partition":
		return "aws", true
	case "AWS::URLSuffix":
		return "amazonaws.com", true
	case "AWS::NoValue":
		return absent{}, true
	case "AWS::NotificationARNs":
		list := make([]any, len(e.NotificationARNs))
		for i, a := range e.NotificationARNs {
			list[i] = a
		}
		return list, true
	}
	return nil, false
}

var pseudoNames = []string{"AWS::AccountId", "AWS::Region", "AWS::StackName", "AWS::StackId", "AWS::Partition", "AWS::URLSuffix", "AWS::NoValue", "AWS::NotificationARNs"}

func ref(e *Env, arg any) (any, error) {
	name, ok := arg.(string)
	if !ok || name == "" {
		return nil, functionErrorf("every Ref object must have a single String value.")
	}
	if v, ok := e.pseudo(name); ok {
		return v, nil
	}
	if v, ok := e.values[name]; ok {
		return v, nil
	}
	if e.Ref == nil {
		return nil, formatErrorf("Unresolved dependencies [%s]. Cannot reference resources in the Conditions block of the template", name)
	}
	return e.Ref(name)
}

func getAtt(e *Env, arg any) (any, error) {
	list, _ := arg.([]any)
	if s, ok := arg.(string); ok { // the JSON spelling "A.B" that AWS takes as well
		name, attribute, _ := strings.Cut(s, ".")
		list = []any{name, attribute}
	}
	if len(list) != 2 {
		return nil, functionErrorf("every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
	}
	attribute, err := e.Resolve(list[1]) // a Ref is allowed here
	if err != nil {
		return nil, err
	}
	name, ok1 := list[0].(string)
	a, ok2 := attribute.(string)
	if !ok1 || !ok2 || name == "" || a == "" {
		return nil, functionErrorf("every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
	}
	if e.GetAtt == nil {
		return nil, formatErrorf("Unresolved dependencies [%s]. Cannot reference resources in the Conditions block of the template", name)
	}
	return e.GetAtt(name, a)
}

func join(e *Env, arg any) (any, error) {
	const usage = "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
	list, _ := arg.([]any)
	if len(list) != 2 {
		return nil, functionErrorf(usage)
	}
	delimiter, ok := list[0].(string)
	if !ok {
		return nil, functionErrorf(usage)
	}
	v, err := e.Resolve(list[1])
	if err != nil {
		return nil, err
	}
	if v == Unknown {
		return Unknown, nil
	}
	parts, ok := v.([]any)
	if !ok {
		return nil, functionErrorf(usage)
	}
	texts := make([]string, len(parts))
	for i, p := range parts {
		if p == Unknown {
			return Unknown, nil
		}
		if texts[i], ok = Text(p); !ok {
			return nil, functionErrorf(usage)
		}
	}
	return strings.Join(texts, delimiter), nil
}

func selectOne(e *Env, arg any) (any, error) {
	list, _ := arg.([]any)
	if len(list) != 2 {
		return nil, functionErrorf("Fn::Select requires a list argument with two elements: an integer index and a list")
	}
	at, err := e.Resolve(list[0])
	if err != nil {
		return nil, err
	}
	from, err := e.Resolve(list[1])
	if err != nil {
		return nil, err
	}
	if at == Unknown || from == Unknown {
		return Unknown, nil
	}
	text, _ := Text(at)
	i, bad := strconv.Atoi(text)
	values, ok := from.([]any)
	if bad != nil || !ok {
		return nil, functionErrorf("Fn::Select requires a list argument with two elements: an integer index and a list")
	}
	if i < 0 || i >= len(values) {
		return nil, functionErrorf("Fn::Select cannot select nonexistent value at index %d", i)
	}
	return values[i], nil
}

func split(e *Env, arg any) (any, error) {
	const usage = "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split."
	list, _ := arg.([]any)
	if len(list) != 2 {
		return nil, functionErrorf(usage)
	}
	delimiter, ok := list[0].(string)
	v, err := e.Resolve(list[1])
	if err != nil {
		return nil, err
	}
	if v == Unknown {
		return Unknown, nil
	}
	text, isText := Text(v)
	if !ok || delimiter == "" || !isText {
		return nil, functionErrorf(usage)
	}
	out := []any{}
	for s := range strings.SplitSeq(text, delimiter) {
		out = append(out, s)
	}
	return out, nil
}

func choose(e *Env, arg any) (any, error) {
	list, _ := arg.([]any)
	if len(list) != 3 {
		return nil, functionErrorf("Fn::If requires a list argument with three elements")
	}
	name, ok := list[0].(string)
	if !ok {
		return nil, functionErrorf("Fn::If requires a list argument with the first element being a condition")
	}
	holds, err := e.condition(name, nil)
	if err != nil {
		return nil, err
	}
	if holds {
		return e.resolve(list[1])
	}
	return e.resolve(list[2])
}

func findInMap(e *Env, arg any) (any, error) {
	list, _ := arg.([]any)
	if len(list) != 3 && len(list) != 4 {
		return nil, functionErrorf("every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value")
	}
	var path [3]string
	for i := range path {
		v, err := e.Resolve(list[i])
		if err != nil {
			return nil, err
		}
		s, ok := Text(v)
		if !ok {
			return nil, functionErrorf("every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value")
		}
		path[i] = s
	}
	m, _ := e.template.Mappings[path[0]].(map[string]any)
	keys, _ := m[path[1]].(map[string]any)
	if v, ok := keys[path[2]]; ok {
		return v, nil
	}
	if len(list) == 4 && slices.Contains(e.template.Transforms, languageExtensions) {
		if d, ok := list[3].(map[string]any); ok && len(d) == 1 {
			if v, ok := d["DefaultValue"]; ok {
				return e.resolve(v)
			}
		}
	}
	return nil, functionErrorf("Unable to get mapping for %s::%s::%s", path[0], path[1], path[2])
}

func importValue(e *Env, arg any) (any, error) {
	v, err := e.Resolve(arg)
	if err != nil {
		return nil, err
	}
	if v == Unknown {
		return Unknown, nil
	}
	name, ok := Text(v)
	if !ok || e.Import == nil {
		return nil, functionErrorf("the attribute in Fn::ImportValue must be a string or a function that returns a string")
	}
	return e.Import(name)
}

func base64Of(e *Env, arg any) (any, error) {
	v, err := e.Resolve(arg)
	if err != nil || v == Unknown {
		return v, err
	}
	s, ok := Text(v)
	if !ok {
		return nil, functionErrorf("every Fn::Base64 object must have a String-typed value.")
	}
	return base64.StdEncoding.EncodeToString([]byte(s)), nil
}

// zones gives the first three zones of a Region. hydrant has one machine; templates only want names.
func zones(e *Env, arg any) (any, error) {
	v, err := e.Resolve(arg)
	if err != nil || v == Unknown {
		return v, err
	}
	region, ok := v.(string)
	if !ok {
		return nil, functionErrorf("every Fn::GetAZs object must have a String-typed value.")
	}
	if region == "" {
		region = e.Region
	}
	return []any{region + "a", region + "b", region + "c"}, nil
}

func (e *Env) extended(name string) error {
	if slices.Contains(e.template.Transforms, languageExtensions) {
		return nil
	}
	return formatErrorf("%s requires Transform: %s.", name, languageExtensions)
}

func length(e *Env, arg any) (any, error) {
	if err := e.extended("Fn::Length"); err != nil {
		return nil, err
	}
	v, err := e.Resolve(arg)
	if err != nil || v == Unknown {
		return v, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, functionErrorf("Fn::Length requires a list.")
	}
	return json.Number(strconv.Itoa(len(list))), nil
}

func toJSON(e *Env, arg any) (any, error) {
	if err := e.extended("Fn::ToJsonString"); err != nil {
		return nil, err
	}
	v, err := e.Resolve(arg)
	if err != nil {
		return nil, err
	}
	if holdsUnknown(v) {
		return Unknown, nil
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func transform(_ *Env, arg any) (any, error) {
	m, _ := arg.(map[string]any)
	name, _ := m["Name"].(string)
	return nil, errorf("No transform named %s found.", name)
}

func holdsUnknown(v any) bool {
	switch v := v.(type) {
	case unknown:
		return true
	case map[string]any:
		for _, e := range v {
			if holdsUnknown(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, holdsUnknown)
	}
	return false
}
