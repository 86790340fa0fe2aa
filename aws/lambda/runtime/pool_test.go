package runtime

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
)

// memoryLogs keeps log lines by "group stream".
type memoryLogs struct {
	mu    sync.Mutex
	lines map[string][]string
}

func (m *memoryLogs) Write(_ context.Context, _ hydrant.Scope, group, stream string, events []hydrant.LogEvent) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lines == nil {
		m.lines = map[string][]string{}
	}
	for _, e := range events {
		m.lines[group+" "+stream] = append(m.lines[group+" "+stream], e.Message)
	}
	return nil
}

func (m *memoryLogs) all() (all []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.lines {
		all = append(all, l...)
	}
	return all
}

func (m *memoryLogs) has(part string) bool {
	for _, l := range m.all() {
		if strings.Contains(l, part) {
			return true
		}
	}
	return false
}

var (
	buildOnce sync.Once
	buildRoot string
	buildErr  error
)

// goFunction is a folder with the bootstrap of testdata.
func goFunction(t testing.TB) string {
	t.Helper()
	buildOnce.Do(func() {
		if buildRoot, buildErr = os.MkdirTemp("", "bootstrap"); buildErr != nil {
			return
		}
		cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", filepath.Join(buildRoot, "bootstrap"), "./testdata/bootstrap")
		if out, err := cmd.CombinedOutput(); err != nil {
			buildErr = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	if buildErr != nil {
		t.Fatal(buildErr)
	}
	return buildRoot
}

func TestMain(m *testing.M) {
	if dir := os.Getenv("POOL_PARENT"); dir != "" {
		parent(dir)
	}
	code := m.Run()
	if buildRoot != "" {
		os.RemoveAll(buildRoot)
	}
	os.Exit(code)
}

// open makes a pool and asserts, when the test is over, that nothing of it is left.
func open(t *testing.T, change func(*Config)) (*Pool, *memoryLogs) {
	t.Helper()
	logs := &memoryLogs{}
	before := goruntime.NumGoroutine()
	cfg := Config{Dir: t.TempDir(), Logs: logs, Endpoint: func() string { return "http://127.0.0.1:4566" }}
	if change != nil {
		change(&cfg)
	}
	p, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if live, busy := p.Stats(); live != 0 || busy != 0 {
			t.Errorf("after Close: %d instances, %d busy", live, busy)
		}
		for range 100 { // a finished goroutine is counted for an instant
			if goruntime.NumGoroutine() <= before {
				break
			}
			time.Sleep(2 * time.Millisecond)
		}
		if n := goruntime.NumGoroutine(); n > before {
			buf := make([]byte, 1<<20)
			t.Errorf("%d goroutines before, %d after:\n%s", before, n, buf[:goruntime.Stack(buf, true)])
		}
		var status syscall.WaitStatus
		if pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil); pid > 0 || err != syscall.ECHILD {
			t.Errorf("a child is left: pid %d, %v", pid, err)
		}
	})
	return p, logs
}

func specOf(t testing.TB, runtime, root, handler string) *Spec {
	abs, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	return &Spec{
		Key: "k1", Function: "arn:aws:lambda:us-east-1:000000000000:function:f", Name: "f", Version: "$LATEST",
		Scope: hydrant.Scope{Account: "000000000000", Region: "us-east-1"}, Runtime: runtime, Handler: handler, Root: abs,
		Memory: 256, Timeout: 10 * time.Second, LogGroup: "/aws/lambda/f", Reserved: -1,
	}
}

func goSpec(t testing.TB) *Spec { return specOf(t, "provided.al2023", goFunction(t), "bootstrap") }

