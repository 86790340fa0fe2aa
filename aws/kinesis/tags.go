package kinesis

import (
	"maps"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/hydrant-stream/hydrant"
)

const maxTags = 50

// checkTags holds AWS's rules for the tags of a stream.
func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return hydrant.Faultf("InvalidArgumentException", "A resource can have at most %d tags.", maxTags)
	}
	for k, v := range tags {
		if n := utf8.RuneCountInString(k); n < 1 || n > 128 {
			return hydrant.Faultf("InvalidArgumentException", "Tag keys must have a length of 1 to 128 characters.")
		}
		if utf8.RuneCountInString(v) > 256 {
			return hydrant.Faultf("InvalidArgumentException", "Tag values must have a length of at most 256 characters.")
		}
		if !tagText(k) || !tagText(v) {
			return hydrant.Faultf("InvalidArgumentException", "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - %% @.")
		}
	}
	return nil
}

func tagText(s string) bool {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsSpace(r) {
			continue
		}
		switch r {
		case '_', '.', '/', '=', '+', '-', '%', '@', ':':
			continue
		}
		return false
	}
	return true
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
