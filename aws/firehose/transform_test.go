package firehose

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
)

const functionARN = "arn:aws:lambda:us-east-1:000000000000:function:f"

// asked is a record of an event.
type asked struct {
	RecordID string `json:"recordId"`
	Arrival  int64  `json:"approximateArrivalTimestamp"`
	Data     []byte `json:"data"`
	Kinesis  *struct {
		SequenceNumber    string
		SubsequenceNumber int
		PartitionKey      string
		ShardID           string `json:"shardId"`
	} `json:"kinesisRecordMetadata"`
}

// told is a record of an answer.
type told struct {
	RecordID string         `json:"recordId"`
	Result   string         `json:"result"`
	Data     any            `json:"data"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

type invocation struct {
	InvocationID string `json:"invocationId"`
	Stream       string `json:"deliveryStreamArn"`
	Region       string `json:"region"`
	Source       string `json:"sourceKinesisStreamArn"`
	Records      []asked
}

// function is one function, f, in this process.
type function struct {
	mu     sync.Mutex
	calls  []invocation
	answer func(call int, e invocation) (answer any, functionError string, err error)
}

func (f *function) Invoke(_ context.Context, _ hydrant.Scope, arn string, payload []byte) ([]byte, string, error) {
	if arn != functionARN {
		return nil, "", hydrant.Faultf("ResourceNotFoundException", "Function not found: %s", arn)
	}
	var e invocation
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, "", err
	}
	f.mu.Lock()
	f.calls = append(f.calls, e)
	n := len(f.calls)
	f.mu.Unlock()
	a, functionError, err := f.answer(n, e)
	if raw, ok := a.(string); ok {
		return []byte(raw), functionError, err
	}
	b, _ := json.Marshal(map[string]any{"records": a})
	return b, functionError, err
}

func (f *function) called() []invocation {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]invocation(nil), f.calls...)
}

// each answers record by record.
func each(f func(call int, r asked) []told) *function {
	return &function{answer: func(call int, e invocation) (any, string, error) {
		all := []told{}
		for _, r := range e.Records {
			all = append(all, f(call, r)...)
		}
		return all, "", nil
	}}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func processor(kind string, kv ...string) Processor {
	p := Processor{Type: kind}
	for i := 0; i < len(kv); i += 2 {
		p.Parameters = append(p.Parameters, ProcessorParameter{kv[i], kv[i+1]})
	}
	return p
}

func transforming(kv ...string) Processor {
	return processor(lambdaProcessor, append([]string{"LambdaArn", functionARN}, kv...)...)
}

func processors(list ...Processor) func(*ExtendedS3DestinationConfiguration) {
	return func(d *ExtendedS3DestinationConfiguration) {
		d.ProcessingConfiguration = &ProcessingConfiguration{Enabled: new(true), Processors: list}
	}
}

// bodies are the contents of the objects with those keys, error objects apart.
func (h *house) bodies(keys []string) (data, errors string) {
	for _, k := range keys {
		if strings.Contains(k, "-failed/") || strings.Contains(k, activePartitionExceeded) {
			errors += h.body("lake", k)
		} else {
			data += h.body("lake", k)
		}
	}
	return data, errors
}

var dates = regexp.MustCompile(`Timestamp":\d+`)

// undated is a text of error lines without its dates.
func undated(lines string) string { return dates.ReplaceAllString(lines, `Timestamp":T`) }

// Every row of the table of outcomes.
func TestTransformOutcomes(t *testing.T) {
	h := newHouse(t, nil)
	h.functions = each(func(_ int, r asked) []told {
		switch string(r.Data) {
		case "ok":
			return []told{{r.RecordID, "Ok", b64("OK!"), nil}}
		case "empty":
			return []told{{r.RecordID, "Ok", "", nil}}
		case "drop":
			return []told{{r.RecordID, "Dropped", nil, nil}}
		case "fail":
			return []told{{r.RecordID, "ProcessingFailed", b64("x"), nil}}
		case "miss":
			return nil
		case "twice":
			return []told{{r.RecordID, "Ok", "", nil}, {r.RecordID, "Ok", "", nil}}
		case "null":
			return []told{{r.RecordID, "Ok", nil, nil}, {"unknown", "Ok", "", nil}}
		}
		return nil
	})
	h.stop()
	h.start()
	h.create("s", processors(transforming("NumberOfRetries", "0")))
	h.put("s", "ok", "drop", "fail", "miss", "twice", "null", "empty", "ok")
	data, errors := h.bodies(h.flush("s"))
	if data != "OK!OK!" {
		t.Errorf("delivered %q", data)
	}
	var want strings.Builder
	for _, e := range [][3]string{
		{"fail", "Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record"},
		{"miss", "Lambda.MissingRecordId", "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids."},
		{"twice", "Lambda.DuplicatedRecordId", "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique record Id for each record."},
		{"null", "Lambda.InvalidReturnFormat", "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and processing result is Ok. The value field cannot be null when the SourceType is MSKAsSource and processing result is Ok."},
	} {
		fmt.Fprintf(&want, `{"rawData":"%s","errorCode":"%s","errorMessage":"%s","attemptsMade":1,"arrivalTimestamp":T,"attemptEndingTimestamp":T,"lambdaARN":"%s"}`+"\n", b64(e[0]), e[1], e[2], functionARN)
	}
	if got := undated(errors); got != want.String() {
		t.Errorf("error lines\n%s\nwant\n%s", got, want.String())
	}
	d, _ := h.Deliveries(t.Context(), here, "s")
	if len(d) != 1 || d[0].Records != 7 || d[0].Dropped != 1 || d[0].Rejected != 4 || d[0].Bytes != 26 || d[0].Objects[0].Records != 3 {
		t.Errorf("manifest %+v", d)
	}
	if b := h.Backlogs(); b[0].Waiting != 0 || b[0].Delivered != 7 || !b[0].Oldest.IsZero() {
		t.Errorf("backlog %+v", b)
	}
	if n, shards := h.log.(*memlog).held(); n != 0 {
		t.Errorf("%d records are left\n%s", n, shards)
	}
}

// An answer that is none is asked for again, and then the whole batch fails.
func TestTransformRetries(t *testing.T) {
	for name, answer := range map[string]func(call int, e invocation) (any, string, error){
		"function error": func(int, invocation) (any, string, error) { return `{"errorMessage":"x"}`, "Unhandled", nil },
		"unknown result": func(_ int, e invocation) (any, string, error) {
			return []told{{e.Records[0].RecordID, "ok", "", nil}}, "", nil
		},
		"invalid base64": func(_ int, e invocation) (any, string, error) {
			return []told{{e.Records[0].RecordID, "Ok", "%", nil}}, "", nil
		},
		"oversized answer": func(int, invocation) (any, string, error) {
			return `{"records":[]}` + strings.Repeat(" ", 6<<20), "", nil
		},
		"no JSON": func(int, invocation) (any, string, error) { return `records`, "", nil },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			f := &function{answer: answer}
			h.functions = f
			h.stop()
			h.start()
			h.create("s", processors(transforming("NumberOfRetries", "1")))
			h.put("s", "a", "b")
			data, errors := h.bodies(h.flush("s"))
			if data != "" || strings.Count(errors, `"errorCode":"Lambda.FunctionError","errorMessage":"The Lambda function was successfully invoked but it returned an error result.","attemptsMade":2,`) != 2 {
				t.Errorf("delivered %q, errors %s", data, errors)
			}
			calls := f.called()
			if len(calls) != 2 || calls[0].InvocationID == calls[1].InvocationID || calls[0].Records[0].RecordID != calls[1].Records[0].RecordID {
				t.Errorf("calls %+v", calls)
			}
			if c := calls[0]; c.Stream != "arn:aws:firehose:us-east-1:000000000000:deliverystream/s" || c.Region != "us-east-1" || len(c.Records) != 2 || string(c.Records[1].Data) != "b" {
				t.Errorf("event %+v", c)
			}
		})
	}
}

