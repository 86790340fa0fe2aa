// Package absent is for tests of parts that a machine may lack: an interpreter, an SDK, a tool.
package absent

import (
	"os"
	"testing"
)

// Skip skips the test. Where HYDRANT_REQUIRE is set, in CI, what is absent is a failure.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("HYDRANT_REQUIRE") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
