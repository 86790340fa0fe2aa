package taxi

import (
	_ "embed"
	"encoding/binary"
	"fmt"
)

// learned.bin is what the generator knows of real trips, written by the program in learn/. Layout,
// little endian:
//
//	offset  size       field
//	0       8          "taxi.v1\n"
//	8       168 x 2    weight of each hour of the week, Monday 00:00 first
//	344     4096 x 24  pattern
//
// and a pattern, one trip of TLC's records of January 2016 without its identity (place to some 200 m, no time):
//
//	0   2  pickup longitude: cell of 2^-9 degrees west      12  2  fare, cents
//	2   2  pickup latitude: cell of 2^-9 degrees north      14  2  tip, cents
//	4   2  dropoff longitude                                16  2  tolls, cents
//	6   2  dropoff latitude                                 18  1  surcharge, tenths of a dollar
//	8   2  distance, hundredths of a mile                   19  1  MTA tax, tenths
//	10  2  duration, seconds                                20  1  improvement surcharge, tenths
//	                                                        21  1  passengers, and payment type << 4
//	                                                        22  1  rate code
//	                                                        23  1  vendor, and 1 << 4 if stored and forwarded
//
//go:embed learned.bin
var learned []byte

const (
	learnedMagic = "taxi.v1\n"
	hoursInWeek  = 168
	numPatterns  = 4096
	patternBytes = 24
	patternsAt   = len(learnedMagic) + 2*hoursInWeek
)

// Pattern is one entry of learned.bin.
type Pattern struct {
	PickupX, PickupY, DropoffX, DropoffY uint16
	Distance, Duration                   uint16
	Fare, Tip, Tolls                     uint16
	Surcharge, MTATax, Improvement       uint8
	Passengers, Payment                  uint8
	RateCode, Vendor                     uint8
	Stored                               bool
}

// Learned is the content of learned.bin.
type Learned struct {
	Hours    [hoursInWeek]uint16
	Patterns [numPatterns]Pattern
}

// Encode lays out learned.bin.
func (l *Learned) Encode() []byte {
	b := []byte(learnedMagic)
	le := binary.LittleEndian
	for _, h := range l.Hours {
		b = le.AppendUint16(b, h)
	}
	for i := range l.Patterns {
		p := &l.Patterns[i]
		for _, v := range []uint16{p.PickupX, p.PickupY, p.DropoffX, p.DropoffY, p.Distance, p.Duration, p.Fare, p.Tip, p.Tolls} {
			b = le.AppendUint16(b, v)
		}
		vendor := p.Vendor
		if p.Stored {
			vendor |= 1 << 4
		}
		b = append(b, p.Surcharge, p.MTATax, p.Improvement, p.Passengers|p.Payment<<4, p.RateCode, vendor)
	}
	return b
}

// decodeLearned reads what Encode wrote. The bytes are part of the program, so damage is a bug of ours.
func decodeLearned(b []byte) *Learned {
	if len(b) != patternsAt+numPatterns*patternBytes || string(b[:len(learnedMagic)]) != learnedMagic {
		panic(fmt.Sprintf("internal error: learned.bin has %d bytes or another version", len(b)))
	}
	le := binary.LittleEndian
	l := &Learned{}
	for i := range l.Hours {
		l.Hours[i] = le.Uint16(b[len(learnedMagic)+2*i:])
	}
	for i := range l.Patterns {
		e := b[patternsAt+i*patternBytes:]
		l.Patterns[i] = Pattern{
			PickupX: le.Uint16(e), PickupY: le.Uint16(e[2:]), DropoffX: le.Uint16(e[4:]), DropoffY: le.Uint16(e[6:]),
			Distance: le.Uint16(e[8:]), Duration: le.Uint16(e[10:]),
			Fare: le.Uint16(e[12:]), Tip: le.Uint16(e[14:]), Tolls: le.Uint16(e[16:]),
			Surcharge: e[18], MTATax: e[19], Improvement: e[20],
			Passengers: e[21] & 15, Payment: e[21] >> 4, RateCode: e[22], Vendor: e[23] & 15, Stored: e[23]>>4 == 1,
		}
	}
	return l
}
