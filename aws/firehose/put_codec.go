package firehose

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// The JSON of the put calls, by hand. The decoder knows the plain form that SDKs write: the known
// members once each, no escapes in names or values. Anything else it leaves to awsjson, which also
// words the faults: so there is one meaning and two speeds.

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

// decode appends the bytes of a base64 text.
func (a *arena) decode(text []byte) ([]byte, bool) {
	n := len(a.b)
	b, err := base64.StdEncoding.AppendDecode(a.b, text)
	if err != nil {
		return nil, false
	}
	a.b = b
	return b[n:len(b):len(b)], true
}

// DecodeJSON implements wire.JSONDecoder.
func (in *PutRecordBatchIn) DecodeJSON(doc []byte) error {
	p := plainJSON{doc: doc, arena: getArena(len(doc) / 4 * 3)}
	fast := *in
	ok := p.object(func(name string) bool {
		switch name {
		case "DeliveryStreamName":
			return fast.DeliveryStreamName == "" && p.string(&fast.DeliveryStreamName)
		case "Records":
			if fast.Records != nil {
				return false
			}
			fast.Records = make([]Record, 0, 64)
			return p.list(func() bool {
				var r Record
				ok := p.record(&r)
				fast.Records = append(fast.Records, r)
				return ok
			})
		}
		return false
	})
	if ok && p.end() {
		fast.arena = p.arena
		*in = fast
		return nil
	}
	type plain PutRecordBatchIn                 // without this method
	_, err := awsjson.Decode(doc, (*plain)(in)) // Violations needs no list of empty members
	return err
}

// DecodeJSON implements wire.JSONDecoder.
func (in *PutRecordIn) DecodeJSON(doc []byte) error {
	p := plainJSON{doc: doc, arena: getArena(len(doc) / 4 * 3)}
	fast := *in
	ok := p.object(func(name string) bool {
		switch name {
		case "DeliveryStreamName":
			return fast.DeliveryStreamName == "" && p.string(&fast.DeliveryStreamName)
		case "Record":
			if fast.Record != nil {
				return false
			}
			fast.Record = new(Record)
			return p.record(fast.Record)
		}
		return false
	})
	if ok && p.end() {
		fast.arena = p.arena
		*in = fast
		return nil
	}
	type plain PutRecordIn
	_, err := awsjson.Decode(doc, (*plain)(in)) // Violations needs no list of empty members
	return err
}

// plainJSON reads JSON without escapes. Every method returns false for what it does not know.
type plainJSON struct {
	doc   []byte
	at    int
	arena *arena
}

func (p *plainJSON) space() {
	for p.at < len(p.doc) {
		switch p.doc[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// take moves over c and the white space around it.
func (p *plainJSON) take(c byte) bool {
	p.space()
	if p.at == len(p.doc) || p.doc[p.at] != c {
		return false
	}
	p.at++
	return true
}

func (p *plainJSON) end() bool {
	p.space()
	return p.at == len(p.doc)
}

// text reads a string; the bytes are the document's.
func (p *plainJSON) text() ([]byte, bool) {
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

func (p *plainJSON) string(s *string) bool {
	t, ok := p.text()
	if !ok || len(t) == 0 || !printableASCII(t) {
		return false
	}
	*s = string(t)
	return true
}

func printableASCII(t []byte) bool {
	for _, c := range t {
		if c < ' ' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// object reads {"name":…} and calls f to read each value.
func (p *plainJSON) object(f func(name string) bool) bool {
	if !p.take('{') {
		return false
	}
	if p.take('}') {
		return true
	}
	for {
		name, ok := p.text()
		if !ok || !p.take(':') || !f(string(name)) {
			return false
		}
		if !p.take(',') {
			return p.take('}')
		}
	}
}

func (p *plainJSON) list(item func() bool) bool {
	if !p.take('[') {
		return false
	}
	if p.take(']') {
		return true
	}
	for {
		if !item() {
			return false
		}
		if !p.take(',') {
			return p.take(']')
		}
	}
}

// record reads {"Data":"base64"}.
func (p *plainJSON) record(r *Record) bool {
	if !p.take('{') {
		return false
	}
	name, ok := p.text()
	if !ok || string(name) != "Data" || !p.take(':') {
		return false
	}
	t, ok := p.text()
	if !ok || bytes.IndexByte(t, '\n') >= 0 || bytes.IndexByte(t, '\r') >= 0 { // which base64 would skip
		return false
	}
	r.Data, ok = p.arena.decode(t)
	return ok && p.take('}')
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

var streamName = regexp.MustCompile(`\A[a-zA-Z0-9_.-]+\z`)

// nameViolations holds a delivery stream name against the model, in AWS's texts.
func nameViolations(name string) (texts []string) {
	say := func(constraint string) {
		texts = append(texts, fmt.Sprintf("Value '%s' at 'deliveryStreamName' failed to satisfy constraint: %s", name, constraint))
	}
	switch {
	case name == "":
		return []string{"Value null at 'deliveryStreamName' failed to satisfy constraint: Member must not be null"}
	case len(name) > maxNameLength:
		say("Member must have length less than or equal to 64")
		fallthrough
	default:
		if !streamName.MatchString(name) {
			say("Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
		}
	}
	return texts
}

// Violations implements wire.Validator.
func (in *PutRecordBatchIn) Violations() []string {
	texts := nameViolations(in.DeliveryStreamName)
	at := func(format string, args ...any) { texts = append(texts, fmt.Sprintf(format, args...)) }
	switch n := len(in.Records); {
	case in.Records == nil:
		at("Value null at 'records' failed to satisfy constraint: Member must not be null")
	case n == 0:
		at("Value '[]' at 'records' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case n > maxBatchRecords:
		at("Value at 'records' failed to satisfy constraint: Member must have length less than or equal to %d", maxBatchRecords)
	}
	for i := range in.Records {
		switch d := in.Records[i].Data; {
		case d == nil:
			at("Value null at 'records.%d.member.data' failed to satisfy constraint: Member must not be null", i+1)
		case len(d) > maxRecordBytes:
			at("Value at 'records.%d.member.data' failed to satisfy constraint: Member must have length less than or equal to %d", i+1, maxRecordBytes)
		}
	}
	return texts
}

// Violations implements wire.Validator.
func (in *PutRecordIn) Violations() []string {
	texts := nameViolations(in.DeliveryStreamName)
	switch {
	case in.Record == nil:
		texts = append(texts, "Value null at 'record' failed to satisfy constraint: Member must not be null")
	case in.Record.Data == nil:
		texts = append(texts, "Value null at 'record.data' failed to satisfy constraint: Member must not be null")
	case len(in.Record.Data) > maxRecordBytes:
		texts = append(texts, fmt.Sprintf("Value at 'record.data' failed to satisfy constraint: Member must have length less than or equal to %d", maxRecordBytes))
	}
	return texts
}
