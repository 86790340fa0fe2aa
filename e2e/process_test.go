// Package e2e runs the real binary as a process and talks to it as its users do: with the AWS SDK,
// the AWS CLI, and DuckDB reading the lake's files.
package e2e

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/hydrant-stream/hydrant/internal/awsbody"
)

// root is the module's folder.
func root(t testing.TB) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(file))
}

// built is the hydrant binary, made once for all tests.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "hydrant-e2e-")
	if err != nil {
		return "", err
	}
	_, file, _, _ := runtime.Caller(0)
	bin := filepath.Join(dir, "hydrant")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/hydrant")
	cmd.Dir = filepath.Dir(filepath.Dir(file))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return bin, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if bin, err := built(); err == nil {
		os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(code)
}

func binary(t testing.TB) string {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// process is a running `hydrant serve`.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	url  string
	addr string
	log  *os.File
	done chan error
}

// serve starts hydrant over a data folder and waits for its ready line. addr "" takes a free port.
func serve(t testing.TB, data, addr string, flags ...string) *process {
	t.Helper()
	p, err := start(t, binary(t), nil, data, addr, flags...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// start is serve with a binary and an environment; it is an error if the process ends before it is ready.
func start(t testing.TB, bin string, env []string, data, addr string, flags ...string) (*process, error) {
	t.Helper()
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	p := &process{t: t, done: make(chan error, 1)}
	p.cmd = exec.Command(bin, append([]string{"serve", "--data", data, "--addr", addr}, flags...)...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if p.log, err = os.OpenFile(filepath.Join(t.TempDir(), "stderr"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644); err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, after, ok := strings.Cut(lines.Text(), " ready on "); ok {
				url, _, _ := strings.Cut(after, ",")
				ready <- url
			}
		}
		p.done <- p.cmd.Wait()
	}()
	t.Cleanup(p.kill)
	select {
	case p.url = <-ready:
	case err := <-p.done:
		p.done <- err
		return nil, fmt.Errorf("hydrant ended before it was ready: %w\n%s", err, p.stderr())
	case <-time.After(30 * time.Second):
		t.Fatalf("hydrant is not ready after 30 s\n%s", p.stderr())
	}
	p.addr = strings.TrimPrefix(p.url, "http://")
	return p, nil
}

func (p *process) stderr() string {
	b, _ := os.ReadFile(p.log.Name())
	if len(b) > 8192 {
		b = b[len(b)-8192:]
	}
	return string(b)
}

// kill is kill -9.
func (p *process) kill() {
	if p.cmd.Process.Signal(syscall.SIGKILL) == nil {
		err := <-p.done
		p.done <- err
	}
}

// stop is SIGTERM; hydrant must end cleanly.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.done:
		p.done <- err
		if err != nil {
			p.t.Fatalf("after SIGTERM: %v\n%s", err, p.stderr())
		}
	case <-time.After(20 * time.Second):
		p.t.Fatalf("hydrant does not end on SIGTERM\n%s", p.stderr())
	}
}

// sdk is a client configuration for the process, without the SDK's own retries unless asked for.
func (p *process) sdk(retries int) aws.Config {
	return aws.Config{
		Region:           "us-east-1",
		BaseEndpoint:     aws.String(p.url),
		Credentials:      credentials.NewStaticCredentialsProvider("000000000000", "test", ""),
		RetryMaxAttempts: max(1, retries),
		HTTPClient:       awsbody.Over(nil),
	}
}

// run runs the hydrant binary and returns what it printed to stdout.
func run(t testing.TB, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(t), args...)
	cmd.Dir = root(t)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return string(out), err
}

// duck is DuckDB on its own, as an independent reader of the lake's files.
func duck(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// need skips a test whose part is absent; where parts are required (CI) it fails.
func need(t testing.TB, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("HYDRANT_REQUIRE") != "" {
		t.Fatalf("%s is absent", what)
	}
	t.Skipf("%s is absent", what)
}

// taxiFile finds a file of real trips.
func taxiFile(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("HYDRANT_TAXI_DATA")
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared", "data")
	}
	path := filepath.Join(dir, name)
	_, err := os.Stat(path)
	need(t, err == nil, "taxi file "+name+" (set HYDRANT_TAXI_DATA to its folder)")
	return path
}
