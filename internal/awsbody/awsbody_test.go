package awsbody_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/hydrant-stream/hydrant/internal/awsbody"
)

// late hands a body on whose end is looked for late, as by a goroutine that is not scheduled.
type late struct{ next awsbody.Doer }

func (l late) Do(r *http.Request) (*http.Response, error) {
	if to, ok := r.Body.(io.WriterTo); ok {
		r.Body = &lateWriterTo{ReadCloser: r.Body, to: to, left: r.ContentLength}
	} else if r.Body != nil {
		r.Body = &lateReader{ReadCloser: r.Body, left: r.ContentLength}
	}
	return l.next.Do(r)
}

type lateReader struct {
	io.ReadCloser
	left int64
}

func (b *lateReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		time.Sleep(100 * time.Millisecond)
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}

type lateWriterTo struct {
	io.ReadCloser
	to   io.WriterTo
	left int64
}

func (b *lateWriterTo) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}

func (b *lateWriterTo) WriteTo(w io.Writer) (int64, error) {
	if b.left <= 0 {
		time.Sleep(100 * time.Millisecond)
	}
	return b.to.WriteTo(w)
}

// A server that answers as soon as it has the last byte, with a reply too large for one read.
func server(t *testing.T) string {
	reply := `{"FailedRecordCount":0,"Records":[` + strings.Repeat(`{"ShardId":"shardId-000000000000","SequenceNumber":"1"},`, 5000) + `{"ShardId":"shardId-000000000000","SequenceNumber":"1"}]}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = io.WriteString(w, reply[:1000])
		w.(http.Flusher).Flush()
		time.Sleep(200 * time.Millisecond)
		_, _ = io.WriteString(w, reply[1000:])
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func put(url string, client awsbody.Doer) error {
	k := kinesis.New(kinesis.Options{Region: "us-east-1", BaseEndpoint: &url, RetryMaxAttempts: 1, HTTPClient: client,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
	_, err := k.PutRecord(context.Background(), &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: make([]byte, 100_000)})
	return err
}

func TestAnswerSurvivesALateEndOfBody(t *testing.T) {
	if err := put(server(t), awsbody.Client{Next: late{awshttp.NewBuildableClient()}}); err != nil {
		t.Error(err)
	}
}

// When this fails the SDK has mended it, and the package can go.
func TestTheSDKStillLosesAnswers(t *testing.T) {
	if err := put(server(t), late{awshttp.NewBuildableClient()}); err == nil {
		t.Error("the SDK's own client kept the answer")
	}
}
