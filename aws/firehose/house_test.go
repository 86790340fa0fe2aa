package firehose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/mem"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// house is a delivery service and all it stands on, in memory. What it stands on outlives restarts.
type house struct {
	t         *testing.T
	log       shardlog.Engine
	journal   journal.Journal
	lake      blob.Store
	tables    *tables
	events    *events
	roles     *denials
	functions Functions
	config    func(*Config)
	*Service
}

var here = hydrant.Scope{}.Or()

const role = "arn:aws:iam::000000000000:role/firehose"

func newHouse(t *testing.T, config func(*Config)) *house {
	t.Helper()
	h := &house{t: t, log: newMemlog(), journal: journal.Memory(), lake: mem.New(), tables: &tables{}, events: &events{}, roles: &denials{}, config: config}
	h.bucket("lake")
	h.start()
	t.Cleanup(func() {
		h.stop()
		h.journal.Close()
	})
	return h
}

func (h *house) start() {
	h.t.Helper()
	c := Config{
		Log: h.log, Journal: h.journal, Lake: h.lake, Tables: h.tables, Logs: h.events, Functions: h.functions,
		RetryFirst: time.Millisecond, RetryLast: 10 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
	}
	if h.roles != nil {
		c.Roles = h.roles
	}
	if h.config != nil {
		h.config(&c)
	}
	var err error
	if h.Service, err = New(c); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) stop() {
	if h.Service != nil {
		h.Close()
		h.Service = nil
	}
}

func (h *house) bucket(name string) {
	h.t.Helper()
	if err := h.lake.CreateBucket(h.t.Context(), blob.BucketInfo{Name: name}); err != nil {
		h.t.Fatal(err)
	}
}

// create makes a delivery stream into the bucket "lake" that delivers only when flushed or full.
func (h *house) create(name string, change func(*ExtendedS3DestinationConfiguration)) {
	h.t.Helper()
	if err := h.tryCreate(name, change); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) tryCreate(name string, change func(*ExtendedS3DestinationConfiguration)) error {
	d := &ExtendedS3DestinationConfiguration{
		RoleARN: role, BucketARN: "arn:aws:s3:::lake",
		BufferingHints: &BufferingHints{SizeInMBs: new(128), IntervalInSeconds: new(900)},
	}
	if change != nil {
		change(d)
	}
	_, err := h.CreateDeliveryStream(h.t.Context(), &CreateDeliveryStreamIn{
		DeliveryStreamName: name, ExtendedS3DestinationConfiguration: d,
	})
	return err
}

// converting makes a destination convert to the table db.trips.
func converting(d *ExtendedS3DestinationConfiguration) {
	d.DataFormatConversionConfiguration = &DataFormatConversionConfiguration{
		SchemaConfiguration:       &SchemaConfiguration{RoleARN: role, DatabaseName: "db", TableName: "trips"},
		InputFormatConfiguration:  &InputFormatConfiguration{Deserializer: &Deserializer{OpenXJsonSerDe: &OpenXJsonSerDe{}}},
		OutputFormatConfiguration: &OutputFormatConfiguration{Serializer: &Serializer{ParquetSerDe: &ParquetSerDe{}}},
	}
}

// put puts one batch and returns the ids.
func (h *house) put(name string, data ...string) []string {
	h.t.Helper()
	in := &PutRecordBatchIn{DeliveryStreamName: name}
	for _, d := range data {
		in.Records = append(in.Records, Record{Data: []byte(d)})
	}
	out, err := h.PutRecordBatch(h.t.Context(), in)
	if err != nil {
		h.t.Fatal(err)
	}
	var ids []string
	for _, r := range out.RequestResponses {
		ids = append(ids, r.RecordId)
	}
	return ids
}

func (h *house) flush(name string) []string {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	keys, err := h.Flush(ctx, here, name)
	if err != nil {
		h.t.Fatal(err)
	}
	return keys
}

func (h *house) update(name string, u *ExtendedS3DestinationUpdate) error {
	out, err := h.DescribeDeliveryStream(h.t.Context(), &DescribeDeliveryStreamIn{DeliveryStreamName: name})
	if err != nil {
		return err
	}
	_, err = h.UpdateDestination(h.t.Context(), &UpdateDestinationIn{
		DeliveryStreamName: name, CurrentDeliveryStreamVersionId: out.DeliveryStreamDescription.VersionId,
		DestinationId: destinationID, ExtendedS3DestinationUpdate: u,
	})
	return err
}

// objects are the bodies in a bucket by key.
func (h *house) objects(bucket string) map[string]string {
	h.t.Helper()
	all := map[string]string{}
	for p := (blob.ListPage{}); ; {
		list, err := h.lake.List(h.t.Context(), bucket, p)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, o := range list.Objects {
			all[o.Key] = h.body(bucket, o.Key)
		}
		if !list.More {
			return all
		}
		p.After = list.Next
	}
}

func (h *house) body(bucket, key string) string {
	h.t.Helper()
	r, _, err := h.lake.Get(h.t.Context(), bucket, key, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(body)
}

// tables is a catalog with the table db.trips, if it has columns and is not renamed.
type tables struct {
	mu      sync.Mutex
	name    string // of the table
	columns []hydrant.Column
	err     error
}

func (t *tables) set(err error, columns ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err, t.columns = err, nil
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		t.columns = append(t.columns, hydrant.Column{Name: name, Type: kind})
	}
}

