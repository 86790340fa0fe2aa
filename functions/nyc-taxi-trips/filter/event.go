package filter

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// record is what the function needs of a Kinesis record.
type record struct {
	shard    string // the part of the event id before the sequence number
	source   string // ARN
	sequence string
	data     []byte
}

// decode reads a Kinesis event. An event as Lambda spells it takes one pass; what the quick reader does
// not understand goes through encoding/json, as every handler's event does.
func decode(payload []byte) ([]record, error) {
	s := scanner{b: payload, data: make([]byte, 0, len(payload))}
	if s.event() {
		return s.recs, nil
	}
	var e events.KinesisEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("read the Kinesis event: %w", err)
	}
	recs := make([]record, len(e.Records))
	for i := range e.Records {
		r := &e.Records[i]
		recs[i] = record{shard: string(shardOf([]byte(r.EventID))), source: r.EventSourceArn, sequence: r.Kinesis.SequenceNumber, data: r.Kinesis.Data}
	}
	return recs, nil
}

func shardOf(eventID []byte) []byte {
	id, _, _ := bytes.Cut(eventID, []byte(":"))
	return id
}

// scanner reads an event. Every method reports false where it meets what it does not understand: an
// escape in a text it needs, another kind of value, anything that is not JSON.
type scanner struct {
	b    []byte
	i    int
	data []byte // the records' data, decoded, one after the other
	recs []record
}

func (s *scanner) event() bool {
	return s.object(func(key []byte) bool {
		if string(key) != "Records" {
			return s.skip()
		}
		s.recs = s.recs[:0]
		return s.list(s.record)
	}) && s.end()
}

func (s *scanner) record() bool {
	var r record
	if n := len(s.recs); n > 0 { // of a batch these are the same, and need no room of their own
		r.shard, r.source = s.recs[n-1].shard, s.recs[n-1].source
	}
	var id, source []byte
	ok := s.object(func(key []byte) (ok bool) {
		switch string(key) {
		case "kinesis":
			return s.kinesis(&r)
		case "eventID":
			id, ok = s.text()
			return ok
		case "eventSourceARN":
			source, ok = s.text()
			return ok
		}
		return s.skip()
	})
	if shard := shardOf(id); string(shard) != r.shard {
		r.shard = string(shard)
	}
	if string(source) != r.source {
		r.source = string(source)
	}
	s.recs = append(s.recs, r)
	return ok
}

func (s *scanner) kinesis(r *record) bool {
	return s.object(func(key []byte) bool {
		switch string(key) {
		case "sequenceNumber":
			t, ok := s.text()
			r.sequence = string(t)
			return ok
		case "data":
			t, ok := s.text()
			if !ok {
				return false
			}
			from := len(s.data)
			all, err := base64.StdEncoding.AppendDecode(s.data, t)
			s.data, r.data = all, all[from:len(all):len(all)]
			return err == nil
		}
		return s.skip()
	})
}

// object reads an object; member reads the value of each key.
func (s *scanner) object(member func(key []byte) bool) bool {
	if !s.eat('{') {
		return false
	}
	if s.eat('}') {
		return true
	}
	for {
		key, ok := s.text()
		if !ok || !s.eat(':') || !member(key) {
			return false
		}
		if !s.eat(',') {
			return s.eat('}')
		}
	}
}

func (s *scanner) list(element func() bool) bool {
	if !s.eat('[') {
		return false
	}
	if s.eat(']') {
		return true
	}
	for {
		if !element() {
			return false
		}
		if !s.eat(',') {
			return s.eat(']')
		}
	}
}

// text reads a string without escapes.
func (s *scanner) text() ([]byte, bool) {
	if !s.eat('"') {
		return nil, false
	}
	n := bytes.IndexByte(s.b[s.i:], '"')
	if n < 0 {
		return nil, false
	}
	t := s.b[s.i : s.i+n]
	s.i += n + 1
	return t, bytes.IndexByte(t, '\\') < 0
}

// skip passes a value over. A string with escapes is one too: a partition key may have them.
func (s *scanner) skip() bool {
	switch s.peek() {
	case '{':
		return s.object(func([]byte) bool { return s.skip() })
	case '[':
		return s.list(s.skip)
	case '"':
		for s.i++; s.i < len(s.b); s.i++ {
			switch s.b[s.i] {
			case '"':
				s.i++
				return true
			case '\\':
				s.i++
			}
		}
		return false
	}
	from := s.i // a number or a word
	for s.i < len(s.b) && bytes.IndexByte([]byte(",]} \t\r\n"), s.b[s.i]) < 0 {
		s.i++
	}
	return s.i > from
}

func (s *scanner) eat(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

// peek is the next byte that is not white space, or 0.
func (s *scanner) peek() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) end() bool { return s.peek() == 0 && s.i == len(s.b) }
