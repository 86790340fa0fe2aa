package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// TestConformStreams runs testdata/streams.py: Kinesis by boto3 against the real binary, and what AWS's
// limits refuse.
func TestConformStreams(t *testing.T) {
	if os.Getenv("HYDRANT_CONFORM") == "" {
		t.Skip("runs with make conform")
	}
	need(t, exec.Command("python3", "-c", "import boto3").Run() == nil, "python3 with boto3")
	free, limited := serve(t, t.TempDir(), ""), serve(t, t.TempDir(), "", "--limits", "aws")
	cmd := exec.Command("python3", "testdata/streams.py", free.url, limited.url)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n-- hydrant's log:\n%s\n%s", err, out, free.stderr(), limited.stderr())
	}
}
