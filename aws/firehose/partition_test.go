package firehose

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
)

func jq(query string) Processor {
	return processor(metadataExtract, "MetadataExtractionQuery", query, "JsonParsingEngine", "JQ-1.6")
}

// keyed is a partitioned destination.
func keyed(dataPrefix string, list ...Processor) func(*ExtendedS3DestinationConfiguration) {
	return func(d *ExtendedS3DestinationConfiguration) {
		d.DynamicPartitioningConfiguration = &DynamicPartitioningConfiguration{Enabled: new(true)}
		d.Prefix, d.ErrorOutputPrefix = new(dataPrefix), new("errors/!{firehose:error-output-type}/")
		if len(list) > 0 {
			processors(list...)(d)
		}
	}
}

// folders are the contents of the lake by everything before the name of an object.
func (h *house) folders() map[string]string {
	all := map[string]string{}
	for k, body := range h.objects("lake") {
		all[k[:strings.LastIndexByte(k, '/')+1]] += body
	}
	return all
}

func (h *house) wantFolders(want map[string]string) {
	h.t.Helper()
	got := h.folders()
	for k, body := range want {
		if text := undated(got[k]); text != body {
			h.t.Errorf("%s holds %q, want %q", k, text, body)
		}
		delete(got, k)
	}
	if len(got) > 0 {
		h.t.Errorf("there is more: %q", got)
	}
}

const noKey = `{"rawData":"%s","errorCode":"DynamicPartitioning.MetadataExtractionFailed","errorMessage":"%s","attemptsMade":1,"arrivalTimestamp":T,"attemptEndingTimestamp":T}` + "\n"

func TestPartitionsFromQuery(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", keyed("c=!{partitionKeyFromQuery:customer}/!{timestamp:'y'}/n=!{partitionKeyFromQuery:n}/",
		jq(`{customer: .customer.id, n: (.n % 2)}`), processor(appendDelimiter)))
	h.put("s", `{"customer":{"id":"a"},"n":1}`, `{"customer":{"id":"a"},"n":2}`, `{"customer":{"id":7},"n":1}`,
		`{"customer":{"id":"a"},"n":3}`, `{"n":1}`, `no json`, `{"customer":{"id":[]},"n":1}`, `{"customer":"x","n":1}`)
	h.flush("s")
	h.wantFolders(map[string]string{
		"c=a/y/n=1/": `{"customer":{"id":"a"},"n":1}` + "\n" + `{"customer":{"id":"a"},"n":3}`,
		"c=a/y/n=0/": `{"customer":{"id":"a"},"n":2}`,
		"c=7/y/n=1/": `{"customer":{"id":7},"n":1}`,
		"errors/processing-failed/": fmt.Sprintf(noKey, b64(`{"n":1}`), errNoKeys) +
			fmt.Sprintf(noKey, b64(`no json`), "The record is not a valid JSON document.") +
			fmt.Sprintf(noKey, b64(`{"customer":{"id":[]},"n":1}`), errNoKeys) +
			fmt.Sprintf(noKey, b64(`{"customer":"x","n":1}`), `The query could not be evaluated: expected an object but got: string (\"x\")`),
	})
}

func TestPartitionsFromLambda(t *testing.T) {
	h := newHouse(t, nil)
	h.functions = each(func(_ int, r asked) []told {
		m := map[string]any{"partitionKeys": map[string]any{"kind": string(r.Data[:1]), "other": 1}}
		if r.Data[0] == '-' {
			m = nil
		}
		return []told{{r.RecordID, "Ok", r.Data, m}}
	})
	h.stop()
	h.start()
	h.create("s", keyed("!{partitionKeyFromLambda:kind}/", transforming("NumberOfRetries", "0")))
	h.put("s", "a1", "b1", "-", "a2")
	h.flush("s")
	h.wantFolders(map[string]string{"a/": "a1a2", "b/": "b1", "errors/processing-failed/": fmt.Sprintf(noKey, b64("-"), errNoKeys)})
}

func TestTakenApart(t *testing.T) {
	h := newHouse(t, nil)
	const key = "!{partitionKeyFromQuery:k}/"
	h.create("json", keyed("json/"+key, jq("{k}"), processor(deaggregation, "SubRecordType", "JSON")))
	h.put("json", `{"k":1}{"k":2}`+"\n"+` {"k":"1", "x":[1]} `, `{"k":2}{"k"`)
	h.flush("json")
	h.create("lines", keyed("lines/"+key, jq("{k}"), processor(deaggregation, "SubRecordType", "DELIMITED", "Delimiter", b64("#\n"))))
	h.put("lines", "{\"k\":1}#\n{\"k\":2}#\n", "{\"k\":2}")
	h.flush("lines")
	h.wantFolders(map[string]string{
		"json/1/": `{"k":1}{"k":"1", "x":[1]}`, "json/2/": `{"k":2}{"k":2}`,
		"errors/processing-failed/": fmt.Sprintf(noKey, b64(`{"k"`), "The record is not a valid JSON document."),
		"lines/1/":                  `{"k":1}`, "lines/2/": `{"k":2}{"k":2}`,
	})
	many := strings.Repeat("[1]", 501)
	if got := takenApart(&hydrant.Record{Data: []byte(many)}, "JSON"); len(got) != 1 || string(got[0].data) != many {
		t.Errorf("%d records of 501", len(got))
	}
	if got := takenApart(&hydrant.Record{Data: []byte(many[3:])}, "JSON"); len(got) != 500 {
		t.Errorf("%d records of 500", len(got))
	}
}

