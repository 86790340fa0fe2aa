package taxi

import (
	"encoding/json"
	"strconv"

	"github.com/hydrant-stream/hydrant/taxi/internal/scan"
)

// Cause says in one word why an event does not reach the lake.
type Cause uint8

const (
	Complete Cause = iota // it does reach the lake
	NotJSON               // not one well-formed JSON object
	NotTrip               // type is missing, or neither "trip" nor "watermark"
	IsWatermark
	Missing        // a field the table needs is not there, or null
	WrongKind      // a field is there, but not a number, an integer or a time as it must be
	ZeroCoordinate // at least one of the four coordinates is zero
	TooLarge       // more than MaxEventBytes, which no delivery stream takes
)

// MaxEventBytes is the size of the largest record that Firehose takes. A stream takes larger ones.
const MaxEventBytes = 1_024_000

// Verdict is what Check found. Its zero value means a complete trip.
type Verdict struct {
	Cause Cause
	Field Field // the first field to blame, for Missing, WrongKind and ZeroCoordinate
	// TripID is the event's trip_id where it has one, even when it is dropped; else -1.
	TripID int64
}

// Keep reports whether the event reaches the lake.
func (v Verdict) Keep() bool { return v.Cause == Complete }

// Reason names the cause for counting and logs: "zero_coordinate", "missing_trip_id",
// "wrong_kind_total_amount", "watermark", "not_a_trip", "not_json",
// "too_large"; "" for a complete trip.
func (v Verdict) Reason() string {
	switch v.Cause {
	case NotJSON:
		return "not_json"
	case NotTrip:
		return "not_a_trip"
	case IsWatermark:
		return "watermark"
	case Missing:
		return missingReasons[v.Field]
	case WrongKind:
		return wrongKindReasons[v.Field]
	case ZeroCoordinate:
		return "zero_coordinate"
	case TooLarge:
		return "too_large"
	}
	return ""
}

var missingReasons, wrongKindReasons = reasons("missing_"), reasons("wrong_kind_")

func reasons(prefix string) (r [numFields]string) {
	for f := range r {
		r[f] = prefix + fieldNames[f]
	}
	return r
}

// need says what the table asks of a field.
type need uint8

const (
	anything   need = iota
	integer         // an integer number
	number          // any number
	coordinate      // any number but zero
	instant         // a time, see ParseTime
	// optionalInteger may be missing or null: passenger_count is typed in by drivers, whole sources do
	// without it (DEBS 2015), and the table's column takes a null.
	optionalInteger
)

var needs = [numFields]need{
	Pickup: instant, Dropoff: instant, Passengers: optionalInteger, Distance: number,
	PickupLongitude: coordinate, PickupLatitude: coordinate, DropoffLongitude: coordinate, DropoffLatitude: coordinate,
	Total: number, TripID: integer,
}

// Check is the rule of the filter, in one place: an event reaches the lake if it is one JSON object
// with "type":"trip", every field the table needs is there in the right kind, none of the four
// coordinates is zero, and it fits a Firehose record. Where a key occurs twice, the last one counts. It allocates nothing for an
// event without escapes in keys.
func Check(event []byte) Verdict {
	var found [numFields]Cause // per needed field, what its last occurrence was
	for f := range found {
		found[f] = Missing
	}
	v := Verdict{Cause: Complete, TripID: -1}
	kind := NotTrip
	w := scan.New(event)
	for w.Next() {
		f, ok := fieldOf(w.Key, w.Escaped)
		if !ok {
			continue
		}
		switch {
		case f == Type:
			kind = typeOf(&w)
		case needs[f] != anything:
			found[f] = judge(needs[f], &w)
			if f == TripID {
				v.TripID = -1
				if found[f] == Complete {
					v.TripID = parseInt(w.Value)
				}
			}
		}
	}
	if !w.OK() {
		return Verdict{Cause: NotJSON, TripID: -1}
	}
	if kind != Complete {
		v.Cause = kind
		return v
	}
	// A field that is not there or not right outweighs a zero, so that "zero_coordinate" counts trips complete but for it.
	for f := range found {
		if needs[f] == anything || found[f] == Complete || needs[f] == optionalInteger && found[f] == Missing {
			continue
		}
		if v.Cause == Complete || v.Cause == ZeroCoordinate && found[f] != ZeroCoordinate {
			v.Cause, v.Field = found[f], Field(f)
		}
	}
	if v.Cause == Complete && len(event) > MaxEventBytes {
		v.Cause = TooLarge
	}
	return v
}

func typeOf(w *scan.Walker) Cause {
	if w.Kind == scan.String {
		switch string(w.Value) {
		case "trip":
			return Complete
		case "watermark":
			return IsWatermark
		}
		if w.Escaped && unquoted(w.Value) == "trip" {
			return Complete
		}
	}
	return NotTrip
}

func judge(n need, w *scan.Walker) Cause {
	if w.Kind == scan.Null {
		return Missing
	}
	if n == instant {
		if w.Kind == scan.String {
			if _, ok := ParseTime(w.Value); ok {
				return Complete
			}
		}
		return WrongKind
	}
	if w.Kind != scan.Number {
		return WrongKind
	}
	switch n {
	case integer, optionalInteger:
		if !isInteger(w.Value) {
			return WrongKind
		}
	case coordinate:
		if isZero(w.Value) {
			return ZeroCoordinate
		}
	}
	return Complete
}

// isInteger reports whether a JSON number is spelt as an integer that fits 64 bits with room to spare.
func isInteger(b []byte) bool {
	if len(b) > 19 {
		return false
	}
	for _, c := range b {
		if c != '-' && (c < '0' || c > '9') {
			return false
		}
	}
	return len(b) <= 18 || b[0] == '-'
}

func parseInt(b []byte) int64 {
	var n int64
	negative := b[0] == '-'
	if negative {
		b = b[1:]
	}
	for _, c := range b {
		n = n*10 + int64(c-'0')
	}
	if negative {
		return -n
	}
	return n
}

// isZero reports whether a JSON number is zero in any spelling: 0, -0, 0.000000, 0e5, or too small for a double.
func isZero(b []byte) bool {
	for i, c := range b {
		switch {
		case '1' <= c && c <= '9':
			for _, c := range b[i:] {
				if c == 'e' || c == 'E' {
					x, err := strconv.ParseFloat(string(b), 64)
					return err == nil && x == 0
				}
			}
			return false
		case c == 'e' || c == 'E':
			return true
		}
	}
	return true
}

func unquoted(text []byte) string {
	var s string
	if json.Unmarshal([]byte(`"`+string(text)+`"`), &s) != nil {
		return ""
	}
	return s
}

func fieldOf(key []byte, escaped bool) (Field, bool) {
	if escaped {
		for _, c := range key {
			if c == '\\' {
				key = []byte(unquoted(key))
				break
			}
		}
	}
	switch string(key) {
	case "pickup_datetime":
		return Pickup, true
	case "dropoff_datetime":
		return Dropoff, true
	case "passenger_count":
		return Passengers, true
	case "trip_distance":
		return Distance, true
	case "pickup_longitude":
		return PickupLongitude, true
	case "pickup_latitude":
		return PickupLatitude, true
	case "dropoff_longitude":
		return DropoffLongitude, true
	case "dropoff_latitude":
		return DropoffLatitude, true
	case "total_amount":
		return Total, true
	case "trip_id":
		return TripID, true
	case "type":
		return Type, true
	}
	return 0, false
}
