package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestConformTemplates: AWS's own linter finds nothing in the templates.
func TestConformTemplates(t *testing.T) {
	conforming(t)
	_, err := exec.LookPath("cfn-lint")
	need(t, err == nil, "cfn-lint")
	for _, name := range []string{"deploy/cloudformation/nyc-taxi-trips.yml", "examples/taxi/pipeline.yaml"} {
		if out, err := exec.CommandContext(t.Context(), "cfn-lint", filepath.Join(root(t), name)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
