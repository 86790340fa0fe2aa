package cwlogs

import (
	"encoding/binary"
	"errors"

	"github.com/hydrant-stream/hydrant"
)

// A record of a log stream is one PutLogEvents. Its data:
//
//	byte      format, 1
//	byte      flags: 1 = all events so far, these included, came in order of their timestamps
//	varint    earliest timestamp of the stream so far (Unix ms)
//	varint    latest
//	uvarint   bytes of the stream so far, as AWS counts them
//	uvarint   number of events here
//	then per event:
//	varint    timestamp, less that of the event before (first: less 0)
//	uvarint   length of the message
//	bytes     the message, UTF-8
//
// When the events were ingested is the record's Arrival.

const (
	recordFormat = 1
	flagOrdered  = 1
	eventBytes   = 26 // AWS adds these per event
)

// summary is what one record says of its stream.
type summary struct {
	first, last int64 // event times; meaningless where bytes is 0
	bytes       uint64
	ordered     bool
	ingested    int64 // Arrival of the last record
}

// add is the summary with more events, which are in order among themselves.
func (s summary) add(events []hydrant.LogEvent) summary {
	first, last := events[0].Time, events[len(events)-1].Time
	if s.bytes == 0 {
		s.first, s.last, s.ordered = first, last, true
	} else {
		s.ordered = s.ordered && first >= s.last
		s.first, s.last = min(s.first, first), max(s.last, last)
	}
	for _, e := range events {
		s.bytes += uint64(len(e.Message) + eventBytes)
	}
	return s
}

// encode writes events behind the summary that includes them.
func encode(sum summary, events []hydrant.LogEvent) []byte {
	size := 64
	for _, e := range events {
		size += len(e.Message) + 2*binary.MaxVarintLen32
	}
	b := make([]byte, 0, size)
	flags := byte(0)
	if sum.ordered {
		flags |= flagOrdered
	}
	b = append(b, recordFormat, flags)
	b = binary.AppendVarint(b, sum.first)
	b = binary.AppendVarint(b, sum.last)
	b = binary.AppendUvarint(b, sum.bytes)
	b = binary.AppendUvarint(b, uint64(len(events)))
	at := int64(0)
	for _, e := range events {
		b = binary.AppendVarint(b, e.Time-at)
		b = binary.AppendUvarint(b, uint64(len(e.Message)))
		b = append(b, e.Message...)
		at = e.Time
	}
	return b
}

// errRecord: the log handed back a record this package did not write.
var errRecord = errors.New("cwlogs: record is not one of log events")

// cursorBytes reads a record from front to back; bad is set where it does not hold what it should.
type cursorBytes struct {
	b   []byte
	bad bool
}

func (c *cursorBytes) varint() int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursorBytes) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

// decodeSummary reads the head of a record and leaves the reader before its events.
func decodeSummary(r *hydrant.Record) (sum summary, events int, rest *cursorBytes, err error) {
	if len(r.Data) < 2 || r.Data[0] != recordFormat {
		return sum, 0, nil, errRecord
	}
	rest = &cursorBytes{b: r.Data[2:]}
	sum.ordered = r.Data[1]&flagOrdered != 0
	sum.ingested = r.Arrival
	sum.first, sum.last, sum.bytes = rest.varint(), rest.varint(), rest.uvarint()
	n := rest.uvarint()
	if rest.bad || n > uint64(len(rest.b)) {
		return sum, 0, nil, errRecord
	}
	return sum, int(n), rest, nil
}

// decode calls f for every event of a record until it returns false. The message is shared with the
// record: copy what is kept.
func decode(r *hydrant.Record, f func(index int, time int64, message []byte) bool) error {
	_, n, rest, err := decodeSummary(r)
	if err != nil {
		return err
	}
	at := int64(0)
	for i := range n {
		at += rest.varint()
		size := rest.uvarint()
		if rest.bad || size > uint64(len(rest.b)) {
			return errRecord
		}
		if !f(i, at, rest.b[:size]) {
			return nil
		}
		rest.b = rest.b[size:]
	}
	return nil
}
