package faults

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"kinesis:PutRecords:stream=trips error=ProvisionedThroughputExceededException p=0.1", "kinesis:PutRecords:stream=trips error=ProvisionedThroughputExceededException p=0.1 scope=entry"},
		{"kinesis:PutRecords error=ProvisionedThroughputExceededException scope=call", "kinesis:PutRecords error=ProvisionedThroughputExceededException scope=call"},
		{"firehose:PutRecordBatch error=ServiceUnavailableException count=3", "firehose:PutRecordBatch error=ServiceUnavailableException count=3 scope=entry"},
		{"firehose:PutRecordBatch error=ServiceUnavailableException latency=1s", "firehose:PutRecordBatch error=ServiceUnavailableException latency=1s scope=call"},
		{"*:* latency=50ms-200ms for=1m", "*:* latency=50ms-200ms for=1m0s scope=call"},
		{"s3:PutObject drop", "s3:PutObject drop=before scope=call"},
		{" lambda:Invoke:function=f drop=after  p=0.5", "lambda:Invoke:function=f drop=after p=0.5 scope=call"},
		{"glue:GetTable error=InternalServiceException status=500 message=It is late, p=1 of it", "glue:GetTable error=InternalServiceException status=500 scope=call message=It is late, p=1 of it"},
	} {
		r, err := Parse(c.text)
		if err != nil || r.String() != c.want {
			t.Errorf("%q is %q, %v; want %q", c.text, r.String(), err, c.want)
			continue
		}
		if again, err := Parse(r.String()); err != nil || again != r {
			t.Errorf("%q parsed again: %v, %v", r.String(), again, err)
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back Rule
		if err := json.Unmarshal(b, &back); err != nil || back != r {
			t.Errorf("%s unmarshalled: %v, %v", b, back, err)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"", "begins with SERVICE:OPERATION"},
		{"kinesis", "begins with SERVICE:OPERATION"},
		{"p=1 kinesis:PutRecord", "begins with SERVICE:OPERATION"},
		{"kinesis:PutRecords", "does nothing"},
		{"kinesis:PutRecords:shard=1 drop", "a resource is"},
		{"kinesis:PutRecords error=E p=0", "not a chance"},
		{"kinesis:PutRecords error=E p=NaN", "not a chance"},
		{"kinesis:PutRecords error=E p=1.5", "not a chance"},
		{"kinesis:PutRecords error=E drop", "either fails"},
		{"kinesis:PutRecords error=E status=200", "not the status"},
		{"kinesis:PutRecords latency=2s-1s", "not a range"},
		{"kinesis:PutRecords latency=-1s", "latency="},
		{"kinesis:PutRecords drop=never", "before or after"},
		{"kinesis:PutRecords error=E count=0", "not a count"},
		{"kinesis:PutRecords error=E for=0s", "not ahead"},
		{"kinesis:PutRecords error=E color=red", `has no "color"`},
		{"kinesis:PutRecords drop message=hm", "belong to an error"},
		{"kinesis:PutRecords error=LimitExceededException scope=entry", "are refused with"},
		{"kinesis:ListStreams error=LimitExceededException scope=entry", "no entries"},
		{"kinesis:GetRecords:stream=s error=InternalFailure", "names no stream"},
	} {
		if r, err := Parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q is %q, %v; want %q", c.text, r.String(), err, c.want)
		}
	}
}

func TestRuleAsObject(t *testing.T) {
	var r Rule
	err := json.Unmarshal([]byte(`{"service":"firehose","operation":"PutRecordBatch","resource":"delivery-stream=d","error":"ServiceUnavailableException","p":0.25,"count":1000000}`), &r)
	if want := "firehose:PutRecordBatch:delivery-stream=d error=ServiceUnavailableException p=0.25 count=1000000 scope=entry"; err != nil || r.String() != want {
		t.Errorf("%q, %v", r.String(), err)
	}
	if err := json.Unmarshal([]byte(`{"service":"firehose","operation":"PutRecord","eror":"x"}`), &r); err == nil {
		t.Error("a misspelt member was taken")
	}
}

type putIn struct{ StreamName, StreamARN string }

func add(t *testing.T, table *Table, text string) {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	table.Add(r)
}

func TestPlan(t *testing.T) {
	var none *Table
	if none.Armed() || new(Table).Armed() {
		t.Error("a table without rules is armed")
	}
	table := new(Table)
	add(t, table, "kinesis:PutRecord:stream=trips error=LimitExceededException count=2")
	strikes := func(in any) bool { return table.Plan("kinesis", "PutRecord", "123456789012", in).Fault != nil }
	if strikes(&putIn{StreamName: "other"}) || table.Plan("kinesis", "PutRecords", "1", &putIn{StreamName: "trips"}).Fault != nil {
		t.Error("struck another stream or operation")
	}
	f := table.Plan("kinesis", "PutRecord", "123456789012", &putIn{StreamARN: "arn:aws:kinesis:us-east-1:123456789012:stream/trips"}).Fault
	if f == nil || f.Code != "LimitExceededException" || f.HTTPStatus() != 400 || f.Message != "Rate exceeded for stream trips under account 123456789012." {
		t.Errorf("by ARN: %v", f)
	}
	if !strikes(&putIn{StreamName: "trips"}) || strikes(&putIn{StreamName: "trips"}) {
		t.Error("a rule of count 2 does not strike twice")
	}
	if _, list := table.List(); len(list) != 1 || list[0].Hits != 2 {
		t.Errorf("%+v", list)
	}
	add(t, table, "kinesis:ListStreams error=LimitExceededException")
	if f := table.Plan("kinesis", "ListStreams", "1", struct{}{}).Fault; f == nil || f.Message != "Rate exceeded" {
		t.Errorf("of a call that names no resource: %v", f)
	}
	if table.Remove(2) != 1 || table.Remove(7) != 0 || table.Remove(1) != 1 || table.Armed() {
		t.Error("removal")
	}
	add(t, table, "*:* drop for=1ns")
	time.Sleep(time.Millisecond)
	if table.Plan("s3", "GetObject", "1", struct{}{}).Drop {
		t.Error("a rule whose time is over strikes")
	}
}

// TestSeedRepeats: the same seed and order of calls give the same faults.
func TestSeedRepeats(t *testing.T) {
	draw := func(seed uint64) (s string) {
		table := new(Table)
		table.Seed(seed)
		add(t, table, "kinesis:PutRecords error=ProvisionedThroughputExceededException p=0.3")
		e := table.Plan("kinesis", "PutRecords", "1", &putIn{StreamName: "s"}).Entries
		for range 200 {
			if e.Refuse("s") != "" {
				s += "x"
			} else {
				s += "."
			}
		}
		return s
	}
	a, b := draw(7), draw(7)
	if n := strings.Count(a, "x"); a != b || n < 30 || n > 90 {
		t.Errorf("%d refused\n%s\n%s", n, a, b)
	}
	if a == draw(8) {
		t.Error("another seed gives the same")
	}
}

func TestBareNames(t *testing.T) {
	for _, c := range []struct{ name, kind, want string }{
		{"arn:aws:kinesis:us-east-1:1:stream/trips/consumer/c:12", "stream", "trips"},
		{"arn:aws:lambda:us-east-1:1:function:f:live", "function", "f"},
		{"1:function:f", "function", "f"}, {"f:live", "function", "f"}, {"f", "function", "f"},
		{"arn:aws:firehose:us-east-1:1:deliverystream/d", "delivery-stream", "d"},
		{"arn:aws:s3:::b", "stream", ""},
	} {
		if got := bare(c.name, c.kind); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}
