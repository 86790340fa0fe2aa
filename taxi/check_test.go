package taxi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant/taxi"
)

const whole = `{"vendor_id":"2","pickup_datetime":"2016-01-01T00:00:00.000Z","dropoff_datetime":"2016-01-01T00:00:00.000Z","passenger_count":2,` +
	`"trip_distance":1.10,"pickup_longitude":-73.990371704101563,"pickup_latitude":40.734695434570313,"rate_code":1,"store_and_fwd_flag":"N",` +
	`"dropoff_longitude":-73.981842041015625,"dropoff_latitude":40.732406616210937,"payment_type":"2","fare_amount":7.5,"surcharge":0.5,` +
	`"mta_tax":0.5,"tip_amount":0,"tolls_amount":0,"total_amount":8.8,"trip_id":42,"type":"trip"}`

func TestCheck(t *testing.T) {
	set := func(member string) string { return strings.Replace(whole, `"type":"trip"`, `"type":"trip",`+member, 1) } // the last occurrence counts
	without := func(name string) string { return strings.Replace(whole, `"`+name+`"`, `"x"`, 1) }
	for _, c := range []struct {
		event, reason string
		id            int64
	}{
		{whole, "", 42},
		{" " + whole + "\n", "", 42},
		{without("vendor_id"), "", 42},
		{without("passenger_count"), "", 42},
		{set(`"passenger_count":null`), "", 42},
		{set(`"passenger_count":"1"`), "wrong_kind_passenger_count", 42},
		{set(`"total_amount":-8.8`), "", 42},
		{set(`"trip_distance":0`), "", 42},
		{set(`"pickup_longitude":1e-5`), "", 42},
		{set(`"pickup_longitude":0`), "zero_coordinate", 42},
		{set(`"pickup_latitude":-0.000`), "zero_coordinate", 42},
		{set(`"dropoff_longitude":0E12`), "zero_coordinate", 42},
		{set(`"dropoff_latitude":1e-400`), "zero_coordinate", 42},
		{set(`"dropoff_latitude":0,"total_amount":null`), "missing_total_amount", 42},
		{set(`"pickup_longitude":null`), "missing_pickup_longitude", 42},
		{set(`"pickup_longitude":"0"`), "wrong_kind_pickup_longitude", 42},
		{without("dropoff_latitude"), "missing_dropoff_latitude", 42},
		{without("pickup_datetime"), "missing_pickup_datetime", 42},
		{set(`"dropoff_datetime":"2016-02-30T00:00:00.000Z"`), "wrong_kind_dropoff_datetime", 42},
		{set(`"dropoff_datetime":1451606400`), "wrong_kind_dropoff_datetime", 42},
		{without("trip_id"), "missing_trip_id", -1},
		{set(`"trip_id":"42"`), "wrong_kind_trip_id", -1},
		{set(`"trip_id":4.2`), "wrong_kind_trip_id", -1},
		{set(`"trip_id":7`), "", 7},
		{without("type"), "not_a_trip", 42},
		{set(`"type":"taxi"`), "not_a_trip", 42},
		{set(`"type":["trip"]`), "not_a_trip", 42},
		{`{"watermark":"2016-01-01T00:00:00.000Z","type":"watermark"}`, "watermark", -1},
		{`{}`, "not_a_trip", -1},
		{``, "not_json", -1},
		{`null`, "not_json", -1},
		{whole + whole, "not_json", -1},
		{whole[:len(whole)-1], "not_json", -1},
		{set(`"pad":"` + strings.Repeat("x", taxi.MaxEventBytes) + `"`), "too_large", 42},
	} {
		v := taxi.Check([]byte(c.event))
		if v.Reason() != c.reason || v.TripID != c.id || v.Keep() != (c.reason == "") {
			t.Errorf("%.80s…%s\ngot  %q, trip %d\nwant %q, trip %d", c.event, c.event[max(0, len(c.event)-60):], v.Reason(), v.TripID, c.reason, c.id)
		}
	}
}

func TestCheckAllocatesNothing(t *testing.T) {
	event := []byte(whole)
	if n := testing.AllocsPerRun(100, func() { taxi.Check(event) }); n != 0 {
		t.Errorf("%v allocations per event", n)
	}
}

// FuzzCheck: what is kept is JSON to everybody else too, with a number of its own.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(strings.ReplaceAll(whole, "40.7", "0")))
	f.Add([]byte(`{"type":"trip","trip_id":1`))
	f.Fuzz(func(t *testing.T, event []byte) {
		v := taxi.Check(event)
		if !v.Keep() {
			if v.Reason() == "" {
				t.Fatalf("dropped without a reason: %q", event)
			}
			return
		}
		var trip struct {
			ID  *int64   `json:"trip_id"`
			Lat *float64 `json:"pickup_latitude"`
		}
		if err := json.Unmarshal(event, &trip); err != nil && !strings.Contains(err.Error(), "cannot unmarshal") {
			t.Fatalf("kept %q: %v", event, err)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	event := []byte(whole)
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		if !taxi.Check(event).Keep() {
			b.Fatal("dropped")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
