package e2e

import (
	"os"
	"testing"
)

// conforming skips a test that runs with make conform only.
func conforming(t *testing.T) {
	t.Helper()
	if os.Getenv("HYDRANT_CONFORM") == "" {
		t.Skip("runs with make conform")
	}
}

// TestConformWalkthrough runs every command of the README's walkthrough as it stands there, with
// the real AWS CLI, and looks at what they print.
func TestConformWalkthrough(t *testing.T) {
	conforming(t)
	out := walk(t, serve(t, t.TempDir(), ""), walkthrough(t, "README.md", "walkthrough"), nil)
	prints(t, out,
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
	)
}
