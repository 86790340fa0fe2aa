package runtime

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"
)

// The lines a platform writes into a function's log, and the error documents it answers with when
// the runtime itself cannot.

func initStart(s *Spec) string {
	name, version, _ := strings.Cut(s.Runtime, ".")
	if language := strings.TrimRight(name, "0123456789"); language != name {
		version = name[len(language):] + "." + version
		name = language
	}
	return fmt.Sprintf("INIT_START Runtime Version: %s:%s.v1\tRuntime Version ARN: arn:aws:lambda:%s::runtime:%x",
		name, version, s.Scope.Region, sha256.Sum256([]byte(s.Runtime)))
}

func initReport(d time.Duration, status, kind string) string {
	s := fmt.Sprintf("INIT_REPORT Init Duration: %s ms\tPhase: init\tStatus: %s", millis(d), status)
	if kind != "" {
		s += "\tError Type: " + kind
	}
	return s
}

func startLine(id, version string) string {
	return "START RequestId: " + id + " Version: " + version
}

func report(id string, memory int, peak int64, init time.Duration, r Result) string {
	used := int64(math.Ceil(float64(peak) / (1 << 20)))
	var b strings.Builder
	fmt.Fprintf(&b, "REPORT RequestId: %s\tDuration: %s ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		id, millis(r.Duration), int64(math.Ceil(float64(r.Duration+init)/1e6)), memory, min(used, int64(memory)))
	if init > 0 {
		fmt.Fprintf(&b, "Init Duration: %s ms\t", millis(init))
	}
	switch {
	case r.ErrorType == timedOut:
		b.WriteString("Status: timeout")
	case strings.HasPrefix(r.ErrorType, "Runtime."):
		b.WriteString("Status: error\tError Type: " + r.ErrorType)
	}
	return b.String()
}

func timeoutLine(id string, limit time.Duration) string {
	return fmt.Sprintf("%s %s Task timed out after %.2f seconds", isoTime(time.Now()), id, limit.Seconds())
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/1e6) }

func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

const (
	timedOut    = "Sandbox.Timedout"
	outOfMemory = "Runtime.OutOfMemory"
	exitError   = "Runtime.ExitError"
	noEntry     = "Runtime.InvalidEntrypoint"
)

// document is an error document of the platform's own.
func document(kind, text string) []byte {
	b, _ := json.Marshal(struct { // strings always marshal
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}{kind, text})
	return b
}

func platformResult(id, kind, documented, text string) Result {
	return Result{
		Payload:   document(documented, "RequestId: "+id+" Error: "+text),
		Error:     "Unhandled",
		ErrorType: kind,
	}
}

func timeoutResult(id string, limit time.Duration) Result {
	return platformResult(id, timedOut, timedOut, fmt.Sprintf("Task timed out after %.2f seconds", limit.Seconds()))
}

// memoryResult: AWS's document tells an out-of-memory kill only by the signal, its log by name.
func memoryResult(id string) Result {
	return platformResult(id, outOfMemory, exitError, "Runtime exited with error: signal: killed")
}

func exitResult(id, reason string) Result {
	if reason == "" {
		return platformResult(id, exitError, exitError, "Runtime exited without providing a reason")
	}
	return platformResult(id, exitError, exitError, "Runtime exited with error: "+reason)
}

// exitReason is "" for a process that ended as if all were well.
func exitReason(s *os.ProcessState) string {
	if s == nil || s.Success() {
		return ""
	}
	return s.String()
}

// entryError: the function has nothing that can be started.
type entryError struct{ err error }

func (e *entryError) Error() string { return e.err.Error() }
func (e *entryError) Unwrap() error { return e.err }

func startFailure(id string, err error) outcome {
	if e, ok := errors.AsType[*entryError](err); ok {
		return outcome{res: platformResult(id, noEntry, noEntry, e.Error())}
	}
	return outcome{err: fmt.Errorf("start function instance: %w", err)}
}
