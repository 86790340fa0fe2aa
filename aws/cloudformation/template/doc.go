// Package template is the language of CloudFormation templates: it parses them, binds their
// parameters and works out their functions. It does nothing and asks nobody: what a reference
// resolves to comes from the caller, through an Env.
//
// A template goes through three hands:
//
//	Parse    text (JSON or YAML) -> Template: sections in the order they were written, and every
//	         mistake that can be seen without values
//	Bind     Template + parameter values -> Env: which conditions hold, which resources are there
//	Resolve  Env + any part of the template -> plain values
//
// Values are trees of map[string]any, []any, string, bool, json.Number and nil. A function is a map
// of one member, {"Ref": "A"}, whichever way it was spelled. Errors are Error: AWS's own sentences,
// for a client to see.
package template

import "fmt"

// Error is a mistake in a template or in its parameters, worded as CloudFormation words it.
type Error struct{ Text string }

func (e *Error) Error() string { return e.Text }

// errorf is a mistake without a prefix of its own.
func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// formatErrorf is a mistake in the shape of a template.
func formatErrorf(format string, args ...any) error {
	return errorf("Template format error: "+format, args...)
}

// functionErrorf is a mistake in the use of a function.
func functionErrorf(format string, args ...any) error {
	return errorf("Template error: "+format, args...)
}

// Limits of a template, from the user guide's table of quotas.
const (
	MaxBodyBytes     = 51_200    // in a request
	MaxURLBytes      = 1_000_000 // fetched from S3
	maxResources     = 500
	maxParameters    = 200
	maxOutputs       = 200
	maxMappings      = 200
	maxAttributes    = 200 // of a mapping
	maxNameChars     = 255
	maxDescription   = 1_024 // bytes
	maxParameterSize = 4_096 // bytes of a value
	maxDepth         = 200   // of nesting; ours: AWS names no number
)
