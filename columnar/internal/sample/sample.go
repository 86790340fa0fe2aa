// Package sample makes JSON records for tests and benchmarks: always the same ones for the same number.
package sample

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/columnar"
)

// TripColumns are the ten columns of the taxi table.
var TripColumns = []columnar.Column{
	{Name: "pickup_latitude", Type: "double"},
	{Name: "pickup_longitude", Type: "double"},
	{Name: "dropoff_latitude", Type: "double"},
	{Name: "dropoff_longitude", Type: "double"},
	{Name: "trip_id", Type: "bigint"},
	{Name: "trip_distance", Type: "double"},
	{Name: "passenger_count", Type: "int"},
	{Name: "pickup_datetime", Type: "timestamp"},
	{Name: "dropoff_datetime", Type: "timestamp"},
	{Name: "total_amount", Type: "double"},
}

// Trips makes n trips of 20 keys, about 490 bytes each, a line each.
func Trips(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	lines := make([][]byte, n)
	arena := make([]byte, 0, 64<<20)
	clock := time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)
	const form = "2006-01-02T15:04:05.000Z"
	for i := range lines {
		if cap(arena)-len(arena) < 1024 {
			arena = make([]byte, 0, 64<<20)
		}
		start := len(arena)
		if r.IntN(3) == 0 {
			clock = clock.Add(time.Second)
		}
		ride := time.Duration(60+r.ExpFloat64()*700) * time.Second
		b := arena
		b = append(b, `{"vendor_id":`...)
		b = strconv.AppendInt(b, int64(1+r.IntN(2)), 10)
		b = append(b, `,"pickup_datetime":"`...)
		b = clock.Add(-ride).AppendFormat(b, form)
		b = append(b, `","dropoff_datetime":"`...)
		b = clock.AppendFormat(b, form)
		b = append(b, `","passenger_count":`...)
		b = strconv.AppendInt(b, int64([]int{1, 1, 1, 1, 1, 1, 2, 2, 3, 5}[r.IntN(10)]), 10)
		miles := float64(int(100*(0.3+2.6*r.ExpFloat64()))) / 100
		b = append(b, `,"trip_distance":`...)
		b = strconv.AppendFloat(b, miles, 'f', 2, 64)
		b = append(b, `,"pickup_longitude":`...)
		b = place(b, -73.98, r)
		b = append(b, `,"pickup_latitude":`...)
		b = place(b, 40.75, r)
		b = append(b, `,"rate_code":1,"store_and_fwd_flag":"N","dropoff_longitude":`...)
		b = place(b, -73.97, r)
		b = append(b, `,"dropoff_latitude":`...)
		b = place(b, 40.75, r)
		b = append(b, `,"payment_type":`...)
		b = strconv.AppendInt(b, int64(1+r.IntN(2)), 10)
		fare := float64(int(2*(3+2.5*miles))) / 2
		b = append(b, `,"fare_amount":`...)
		b = strconv.AppendFloat(b, fare, 'f', -1, 64)
		b = append(b, `,"surcharge":0.5,"mta_tax":0.5,"tip_amount":`...)
		tip := float64(int(fare*20*float64(r.IntN(2)))) / 100
		b = strconv.AppendFloat(b, tip, 'f', -1, 64)
		b = append(b, `,"tolls_amount":0,"total_amount":`...)
		b = strconv.AppendFloat(b, fare+tip+1, 'f', 2, 64)
		b = append(b, `,"trip_id":`...)
		b = strconv.AppendInt(b, int64(4_000_000_000+i), 10)
		b = append(b, `,"type":"trip"}`...)
		b = append(b, '\n')
		arena = b
		lines[i] = b[start:len(b):len(b)]
	}
	return lines
}

// place appends a coordinate as TLC spells them: a float32 as 17 digits of a float64.
func place(b []byte, around float64, r *rand.Rand) []byte {
	v := float64(float32(around + r.NormFloat64()*0.03))
	s := strconv.FormatFloat(v, 'f', 17-2, 64)
	return append(b, s...)
}