// Partitions flush at different times; one that has delivered all it had makes room for another.
func TestPartitionLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.ActivePartitions = 2 })
		h.create("s", func(d *ExtendedS3DestinationConfiguration) {
			keyed("!{partitionKeyFromQuery:k}/", jq("{k}"))(d)
			d.BufferingHints.IntervalInSeconds = new(60)
		})
		h.put("s", `{"k":"a"}`)
		time.Sleep(30 * time.Second)
		h.put("s", `{"k":"b"}`, `{"k":"c"}`, `{"k":"a"}`)
		time.Sleep(31 * time.Second) // a is due, b is not
		h.wantFolders(map[string]string{"a/": `{"k":"a"}{"k":"a"}`})
		h.stop() // what is open survives
		h.start()
		h.put("s", `{"k":"d"}`, `{"k":"b"}`)
		time.Sleep(61 * time.Second)
		h.wantFolders(map[string]string{
			"a/": `{"k":"a"}{"k":"a"}`, "b/": `{"k":"b"}{"k":"b"}`, "d/": `{"k":"d"}`,
			"errors/activePartitionExceeded/": `{"rawData":"` + b64(`{"k":"c"}`) + `","errorCode":"DynamicPartitioning.ActivePartitionLimitExceeded",` +
				`"errorMessage":"The number of active partitions exceeds the limit of the delivery stream.","attemptsMade":1,"arrivalTimestamp":T,"attemptEndingTimestamp":T}` + "\n",
		})
		if n := len(h.find(here, "s").work.Load().processed()); n != 3 {
			t.Errorf("%d lanes for two partitions", n)
		}
		if n, shards := h.log.(*memlog).held(); n != 0 {
			t.Errorf("%d records are left\n%s", n, shards)
		}
		if _, err := h.DeleteDeliveryStream(t.Context(), &DeleteDeliveryStreamIn{DeliveryStreamName: "s"}); err != nil {
			t.Fatal(err)
		}
		if _, shards := h.log.(*memlog).held(); shards != "" {
			t.Errorf("shards of a deleted delivery stream: %s", shards)
		}
		h.journal.Range("firehose/", func(k string, v []byte) bool {
			t.Errorf("journal keeps %s", k)
			return true
		})
	})
}

func TestPartitionOfOddValues(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", keyed("p/!{partitionKeyFromQuery:k}/", jq("{k}")))
	long := strings.Repeat("x", 600)
	h.put("s", `{"k":"`+long+`"}`, `{"k":true}`, `{"k":1.5}`, `{"k":"ü/../x"}`, `{"k":1e3}`)
	h.flush("s")
	got := h.folders()
	for _, want := range []string{"p/true/", "p/1.5/", "p/ü/../x/", "p/1000/", "errors/processing-failed/"} {
		if got[want] == "" {
			t.Errorf("nothing in %s", want)
		}
	}
	if len(got) != 5 {
		t.Errorf("%d folders", len(got))
	}
}

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

func TestDecompression(t *testing.T) {
	gunzip := processor(decompression, "CompressionFormat", "GZIP")
	logs := processor(cloudWatchLogs, "DataMessageExtraction", "true")
	envelope := `{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logEvents":[{"id":"1","timestamp":1,"message":"one"},{"id":"2","timestamp":2,"message":"two"}]}`
	for _, c := range []struct {
		name, put, data, message string
		list                     []Processor
	}{
		{"plain", gzipped("text"), "text", "", []Processor{gunzip}},
		{"not gzip", "text", "", "The record is not in GZIP format.", []Processor{gunzip}},
		{"messages, whatever the order", gzipped(envelope), "one\ntwo\n", "", []Processor{logs, gunzip}},
		{"control message", gzipped(`{"messageType":"CONTROL_MESSAGE","logEvents":[{"message":"CWL CONTROL MESSAGE"}]}`), "", "", []Processor{gunzip, logs}},
		{"other JSON", gzipped(`{"a":1}`), "", "The record is not in CloudWatch Logs format.", []Processor{gunzip, logs}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, nil)
			h.create("s", processors(c.list...))
			h.put("s", c.put)
			data, errors := h.bodies(h.flush("s"))
			want := ""
			if c.message != "" {
				want = `{"rawData":"` + b64(c.put) + `","errorCode":"Decompression failed.","errorMessage":"` + c.message + `","attemptsMade":1,"arrivalTimestamp":T,"attemptEndingTimestamp":T}` + "\n"
			}
			if errors = undated(errors); data != c.data || errors != want {
				t.Errorf("delivered %q, errors %s", data, errors)
			}
			if d, _ := h.Deliveries(t.Context(), here, "s"); d[0].Bytes != int64(len(c.put)) || d[0].Records != 1 {
				t.Errorf("manifest %+v", d)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	for _, h := range []header{
		{offset: 1 << 60, sub: 499, arrival: 1784000000000, put: 1024000, partition: `{"Query":{"k":"v"}}`, source: "shard-0 1 2 3 4 5 key with spaces"},
		{outcome: dropped},
		{outcome: failed, errorType: processingFailed, code: "c", message: "m", attempts: 301, ended: 1784000000000, function: functionARN},
	} {
		text := h.key()
		if got, err := parseHeader(text); err != nil || got != h {
			t.Errorf("%+v became %+v, %v", h, got, err)
		}
		for n := range text {
			if got, err := parseHeader(text[:n]); err == nil {
				t.Errorf("half a header is %+v", got)
			}
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add((&header{offset: 7, partition: "p"}).key())
	f.Add((&header{outcome: failed, code: "c"}).key())
	f.Fuzz(func(t *testing.T, key string) {
		h, err := parseHeader(key)
		if err != nil {
			return
		}
		if again, err := parseHeader(h.key()); err != nil || again != h {
			t.Errorf("%q: %+v became %+v, %v", key, h, again, err)
		}
	})
}
