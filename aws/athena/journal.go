package athena

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// key names an entry of the journal: athena/<account>/<region>/<kind>/<names…>. Names are path-escaped.
func key(s hydrant.Scope, kind string, names ...string) string {
	k := "athena/" + s.String() + "/" + kind
	for _, n := range names {
		k += "/" + url.PathEscape(n)
	}
	return k
}

// eachKey calls f with every entry of a kind, of all scopes.
func eachKey[T any](j journal.Journal, kind string, f func(T)) (err error) {
	j.Range("athena/", func(key string, value []byte) bool {
		if parts := strings.SplitN(key, "/", 5); len(parts) < 5 || parts[3] != kind {
			return true
		}
		var v T
		if err = json.Unmarshal(value, &v); err != nil {
			err = fmt.Errorf("journal value of %s: %w", key, err)
			return false
		}
		f(v)
		return true
	})
	return err
}

// page lists the entries below a prefix that keep accepts. A token is the key of the last one shown,
// below the prefix, so a listing goes on behind it whatever was added or removed meanwhile.
func page[T any](j journal.Journal, prefix, token string, limit int, keep func(*T) bool) (found []T, next string, err error) {
	last := ""
	j.Range(prefix, func(key string, value []byte) bool {
		if token != "" && key <= prefix+token {
			return true
		}
		var v T
		if err = json.Unmarshal(value, &v); err != nil {
			err = fmt.Errorf("journal value of %s: %w", key, err)
			return false
		}
		if !keep(&v) {
			return true
		}
		if len(found) == limit {
			next = last
			return false
		}
		found, last = append(found, v), strings.TrimPrefix(key, prefix)
		return true
	})
	return found, next, err
}

// pageSize is what a client asked for, or the most there is.
func pageSize(asked *int) int {
	if asked == nil || *asked == 0 {
		return maxPage
	}
	return min(*asked, maxPage)
}
