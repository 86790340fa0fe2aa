// Package node_test holds the JavaScript function to the behaviour of the Go one.
package node_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant/internal/absent"
	"github.com/hydrant-stream/hydrant/taxi"
)

// node is a command on node, or the test is skipped.
func node(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if err := exec.Command("node", "--eval", "if (+process.versions.node.split('.')[0] < 18) process.exit(1)").Run(); err != nil {
		absent.Skip(t, "node 18 or newer is not there: %v", err)
	}
	return exec.Command("node", args...)
}

func TestNodeFunction(t *testing.T) {
	if out, err := node(t, "--test", "filter.test.mjs").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestNodeFunctionAgreesWithCheck asks both for their verdict on the same records, as the Python
// function is asked.
func TestNodeFunctionAgreesWithCheck(t *testing.T) {
	var records [][]byte
	var e taxi.Event
	for g := taxi.Generate(3, 5000); g.Next(&e); {
		records = append(records, bytes.Clone(e.JSON))
	}
	whole := string(records[0])
	const trip = `"type":"trip"`
	for _, change := range [][2]string{
		{`"trip_id":1`, `"trip_id":1.0`}, {`"trip_id":1`, `"trip_id":null`}, {`"trip_id":1`, `"trip_id":true`}, {`"trip_id":1`, `"trip_id":123456789012345678`},
		{`"trip_id":1`, `"trip_id":1234567890123456789`}, {`"trip_id":1`, `"trip_id":-7`}, {`"trip_id":1`, `"trip_id": 7 `}, {`"trip_id":1`, `"trip_id":1e2`}, {`"trip_id":1`, `"trip_id":{"a":1}`},
		{trip, `"type":"Trip"`}, {trip, `"type":7`}, {trip, `"type":"trip","type":"watermark"`}, {trip, `"type":["trip"]`},
		{trip, `"t\u0079pe":"tr\u0069p"`}, {`T`, ` `}, {`.000Z`, ``}, {`.000Z`, `.1234567891Z`}, {`2016-01-`, `2016-13-`}, {`2016-01-`, `2015-02-3`}, {`.000Z`, `.000Z\n`},
		{trip, trip + `,"pickup_longitude":-0.0`}, {trip, trip + `,"dropoff_latitude":0e9`}, {trip, trip + `,"dropoff_latitude":1e-999`}, {trip, trip + `,"dropoff_latitude":1e999`},
		{trip, trip + `,"total_amount":"8.8"`}, {trip, trip + `,"total_amount":NaN`}, {trip, trip + `,"passenger_count":1.5`}, {trip, trip + `,"total_amount":[]`},
		{trip, trip + `,"passenger_count":null`}, {trip + `}`, trip + `}{}`}, {trip + `}`, trip}, {trip + `}`, trip + "} \r\n"},
		{trip, trip + `,"x":{"a":[1,{"type":"watermark"}]}`}, {trip, trip + ",\"x\":\"\xff\""}, {trip, trip + `,"total_amount":01`}, {trip, trip + `,"x":"\",\"type\":\"watermark"`},
		{trip, trip + `,"x":"a\nb"`}, {trip, trip + ",\"x\":\"a\nb\""}, {trip, trip + `,"__proto__":{"trip_id":null}`}, {trip, trip + `,"":{}`}, {trip, trip + `,"x":["type","watermark"]`},
	} {
		records = append(records, []byte(strings.ReplaceAll(whole, change[0], change[1])))
	}
	records = append(records, nil, []byte("null"), []byte("[]"), []byte("\ufeff"+whole), []byte(" "+whole), []byte(strings.Replace(whole, `{`, `{"pad":"`+strings.Repeat("x", taxi.MaxEventBytes)+`",`, 1)))

	var in bytes.Buffer
	for _, r := range records {
		in.WriteString(base64.StdEncoding.EncodeToString(r) + "\n")
	}
	cmd := node(t, "--input-type=module", "--eval", `
import { check } from './check.mjs';
import fs from 'node:fs';
const lines = fs.readFileSync(0, 'latin1').split('\n').slice(0, -1);
console.log(JSON.stringify(lines.map((line) => check(Buffer.from(line, 'base64')))));`)
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []struct {
		Reason string
		Trip   *json.Number
	}
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(records) {
		t.Fatalf("%d answers to %d records: %v", len(answers), len(records), err)
	}
	reasons := map[string]bool{}
	for i, r := range records {
		want := taxi.Check(r)
		reasons[want.Reason()] = true
		if answers[i].Reason != want.Reason() {
			t.Errorf("JavaScript says %q, Go says %q of %.600s", answers[i].Reason, want.Reason(), r)
		}
	}
	if len(reasons) < 14 {
		t.Errorf("only %d different verdicts were compared", len(reasons))
	}
}

// TestNodeFunctionWithItsSDK installs AWS's SDK and sends a batch through it. It needs a package registry:
//
//	HYDRANT_HEAVY=1 go test ./functions/nyc-taxi-trips/node
func TestNodeFunctionWithItsSDK(t *testing.T) {
	if os.Getenv("HYDRANT_HEAVY") == "" {
		t.Skip("HYDRANT_HEAVY is not set")
	}
	dir := t.TempDir()
	if out, err := exec.Command("npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "@aws-sdk/client-firehose").CombinedOutput(); err != nil {
		t.Skipf("npm cannot install the SDK: %v\n%s", err, out)
	}
	for _, name := range []string{"index.mjs", "filter.mjs", "check.mjs"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var e taxi.Event
	var kept int
	var records []string
	for g := taxi.Generate(4, 200); g.Next(&e); {
		if taxi.Check(e.JSON).Keep() {
			kept++
		}
		records = append(records, `{"eventID":"shardId-000000000000:1","kinesis":{"sequenceNumber":"1","data":"`+base64.StdEncoding.EncodeToString(e.JSON)+`"}}`)
	}
	got := make(chan int, 10)
	trace := make(chan string, 10)
	firehose := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c struct{ Records []struct{ Data []byte } }
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			t.Error(err)
		}
		got <- len(c.Records)
		trace <- r.Header.Get("X-Amzn-Trace-Id")
		io.WriteString(w, `{"FailedPutCount":0,"RequestResponses":[]}`)
	}))
	defer firehose.Close()
	cmd := node(t, "--input-type=module", "--eval", `
import { handler } from './index.mjs';
import fs from 'node:fs';
const answer = await handler(JSON.parse(fs.readFileSync(0)), { getRemainingTimeInMillis: () => 30000 });
console.log(JSON.stringify(answer));`)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(`{"Records":[` + strings.Join(records, ",") + `]}`)
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+firehose.URL, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s",
		"delivery_stream_name=lake", "AWS_LAMBDA_FUNCTION_NAME=f", "_X_AMZN_TRACE_ID=Root=1-00000000-000000000000000000000000;Parent=0000000000000001;Sampled=0")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte(`{"batchItemFailures":[]}`)) {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := <-got; n != kept {
		t.Errorf("a call of %d records, want %d", n, kept)
	}
	if h := <-trace; !strings.HasPrefix(h, "Root=1-00000000-") {
		t.Errorf("the SDK sends the trace header %q", h)
	}
}
