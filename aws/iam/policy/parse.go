package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Error says in AWS's words why a text is no policy: the message of MalformedPolicyDocument.
type Error struct{ Text string }

func (e *Error) Error() string { return e.Text }

func malformed(text string) error { return &Error{text} }

var errSyntax = malformed("Syntax errors in policy.")

// The versions of the policy language. Variables came with the second.
const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

// Parse reads a document. Every error is an *Error.
func Parse(kind Kind, text string) (*Document, error) {
	if !json.Valid([]byte(text)) {
		if kind == Identity {
			return nil, errSyntax
		}
		return nil, malformed("This policy contains invalid Json")
	}
	members, err := object([]byte(text))
	if err != nil {
		return nil, err
	}
	d := &Document{Version: version2008}
	var statements json.RawMessage
	for _, m := range members {
		switch m.name {
		case "Version":
			if json.Unmarshal(m.value, &d.Version) != nil || d.Version != version2008 && d.Version != version2012 {
				if kind == Resource {
					return nil, malformed("The policy must contain a valid version string")
				}
				return nil, errSyntax
			}
		case "Id":
			if json.Unmarshal(m.value, &d.ID) != nil {
				return nil, errSyntax
			}
		case "Statement":
			statements = m.value
		default:
			return nil, errSyntax
		}
	}
	if statements == nil {
		return nil, errSyntax
	}
	if kind == Identity && d.Version != version2012 { // one that says nothing is of 2008
		return nil, malformed("Policy document must be version 2012-10-17 or greater.")
	}
	list, err := items(statements)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errSyntax
	}
	sids := map[string]bool{}
	for _, raw := range list {
		s, err := parseStatement(kind, raw, d.Version == version2012)
		if err != nil {
			return nil, err
		}
		if s.sid != "" && sids[s.sid] {
			return nil, malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		sids[s.sid] = true
		d.tags = d.tags || asksTags(s.conditions)
		d.statements = append(d.statements, s)
	}
	return d, nil
}

var sidPattern = regexp.MustCompile(`^[0-9A-Za-z]*$`)

func parseStatement(kind Kind, raw json.RawMessage, variables bool) (s statement, err error) {
	members, err := object(raw)
	if err != nil {
		return s, err
	}
	seen := map[string]bool{}
	for _, m := range members {
		seen[m.name] = true
		switch m.name {
		case "Sid":
			err = s.parseSid(kind, m.value)
		case "Effect":
			err = s.parseEffect(m.value)
		case "Principal", "NotPrincipal":
			s.notPrincipal = m.name == "NotPrincipal"
			s.principals, err = parsePrincipals(m.value)
		case "Action", "NotAction":
			s.notAction = m.name == "NotAction"
			s.actions, err = parseActions(kind, m.value)
		case "Resource", "NotResource":
			s.notResource = m.name == "NotResource"
			s.resources, err = parseResources(kind, m.value, variables)
		case "Condition":
			s.conditions, err = parseConditions(m.value, variables)
		default:
			err = errSyntax
		}
		if err != nil {
			return s, err
		}
	}
	return s, complete(kind, seen)
}

// complete holds a statement's elements against what its place asks for.
func complete(kind Kind, seen map[string]bool) error {
	for _, name := range []string{"Principal", "Action", "Resource"} {
		if seen[name] && seen["Not"+name] {
			return errSyntax
		}
	}
	action := seen["Action"] || seen["NotAction"]
	resource := seen["Resource"] || seen["NotResource"]
	principal := seen["Principal"] || seen["NotPrincipal"]
	switch {
	case !seen["Effect"]:
		return errSyntax
	case kind == Identity && principal:
		return malformed("Policy document should not specify a principal.")
	case kind != Identity && !principal:
		return malformed("Missing required field Principal")
	case kind == Trust && resource:
		return malformed("Has prohibited field Resource")
	case kind == Trust && seen["NotPrincipal"]:
		return malformed("Has prohibited field NotPrincipal")
	case kind == Trust && !action:
		return malformed("Missing required field Action")
	case !action:
		return malformed("Policy statement must contain actions.")
	case kind != Trust && !resource:
		return malformed("Policy statement must contain resources.")
	}
	return nil
}

func (s *statement) parseSid(kind Kind, raw json.RawMessage) error {
	if json.Unmarshal(raw, &s.sid) != nil {
		return errSyntax
	}
	if kind == Identity && !sidPattern.MatchString(s.sid) {
		return malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
	}
	return nil
}

