package cloudwatch

import (
	"encoding/binary"
	"errors"
	"math"
)

// point is what was counted of a series in one unit, in the minute (or, of high resolution, the second)
// that begins at a time. A series may have several points of one time and unit: they add up.
type point struct {
	time int64 // Unix seconds
	unit unit
	stat
}

// A record of a metric's shard is what one call or one minute brought for one series. Its key is the
// series' dimensions (series.dimensions), its data:
//
//	byte      format, 1
//	then per point:
//	uvarint   time, Unix seconds
//	byte      unit
//	byte      form: 0 = statistic set, 1 = one value, 2 = values
//	form 1:   float64 value, float64 count
//	else:     float64 count, sum, minimum, maximum
//	form 2:   byte bits of fraction kept, uvarint number of values, then per value: float64 value, float64 count
//
// Floats are little endian.

const (
	pointFormat = 1

	formSet, formValue, formSpread = 0, 1, 2
)

func appendFloats(b []byte, fs ...float64) []byte {
	for _, f := range fs {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
	}
	return b
}

// encodePoints is the data of a record.
func encodePoints(points []point) []byte {
	b := make([]byte, 0, 1+32*len(points))
	b = append(b, pointFormat)
	for i := range points {
		p := &points[i]
		b = binary.AppendUvarint(b, uint64(p.time))
		b = append(b, byte(p.unit))
		switch {
		case p.blurred:
			b = appendFloats(append(b, formSet), p.count, p.sum, p.min, p.max)
		case p.min == p.max && p.sum == p.min*p.count:
			b = appendFloats(append(b, formValue), p.min, p.count)
		default:
			b = appendFloats(append(b, formSpread), p.count, p.sum, p.min, p.max)
			b = binary.AppendUvarint(append(b, p.bits), uint64(len(p.spread)))
			for _, v := range p.spread {
				b = appendFloats(b, v.value, v.count)
			}
		}
	}
	return b
}

// errRecord: the log handed back a record this package did not write.
var errRecord = errors.New("cloudwatch: record is not one of data points")

// decodePoints calls f with every point of a record. The point is f's own.
func decodePoints(data []byte, f func(*point)) error {
	if len(data) == 0 || data[0] != pointFormat {
		return errRecord
	}
	r := reader{b: data[1:]}
	for len(r.b) > 0 && !r.bad {
		p := point{time: int64(r.uvarint()), unit: unit(r.byte())}
		switch form := r.byte(); form {
		case formSet, formSpread:
			p.count, p.sum, p.min, p.max = r.float(), r.float(), r.float(), r.float()
			if p.blurred = form == formSet; !p.blurred {
				p.bits = r.byte()
				n := r.uvarint()
				if n > uint64(len(r.b)/16) {
					return errRecord
				}
				p.spread = make([]portion, n)
				for i := range p.spread {
					p.spread[i] = portion{r.float(), r.float()}
				}
			}
		case formValue:
			v, n := r.float(), r.float()
			p.add(v, n)
		default:
			return errRecord
		}
		if r.bad || int(p.unit) >= len(units) || p.bits > mantissa || p.time < 0 {
			return errRecord
		}
		f(&p)
	}
	if r.bad {
		return errRecord
	}
	return nil
}

// reader reads a record from front to back; bad is set where it does not hold what it should.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) float() float64 {
	if len(r.b) < 8 {
		r.bad, r.b = true, nil
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(r.b))
	r.b = r.b[8:]
	return v
}
