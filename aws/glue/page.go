package glue

import (
	"encoding/base64"
	"strings"
)

// A page token is the journal key of the last entry shown, below its prefix. So a listing goes on
// behind that entry, whatever was added or removed meanwhile.

func pageToken(prefix, key string) string {
	return base64.URLEncoding.EncodeToString([]byte(strings.TrimPrefix(key, prefix)))
}

// pageStart is the journal key after which a page begins; "" means at the start.
func pageStart(prefix, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	b, err := base64.URLEncoding.DecodeString(token)
	if err != nil || len(b) == 0 {
		return "", invalid("Invalid next token.")
	}
	return prefix + string(b), nil
}

// page collects the entries below a prefix that keep accepts, at most limit of them, and the token
// to go on with where there are more.
func page[T any](c catalog, prefix, token string, limit int, keep func(key string, v *T) (bool, error)) (found []T, next string, err error) {
	after, err := pageStart(prefix, token)
	if err != nil {
		return nil, "", err
	}
	found = []T{}
	var last string
	c.journal.Range(prefix, func(key string, value []byte) bool {
		if key <= after {
			return true
		}
		var v T
		if v, err = decode[T](key, value); err != nil {
			return false
		}
		var ok bool
		if ok, err = keep(key, &v); err != nil || !ok {
			return err == nil
		}
		if len(found) == limit {
			next = pageToken(prefix, last)
			return false
		}
		found, last = append(found, v), key
		return true
	})
	if err != nil {
		return nil, "", err
	}
	return found, next, nil
}

// pageSize is what a client asked for, or the most there is.
func pageSize(asked *int, most int) int {
	if asked == nil {
		return most
	}
	return min(*asked, most)
}
