package dir

import (
	"strings"
	"unicode/utf8"
)

// How a key becomes a path
//
// The segments of a key between its slashes are the names on disk, unchanged, wherever a file
// system allows it: "year=2016/month=01/x.parquet" is that path. What it does not allow is spelled
// with a percent sign, in a way that can be read back and that no other key shares:
//
//	""      %-       an empty segment: the start of "/a", the middle of "a//b", the end of "a/"
//	.  ..   %.  %..  as a whole segment
//	U+0001  %01      a control character (00-1F, 7F), two upper-case hex digits
//	%       %25      only where it would otherwise read as one of these spellings; "100%" stays
//	long    x%+/y    a segment above 253 bytes continues in a folder whose name ends in %+
//	"a"     a%=      an object whose own name is taken by a folder, because "a/b" is there too
//
// On a file system that takes "A" for "a" (macOS), upper-case letters and all beyond ASCII are
// spelled in hex as well. A file whose name is no spelling of any key is not an object.

const (
	pieceMax  = 253 // longest piece of a segment: 255 bytes less a two-byte ending
	continued = "%+"
	beside    = "%="
)

// spelling turns segments into names. fold: the file system does not tell "A" from "a".
type spelling struct{ fold bool }

// path is where an object is: the folder's path in its bucket ("" is the bucket's own) and the file's name in it.
func (sp spelling) path(key string) (folder, name string) {
	var b strings.Builder
	segs := strings.Split(key, "/")
	for i, seg := range segs {
		pieces := sp.segment(seg)
		for _, p := range pieces[:len(pieces)-1] {
			b.WriteString(p + continued + "/")
		}
		name = pieces[len(pieces)-1]
		if i < len(segs)-1 {
			b.WriteString(name + "/")
		}
	}
	return strings.TrimSuffix(b.String(), "/"), name
}

// segment spells one segment, in pieces short enough for a name each.
func (sp spelling) segment(seg string) []string {
	s := sp.encode(seg)
	var pieces []string
	for len(s) > pieceMax {
		n := pieceMax
		for !cuts(s, n) {
			n--
		}
		pieces = append(pieces, s[:n])
		s = s[n:]
	}
	return append(pieces, s)
}

// cuts reports whether s may be cut at n: not inside a character or a spelling, and not so that
// what is left means something to the file system.
func cuts(s string, n int) bool {
	return utf8.RuneStart(s[n]) && s[n-1] != '%' && s[n-2] != '%' && s[n:] != "." && s[n:] != ".."
}

func (sp spelling) encode(seg string) string {
	switch seg {
	case "":
		return "%-"
	case ".", "..":
		return "%" + seg
	}
	plain := true
	for i := 0; i < len(seg) && plain; i++ {
		plain = seg[i] != '%' && !sp.hidden(seg[i])
	}
	if plain {
		return seg
	}
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(seg)+16)
	for i := 0; i < len(seg); i++ {
		c := seg[i]
		if sp.hidden(c) || c == '%' && sp.special(seg[i+1:]) {
			b = append(b, '%', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

// decode reads a spelled segment. ok is false for a name that spells none.
func (sp spelling) decode(name string) (seg string, ok bool) {
	switch name {
	case "%-":
		return "", true
	case "%.", "%..":
		return name[1:], true
	case "", ".", "..":
		return "", false
	}
	if strings.IndexByte(name, '%') < 0 && !sp.fold {
		return name, utf8.ValidString(name) && sp.encode(name) == name
	}
	b := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		if name[i] == '%' {
			if c, ok := sp.escape(name[i+1:]); ok {
				b = append(b, c)
				i += 2
				continue
			}
		}
		b = append(b, name[i])
	}
	seg = string(b)
	return seg, utf8.ValidString(seg) && sp.encode(seg) == name
}

// special reports whether a percent sign followed by rest would read as a spelling.
func (sp spelling) special(rest string) bool {
	if rest != "" && strings.IndexByte("-.+=", rest[0]) >= 0 {
		return true
	}
	_, ok := sp.escape(rest)
	return ok
}

// escape reads the two hex digits of a byte that is spelled so.
func (sp spelling) escape(rest string) (byte, bool) {
	if len(rest) < 2 {
		return 0, false
	}
	hi, ok1 := unhex(rest[0])
	lo, ok2 := unhex(rest[1])
	c := hi<<4 | lo
	return c, ok1 && ok2 && (c == '%' || sp.hidden(c))
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// hidden reports whether a byte is always spelled in hex.
func (sp spelling) hidden(c byte) bool {
	return c < 0x20 || c == 0x7F || sp.fold && (c >= 0x80 || c >= 'A' && c <= 'Z')
}

// spells reports whether a segment's pieces are these: all but the last put together, and the last.
func (sp spelling) spells(seg, before, last string) bool {
	pieces := sp.segment(seg)
	n := len(pieces) - 1
	return pieces[n] == last && strings.Join(pieces[:n], "") == before
}
