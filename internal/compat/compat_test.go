package compat

import (
	"bytes"
	"os"
	"testing"
)

// The page is what the operations say: after a change, run make compat.
func TestPageIsCurrent(t *testing.T) {
	var want bytes.Buffer
	if err := Render(&want, "../.."); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/compat.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("docs/compat.md is behind the source; run: make compat")
	}
}
