package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// walkthrough is the sh blocks between two marks of a page, as they stand there: name is what the
// opening comment begins with.
func walkthrough(t *testing.T, page, name string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), page))
	if err != nil {
		t.Fatal(err)
	}
	_, between, ok := strings.Cut(string(text), "<!-- "+name)
	between, _, ok2 := strings.Cut(between, "<!-- end of "+name+" -->")
	if !ok || !ok2 {
		t.Fatalf("%s has no part %q", page, name)
	}
	for _, b := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(between, -1) {
		blocks = append(blocks, b[1])
	}
	return blocks
}

// walk runs the blocks in one shell against p, each command as a reader would, and returns what they
// print. between, if any, is called between any two blocks with the number of the one to come.
func walk(t *testing.T, p *process, blocks []string, between func(next int)) string {
	t.Helper()
	_, err := exec.LookPath("aws")
	need(t, err == nil, "the AWS CLI")
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()

	next := 0
	turn := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		next++
		between(next)
	}))
	defer turn.Close()
	separator := "\n"
	if between != nil {
		host, port, _ := strings.Cut(strings.TrimPrefix(turn.URL, "http://"), ":")
		separator = "\nexec 9<>/dev/tcp/" + host + "/" + port + "; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&9; cat <&9 >/dev/null; exec 9>&-\n"
	}
	commands := strings.ReplaceAll(strings.Join(blocks, separator), "http://127.0.0.1:4566", p.url)

	// A working copy of what the commands name, so that they leave nothing in the source tree.
	dir := t.TempDir()
	for _, name := range []string{"deploy", "examples", "functions", "internal", "taxi", "go.mod", "go.sum"} {
		if err := os.Symlink(filepath.Join(root(t), name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	bin := t.TempDir()
	if err := os.Symlink(binary(t), filepath.Join(bin, "hydrant")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-x", "-c", commands)
	cmd.Dir = dir
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n-- hydrant's log:\n%s", err, out, p.stderr())
	}
	return string(out)
}

// prints holds what a walk printed against what a page says one sees.
func prints(t *testing.T, out string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(out, want) {
			t.Errorf("nothing printed %q", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}