func invoke(t testing.TB, p *Pool, s *Spec, event string) Result {
	t.Helper()
	r, err := p.Invoke(t.Context(), s, Invocation{ID: uuid.NewString(), ARN: s.Function, Payload: []byte(event)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantError(t *testing.T, r Result, kind, text string) {
	t.Helper()
	var doc struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(r.Payload, &doc); err != nil {
		t.Fatalf("%v: %s", err, r.Payload)
	}
	if r.Error != "Unhandled" || doc.ErrorType != kind || !strings.Contains(doc.ErrorMessage, text) {
		t.Errorf("got %q %s, want %s: %s", r.Error, r.Payload, kind, text)
	}
}

func alive(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(b), ") Z ")
}

func TestWarmInstanceIsReused(t *testing.T) {
	p, logs := open(t, nil)
	s := goSpec(t)
	for i := range 5 {
		r := invoke(t, p, s, `{"Do":"count"}`)
		if !strings.Contains(string(r.Payload), fmt.Sprintf(`"count":%d`, i+1)) {
			t.Fatalf("call %d: %s", i, r.Payload)
		}
	}
	if live, busy := p.Stats(); live != 1 || busy != 0 {
		t.Errorf("%d instances, %d busy", live, busy)
	}
	p.Retire(s.Key)
	if r := invoke(t, p, s, `{"Do":"count"}`); !strings.Contains(string(r.Payload), `"count":1,`) {
		t.Errorf("after Retire: %s", r.Payload)
	}
	p.Close()
	for key, lines := range logs.lines {
		group, stream, _ := strings.Cut(key, " ")
		if group != "/aws/lambda/f" || !strings.Contains(stream, "/[$LATEST]") || len(stream) != len("2026/01/02/[$LATEST]")+32 {
			t.Errorf("logged to %s", key)
		}
		if !strings.HasPrefix(lines[0], "INIT_START Runtime Version: provided:al2023.v1\t") {
			t.Error(lines[0])
		}
		if !strings.HasPrefix(lines[1], "START RequestId: ") || !strings.HasPrefix(lines[2], "END RequestId: ") ||
			!strings.HasPrefix(lines[3], "REPORT RequestId: ") || !strings.Contains(lines[3], "\tInit Duration: ") {
			t.Error(lines[:4])
		}
		if len(lines) > 4 && strings.Contains(lines[6], "Init Duration") {
			t.Error("warm call reports an init:", lines[6])
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("AWS_PROFILE", "operator")
	p, _ := open(t, nil)
	s := goSpec(t)
	s.Env = map[string]string{"MINE": "1", "TZ": "Europe/Vienna"}
	s.Scope.Account = "123456789012"
	var env []string
	if err := json.Unmarshal(invoke(t, p, s, `{"Do":"env"}`).Payload, &env); err != nil {
		t.Fatal(err)
	}
	all := "\n" + strings.Join(env, "\n") + "\n"
	for _, want := range []string{"MINE=1", "TZ=Europe/Vienna", "AWS_ENDPOINT_URL=http://127.0.0.1:4566", "AWS_ACCESS_KEY_ID=123456789012",
		"AWS_REGION=us-east-1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "LAMBDA_TASK_ROOT=" + s.Root, "_HANDLER=bootstrap",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/f", "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand"} {
		if !strings.Contains(all, "\n"+want+"\n") {
			t.Errorf("no %s in%s", want, all)
		}
	}
	if strings.Contains(all, "AWS_PROFILE") {
		t.Error("the operator's environment leaks into functions")
	}
}

func TestFunctionErrors(t *testing.T) {
	p, logs := open(t, nil)
	s := goSpec(t)
	wantError(t, invoke(t, p, s, `{"Do":"error"}`), "errorString", "it went wrong")
	wantError(t, invoke(t, p, s, `{"Do":"exit","N":0}`), "Runtime.ExitError", "Error: Runtime exited without providing a reason")
	wantError(t, invoke(t, p, s, `{"Do":"exit","N":7}`), "Runtime.ExitError", "Error: Runtime exited with error: exit status 7")
	wantError(t, invoke(t, p, s, `{"Do":"panic"}`), "string", "boom")
	if r := invoke(t, p, s, `{"Do":"x"}`); string(r.Payload) != `"done"` {
		t.Errorf("after crashes: %s", r.Payload)
	}
	p.Close()
	if !logs.has("Status: error\tError Type: Runtime.ExitError") {
		t.Error("no report of the exit")
	}
}

func TestTimeoutKillsGrandchildren(t *testing.T) {
	p, logs := open(t, nil)
	s := goSpec(t)
	s.Timeout = time.Second
	r := invoke(t, p, s, `{"Do":"fork","To":"hang"}`)
	wantError(t, r, "Sandbox.Timedout", "Error: Task timed out after 1.00 seconds")
	p.Close()
	var forked []int
	for _, l := range logs.all() {
		if n, ok := strings.CutPrefix(l, "forked "); ok {
			pid, _ := strconv.Atoi(n)
			forked = append(forked, pid)
		}
	}
	if len(forked) != 2 {
		t.Fatalf("forked %v: %v", forked, logs.all())
	}
	for _, pid := range forked {
		for i := 0; alive(pid) && i < 200; i++ {
			time.Sleep(5 * time.Millisecond) // the kernel delivers the signal
		}
		if alive(pid) {
			t.Errorf("grandchild %d lives on", pid)
		}
	}
	if !logs.has("Task timed out after 1.00 seconds") || !logs.has("Status: timeout") {
		t.Error(logs.all())
	}
}

func TestMemoryLimit(t *testing.T) {
	p, logs := open(t, nil)
	s := goSpec(t)
	s.Memory = 128
	wantError(t, invoke(t, p, s, `{"Do":"leak"}`), "Runtime.ExitError", "Runtime exited with error: signal: killed")
	p.Close()
	if !logs.has("Max Memory Used: 128 MB\t") || !logs.has("Error Type: Runtime.OutOfMemory") {
		t.Error(logs.all())
	}
}

func TestOutputIsWholeAndInOrder(t *testing.T) {
	p, logs := open(t, nil)
	s := goSpec(t)
	r := invoke(t, p, s, `{"Do":"print","N":20000}`)
	if len(r.Tail) > maxTail || !strings.Contains(string(r.Tail), "x\nunfinished\nEND RequestId: ") {
		t.Errorf("tail %q", r.Tail)
	}
	p.Close()
	for _, lines := range logs.lines {
		if len(lines) != 20000+5 {
			t.Fatalf("%d lines", len(lines))
		}
		if !strings.HasPrefix(lines[1], "START") || lines[20002] != "unfinished" || !strings.HasPrefix(lines[20003], "END") {
			t.Error(lines[1], lines[20002], lines[20003])
		}
	}
}

func TestInit(t *testing.T) {
	p, logs := open(t, func(c *Config) { c.InitTimeout = time.Second })
	s := goSpec(t)
	s.Timeout = 10 * time.Second
	s.Env = map[string]string{"INIT_EXIT": "1"}
	wantError(t, invoke(t, p, s, `{}`), "Runtime.ExitError", "exit status 3")

	// A slow init is tried again within the function's own timeout.
	once := *s
	once.Key, once.Env = "k2", map[string]string{"INIT_HANG_ONCE": filepath.Join(t.TempDir(), "seen")}
	if r := invoke(t, p, &once, `{}`); string(r.Payload) != `"done"` {
		t.Errorf("%s", r.Payload)
	}
	hang := *s
	hang.Key, hang.Env, hang.Timeout = "k3", map[string]string{"INIT_HANG": "1"}, 300*time.Millisecond
	wantError(t, invoke(t, p, &hang, `{}`), "Sandbox.Timedout", "Task timed out after 0.30 seconds")

	empty := *s
	empty.Key, empty.Root = "k4", t.TempDir()
	wantError(t, invoke(t, p, &empty, `{}`), "Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s)")
	p.Close()
	if !logs.has("INIT_REPORT Init Duration: ") || !logs.has("Phase: init\tStatus: timeout") || !logs.has("no start today") {
		t.Error(logs.all())
	}
}

func TestConcurrency(t *testing.T) {
	p, _ := open(t, func(c *Config) { c.Concurrency = 3 })
	s := goSpec(t)
	s.Reserved = 2
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			_, err := p.Invoke(ctx, s, Invocation{ID: uuid.NewString(), Payload: []byte(`{"Do":"hang"}`)})
			if err == nil {
				t.Error("a hanging function answered")
			}
		})
	}
	for p.Busy(s.Function) < 2 {
		goruntime.Gosched()
	}
	if _, err := p.Invoke(ctx, s, Invocation{ID: "x"}); err != ErrReserved {
		t.Errorf("third call of a function with two: %v", err)
	}
	other := *s
	other.Function, other.Key, other.Reserved = "other", "k2", -1
	wg.Go(func() { p.Invoke(ctx, &other, Invocation{ID: uuid.NewString(), Payload: []byte(`{"Do":"hang"}`)}) })
	for p.Busy(other.Function) < 1 {
		goruntime.Gosched()
	}
	if _, err := p.Invoke(ctx, &other, Invocation{ID: "x"}); err != ErrThrottled {
		t.Errorf("fourth call of a pool of three: %v", err)
	}
	cancel() // the callers go, the functions stay until Close
	wg.Wait()
	if _, busy := p.Stats(); busy != 3 {
		t.Errorf("%d busy", busy)
	}
}

func TestIdleInstancesEnd(t *testing.T) {
	p, _ := open(t, func(c *Config) { c.Idle = 20 * time.Millisecond })
	invoke(t, p, goSpec(t), `{}`)
	for range 200 {
		if live, _ := p.Stats(); live == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if live, _ := p.Stats(); live != 0 {
		t.Errorf("%d instances", live)
	}
	invoke(t, p, goSpec(t), `{}`)
}

func TestCloseCutsOffWhatRuns(t *testing.T) {
	p, logs := open(t, nil)
	s := goSpec(t)
	errs := make(chan error)
	go func() {
		_, err := p.Invoke(t.Context(), s, Invocation{ID: "r1", Payload: []byte(`{"Do":"fork","To":"hang"}`)})
		errs <- err
	}()
	for !logs.has("forked") {
		time.Sleep(time.Millisecond)
	}
	p.Close()
	if err := <-errs; err != ErrClosed {
		t.Error(err)
	}
	if !logs.has("REPORT RequestId: r1") {
		t.Error(logs.all())
	}
	if _, err := p.Invoke(t.Context(), s, Invocation{ID: "r2"}); err != ErrClosed {
		t.Error(err)
	}
}

// TestSweep: what a killed pool left running is ended by the next one.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	const id = "0123456789abcdef0123456789abcdef"
	if err := os.MkdirAll(filepath.Join(dir, "instance", id, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	left := exec.Command("sleep", "3600")
	left.Env = []string{"PATH=" + os.Getenv("PATH"), "AWS_LAMBDA_LOG_STREAM_NAME=2026/01/01/[$LATEST]" + id}
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := left.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("left behind: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "instance", id)); err == nil {
		t.Error("its folder is still there")
	}
}

func BenchmarkInvoke(b *testing.B) {
	p, err := Open(Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	s := goSpec(b)
	invoke(b, p, s, `{}`)
	for b.Loop() {
		invoke(b, p, s, `{}`)
	}
}

// BenchmarkBatch is an event as a mapping of 1,000 records sends it.
func BenchmarkBatch(b *testing.B) {
	p, err := Open(Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	s := goSpec(b)
	event := `{"Do":"x","To":"` + strings.Repeat("x", 1_000_000) + `"}`
	invoke(b, p, s, `{}`)
	b.SetBytes(int64(len(event)))
	for b.Loop() {
		invoke(b, p, s, event)
	}
}

// TestDeathOfTheParent: when we are killed, our functions die with us.
func TestDeathOfTheParent(t *testing.T) {
	root := goFunction(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "POOL_PARENT="+t.TempDir(), "POOL_ROOT="+root)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil || !alive(pid) {
		t.Fatal(pid, err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	for i := 0; alive(pid) && i < 400; i++ {
		time.Sleep(5 * time.Millisecond) // the kernel delivers the signal
	}
	if alive(pid) {
		t.Error("the function lives on")
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// parent is the process that TestDeathOfTheParent kills.
func parent(dir string) {
	p, err := Open(Config{Dir: dir})
	if err != nil {
		panic(err)
	}
	s := &Spec{Key: "k", Name: "f", Version: "$LATEST", Runtime: "provided.al2023", Root: os.Getenv("POOL_ROOT"), Memory: 512, Timeout: time.Minute, Reserved: -1}
	r, err := p.Invoke(context.Background(), s, Invocation{ID: "x", Payload: []byte(`{"Do":"count"}`)})
	if err != nil {
		panic(err)
	}
	var doc struct{ Pid int }
	if err := json.Unmarshal(r.Payload, &doc); err != nil {
		panic(err)
	}
	fmt.Println(doc.Pid)
	select {}
}
