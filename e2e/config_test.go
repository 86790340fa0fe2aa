package e2e

import (
	"strings"
	"testing"
)

// TestConfigTells: the settings as serve would have them, without secrets; one that serve would refuse fails.
func TestConfigTells(t *testing.T) {
	out, err := run(t, "config", "--tail-mib", "7", "--access-key", "AKID:hush")
	if err != nil {
		t.Fatal(err, out)
	}
	if strings.Contains(out, "hush") {
		t.Errorf("the secret is shown:\n%s", out)
	}
	lines := strings.Split(strings.Join(strings.Fields(strings.ReplaceAll(out, "\n", " ; ")), " "), " ; ")
	for _, want := range []string{"--tail-mib 7 (given) ", "--addr 127.0.0.1:4566 (default) ", "--access-key AKID:*** (given) "} {
		found := false
		for _, l := range lines {
			found = found || strings.HasPrefix(l, want)
		}
		if !found {
			t.Errorf("no line %q in\n%s", want, out)
		}
	}
	if out, err := run(t, "config", "--addr", "0.0.0.0:4566"); err == nil || !strings.Contains(err.Error(), "hint: ") {
		t.Errorf("an open house without keys: %v\n%s", err, out)
	}
}
