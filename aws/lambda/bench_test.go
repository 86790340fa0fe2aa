//go:build heavy

package lambda_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	fhsdk "github.com/aws/aws-sdk-go-v2/service/firehose"
	fhtypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	ksdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	lsdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	ltypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/firehose"
	"github.com/hydrant-stream/hydrant/aws/kinesis"
	"github.com/hydrant-stream/hydrant/aws/lambda"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/taxi"
	"github.com/hydrant-stream/hydrant/wire"
)

// The figures of bench/results/lambda.txt. Stream, functions and delivery stream stand in this process,
// over a real disk and HTTP.
//
//	go test -tags heavy -run Figures -v ./aws/lambda

// lines takes the functions' output.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) Write(_ context.Context, _ hydrant.Scope, _, _ string, events []hydrant.LogEvent) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		l.text = append(l.text, e.Message)
	}
	return nil
}

type rig struct {
	t        *testing.T
	logs     lines
	lambda   *lambda.Service
	kinesis  *ksdk.Client
	firehose *fhsdk.Client
	fn       *lsdk.Client
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t}
	data := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	disk := vfs.OS(data)
	j, err := journal.Open(disk, "journal")
	must(err)
	log, err := segment.Open(disk, "log", segment.Options{SegmentBytes: 64 << 20, TailBytes: 64 << 20})
	must(err)
	lake, err := dir.Open(filepath.Join(data, "s3"))
	must(err)
	must(lake.CreateBucket(t.Context(), blob.BucketInfo{Name: "lake"}))
	k, err := kinesis.New(t.Context(), kinesis.Config{Journal: j, Log: log})
	must(err)
	f, err := firehose.New(firehose.Config{Log: log, Journal: j, Lake: lake})
	must(err)
	var server *httptest.Server
	r.lambda, err = lambda.New(lambda.Config{Journal: j, Dir: filepath.Join(data, "lambda"), Endpoint: func() string { return server.URL },
		Logs: &r.logs, Streams: k, Allowed: true})
	must(err)
	server = httptest.NewServer(wire.NewServer(wire.Config{Services: []wire.Service{k.Wire(), f.Wire(), r.lambda.Wire()}}))
	r.lambda.Start()
	t.Cleanup(func() {
		r.lambda.Close()
		server.Close()
		f.Close()
		k.Close()
		lake.Close()
		log.Close()
		j.Close()
	})
	keys := credentials.NewStaticCredentialsProvider("test", "test", "")
	r.kinesis = ksdk.New(ksdk.Options{Region: "us-east-1", BaseEndpoint: &server.URL, HTTPClient: awsbody.Over(nil), Credentials: keys})
	r.firehose = fhsdk.New(fhsdk.Options{Region: "us-east-1", BaseEndpoint: &server.URL, HTTPClient: awsbody.Over(nil), Credentials: keys})
	r.fn = lsdk.New(lsdk.Options{Region: "us-east-1", BaseEndpoint: &server.URL, HTTPClient: awsbody.Over(nil), Credentials: keys})
	return r
}

func (r *rig) stream(name string, shards int32) (arn string) {
	r.t.Helper()
	if _, err := r.kinesis.CreateStream(r.t.Context(), &ksdk.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
		r.t.Fatal(err)
	}
	return "arn:aws:kinesis:us-east-1:000000000000:stream/" + name
}

