package kinesis

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/hydrant-stream/hydrant"
)

const maxTags = 50

// checkTags holds AWS's rules for tags added to a stream, or to a consumer of it, that has all then. The wire has
// seen to lengths.
func checkTags(stream string, scope hydrant.Scope, tags, all map[string]string) error {
	if len(all) > maxTags {
		return hydrant.Faultf("InvalidArgumentException", "Failed to add tags to stream %s under account %s because a given stream cannot have more than %d tags associated with it.", stream, scope.Account, maxTags)
	}
	return checkTagTexts("add tags to", stream, scope, slices.Concat(slices.Collect(maps.Keys(tags)), slices.Collect(maps.Values(tags))))
}

// checkTagTexts refuses characters in two steps, as AWS does: a percent sign passes the first.
func checkTagTexts(what, stream string, scope hydrant.Scope, texts []string) error {
	percent := false
	for _, s := range texts {
		if strings.ContainsFunc(s, func(r rune) bool { return !tagRune(r) }) {
			return hydrant.Faultf("InvalidArgumentException", "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - %% @ :.")
		}
		percent = percent || strings.Contains(s, "%")
	}
	if percent {
		return hydrant.Faultf("InvalidArgumentException", "Failed to %s stream %s under account %s because some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@',':'.", what, stream, scope.Account)
	}
	return nil
}

func tagRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Zs, r) || strings.ContainsRune("_./=+-%@:", r)
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