// A function that cannot be called is waited for; nothing fails and nothing is lost.
func TestTransformFunctionMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.RetryLast = 10 * time.Second })
		there := false
		var mu sync.Mutex
		h.functions = &function{answer: func(_ int, e invocation) (any, string, error) {
			mu.Lock()
			defer mu.Unlock()
			if !there {
				return nil, "", hydrant.Faultf("ResourceNotFoundException", "Function not found")
			}
			return []told{{e.Records[0].RecordID, "Ok", b64("there"), nil}}, "", nil
		}}
		h.stop()
		h.start()
		h.create("s", func(d *ExtendedS3DestinationConfiguration) {
			processors(transforming("BufferSizeInMBs", "1", "BufferIntervalInSeconds", "0"))(d)
			d.CloudWatchLoggingOptions = &CloudWatchLoggingOptions{Enabled: new(true), LogGroupName: "g", LogStreamName: "l"}
			d.BufferingHints.IntervalInSeconds = new(0)
		})
		h.put("s", "x")
		time.Sleep(time.Hour)
		if e := h.events.all(); len(e) == 0 || !strings.HasSuffix(e[0], `"errorCode":"Lambda.ResourceNotFound","processor":"`+functionARN+`"}`) {
			t.Fatalf("events %q", e)
		}
		if d := h.find(here, "s").describe(); d.FailureDescription == nil || !strings.Contains(d.FailureDescription.Details, "Lambda.ResourceNotFound") {
			t.Errorf("described as %+v", d.FailureDescription)
		}
		mu.Lock()
		there = true
		mu.Unlock()
		time.Sleep(time.Minute)
		if got := h.all("s"); got != "there" {
			t.Errorf("delivered %q", got)
		}
	})
}

