package policy

import (
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// matcher holds a value of the request against one value of a policy.
type matcher func(got string, c Context) bool

// quantifier is what a set operator asks of a key with many values.
type quantifier int

const (
	single quantifier = iota
	forAll            // ForAllValues: each value must do; none does
	forAny            // ForAnyValue: one value must do
)

// condition is one operator on one key.
type condition struct {
	key        string // lower case
	quantifier quantifier
	negated    bool // StringNotEquals and the like: no value may match
	ifExists   bool
	matchers   []matcher
	null       bool // Null: absent is what matters
	absent     bool // what Null wants
}

// operator is a comparison without its decorations.
type operator struct {
	negated bool
	compile func(value string, variables bool) (matcher, error)
}

var operators = map[string]operator{
	"StringEquals":              {false, equalText(false)},
	"StringNotEquals":           {true, equalText(false)},
	"StringEqualsIgnoreCase":    {false, equalText(true)},
	"StringNotEqualsIgnoreCase": {true, equalText(true)},
	"StringLike":                {false, likeText},
	"StringNotLike":             {true, likeText},
	"NumericEquals":             {false, number(func(got, want float64) bool { return got == want })},
	"NumericNotEquals":          {true, number(func(got, want float64) bool { return got == want })},
	"NumericLessThan":           {false, number(func(got, want float64) bool { return got < want })},
	"NumericLessThanEquals":     {false, number(func(got, want float64) bool { return got <= want })},
	"NumericGreaterThan":        {false, number(func(got, want float64) bool { return got > want })},
	"NumericGreaterThanEquals":  {false, number(func(got, want float64) bool { return got >= want })},
	"DateEquals":                {false, date(func(cmp int) bool { return cmp == 0 })},
	"DateNotEquals":             {true, date(func(cmp int) bool { return cmp == 0 })},
	"DateLessThan":              {false, date(func(cmp int) bool { return cmp < 0 })},
	"DateLessThanEquals":        {false, date(func(cmp int) bool { return cmp <= 0 })},
	"DateGreaterThan":           {false, date(func(cmp int) bool { return cmp > 0 })},
	"DateGreaterThanEquals":     {false, date(func(cmp int) bool { return cmp >= 0 })},
	"Bool":                      {false, boolean},
	"BinaryEquals":              {false, binary},
	"IpAddress":                 {false, address},
	"NotIpAddress":              {true, address},
	"ArnEquals":                 {false, likeARN},
	"ArnLike":                   {false, likeARN},
	"ArnNotEquals":              {true, likeARN},
	"ArnNotLike":                {true, likeARN},
}

// parseConditions reads {operator: {key: value or values}}.
func parseConditions(raw json.RawMessage, variables bool) (out []condition, err error) {
	blocks, err := object(raw)
	if err != nil {
		return nil, err
	}
	for _, b := range blocks {
		keys, err := object(b.value)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			values, err := texts(k.value)
			if err != nil {
				return nil, err
			}
			c, err := newCondition(b.name, k.name, values, variables)
			if err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	return out, nil
}

func newCondition(name, key string, values []string, variables bool) (condition, error) {
	c := condition{key: lower(key)}
	if !strings.Contains(key, ":") {
		return c, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	}
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		c.quantifier, name = forAll, rest
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		c.quantifier, name = forAny, rest
	}
	if name == "Null" {
		c.null = true
		for _, v := range values {
			switch lower(v) {
			case "true":
				c.absent = true
			case "false":
			default:
				return c, errSyntax
			}
		}
		if len(values) != 1 {
			return c, errSyntax
		}
		return c, nil
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	op, ok := operators[name]
	if !ok {
		return c, errSyntax
	}
	c.negated = op.negated
	for _, v := range values {
		m, err := op.compile(v, variables)
		if err != nil {
			return c, errSyntax
		}
		c.matchers = append(c.matchers, m)
	}
	return c, nil
}

func asksTags(conditions []condition) bool {
	return slices.ContainsFunc(conditions, func(c condition) bool { return strings.Contains(c.key, ":resourcetag/") })
}

// holds tells whether the request meets the condition.
func (c *condition) holds(ctx Context) bool {
	values, present := ctx[c.key]
	switch {
	case c.null:
		return present != c.absent
	case !present && c.ifExists:
		return true
	case c.quantifier == forAll: // of nothing anything can be said
		for _, v := range values {
			if c.one(v, ctx) == c.negated {
				return false
			}
		}
		return true
	case c.quantifier == forAny:
		for _, v := range values {
			if c.one(v, ctx) != c.negated {
				return true
			}
		}
		return false
	}
	for _, v := range values { // none where the key is missing: only a negated operator holds then
		if c.one(v, ctx) {
			return !c.negated
		}
	}
	return c.negated
}

// one reports whether a value of the request matches any of the policy's.
func (c *condition) one(got string, ctx Context) bool {
	for _, m := range c.matchers {
		if m(got, ctx) {
			return true
		}
	}
	return false
}

func equalText(fold bool) func(string, bool) (matcher, error) {
	return func(value string, variables bool) (matcher, error) {
		t, err := compile(value, false, variables)
		return func(got string, c Context) bool {
			want, ok := t.expand(c)
			return ok && (got == want || fold && strings.EqualFold(got, want))
		}, err
	}
}

func likeText(value string, variables bool) (matcher, error) {
	t, err := compile(value, true, variables)
	return func(got string, c Context) bool {
		p, ok := t.expand(c)
		return ok && match(p, got)
	}, err
}

func likeARN(value string, variables bool) (matcher, error) {
	r, err := compileResource(value, variables)
	return func(got string, c Context) bool {
		ok, _ := r.matches(got, c)
		return ok && strings.HasPrefix(got, "arn:")
	}, err
}

func number(compare func(got, want float64) bool) func(string, bool) (matcher, error) {
	return func(value string, _ bool) (matcher, error) {
		want, err := strconv.ParseFloat(value, 64)
		return func(got string, _ Context) bool {
			n, err := strconv.ParseFloat(got, 64)
			return err == nil && compare(n, want)
		}, err
	}
}

func date(accept func(cmp int) bool) func(string, bool) (matcher, error) {
	return func(value string, _ bool) (matcher, error) {
		want, err := parseTime(value)
		return func(got string, _ Context) bool {
			t, err := parseTime(got)
			return err == nil && accept(t.Compare(want))
		}, err
	}
}

// parseTime reads the forms of W3C's profile of ISO 8601, and Unix time.
func parseTime(s string) (t time.Time, err error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", time.DateOnly, "2006-01", "2006"} {
		if t, err = time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	if n, e := strconv.ParseInt(s, 10, 64); e == nil {
		return time.Unix(n, 0), nil
	}
	return t, err
}

func boolean(value string, _ bool) (matcher, error) {
	if v := lower(value); v != "true" && v != "false" {
		return nil, errPattern
	}
	return func(got string, _ Context) bool { return strings.EqualFold(got, value) }, nil
}

func binary(value string, _ bool) (matcher, error) {
	want, err := base64.StdEncoding.DecodeString(value)
	return func(got string, _ Context) bool {
		b, err := base64.StdEncoding.DecodeString(got)
		return err == nil && string(b) == string(want)
	}, err
}

func address(value string, _ bool) (matcher, error) {
	net, err := netip.ParsePrefix(value)
	if err != nil {
		var a netip.Addr
		if a, err = netip.ParseAddr(value); err == nil {
			net = netip.PrefixFrom(a, a.BitLen())
		}
	}
	return func(got string, _ Context) bool {
		a, err := netip.ParseAddr(got)
		return err == nil && net.Contains(a.Unmap())
	}, err
}
