package kpl

import "crypto/md5"

// DefaultBytes is how large the producer library lets an aggregate grow by default.
const DefaultBytes = 51_200

// Packer gathers records into an aggregate. Its zero value is ready. It knows no shards: whoever packs sees to
// it that the records of an aggregate belong to one, for readers drop, or give up on, those that do not.
type Packer struct {
	// MaxBytes bounds the aggregate, its partition key included; 0 means DefaultBytes. Streams take 1 MiB
	// unless they are set otherwise.
	MaxBytes int

	keys, hashes map[string]uint64
	keyList      []byte // fields of the tables and the records, in the order of their numbers
	hashList     []byte
	records      []byte
	scratch      []byte
	first        Record // its keys are those of the aggregate
	n            int
}

// Len is the number of records gathered.
func (p *Packer) Len() int { return p.n }

// Add takes a record. false: it does not fit beside those that are there; Take them first. The first record
// is always taken. Nothing of r.Data is kept.
func (p *Packer) Add(r Record) bool {
	most := p.MaxBytes
	if most == 0 {
		most = DefaultBytes
	}
	key, known := p.keys[r.Key]
	grows := 0
	if !known {
		key = uint64(len(p.keys))
		grows += bytesLen(len(r.Key))
	}
	var hash uint64
	hashKnown := true
	if r.ExplicitHashKey != "" {
		if hash, hashKnown = p.hashes[r.ExplicitHashKey]; !hashKnown {
			hash = uint64(len(p.hashes))
			grows += bytesLen(len(r.ExplicitHashKey))
		}
	}
	p.scratch = appendNumber(p.scratch[:0], keyIndex, key)
	if r.ExplicitHashKey != "" {
		p.scratch = appendNumber(p.scratch, hashIndex, hash)
	}
	p.scratch = appendBytes(p.scratch, recordData, r.Data)
	grows += bytesLen(len(p.scratch))
	if p.n > 0 && len(p.first.Key)+p.size()+grows > most {
		return false
	}
	if p.n == 0 {
		p.first = Record{Key: r.Key, ExplicitHashKey: r.ExplicitHashKey}
		p.keys, p.hashes = map[string]uint64{}, map[string]uint64{}
	}
	if !known {
		p.keys[r.Key] = key
		p.keyList = appendBytes(p.keyList, keyTable, []byte(r.Key))
	}
	if !hashKnown {
		p.hashes[r.ExplicitHashKey] = hash
		p.hashList = appendBytes(p.hashList, hashTable, []byte(r.ExplicitHashKey))
	}
	p.records = appendBytes(p.records, recordList, p.scratch)
	p.n++
	return true
}

// size is that of the aggregate so far.
func (p *Packer) size() int { return overhead + len(p.keyList) + len(p.hashList) + len(p.records) }

// Take returns what was gathered as one record of a stream, and begins anew. Its keys are the first record's.
// Without any record the answer is the zero Record.
func (p *Packer) Take() Record {
	if p.n == 0 {
		return Record{}
	}
	out := p.first
	b := make([]byte, 0, p.size())
	b = append(append(append(append(b, magic...), p.keyList...), p.hashList...), p.records...)
	sum := md5.Sum(b[len(magic):])
	out.Data = append(b, sum[:]...)
	p.keyList, p.hashList, p.records, p.first, p.n = p.keyList[:0], p.hashList[:0], p.records[:0], Record{}, 0
	p.keys, p.hashes = nil, nil
	return out
}
