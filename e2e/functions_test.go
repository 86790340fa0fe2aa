package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// TestConformFunctions runs testdata/functions.py: Lambda by boto3 against the real binary.
func TestConformFunctions(t *testing.T) {
	if os.Getenv("HYDRANT_CONFORM") == "" {
		t.Skip("runs with make conform")
	}
	need(t, exec.Command("python3", "-c", "import boto3").Run() == nil, "python3 with boto3")
	need(t, exec.Command("node", "--version").Run() == nil, "node")
	folder := t.TempDir()
	p := serve(t, t.TempDir(), "", "--function-folder", "edited="+folder)
	cmd := exec.Command("python3", "testdata/functions.py", p.url, folder)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n-- hydrant's log:\n%s", err, out, p.stderr())
	}
}
