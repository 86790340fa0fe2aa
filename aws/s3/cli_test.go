package s3_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestConformCLI drives the aws command as a person does (make conform).
func TestConformCLI(t *testing.T) {
	if os.Getenv("HYDRANT_CONFORM") == "" {
		t.Skip("runs with make conform")
	}
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Fatal("the AWS CLI is absent: ", err)
	}
	h := newHouse(t)
	here := t.TempDir()
	file := func(name string) string { return filepath.Join(here, filepath.FromSlash(name)) }
	write := func(name string, b []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(file(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file(name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	same := func(name string, b []byte) {
		t.Helper()
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(b))
		}
	}
	call := func(stdin []byte, args ...string) (string, error) {
		t.Helper()
		cmd := exec.CommandContext(ctx, aws, args...)
		cmd.Dir, cmd.Stdin = here, bytes.NewReader(stdin)
		cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+h.url, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=eu-west-1",
			"AWS_CONFIG_FILE=none", "AWS_SHARED_CREDENTIALS_FILE=none", "AWS_PAGER=")
		out, err := cmd.CombinedOutput()
		t.Logf("$ aws %s\n%s", strings.Join(args, " "), tail(out))
		return string(out), err
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := call(nil, args...)
		if err != nil {
			t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return out
	}

	run("s3", "mb", "s3://lake")
	if out := run("s3", "ls"); !strings.Contains(out, " lake\n") {
		t.Errorf("ls: %s", out)
	}
	big := piece(5, 20<<20)
	write("big.bin", big)
	write("tree/a.txt", []byte("a"))
	write("tree/sub/b c+d.txt", []byte("b"))
	write("tree/year=2016/month=01/x:y.parquet", []byte("parquet"))
	write("tree/empty", nil)

	run("s3", "cp", "big.bin", "s3://lake/dir/big.bin") // 20 MB go in parts
	same(filepath.Join(h.root, "lake", "dir", "big.bin"), big)
	run("s3", "cp", "s3://lake/dir/big.bin", "down.bin")
	same(file("down.bin"), big)
	if out, err := call([]byte("from a pipe"), "s3", "cp", "-", "s3://lake/pipe.txt"); err != nil {
		t.Fatal(out, err)
	}
	if out := run("s3", "cp", "s3://lake/pipe.txt", "-"); out != "from a pipe" {
		t.Errorf("pipe: %q", out)
	}
	run("s3", "sync", "tree", "s3://lake/tree")
	same(filepath.Join(h.root, "lake", "tree", "year=2016", "month=01", "x:y.parquet"), []byte("parquet"))
	if out := run("s3", "sync", "tree", "s3://lake/tree"); out != "" {
		t.Errorf("a second sync copied again: %s", out)
	}
	if out := run("s3", "ls", "--recursive", "--summarize", "s3://lake/"); !strings.Contains(out, "tree/sub/b c+d.txt") || !strings.Contains(out, "Total Objects: 6") {
		t.Errorf("ls: %s", out)
	}
	if out := run("s3", "ls", "s3://lake/"); !strings.Contains(out, "PRE tree/") || !strings.Contains(out, "pipe.txt") {
		t.Errorf("ls: %s", out)
	}
	run("s3", "sync", "s3://lake/tree", "back")
	same(file("back/sub/b c+d.txt"), []byte("b"))
	run("s3", "cp", "s3://lake/dir/big.bin", "s3://lake/copy.bin")
	same(filepath.Join(h.root, "lake", "copy.bin"), big)
	run("s3", "mv", "s3://lake/copy.bin", "s3://lake/moved.bin")
	if _, err := os.Stat(filepath.Join(h.root, "lake", "copy.bin")); !os.IsNotExist(err) {
		t.Errorf("moved file stayed: %v", err)
	}
	url := strings.TrimSpace(run("s3", "presign", "s3://lake/tree/sub/b c+d.txt"))
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != 200 || string(body) != "b" {
		t.Errorf("presigned: %d %q %v", resp.StatusCode, body, err)
	}

	if out, err := call(nil, "s3", "mb", "s3://lake"); err == nil || !strings.Contains(out, "BucketAlreadyOwnedByYou") {
		t.Errorf("mb again: %s", out)
	}
	if out, err := call(nil, "s3", "cp", "s3://lake/none", "-"); err == nil || !strings.Contains(out, "404") {
		t.Errorf("cp of what is not there: %s", out)
	}
	if out, err := call(nil, "s3", "rb", "s3://lake"); err == nil || !strings.Contains(out, "BucketNotEmpty") {
		t.Errorf("rb: %s", out)
	}
	for _, args := range []string{
		"put-object --bucket lake --key k --body big.bin --checksum-algorithm SHA256 --metadata a=1", "head-object --bucket lake --key k --checksum-mode ENABLED",
		"get-object --bucket lake --key k --range bytes=0-9 out", "put-object-tagging --bucket lake --key k --tagging TagSet=[{Key=a,Value=1}]",
		"get-object-tagging --bucket lake --key k", "delete-object-tagging --bucket lake --key k", "get-object-attributes --bucket lake --key k --object-attributes ETag ObjectSize",
		"list-objects --bucket lake --delimiter / --max-items 2", "list-objects-v2 --bucket lake --page-size 2", "get-bucket-location --bucket lake", "get-bucket-versioning --bucket lake",
		"get-bucket-acl --bucket lake", "list-multipart-uploads --bucket lake", "head-bucket --bucket lake", "delete-objects --bucket lake --delete Objects=[{Key=k}]",
	} {
		run(append([]string{"s3api"}, strings.Fields(args)...)...)
	}
	run("s3", "rm", "--recursive", "s3://lake/")
	if left, err := os.ReadDir(filepath.Join(h.root, "lake")); err != nil || len(left) != 0 {
		t.Errorf("left in the bucket: %v, %v", left, err)
	}
	run("s3", "rb", "s3://lake")
}

// tail is the end of a command's output, with its progress lines left out.
func tail(out []byte) []byte {
	if i := bytes.LastIndexByte(bytes.TrimRight(out, "\n\r "), '\r'); i >= 0 {
		out = out[i+1:]
	}
	return out
}
