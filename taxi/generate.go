package taxi

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// What the generator holds to beyond its patterns, per 100,000 trips, counted in TLC's January 2016
// (the zero coordinates are the 1.7 % that the filter drops).
const (
	zeroAll      = 1333 // all four coordinates zero
	zeroPickup   = 215  // both of the pickup only
	zeroDropoff  = 151  // both of the dropoff only
	negatives    = 62   // refunded: every amount below zero
	tiedDropoffs = 69104
	// flagMissing is the share of trips without store_and_fwd_flag, over all files that have coordinates.
	flagMissing = 8564
	// fieldMissing is ours: no published row with coordinates lacks a needed field, other sources do.
	fieldMissing = 50
)

// tripsPerWeek is how many generated trips fill a week before a second one is begun.
const tripsPerWeek = 2_500_000

// generatedFrom is the time before the first generated dropoff: midnight of Friday, 1 January 2016.
var generatedFrom = time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)

const firstHourOfWeek = 4 * 24

// omittable are the fields of which a generated trip may lack one.
var omittable = [...]Field{Dropoff, Passengers, Distance, PickupLongitude, PickupLatitude, DropoffLongitude, DropoffLatitude, Total}

var learnedOnce = sync.OnceValue(func() *Learned { return decodeLearned(learned) })

// Generator makes up trips whose places, lengths, durations, fares, payments and hours of the week
// are distributed as in the real files. The same seed and number give the same bytes everywhere.
// It holds one trip at a time and is used by one goroutine.
type Generator struct {
	rng     *rand.PCG
	learned *Learned
	n, done int

	// Dropoffs: each hour gets its share of n, in each hour they are spread evenly with jitter.
	hour           int     // hours since generatedFrom
	hourTrips      int     // trips in this hour
	inHour         int     // of which done
	weight, weighs float64 // of the hours so far, and of all
	tie            uint64  // odds of one more trip in the second of the last one
	last           int64   // last dropoff, Unix seconds

	day, dayBefore int64 // days since 1970 whose dates are in date and dateBefore
	date, before   []byte
	json           []byte
}

// Generate makes a source of n trips in order of dropoff, numbered from 1.
func Generate(seed uint64, n int) *Generator {
	g := &Generator{rng: rand.NewPCG(seed, 0x7461786974726970), learned: learnedOnce(), n: max(n, 0), hour: -1, day: -1, dayBefore: -1}
	weeks := (g.n + tripsPerWeek - 1) / tripsPerWeek
	for _, w := range g.learned.Hours {
		g.weighs += float64(w) * float64(weeks)
	}
	// A second with several trips comes about by itself when they are many.
	natural := min(float64(g.n)/float64(max(weeks, 1)*hoursInWeek*3600)/2, 1)
	g.tie = chance(max(0, tiedDropoffs/1e5-natural) / max(1-natural, 1e-9))
	return g
}

// chance turns a probability into a bound for 32 random bits.
func chance(p float64) uint64 { return uint64(min(p, 1) * (1 << 32)) }

// Len is the number of trips in all.
func (g *Generator) Len() int { return g.n }

// Err is always nil.
func (g *Generator) Err() error { return nil }

// Next fills e with the next trip.
func (g *Generator) Next(e *Event) bool {
	if g.done == g.n {
		return false
	}
	at := g.dropoff()
	g.done++
	p := &g.learned.Patterns[g.rng.Uint64()%numPatterns]
	g.json = g.appendTrip(g.json[:0], p, at)
	e.ID, e.Dropoff, e.JSON = int64(g.done), at*1000, g.json
	return true
}

