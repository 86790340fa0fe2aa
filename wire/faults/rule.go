// Package faults makes calls go wrong on purpose: an error in AWS's wording, latency, or a dropped
// connection, by chance, service, operation and resource. It is there for tests of retry code.
//
// A Table of rules is asked by the wire's server for every call. Of operations that take many records a
// rule may refuse single ones: the server hands what it decided to the service by the call's context
// (Entries), and the service does not store what is refused.
package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rule is one thing that may go wrong. Its text form is
//
//	SERVICE:OPERATION[:KIND=NAME] [error=CODE] [status=N] [latency=D|D-D] [drop[=after]]
//	                              [p=N] [count=N] [for=D] [scope=call|entry] [message=TEXT]
//
// Service and operation may be *. KIND is stream, delivery-stream or function. message takes the rest of
// the line. See docs/faults.md.
type Rule struct {
	Service   string
	Operation string
	Kind      string // of the resource; "" means any resource, or none
	Name      string // of the resource

	Error   string // AWS's code
	Message string // "" means AWS's sentence for the code
	Status  int    // 0 means that of the code

	Latency, LatencyMax time.Duration // drawn evenly between the two
	Drop                string        // "before": the call is not made; "after": it is, and not answered

	P     float64       // chance; 1 is always
	Count int           // how often at most; 0 means no end
	For   time.Duration // how long from when it was made; 0 means no end
	Scope string        // "call", "entry"; "" means what AWS does with the code
}

// Where a rule can strike.
const (
	scopeCall  = "call"
	scopeEntry = "entry"

	dropBefore = "before"
	dropAfter  = "after"
)

// kinds are the resources a rule can name, and the members of inputs that name them.
var kinds = map[string][]string{
	"stream":          {"StreamName", "StreamARN", "ConsumerARN"},
	"delivery-stream": {"DeliveryStreamName", "DeliveryStreamARN"},
	"function":        {"FunctionName"},
}

// Parse reads a rule's text form.
func Parse(text string) (Rule, error) {
	r := Rule{P: 1}
	target, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if err := r.parseTarget(target); err != nil {
		return r, err
	}
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		var word string
		if word, rest, _ = strings.Cut(rest, " "); strings.HasPrefix(word, "message=") {
			word, rest = word+" "+rest, ""
			word = strings.TrimSpace(word)
		}
		key, value, _ := strings.Cut(word, "=")
		if err := r.set(key, value); err != nil {
			return r, err
		}
	}
	return r, r.check()
}

func (r *Rule) parseTarget(target string) error {
	f := strings.SplitN(target, ":", 3)
	if len(f) < 2 || f[0] == "" || f[1] == "" || strings.Contains(f[0]+f[1], "=") {
		return fmt.Errorf("a rule begins with SERVICE:OPERATION, as in kinesis:PutRecords, not with %q", target)
	}
	r.Service, r.Operation = f[0], f[1]
	if len(f) < 3 {
		return nil
	}
	kind, name, ok := strings.Cut(f[2], "=")
	if !ok || name == "" || kinds[kind] == nil {
		return fmt.Errorf("a resource is stream=NAME, delivery-stream=NAME or function=NAME, not %q", f[2])
	}
	r.Kind, r.Name = kind, name
	return nil
}

func (r *Rule) set(key, value string) (err error) {
	switch key {
	case "error":
		r.Error = value
	case "message":
		r.Message = value
	case "status":
		r.Status, err = strconv.Atoi(value)
	case "latency":
		from, to, ranged := strings.Cut(value, "-")
		if r.Latency, err = time.ParseDuration(from); err != nil {
			break
		}
		if r.LatencyMax = r.Latency; ranged {
			r.LatencyMax, err = time.ParseDuration(to)
		}
	case "drop":
		if r.Drop = value; value == "" || value == "true" {
			r.Drop = dropBefore
		}
	case "p":
		r.P, err = strconv.ParseFloat(value, 64)
	case "count":
		if r.Count, err = strconv.Atoi(value); err == nil && r.Count < 1 {
			err = fmt.Errorf("%d is not a count", r.Count)
		}
	case "for":
		if r.For, err = time.ParseDuration(value); err == nil && r.For <= 0 {
			err = fmt.Errorf("%s is not ahead", r.For)
		}
	case "scope":
		r.Scope = value
	default:
		return fmt.Errorf("a rule has no %q; it has error, message, status, latency, drop, p, count, for and scope", key)
	}
	if err != nil {
		return fmt.Errorf("%s=%s: %w", key, value, err)
	}
	return nil
}

