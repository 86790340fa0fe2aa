package lambda

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
)

// TestFunctionFromAFolder: $LATEST runs what lies in the folder, an edit is there at the next invocation
// though an instance is warm, and a published version runs its archive.
func TestFunctionFromAFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		// As editors and compilers do it: a new file takes the place of the old one.
		next := filepath.Join(t.TempDir(), "next")
		if err := os.WriteFile(next, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write("bootstrap", script(`OUT="[\"first\",$(cat data)]"`))
	write("data", "1")
	h := newHouse(t, func(c *Config) { c.Folders = map[string]string{"f": dir} })
	h.create("f", `OUT='"archive"'`, nil)
	if _, err := h.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	invoke := func(name, want string) {
		t.Helper()
		if out := h.invoke(name, `{}`); string(out.Payload) != want {
			t.Errorf("%s answers %s, want %s", name, out.Payload, want)
		}
	}
	invoke("f", `["first",1]`)
	invoke("f", `["first",1]`)
	if live, _ := h.svc.pool.Stats(); live != 1 {
		t.Errorf("%d instances of code that did not change", live)
	}
	write("bootstrap", script(`OUT="[\"second\",$(cat data)]"`))
	invoke("f", `["second",1]`)
	write("data", "20")
	invoke("f", `["second",20]`)
	if live, _ := h.svc.pool.Stats(); live != 1 {
		t.Errorf("%d instances: those of old code are not ended", live)
	}
	invoke("f:1", `"archive"`)

	// Changed settings recycle it as they do any function.
	if _, err := h.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Timeout: aws.Int32(9)}); err != nil {
		t.Fatal(err)
	}
	invoke("f", `["second",20]`)
	if live, _ := h.svc.pool.Stats(); live != 2 { // and the one of version 1
		t.Errorf("%d instances after a change of settings", live)
	}

	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	_, err := h.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f")})
	wantFault(t, err, "ServiceException", "The folder of function f cannot be read")
}

func TestAFoldersStateLeavesOutWhatToolsKeep(t *testing.T) {
	dir := t.TempDir()
	state := func() string {
		t.Helper()
		s, err := folderState(dir)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	touch := func(names ...string) {
		t.Helper()
		path := filepath.Join(append([]string{dir}, names...)...)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Join(names, " ")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	touch("app.py")
	before := state()
	touch("__pycache__", "app.pyc")
	touch(".git", "index")
	if state() != before {
		t.Error("tools' files count as code")
	}
	touch("lib", "more.py")
	if state() == before {
		t.Error("a new file is not seen")
	}
}