// dropoff is the time of the next dropoff in Unix seconds.
func (g *Generator) dropoff() int64 {
	for g.inHour == g.hourTrips {
		g.hour++
		before := int(float64(g.n) * (g.weight / g.weighs))
		g.weight += float64(g.learned.Hours[(firstHourOfWeek+g.hour)%hoursInWeek])
		after := int(float64(g.n)*(g.weight/g.weighs) + 1e-6)
		if g.weight >= g.weighs {
			after = g.n
		}
		g.hourTrips, g.inHour = max(min(after, g.n)-max(before, g.done), 0), 0
	}
	r := g.rng.Uint64()
	k := g.inHour
	g.inHour++
	if g.done > 0 && r>>32 < g.tie {
		return g.last
	}
	jitter := float64(r&(1<<32-1)) / (1 << 32)
	g.last = max(g.last, generatedFrom.Unix()+int64(g.hour)*3600+int64((float64(k)+jitter)/float64(g.hourTrips)*3600))
	return g.last
}

// appendTrip appends the event of a trip after the pattern, varied within its cells and by some percent.
func (g *Generator) appendTrip(b []byte, p *Pattern, dropoff int64) []byte {
	odds, place := g.rng.Uint64(), g.rng.Uint64()
	vary := 973 + (place>>40)&63 // per thousand, 973 to 1036
	distance := uint64(p.Distance) * vary / 1000
	duration := int64(uint64(p.Duration) * (975 + (place>>48)&63) / 1000)
	rare := (odds & (1<<32 - 1)) * 100_000 >> 32
	noFlag := (odds>>32)*100_000>>32 < flagMissing

	omit := numFields
	zeroP, zeroD, negative := false, false, false
	switch {
	case rare < zeroAll:
		zeroP, zeroD = true, true
	case rare < zeroAll+zeroPickup:
		zeroP = true
	case rare < zeroAll+zeroPickup+zeroDropoff:
		zeroD = true
	case rare < zeroAll+zeroPickup+zeroDropoff+negatives:
		negative = true
	case rare < zeroAll+zeroPickup+zeroDropoff+negatives+fieldMissing:
		omit = omittable[place>>56%uint64(len(omittable))]
	}

	b = append(b, `{"vendor_id":"`...)
	b = append(b, '0'+p.Vendor)
	b = append(b, `","pickup_datetime":"`...)
	b = g.appendSecond(b, dropoff-duration)
	b = append(b, '"')
	if omit != Dropoff {
		b = append(b, `,"dropoff_datetime":"`...)
		b = g.appendSecond(b, dropoff)
		b = append(b, '"')
	}
	if omit != Passengers {
		b = append(b, `,"passenger_count":`...)
		b = append(b, '0'+p.Passengers%10)
	}
	if omit != Distance {
		b = append(b, `,"trip_distance":`...)
		b = appendHundredths(b, distance)
	}
	b = appendPlace(b, omit, PickupLongitude, zeroP, uint64(p.PickupX), place, uint64(p.PickupY), place>>8)
	b = append(b, `,"rate_code":`...)
	b = strconv.AppendUint(b, uint64(p.RateCode), 10)
	if !noFlag {
		b = append(b, `,"store_and_fwd_flag":"`...)
		b = append(b, "NY"[b2i(p.Stored)], '"')
	}
	b = appendPlace(b, omit, DropoffLongitude, zeroD, uint64(p.DropoffX), place>>17, uint64(p.DropoffY), place>>25)
	b = appendPayment(b, p, negative, omit)
	return appendTail(b, int64(g.done))
}

func appendPayment(b []byte, p *Pattern, negative bool, omit Field) []byte {
	payment, tip := p.Payment, uint64(p.Tip)
	if negative {
		payment, tip = 3, 0
	}
	surcharge, tax, improvement := uint64(p.Surcharge)*10, uint64(p.MTATax)*10, uint64(p.Improvement)*10
	b = append(b, `,"payment_type":"`...)
	b = append(b, '0'+payment)
	b = append(b, `","fare_amount":`...)
	b = appendCents(b, uint64(p.Fare), negative)
	b = append(b, `,"surcharge":`...)
	b = appendCents(b, surcharge, negative)
	b = append(b, `,"mta_tax":`...)
	b = appendCents(b, tax, negative)
	b = append(b, `,"tip_amount":`...)
	b = appendCents(b, tip, negative)
	b = append(b, `,"tolls_amount":`...)
	b = appendCents(b, uint64(p.Tolls), negative)
	if omit == Total {
		return b
	}
	b = append(b, `,"total_amount":`...)
	return appendCents(b, uint64(p.Fare)+surcharge+tax+tip+uint64(p.Tolls)+improvement, negative)
}

