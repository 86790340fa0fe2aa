package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestE2ENothingIsLostToFaults: every fifth record of the replay's calls and of the function's is
// refused, calls fail whole and connections break, and every trip arrives once.
func TestE2ENothingIsLostToFaults(t *testing.T) {
	if os.Getenv("HYDRANT_E2E") == "" {
		t.Skip("runs with make e2e")
	}
	rules := []struct {
		text  string
		least int // times that it must have struck
	}{
		{"kinesis:PutRecords error=ProvisionedThroughputExceededException p=0.2", 2000},
		{"kinesis:PutRecords error=InternalFailure p=0.2", 1},
		{"kinesis:PutRecords drop p=0.05", 1},
		{"firehose:PutRecordBatch error=ServiceUnavailableException p=0.2", 2000},
		{"firehose:PutRecordBatch error=ServiceUnavailableException scope=call p=0.2", 1},
		{"firehose:PutRecordBatch latency=1ms-10ms p=0.5", 1},
	}
	args := []string{"demo", "--rows", "20000", "--fault-seed", "7"}
	for _, r := range rules {
		args = append(args, "--fault", r.text)
	}
	out, err := run(t, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"put         20000\n", "verified    every record put is filtered, delivered or in an error object, once"} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not report %q", want)
		}
	}
	for i, r := range rules {
		m := regexp.MustCompile(fmt.Sprintf(`(?m)^%d +(\d+) `, i+1)).FindStringSubmatch(out)
		if m == nil {
			t.Errorf("the demo does not tell of rule %d", i+1)
			continue
		}
		if n, _ := strconv.Atoi(m[1]); n < r.least {
			t.Errorf("%q struck %d times, want %d", r.text, n, r.least)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}
