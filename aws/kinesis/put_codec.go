package kinesis

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// The JSON of the hot calls, by hand (docs/decisions/0090). The decoder knows the plain form that
// SDKs write: known members once each, no escapes. Anything else is left to awsjson and the tags,
// which also word the faults: there is one meaning and two speeds.

// QuickJSON implements wire.JSONQuick.
func (in *PutRecordsIn) QuickJSON(doc []byte) bool {
	p := plain{doc: doc, data: make([]byte, 0, len(doc)/4*3)}
	var name []byte
	var records []PutRecordsEntry
	ok := p.object(func(member []byte) bool {
		switch string(member) {
		case "StreamName":
			var ok bool
			name, ok = p.once(name)
			return ok && streamNameOK(name)
		case "Records":
			if records != nil {
				return false
			}
			records = make([]PutRecordsEntry, 0, min(maxPutRecords, len(doc)/32+1))
			return p.take('[') && p.list(func() bool {
				if len(records) == maxPutRecords {
					return false
				}
				records = append(records, PutRecordsEntry{})
				return p.entry(&records[len(records)-1])
			})
		}
		return false
	})
	if !ok || !p.end() || name == nil || len(records) == 0 {
		return false
	}
	in.StreamName, in.Records = string(name), records
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

// entry reads one record of a PutRecords.
func (p *plain) entry(r *PutRecordsEntry) bool {
	return p.object(func(member []byte) bool {
		t, ok := p.text()
		if !ok {
			return false
		}
		switch string(member) {
		case "Data":
			if r.Data != nil || bytes.IndexByte(t, '\n') >= 0 || bytes.IndexByte(t, '\r') >= 0 { // which base64 would skip
				return false
			}
			n := len(p.data)
			var err error
			p.data, err = base64.StdEncoding.AppendDecode(p.data, t)
			r.Data = p.data[n:len(p.data):len(p.data)]
			return err == nil && len(r.Data) <= maxPutBytes
		case "PartitionKey":
			if r.PartitionKey != "" || len(t) < 1 || len(t) > 256 || !printableASCII(t) {
				return false
			}
			r.PartitionKey = string(t)
			return true
		case "ExplicitHashKey":
			if r.ExplicitHashKey != "" || !decimal(t) {
				return false
			}
			r.ExplicitHashKey = string(t)
			return true
		}
		return false
	}) && r.Data != nil && r.PartitionKey != ""
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
	doc  []byte
	at   int
	data []byte // all blobs of the document, decoded; it is made large enough and does not move
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
