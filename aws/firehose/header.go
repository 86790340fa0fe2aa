package firehose

import (
	"encoding/binary"
	"errors"
)

// header is what the stage writes into the key of a processed record: where it came from and what
// became of it.
type header struct {
	offset  uint64 // in the spool
	sub     int    // which of the records taken out of that one
	arrival int64  // of the record in the spool, Unix ms
	put     int64  // bytes before it was processed
	outcome outcome
	source  string // key of the record in the spool: its place in a Kinesis stream, or ""

	partition string // of a record that is to be delivered, where there are partitions

	// Of one that failed; its data is what was put.
	errorType string // "processing-failed", …: which error object it belongs to
	code      string
	message   string
	attempts  int
	ended     int64  // when the last attempt did, Unix ms
	function  string // ARN of the function that failed it
}

type outcome byte

const (
	good    outcome = iota
	dropped         // a record without data that only says so
	failed
)

// key encodes a header. Integers are varints, texts are preceded by their length:
//
//	version 1, outcome, offset, sub, arrival, put, source, partition,
//	and of a record that failed: error type, code, message, attempts, ended, function
func (h *header) key() string {
	b := make([]byte, 0, 48+len(h.source)+len(h.partition))
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, headerVersion, byte(h.outcome))
	b = binary.AppendUvarint(b, h.offset)
	b = binary.AppendUvarint(b, uint64(h.sub))
	b = binary.AppendUvarint(b, uint64(h.arrival))
	b = binary.AppendUvarint(b, uint64(h.put))
	text(h.source)
	text(h.partition)
	if h.outcome == failed {
		text(h.errorType)
		text(h.code)
		text(h.message)
		b = binary.AppendUvarint(b, uint64(h.attempts))
		b = binary.AppendUvarint(b, uint64(h.ended))
		text(h.function)
	}
	return string(b)
}

const headerVersion = 1

var errHeader = errors.New("not a header of a processed record")

// parseHeader is the way back.
func parseHeader(key string) (h header, err error) {
	if len(key) < 2 || key[0] != headerVersion || outcome(key[1]) > failed {
		return h, errHeader
	}
	h.outcome = outcome(key[1])
	p := headerText{rest: key[2:]}
	h.offset = p.number()
	h.sub = int(p.number())
	h.arrival = int64(p.number())
	h.put = int64(p.number())
	h.source = p.text()
	h.partition = p.text()
	if h.outcome == failed {
		h.errorType, h.code, h.message = p.text(), p.text(), p.text()
		h.attempts = int(p.number())
		h.ended = int64(p.number())
		h.function = p.text()
	}
	if p.bad || p.rest != "" {
		return header{}, errHeader
	}
	return h, nil
}

type headerText struct {
	rest string
	bad  bool
}

func (p *headerText) number() (n uint64) {
	for shift := 0; shift < 64; shift += 7 {
		if p.rest == "" {
			break
		}
		c := p.rest[0]
		p.rest = p.rest[1:]
		n |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return n
		}
	}
	p.bad = true
	return 0
}

func (p *headerText) text() string {
	n := p.number()
	if n > uint64(len(p.rest)) {
		p.bad = true
		return ""
	}
	s := p.rest[:n]
	p.rest = p.rest[n:]
	return s
}
