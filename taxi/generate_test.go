package taxi_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant/taxi"
	"github.com/hydrant-stream/hydrant/taxi/internal/realdata"
	"github.com/hydrant-stream/hydrant/taxi/tlc"
)

// marginals are what generated trips have in common with real ones.
type marginals struct {
	Zero, ZeroPickup, ZeroDropoff, Negative float64 // shares of all trips
	Tied                                    float64 // share that drops off in the second of the trip before
	// The rest is over complete trips.
	Distance, Duration, Total [5]float64 // at the quantiles 0.1 0.25 0.5 0.75 0.9: miles, seconds, dollars
	MeanFare, MeanTip         float64
	Card, Cash                float64 // shares of payment
	Alone                     float64 // share of one passenger
	TopPickup, TopDropoff     float64 // share of the ten busiest cells of 0.01 degrees
	FarePerMile               float64 // correlation of fare and distance
}

// january2016 was measured on yellow_tripdata_2016-01.100k.jsonl.gz.
var january2016 = marginals{
	Zero: 0.01699, ZeroPickup: 0.00215, ZeroDropoff: 0.00151, Negative: 0.00062, Tied: 0.69104,
	Distance: [5]float64{0.7, 1.17, 2.12, 4.13, 7.4},
	Duration: [5]float64{226, 376, 646, 1054, 1517},
	Total:    [5]float64{6.8, 8.76, 12.36, 19.3, 29.8},
	MeanFare: 13.3846, MeanTip: 1.61035, Card: 0.569275, Cash: 0.424038, Alone: 0.633858,
	TopPickup: 0.396871, TopDropoff: 0.322049, FarePerMile: 0.937454,
}

func measure(t *testing.T, s taxi.Source) marginals {
	t.Helper()
	type trip struct {
		Pickup     time.Time `json:"pickup_datetime"`
		Dropoff    time.Time `json:"dropoff_datetime"`
		PLon       float64   `json:"pickup_longitude"`
		PLat       float64   `json:"pickup_latitude"`
		DLon       float64   `json:"dropoff_longitude"`
		DLat       float64   `json:"dropoff_latitude"`
		Distance   float64   `json:"trip_distance"`
		Fare       float64   `json:"fare_amount"`
		Tip        float64   `json:"tip_amount"`
		Total      float64   `json:"total_amount"`
		Passengers int       `json:"passenger_count"`
		Payment    string    `json:"payment_type"`
	}
	var m marginals
	var e taxi.Event
	var distance, duration, total, fare []float64
	pickups, dropoffs := map[[2]int]int{}, map[[2]int]int{}
	last, n := int64(-1), float64(s.Len())
	for s.Next(&e) {
		if e.Dropoff == last {
			m.Tied += 1 / n
		}
		last = e.Dropoff
		v := taxi.Check(e.JSON)
		var x trip
		if err := json.Unmarshal(e.JSON, &x); err != nil {
			t.Fatalf("%v in %s", err, e.JSON)
		}
		if v.Cause == taxi.ZeroCoordinate {
			m.Zero += 1 / n
			if x.DLon != 0 {
				m.ZeroPickup += 1 / n
			}
			if x.PLon != 0 {
				m.ZeroDropoff += 1 / n
			}
		}
		if x.Total < 0 {
			m.Negative += 1 / n
		}
		if !v.Keep() || x.Total < 0 {
			continue
		}
		distance, fare = append(distance, x.Distance), append(fare, x.Fare)
		duration, total = append(duration, x.Dropoff.Sub(x.Pickup).Seconds()), append(total, x.Total)
		m.MeanFare += x.Fare
		m.MeanTip += x.Tip
		switch x.Payment {
		case "1":
			m.Card++
		case "2":
			m.Cash++
		}
		if x.Passengers == 1 {
			m.Alone++
		}
		pickups[[2]int{int(math.Floor(x.PLon * 100)), int(math.Floor(x.PLat * 100))}]++
		dropoffs[[2]int{int(math.Floor(x.DLon * 100)), int(math.Floor(x.DLat * 100))}]++
	}
	kept := float64(len(distance))
	m.FarePerMile = correlation(fare, distance)
	m.Distance, m.Duration, m.Total = quantiles(distance), quantiles(duration), quantiles(total)
	for _, p := range []*float64{&m.MeanFare, &m.MeanTip, &m.Card, &m.Cash, &m.Alone} {
		*p /= kept
	}
	m.TopPickup, m.TopDropoff = top10(pickups)/kept, top10(dropoffs)/kept
	return m
}

func quantiles(x []float64) (q [5]float64) {
	slices.Sort(x)
	for i, p := range []float64{0.1, 0.25, 0.5, 0.75, 0.9} {
		q[i] = x[int(p*float64(len(x)))]
	}
	return q
}

func top10(cells map[[2]int]int) float64 {
	var counts []int
	for _, c := range cells {
		counts = append(counts, c)
	}
	slices.Sort(counts)
	sum := 0
	for _, c := range counts[max(0, len(counts)-10):] {
		sum += c
	}
	return float64(sum)
}

// correlation looks at trips under 20 miles and 100 dollars: single absurd rows would decide it otherwise.
func correlation(x, y []float64) float64 {
	var n, sx, sy, sxx, syy, sxy float64
	for i := range x {
		if x[i] < 100 && y[i] < 20 {
			n, sx, sy = n+1, sx+x[i], sy+y[i]
			sxx, syy, sxy = sxx+x[i]*x[i], syy+y[i]*y[i], sxy+x[i]*y[i]
		}
	}
	return (n*sxy - sx*sy) / math.Sqrt((n*sxx-sx*sx)*(n*syy-sy*sy))
}

