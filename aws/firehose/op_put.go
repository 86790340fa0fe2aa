package firehose

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/wire/faults"
)

type PutRecordIn struct {
	DeliveryStreamName string  `required:"" min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
	Record             *Record `required:""`

	arena *arena
}

type PutRecordOut struct {
	RecordId  string
	Encrypted bool
}

type PutRecordBatchIn struct {
	DeliveryStreamName string   `required:"" min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
	Records            []Record `required:"" min:"1" max:"500"`

	arena *arena
}

// Record is a blob as it is put. nil is absent, empty is a record of no bytes.
type Record struct {
	Data []byte `required:"" max:"1024000"`
}

type PutRecordBatchOut struct {
	FailedPutCount   int
	Encrypted        bool
	RequestResponses []PutRecordBatchResponseEntry
}

type PutRecordBatchResponseEntry struct {
	RecordId     string
	ErrorCode    string
	ErrorMessage string
}

// PutRecord appends one record to the delivery stream's spool.
//
//	Wire     Firehose_20150804.PutRecord over json 1.1
//	Limits   maxRecordBytes; with Config.Limits, quotaOf(region)
//	Durable  the record was on disk before the reply
//	Proof    put_test.go
func (s *Service) PutRecord(ctx context.Context, in *PutRecordIn) (*PutRecordOut, error) {
	st, err := s.writable(ctx, in.DeliveryStreamName)
	if err != nil {
		return nil, err
	}
	if in.Record == nil || len(in.Record.Data) > maxRecordBytes {
		return nil, invalid("A record must not be larger than %d bytes", maxRecordBytes)
	}
	records := []hydrant.Record{{Data: in.Record.Data}}
	if faults.EntriesOf(ctx).Refuse(in.DeliveryStreamName) != "" || s.cfg.Limits && st.quota.admit(sizes(records)) == 0 {
		s.throttled(st, 1)
		return nil, slowDown
	}
	if err := st.keepFor(ctx, "PutRecord", records); err != nil {
		return nil, err
	}
	in.arena.release()
	out := &PutRecordOut{Encrypted: st.encrypted()}
	st.recordIDs(records, func(_ int, id string) { out.RecordId = id })
	return out, nil
}

// PutRecordBatch appends up to 500 records to the delivery stream's spool, in one append.
//
//	Wire     Firehose_20150804.PutRecordBatch over json 1.1
//	Limits   maxBatchRecords, maxBatchBytes, maxRecordBytes; with Config.Limits, quotaOf(region)
//	Partial  a throttled record carries ErrorCode in its slot; the call succeeds
//	Order    slots and spool keep request order
//	Durable  a slot without ErrorCode was on disk before the reply
//	Proof    put_test.go
func (s *Service) PutRecordBatch(ctx context.Context, in *PutRecordBatchIn) (*PutRecordBatchOut, error) {
	st, err := s.writable(ctx, in.DeliveryStreamName)
	if err != nil {
		return nil, err
	}
	records, err := batch(in.Records)
	if err != nil {
		return nil, err
	}
	kept, at := spared(faults.EntriesOf(ctx), in.DeliveryStreamName, records)
	if s.cfg.Limits {
		kept = kept[:st.quota.admit(sizes(kept))]
	}
	if len(kept) > 0 {
		if err := st.keepFor(ctx, "PutRecordBatch", kept); err != nil {
			return nil, err
		}
	}
	in.arena.release()
	out := &PutRecordBatchOut{
		FailedPutCount:   len(records) - len(kept),
		Encrypted:        st.encrypted(),
		RequestResponses: make([]PutRecordBatchResponseEntry, len(records)),
	}
	st.recordIDs(kept, func(i int, id string) {
		if at != nil {
			i = at[i]
		}
		out.RequestResponses[i].RecordId = id
	})
	if out.FailedPutCount > 0 {
		for i := range out.RequestResponses {
			if r := &out.RequestResponses[i]; r.RecordId == "" {
				r.ErrorCode, r.ErrorMessage = slowDown.Code, slowDown.Message
			}
		}
		s.throttled(st, out.FailedPutCount)
	}
	return out, nil
}

