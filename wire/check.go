package wire

import "reflect"

// Check holds an input against the constraints in its tags, as the wire would: for callers inside the
// house, whose inputs come from a user all the same. in is a pointer to a struct.
func Check(in any) error {
	v := reflect.ValueOf(in).Elem()
	w := checker{}
	w.shape(checksOf(v.Type()), v)
	return violations("ValidationException", w.texts)
}
