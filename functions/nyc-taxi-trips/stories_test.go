package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant/internal/absent"
	"github.com/hydrant-stream/hydrant/taxi"
)

var update = flag.Bool("update", false, "write testdata/stories.txt from what the Go function does")

// story is what happens to one batch. All stories are told to one instance, one after the other.
type story struct {
	name    string
	records []string
	// sequences are the records' places in the stream, where those are not 0, 1, 2, …
	sequences []int
	// answer is what the delivery stream says to a call, from 0: "" takes it whole, a number is the status of a
	// throttled call, else trip=ErrorCode pairs name the records it refuses.
	answer func(call int) string
	left   time.Duration // until the deadline; 0 means a minute
}

// record is a complete trip, about to be changed.
func record(id int, changes ...string) string {
	s := fmt.Sprintf(`{"pickup_datetime":"2016-01-01T00:00:00.000Z","dropoff_datetime":"2016-01-01T00:10:00.000Z","passenger_count":1,"trip_distance":1.10,`+
		`"pickup_longitude":-73.99,"pickup_latitude":40.73,"dropoff_longitude":-73.98,"dropoff_latitude":40.74,"total_amount":8.8,"trip_id":%d,"type":"trip"}`, id)
	return strings.NewReplacer(changes...).Replace(s)
}

func records(from, to int) (all []string) {
	for id := from; id < to; id++ {
		all = append(all, record(id))
	}
	return all
}

func places(from, to int) (all []int) {
	for n := from; n < to; n++ {
		all = append(all, n)
	}
	return all
}

func always(answer string) func(int) string { return func(int) string { return answer } }

// stories are the same for the function in every language. What they come to stands in testdata/stories.txt.
var stories = []story{
	{name: "an empty batch"},
	{name: "trips are sent as they came", records: []string{record(1), record(2, `{`, ` { `), record(3, `"passenger_count":1,`, ``)}},
	{name: "what is not a complete trip is dropped", records: []string{
		record(1), record(2, "-73.99", "0"), record(3, "40.74", "0.000000"), record(4, `"total_amount"`, `"xtotal"`), record(5, `"trip_id":5`, `"trip_id":"5"`),
		`{"watermark":"2016-01-01T00:00:00.000Z","type":"watermark"}`, "\x00\xffnot json", "", `[]`, `{"type":"trip"}`, record(6, `"type":"trip"`, `"type":"bus"`),
		record(7, "2016-01-01T00:10", "2016-13-01T00:10"), record(8, `{`, `{"pad":"`+strings.Repeat("x", taxi.MaxEventBytes)+`",`), record(9),
	}},
	{name: "only what was refused is sent again", records: records(0, 5), answer: func(call int) string {
		return []string{"1=ServiceUnavailableException 3=InternalFailure", "3=InternalFailure", ""}[call]
	}},
	{name: "a throttled call is repeated whole", records: records(0, 3), answer: func(call int) string { return []string{"503", "503", ""}[call] }},
	{name: "500 records a call", records: records(0, 1001)},
	{name: "retries are exhausted: the rest goes back, and nothing behind that call is sent", records: records(0, 1100), answer: always("100=InternalFailure 300=InternalFailure")},
	{name: "Lambda delivers it again: what was taken is not sent twice", records: records(100, 1100), sequences: places(100, 1100)},
	{name: "and it is forgotten then", records: records(100, 102), sequences: places(100, 102)},
	{name: "a call that fails for good", records: records(0, 2), answer: always("503")},
	{name: "the same again", records: records(0, 2)},
	{name: "records of one aggregate have one sequence number", records: records(0, 3), sequences: []int{7, 7, 7}, answer: always("1=InternalFailure")},
	{name: "and are told apart", records: records(0, 3), sequences: []int{7, 7, 7}},
	{name: "no time is left", records: records(0, 2), left: 300 * time.Millisecond},
}

