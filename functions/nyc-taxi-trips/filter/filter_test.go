package filter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
)

// delivery is a delivery stream in memory. refuse decides, per call from 0 and record, on an error
// code; fail decides on an error of the whole call.
type delivery struct {
	t      *testing.T
	refuse func(call int, data string) string
	fail   func(call int) error
	calls  [][]string
	at     []time.Time
	got    map[string]int // accepted, how often
}

func (d *delivery) PutRecordBatch(ctx context.Context, in *firehose.PutRecordBatchInput, _ ...func(*firehose.Options)) (*firehose.PutRecordBatchOutput, error) {
	n, size := len(d.calls), 0
	var call []string
	for _, r := range in.Records {
		size += len(r.Data)
		if len(r.Data) > 1_024_000 {
			d.t.Errorf("call %d has a record of %d bytes", n, len(r.Data))
		}
		call = append(call, string(r.Data))
	}
	if len(call) == 0 || len(call) > 500 || size > 4<<20 || *in.DeliveryStreamName != "lake" {
		d.t.Errorf("call %d to %s has %d records and %d bytes", n, *in.DeliveryStreamName, len(call), size)
	}
	d.calls, d.at = append(d.calls, call), append(d.at, time.Now())
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.fail != nil {
		if err := d.fail(n); err != nil {
			return nil, err
		}
	}
	out := &firehose.PutRecordBatchOutput{FailedPutCount: aws.Int32(0)}
	for _, data := range call {
		e := types.PutRecordBatchResponseEntry{RecordId: aws.String("id")}
		if d.refuse != nil {
			if code := d.refuse(n, data); code != "" {
				e = types.PutRecordBatchResponseEntry{ErrorCode: aws.String(code), ErrorMessage: aws.String("Slow down.")}
				*out.FailedPutCount++
			}
		}
		if e.ErrorCode == nil {
			if d.got == nil {
				d.got = map[string]int{}
			}
			d.got[data]++
		}
		out.RequestResponses = append(out.RequestResponses, e)
	}
	return out, nil
}

func trip(id int) string {
	return fmt.Sprintf(`{"pickup_datetime":"2016-01-01T00:00:00.000Z","dropoff_datetime":"2016-01-01T00:10:00.000Z","passenger_count":1,"trip_distance":1.10,`+
		`"pickup_longitude":-73.99,"pickup_latitude":40.73,"dropoff_longitude":-73.98,"dropoff_latitude":40.73,"total_amount":8.8,"trip_id":%d,"type":"trip"}`, id)
}

func padded(id, size int) string {
	s := trip(id)
	return s[:len(s)-1] + `,"pad":"` + strings.Repeat("x", size-len(s)-9) + `"}`
}

func sequence(i int) string {
	return fmt.Sprintf("4959033827149025660855969253836157109592157598913658%04d", i)
}

func batchOf(data ...string) events.KinesisEvent {
	var e events.KinesisEvent
	for i, d := range data {
		e.Records = append(e.Records, events.KinesisEventRecord{
			EventID: "shardId-000000000006:" + sequence(i), EventSourceArn: "arn:aws:kinesis:us-east-1:000000000000:stream/trips",
			Kinesis: events.KinesisRecord{SequenceNumber: sequence(i), Data: []byte(d)},
		})
	}
	return e
}

func trips(n int) events.KinesisEvent {
	var data []string
	for i := range n {
		data = append(data, trip(i))
	}
	return batchOf(data...)
}

func newHandler(d *delivery, retries int) (*Handler, *bytes.Buffer) {
	var log bytes.Buffer
	return New(Settings{DeliveryStream: "lake", BackoffSeed: 35, Retries: retries}, d, slog.New(slog.NewTextHandler(&log, nil))), &log
}

