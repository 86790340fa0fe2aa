package template

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// order remembers how the members of the template and of its sections were written: "" holds the
// names of the sections, "Resources" those of the resources.
type order map[string][]string

// parseYAML reads one YAML document. Aliases and merges are refused, as AWS does: so a small text
// cannot become a large tree.
func parseYAML(body string) (any, order, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(body), &doc); err != nil {
		return nil, nil, yamlError(err)
	}
	if len(doc.Content) == 0 {
		return nil, nil, nil
	}
	r := yamlReader{order{}}
	tree, err := r.value(doc.Content[0], 0, "")
	return tree, r.order, err
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

func yamlError(err error) error {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		return formatErrorf("YAML not well-formed. (line %s)", m[1])
	}
	return formatErrorf("YAML not well-formed.")
}

type yamlReader struct{ order order }

// value turns a node into a tree. section is where members' order is to be kept, for the first two
// depths.
func (r yamlReader) value(n *yaml.Node, depth int, section string) (any, error) {
	if depth > maxDepth {
		return nil, formatErrorf("nesting is deeper than %d levels.", maxDepth)
	}
	if n.Kind == yaml.AliasNode {
		return nil, functionErrorf("YAML aliases are not allowed in CloudFormation templates")
	}
	var v any
	var err error
	switch n.Kind {
	case yaml.MappingNode:
		v, err = r.mapping(n, depth, section)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			if list[i], err = r.value(c, depth+1, ""); err != nil {
				return nil, err
			}
		}
		v = list
	default:
		v = scalar(n)
	}
	if err != nil {
		return nil, err
	}
	if tag := n.Tag; strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") {
		return tagged(tag[1:], v)
	}
	return v, nil
}

func (r yamlReader) mapping(n *yaml.Node, depth int, section string) (any, error) {
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Tag == "!!merge" || k.Kind == yaml.AliasNode {
			return nil, functionErrorf("YAML aliases are not allowed in CloudFormation templates")
		}
		if k.Kind != yaml.ScalarNode {
			return nil, formatErrorf("YAML not well-formed. (line %d, column %d)", k.Line, k.Column)
		}
		if _, twice := m[k.Value]; twice {
			return nil, formatErrorf("YAML not well-formed. (line %d, column %d)", k.Line, k.Column)
		}
		inner := ""
		if depth == 0 {
			inner = k.Value
		}
		v, err := r.value(n.Content[i+1], depth+1, inner)
		if err != nil {
			return nil, err
		}
		m[k.Value] = v
		if depth == 0 || depth == 1 && section != "" {
			r.order[section] = append(r.order[section], k.Value)
		}
	}
	return m, nil
}

var (
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
)

// scalar keeps what JSON could say as it is; everything else (a date, 007) stays the text it is.
func scalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		if jsonNumber.MatchString(n.Value) {
			return json.Number(n.Value)
		}
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil && !strings.HasPrefix(n.Value, "0") {
			return json.Number(strconv.FormatInt(i, 10))
		}
	}
	return n.Value
}

// tagged spells a short tag out: !Sub x is {"Fn::Sub": x}.
func tagged(tag string, v any) (any, error) {
	switch tag {
	case "Ref", "Condition":
		return map[string]any{tag: v}, nil
	case "GetAtt":
		if s, ok := v.(string); ok {
			name, attribute, found := strings.Cut(s, ".")
			if !found {
				return nil, functionErrorf("every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
			}
			v = []any{name, attribute}
		}
	}
	if _, ok := functions["Fn::"+tag]; !ok {
		return nil, formatErrorf("unknown YAML tag !%s.", tag)
	}
	return map[string]any{"Fn::" + tag: v}, nil
}
