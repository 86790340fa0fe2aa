package prefix

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Pattern is a parsed pattern of Java's DateTimeFormatter, locale en-US.
//
// Understood are the letters Firehose's own check lets through that print a date, a time or a zone:
// G u y D M L d Q q Y w W E e c F a H k K h m s S A n N z O X x Z. Text in single quotes is
// literal, ” is a quote; [ and ] mark optional sections, which always print.
type Pattern struct {
	fields []field
}

// field is a run of one letter, or literal text where letter is 0.
type field struct {
	letter  byte
	width   int
	literal string
}

var errPattern = errors.New("pattern")

// widest is how often a letter may be repeated, as DateTimeFormatterBuilder decides.
var widest = map[byte]int{
	'G': 5, 'u': 19, 'y': 19, 'D': 3, 'M': 5, 'L': 5, 'd': 2, 'Q': 5, 'q': 5, 'Y': 19, 'w': 2, 'W': 1,
	'E': 5, 'e': 5, 'c': 5, 'F': 1, 'a': 1, 'H': 2, 'k': 2, 'K': 2, 'h': 2, 'm': 2, 's': 2,
	'S': 9, 'A': 19, 'n': 19, 'N': 19, 'z': 4, 'O': 4, 'X': 5, 'x': 5, 'Z': 5,
}

// ParsePattern takes a pattern apart; an error says only that it is not one.
func ParsePattern(s string) (Pattern, error) {
	var p Pattern
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case isLetter(c):
			n := 1
			for i+n < len(s) && s[i+n] == c {
				n++
			}
			bad := n > widest[c] || c == 'O' && n != 1 && n != 4 || c == 'c' && n == 2
			if bad {
				return Pattern{}, errPattern
			}
			p.fields = append(p.fields, field{letter: c, width: n})
			i += n
		case c == '\'':
			text, n, ok := quoted(s[i:])
			if !ok {
				return Pattern{}, errPattern
			}
			p.fields = append(p.fields, field{literal: text})
			i += n
		case c == '{' || c == '}' || c == '#':
			return Pattern{}, errPattern // reserved
		case c == '[' || c == ']':
			i++
		default:
			p.fields = append(p.fields, field{literal: s[i : i+1]})
			i++
		}
	}
	return p, nil
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// quoted reads 'text' at the start of s; n is its length with the quotes.
func quoted(s string) (text string, n int, ok bool) {
	if len(s) > 1 && s[1] == '\'' {
		return "'", 2, true
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			text += s[i : i+1]
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			text += "'"
			i++
			continue
		}
		return text, i + 1, true
	}
	return "", 0, false
}

// Append prints t, in its own location, by the pattern.
func (p Pattern) Append(b []byte, t time.Time) []byte {
	for _, f := range p.fields {
		if f.letter == 0 {
			b = append(b, f.literal...)
			continue
		}
		b = f.append(b, t)
	}
	return b
}

func (f field) append(b []byte, t time.Time) []byte {
	w := f.width
	switch f.letter {
	case 'G':
		return append(b, text(w, "AD", "Anno Domini", "A")...)
	case 'u', 'y':
		return year(b, t.Year(), w)
	case 'Y':
		y, _ := week(t)
		return year(b, y, w)
	case 'w':
		_, n := week(t)
		return digits(b, n, w)
	case 'W':
		return digits(b, weekOf(t.Day(), t.AddDate(0, 0, 1-t.Day()).Weekday()), w)
	case 'D':
		return digits(b, t.YearDay(), w)
	case 'M', 'L':
		if w <= 2 {
			return digits(b, int(t.Month()), w)
		}
		name := t.Month().String()
		return append(b, text(w, name[:3], name, name[:1])...)
	case 'Q', 'q':
		return quarter(b, (int(t.Month())-1)/3+1, w)
	case 'd':
		return digits(b, t.Day(), w)
	case 'E':
		return weekday(b, t, w)
	case 'e', 'c':
		if w <= 2 {
			return digits(b, int(t.Weekday())+1, w)
		}
		return weekday(b, t, w)
	case 'F':
		return digits(b, (t.Day()-1)%7+1, w)
	case 'z', 'O', 'X', 'x', 'Z':
		return f.zone(b, t)
	default:
		return f.clock(b, t)
	}
}

