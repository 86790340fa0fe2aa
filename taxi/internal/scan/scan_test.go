package scan

import (
	"encoding/json"
	"testing"
)

func walk(b []byte) (members int, ok bool) {
	w := New(b)
	for w.Next() {
		members++
	}
	return members, w.OK()
}

func TestWalkMembers(t *testing.T) {
	w := New([]byte(` {"a" : -1.5e+3 , "b\u0041":"x\"y","c":[1,{"d":null}],"e":true,"f":{}} ` + "\n"))
	want := []struct {
		key, value string
		kind       Kind
		escaped    bool
	}{
		{"a", "-1.5e+3", Number, false},
		{`b\u0041`, `x\"y`, String, true},
		{"c", `[1,{"d":null}]`, Array, false},
		{"e", "true", Bool, false},
		{"f", "{}", Object, false},
	}
	for _, m := range want {
		if !w.Next() {
			t.Fatalf("the walk ended before %s", m.key)
		}
		if string(w.Key) != m.key || string(w.Value) != m.value || w.Kind != m.kind || w.Escaped != m.escaped {
			t.Errorf("got %s=%s (kind %d, escaped %v), want %+v", w.Key, w.Value, w.Kind, w.Escaped, m)
		}
	}
	if w.Next() || !w.OK() {
		t.Error("the walk did not end well")
	}
}

var seeds = []string{
	``, `{`, `{}`, `[]`, `null`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a":01}`, `{"a":.5}`, `{"a":1.}`, `{"a":+1}`, `{"a":-}`,
	`{"a":1e}`, `{"a":NaN}`, `{"a":tru}`, `{"a":"\x"}`, `{"a":"\u12g4"}`, "{\"a\":\"\x01\"}", "{\"a\":\"\xff\"}", `{"a":1}{"b":2}`,
	`{"a":1} x`, `{"a":[1,2}`, `{"a":{"b":[[],{}]}}`, ` {"a" : "b" } `, `{"a":"b`, `{"a":-0.0e-7}`,
}

func FuzzWalkAgreesWithEncodingJSON(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, ok := walk(b)
		var m map[string]json.RawMessage
		err := json.Unmarshal(b, &m)
		// encoding/json repairs bad UTF-8 and allows deep nesting and null where we do not; all else must agree.
		if ok && (err != nil || m == nil) {
			t.Fatalf("accepted %q, encoding/json says %v", b, err)
		}
	})
}

func TestWalkRefuses(t *testing.T) {
	for _, s := range seeds {
		_, ok := walk([]byte(s))
		var m map[string]json.RawMessage
		err := json.Unmarshal([]byte(s), &m)
		want := err == nil && m != nil && s != "{\"a\":\"\xff\"}"
		if ok != want {
			t.Errorf("%q: got %v, want %v (%v)", s, ok, want, err)
		}
	}
}
