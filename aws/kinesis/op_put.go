package kinesis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/wire/faults"
)

type (
	PutRecordIn struct {
		StreamName                string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN                 string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId                  string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		Data                      []byte `required:"" max:"10485760"`
		PartitionKey              string `required:"" min:"1" max:"256"`
		ExplicitHashKey           string `pattern:"0|([1-9]\\d{0,38})"`
		SequenceNumberForOrdering string `pattern:"0|([1-9]\\d{0,128})"`
	}
	PutRecordOut struct {
		ShardId        string
		SequenceNumber string
		EncryptionType string
	}

	PutRecordsIn struct {
		Records    []PutRecordsRequestEntry `required:"" min:"1" max:"500"`
		StreamName string                   `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN  string                   `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId   string                   `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`

		arena *arena // that Records lie in; nil: they are the caller's
	}
	PutRecordsRequestEntry struct {
		Data            []byte `required:"" max:"10485760"`
		PartitionKey    string `required:"" min:"1" max:"256"`
		ExplicitHashKey string `pattern:"0|([1-9]\\d{0,38})"`
	}
	PutRecordsOut struct {
		FailedRecordCount int
		Records           []PutRecordsResult
		EncryptionType    string
	}
	// PutRecordsResult tells of one record: where it lies, or why it does not.
	PutRecordsResult struct {
		ShardId        string
		SequenceNumber string
		ErrorCode      string
		ErrorMessage   string
	}
)

