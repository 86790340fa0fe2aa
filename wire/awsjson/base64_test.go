package awsjson

import (
	"bytes"
	"encoding/base64"
	"testing"
)

// What is read and written is what encoding/base64 reads and writes, line breaks excepted.
func FuzzBase64(f *testing.F) {
	for _, s := range []string{"", "aGk=", "aGk", "aGkx", "aGl=", "====", "aG\nk=", "QUJDREVGR0hJSktM", "QUJDREVGR0hJSktMTU5P\n\n\n\n", "QUJDREVGR0hJSktMTQ==", "QUJDREV!R0hJSktMTQ==", "QUJDREVGR0hJSktM===="} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := string(AppendBase64([]byte("x"), b)), "x"+base64.StdEncoding.EncodeToString(b); got != want {
			t.Fatalf("%q: got %s, want %s", b, got, want)
		}
		got, ok := AppendFromBase64([]byte("x"), b)
		want, err := base64.StdEncoding.Strict().DecodeString(string(b))
		if wantOK := err == nil && !bytes.ContainsAny(b, "\r\n"); ok != wantOK {
			t.Fatalf("%q: taken %v, want %v", b, ok, wantOK)
		}
		if ok && string(got) != "x"+string(want) || !ok && string(got) != "x" {
			t.Fatalf("%q: got %q, want %q", b, got, want)
		}
	})
}

func FuzzStringSize(f *testing.F) {
	f.Add("plain")
	f.Add("\"ü\xff\n")
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := StringSize(s), len(AppendString(nil, s)); got != want {
			t.Fatalf("%q: %d, want %d", s, got, want)
		}
	})
}
