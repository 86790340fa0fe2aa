package taxi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant/taxi"
)

func TestParseAndAppendTime(t *testing.T) {
	for text, want := range map[string]string{
		"2016-01-01 00:00:00":           "2016-01-01T00:00:00.000Z",
		"2016-02-29T23:59:59Z":          "2016-02-29T23:59:59.000Z",
		"2000-02-29 12:00:00.5":         "2000-02-29T12:00:00.500Z",
		"1969-12-31T23:59:59.999Z":      "1969-12-31T23:59:59.999Z",
		"2013-01-01 01:02:03.123456789": "2013-01-01T01:02:03.123Z",
		"1900-02-29 00:00:00":           "", "2015-02-29 00:00:00": "", "2016-00-10 00:00:00": "", "2016-13-10 00:00:00": "", "2016-04-31 00:00:00": "",
		"2016-01-01 24:00:00": "", "2016-01-01 00:60:00": "", "2016-01-01": "", "2016-01-01 00:00": "", "2016/01/01 00:00:00": "",
		"2016-01-01 00:00:00+00:00": "", "2016-01-01 00:00:00.": "", "2016-01-01 0a:00:00": "", "": "",
	} {
		ms, ok := taxi.ParseTime([]byte(text))
		if !ok {
			if want != "" {
				t.Errorf("%q is refused", text)
			}
			continue
		}
		if got := string(taxi.AppendTime(nil, ms)); got != want {
			t.Errorf("%q gave %q, want %q", text, got, want)
		}
	}
	// Against the standard library, every 11 hours and some through four centuries.
	for at := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2300; at = at.Add(11*time.Hour + 17*time.Minute + 5*time.Second + 3*time.Millisecond) {
		text := at.Format("2006-01-02T15:04:05.000Z")
		if got := string(taxi.AppendTime(nil, at.UnixMilli())); got != text {
			t.Fatalf("%d is %s, want %s", at.UnixMilli(), got, text)
		}
		if ms, ok := taxi.ParseTime([]byte(text)); !ok || ms != at.UnixMilli() {
			t.Fatalf("%s is %d, want %d", text, ms, at.UnixMilli())
		}
	}
}

func TestRowKeepsTheSpellingOfNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"1.10": "1.10", "0": "0", "-0.00": "-0.00", "4.7999999999999998": "4.7999999999999998", "1e3": "1e3",
		".46": "0.46", "-.5": "-0.5", "+.5": "0.5", "+7": "7", "007": "7", "-007.50": "-7.50", "5.": "5", " 2.5 ": "2.5", "00": "0",
		".": "bad", "-": "bad", "+-1": "bad", "--1": "bad", "1.2.3": "bad", "NaN": "bad", "Inf": "bad", "1,5": "bad", "$5": "bad", "0x10": "bad", "5..": "bad", ".5.": "bad",
	} {
		var r taxi.Row
		r.Set(taxi.Pickup, []byte("2016-01-01 00:00:00"))
		r.Set(taxi.Dropoff, []byte("2016-01-01 00:10:00"))
		r.Set(taxi.Total, []byte(text))
		var trip taxi.Trip
		err := r.Trip(&trip)
		event := trip.AppendEvent(nil, 3)
		if want == "bad" {
			if err == nil || !strings.Contains(err.Error(), "total_amount is not a number") {
				t.Errorf("%q: %v, %s", text, err, event)
			}
			continue
		}
		if err != nil || !strings.Contains(string(event), `,"total_amount":`+want+`,"trip_id":3,"type":"trip"}`) || !json.Valid(event) {
			t.Errorf("%q gave %s, %v; want %s", text, event, err, want)
		}
	}
}

func TestRowQuotesText(t *testing.T) {
	var r taxi.Row
	r.Set(taxi.VendorID, []byte("a\"b\\c\x01\xff\u00e9"))
	r.Set(taxi.Pickup, []byte("2016-01-01 00:00:00"))
	r.Set(taxi.Dropoff, []byte("2016-01-01 00:10:00"))
	var trip taxi.Trip
	if err := r.Trip(&trip); err != nil {
		t.Fatal(err)
	}
	var got struct {
		VendorID string `json:"vendor_id"`
	}
	if err := json.Unmarshal(trip.AppendEvent(nil, 1), &got); err != nil || got.VendorID != "a\"b\\c\x01\ufffd\u00e9" {
		t.Errorf("%q, %v", got.VendorID, err)
	}
}

func TestWatermark(t *testing.T) {
	got := string(taxi.Watermark(time.Date(2016, 1, 1, 2, 6, 0, 5e6, time.UTC)))
	if want := `{"watermark":"2016-01-01T02:06:00.005Z","type":"watermark"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