// TestStories tells the stories to the function in each of its languages.
func TestStories(t *testing.T) {
	golden := filepath.Join("testdata", "stories.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(tell(t, function())), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for name, function := range map[string]func(*testing.T) *exec.Cmd{
		"go":      func(*testing.T) *exec.Cmd { return function() },
		"python":  pythonFunction,
		"node.js": nodeFunction,
	} {
		t.Run(name, func(t *testing.T) {
			if got := tell(t, function(t)); got != string(want) {
				t.Errorf("the stories of %s differ:\n%s", name, firstDifference(got, string(want)))
			}
		})
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\ngot  %.1000s\nwant %.1000s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

const client = "../../aws/lambda/runtime/client/" // of the Runtime API

func pythonFunction(t *testing.T) *exec.Cmd {
	path, err := filepath.Abs(client + "bootstrap.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := python(t, path)
	cmd.Env = append(cmd.Env, "LAMBDA_TASK_ROOT=.", "PYTHONPATH=.", "_HANDLER=lambda_function.lambda_handler")
	return cmd
}

// nodeFunction is the function in Node.js, on a stand-in for AWS's SDK: the SDK itself takes a package registry (see
// the test in node/).
func nodeFunction(t *testing.T) *exec.Cmd {
	if err := exec.Command("node", "--eval", "if (+process.versions.node.split('.')[0] < 18) process.exit(1)").Run(); err != nil {
		absent.Skip(t, "node 18 or newer is not there: %v", err)
	}
	dir := t.TempDir()
	files := map[string]string{
		"node_modules/@aws-sdk/client-firehose/package.json": `{"type":"module","exports":"./index.js"}`,
		"node_modules/@aws-sdk/client-firehose/index.js": `
export class PutRecordBatchCommand { constructor(input) { this.input = input; } }
export class FirehoseClient {
  async send({ input }) {
    const body = JSON.stringify({ ...input, Records: input.Records.map((r) => ({ Data: Buffer.from(r.Data).toString('base64') })) });
    const answer = await fetch(process.env.AWS_ENDPOINT_URL, { method: 'POST', body, headers: { 'X-Amz-Target': 'Firehose_20150804.PutRecordBatch' } });
    const doc = await answer.json();
    if (answer.ok) return doc;
    throw Object.assign(new Error(doc.message), { name: doc.__type });
  }
}`,
	}
	for _, name := range []string{"index.mjs", "filter.mjs", "check.mjs"} {
		b, err := os.ReadFile(filepath.Join("node", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(b)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path, err := filepath.Abs(client + "bootstrap.mjs")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", path)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LAMBDA_TASK_ROOT="+dir, "_HANDLER=index.handler")
	return cmd
}

// told is what a function did with a batch.
type told struct {
	calls  []string
	answer string
}

// tell starts the function, gives it every story over the Runtime API and returns what it did: calls, answers and
// log lines, without times and the words of an SDK.
func tell(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var mu sync.Mutex // of now and did
	var now *story
	var did told
	firehose := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		answer := ""
		if now.answer != nil {
			answer = now.answer(len(did.calls))
		}
		did.calls = append(did.calls, hear(t, w, r, answer))
	}))
	defer firehose.Close()

	next, done, over := make(chan string), make(chan bool), make(chan bool)
	runtime := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/invocation/next") {
			var event string
			select {
			case event = <-next:
			case <-over:
				return
			}
			mu.Lock()
			left := now.left
			mu.Unlock()
			if left == 0 {
				left = time.Minute
			}
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "r")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(left).UnixMilli()))
			w.Header().Set("Content-Length", strconv.Itoa(len(event))) // our clients know no chunks
			io.WriteString(w, event)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		did.answer = strings.NewReplacer(": ", ":", ", ", ",").Replace(string(body)) // Python's json has spaces
		if !strings.HasSuffix(r.URL.Path, "/response") {
			did.answer = r.URL.Path + " " + did.answer
		}
		mu.Unlock()
		w.WriteHeader(http.StatusAccepted)
		done <- true
	}))
	defer runtime.Close()
	defer close(over)

	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(cmd.Env, "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(runtime.URL, "http://"), "AWS_ENDPOINT_URL="+firehose.URL, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_FUNCTION_VERSION=1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"AWS_LAMBDA_LOG_GROUP_NAME=g", "AWS_LAMBDA_LOG_STREAM_NAME=s", "delivery_stream_name=lake", "exponential_backoff_seed=1", "number_of_retries=2")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() {
		_ = cmd.Process.Kill()
		<-ended
	}()

	var out strings.Builder
	var read int64
	for i := range stories {
		mu.Lock()
		now, did = &stories[i], told{}
		event := now.event()
		mu.Unlock()
		for _, wait := range []func() bool{
			func() bool { return await(t, cmd, log, ended, func() { next <- event }) },
			func() bool { return await(t, cmd, log, ended, func() { <-done }) },
		} {
			if !wait() {
				return out.String()
			}
		}
		all, err := os.ReadFile(log.Name())
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		fmt.Fprintf(&out, "# %s\n", now.name)
		for _, call := range did.calls {
			fmt.Fprintf(&out, "call %s\n", call)
		}
		out.WriteString(plain(string(all[read:])))
		fmt.Fprintf(&out, "%s\n\n", did.answer)
		mu.Unlock()
		read = int64(len(all))
	}
	return out.String()
}