// NestedColumns are 40 leaves in structs, arrays and maps.
var NestedColumns = func() (cols []columnar.Column) {
	for i := range 12 {
		cols = append(cols,
			columnar.Column{Name: fmt.Sprintf("s%d", i), Type: []string{"string", "bigint", "double"}[i%3]})
	}
	for i := range 4 {
		cols = append(cols, columnar.Column{
			Name: fmt.Sprintf("person%d", i), Type: "struct<name:string,age:int,home:struct<lat:double,lon:double>>"})
	}
	cols = append(cols,
		columnar.Column{Name: "tags", Type: "array<string>"},
		columnar.Column{Name: "scores", Type: "array<double>"},
		columnar.Column{Name: "items", Type: "array<struct<sku:string,qty:int,price:decimal(10,2)>>"},
		columnar.Column{Name: "attrs", Type: "map<string,string>"},
		columnar.Column{Name: "counts", Type: "map<string,bigint>"},
		columnar.Column{Name: "seen", Type: "timestamp"},
		columnar.Column{Name: "ok", Type: "boolean"},
		columnar.Column{Name: "day", Type: "date"},
	)
	return cols
}()

// Nested makes n records for NestedColumns.
func Nested(n int) [][]byte {
	r := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("amber birch cedar delta ember fjord grove heath inlet jetty knoll ledge marsh north ocean")
	word := func() string { return words[r.IntN(len(words))] }
	lines := make([][]byte, n)
	for i := range lines {
		var b []byte
		b = append(b, '{')
		for c := range 12 {
			switch c % 3 {
			case 0:
				b = fmt.Appendf(b, `"s%d":"%s %s",`, c, word(), word())
			case 1:
				b = fmt.Appendf(b, `"s%d":%d,`, c, r.Int64N(1e12))
			default:
				b = fmt.Appendf(b, `"s%d":%.6f,`, c, r.NormFloat64()*1000)
			}
		}
		for c := range 4 {
			b = fmt.Appendf(b, `"person%d":{"name":"%s","age":%d,"home":{"lat":%.6f,"lon":%.6f}},`, c, word(), r.IntN(90), r.Float64()*90, r.Float64()*180)
		}
		b = fmt.Appendf(b, `"tags":["%s","%s"],"scores":[%.3f,%.3f,%.3f],`, word(), word(), r.Float64(), r.Float64(), r.Float64())
		b = fmt.Appendf(b, `"items":[{"sku":"%s","qty":%d,"price":%.2f},{"sku":"%s","qty":1,"price":9.99}],`, word(), r.IntN(9), r.Float64()*100, word())
		b = fmt.Appendf(b, `"attrs":{"color":"%s","shape":"%s"},"counts":{"a":%d,"b":%d},`, word(), word(), r.IntN(9), r.IntN(999))
		b = fmt.Appendf(b, `"seen":"2024-05-%02d 10:%02d:%02d","ok":%t,"day":"2024-05-%02d"}`, 1+r.IntN(28), r.IntN(60), r.IntN(60), r.IntN(2) == 0, 1+r.IntN(28))
		lines[i] = append(b, '\n')
	}
	return lines
}

// WideColumns are two long strings and a number.
var WideColumns = []columnar.Column{{Name: "id", Type: "bigint"}, {Name: "body", Type: "string"}, {Name: "note", Type: "string"}}

// Wide makes n records of some 4 KB for WideColumns, with escapes and words outside ASCII here and there.
func Wide(n int) [][]byte {
	r := rand.New(rand.NewPCG(5, 6))
	words := strings.Fields(`harbor lantern meadow nickel orchard pepper quarry ribbon saddle timber caf\u00e9 größe \"velvet\" willow`)
	lines := make([][]byte, n)
	for i := range lines {
		b := fmt.Appendf(nil, `{"id":%d,"body":"`, i)
		for len(b) < 3200 {
			b = append(append(b, words[r.IntN(len(words))]...), ' ')
		}
		b = append(b, `","note":"`...)
		for len(b) < 4000 {
			b = append(append(b, words[r.IntN(10)]...), ' ')
		}
		lines[i] = append(b, "\"}\n"...)
	}
	return lines
}
