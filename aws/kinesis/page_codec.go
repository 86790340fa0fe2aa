package kinesis

import (
	"encoding/base64"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire"
	"github.com/hydrant-stream/hydrant/wire/awscbor"
	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// Page is the Records member of a reply: a page of a shard as the log handed it out. It is written to
// the wire as it lies there, nothing is made per record (docs/decisions/0092).
type Page struct {
	h          *shard
	records    []hydrant.Record
	encryption string
}

func (h *shard) page(records []hydrant.Record, encryption string) Page {
	return Page{h, records, encryption}
}

// Len is the number of records.
func (p *Page) Len() int { return len(p.records) }

// All are the records as the service model describes them.
func (p *Page) All() []Record {
	out := make([]Record, len(p.records))
	var n numeral
	for i := range p.records {
		r := &p.records[i]
		out[i] = Record{
			SequenceNumber:              string(n.to(p.h.sequenceOf(r.Offset, r.Arrival))),
			ApproximateArrivalTimestamp: r.Time(),
			Data:                        r.Data,
			PartitionKey:                r.Key,
			EncryptionType:              p.encryption,
		}
		if r.Data == nil {
			out[i].Data = []byte{}
		}
	}
	return out
}

// bytes is what the records count for against throughput.
func (p *Page) bytes() (n int) {
	for i := range p.records {
		n += p.records[i].Size()
	}
	return n
}

// The parts of a record's JSON, in the order of the members.
const (
	openSequence = `{"SequenceNumber":"`
	openArrival  = `","ApproximateArrivalTimestamp":`
	openData     = `,"Data":"`
	openKey      = `","PartitionKey":`
	openType     = `,"EncryptionType":`
	recordFixed  = len(openSequence) + sequenceDigits + len(openArrival) + len(openData) + len(openKey) + len(`}`)
)

// Before and after the records of a reply; what follows them is tail, a document of its own.
const openRecords, closeRecords = `{"Records":[`, `],`

// jsonSize is the length of what appendJSON appends.
func (p *Page) jsonSize(tail []byte) int {
	n := len(openRecords) + len(closeRecords) + len(tail) - 1 + max(0, len(p.records)-1)
	n += len(p.records) * recordFixed
	if p.encryption != "" {
		n += len(p.records) * (len(openType) + awsjson.StringSize(p.encryption))
	}
	var arrival arrival
	for i := range p.records {
		r := &p.records[i]
		n += base64.StdEncoding.EncodedLen(len(r.Data)) + awsjson.StringSize(r.Key) + len(arrival.text(r.Arrival))
	}
	return n
}

// appendJSON appends the document of a reply: the records, then the members of tail, another document.
func (p *Page) appendJSON(b, tail []byte, full func([]byte) []byte) []byte {
	b = append(b, openRecords...)
	var n numeral
	var arrival arrival
	for i := range p.records {
		r := &p.records[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, openSequence...), n.to(p.h.sequenceOf(r.Offset, r.Arrival))...)
		b = append(append(b, openArrival...), arrival.text(r.Arrival)...)
		b = awsjson.AppendBase64(append(b, openData...), r.Data)
		b = awsjson.AppendString(append(b, openKey...), r.Key)
		if p.encryption != "" {
			b = awsjson.AppendString(append(b, openType...), p.encryption)
		}
		if b = append(b, '}'); full != nil && len(b) >= wire.PieceBytes {
			b = full(b)
		}
	}
	return append(append(b, closeRecords...), tail[1:]...)
}

// arrival is the text of an arrival time: all records of one commit have the same.
type arrival struct {
	ms    int64
	bytes [24]byte
	n     int
}

func (a *arrival) text(ms int64) []byte {
	if a.n == 0 || ms != a.ms {
		a.ms, a.n = ms, len(awsjson.AppendEpoch(a.bytes[:0], ms))
	}
	return a.bytes[:a.n]
}

// appendCBOR appends the document of a reply: the records, then the members of tail, a struct.
func (p *Page) appendCBOR(b []byte, form awscbor.Form, tail any) []byte {
	b = awscbor.AppendText(awscbor.AppendMapStart(b), "Records")
	b = awscbor.AppendListStart(b)
	var n numeral
	for i := range p.records {
		r := &p.records[i]
		b = awscbor.AppendMapStart(b)
		number := n.to(p.h.sequenceOf(r.Offset, r.Arrival))
		b = awscbor.AppendTextBytes(awscbor.AppendText(b, "SequenceNumber"), number)
		b = form.AppendTime(awscbor.AppendText(b, "ApproximateArrivalTimestamp"), r.Arrival)
		b = awscbor.AppendBlob(awscbor.AppendText(b, "Data"), r.Data)
		b = awscbor.AppendText(awscbor.AppendText(b, "PartitionKey"), r.Key)
		if p.encryption != "" {
			b = awscbor.AppendText(awscbor.AppendText(b, "EncryptionType"), p.encryption)
		}
		b = awscbor.AppendEnd(b)
	}
	b = awscbor.AppendEnd(b)
	at := len(b)
	b = form.Append(b, tail)
	return append(b[:at], b[at+1:]...) // its members go on the map that is open
}

// JSONSize implements wire.JSONPieces.
func (out *GetRecordsOut) JSONSize() int {
	out.json = awsjson.Append(nil, &out.GetRecordsEnd)
	return out.Records.jsonSize(out.json)
}

// AppendJSONPieces implements wire.JSONPieces. A reply is written once: the memory of its records is free
// afterwards.
func (out *GetRecordsOut) AppendJSONPieces(b []byte, full func([]byte) []byte) []byte {
	defer out.page.Free()
	if out.json == nil {
		out.json = awsjson.Append(nil, &out.GetRecordsEnd)
	}
	return out.Records.appendJSON(b, out.json, full)
}

// AppendCBOR implements wire.CBORAppender, once as well.
func (out *GetRecordsOut) AppendCBOR(b []byte, form awscbor.Form) []byte {
	defer out.page.Free()
	return out.Records.appendCBOR(b, form, &out.GetRecordsEnd)
}

// AppendJSON implements wire.JSONAppender.
func (e *SubscribeToShardEvent) AppendJSON(b []byte) []byte {
	return e.Records.appendJSON(b, awsjson.Append(nil, &e.SubscribeToShardEventEnd), nil)
}

// AppendCBOR implements wire.CBORAppender.
func (e *SubscribeToShardEvent) AppendCBOR(b []byte, form awscbor.Form) []byte {
	return e.Records.appendCBOR(b, form, &e.SubscribeToShardEventEnd)
}

// Record is a record as the service model describes it.
type Record struct {
	SequenceNumber              string
	ApproximateArrivalTimestamp time.Time
	Data                        []byte
	PartitionKey                string
	EncryptionType              string
}