// A role that may not invoke the function holds the records up until it may.
func TestTransformRoleDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.RetryLast = 10 * time.Second })
		h.functions = each(func(_ int, r asked) []told { return []told{{r.RecordID, "Ok", b64(string(r.Data) + "!"), nil}} })
		h.stop()
		h.start()
		h.create("s", func(d *ExtendedS3DestinationConfiguration) {
			processors(transforming("BufferSizeInMBs", "1", "BufferIntervalInSeconds", "0"))(d)
			d.CloudWatchLoggingOptions = logging
			d.BufferingHints.IntervalInSeconds = new(0)
		})
		h.roles.deny("lambda:InvokeFunction")
		h.put("s", "x")
		time.Sleep(time.Minute)
		h.stop()
		h.start()
		h.put("s", "y")
		time.Sleep(time.Minute)
		want := `"message":"` + invokeDenied + `","errorCode":"Lambda.InvokeAccessDenied","processor":"` + functionARN + `"}`
		if e := h.events.all(); len(e) < 2 || !strings.HasSuffix(e[0], want) {
			t.Fatalf("events %q", e)
		}
		h.wantFailing("s", "Lambda.InvokeAccessDenied")
		h.roles.deny("")
		time.Sleep(time.Minute)
		if got := h.all("s"); got != "x!y!" {
			t.Errorf("delivered %q", got)
		}
		h.wantFailing("s", "")
	})
}

// The hints of the processor decide when a function is called, and with how much.
func TestTransformBuffering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		f := each(func(_ int, r asked) []told { return []told{{r.RecordID, "Ok", "", nil}} })
		h.functions = f
		h.stop()
		h.start()
		h.create("s", processors(transforming("BufferSizeInMBs", "0.2", "BufferIntervalInSeconds", "30")))
		h.put("s", "a")
		time.Sleep(29 * time.Second)
		if n := len(f.called()); n != 0 {
			t.Fatalf("%d calls after 29 s", n)
		}
		time.Sleep(2 * time.Second)
		if n := len(f.called()); n != 1 {
			t.Fatalf("%d calls after 31 s", n)
		}
		big := strings.Repeat("x", 100<<10)
		h.put("s", big, big, big, big, big)
		synctest.Wait()
		for i, c := range f.called()[1:] {
			if n := len(c.Records); n > 2 {
				t.Errorf("call %d has %d records", i, n)
			}
		}
		if n := len(f.called()); n != 4 {
			t.Errorf("%d calls", n)
		}
	})
}