func (r *rig) function(name string, runtime ltypes.Runtime, handler string, files map[string][]byte, env map[string]string) {
	r.t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.Create(name)
		if err != nil {
			r.t.Fatal(err)
		}
		w.Write(content)
	}
	z.Close()
	if _, err := r.fn.CreateFunction(r.t.Context(), &lsdk.CreateFunctionInput{FunctionName: &name, Role: aws.String("arn:aws:iam::000000000000:role/r"), Runtime: runtime, Handler: &handler,
		Code: &ltypes.FunctionCode{ZipFile: b.Bytes()}, Timeout: aws.Int32(60), MemorySize: aws.Int32(1024), Environment: &ltypes.Environment{Variables: env}}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) mapping(source, function string, batch int32, position ltypes.EventSourcePosition) {
	r.t.Helper()
	if _, err := r.fn.CreateEventSourceMapping(r.t.Context(), &lsdk.CreateEventSourceMappingInput{EventSourceArn: &source, FunctionName: &function, BatchSize: &batch,
		StartingPosition: position, FunctionResponseTypes: []ltypes.FunctionResponseType{ltypes.FunctionResponseTypeReportBatchItemFailures}}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) drained(function string) {
	r.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(2 * time.Millisecond) {
		list, err := r.lambda.Progress(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		behind := uint64(0)
		for _, p := range list {
			if strings.HasSuffix(p.Function, ":"+function) {
				behind += p.Behind
			}
		}
		if len(list) > 0 && behind == 0 {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s is %d records behind", function, behind)
		}
	}
}

// cpu is the time this process has used, or its ended children.
func cpu(who int) time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(who, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFiguresThroughput(t *testing.T) {
	records := 200_000
	if n, err := strconv.Atoi(os.Getenv("RECORDS")); err == nil {
		records = n
	}
	root := filepath.Join("..", "..", "functions", "nyc-taxi-trips")
	bootstrap := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", bootstrap, ".")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	r := newRig(t)
	arn := r.stream("trips", 4)
	var entries []ktypes.PutRecordsRequestEntry
	put := func() {
		if _, err := r.kinesis.PutRecords(t.Context(), &ksdk.PutRecordsInput{StreamName: aws.String("trips"), Records: entries}); err != nil {
			t.Fatal(err)
		}
		entries = entries[:0]
	}
	var e taxi.Event
	n, size := 0, 0
	for g := taxi.Generate(1, records); g.Next(&e); n++ {
		size += len(e.JSON)
		entries = append(entries, ktypes.PutRecordsRequestEntry{Data: bytes.Clone(e.JSON), PartitionKey: aws.String(fmt.Sprint(n))})
		if len(entries) == 500 {
			put()
		}
	}
	if len(entries) > 0 {
		put()
	}
	t.Logf("%d trips of %d bytes on average, 4 shards, batches of 1,000", n, size/n)
	noop := []byte("import base64, json\ndef handler(event, context):\n    for r in event['Records']:\n        json.loads(base64.b64decode(r['kinesis']['data']))\n    return None\n")
	for _, f := range []struct {
		name, handler string
		runtime       ltypes.Runtime
		files         map[string][]byte
	}{
		{"go", "bootstrap", ltypes.RuntimeProvidedal2023, map[string][]byte{"bootstrap": read(t, bootstrap)}},
		{"python", "lambda_function.lambda_handler", ltypes.RuntimePython311, map[string][]byte{"lambda_function.py": read(t, filepath.Join(root, "python", "lambda_function.py"))}},
		{"python-only-parses", "app.handler", ltypes.RuntimePython311, map[string][]byte{"app.py": noop}},
	} {
		if _, err := r.firehose.CreateDeliveryStream(t.Context(), &fhsdk.CreateDeliveryStreamInput{DeliveryStreamName: &f.name, ExtendedS3DestinationConfiguration: &fhtypes.ExtendedS3DestinationConfiguration{
			BucketARN: aws.String("arn:aws:s3:::lake"), RoleARN: aws.String("arn:aws:iam::000000000000:role/r"), Prefix: aws.String(f.name + "/")}}); err != nil {
			t.Fatal(err)
		}
		r.function(f.name, f.runtime, f.handler, f.files, map[string]string{"delivery_stream_name": f.name})
		began, own, theirs := time.Now(), cpu(syscall.RUSAGE_SELF), cpu(syscall.RUSAGE_CHILDREN)
		r.mapping(arn, f.name, 1000, ltypes.EventSourcePositionTrimHorizon)
		r.drained(f.name)
		took := time.Since(began)
		own = cpu(syscall.RUSAGE_SELF) - own
		if _, err := r.fn.DeleteFunction(t.Context(), &lsdk.DeleteFunctionInput{FunctionName: &f.name}); err != nil {
			t.Fatal(err)
		}
		for !strings.HasPrefix(r.lambda.Health(), "0 instances") {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(500 * time.Millisecond) // until they are waited for
		theirs = cpu(syscall.RUSAGE_CHILDREN) - theirs
		t.Logf("%-20s %8.0f records/s, from no instance to the last checkpoint in %.2f s; CPU: hydrant %.2f s, function %.2f s", f.name, float64(n)/took.Seconds(), took.Seconds(), own.Seconds(), theirs.Seconds())
	}
}

func TestFiguresLatency(t *testing.T) {
	r := newRig(t)
	r.function("clock", ltypes.RuntimePython311, "app.handler", map[string][]byte{"app.py": []byte(
		"import base64, time\ndef handler(event, context):\n    now = time.time_ns()\n    for r in event['Records']:\n        print('LAG', now - int(base64.b64decode(r['kinesis']['data'])), r['eventSourceARN'])\n")}, nil)
	polled, pushed := r.stream("polled", 1), r.stream("pushed", 1)
	c, err := r.kinesis.RegisterStreamConsumer(t.Context(), &ksdk.RegisterStreamConsumerInput{StreamARN: &pushed, ConsumerName: aws.String("c")})
	if err != nil {
		t.Fatal(err)
	}
	r.mapping(polled, "clock", 100, ltypes.EventSourcePositionTrimHorizon)
	r.mapping(*c.Consumer.ConsumerARN, "clock", 100, ltypes.EventSourcePositionTrimHorizon)
	const puts = 200
	for n := range puts + 5 {
		for _, arn := range []string{polled, pushed} {
			if n == 5 { // what came before warmed instances up
				r.drained("clock")
			}
			if _, err := r.kinesis.PutRecord(t.Context(), &ksdk.PutRecordInput{StreamARN: &arn, PartitionKey: aws.String("k"), Data: fmt.Append(nil, time.Now().UnixNano())}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(15 * time.Millisecond)
		}
	}
	r.drained("clock")
	r.lambda.Close() // all lines are here now
	lags := map[string][]time.Duration{}
	for _, text := range r.logs.text {
		var ns int64
		var arn string
		if k, _ := fmt.Sscanf(text, "LAG %d %s", &ns, &arn); k == 2 {
			kind := "polled"
			if strings.Contains(arn, "/consumer/") {
				kind = "pushed (enhanced fan-out)"
			}
			lags[kind] = append(lags[kind], time.Duration(ns))
		}
	}
	for kind, all := range lags {
		all = all[5:]
		slices.Sort(all)
		t.Logf("before the put to inside a warm Python handler, %-26s p50 %6.2f ms  p99 %6.2f ms  (%d puts)", kind+":", all[len(all)/2].Seconds()*1e3, all[len(all)*99/100].Seconds()*1e3, len(all))
	}
}

func TestFiguresIdle(t *testing.T) {
	r := newRig(t)
	r.function("f", ltypes.RuntimePython311, "app.handler", map[string][]byte{"app.py": []byte("def handler(e, c): pass\n")}, nil)
	for n := range 200 {
		r.mapping(r.stream(fmt.Sprint("s", n), 5), "f", 100, ltypes.EventSourcePositionLatest)
	}
	time.Sleep(3 * time.Second)
	used, began := cpu(syscall.RUSAGE_SELF), time.Now()
	time.Sleep(20 * time.Second)
	t.Logf("200 mappings over 1,000 shards, idle: %.2f %% of a core", 100*(cpu(syscall.RUSAGE_SELF)-used).Seconds()/time.Since(began).Seconds())
}