func (t *tables) rename(table string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.name = table
}

func (t *tables) Columns(_ context.Context, _ hydrant.Scope, database, table, version string) ([]hydrant.Column, string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return nil, "", t.err
	}
	if database != "db" || table != orElse(t.name, "trips") {
		return nil, "", hydrant.Faultf("EntityNotFoundException", "Entity Not Found")
	}
	return slices.Clone(t.columns), version, nil
}

// events keeps the messages written to CloudWatch Logs.
type events struct {
	mu       sync.Mutex
	messages []string
}

func (e *events) Write(_ context.Context, _ hydrant.Scope, group, stream string, list []hydrant.LogEvent) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, m := range list {
		e.messages = append(e.messages, group+" "+stream+" "+m.Message)
	}
	return nil
}

func (e *events) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.messages)
}

// memlog is the contract of shardlog in a map: what was appended survives a restart of the service.
type memlog struct {
	mu     sync.Mutex
	next   shardlog.ShardID
	names  map[string]shardlog.ShardID
	shards map[shardlog.ShardID]*memshard
}

type memshard struct {
	name      string
	low, next uint64
	records   []hydrant.Record
}

func newMemlog() *memlog {
	return &memlog{names: map[string]shardlog.ShardID{}, shards: map[shardlog.ShardID]*memshard{}}
}

func (l *memlog) Open(_ context.Context, name string) (shardlog.ShardID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id, ok := l.names[name]; ok {
		return id, nil
	}
	l.next++
	l.names[name], l.shards[l.next] = l.next, &memshard{name: name}
	return l.next, nil
}

func (l *memlog) Delete(_ context.Context, id shardlog.ShardID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.shards[id]; s != nil {
		delete(l.names, s.name)
		delete(l.shards, id)
	}
	return nil
}

func (l *memlog) Append(_ context.Context, batches []shardlog.Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range batches {
		if l.shards[b.Shard] == nil {
			return shardlog.ErrNoShard
		}
	}
	now := time.Now().UnixMilli()
	for _, b := range batches {
		s := l.shards[b.Shard]
		for i := range b.Records {
			r := &b.Records[i]
			r.Offset, r.Arrival = s.next, now
			s.next += 1 + s.next%3 // gaps are allowed, so there are some
			kept := *r
			kept.Data = bytes.Clone(r.Data)
			s.records = append(s.records, kept)
		}
	}
	return nil
}

func (l *memlog) Read(_ context.Context, id shardlog.ShardID, from uint64, limit shardlog.Limit) (shardlog.Page, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.shards[id]
	switch {
	case s == nil:
		return shardlog.Page{}, shardlog.ErrNoShard
	case from < s.low:
		return shardlog.Page{}, shardlog.ErrTrimmed
	}
	p := shardlog.Page{Next: from}
	size := 0
	at, _ := slices.BinarySearchFunc(s.records, from, func(r hydrant.Record, o uint64) int {
		return int(r.Offset) - int(o)
	})
	for _, r := range s.records[at:] {
		size += r.Size()
		if len(p.Records) > 0 && (limit.Bytes > 0 && size > limit.Bytes || limit.Records > 0 && len(p.Records) == limit.Records) {
			break
		}
		p.Records = append(p.Records, r)
		p.Next = r.Offset + 1
	}
	return p, nil
}

func (l *memlog) Bounds(id shardlog.ShardID) (shardlog.Bounds, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.shards[id]
	if s == nil {
		return shardlog.Bounds{}, shardlog.ErrNoShard
	}
	return shardlog.Bounds{Low: s.low, Next: s.next}, nil
}

func (l *memlog) Trim(_ context.Context, id shardlog.ShardID, below uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.shards[id]
	if s == nil {
		return shardlog.ErrNoShard
	}
	for len(s.records) > 0 && s.records[0].Offset < below {
		s.records = s.records[1:]
	}
	s.low = max(s.low, below)
	return nil
}

var errNotUsed = errors.New("not used by firehose")

func (l *memlog) Wait(context.Context, shardlog.ShardID, uint64) error { return errNotUsed }
func (l *memlog) Seek(context.Context, shardlog.ShardID, int64) (uint64, error) {
	return 0, errNotUsed
}
func (l *memlog) SetRetention(context.Context, shardlog.ShardID, time.Duration) error {
	return errNotUsed
}
func (l *memlog) Close() error { return nil }

func (l *memlog) held() (records int, shards string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.shards {
		records += len(s.records)
		shards += fmt.Sprintf("%s: %d\n", s.name, len(s.records))
	}
	return records, shards
}

// parquetIDs are the records of a converted object of the column "id bigint".
func parquetIDs(t *testing.T, body string) (records []string) {
	t.Helper()
	type row struct {
		ID int64 `parquet:"id,optional"`
	}
	rows, err := parquet.Read[row](strings.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		records = append(records, fmt.Sprintf(`{"id":%d}`, r.ID))
	}
	return records
}