// What a function returned is what is converted, and what cannot be converted shows as it returned it.
func TestTransformThenConvert(t *testing.T) {
	h := newHouse(t, nil)
	h.tables.set(nil, "id bigint")
	h.functions = each(func(_ int, r asked) []told {
		return []told{{r.RecordID, "Ok", b64(strings.Replace(string(r.Data), "n", `"id"`, 1)), nil}}
	})
	h.stop()
	h.start()
	h.create("s", func(d *ExtendedS3DestinationConfiguration) {
		converting(d)
		processors(transforming())(d)
	})
	h.put("s", `{n:1}`, `{n:x}`, `{n:2}`)
	keys := h.flush("s")
	if got := parquetIDs(t, h.body("lake", keys[0])); fmt.Sprint(got) != `[{"id":1} {"id":2}]` {
		t.Errorf("rows %v", got)
	}
	if line := h.body("lake", keys[1]); !strings.Contains(line, `"rawData":"`+b64(`{"id":x}`)+`","sequenceNumber":"`) {
		t.Errorf("error line %s", line)
	}
}

// Processing may be switched on and off under way.
func TestTransformSwitched(t *testing.T) {
	h := newHouse(t, nil)
	h.functions = each(func(_ int, r asked) []told { return []told{{r.RecordID, "Ok", b64("<" + string(r.Data) + ">"), nil}} })
	h.stop()
	h.start()
	h.create("s", nil)
	h.put("s", "a")
	h.flush("s")
	h.put("s", "b")
	var d ExtendedS3DestinationConfiguration
	processors(transforming())(&d)
	if err := h.update("s", &ExtendedS3DestinationUpdate{ProcessingConfiguration: d.ProcessingConfiguration}); err != nil {
		t.Fatal(err)
	}
	h.put("s", "c")
	h.flush("s")
	h.stop()
	h.start()
	if err := h.update("s", &ExtendedS3DestinationUpdate{ProcessingConfiguration: &ProcessingConfiguration{Enabled: new(false)}}); err != nil {
		t.Fatal(err)
	}
	h.put("s", "d")
	h.flush("s")
	if got := h.all("s"); got != "a<b><c>d" {
		t.Errorf("delivered %q", got)
	}
}

// Where records come from a stream, the function is told the place of each.
func TestTransformOfSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKinesis()
		k.add("shard-0", "")
		h := newHouse(t, func(c *Config) { c.Streams = k })
		f := each(func(_ int, r asked) []told { return []told{{r.RecordID, "Ok", r.Data, nil}} })
		h.functions = f
		h.stop()
		h.start()
		h.createSourced("s")
		var d ExtendedS3DestinationConfiguration
		processors(transforming("BufferSizeInMBs", "1", "BufferIntervalInSeconds", "10"))(&d)
		if err := h.update("s", &ExtendedS3DestinationUpdate{ProcessingConfiguration: d.ProcessingConfiguration}); err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		for i := range 10 {
			text := fmt.Sprintf("%d;", i)
			want.WriteString(text)
			k.put("shard-0", text)
			time.Sleep(7 * time.Second)
			h.stop()
			h.start()
		}
		time.Sleep(2 * time.Minute)
		if got := h.all("s"); got != want.String() {
			t.Errorf("got  %s\nwant %s", got, want.String())
		}
		c := f.called()[0]
		if m := c.Records[0].Kinesis; c.Source != sourceARN || m == nil || m.ShardID != "shard-0" || !strings.HasPrefix(m.SequenceNumber, "4959") {
			t.Errorf("event %+v", c)
		}
	})
}
