package source

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
)

// maxEvent is the largest event a function is given, in bytes of JSON.
const maxEvent = 6 << 20

// batch is a stretch of one shard's records, in order.
type batch struct {
	recs []hydrant.Record
	next uint64 // everything below is settled once this is
}

func (b *batch) first() *hydrant.Record { return &b.recs[0] }
func (b *batch) last() *hydrant.Record  { return &b.recs[len(b.recs)-1] }

// id is the batch's request id: a function of the records it holds, so that every attempt of the
// same batch carries it, after a restart too, and a half of it carries another.
func (b *batch) id(mapping, shard string) string {
	var n [24]byte
	binary.BigEndian.PutUint64(n[0:], b.first().Offset)
	binary.BigEndian.PutUint64(n[8:], b.last().Offset)
	binary.BigEndian.PutUint64(n[16:], uint64(len(b.recs)))
	return requestID(append([]byte(mapping+"/"+shard+"/"), n[:]...))
}

func requestID(of []byte) string {
	h := sha256.Sum256(of)
	u, _ := uuid.FromBytes(h[:16]) // 16 bytes: no error
	u[6] = u[6]&0x0f | 0x80        // version 8: our own making
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}

// encoder writes the events of one shard. What never changes is rendered once.
type encoder struct {
	shard string
	tail  string // from the end of data's record to its closing brace
}

func newEncoder(stream, shard, region, role string) *encoder {
	return &encoder{
		shard: shard,
		tail: `"eventName":"aws:kinesis:record","invokeIdentityArn":` + quoted(role) +
			`,"awsRegion":` + quoted(region) + `,"eventSourceARN":` + quoted(stream) + `}`,
	}
}

const (
	eventHead  = `{"Records":[`
	eventEnd   = `]}`
	recordHead = `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":`
	recordMid  = `},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"`
	// recordRest bounds what else a record takes: member names, punctuation, the timestamp.
	recordRest = len(`,"sequenceNumber":"","data":"","approximateArrivalTimestamp":9999999999.999`) + len(`:",`) + len(",")
)

// size bounds the bytes of a record in an event, without rendering it.
func (e *encoder) size(r *hydrant.Record) int {
	return len(recordHead) + len(recordMid) + recordRest + len(e.tail) + len(e.shard) +
		2 + escapedLen(r.Key) + 2*len(r.Sequence) + base64.StdEncoding.EncodedLen(len(r.Data))
}

// bound is at least the length of the event of recs.
func (e *encoder) bound(recs []hydrant.Record) int {
	n := len(eventHead) + len(eventEnd)
	for i := range recs {
		n += e.size(&recs[i])
	}
	return n
}

// event appends the event of recs to dst.
func (e *encoder) event(dst []byte, recs []hydrant.Record) []byte {
	dst = append(dst, eventHead...)
	for i := range recs {
		r := &recs[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, recordHead...)
		dst = appendQuoted(dst, r.Key)
		dst = append(dst, `,"sequenceNumber":"`...)
		dst = append(dst, r.Sequence...)
		dst = append(dst, `","data":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, r.Data)
		dst = append(dst, `","approximateArrivalTimestamp":`...)
		dst = appendSeconds(dst, r.Arrival)
		dst = append(dst, recordMid...)
		dst = append(dst, e.shard...)
		dst = append(dst, ':')
		dst = append(dst, r.Sequence...)
		dst = append(dst, `",`...)
		dst = append(dst, e.tail...)
	}
	return append(dst, eventEnd...)
}

// appendSeconds writes Unix milliseconds as seconds with a fraction: 1545084650.987.
func appendSeconds(dst []byte, ms int64) []byte {
	dst = strconv.AppendInt(dst, ms/1000, 10)
	ms %= 1000
	return append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}

func quoted(s string) string { return string(appendQuoted(nil, s)) }

// appendQuoted writes a JSON string. Partition keys are plain as a rule; the others take the
// library's way.
func appendQuoted(dst []byte, s string) []byte {
	if escapedLen(s) == len(s) {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	b, _ := json.Marshal(s) // strings always marshal
	return append(dst, b...)
}

// escapedLen bounds the length of s inside JSON quotes; it equals len(s) only where nothing is
// escaped.
func escapedLen(s string) int {
	n := len(s)
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c >= utf8.RuneSelf {
			n += 5
		}
	}
	return n
}
