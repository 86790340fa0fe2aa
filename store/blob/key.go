package blob

import "unicode/utf8"

// MaxKey is the length of the longest key, in bytes.
const MaxKey = 1024

// CheckKey returns ErrBadKey for a key no store takes.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKey || !utf8.ValidString(key) {
		return ErrBadKey
	}
	return nil
}

// Clip is the part of size bytes that r names: r itself where it lies inside, all of it for nil.
func (r *Range) Clip(size int64) Range {
	if r == nil {
		return Range{Length: size}
	}
	off := min(max(r.Offset, 0), size)
	n := size - off
	if r.Length >= 0 {
		n = min(n, r.Length)
	}
	return Range{Offset: off, Length: n}
}
