package kinesis

import (
	"strconv"
	"sync"

	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// The JSON of the hot calls, by hand (docs/decisions/0090). The decoder knows the plain form that
// SDKs write: known members once each, no escapes. Anything else is left to awsjson and the tags,
// which also word the faults: there is one meaning and two speeds.

// arena is what a quickly decoded PutRecords lies in. It serves the next call when this one is answered:
// the log has its own copy of the records by then.
type arena struct {
	data    []byte // all blobs; made large enough at first, it does not move
	keys    []byte // all partition keys
	lengths []int  // of each
	records []PutRecordsRequestEntry
}

var arenas = sync.Pool{New: func() any { return new(arena) }}

// keptArena bounds the blobs of an idle arena.
const keptArena = 4 << 20

func newArena(doc int) *arena {
	a := arenas.Get().(*arena)
	if cap(a.data) < doc/4*3 {
		a.data = make([]byte, 0, doc/4*3)
	}
	a.data, a.keys, a.lengths, a.records = a.data[:0], a.keys[:0], a.lengths[:0], a.records[:0]
	return a
}

// release gives the arena back. The records that lie in it are gone.
func (a *arena) release() {
	if a != nil && cap(a.data) <= keptArena {
		clear(a.records)
		arenas.Put(a)
	}
}

// QuickJSON implements wire.JSONQuick.
func (in *PutRecordsIn) QuickJSON(doc []byte) bool {
	a := newArena(len(doc))
	if in.quick(doc, a) {
		in.arena = a
		return true
	}
	a.release()
	return false
}

func (in *PutRecordsIn) quick(doc []byte, a *arena) bool {
	p := plain{awsjson.ReadPlain(doc), a}
	var name []byte
	listed := false
	ok := p.Object(func(member []byte) bool {
		switch string(member) {
		case "StreamName":
			again := name != nil
			var ok bool
			name, ok = p.Text()
			return ok && !again && awsjson.NamePlain(name, 128)
		case "Records":
			if listed {
				return false
			}
			listed = true
			return p.List(func() bool {
				if len(a.records) == maxPutRecords {
					return false
				}
				a.records = append(a.records, PutRecordsRequestEntry{})
				return p.entry(&a.records[len(a.records)-1])
			})
		}
		return false
	})
	if !ok || !p.End() || name == nil || len(a.records) == 0 {
		return false
	}
	keys := string(a.keys)
	for i, n := range a.lengths {
		a.records[i].PartitionKey, keys = keys[:n], keys[n:]
	}
	in.StreamName, in.Records = string(name), a.records
	return true
}

// plain is a document and where its records go.
type plain struct {
	awsjson.Plain
	arena *arena
}

// entry reads one record of a PutRecords; its key is filled in later.
func (p *plain) entry(r *PutRecordsRequestEntry) bool {
	a, keyed := p.arena, false
	return p.Object(func(member []byte) bool {
		t, ok := p.Text()
		if !ok {
			return false
		}
		switch string(member) {
		case "Data":
			if r.Data != nil {
				return false
			}
			n := len(a.data)
			a.data, ok = awsjson.AppendFromBase64(a.data, t)
			r.Data = a.data[n:len(a.data):len(a.data)]
			return ok && len(r.Data) <= maxPutBytes
		case "PartitionKey":
			if keyed || len(t) < 1 || len(t) > 256 || !printableASCII(t) {
				return false
			}
			keyed = true
			a.keys, a.lengths = append(a.keys, t...), append(a.lengths, len(t))
			return true
		case "ExplicitHashKey":
			if r.ExplicitHashKey != "" || !decimal(t) {
				return false
			}
			r.ExplicitHashKey = string(t)
			return true
		}
		return false
	}) && r.Data != nil && keyed
}

// decimal: 0|([1-9]\d{0,38})
func decimal(t []byte) bool {
	if len(t) < 1 || len(t) > 39 || t[0] == '0' && len(t) > 1 {
		return false
	}
	for _, c := range t {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func printableASCII(t []byte) bool {
	for _, c := range t {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// AppendJSON implements wire.JSONAppender. Ids, codes and numbers need no escapes.
func (out *PutRecordsOut) AppendJSON(b []byte) []byte {
	b = append(b, `{"FailedRecordCount":`...)
	b = strconv.AppendInt(b, int64(out.FailedRecordCount), 10)
	b = append(b, `,"Records":[`...)
	for i := range out.Records {
		if i > 0 {
			b = append(b, ',')
		}
		r := &out.Records[i]
		if r.ErrorCode == "" {
			b = append(append(b, `{"ShardId":"`...), r.ShardId...)
			b = append(append(b, `","SequenceNumber":"`...), r.SequenceNumber...)
			b = append(b, `"}`...)
			continue
		}
		b = awsjson.AppendString(append(b, `{"ErrorCode":`...), r.ErrorCode)
		b = awsjson.AppendString(append(b, `,"ErrorMessage":`...), r.ErrorMessage)
		b = append(b, '}')
	}
	b = append(b, ']')
	if out.EncryptionType != "" {
		b = append(append(append(b, `,"EncryptionType":"`...), out.EncryptionType...), '"')
	}
	return append(b, '}')
}