// appendPlace appends a longitude and a latitude: the cell's corner and some random bits within it.
// TLC's coordinates are float32, that is, multiples of 2^-17 and 2^-18 degrees in New York.
func appendPlace(b []byte, omit, lon Field, zero bool, x, xBits, y, yBits uint64) []byte {
	names := [2]string{`,"pickup_longitude":`, `,"pickup_latitude":`}
	if lon == DropoffLongitude {
		names = [2]string{`,"dropoff_longitude":`, `,"dropoff_latitude":`}
	}
	if omit != lon {
		b = append(b, names[0]...)
		if zero {
			b = append(b, '0')
		} else {
			b = append(b, '-')
			b = appendBinary(b, (x<<8|xBits&255)<<1)
		}
	}
	if omit != lon+1 {
		b = append(b, names[1]...)
		if zero {
			b = append(b, '0')
		} else {
			b = appendBinary(b, y<<9|yBits&511)
		}
	}
	return b
}

// appendBinary appends k * 2^-18 for a value from 10 to 99 with 15 decimals, as TLC prints a float32.
func appendBinary(b []byte, k uint64) []byte {
	const fives = 3814697265625 // 5^18: k * 2^-18 has 18 decimals
	whole, frac := k>>18, (k&(1<<18-1))*fives
	frac = (frac + 500) / 1000
	b = append(b, digitPairs[whole*2], digitPairs[whole*2+1])
	if frac == 0 {
		return b
	}
	b = append(b, '.', byte('0'+frac/1e14))
	hi, lo := frac%1e14/1e7, frac%1e7
	b = append7(append7(b, hi), lo)
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

// append7 appends seven digits.
func append7(b []byte, v uint64) []byte {
	p, q, r := v/1e5, v/1e3%100, v/10%100
	return append(b, digitPairs[p*2], digitPairs[p*2+1], digitPairs[q*2], digitPairs[q*2+1], digitPairs[r*2], digitPairs[r*2+1], byte('0'+v%10))
}

// appendHundredths spells a distance: always two decimals but for zero, as TLC does.
func appendHundredths(b []byte, v uint64) []byte {
	if v == 0 {
		return append(b, '0')
	}
	b = strconv.AppendUint(b, v/100, 10)
	v = v % 100 * 2
	return append(b, '.', digitPairs[v], digitPairs[v+1])
}

// appendCents spells an amount as briefly as it goes: 7.5, 18, 3.25.
func appendCents(b []byte, v uint64, negative bool) []byte {
	if negative && v > 0 {
		b = append(b, '-')
	}
	b = strconv.AppendUint(b, v/100, 10)
	switch c := v % 100; {
	case c == 0:
		return b
	case c%10 == 0:
		return append(b, '.', byte('0'+c/10))
	default:
		return append(b, '.', digitPairs[c*2], digitPairs[c*2+1])
	}
}

// appendSecond is AppendTime for whole seconds, with the dates of two days at hand.
func (g *Generator) appendSecond(b []byte, s int64) []byte {
	day := s / 86400
	switch day {
	case g.day:
		b = append(b, g.date...)
	case g.dayBefore:
		b = append(b, g.before...)
	default:
		g.dayBefore, g.before, g.date = g.day, g.date, g.before
		g.day = day
		g.date = append(g.date[:0], AppendTime(nil, day*86_400_000)[:10]...)
		b = append(b, g.date...)
	}
	return appendClock(b, s%86400*1000)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
