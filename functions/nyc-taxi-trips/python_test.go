package main

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/hydrant-stream/hydrant/taxi"
)

var boto3 = sync.OnceValue(func() error { return exec.Command("python3", "-c", "import boto3").Run() })

// python is a command on the Python function, or the test is skipped.
func python(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if err := boto3(); err != nil {
		t.Skipf("python3 with boto3 is not there: %v", err)
	}
	cmd := exec.Command("python3", args...)
	cmd.Dir = "python"
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "delivery_stream_name=lake")
	return cmd
}

func TestPythonFunction(t *testing.T) {
	if out, err := python(t, "-m", "unittest", "-q", "test_lambda_function").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestPythonFunctionRefusesBadSettings(t *testing.T) {
	for _, env := range []string{"delivery_stream_name=", "number_of_retries=many", "exponential_backoff_seed=0"} {
		cmd := python(t, "-c", "import lambda_function")
		cmd.Env = append(cmd.Env, env)
		name, _, _ := strings.Cut(env, "=")
		if out, err := cmd.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("the environment variable "+name)) {
			t.Errorf("%s: %v\n%s", env, err, out)
		}
	}
}

// TestPythonFunctionAgreesWithCheck asks both for their verdict on the same records.
func TestPythonFunctionAgreesWithCheck(t *testing.T) {
	var records [][]byte
	var e taxi.Event
	for g := taxi.Generate(3, 5000); g.Next(&e); {
		records = append(records, bytes.Clone(e.JSON))
	}
	whole := string(records[0])
	for _, change := range [][2]string{
		{`"trip_id":1`, `"trip_id":1.0`}, {`"trip_id":1`, `"trip_id":null`}, {`"trip_id":1`, `"trip_id":true`}, {`"trip_id":1`, `"trip_id":123456789012345678`},
		{`"trip_id":1`, `"trip_id":1234567890123456789`}, {`"type":"trip"`, `"type":"Trip"`}, {`"type":"trip"`, `"type":7`}, {`"type":"trip"`, `"type":"trip","type":"watermark"`},
		{`"type":"trip"`, `"t\u0079pe":"tr\u0069p"`}, {`T`, ` `}, {`.000Z`, ``}, {`.000Z`, `.1234567891Z`}, {`2016-01-`, `2016-13-`}, {`2016-01-`, `2015-02-3`},
		{`"type":"trip"`, `"type":"trip","pickup_longitude":-0.0`}, {`"type":"trip"`, `"type":"trip","dropoff_latitude":0e9`}, {`"type":"trip"`, `"type":"trip","dropoff_latitude":1e-999`},
		{`"type":"trip"`, `"type":"trip","total_amount":"8.8"`}, {`"type":"trip"`, `"type":"trip","total_amount":NaN`}, {`"type":"trip"`, `"type":"trip","passenger_count":1.5`},
		{`"type":"trip"`, `"type":"trip","passenger_count":null`}, {`"type":"trip"}`, `"type":"trip"}{}`}, {`"type":"trip"}`, `"type":"trip"`}, {`"type":"trip"}`, "\"type\":\"trip\"} \r\n"},
		{`"type":"trip"`, `"type":"trip","x":{"a":[1,{"type":"watermark"}]}`}, {`"type":"trip"`, "\"type\":\"trip\",\"x\":\"\xff\""}, {`"type":"trip"`, `"type":"trip","total_amount":01`},
	} {
		records = append(records, []byte(strings.ReplaceAll(whole, change[0], change[1])))
	}
	records = append(records, nil, []byte("null"), []byte("[]"), []byte("\ufeff"+whole), []byte(strings.Replace(whole, `{`, `{"pad":"`+strings.Repeat("x", taxi.MaxEventBytes)+`",`, 1)))

	var in bytes.Buffer
	for _, r := range records {
		in.WriteString(base64.StdEncoding.EncodeToString(r) + "\n")
	}
	cmd := python(t, "-c", "import sys, base64, lambda_function\nfor line in sys.stdin: print(*lambda_function.check(base64.b64decode(line)))")
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(answers) != len(records) {
		t.Fatalf("%d answers to %d records", len(answers), len(records))
	}
	reasons := map[string]bool{}
	for i, r := range records {
		reason, _, _ := strings.Cut(answers[i], " ")
		want := taxi.Check(r).Reason()
		reasons[want] = true
		if reason != want {
			t.Errorf("Python says %q, Go says %q of %.600s", reason, want, r)
		}
	}
	if len(reasons) < 14 {
		t.Errorf("only %d different verdicts were compared", len(reasons))
	}
}
