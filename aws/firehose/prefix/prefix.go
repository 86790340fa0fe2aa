// Package prefix evaluates the object key prefixes of a delivery stream.
//
// A prefix is literal text with expressions in it: !{namespace:value}. The grammar and the texts of
// its faults are those of Data Firehose's "custom prefixes"; a timestamp's value is a pattern of
// Java's DateTimeFormatter (time.go), taken at its word: YYYY is the week's year, mm the minute.
package prefix

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxEvaluated bounds an evaluated prefix, in bytes, before the default time path is appended.
const maxEvaluated = 512

// Kind says which of the two prefixes a text is: some expressions fit only one.
type Kind int

const (
	Data  Kind = iota // Prefix
	Error             // ErrorOutputPrefix
)

func (k Kind) String() string {
	if k == Error {
		return "ErrorOutputPrefix"
	}
	return "Prefix"
}

// Prefix is a parsed prefix. The zero value is the empty one.
type Prefix struct {
	parts []part
}

// part is literal text, or an expression where namespace is set.
type part struct {
	namespace string // "timestamp", "firehose", "partitionKeyFromQuery", "partitionKeyFromLambda"
	text      string // the literal, or the value right of the colon
	pattern   Pattern
}

const (
	nsTimestamp = "timestamp"
	nsFirehose  = "firehose"
	nsQuery     = "partitionKeyFromQuery"
	nsLambda    = "partitionKeyFromLambda"

	randomString = "random-string"
	errorType    = "error-output-type"
)

// Parse takes a prefix apart. Its errors are AWS's texts.
func Parse(kind Kind, s string) (Prefix, error) {
	var p Prefix
	for s != "" {
		i := strings.Index(s, "!{")
		if i < 0 {
			p.parts = append(p.parts, part{text: s})
			break
		}
		if i > 0 {
			p.parts = append(p.parts, part{text: s[:i]})
		}
		body, rest, closed := strings.Cut(s[i+2:], "}")
		namespace, value, colon := strings.Cut(body, ":")
		if !closed || !colon || strings.Contains(body, "!{") {
			return Prefix{}, errors.New("Invalid expression usage")
		}
		e, err := expression(kind, namespace, value)
		if err != nil {
			return Prefix{}, err
		}
		p.parts = append(p.parts, e)
		s = rest
	}
	return p, nil
}

func expression(kind Kind, namespace, value string) (part, error) {
	e := part{namespace: namespace, text: value}
	badValue := fmt.Errorf("Invalid conversion character used in the value of the expression in %s", kind)
	switch namespace {
	case nsTimestamp:
		pattern, err := ParsePattern(value)
		if err != nil || value == "" {
			return e, badValue
		}
		e.pattern = pattern
	case nsFirehose:
		switch value {
		case randomString:
		case errorType:
			if kind == Data {
				return e, errors.New("Prefix must not contain any occurrence of !{firehose:error-output-type}")
			}
		default:
			return e, badValue
		}
	case nsQuery, nsLambda:
		if kind == Error {
			return e, errors.New("Dynamic Partitioning Namespaces can't be part of an error prefix expression")
		}
		if value == "" {
			return e, badValue
		}
	default:
		return e, fmt.Errorf("Namespace to the left of colon (%s) is an invalid keyword!", namespace)
	}
	return e, nil
}

// Check parses both prefixes and holds them against each other, as CreateDeliveryStream does.
// errorSet tells an ErrorOutputPrefix that was given from one that was not.
func Check(data, errorOutput string, at time.Time) error {
	p, err := Parse(Data, data)
	if err != nil {
		return err
	}
	e, err := Parse(Error, errorOutput)
	if err != nil {
		return err
	}
	switch {
	case p.Dynamic() && errorOutput == "":
		return errors.New("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions")
	case e.Dynamic() && !e.has(nsFirehose, errorType):
		return errors.New("ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}")
	case len(p.eval(Vars{Time: at, Random: sample})) > maxEvaluated:
		return errors.New("Length of evaluated prefix cannot be greater than 512")
	case len(e.eval(Vars{Time: at, Random: sample, ErrorType: "processing-failed"})) > maxEvaluated:
		return errors.New("Length of evaluated ErrorOutputPrefix cannot be greater than 512")
	}
	return nil
}

func sample() string { return "aaaaaaaaaaa" }

// Dynamic reports whether the prefix holds an expression.
func (p Prefix) Dynamic() bool {
	for _, e := range p.parts {
		if e.namespace != "" {
			return true
		}
	}
	return false
}

// PartitionKeys lists the keys the prefix asks of dynamic partitioning, by source, in order of appearance.
func (p Prefix) PartitionKeys() (query, lambda []string) {
	for _, e := range p.parts {
		switch e.namespace {
		case nsQuery:
			query = append(query, e.text)
		case nsLambda:
			lambda = append(lambda, e.text)
		}
	}
	return query, lambda
}

func (p Prefix) has(namespace, value string) bool {
	for _, e := range p.parts {
		if e.namespace == namespace && e.text == value {
			return true
		}
	}
	return false
}

// Vars are what expressions stand for in one object.
type Vars struct {
	// Time is the arrival of the oldest record, in the zone to print it in.
	Time time.Time
	// Random makes 11 characters, fresh for every occurrence.
	Random func() string
	// ErrorType is the kind of error object: "format-conversion-failed", ….
	ErrorType string
	// Query and Lambda are the partition keys of the object.
	Query, Lambda map[string]string
}

func (p Prefix) eval(v Vars) string {
	var b []byte
	at := v.Time.Truncate(time.Second) // AWS prints zeros for any fraction
	for _, e := range p.parts {
		switch e.namespace {
		case "":
			b = append(b, e.text...)
		case nsTimestamp:
			b = e.pattern.Append(b, at)
		case nsFirehose:
			if e.text == errorType {
				b = append(b, v.ErrorType...)
			} else {
				b = append(b, v.Random()...)
			}
		case nsQuery:
			b = append(b, v.Query[e.text]...)
		case nsLambda:
			b = append(b, v.Lambda[e.text]...)
		}
	}
	return string(b)
}

// defaultPath is appended to a prefix without expressions.
const defaultPath = "2006/01/02/15/"

// DataKeyPrefix is what stands before the name of a data object. A prefix without any expression,
// the empty one too, gets the hour's path appended, no slash between.
func (p Prefix) DataKeyPrefix(v Vars) string {
	s := p.eval(v)
	if !p.Dynamic() {
		s += v.Time.Format(defaultPath)
	}
	return s
}

// ErrorKeyPrefix is what stands before the name of an error object. errorOutput without expressions
// is followed by the error type and the hour's path; where it is empty, they follow the data prefix,
// which then holds no expressions either.
func ErrorKeyPrefix(data, errorOutput Prefix, v Vars) string {
	p := errorOutput
	if len(p.parts) == 0 {
		p = data
	}
	s := p.eval(v)
	if !p.Dynamic() {
		s += v.ErrorType + "/" + v.Time.Format(defaultPath)
	}
	return s
}
