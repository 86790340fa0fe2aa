package awsjson

import (
	"bytes"
	"fmt"
	"strconv"
)

// mismatch is what AWS says of a value that is not a want ("a Blob", "an Integer"); the value stands
// at pos. A value that is not JSON at all is malformed instead.
func (d *decoder) mismatch(want string) error {
	e := &Error{Offset: d.pos}
	switch d.next() {
	case '[':
		e.Text = "Start of list found where not expected"
	case '{':
		e.Text = "Start of structure or map found where not expected."
	default:
		class, err := d.class()
		if err != nil {
			return err
		}
		e.Text = "class java.lang." + class + " can not be converted to " + want
	}
	return e
}

// class is the Java class a scalar has for AWS's parser.
func (d *decoder) class() (string, error) {
	switch d.next() {
	case '"':
		_, err := d.text()
		return "String", err
	case 't', 'f':
		return "Boolean", d.skip()
	}
	token, whole, err := d.number()
	if err != nil {
		return "", err
	}
	if !whole {
		return "Double", nil
	}
	n, err := strconv.ParseInt(string(token), 10, 64)
	switch {
	case err != nil:
		return "BigInteger", nil
	case n == int64(int16(n)):
		return "Short", nil
	case n == int64(int32(n)):
		return "Integer", nil
	default:
		return "Long", nil
	}
}

// expected is what AWS says where a list, map or structure should stand.
func (d *decoder) expected(text string) error {
	e := &Error{Offset: d.pos, Text: text}
	switch d.next() {
	case '[':
		e.Text = "Start of list found where not expected"
	case '{':
		e.Text = "Start of structure or map found where not expected."
	default:
		if _, err := d.class(); err != nil {
			return err
		}
	}
	return e
}

// badBase64 says what is wrong with a blob.
func badBase64(b []byte) string {
	why := "Invalid last non-pad Base64 character dectected" // AWS's spelling
	body := bytes.TrimRight(b, "=")
	if len(b)-len(body) > 2 {
		body = b[:len(b)-2]
	}
	if len(b)%4 != 0 {
		why = fmt.Sprintf("Base64 encoded length is expected a multiple of 4 bytes but found: %d", len(b))
	} else if at := bytes.IndexFunc(body, notBase64); at >= 0 {
		why = fmt.Sprintf("Invalid Base64 character: '%c'", body[at])
	}
	const most = 256 // a client that sent a megabyte knows which one
	if len(b) > most {
		b = append(bytes.Clone(b[:most]), "..."...)
	}
	return fmt.Sprintf("'%s' can not be converted to a Blob: %s", b, why)
}

func notBase64(r rune) bool {
	return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '+' || r == '/')
}
