// Package taxi is the showcase: taxi trips of New York as the events that the AWS replay tool puts on
// a stream, the rule that says which of them reach the lake, and a generator of trips for machines
// without the real files. Package tlc reads the real files.
//
// An event is one JSON object of 20 members, in this order: the 18 columns of the TLC's files of 2010
// to 2014, trip_id (ascending with dropoff_datetime) and "type":"trip". Members that a source does not
// have are left out. vendor_id and payment_type are strings, as they were until 2014; the newer files'
// numbers are quoted. Times are New York's wall clock, printed as if it were UTC.
//
// Only small packages are imported here, because the Lambda function links what it uses of this one.
package taxi

import (
	"strconv"
	"time"
)

// Field is one member of an event, in the order of the event.
type Field uint8

const (
	VendorID Field = iota
	Pickup
	Dropoff
	Passengers
	Distance
	PickupLongitude
	PickupLatitude
	RateCode
	StoreAndFwd
	DropoffLongitude
	DropoffLatitude
	Payment
	Fare
	Surcharge
	MTATax
	Tip
	Tolls
	Total
	TripID
	Type

	numFields
)

var fieldNames = [numFields]string{
	"vendor_id", "pickup_datetime", "dropoff_datetime", "passenger_count", "trip_distance",
	"pickup_longitude", "pickup_latitude", "rate_code", "store_and_fwd_flag", "dropoff_longitude",
	"dropoff_latitude", "payment_type", "fare_amount", "surcharge", "mta_tax", "tip_amount",
	"tolls_amount", "total_amount", "trip_id", "type",
}

// String is the member's name in the event.
func (f Field) String() string { return fieldNames[f] }

// Event is one trip ready for the stream.
type Event struct {
	ID      int64
	Dropoff int64  // Unix milliseconds of dropoff_datetime
	JSON    []byte // the record, without a newline; the source's own, valid until the next call of Next
}

// Source yields events in order of dropoff.
type Source interface {
	// Next fills e and reports whether there was an event. After false, Err says whether that was the end.
	Next(e *Event) bool
	Err() error
	// Len is the number of events in all.
	Len() int
}

// Trip is a trip before it has a number: an event without trip_id and type.
type Trip struct {
	Dropoff int64 // Unix milliseconds
	// OwnID is the trip_id of a row that was an event already; such a row is kept byte for byte. Else -1.
	OwnID int64
	// Body is the event up to trip_id, without the closing brace; or, where OwnID is set, all of it.
	Body []byte
}

// AppendEvent appends the trip's event. The id is used if the trip has none of its own.
func (t *Trip) AppendEvent(dst []byte, id int64) []byte {
	dst = append(dst, t.Body...)
	if t.OwnID >= 0 {
		return dst
	}
	return appendTail(dst, id)
}

func appendTail(dst []byte, id int64) []byte {
	dst = append(dst, `,"trip_id":`...)
	dst = strconv.AppendInt(dst, id, 10)
	return append(dst, `,"type":"trip"}`...)
}

// Watermark is the event that says: no trip with an earlier or the same dropoff will follow.
func Watermark(at time.Time) []byte {
	b := append(make([]byte, 0, 64), `{"watermark":"`...)
	b = AppendTime(b, at.UnixMilli())
	return append(b, `","type":"watermark"}`...)
}