// compare reports where got is further from want than the tolerance: relative, or absolute for shares.
func compare(t *testing.T, got, want marginals, relative, absolute float64) {
	t.Helper()
	near := func(name string, got, want, share float64) {
		if math.Abs(got-want) > share+relative*math.Abs(want) {
			t.Errorf("%s is %.5g, want %.5g", name, got, want)
		}
	}
	for i := range want.Distance {
		near(fmt.Sprintf("distance quantile %d", i), got.Distance[i], want.Distance[i], 0.02)
		near(fmt.Sprintf("duration quantile %d", i), got.Duration[i], want.Duration[i], 2)
		near(fmt.Sprintf("total quantile %d", i), got.Total[i], want.Total[i], 0.02)
	}
	near("mean fare", got.MeanFare, want.MeanFare, 0)
	near("mean tip", got.MeanTip, want.MeanTip, 0)
	near("share of cards", got.Card, want.Card, absolute)
	near("share of cash", got.Cash, want.Cash, absolute)
	near("share of single passengers", got.Alone, want.Alone, absolute)
	near("share of the ten busiest pickup cells", got.TopPickup, want.TopPickup, absolute)
	near("share of the ten busiest dropoff cells", got.TopDropoff, want.TopDropoff, absolute)
	near("correlation of fare and distance", got.FarePerMile, want.FarePerMile, absolute)
	near("share of zero coordinates", got.Zero, want.Zero, 0.0015)
	near("share of zero pickups", got.ZeroPickup, want.ZeroPickup, 0.0006)
	near("share of zero dropoffs", got.ZeroDropoff, want.ZeroDropoff, 0.0006)
	near("share of negative totals", got.Negative, want.Negative, 0.0004)
	near("share of ties", got.Tied, want.Tied, absolute)
}

func TestGeneratedTripsAreDistributedAsRealOnes(t *testing.T) {
	t.Parallel()
	compare(t, measure(t, taxi.Generate(1, 60_000)), january2016, 0.04, 0.02)
}

func TestRecordedMarginalsAreThoseOfTheRealFile(t *testing.T) {
	t.Parallel()
	s, err := tlc.Load(tlc.Open(realdata.File(t, "yellow_tripdata_2016-01.100k.jsonl.gz")))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, measure(t, s), january2016, 1e-3, 0)
}

// TestGeneratedHoursOfTheWeek: the quietest and the busiest hours are where New York has them.
func TestGeneratedHoursOfTheWeek(t *testing.T) {
	t.Parallel()
	var hours [7][24]int
	g := taxi.Generate(2, 50_000)
	var e taxi.Event
	first, last := int64(math.MaxInt64), int64(0)
	for g.Next(&e) {
		at := time.UnixMilli(e.Dropoff).UTC()
		hours[at.Weekday()][at.Hour()]++
		first, last = min(first, e.Dropoff), max(last, e.Dropoff)
	}
	if d := time.Duration(last-first) * time.Millisecond; d < 160*time.Hour || d > 168*time.Hour {
		t.Errorf("50,000 trips cover %s, want a week", d)
	}
	for d := time.Monday; d <= time.Friday; d++ {
		if 4*hours[d][4] > hours[d][19] {
			t.Errorf("%s: %d trips at 4 h, %d at 19 h", d, hours[d][4], hours[d][19])
		}
	}
	if hours[time.Sunday][1] < 2*hours[time.Tuesday][1] {
		t.Errorf("the night to Sunday has %d trips at 1 h, that to Tuesday %d", hours[time.Sunday][1], hours[time.Tuesday][1])
	}
}

func TestGenerateIsDeterministicAndOrdered(t *testing.T) {
	for _, n := range []int{0, 1, 7, 2000} {
		a, b, c := taxi.Generate(9, n), taxi.Generate(9, n), taxi.Generate(10, n)
		var ea, eb, ec taxi.Event
		var count, differ int
		last := int64(0)
		for a.Next(&ea) {
			count++
			if !b.Next(&eb) || string(ea.JSON) != string(eb.JSON) {
				t.Fatalf("seed 9 gave two different trips %d", count)
			}
			if c.Next(&ec) && string(ea.JSON) != string(ec.JSON) {
				differ++
			}
			if ea.ID != int64(count) || ea.Dropoff < last || !json.Valid(ea.JSON) {
				t.Fatalf("trip %d at %d after %d: %s", ea.ID, ea.Dropoff, last, ea.JSON)
			}
			last = ea.Dropoff
			if at := string(taxi.AppendTime(nil, ea.Dropoff)); !strings.Contains(string(ea.JSON), `"dropoff_datetime":"`+at) && taxi.Check(ea.JSON).Field != taxi.Dropoff {
				t.Fatalf("dropoff %s is not in %s", at, ea.JSON)
			}
		}
		if count != n || a.Len() != n || differ < n*99/100 {
			t.Errorf("Generate(%d): %d trips, %d of them other than with another seed", n, count, differ)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	g := taxi.Generate(1, b.N)
	var e taxi.Event
	bytes := 0
	b.ReportAllocs()
	for g.Next(&e) {
		bytes += len(e.JSON)
	}
	b.SetBytes(int64(bytes / b.N))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
