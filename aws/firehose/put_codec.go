package firehose

import (
	"strconv"
	"sync"

	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// The JSON of the put calls, by hand: the plain form that SDKs write, constraints included. Anything
// else is left to awsjson and the tags.

// arena holds the decoded bytes of all records of one call.
type arena struct{ b []byte }

var arenas = sync.Pool{New: func() any { return new(arena) }}

// keptArena bounds what an idle arena holds on to.
const keptArena = 6 << 20

func getArena(size int) *arena {
	a := arenas.Get().(*arena)
	if cap(a.b) < size {
		a.b = make([]byte, 0, size)
	}
	a.b = a.b[:0]
	return a
}

// release gives the arena back. Only when the log has its own copy of the bytes: after a successful
// append. An arena that is never released is just garbage.
func (a *arena) release() {
	if a != nil && cap(a.b) <= keptArena {
		arenas.Put(a)
	}
}

// QuickJSON implements wire.JSONQuick.
func (in *PutRecordBatchIn) QuickJSON(doc []byte) bool {
	p := plain{Plain: awsjson.ReadPlain(doc), arena: getArena(len(doc) / 4 * 3)}
	var records []Record
	ok := p.Object(func(member []byte) bool {
		switch string(member) {
		case "DeliveryStreamName":
			return p.readName()
		case "Records":
			if records != nil {
				return false
			}
			records = make([]Record, 0, 64)
			return p.List(func() bool {
				data, ok := p.record()
				records = append(records, Record{data})
				return ok && len(records) <= maxBatchRecords
			})
		}
		return false
	})
	if !ok || !p.End() || p.name == "" || records == nil {
		p.arena.release()
		return false
	}
	in.DeliveryStreamName, in.Records, in.arena = p.name, records, p.arena
	return true
}

// QuickJSON implements wire.JSONQuick.
func (in *PutRecordIn) QuickJSON(doc []byte) bool {
	p := plain{Plain: awsjson.ReadPlain(doc), arena: getArena(len(doc) / 4 * 3)}
	var record *Record
	ok := p.Object(func(member []byte) bool {
		switch string(member) {
		case "DeliveryStreamName":
			return p.readName()
		case "Record":
			if record != nil {
				return false
			}
			data, ok := p.record()
			record = &Record{data}
			return ok
		}
		return false
	})
	if !ok || !p.End() || p.name == "" || record == nil {
		p.arena.release()
		return false
	}
	in.DeliveryStreamName, in.Record, in.arena = p.name, record, p.arena
	return true
}

// plain is a document and what has been read of it.
type plain struct {
	awsjson.Plain
	arena *arena
	name  string
}

func (p *plain) readName() bool {
	t, ok := p.Text()
	if !ok || p.name != "" || !awsjson.NamePlain(t, maxNameLength) {
		return false
	}
	p.name = string(t)
	return true
}

// record reads {"Data":"base64"}.
func (p *plain) record() (data []byte, ok bool) {
	ok = p.Object(func(member []byte) bool {
		t, ok := p.Text()
		if !ok || data != nil || string(member) != "Data" {
			return false
		}
		n := len(p.arena.b)
		p.arena.b, ok = awsjson.AppendFromBase64(p.arena.b, t)
		data = p.arena.b[n:len(p.arena.b):len(p.arena.b)]
		return ok && len(data) <= maxRecordBytes
	})
	return data, ok && data != nil
}

// AppendJSON implements wire.JSONAppender. Ids, codes and messages are ours and need no escapes.
func (out *PutRecordBatchOut) AppendJSON(b []byte) []byte {
	b = append(b, `{"FailedPutCount":`...)
	b = strconv.AppendInt(b, int64(out.FailedPutCount), 10)
	b = append(b, `,"Encrypted":`...)
	b = strconv.AppendBool(b, out.Encrypted)
	b = append(b, `,"RequestResponses":[`...)
	for i := range out.RequestResponses {
		if i > 0 {
			b = append(b, ',')
		}
		e := &out.RequestResponses[i]
		if e.RecordId != "" {
			b = append(append(append(b, `{"RecordId":"`...), e.RecordId...), `"}`...)
			continue
		}
		b = append(append(append(b, `{"ErrorCode":"`...), e.ErrorCode...), `","ErrorMessage":"`...)
		b = append(append(b, e.ErrorMessage...), `"}`...)
	}
	return append(b, "]}"...)
}

// AppendJSON implements wire.JSONAppender.
func (out *PutRecordOut) AppendJSON(b []byte) []byte {
	b = append(append(append(b, `{"RecordId":"`...), out.RecordId...), `","Encrypted":`...)
	return append(strconv.AppendBool(b, out.Encrypted), '}')
}
