package template

import (
	"regexp"
	"strings"
)

// piece is a part of a Fn::Sub text: literal text, or a name to be replaced.
type piece struct {
	text string
	name bool
}

var subName = regexp.MustCompile(`^[A-Za-z0-9_.:]+$`)

// pieces takes a Fn::Sub text apart. ${!x} is the literal ${x}; a ${ that nothing closes is text.
func pieces(s string) ([]piece, error) {
	var out []piece
	literal := func(t string) {
		if n := len(out); n > 0 && !out[n-1].name {
			out[n-1].text += t
		} else if t != "" {
			out = append(out, piece{text: t})
		}
	}
	for {
		before, rest, found := strings.Cut(s, "${")
		literal(before)
		if !found {
			return out, nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			literal("${" + rest)
			return out, nil
		}
		if escaped, ok := strings.CutPrefix(name, "!"); ok {
			literal("${" + escaped + "}")
		} else {
			name = strings.TrimSpace(name)
			if !subName.MatchString(name) {
				return nil, functionErrorf("variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons")
			}
			out = append(out, piece{text: name, name: true})
		}
		s = after
	}
}

// subArguments are the text and the variables of a Fn::Sub.
func subArguments(arg any) (string, map[string]any, error) {
	text, ok := arg.(string)
	var vars map[string]any
	if list, isList := arg.([]any); isList && len(list) == 2 {
		text, ok = list[0].(string)
		if ok {
			vars, ok = list[1].(map[string]any)
		}
	}
	if !ok {
		return "", nil, functionErrorf("One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string")
	}
	return text, vars, nil
}

func sub(e *Env, arg any) (any, error) {
	text, vars, err := subArguments(arg)
	if err != nil {
		return nil, err
	}
	list, err := pieces(text)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	blind := false
	for _, p := range list {
		if !p.name {
			b.WriteString(p.text)
			continue
		}
		var v any
		if given, ok := vars[p.text]; ok {
			v, err = e.Resolve(given)
		} else if name, attribute, dotted := strings.Cut(p.text, "."); dotted {
			v, err = getAtt(e, []any{name, attribute})
		} else {
			v, err = ref(e, p.text)
		}
		if err != nil {
			return nil, err
		}
		if v == Unknown {
			blind = true
			continue
		}
		s, ok := Text(v)
		if !ok {
			return nil, functionErrorf("Fn::Sub expression does not resolve to a string: %s", p.text)
		}
		b.WriteString(s)
	}
	if blind {
		return Unknown, nil
	}
	return b.String(), nil
}
