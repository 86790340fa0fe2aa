package taxi

import (
	"fmt"

	"github.com/hydrant-stream/hydrant/taxi/internal/scan"
)

// Row turns a row of a file into a Trip: text per field in, the event's JSON out. It is reused from row to row.
type Row struct {
	text [Total + 1][]byte
}

// Reset forgets the fields of the last row.
func (r *Row) Reset() { r.text = [Total + 1][]byte{} }

// Set gives a field's text, surrounding spaces included; empty means absent. The text is not copied.
func (r *Row) Set(f Field, text []byte) { r.text[f] = trim(text) }

// Text is what Set was given, trimmed.
func (r *Row) Text(f Field) []byte { return r.text[f] }

// Trip renders the row into t, appending to t.Body[:0]. An error names the field and shows its text.
func (r *Row) Trip(t *Trip) error {
	t.OwnID = -1
	b := append(t.Body[:0], '{')
	for f := VendorID; f <= Total; f++ {
		text := r.text[f]
		if len(text) == 0 {
			if f == Pickup || f == Dropoff {
				return fmt.Errorf("%s is empty", f)
			}
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, fieldNames[f]...)
		b = append(b, '"', ':')
		switch f {
		case Pickup, Dropoff:
			ms, ok := ParseTime(text)
			if !ok {
				return fmt.Errorf("%s is not a time: %.40q", f, text)
			}
			if f == Dropoff {
				t.Dropoff = ms
			}
			b = append(b, '"')
			b = AppendTime(b, ms)
			b = append(b, '"')
		case VendorID, StoreAndFwd, Payment:
			b = appendString(b, text)
		default:
			var ok bool
			if b, ok = appendNumber(b, text); !ok {
				return fmt.Errorf("%s is not a number: %.40q", f, text)
			}
		}
	}
	t.Body = b
	return nil
}

// trim cuts the spaces that some years put around values and names.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// appendNumber keeps the spelling of a number that is legal JSON and mends what CSV allows beyond:
// a plus sign, leading zeros, no digit before or after the point.
func appendNumber(dst, text []byte) ([]byte, bool) {
	if scan.NumberLen(text) == len(text) {
		return append(dst, text...), true
	}
	if text[0] == '+' || text[0] == '-' {
		if text[0] == '-' {
			dst = append(dst, '-')
		}
		text = text[1:]
	}
	for len(text) > 1 && text[0] == '0' && '0' <= text[1] && text[1] <= '9' {
		text = text[1:]
	}
	if len(text) > 1 && text[0] == '.' {
		start := len(dst)
		dst = append(append(dst, '0'), text...)
		return dst, scan.NumberLen(dst[start:]) == len(dst)-start
	}
	if len(text) > 1 && text[len(text)-1] == '.' {
		text = text[:len(text)-1]
	}
	if len(text) == 0 || text[0] == '-' || scan.NumberLen(text) != len(text) {
		return dst, false
	}
	return append(dst, text...), true
}

// appendString quotes text. Bytes that are not UTF-8 become the replacement character.
func appendString(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		if c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			return append(appendEscaped(dst, string(text)), '"')
		}
	}
	dst = append(dst, text...)
	return append(dst, '"')
}

func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	for _, c := range s { // ranging a string replaces what is not UTF-8
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', byte(c))
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, string(c)...)
		}
	}
	return dst
}
