// Package kpl reads and writes the aggregates of the Kinesis Producer Library: one record of a stream that
// carries many, each with its own partition key.
//
//	offset  size  field
//	0       4     magic F3 89 9A C2
//	4       n-20  protobuf (2), below
//	n-16    16    MD5 of the protobuf
//
//	AggregatedRecord  1 partition keys (strings)   2 explicit hash keys (strings)   3 records (messages)
//	record            1 index of its key           2 index of its explicit hash key, optional
//	                  3 data                       4 tags, of no use to anyone
//
// A record inside has the sequence number and arrival of its aggregate; what tells it from its neighbours is its
// sub-sequence number, its index in Unpack's answer. What only looks like an aggregate is a record like any other.
package kpl

import (
	"bytes"
	"crypto/md5"
)

const (
	magic  = "\xF3\x89\x9A\xC2"
	sumLen = md5.Size
	// overhead is what an aggregate has beside its protobuf.
	overhead = len(magic) + sumLen
)

// Record is one record inside an aggregate.
type Record struct {
	Key             string
	ExplicitHashKey string // "" where it has none
	Data            []byte
}

// Unpack takes an aggregate apart. ok is false for any other record: one without magic, whose MD5 does not
// match, that is no protobuf of this form, or that holds no record. Data lies in b.
func Unpack(b []byte) (records []Record, ok bool) {
	if len(b) <= overhead || string(b[:len(magic)]) != magic {
		return nil, false
	}
	body, sum := b[len(magic):len(b)-sumLen], b[len(b)-sumLen:]
	if got := md5.Sum(body); !bytes.Equal(got[:], sum) {
		return nil, false
	}
	var keys, hashes []string
	var places []place // of each record; the tables may follow them
	for len(body) > 0 {
		var f field
		if f, body, ok = next(body); !ok {
			return nil, false
		}
		switch f.tag {
		case keyTable:
			keys = append(keys, string(f.bytes))
		case hashTable:
			hashes = append(hashes, string(f.bytes))
		case recordList:
			at, data, ok := record(f.bytes)
			if !ok {
				return nil, false
			}
			records, places = append(records, Record{Data: data}), append(places, at)
		}
	}
	for i, at := range places {
		if at.key >= uint64(len(keys)) || at.hashed && at.hash >= uint64(len(hashes)) {
			return nil, false
		}
		records[i].Key = keys[at.key]
		if at.hashed {
			records[i].ExplicitHashKey = hashes[at.hash]
		}
	}
	return records, len(records) > 0
}

// place says where in the tables a record's keys are.
type place struct {
	key, hash uint64
	hashed    bool
}

func record(b []byte) (at place, data []byte, ok bool) {
	keyed := false
	for len(b) > 0 {
		var f field
		if f, b, ok = next(b); !ok {
			return at, nil, false
		}
		switch f.tag {
		case keyIndex:
			at.key, keyed = f.number, true
		case hashIndex:
			at.hash, at.hashed = f.number, true
		case recordData:
			data = f.bytes
		}
	}
	return at, data, keyed && data != nil
}
