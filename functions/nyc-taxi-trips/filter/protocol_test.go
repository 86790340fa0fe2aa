package filter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/taxi"
)

// request is a call as a server hears it.
type request struct {
	head http.Header
	body []byte
}

// client is the function's own, against a server that answers as it is told.
func client(t testing.TB, over func(*firehose.Options), answer func(request) (int, string)) *firehose.Client {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		status, text := answer(request{r.Header, body})
		w.WriteHeader(status)
		io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return firehose.New(firehose.Options{Region: "us-east-1", BaseEndpoint: &server.URL, HTTPClient: awsbody.Over(nil), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")}, over)
}

// TestTheBodyIsTheSDKs puts the same records through the SDK's protocol and ours.
func TestTheBodyIsTheSDKs(t *testing.T) {
	in := &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String("la\"ke\u00e9"), Records: []types.Record{{Data: []byte("a")}, {Data: []byte(trip(1))}, {Data: []byte{}}}}
	var heard []request
	hear := func(r request) (int, string) {
		heard = append(heard, r)
		return 200, `{"FailedPutCount":0,"RequestResponses":[{"RecordId":"1"},{"RecordId":"2"},{"RecordId":"3"}]}`
	}
	for _, over := range []func(*firehose.Options){func(*firehose.Options) {}, overProtocol} {
		out, err := client(t, over, hear).PutRecordBatch(t.Context(), in)
		if err != nil || *out.FailedPutCount != 0 {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	var bodies [2]any
	for i := range bodies {
		if err := json.Unmarshal(heard[i].body, &bodies[i]); err != nil {
			t.Fatalf("%v in %s", err, heard[i].body)
		}
	}
	if fmt.Sprint(bodies[0]) != fmt.Sprint(bodies[1]) {
		t.Errorf("the SDK writes %s\nwe write %s", heard[0].body, heard[1].body)
	}
	for _, name := range []string{"X-Amz-Target", "Content-Type"} {
		if heard[0].head.Get(name) != heard[1].head.Get(name) || heard[1].head.Get(name) == "" {
			t.Errorf("%s: %q, the SDK's is %q", name, heard[1].head.Get(name), heard[0].head.Get(name))
		}
	}
	if !strings.HasPrefix(heard[1].head.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		t.Errorf("not signed: %q", heard[1].head.Get("Authorization"))
	}
}

func TestAnswersKeepTheirMeaning(t *testing.T) {
	put := func(status int, text string) (*firehose.PutRecordBatchOutput, error) {
		c := client(t, overProtocol, func(request) (int, string) { return status, text })
		return c.PutRecordBatch(t.Context(), &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String("lake"), Records: []types.Record{{Data: []byte("a")}}})
	}
	out, err := put(200, `{"FailedPutCount": 0 , "RequestResponses":[{"RecordId":"1"}]}`) // spelt another way: the SDK reads it
	if err != nil || *out.FailedPutCount != 0 || len(out.RequestResponses) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	out, err = put(200, `{"FailedPutCount":1,"Encrypted":false,"RequestResponses":[{"ErrorCode":"ServiceUnavailableException","ErrorMessage":"Slow down."}]}`)
	if err != nil || *out.FailedPutCount != 1 || *out.RequestResponses[0].ErrorCode != "ServiceUnavailableException" {
		t.Errorf("%+v, %v", out, err)
	}
	_, err = put(400, `{"__type":"ResourceNotFoundException","message":"Firehose lake under account 000000000000 not found."}`)
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("%v", err)
	}
	if out, err = put(200, `{"FailedPutCount":0,"RequestResponses":[`); err == nil {
		t.Errorf("half an answer: %+v", out)
	}
}

// BenchmarkInvoke is a batch of 1,000 generated trips through the handler and the SDK to a server that
// only answers.
func BenchmarkInvoke(b *testing.B) {
	var e taxi.Event
	var records []string
	for g := taxi.Generate(4, 1000); g.Next(&e); {
		records = append(records, eventRecord(len(records), string(e.JSON), ""))
	}
	payload := []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
	c := client(b, overProtocol, func(r request) (int, string) {
		n := bytes.Count(r.body, []byte(`"Data"`))
		return 200, `{"FailedPutCount":0,"Encrypted":false,"RequestResponses":[` + strings.Repeat(`{"RecordId":"4959033827149025660855969253836157109592157598913658"},`, n-1) + `{"RecordId":"1"}]}`
	})
	h := New(Settings{DeliveryStream: "lake", BackoffSeed: 35}, c, slog.New(slog.DiscardHandler))
	for b.Loop() {
		if _, err := h.Invoke(b.Context(), payload); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(records)), "ns/record")
}
