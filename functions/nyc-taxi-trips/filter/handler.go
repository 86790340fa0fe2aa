// Package filter is the taxi function without its main: a batch of Kinesis records in, Firehose calls
// and the batch's failures out.
//
// # What is sent, and how often
//
// A record goes on as it came, byte for byte and with nothing added: a delivery stream that converts
// to columns needs no newline between records.
//
// Lambda's answer to a failed record is to deliver it and everything after it again, up to the end of
// the batch. So the handler sends in the order of the stream, one call after the other; resends only
// what a call refused; and once a call has records left that it cannot send, sends nothing behind it.
// What remains is the inside of that one call: records accepted in it behind the first refused one will
// be delivered again. The handler remembers those, and skips them when they come back to this instance
// of the function. They are sent twice only if they come back to another one (the instance was recycled
// or killed), or if Firehose accepted a call whose answer never arrived.
package filter

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/firehose"

	"github.com/hydrant-stream/hydrant/taxi"
)

// Firehose is what the handler needs of *firehose.Client, which should not retry by itself.
type Firehose interface {
	PutRecordBatch(context.Context, *firehose.PutRecordBatchInput, ...func(*firehose.Options)) (*firehose.PutRecordBatchOutput, error)
}

// Handler handles batches: a lambda.Handler, so that it gets the event's bytes. Its methods may be called
// concurrently.
type Handler struct {
	settings Settings
	client   Firehose
	log      *slog.Logger
	sent     memory
}

// New makes a handler that logs to log.
func New(s Settings, client Firehose, log *slog.Logger) *Handler {
	return &Handler{settings: s, client: client, log: log}
}

// item is a record on its way.
type item struct {
	record  *record
	ordinal int // among the records that share its sequence number
	tripID  int64
}

// Invoke takes a batch as Lambda sends it and answers with its batch item failures. Its only error is
// an event that is none.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	records, err := decode(payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(h.handle(ctx, records))
}

// handle filters and sends one batch. It reports what it could not send as batch item failures, lowest
// sequence number first, and returns no error: an error would make Lambda repeat the whole batch.
func (h *Handler) handle(ctx context.Context, records []record) events.KinesisEventResponse {
	begun := time.Now()
	items, again, dropped := h.filter(records)
	log := h.log.With("batch", name(records))

	s := sender{Handler: h, log: log, rng: jitter(h.settings.BackoffSeed, records)}
	unsent := s.sendAll(ctx, items)
	h.remember(items, unsent, again)

	dropped.report(log)
	level, outcome := slog.LevelInfo, "batch done"
	if len(unsent) > 0 {
		level, outcome = slog.LevelError, "batch not done, the rest goes back to the stream"
	}
	attrs := []any{
		"records", len(records), "sent", len(items) - len(unsent), "unsent", len(unsent), "dropped", dropped.total,
	}
	attrs = append(attrs, dropped.attrs()...)
	if len(again) > 0 {
		attrs = append(attrs, "sent_before", len(again))
	}
	attrs = append(attrs, "calls", s.calls, "retries", s.retries, "took", seconds(time.Since(begun)))
	if len(unsent) > 0 {
		attrs = append(attrs, "unsent_trips", someTrips(unsent))
	}
	log.Log(ctx, level, outcome, attrs...)
	return events.KinesisEventResponse{BatchItemFailures: failures(unsent)}
}

// filter splits a batch into what is to be sent, what this instance has sent before, and the rest.
func (h *Handler) filter(records []record) (items, again []item, dropped drops) {
	items = make([]item, 0, len(records))
	remembering := !h.sent.empty()
	last, ordinal := "", 0
	for i := range records {
		r := &records[i]
		// Records unpacked from one aggregate share its sequence number; their order tells them apart.
		if ordinal++; r.sequence != last {
			last, ordinal = r.sequence, 0
		}
		v := taxi.Check(r.data)
		if !v.Keep() {
			dropped.add(v, r)
			continue
		}
		it := item{record: r, ordinal: ordinal, tripID: v.TripID}
		if remembering && h.sent.has(it.key()) {
			again = append(again, it)
			continue
		}
		items = append(items, it)
	}
	return items, again, dropped
}

// remember keeps in mind what Lambda will deliver again although it is sent: the records behind the
// first unsent one. What lies before it will not come back.
func (h *Handler) remember(items, unsent, again []item) {
	if len(unsent) == 0 {
		h.sent.forget(again)
		return
	}
	left := make(map[string]bool, len(unsent))
	for i := range unsent {
		left[unsent[i].key()] = true
	}
	for i := range items {
		if k := items[i].key(); !left[k] && !before(items[i].record.sequence, unsent[0].record.sequence) {
			h.sent.add(k)
		}
	}
}

// before compares sequence numbers: decimal, without leading zeros.
func before(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

func failures(unsent []item) []events.KinesisBatchItemFailure {
	list := make([]events.KinesisBatchItemFailure, 0, len(unsent)) // never null in JSON
	for i := range unsent {
		if i == 0 || unsent[i].record.sequence != unsent[i-1].record.sequence {
			list = append(list, events.KinesisBatchItemFailure{ItemIdentifier: unsent[i].record.sequence})
		}
	}
	return list
}

// name tells one batch from another in the logs: "shardId-000000000003:4964..12-4964..99".
func name(records []record) string {
	if len(records) == 0 {
		return "empty"
	}
	first, last := &records[0], &records[len(records)-1]
	return first.shard + ":" + first.sequence + "-" + last.sequence
}
