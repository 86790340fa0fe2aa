package columnar

import (
	"bytes"
)

// instant is a time: days since 1970-01-01 and nanoseconds of the day, in UTC.
type instant struct {
	day   int64
	nanos uint64
}

const (
	julianEpoch = 2440588 // the Julian day of 1970-01-01
	dayNanos    = 86400 * 1_000_000_000
	// maxDay keeps a time within 64 bits of microseconds: what every reader can hold.
	maxDay = 106_751_990
)

// inRange reports whether INT96 and its readers can hold the time.
func (t instant) inRange() bool { return t.day <= maxDay && t.day >= -julianEpoch }

// instantAt is the time so many seconds and nanoseconds after the start of a day; both may be negative.
func instantAt(day, seconds, nanos int64) instant {
	if nanos < 0 {
		seconds, nanos = seconds-1, nanos+1_000_000_000
	}
	extra := seconds / 86400
	if seconds -= extra * 86400; seconds < 0 {
		seconds, extra = seconds+86400, extra-1
	}
	return instant{day + extra, uint64(seconds)*1_000_000_000 + uint64(nanos)}
}

// civilDay is the day of a date of the Gregorian calendar. Days beyond the month's end run over into
// the next. See Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
func civilDay(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	y := year - era*400
	return era*146097 + y*365 + y/4 - y/100 + (153*(month-3)+2)/5 + day - 1 - 719468
}

func daysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// pair reads two digits; the result is above 99 when they are none.
func pair(b []byte, i int) int64 {
	hi, lo := b[i]-'0', b[i+1]-'0'
	if hi > 9 || lo > 9 {
		return 1 << 20
	}
	return int64(hi)*10 + int64(lo)
}

// parseUTC reads "yyyy-MM-ddTHH:mm:ss[.f{1,9}]Z", strictly.
func parseUTC(s []byte) (t instant, ok bool) {
	if len(s) < 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[len(s)-1] != 'Z' {
		return t, false
	}
	year := pair(s, 0)*100 + pair(s, 2)
	month, day := pair(s, 5), pair(s, 8)
	hour, minute, second := pair(s, 11), pair(s, 14), pair(s, 17)
	if year > 9999 || month > 12 || month == 0 || day == 0 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return t, false
	}
	nanos := int64(0)
	if rest := s[19 : len(s)-1]; len(rest) > 0 {
		if nanos, ok = fraction(rest); !ok {
			return t, false
		}
	}
	seconds := hour*3600 + minute*60 + second
	return instant{civilDay(year, month, day), uint64(seconds)*1_000_000_000 + uint64(nanos)}, true
}

// fraction reads ".f{1,9}" as nanoseconds.
func fraction(s []byte) (nanos int64, ok bool) {
	if len(s) < 2 || len(s) > 10 || s[0] != '.' {
		return 0, false
	}
	for _, c := range s[1:] {
		if c-'0' > 9 {
			return 0, false
		}
		nanos = nanos*10 + int64(c-'0')
	}
	return nanos * int64(tens[10-len(s)]), true
}

// parseTimestamp reads the strict form with T and Z, or "yyyy-M-d H:m:s[.f{1,9}]" as
// java.sql.Timestamp.valueOf does: white space around it is ignored, and numbers that are too great
// run over into the next unit, but for the month and the day.
func parseTimestamp(s []byte) (instant, bool) {
	if t, ok := parseUTC(s); ok {
		return t, true
	}
	s = bytes.TrimSpace(s)
	space := bytes.IndexByte(s, ' ')
	if space < 0 {
		return instant{}, false
	}
	day, ok := parseDate(s[:space])
	if !ok {
		return instant{}, false
	}
	s = s[space+1:]
	nanos := int64(0)
	if dot := bytes.IndexByte(s, '.'); dot >= 0 {
		if nanos, ok = fraction(s[dot:]); !ok {
			return instant{}, false
		}
		s = s[:dot]
	}
	var parts [3]int64
	for i := range parts {
		n := 0
		for n < len(s) && n < 2 && s[n]-'0' <= 9 {
			parts[i] = parts[i]*10 + int64(s[n]-'0')
			n++
		}
		if n == 0 || i < 2 && (n == len(s) || s[n] != ':') || i == 2 && n != len(s) {
			return instant{}, false
		}
		if i < 2 {
			n++
		}
		s = s[n:]
	}
	return instantAt(day, parts[0]*3600+parts[1]*60+parts[2], nanos), true
}

// parseDate reads "yyyy-M-d" as java.sql.Date.valueOf does: the 31st of a shorter month runs over.
func parseDate(s []byte) (day int64, ok bool) {
	s = bytes.TrimSpace(s)
	if len(s) < 8 || len(s) > 10 || s[4] != '-' {
		return 0, false
	}
	year := pair(s, 0)*100 + pair(s, 2)
	month, rest, ok := oneOrTwo(s[5:])
	if !ok || len(rest) < 2 || rest[0] != '-' || year > 9999 {
		return 0, false
	}
	date, rest, ok := oneOrTwo(rest[1:])
	if !ok || len(rest) > 0 || month < 1 || month > 12 || date < 1 || date > 31 {
		return 0, false
	}
	return civilDay(year, month, date), true
}

func oneOrTwo(s []byte) (v int64, rest []byte, ok bool) {
	n := 0
	for n < len(s) && n < 2 && s[n]-'0' <= 9 {
		v = v*10 + int64(s[n]-'0')
		n++
	}
	return v, s[n:], n > 0
}

// parseEpochText reads a number in a string, by JSON's grammar.
func parseEpochText(s []byte) (instant, bool) {
	s = bytes.TrimSpace(s)
	if len(s) == 0 || s[0] != '-' && s[0]-'0' > 9 {
		return instant{}, false
	}
	var w Writer // only for the place of an error, which nobody asks for
	n := w.number(s, 0)
	if n.end != len(s) {
		return instant{}, false
	}
	return n.epoch()
}

// epoch is the number as a time: seconds since 1970 with their fraction where it is below 1e12,
// and milliseconds from there on. Digits below a nanosecond are dropped.
func (n *number) epoch() (t instant, ok bool) {
	whole, part := n.mant, uint64(0) // part is in units of 1e-19
	switch {
	case n.exp < -19 || n.exp < 0 && n.mant == 0:
		whole = 0
	case n.exp < 0:
		div := tens[-n.exp]
		part = n.mant % div * tens[19+n.exp]
		whole = n.mant / div
	case n.exp > 0 && n.mant > 0:
		if n.exp > 18 || n.mant > 1<<62/tens[n.exp] {
			return t, false
		}
		whole *= tens[n.exp]
	}
	if whole > 1<<62 {
		return t, false
	}
	v, nanos := int64(whole), int64(part/tens[10])
	if v >= 1e12 {
		v, nanos = v/1000, v%1000*1_000_000+int64(part/tens[13])
	}
	if n.neg {
		v, nanos = -v, -nanos
	}
	return instantAt(0, v, nanos), true
}