// PutRecord appends one record to the shard that owns its hash key.
//
//	Wire     Kinesis_20131202.PutRecord over json 1.1
//	Limits   the stream's record size; with --limits aws the shard's throughput
//	Order    its sequence number is greater than SequenceNumberForOrdering
//	Durable  the record is on disk before the reply
func (s *Service) PutRecord(ctx context.Context, in *PutRecordIn) (*PutRecordOut, error) {
	st, err := s.usable(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	if in.SequenceNumberForOrdering != "" && !st.past(s, in.SequenceNumberForOrdering) {
		return nil, hydrant.Faultf("InvalidArgumentException", "ExclusiveMinimumSequenceNumber %s used in PutRecord on stream %s under account %s is invalid.",
			in.SequenceNumberForOrdering, st.name, st.scope.Account)
	}
	p := s.newPut(st, faults.EntriesOf(ctx))
	defer p.release()
	if err := p.add(in.Data, in.PartitionKey, in.ExplicitHashKey); err != nil {
		return nil, err
	}
	if p.slots[0].batch < 0 {
		return nil, hydrant.Faultf("ProvisionedThroughputExceededException", "%s", p.rateExceeded(p.slots[0].shard))
	}
	if err := s.Log.Append(ctx, p.batches); err != nil {
		return nil, s.logFault(err, st)
	}
	id, seq := p.placed(0)
	return &PutRecordOut{ShardId: id, SequenceNumber: seq, EncryptionType: st.info.Encryption}, nil
}

// past reports whether a sequence number has been given out by one of the stream's shards.
func (s *stream) past(svc *Service, number string) bool {
	q, ok := parseSequence(number)
	if !ok {
		return false
	}
	h := s.numbered(q.shard)
	if h == nil || h.Created/1000 != q.created {
		return false
	}
	b, err := svc.Log.Bounds(h.log)
	return err == nil && (q.index <= b.Next || h.Closed != 0 && q.index == lastIndex)
}

// PutRecords appends each record to the shard that owns its hash key.
//
//	Wire     Kinesis_20131202.PutRecords over json 1.1
//	Limits   maxPutRecords, maxPutBytes (limits.go)
//	Partial  a refused record carries ErrorCode in its slot; the call succeeds
//	Order    slots keep request order; a shard keeps the order of the request
//	Durable  a slot without ErrorCode was on disk before the reply
func (s *Service) PutRecords(ctx context.Context, in *PutRecordsIn) (*PutRecordsOut, error) {
	total := 0
	for i := range in.Records {
		total += len(in.Records[i].Data) + len(in.Records[i].PartitionKey)
	}
	if total > maxPutBytes {
		return nil, hydrant.Faultf("InvalidArgumentException", "Records size exceeds %d MB limit", maxPutBytes>>20)
	}
	st, err := s.usable(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	p := s.newPut(st, faults.EntriesOf(ctx))
	p.many = true
	defer p.release()
	defer in.arena.release() // the reply holds nothing of it
	for i := range in.Records {
		r := &in.Records[i]
		if err := p.add(r.Data, r.PartitionKey, r.ExplicitHashKey); err != nil {
			return nil, err
		}
	}
	var failed error
	if len(p.batches) > 0 {
		failed = s.Log.Append(ctx, p.batches)
	}
	if failed != nil {
		failed = s.logFault(failed, st)
		if hydrant.FaultCode(failed) == "ResourceNotFoundException" {
			return nil, failed
		}
	}
	out := &PutRecordsOut{Records: make([]PutRecordsResult, len(p.slots)), EncryptionType: st.info.Encryption}
	numbers := p.numbers()
	for i, slot := range p.slots {
		r := &out.Records[i]
		switch {
		case slot.batch == failedSlot, slot.batch >= 0 && failed != nil:
			r.ErrorCode, r.ErrorMessage = "InternalFailure", "Internal service failure."
		case slot.batch < 0:
			r.ErrorCode, r.ErrorMessage = "ProvisionedThroughputExceededException", p.rateExceeded(slot.shard)
		default:
			r.ShardId, r.SequenceNumber = slot.shard.id(), numbers[:sequenceDigits]
			numbers = numbers[sequenceDigits:]
			continue
		}
		out.FailedRecordCount++
	}
	return out, nil
}

// put gathers the records of one call by shard, so that one append takes them all. It is used again when
// its call is answered.
type put struct {
	st      *stream
	limits  bool
	many    bool                  // of PutRecords
	relieve func(*stream, *shard) // nil: shards are not split by what they take
	faults  *faults.Entries       // nil: no record fails on purpose
	now     time.Time
	batches []shardlog.Batch
	owner   []*shard  // of each batch
	numeral []numeral // of each batch
	slots   []slot    // in request order
}

// slot says where a record of the request went: record i of a batch, or why it went nowhere.
type slot struct {
	shard    *shard
	batch, i int // batch may be fullSlot or failedSlot
}

const (
	fullSlot   = -1 // the shard had no room for it
	failedSlot = -2 // it fails on purpose
)

var puts = sync.Pool{New: func() any { return new(put) }}

func (s *Service) newPut(st *stream, f *faults.Entries) *put {
	p := puts.Get().(*put)
	p.st, p.limits, p.many, p.faults, p.now = st, s.Limits, false, f, time.Now()
	if s.demanding(st) {
		p.relieve = s.relieve
	}
	return p
}

// release gives p back, without what it referred to.
func (p *put) release() {
	for i := range p.batches {
		clear(p.batches[i].Records)
		p.batches[i].Records = p.batches[i].Records[:0]
	}
	clear(p.owner)
	clear(p.slots)
	p.st, p.faults, p.relieve, p.batches, p.owner, p.slots = nil, nil, nil, p.batches[:0], p.owner[:0], p.slots[:0]
	puts.Put(p)
}

// add takes one record. An error is the caller's mistake and fails the whole call.
func (p *put) add(data []byte, key, explicit string) error {
	if n := len(data) + len(key); n > p.st.info.RecordKiB<<10 {
		return p.tooLarge(len(data), n)
	}
	var at hashKey
	if explicit == "" {
		at = hashOf(key)
	} else {
		var ok bool
		if at, ok = parseHashKey(explicit); !ok {
			return hydrant.Faultf("InvalidArgumentException", "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was %s", explicit)
		}
	}
	h := p.st.route(at)
	if code := p.faults.Refuse(p.st.name); code != "" {
		why := fullSlot
		if code == "InternalFailure" {
			why = failedSlot
		}
		p.slots = append(p.slots, slot{shard: h, batch: why})
		return nil
	}
	if p.limits && !h.throttle.admit(len(data)+len(key), p.now) {
		p.slots = append(p.slots, slot{shard: h, batch: fullSlot})
		return nil
	}
	if p.relieve != nil && h.demand.count(at, len(data)+len(key), p.now) {
		p.relieve(p.st, h)
	}
	b := p.batchOf(h)
	p.slots = append(p.slots, slot{h, b, len(p.batches[b].Records)})
	p.batches[b].Records = append(p.batches[b].Records, hydrant.Record{Key: key, Data: data})
	return nil
}

// tooLarge says that a record is larger than its stream takes, in AWS's words where its data alone is: those know
// nothing of keys.
func (p *put) tooLarge(data, whole int) error {
	at, most := "data", p.st.info.RecordKiB<<10
	if p.many {
		at = fmt.Sprintf("records.%d.member.data", len(p.slots)+1)
	}
	text := fmt.Sprintf("1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", data, data, at, most)
	if data <= most {
		text += fmt.Sprintf(" (with its partition key it has %d)", whole)
	}
	return hydrant.Faultf("ValidationException", "%s", text)
}

func (p *put) batchOf(h *shard) int {
	for i, o := range p.owner {
		if o == h {
			return i
		}
	}
	p.owner = append(p.owner, h)
	n := len(p.batches)
	if n == cap(p.batches) {
		p.batches = append(p.batches, shardlog.Batch{})
	} else {
		p.batches = p.batches[:n+1] // with the room its records had
	}
	p.batches[n].Shard = h.log
	return n
}

// numbers are the sequence numbers of the records that were appended, in request order, one behind the
// other. All are of sequenceDigits.
func (p *put) numbers() string {
	p.numeral = slices.Grow(p.numeral[:0], len(p.batches))[:len(p.batches)]
	var all strings.Builder
	all.Grow(len(p.slots) * sequenceDigits)
	for _, at := range p.slots {
		if at.batch >= 0 {
			r := &p.batches[at.batch].Records[at.i]
			all.Write(p.numeral[at.batch].to(at.shard.sequenceOf(r.Offset, r.Arrival)))
		}
	}
	return all.String()
}

// placed is where record i of the request lies, after the append.
func (p *put) placed(i int) (shardID, sequenceNumber string) {
	at := p.slots[i]
	r := &p.batches[at.batch].Records[at.i]
	return at.shard.id(), at.shard.sequenceOf(r.Offset, r.Arrival).String()
}

func (p *put) rateExceeded(h *shard) string {
	return "Rate exceeded for shard " + h.id() + " in stream " + p.st.name + " under account " + p.st.scope.Account + "."
}
