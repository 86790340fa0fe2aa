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
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant/taxi"
)

// TestMain is the function itself in the child process that TestFunctionOnTheRuntimeAPI starts.
func TestMain(m *testing.M) {
	if os.Getenv("NYC_TAXI_TRIPS_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// function is the function as a process, without any of the settings of this one's environment.
func function(env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append([]string{"NYC_TAXI_TRIPS_MAIN=1", "AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true"}, env...)
	return cmd
}

func TestFunctionNeedsADeliveryStream(t *testing.T) {
	out, err := function().CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("delivery_stream_name is missing")) {
		t.Errorf("%v: %s", err, out)
	}
}

// TestFunctionOnTheRuntimeAPI gives the true process one batch of 200 trips over Lambda's Runtime API,
// and refuses one record of its first call to Firehose.
func TestFunctionOnTheRuntimeAPI(t *testing.T) {
	var records []string
	var kept int
	var e taxi.Event
	for g := taxi.Generate(4, 200); g.Next(&e); {
		if taxi.Check(e.JSON).Keep() {
			kept++
		}
		records = append(records, fmt.Sprintf(`{"eventID":"shardId-000000000000:%d","eventSourceARN":"arn:s","kinesis":{"sequenceNumber":"%d","partitionKey":"k","approximateArrivalTimestamp":1545084650.987,"data":"%s"}}`,
			len(records)+1000, len(records)+1000, base64.StdEncoding.EncodeToString(e.JSON)))
	}
	event := `{"Records":[` + strings.Join(records, ",") + `]}`

	type call struct {
		DeliveryStreamName string
		Records            []struct{ Data []byte }
	}
	calls := make(chan call, 10)
	firehose := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c call
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil || r.Header.Get("X-Amz-Target") != "Firehose_20150804.PutRecordBatch" {
			t.Errorf("%s: %v", r.Header.Get("X-Amz-Target"), err)
		}
		answers := make([]string, len(c.Records))
		failed := 0
		for i := range answers {
			answers[i] = `{"RecordId":"1"}`
			if len(c.Records) == kept && i == 7 {
				failed, answers[i] = 1, `{"ErrorCode":"ServiceUnavailableException","ErrorMessage":"Slow down."}`
			}
		}
		calls <- c
		fmt.Fprintf(w, `{"FailedPutCount":%d,"Encrypted":false,"RequestResponses":[%s]}`, failed, strings.Join(answers, ","))
	}))
	defer firehose.Close()

	answered, stop := make(chan string, 1), make(chan struct{})
	invocations := 0
	runtime := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/invocation/next"):
			if invocations++; invocations > 1 {
				<-stop
				return
			}
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "r1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			fmt.Fprint(w, event)
		default:
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusAccepted)
			answered <- r.URL.Path + " " + string(body)
		}
	}))
	defer runtime.Close()
	defer close(stop)

	cmd := function("AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(runtime.URL, "http://"), "AWS_ENDPOINT_URL="+firehose.URL,
		"delivery_stream_name=lake", "exponential_backoff_seed=2")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var got string
	select {
	case got = <-answered:
	case <-time.After(15 * time.Second):
		got = "no answer"
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	if want := `/2018-06-01/runtime/invocation/r1/response {"batchItemFailures":[]}`; got != want {
		t.Fatalf("got  %s\nwant %s\n%s", got, want, &out)
	}
	first, second := <-calls, <-calls
	if first.DeliveryStreamName != "lake" || len(first.Records) != kept || len(second.Records) != 1 || !bytes.Equal(second.Records[0].Data, first.Records[7].Data) {
		t.Errorf("calls of %d and %d records, want %d and 1", len(first.Records), len(second.Records), kept)
	}
	if want := fmt.Sprintf(`level=INFO msg="batch done" batch=shardId-000000000000:1000-1199 records=200 sent=%d unsent=0`, kept); !strings.Contains(out.String(), want) {
		t.Errorf("the log lacks %s:\n%s", want, &out)
	}
}
