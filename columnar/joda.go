package columnar

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// timeParser reads timestamps by Joda patterns, in the order given, as Hive's TimestampParser does; what
// none of them reads is tried as java.sql.Timestamp.valueOf.
type timeParser struct {
	patterns [][]timeField
	millis   bool
}

// timeField is a run of one pattern letter, or literal text where letter is 0.
type timeField struct {
	letter  byte
	count   int
	literal string
	packed  bool // a number follows at once, so the year must not take its digits
}

// timeLetters are Joda's, but for centuries, week years and names of zones.
const timeLetters = "yYMdDEeahHkKmsSZ"

// FormatError says that a timestamp format of the Hive SerDe is no pattern. Its text is AWS's; the reason
// is wrapped.
type FormatError struct {
	Formats []string
	Err     error
}

func (e *FormatError) Error() string {
	return "One or more SerDe options are invalid for org.apache.hcatalog.data.JsonSerDe: [Key: timestamp.formats Value: " +
		strings.Join(e.Formats, ",") + "]"
}

func (e *FormatError) Unwrap() error { return e.Err }

// Check answers a *FormatError where a format is neither "millis" nor a pattern that is understood.
func (h *Hive) Check() error {
	_, err := newTimeParser(h.TimestampFormats)
	return err
}

func newTimeParser(formats []string) (*timeParser, error) {
	p := &timeParser{}
	for _, format := range formats {
		if format == "millis" {
			p.millis = true
			continue
		}
		fields, err := compilePattern(format)
		if err != nil {
			return nil, &FormatError{formats, err}
		}
		p.patterns = append(p.patterns, fields)
	}
	return p, nil
}

func compilePattern(format string) (fields []timeField, err error) {
	text := func(s string) {
		if last := len(fields) - 1; last >= 0 && fields[last].letter == 0 {
			fields[last].literal += s
		} else {
			fields = append(fields, timeField{literal: s})
		}
	}
	for i := 0; i < len(format); {
		c := format[i]
		switch {
		case c == '\'':
			end := strings.IndexByte(format[i+1:], '\'')
			if end < 0 {
				return nil, fmt.Errorf("a quote without its end in %q", format)
			}
			if end == 0 {
				text("'")
			} else {
				text(format[i+1 : i+1+end])
			}
			i += end + 2
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			n := 1
			for i+n < len(format) && format[i+n] == c {
				n++
			}
			if strings.IndexByte(timeLetters, c) < 0 || c == 'Z' && n > 2 {
				return nil, fmt.Errorf("unsupported pattern component %q in %q", format[i:i+n], format)
			}
			if last := len(fields) - 1; last >= 0 && strings.IndexByte("EaZ", c) < 0 && !(c == 'M' && n > 2) {
				fields[last].packed = fields[last].letter != 0
			}
			fields = append(fields, timeField{letter: c, count: n})
			i += n
		default:
			text(format[i : i+1])
			i++
		}
	}
	if len(fields) == 0 {
		return nil, fmt.Errorf("an empty pattern")
	}
	return fields, nil
}

func (p *timeParser) parse(text []byte) (instant, bool) {
	for _, fields := range p.patterns {
		if t, ok := parsePattern(fields, text); ok {
			return t, true
		}
	}
	if p.millis {
		if v, ok := parseInteger(text, 64); ok {
			return instantAt(0, v/1000, v%1000*1_000_000), true
		}
	}
	return parseTimestamp(text)
}

// parsed collects the fields of a time. What a pattern does not name is that of 1970-01-01T00:00.
type parsed struct {
	year, month, day, dayOfYear int64
	hour, half, minute, second  int64 // half: 12 in the afternoon, of an hour of 12
	nanos, offset               int64
}

func parsePattern(fields []timeField, s []byte) (t instant, ok bool) {
	v := parsed{year: 1970, month: 1, day: 1}
	for _, f := range fields {
		if s, ok = v.field(f, s); !ok {
			return t, false
		}
	}
	if len(s) > 0 || v.month < 1 || v.month > 12 || v.day < 1 || v.day > daysIn(v.year, v.month) ||
		v.hour > 23 || v.minute > 59 || v.second > 59 || v.dayOfYear > 366 {
		return t, false
	}
	day := civilDay(v.year, v.month, v.day)
	if v.dayOfYear > 0 {
		day = civilDay(v.year, 1, v.dayOfYear)
	}
	return instantAt(day, (v.hour+v.half)*3600+v.minute*60+v.second-v.offset, v.nanos), true
}

