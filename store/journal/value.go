package journal

import (
	"encoding/json"
	"fmt"
)

// Set is the change that stores v under key as JSON. It panics where v cannot be JSON: a mistake in
// the program, not in its input.
func Set(key string, v any) Change {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("internal error: journal value of %s: %v", key, err))
	}
	return Change{Key: key, Value: b}
}

// Unset is the change that deletes key.
func Unset(key string) Change { return Change{Key: key} }

// Load reads the JSON value of a key. ok is false where there is none.
func Load[T any](j Journal, key string) (v T, ok bool, err error) {
	b, ok := j.Get(key)
	if !ok {
		return v, false, nil
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, true, fmt.Errorf("journal value of %s: %w", key, err)
	}
	return v, true, nil
}

// Each calls f with the JSON value of every key with the prefix, in byte order, until f or the
// decoding of a value returns an error, which it returns.
func Each[T any](j Journal, prefix string, f func(key string, v T) error) (err error) {
	j.Range(prefix, func(key string, value []byte) bool {
		var v T
		if err = json.Unmarshal(value, &v); err != nil {
			err = fmt.Errorf("journal value of %s: %w", key, err)
			return false
		}
		err = f(key, v)
		return err == nil
	})
	return err
}
