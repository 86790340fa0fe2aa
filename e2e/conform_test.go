package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestConformWalkthrough runs every command of the README's walkthrough as it stands there, with
// the real AWS CLI, and looks at what they print.
func TestConformWalkthrough(t *testing.T) {
	if os.Getenv("HYDRANT_CONFORM") == "" {
		t.Skip("runs with make conform")
	}
	_, err := exec.LookPath("aws")
	need(t, err == nil, "the AWS CLI")
	readme, err := os.ReadFile(filepath.Join(root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(readme), "<!-- walkthrough")
	text, _, ok2 := strings.Cut(text, "<!-- end of walkthrough -->")
	if !ok || !ok2 {
		t.Fatal("README.md has no walkthrough")
	}
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		script.WriteString(block[1])
	}
	p := serve(t, t.TempDir(), "")
	commands := strings.ReplaceAll(script.String(), "http://127.0.0.1:4566", p.url)

	// A working copy of what the commands name, so that they leave nothing in the source tree.
	dir := t.TempDir()
	for _, name := range []string{"examples", "functions", "internal", "taxi", "go.mod", "go.sum"} {
		if err := os.Symlink(filepath.Join(root(t), name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	bin := t.TempDir()
	if err := os.Symlink(binary(t), filepath.Join(bin, "hydrant")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-x", "-c", commands)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n-- hydrant's log:\n%s", err, out, p.stderr())
	}
	for _, want := range []string{
		"make_bucket: kinesislabs-datalake-bucket",
		`"State": "Creating"`,
		"verified    every record put is filtered, delivered or in an error object, once",
		"nyctaxitrips/year=",
		"REPORT RequestId:",
		`"StreamStatus": "ACTIVE"`,
		`"PartitionKey"`,
		`"LastProcessingResult": "OK"`,
		`"ExecutedVersion": "$LATEST"`,
		"remove_bucket: kinesislabs-datalake-bucket",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("nothing printed %q", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}
