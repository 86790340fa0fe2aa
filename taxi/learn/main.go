// Command learn makes taxi/learned.bin from real trips: patterns from the first file, the weights of
// the hours of the week from the others, which must each be spread over whole days of one month.
//
//	go run ./taxi/learn OUT yellow_tripdata_2016-01.100k.jsonl.gz azure_yellow_2016-01.5k.csv.gz yellow_tripdata_sample_2019-01.10k.csv.gz
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/hydrant-stream/hydrant/taxi"
	"github.com/hydrant-stream/hydrant/taxi/tlc"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "learn:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: learn OUT PATTERNS HOURS...")
	}
	var l taxi.Learned
	if err := patterns(&l, args[1]); err != nil {
		return err
	}
	if err := hours(&l, args[2:]); err != nil {
		return err
	}
	return os.WriteFile(args[0], l.Encode(), 0o644)
}

// event is a trip with every number that a pattern needs.
type event struct {
	Pickup      time.Time `json:"pickup_datetime"`
	Dropoff     time.Time `json:"dropoff_datetime"`
	PickupLon   float64   `json:"pickup_longitude"`
	PickupLat   float64   `json:"pickup_latitude"`
	DropoffLon  float64   `json:"dropoff_longitude"`
	DropoffLat  float64   `json:"dropoff_latitude"`
	Distance    float64   `json:"trip_distance"`
	Fare        float64   `json:"fare_amount"`
	Surcharge   float64   `json:"surcharge"`
	MTATax      float64   `json:"mta_tax"`
	Tip         float64   `json:"tip_amount"`
	Tolls       float64   `json:"tolls_amount"`
	Total       float64   `json:"total_amount"`
	Passengers  uint8     `json:"passenger_count"`
	RateCode    uint8     `json:"rate_code"`
	VendorText  string    `json:"vendor_id"`
	PaymentText string    `json:"payment_type"`
	Flag        string    `json:"store_and_fwd_flag"`
}

func load(path string, each func(*event) error) error {
	s, err := tlc.Load(tlc.Open(path))
	if err != nil {
		return err
	}
	var e taxi.Event
	for s.Next(&e) {
		var v event
		if err := json.Unmarshal(e.JSON, &v); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := each(&v); err != nil {
			return err
		}
	}
	return nil
}

// patterns takes every n-th of the complete trips in order of distance, so that its quantiles are kept.
func patterns(l *taxi.Learned, path string) error {
	var all []taxi.Pattern
	err := load(path, func(e *event) error {
		if p, ok := pattern(e); ok {
			all = append(all, p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(all) < len(l.Patterns) {
		return fmt.Errorf("%s: %d complete trips, want at least %d", path, len(all), len(l.Patterns))
	}
	slices.SortStableFunc(all, func(a, b taxi.Pattern) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Duration, b.Duration))
	})
	for i := range l.Patterns {
		l.Patterns[i] = all[(2*i+1)*len(all)/(2*len(l.Patterns))]
	}
	return nil
}

// pattern quantizes a trip; ok is false for what the generator makes by itself (zero coordinates,
// negative amounts) and for what a pattern cannot hold.
func pattern(e *event) (p taxi.Pattern, ok bool) {
	for _, lon := range []float64{e.PickupLon, e.DropoffLon} {
		if lon > -72 || lon < -76 {
			return p, false
		}
	}
	for _, lat := range []float64{e.PickupLat, e.DropoffLat} {
		if lat < 39 || lat > 43 {
			return p, false
		}
	}
	duration := e.Dropoff.Sub(e.Pickup).Seconds()
	rest := e.Total - e.Fare - e.Surcharge - e.MTATax - e.Tip - e.Tolls
	for _, v := range []float64{duration, e.Distance, e.Fare, e.Surcharge, e.MTATax, e.Tip, e.Tolls, rest + 0.001} {
		if v < 0 || v > 600 && v != duration {
			return p, false
		}
	}
	vendor, err1 := strconv.Atoi(e.VendorText)
	payment, err2 := strconv.Atoi(e.PaymentText)
	if err1 != nil || err2 != nil || duration > math.MaxUint16 || rest > 2 || e.Surcharge > 10 || e.MTATax > 10 || e.Passengers > 15 {
		return p, false
	}
	cents := func(v float64) uint16 { return uint16(math.Round(v * 100)) }
	tenths := func(v float64) uint8 { return uint8(math.Round(v * 10)) }
	return taxi.Pattern{
		PickupX: uint16(-e.PickupLon * 512), PickupY: uint16(e.PickupLat * 512),
		DropoffX: uint16(-e.DropoffLon * 512), DropoffY: uint16(e.DropoffLat * 512),
		Distance: cents(e.Distance), Duration: uint16(duration),
		Fare: cents(e.Fare), Tip: cents(e.Tip), Tolls: cents(e.Tolls),
		Surcharge: tenths(e.Surcharge), MTATax: tenths(e.MTATax), Improvement: tenths(rest),
		Passengers: e.Passengers, Payment: uint8(payment), RateCode: e.RateCode, Vendor: uint8(vendor), Stored: e.Flag == "Y",
	}, true
}

// hours counts dropoffs per hour of the week, per such hour that the month has, smoothed with its neighbours.
func hours(l *taxi.Learned, paths []string) error {
	n := len(l.Hours)
	sum := make([]float64, n)
	for _, path := range paths {
		count := make([]float64, n)
		days := map[int]time.Weekday{}
		err := load(path, func(e *event) error {
			count[hourOfWeek(e.Dropoff)]++
			if e.Dropoff.Day() > 1 || e.Dropoff.Hour() > 0 {
				days[e.Dropoff.YearDay()] = e.Dropoff.Weekday()
			}
			return nil
		})
		if err != nil {
			return err
		}
		var weeks [7]float64
		for _, d := range days {
			weeks[(d+6)%7]++
		}
		for h := range count {
			sum[h] += count[h] / weeks[h/24]
		}
	}
	smooth := make([]float64, n)
	for h := range sum {
		smooth[h] = (sum[(h+n-1)%n] + 2*sum[h] + sum[(h+1)%n]) / 4
	}
	top := slices.Max(smooth)
	for h := range smooth {
		l.Hours[h] = uint16(math.Round(smooth[h] / top * 10000))
	}
	return nil
}

func hourOfWeek(t time.Time) int { return (int(t.Weekday())+6)%7*24 + t.Hour() }