func handle(t *testing.T, h *Handler, ctx context.Context, e events.KinesisEvent) (failed []string) {
	t.Helper()
	payload, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := h.Invoke(ctx, payload)
	if err != nil {
		t.Fatal(err)
	}
	var out events.KinesisEventResponse
	if err := json.Unmarshal(answer, &out); err != nil {
		t.Fatal(err)
	}
	for _, f := range out.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

func TestDropsWhatIsNotACompleteTrip(t *testing.T) {
	d := &delivery{t: t}
	h, log := newHandler(d, 3)
	without := func(member string) string { return strings.Replace(trip(7), member, `"x`, 1) }
	failed := handle(t, h, t.Context(), batchOf(
		trip(1),
		strings.Replace(trip(2), "-73.99", "0", 1),
		strings.Replace(trip(3), "40.73", "0.000000", 2),
		without(`"total_amount`),
		strings.Replace(trip(5), `"trip_id":5`, `"trip_id":"5"`, 1),
		`{"watermark":"2016-01-01T00:00:00.000Z","type":"watermark"}`,
		"\x00\xffnot json", "", `[]`, `{"type":"trip"}`,
		padded(8, 1_024_001),
		trip(9),
	))
	if len(failed) != 0 || len(d.calls) != 1 || len(d.calls[0]) != 2 || d.calls[0][0] != trip(1) || d.calls[0][1] != trip(9) {
		t.Fatalf("failed %v, calls %q", failed, d.calls)
	}
	for _, want := range []string{
		`msg="batch done"`, "records=12 sent=2 unsent=0 dropped=10", "zero_coordinate=2", "missing_total_amount=1", "wrong_kind_trip_id=1",
		"watermark=1", "not_json=3", "missing_pickup_datetime=1", "too_large=1", "reason=zero_coordinate records=2 trips=2,3", "reason=too_large records=1 trips=8",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
}

func TestAnEmptyBatchMakesNoCall(t *testing.T) {
	d := &delivery{t: t}
	h, _ := newHandler(d, 3)
	b, err := h.Invoke(t.Context(), []byte(`{"Records":[]}`))
	if err != nil || len(d.calls) != 0 || string(b) != `{"batchItemFailures":[]}` {
		t.Errorf("calls %d, answer %s, %v", len(d.calls), b, err)
	}
}

func TestCallsStayWithinTheLimits(t *testing.T) {
	const half = 1_024_000 / 2
	sized := func(n, size int) (data []string) {
		for i := range n {
			data = append(data, padded(i, size))
		}
		return data
	}
	exact := append(sized(8, half), padded(9, 4<<20-8*half))
	over := append(sized(8, half), padded(9, 4<<20-8*half+1))
	for _, c := range []struct {
		name  string
		batch events.KinesisEvent
		want  []int
	}{
		{"500 records", trips(500), []int{500}},
		{"501 records", trips(501), []int{500, 1}},
		{"1,200 records", trips(1200), []int{500, 500, 200}},
		{"4 MiB", batchOf(exact...), []int{9}},
		{"4 MiB and a byte", batchOf(over...), []int{8, 1}},
		{"largest records", batchOf(sized(9, 1_024_000)...), []int{4, 4, 1}},
	} {
		d := &delivery{t: t}
		h, _ := newHandler(d, 0)
		failed := handle(t, h, t.Context(), c.batch)
		var got []int
		for _, call := range d.calls {
			got = append(got, len(call))
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) || len(failed) != 0 {
			t.Errorf("%s: calls of %v records, want %v; failed %v", c.name, got, c.want, failed)
		}
	}
}

func TestResendsOnlyWhatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &delivery{t: t, refuse: func(call int, data string) string {
			switch {
			case call == 0 && strings.Contains(data, `"trip_id":1,`):
				return "ServiceUnavailableException"
			case call < 2 && strings.Contains(data, `"trip_id":3,`):
				return "InternalFailure"
			}
			return ""
		}}
		h, log := newHandler(d, 3)
		failed := handle(t, h, t.Context(), trips(5))
		if len(failed) != 0 || len(d.calls) != 3 || len(d.calls[1]) != 2 || len(d.calls[2]) != 1 || d.calls[2][0] != trip(3) {
			t.Fatalf("failed %v, calls %q", failed, d.calls)
		}
		for data, n := range d.got {
			if n != 1 {
				t.Errorf("accepted %d times: %s", n, data)
			}
		}
		for _, want := range []string{`attempt=2 of=4 records=2 errors="ServiceUnavailableException:1 InternalFailure:1"`, `attempt=3 of=4 records=1 errors=InternalFailure:1`, "trips=1,3", "calls=3 retries=2"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %q:\n%s", want, log)
			}
		}
	})
}

func TestAThrottledCallIsRepeatedWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &delivery{t: t, fail: func(call int) error {
			if call < 2 {
				return &types.ServiceUnavailableException{Message: aws.String("Slow down.")}
			}
			return nil
		}}
		h, log := newHandler(d, 3)
		if failed := handle(t, h, t.Context(), trips(4)); len(failed) != 0 || len(d.calls) != 3 || len(d.got) != 4 {
			t.Errorf("failed %v, %d calls, %d accepted", failed, len(d.calls), len(d.got))
		}
		if !strings.Contains(log.String(), "errors=ServiceUnavailableException:4") {
			t.Errorf("the log lacks the error code:\n%s", log)
		}
	})
}

// TestNothingIsSentTwice: what a call accepted behind its first refused record comes back from Lambda
// and is skipped; what lies behind that call was never sent.
func TestNothingIsSentTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := true
		d := &delivery{t: t, refuse: func(_ int, data string) string {
			if broken && (strings.Contains(data, `"trip_id":100,`) || strings.Contains(data, `"trip_id":300,`)) {
				return "InternalFailure"
			}
			return ""
		}}
		h, log := newHandler(d, 2)
		all := trips(1100)
		failed := handle(t, h, t.Context(), all)
		if len(d.calls) != 3 {
			t.Fatalf("%d calls, want one and two more attempts, and none for what follows", len(d.calls))
		}
		if len(failed) != 602 || failed[0] != sequence(100) || failed[1] != sequence(300) || failed[2] != sequence(500) {
			t.Fatalf("%d failures, from %v", len(failed), failed[:min(3, len(failed))])
		}
		if !strings.Contains(log.String(), "sent=498 unsent=602") || !strings.Contains(log.String(), `msg="retries exhausted" batch=shardId-000000000006:`) {
			t.Errorf("the log does not say what is left:\n%.2000s", log)
		}
		// Lambda delivers again from the lowest failure on; at first it is still broken.
		rest := events.KinesisEvent{Records: all.Records[100:]}
		handle(t, h, t.Context(), rest)
		broken = false
		if failed := handle(t, h, t.Context(), rest); len(failed) != 0 {
			t.Fatalf("still failing: %v", failed)
		}
		if len(d.got) != 1100 {
			t.Errorf("%d trips accepted, want 1100", len(d.got))
		}
		for data, n := range d.got {
			if n != 1 {
				t.Errorf("accepted %d times: %s", n, data)
			}
		}
		if len(h.sent.keys) != 0 {
			t.Errorf("%d records still remembered after the batch is done", len(h.sent.keys))
		}
	})
}

func TestRecordsOfOneAggregateAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := true
		d := &delivery{t: t, refuse: func(_ int, data string) string {
			if broken && data == trip(1) {
				return "InternalFailure"
			}
			return ""
		}}
		h, _ := newHandler(d, 0)
		e := trips(4)
		for i := range e.Records {
			e.Records[i].Kinesis.SequenceNumber, e.Records[i].EventID = sequence(0), "shardId-000000000006:"+sequence(0)
		}
		if failed := handle(t, h, t.Context(), e); len(failed) != 1 {
			t.Fatalf("failures %v", failed)
		}
		broken = false
		handle(t, h, t.Context(), e)
		for i := range 4 {
			if d.got[trip(i)] != 1 {
				t.Errorf("trip %d accepted %d times", i, d.got[trip(i)])
			}
		}
	})
}

func TestTheDeadlineBoundsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &delivery{t: t, refuse: func(int, string) string { return "ServiceUnavailableException" }}
		h, log := newHandler(d, 100)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		failed := handle(t, h, ctx, trips(3))
		if len(failed) != 3 || ctx.Err() != nil {
			t.Errorf("failed %v, context %v", failed, ctx.Err())
		}
		if !strings.Contains(log.String(), "the next attempt would miss the deadline") {
			t.Errorf("the log does not say why it stopped:\n%s", log)
		}
		// No time at all: nothing is sent, all of it is reported.
		ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		calls := len(d.calls)
		if failed := handle(t, h, ctx, trips(3)); len(failed) != 3 || len(d.calls) != calls {
			t.Errorf("failed %v after %d calls", failed, len(d.calls)-calls)
		}
	})
}

func TestWaitsAreRandomBoundedAndRepeatable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := func(seed int, e events.KinesisEvent) (w []time.Duration) {
			d := &delivery{t: t, fail: func(int) error { return errors.New("down") }}
			h, _ := newHandler(d, 4)
			h.settings.BackoffSeed = seed
			handle(t, h, t.Context(), e)
			for i := 1; i < len(d.at); i++ {
				w = append(w, d.at[i].Sub(d.at[i-1]))
			}
			return w
		}
		a, b := waits(35, trips(2)), waits(35, trips(2))
		if len(a) != 4 || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("the same batch waited %v and then %v", a, b)
		}
		for i, ceiling := range []time.Duration{70 * time.Millisecond, 2450 * time.Millisecond, maxWait, maxWait} {
			if a[i] < 0 || a[i] > ceiling {
				t.Errorf("wait %d is %s, want up to %s", i+1, a[i], ceiling)
			}
		}
		other := trips(3)
		other.Records = other.Records[1:]
		if fmt.Sprint(waits(35, other)) == fmt.Sprint(a) || fmt.Sprint(waits(36, trips(2))) == fmt.Sprint(a) {
			t.Error("another batch or another seed waits the same")
		}
	})
}

func TestReadSettings(t *testing.T) {
	read := func(name, seed, retries string) (Settings, error) {
		env := map[string]string{"delivery_stream_name": name, "exponential_backoff_seed": seed, "number_of_retries": retries}
		return ReadSettings(func(k string) string { return env[k] })
	}
	if s, err := read("lake", "", ""); err != nil || s != (Settings{"lake", 35, 3}) {
		t.Errorf("defaults: %+v, %v", s, err)
	}
	if s, err := read("lake", "10", "0"); err != nil || s != (Settings{"lake", 10, 0}) {
		t.Errorf("given: %+v, %v", s, err)
	}
	for _, c := range [][4]string{
		{"", "", "", "delivery_stream_name is missing"}, {"lake", "x", "", "exponential_backoff_seed is \"x\""},
		{"lake", "0", "", "from 1"}, {"lake", "", "-1", "number_of_retries is \"-1\""}, {"lake", "", "1e3", "whole number"},
	} {
		if _, err := read(c[0], c[1], c[2]); err == nil || !strings.Contains(err.Error(), c[3]) {
			t.Errorf("%q: got %v, want %q", c, err, c[3])
		}
	}
	if c := (Settings{BackoffSeed: maxSeed}).ceiling(math.MaxInt32); c != maxWait {
		t.Errorf("a late attempt waits up to %s", c)
	}
}
