package wire

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant"
)

// Check holds an input against the constraints in its tags, as the wire would: for callers inside the
// house, whose inputs come from a user all the same. in is a pointer to a struct.
func Check(in any) error {
	var texts []string
	if v, ok := in.(Validator); ok {
		texts = v.Violations()
	} else {
		v := reflect.ValueOf(in).Elem()
		w := checker{}
		w.shape(checksOf(v.Type()), v)
		texts = w.texts
	}
	if len(texts) == 0 {
		return nil
	}
	texts = texts[:min(len(texts), maxViolations)]
	noun := " validation errors detected: "
	if len(texts) == 1 {
		noun = " validation error detected: "
	}
	return hydrant.Faultf("ValidationException", "%s", strconv.Itoa(len(texts))+noun+strings.Join(texts, "; "))
}