// spared are the records that do not fail on purpose, and their places in the call; places are nil
// where all are spared.
func spared(f *faults.Entries, name string, records []hydrant.Record) (kept []hydrant.Record, places []int) {
	if f == nil {
		return records, nil
	}
	for i := range records {
		if f.Refuse(name) == "" {
			kept, places = append(kept, records[i]), append(places, i)
		}
	}
	return kept, places
}

// batch turns the entries of a call into records for the log.
func batch(entries []Record) ([]hydrant.Record, error) {
	if len(entries) == 0 || len(entries) > maxBatchRecords {
		return nil, invalid("A batch must have between 1 and %d records", maxBatchRecords)
	}
	records := make([]hydrant.Record, len(entries))
	total := 0
	for i := range entries {
		n := len(entries[i].Data)
		if n > maxRecordBytes {
			return nil, invalid("A record must not be larger than %d bytes", maxRecordBytes)
		}
		records[i].Data = entries[i].Data
		total += n
	}
	if total > maxBatchBytes {
		return nil, invalid("Records size exceeds 4 MB limit")
	}
	return records, nil
}

// writable is the caller's delivery stream if it takes puts.
func (s *Service) writable(ctx context.Context, name string) (*stream, error) {
	st, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	v := st.now.Load()
	switch {
	case v.Status != statusActive:
		return nil, notFound(v.Scope, v.Name)
	case v.Type != directPut:
		return nil, invalid("This operation is not permitted on KinesisStreamAsSource delivery stream type.")
	}
	return st, nil
}

// keepFor puts records on disk; those of a batch that is tried again, as far as they have not landed.
func (st *stream) keepFor(ctx context.Context, op string, records []hydrant.Record) error {
	if by, ok := bearing(ctx); ok {
		return st.keepOnce(ctx, op, by, records)
	}
	return st.keep(ctx, op, records)
}

// keep puts records on disk. A caller that goes away does not undo what has been handed over.
func (st *stream) keep(ctx context.Context, op string, records []hydrant.Record) error {
	s, v, began := st.s, st.now.Load(), time.Now()
	err := s.cfg.Log.Append(context.WithoutCancel(ctx), []shardlog.Batch{{Shard: st.shard, Records: records}})
	switch {
	case errors.Is(err, shardlog.ErrNoShard):
		return notFound(v.Scope, v.Name) // deleted meanwhile
	case err != nil:
		s.log.Error("records not kept", "delivery_stream", v.Name, "error", fmt.Errorf("append to spool: %w", err))
		return notKept(err)
	}
	if w := st.work.Load(); w != nil {
		w.came()
	}
	s.measurePut(v, op, records, began)
	return nil
}

func (s *Service) throttled(st *stream, n int) {
	s.add(st.now.Load(), "ThrottledRecords", float64(n), "Count")
}

func sizes(records []hydrant.Record) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range records {
			if !yield(len(records[i].Data)) {
				return
			}
		}
	}
}

func (st *stream) encrypted() bool { return st.now.Load().Encryption.Status == sseEnabled }

// recordIDs makes the ids of appended records: the time the stream was created and the record's
// offset in its spool, 16 hex digits each. So an id is unique for ever and names its place in the
// manifest (Deliveries). All ids of a call share one allocation.
func (st *stream) recordIDs(records []hydrant.Record, f func(i int, id string)) {
	b := make([]byte, 0, len(records)*2*len(st.idHead))
	for i := range records {
		b = append(b, st.idHead...)
		b = appendHex(b, records[i].Offset)
	}
	all, n := string(b), 2*len(st.idHead)
	for i := range records {
		f(i, all[i*n:(i+1)*n])
	}
}

// RecordOffset is the place in the spool of the record with that id, as ranges of the manifest count
// (Delivery.From, To). ok is false for what is not a record id.
func RecordOffset(id string) (offset uint64, ok bool) {
	if len(id) != 32 {
		return 0, false
	}
	offset, err := strconv.ParseUint(id[16:], 16, 64)
	return offset, err == nil
}

func appendHex(b []byte, n uint64) []byte {
	var raw [8]byte
	for i := range raw {
		raw[i] = byte(n >> (56 - 8*i))
	}
	return hex.AppendEncode(b, raw[:])
}