func (f field) clock(b []byte, t time.Time) []byte {
	w := f.width
	switch f.letter {
	case 'a':
		return t.AppendFormat(b, "PM")
	case 'H':
		return digits(b, t.Hour(), w)
	case 'k':
		return digits(b, (t.Hour()+23)%24+1, w)
	case 'K':
		return digits(b, t.Hour()%12, w)
	case 'h':
		return digits(b, (t.Hour()+11)%12+1, w)
	case 'm':
		return digits(b, t.Minute(), w)
	case 's':
		return digits(b, t.Second(), w)
	case 'S':
		return append(b, fmt.Sprintf("%09d", t.Nanosecond())[:w]...)
	case 'n':
		return digits(b, t.Nanosecond(), w)
	}
	day := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute +
		time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
	if f.letter == 'A' {
		day /= 1e6
	}
	return digits(b, int(day), w)
}

// digits prints n with at least w digits.
func digits(b []byte, n, w int) []byte {
	s := strconv.Itoa(n)
	for i := len(s); i < w; i++ {
		b = append(b, '0')
	}
	return append(b, s...)
}

// year prints two digits for width two, else the whole year; beyond four digits Java puts a sign
// before a year wider than its field.
func year(b []byte, y, w int) []byte {
	if w == 2 {
		return digits(b, y%100, 2)
	}
	if w >= 4 && y >= 10000 && len(strconv.Itoa(y)) > w {
		b = append(b, '+')
	}
	return digits(b, y, w)
}

// week is the week-based year and its week as the United States count: weeks begin on Sunday, and
// the first one is that of January 1st.
func week(t time.Time) (y, n int) {
	y = t.Year()
	jan1 := time.Date(y, 1, 1, 0, 0, 0, 0, t.Location())
	next := time.Date(y+1, 1, 1, 0, 0, 0, 0, t.Location())
	if left := next.YearDay() - 1 + daysIn(y) - t.YearDay(); left < int(next.Weekday()) {
		return y + 1, 1
	}
	return y, weekOf(t.YearDay(), jan1.Weekday())
}

func daysIn(year int) int { return time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC).YearDay() }

// weekOf is the week a day falls in, the first of the period being a given weekday.
func weekOf(day int, first time.Weekday) int { return (day-1+int(first))/7 + 1 }

func quarter(b []byte, q, w int) []byte {
	n := strconv.Itoa(q)
	if w <= 2 {
		return digits(b, q, w)
	}
	return append(b, text(w, "Q"+n, n+[...]string{"", "st", "nd", "rd", "th"}[q]+" quarter", n)...)
}

func weekday(b []byte, t time.Time, w int) []byte {
	name := t.Weekday().String()
	return append(b, text(max(w, 3), name[:3], name, name[:1])...)
}

// text picks the form Java has for a width: up to three letters short, four full, five narrow.
func text(width int, short, full, narrow string) string {
	switch width {
	case 4:
		return full
	case 5:
		return narrow
	default:
		return short
	}
}

func (f field) zone(b []byte, t time.Time) []byte {
	w := f.width
	if f.letter == 'z' {
		name, _ := t.Zone()
		if w == 4 && name == "UTC" {
			name = "Coordinated Universal Time"
		}
		return append(b, name...)
	}
	_, off := t.Zone()
	sign := byte('+')
	if off < 0 {
		sign, off = '-', -off
	}
	h, m := off/3600, off/60%60
	switch f.letter {
	case 'O':
		return localizedOffset(b, w, sign, h, m)
	case 'X':
		if off == 0 {
			return append(b, 'Z')
		}
	case 'Z':
		switch w {
		case 4:
			return localizedOffset(b, w, sign, h, m)
		case 5:
			if off == 0 {
				return append(b, 'Z')
			}
			return offset(b, sign, h, m, true, ":")
		}
		return offset(b, sign, h, m, true, "")
	}
	sep := ""
	if w == 3 || w == 5 {
		sep = ":"
	}
	return offset(b, sign, h, m, w > 1, sep)
}

func offset(b []byte, sign byte, h, m int, minutes bool, sep string) []byte {
	b = digits(append(b, sign), h, 2)
	if minutes || m != 0 {
		b = digits(append(b, sep...), m, 2)
	}
	return b
}

func localizedOffset(b []byte, w int, sign byte, h, m int) []byte {
	b = append(b, "GMT"...)
	if h == 0 && m == 0 {
		return b
	}
	b = append(b, sign)
	if w == 4 {
		return digits(append(digits(b, h, 2), ':'), m, 2)
	}
	b = digits(b, h, 1)
	if m != 0 {
		b = digits(append(b, ':'), m, 2)
	}
	return b
}