func (s *statement) parseEffect(raw json.RawMessage) error {
	var effect string
	if json.Unmarshal(raw, &effect) != nil || !strings.EqualFold(effect, "Allow") && !strings.EqualFold(effect, "Deny") {
		return errSyntax
	}
	if effect != "Allow" && effect != "Deny" {
		return malformed("The policy failed legacy parsing")
	}
	s.deny = effect == "Deny"
	return nil
}

var vendorPattern = regexp.MustCompile(`^([A-Za-z0-9.-]+|\*)$`)

func parseActions(kind Kind, raw json.RawMessage) (actions []string, err error) {
	list, err := texts(raw)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		if kind == Trust {
			return nil, malformed("Missing required field Action cannot be empty!")
		}
		return nil, malformed("Policy statement must contain actions.")
	}
	for _, a := range list {
		vendor, name, ok := strings.Cut(a, ":")
		switch {
		case kind == Trust && !strings.HasPrefix(lower(a), "sts:"):
			return nil, malformed("AssumeRole policy may only specify STS AssumeRole actions.")
		case a == "*":
		case !ok:
			return nil, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		case strings.Contains(name, ":"):
			return nil, malformed("Actions/Condition can contain only one colon.")
		case !vendorPattern.MatchString(vendor):
			return nil, malformed("Vendor " + vendor + " is not valid")
		case name == "":
			return nil, errSyntax
		}
		t, err := compile(lower(a), true, false)
		if err != nil {
			return nil, errSyntax
		}
		actions = append(actions, t.fixed)
	}
	return actions, nil
}

func parseResources(kind Kind, raw json.RawMessage, variables bool) (out []resource, err error) {
	list, err := texts(raw)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, malformed("Policy statement must contain resources.")
	}
	for _, s := range list {
		r, err := compileResource(s, variables)
		if err != nil {
			return nil, errSyntax
		}
		if !r.all && kind == Identity {
			if err := checkResource(s); err != nil {
				return nil, err
			}
		}
		out = append(out, r)
	}
	return out, nil
}

func checkResource(s string) error {
	p := splitARN(s)
	switch {
	case p[0] != "arn" || len(p) < 3:
		return malformed(fmt.Sprintf("Resource %s must be in ARN format or \"*\".", s))
	case !strings.HasPrefix(p[1], "aws") && p[1] != "*":
		return malformed(fmt.Sprintf("Partition %q is not valid for resource %q.", p[1], s))
	case p[2] != "*" && strings.ContainsAny(p[2], "*?"):
		return malformed("Resource vendor must be fully qualified and cannot contain regexes.")
	case p[2] == "iam" && len(p) > 3 && p[3] != "":
		return malformed(fmt.Sprintf("IAM resource %s cannot contain region information.", s))
	case p[2] == "s3" && len(p) > 3 && p[3] != "" && p[3] != "*":
		return malformed(fmt.Sprintf("Resource %s can not contain region information.", s))
	case len(p) < arnSegments && !strings.HasSuffix(s, "*"):
		return malformed("The policy failed legacy parsing")
	}
	return nil
}

// pair is a member of a JSON object. Order is kept and a name may come once.
type pair struct {
	name  string
	value json.RawMessage
}

func object(raw json.RawMessage) (members []pair, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errSyntax
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, errSyntax
		}
		m := pair{name: t.(string)}
		if err := d.Decode(&m.value); err != nil {
			return nil, errSyntax
		}
		for _, o := range members {
			if o.name == m.name {
				return nil, errSyntax
			}
		}
		members = append(members, m)
	}
	if _, err := d.Token(); err != nil && err != io.EOF {
		return nil, errSyntax
	}
	return members, nil
}

// items is a list, or the one thing that stands for a list of one.
func items(raw json.RawMessage) (list []json.RawMessage, err error) {
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		return []json.RawMessage{raw}, nil
	}
	if json.Unmarshal(raw, &list) != nil {
		return nil, errSyntax
	}
	return list, nil
}

// texts are the values of an element: strings, or bare numbers and booleans as conditions may have.
func texts(raw json.RawMessage) ([]string, error) {
	list, err := items(raw)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(list))
	for i, item := range list {
		item = bytes.TrimSpace(item)
		switch {
		case item[0] == '"':
			if json.Unmarshal(item, &out[i]) != nil {
				return nil, errSyntax
			}
		case item[0] == '{' || item[0] == '[' || item[0] == 'n':
			return nil, errSyntax
		default:
			out[i] = string(item)
		}
	}
	return out, nil
}
