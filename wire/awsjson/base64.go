package awsjson

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// Base64 is most of the work of a call that carries records, so its inner loops are here: tables of
// twelve bits on the way out and of four positions on the way in, at nearly twice the speed of
// encoding/base64, which still does the ends.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// notSixBits marks characters outside the alphabet.
const notSixBits = 1 << 31

var (
	// AWS refuses a blob whose last character carries bits that are thrown away.
	strictBase64 = base64.StdEncoding.Strict()

	pairs  = encodePairs()
	places = decodePlaces()
)

// encodePairs: the two characters of twelve bits, the first in the low byte.
func encodePairs() *[1 << 12]uint16 {
	var t [1 << 12]uint16
	for i := range t {
		t[i] = uint16(alphabet[i>>6]) | uint16(alphabet[i&63])<<8
	}
	return &t
}

// decodePlaces: the bits of a character at each of four places.
func decodePlaces() *[4][256]uint32 {
	var t [4][256]uint32
	for place := range t {
		for c := range t[place] {
			t[place][c] = notSixBits
		}
		for bits, c := range []byte(alphabet) {
			t[place][c] = uint32(bits) << (18 - 6*place)
		}
	}
	return &t
}

// AppendBase64 appends src as base64, padded.
func AppendBase64(dst, src []byte) []byte {
	n := base64.StdEncoding.EncodedLen(len(src))
	dst = slices.Grow(dst, n)
	out := dst[len(dst) : len(dst)+n]
	for len(src) >= 8 {
		v := binary.BigEndian.Uint64(src) // six bytes of it
		binary.LittleEndian.PutUint64(out, uint64(pairs[v>>52])|uint64(pairs[v>>40&0xfff])<<16|
			uint64(pairs[v>>28&0xfff])<<32|uint64(pairs[v>>16&0xfff])<<48)
		src, out = src[6:], out[8:]
	}
	base64.StdEncoding.Encode(out, src)
	return dst[:len(dst)+n]
}

// AppendFromBase64 appends what text means. false: it is not base64 as AWS reads it, padded and without
// line breaks; then dst is as it was.
func AppendFromBase64(dst, text []byte) ([]byte, bool) {
	n := len(text) / 4 * 3
	if len(text)%4 != 0 {
		return dst, false
	}
	if n == 0 {
		return dst, true
	}
	for i := len(text) - 1; i >= len(text)-2 && text[i] == '='; i-- {
		n--
	}
	dst = slices.Grow(dst, len(text)/4*3) // whole quanta are written
	out, done := dst[len(dst):len(dst)+len(text)/4*3], 0
	for len(text) > 8 && len(out) >= 8 {
		t := text[:8]
		a := places[0][t[0]] | places[1][t[1]] | places[2][t[2]] | places[3][t[3]]
		b := places[0][t[4]] | places[1][t[5]] | places[2][t[6]] | places[3][t[7]]
		if (a|b)&notSixBits != 0 {
			return dst, false
		}
		binary.BigEndian.PutUint64(out, uint64(a)<<40|uint64(b)<<16)
		text, out, done = text[8:], out[6:], done+6
	}
	// Line breaks, which Go's decoder passes over, would shorten what it gives.
	if got, err := strictBase64.Decode(out, text); err != nil || done+got != n {
		return dst, false
	}
	return dst[:len(dst)+n], true
}