// check refuses rules that could never do what they say.
func (r *Rule) check() error {
	switch {
	case r.Error == "" && r.LatencyMax == 0 && r.Drop == "":
		return fmt.Errorf("the rule for %s:%s does nothing: it needs error=, latency= or drop", r.Service, r.Operation)
	case r.Error != "" && r.Drop != "":
		return fmt.Errorf("a call either fails with %s or is dropped", r.Error)
	case r.Error == "" && (r.Message != "" || r.Status != 0):
		return fmt.Errorf("message and status belong to an error")
	case r.Status != 0 && (r.Status < 400 || r.Status > 599):
		return fmt.Errorf("%d is not the status of an error", r.Status)
	case !(r.P > 0 && r.P <= 1):
		return fmt.Errorf("p=%v is not a chance: it lies above 0 and up to 1", r.P)
	case r.Latency < 0 || r.LatencyMax < r.Latency:
		return fmt.Errorf("latency %s to %s is not a range", r.Latency, r.LatencyMax)
	case r.Drop != "" && r.Drop != dropBefore && r.Drop != dropAfter:
		return fmt.Errorf("drop is before or after, not %q", r.Drop)
	case r.Scope != "" && r.Scope != scopeCall && r.Scope != scopeEntry:
		return fmt.Errorf("scope is call or entry, not %q", r.Scope)
	}
	if r.Scope == "" {
		r.Scope = scopeCall
		if codes := entryCodes[r.Service+":"+r.Operation]; len(codes) > 0 && r.Error == codes[0] && r.Message == "" && r.Status == 0 && r.LatencyMax == 0 {
			r.Scope = scopeEntry
		}
	}
	if r.Scope == scopeCall {
		if r.Service == "kinesis" && r.Operation == "GetRecords" && r.Kind != "" {
			return fmt.Errorf("GetRecords names no stream beside its iterator: leave %s=%s out, or refuse with ProvisionedThroughputExceededException", r.Kind, r.Name)
		}
		return nil
	}
	codes := entryCodes[r.Service+":"+r.Operation]
	switch {
	case len(codes) == 0:
		return fmt.Errorf("%s:%s has no entries to refuse", r.Service, r.Operation)
	case !slices.Contains(codes, r.Error):
		return fmt.Errorf("entries of %s are refused with %s, not with %q", r.Operation, strings.Join(codes, " or "), r.Error)
	case r.Message != "" || r.Status != 0 || r.LatencyMax != 0:
		return fmt.Errorf("message, status and latency are of whole calls: add scope=call")
	}
	return nil
}

// String is the text form.
func (r *Rule) String() string {
	b := new(strings.Builder)
	fmt.Fprintf(b, "%s:%s", r.Service, r.Operation)
	word := func(given bool, format string, args ...any) {
		if given {
			fmt.Fprintf(b, format, args...)
		}
	}
	word(r.Kind != "", ":%s=%s", r.Kind, r.Name)
	word(r.Error != "", " error=%s", r.Error)
	word(r.Status != 0, " status=%d", r.Status)
	word(r.LatencyMax > 0, " latency=%s", r.Latency)
	word(r.LatencyMax > r.Latency, "-%s", r.LatencyMax)
	word(r.Drop != "", " drop=%s", r.Drop)
	word(r.P < 1, " p=%v", r.P)
	word(r.Count > 0, " count=%d", r.Count)
	word(r.For > 0, " for=%s", r.For)
	word(true, " scope=%s", r.Scope)
	word(r.Message != "", " message=%s", r.Message)
	return b.String()
}

// MarshalJSON writes the text form.
func (r Rule) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }

// UnmarshalJSON reads a rule as its text form in a string, or as an object with the same words.
func (r *Rule) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		var err error
		*r, err = Parse(text)
		return err
	}
	var words map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&words); err != nil {
		return err
	}
	target := func(key string) string {
		v, _ := words[key].(string)
		delete(words, key)
		return v
	}
	*r = Rule{P: 1}
	head := target("service") + ":" + target("operation")
	if resource := target("resource"); resource != "" {
		head += ":" + resource
	}
	if err := r.parseTarget(head); err != nil {
		return err
	}
	for key, v := range words {
		if err := r.set(key, fmt.Sprint(v)); err != nil {
			return err
		}
	}
	return r.check()
}