// field reads one field of a pattern, and returns what is left.
func (v *parsed) field(f timeField, s []byte) ([]byte, bool) {
	switch f.letter {
	case 0:
		if len(s) < len(f.literal) || !strings.EqualFold(string(s[:len(f.literal)]), f.literal) {
			return s, false
		}
		return s[len(f.literal):], true
	case 'y', 'Y':
		return v.readYear(f, s)
	case 'M':
		if f.count > 2 {
			return readName(s, 12, func(i int) string { return time.Month(i + 1).String() }, &v.month)
		}
		return readDigits(s, 2, &v.month)
	case 'E':
		var ignored int64
		return readName(s, 7, func(i int) string { return time.Weekday(i).String() }, &ignored)
	case 'e':
		var ignored int64
		return readDigits(s, 1, &ignored)
	case 'a':
		if len(s) < 2 || s[1]|0x20 != 'm' || s[0]|0x20 != 'a' && s[0]|0x20 != 'p' {
			return s, false
		}
		if s[0]|0x20 == 'p' {
			v.half = 12
		}
		return s[2:], true
	case 'd':
		return readDigits(s, 2, &v.day)
	case 'D':
		return readDigits(s, 3, &v.dayOfYear)
	case 'H':
		return readDigits(s, 2, &v.hour)
	case 'k': // 1 to 24
		s, ok := readDigits(s, 2, &v.hour)
		if v.hour == 24 {
			v.hour = 0
		}
		return s, ok
	case 'K': // 0 to 11
		s, ok := readDigits(s, 2, &v.hour)
		return s, ok && v.hour < 12
	case 'h': // 1 to 12
		s, ok := readDigits(s, 2, &v.hour)
		ok = ok && v.hour >= 1 && v.hour <= 12
		v.hour %= 12
		return s, ok
	case 'm':
		return readDigits(s, 2, &v.minute)
	case 's':
		return readDigits(s, 2, &v.second)
	case 'S':
		return v.readFraction(f, s)
	default:
		return v.readOffset(s)
	}
}

// readYear: two letters read two digits as a year between 1950 and 2049. Joda's window moves with the
// clock; ours does not, so that the same records give the same bytes.
func (v *parsed) readYear(f timeField, s []byte) ([]byte, bool) {
	neg := len(s) > 0 && s[0] == '-'
	if neg {
		s = s[1:]
	}
	most := 9
	if f.packed {
		most = f.count
	}
	before := len(s)
	s, ok := readDigits(s, most, &v.year)
	if f.count == 2 && before-len(s) == 2 && !neg {
		if v.year += 1900; v.year < 1950 {
			v.year += 100
		}
	}
	if neg {
		v.year = -v.year
	}
	return s, ok && v.year < 300_000 && v.year > -5_000
}

// readFraction reads a fraction of a second, up to nine digits where no number follows.
func (v *parsed) readFraction(f timeField, s []byte) ([]byte, bool) {
	most := 9
	if f.packed {
		most = min(f.count, 9)
	}
	before := len(s)
	s, ok := readDigits(s, most, &v.nanos)
	v.nanos *= int64(tens[9-(before-len(s))])
	return s, ok
}

// readOffset reads Z, +hh, +hhmm or +hh:mm.
func (v *parsed) readOffset(s []byte) ([]byte, bool) {
	if len(s) > 0 && s[0]|0x20 == 'z' {
		return s[1:], true
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return s, false
	}
	hours, minutes, rest := pair(s, 1), int64(0), s[3:]
	if colon := bytes.TrimPrefix(rest, []byte(":")); len(colon) >= 2 {
		minutes, rest = pair(colon, 0), colon[2:]
	}
	if hours > 23 || minutes > 59 {
		return s, false
	}
	if v.offset = hours*3600 + minutes*60; s[0] == '-' {
		v.offset = -v.offset
	}
	return rest, true
}

// readDigits reads up to most digits, at least one.
func readDigits(s []byte, most int, v *int64) ([]byte, bool) {
	n := 0
	for *v = 0; n < len(s) && n < most && s[n]-'0' <= 9; n++ {
		*v = *v*10 + int64(s[n]-'0')
	}
	return s[n:], n > 0
}

// readName reads an English name, whole or by its first three letters, whatever its case; v is its place
// from 1.
func readName(s []byte, count int, of func(int) string, v *int64) ([]byte, bool) {
	for i := range count {
		for _, want := range []string{of(i), of(i)[:3]} {
			if len(s) >= len(want) && strings.EqualFold(string(s[:len(want)]), want) {
				*v = int64(i + 1)
				return s[len(want):], true
			}
		}
	}
	return s, false
}
