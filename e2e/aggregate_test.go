package e2e

import (
	"strings"
	"testing"
)

// TestAggregatesArriveApart: trips packed into aggregates go through a consumer's trigger and arrive once each.
func TestAggregatesArriveApart(t *testing.T) {
	out, err := run(t, "demo", "--aggregate", "--rows", "5000")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"put         5000\n", "verified    every record put", "triggered by a consumer"} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not report %q\n%s", want, out)
		}
	}
}
