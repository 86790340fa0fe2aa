package kinesis

import (
	"bytes"
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
	records []PutRecordsEntry
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
	p := plain{doc: doc, arena: a}
	var name []byte
	listed := false
	ok := p.object(func(member []byte) bool {
		switch string(member) {
		case "StreamName":
			var ok bool
			name, ok = p.once(name)
			return ok && streamNameOK(name)
		case "Records":
			if listed {
				return false
			}
			listed = true
			return p.take('[') && p.list(func() bool {
				if len(a.records) == maxPutRecords {
					return false
				}
				a.records = append(a.records, PutRecordsEntry{})
				return p.entry(&a.records[len(a.records)-1])
			})
		}
		return false
	})
	if !ok || !p.end() || name == nil || len(a.records) == 0 {
		return false
	}
	keys := string(a.keys)
	for i, n := range a.lengths {
		a.records[i].PartitionKey, keys = keys[:n], keys[n:]
	}
	in.StreamName, in.Records = string(name), a.records
	return true
}

func streamNameOK(b []byte) bool {
	if len(b) < 1 || len(b) > 128 {
		return false
	}
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}

// entry reads one record of a PutRecords; its key is filled in later.
func (p *plain) entry(r *PutRecordsEntry) bool {
	a, keyed := p.arena, false
	return p.object(func(member []byte) bool {
		t, ok := p.text()
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

// plain reads JSON without escapes. Every method returns false for what it does not know.
type plain struct {
	doc   []byte
	at    int
	arena *arena
}

// take moves over c and the white space before it.
func (p *plain) take(c byte) bool {
	p.space()
	if p.at == len(p.doc) || p.doc[p.at] != c {
		return false
	}
	p.at++
	return true
}

func (p *plain) space() {
	for p.at < len(p.doc) {
		switch p.doc[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *plain) end() bool {
	p.space()
	return p.at == len(p.doc)
}

// text reads a string; the bytes are the document's.
func (p *plain) text() ([]byte, bool) {
	if !p.take('"') {
		return nil, false
	}
	n := bytes.IndexByte(p.doc[p.at:], '"')
	if n < 0 {
		return nil, false
	}
	t := p.doc[p.at : p.at+n]
	p.at += n + 1
	return t, bytes.IndexByte(t, '\\') < 0
}

// once reads a string for a member that has not been there before.
func (p *plain) once(before []byte) ([]byte, bool) {
	t, ok := p.text()
	return t, ok && before == nil
}

func (p *plain) object(f func(member []byte) bool) bool {
	if !p.take('{') {
		return false
	}
	for {
		member, ok := p.text()
		if !ok || !p.take(':') || !f(member) {
			return false
		}
		if !p.take(',') {
			return p.take('}')
		}
	}
}

// list reads the items and the end of a list that is not empty.
func (p *plain) list(item func() bool) bool {
	for {
		if !item() {
			return false
		}
		if !p.take(',') {
			return p.take(']')
		}
	}
}
