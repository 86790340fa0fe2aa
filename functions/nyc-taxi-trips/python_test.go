package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/hydrant-stream/hydrant/internal/absent"
	"github.com/hydrant-stream/hydrant/taxi"
)

var boto3 = sync.OnceValue(func() error { return exec.Command("python3", "-c", "import boto3").Run() })

// python is a command on the Python function, or the test is skipped.
func python(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if err := boto3(); err != nil {
		absent.Skip(t, "python3 with boto3 is not there: %v", err)
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

// TestPythonFunctionNeedsBoto3AtItsStart: where boto3 is absent the function does not start, which Lambda
// answers with Runtime.ImportModuleError, instead of failing batch after batch.
func TestPythonFunctionNeedsBoto3AtItsStart(t *testing.T) {
	cmd := python(t, "-S", "-c", "import lambda_function") // -S: without site-packages
	if out, err := cmd.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("ModuleNotFoundError: No module named 'boto3'")) {
		t.Errorf("%v\n%s", err, out)
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
		{`"type":"trip"`, `"t\u0079pe":"tr\u0069p"`}, {`T`, ` `}, {`.000Z`, ``}, {`.000Z`, `.1234567891Z`}, {`2016-01-`, `2016-13-`}, {`2016-01-`, `2015-02-3`}, {`2016-`, `0000-`}, {`2016-01-`, `1900-02-2`}, {`T`, `T2`},
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

// TestPythonFunctionThroughBoto3 sends a batch through the true boto3 to a server that throttles the first
// call, refuses one record of the second and takes the third.
func TestPythonFunctionThroughBoto3(t *testing.T) {
	type call struct {
		target, auth, trace string
		DeliveryStreamName  string
		Records             []struct{ Data []byte }
	}
	calls := make(chan call, 10)
	n := 0
	firehose := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := call{target: r.Header.Get("X-Amz-Target"), auth: r.Header.Get("Authorization"), trace: r.Header.Get("X-Amzn-Trace-Id")}
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			t.Error(err)
		}
		calls <- c
		switch n++; n {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, `{"__type":"ServiceUnavailableException","message":"Slow down."}`)
		case 2:
			io.WriteString(w, `{"FailedPutCount":1,"Encrypted":false,"RequestResponses":[{"RecordId":"1"},{"ErrorCode":"InternalFailure","ErrorMessage":"x"},{"RecordId":"3"}]}`)
		default:
			io.WriteString(w, `{"FailedPutCount":0,"Encrypted":false,"RequestResponses":[{"RecordId":"2"}]}`)
		}
	}))
	defer firehose.Close()

	var records []string
	var want [][]byte
	var e taxi.Event
	for g := taxi.Generate(4, 200); len(want) < 3 && g.Next(&e); {
		if taxi.Check(e.JSON).Keep() {
			want = append(want, bytes.Clone(e.JSON))
			records = append(records, fmt.Sprintf(`{"eventID":"shardId-000000000000:%d","kinesis":{"sequenceNumber":"%d","data":"%s"}}`, len(want), len(want), base64.StdEncoding.EncodeToString(e.JSON)))
		}
	}
	cmd := python(t, "-c", "import json, sys, lambda_function as f\nclass C:\n    def get_remaining_time_in_millis(self): return 60000\nprint(json.dumps(f.lambda_handler(json.load(sys.stdin), C())))")
	cmd.Stdin = strings.NewReader(`{"Records":[` + strings.Join(records, ",") + `]}`)
	cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL="+firehose.URL, "AWS_DEFAULT_REGION=us-east-1", "AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "exponential_backoff_seed=1",
		"AWS_LAMBDA_FUNCTION_NAME=f", "_X_AMZN_TRACE_ID=Root=1-00000000-000000000000000000000000;Parent=0000000000000001;Sampled=0")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.HasSuffix(out, []byte("{\"batchItemFailures\": []}\n")) {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, line := range []string{"errors=ServiceUnavailableException:3", "errors=InternalFailure:1", "sent=3 unsent=0 dropped=0 calls=3 retries=2"} {
		if !bytes.Contains(out, []byte(line)) {
			t.Errorf("the log lacks %q:\n%s", line, out)
		}
	}
	for i, n := range []int{3, 3, 1} {
		c := <-calls
		if c.target != "Firehose_20150804.PutRecordBatch" || !strings.HasPrefix(c.auth, "AWS4-HMAC-SHA256 ") || !strings.HasPrefix(c.trace, "Root=1-00000000-") || c.DeliveryStreamName != "lake" {
			t.Errorf("call %d: %q %q %q to %q", i, c.target, c.auth, c.trace, c.DeliveryStreamName)
		}
		if len(c.Records) != n || n == 1 && !bytes.Equal(c.Records[0].Data, want[1]) || n == 3 && !bytes.Equal(c.Records[2].Data, want[2]) {
			t.Errorf("call %d has %d records, want %d as they came", i, len(c.Records), n)
		}
	}
}