// await returns when do has, or fails the test when the function has ended or a minute is over.
func await(t *testing.T, cmd *exec.Cmd, log *os.File, ended chan error, do func()) bool {
	t.Helper()
	finished := make(chan bool)
	go func() {
		do()
		close(finished)
	}()
	select {
	case <-finished:
		return true
	case err := <-ended:
		text, _ := os.ReadFile(log.Name())
		t.Errorf("%s ended: %v\n%s", cmd.Path, err, text)
		ended <- err
	case <-time.After(time.Minute):
		t.Errorf("%s does not go on", cmd.Path)
	}
	return false
}

func (s *story) event() string {
	list := []string{}
	for i, data := range s.records {
		n := i
		if s.sequences != nil {
			n = s.sequences[i]
		}
		list = append(list, fmt.Sprintf(`{"eventID":"shardId-000000000006:%d","eventSourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/trips","kinesis":{"sequenceNumber":"%d","partitionKey":"k","data":"%s"}}`,
			10_000+n, 10_000+n, base64.StdEncoding.EncodeToString([]byte(data))))
	}
	return `{"Records":[` + strings.Join(list, ",") + `]}`
}

// hear takes a call and answers it; it returns the call's trips in short.
func hear(t *testing.T, w http.ResponseWriter, r *http.Request, answer string) string {
	var c struct {
		DeliveryStreamName string
		Records            []struct{ Data []byte }
	}
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil || r.Header.Get("X-Amz-Target") != "Firehose_20150804.PutRecordBatch" || c.DeliveryStreamName != "lake" {
		t.Errorf("%s to %q: %v", r.Header.Get("X-Amz-Target"), c.DeliveryStreamName, err)
	}
	var ids []int64
	for _, rec := range c.Records {
		ids = append(ids, taxi.Check(rec.Data).TripID)
		if !bytes.Contains(bytes.ReplaceAll(rec.Data, []byte(" "), nil), []byte(`"trip_distance":1.10,`)) {
			t.Errorf("a record is not as it came: %s", rec.Data)
		}
	}
	if status, err := strconv.Atoi(answer); err == nil {
		w.WriteHeader(status)
		io.WriteString(w, `{"__type":"ServiceUnavailableException","message":"Slow down."}`)
		return span(ids)
	}
	refused := map[int64]string{}
	for pair := range strings.FieldsSeq(answer) {
		id, code, _ := strings.Cut(pair, "=")
		n, _ := strconv.ParseInt(id, 10, 64)
		refused[n] = code
	}
	failed, entries := 0, make([]string, len(ids))
	for i, id := range ids {
		entries[i] = `{"RecordId":"1"}`
		if code := refused[id]; code != "" {
			failed++
			entries[i] = `{"ErrorCode":"` + code + `","ErrorMessage":"Slow down."}`
		}
	}
	fmt.Fprintf(w, `{"FailedPutCount":%d,"Encrypted":false,"RequestResponses":[%s]}`, failed, strings.Join(entries, ","))
	return span(ids)
}

// span writes runs of ids as 3-7.
func span(ids []int64) string {
	var parts []string
	for len(ids) > 0 {
		n := 1
		for n < len(ids) && ids[n] == ids[n-1]+1 {
			n++
		}
		if n == 1 {
			parts = append(parts, fmt.Sprint(ids[0]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", ids[0], ids[n-1]))
		}
		ids = ids[n:]
	}
	return strings.Join(parts, ",")
}

var timed = regexp.MustCompile(`(wait|took)=\d+\.\d{3}s`)
var worded = regexp.MustCompile(`error=.*`)

// plain is a log without what differs from run to run and from SDK to SDK.
func plain(log string) string {
	lines := strings.Split(log, "\n")
	lines = slices.DeleteFunc(lines[:len(lines)-1], func(line string) bool { return strings.HasPrefix(line, "warning: GOCOVERDIR") })
	var out strings.Builder
	for _, line := range lines {
		out.WriteString(worded.ReplaceAllString(timed.ReplaceAllString(line, "$1=…"), "error=…") + "\n")
	}
	return out.String()
}
