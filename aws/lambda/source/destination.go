package source

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
)

// failureReport is what a failure destination is told of a batch that was given up.
type failureReport struct {
	RequestContext struct {
		RequestID   string `json:"requestId"`
		FunctionARN string `json:"functionArn"`
		Condition   string `json:"condition"`
		Invokes     int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	ResponseContext *responseContext `json:"responseContext,omitempty"`
	Version         string           `json:"version"`
	Timestamp       string           `json:"timestamp"`
	Batch           batchInfo        `json:"KinesisBatchInfo"`
	Payload         string           `json:"payload,omitempty"`
}

type responseContext struct {
	StatusCode int     `json:"statusCode"`
	Version    string  `json:"executedVersion"`
	Error      *string `json:"functionError"` // null where the batch failed by batchItemFailures
}

type batchInfo struct {
	ShardID string `json:"shardId"`
	First   string `json:"startSequenceNumber"`
	Last    string `json:"endSequenceNumber"`
	Begin   string `json:"approximateArrivalOfFirstRecord"`
	End     string `json:"approximateArrivalOfLastRecord"`
	Size    int    `json:"batchSize"`
	Stream  string `json:"streamArn"`
}

const isoMillis = "2006-01-02T15:04:05.000Z"

// report stores the report of a given-up batch: records included as an object of its own, or without them as
// a message.
func (r *reader) report(p *part, id, condition string) error {
	now := time.Now().UTC()
	var doc failureReport
	doc.RequestContext.RequestID = id
	doc.RequestContext.FunctionARN = r.m.Function
	doc.RequestContext.Condition = condition
	doc.RequestContext.Invokes = max(p.failures, 1)
	if condition == retriesExhausted && (p.last.Error != "" || p.report) {
		doc.ResponseContext = &responseContext{StatusCode: 200, Version: p.last.Version}
		if p.last.Error != "" {
			doc.ResponseContext.Error = &p.last.Error
		}
	}
	doc.Version = "1.0"
	doc.Timestamp = now.Format(isoMillis)
	doc.Batch = batchInfo{
		ShardID: r.shard,
		Size:    len(p.recs),
		Stream:  r.m.Source(),
	}
	if !p.final {
		doc.Batch.First, doc.Batch.Last = p.first().Sequence, p.batch.last().Sequence
		doc.Batch.Begin, doc.Batch.End = p.first().Time().Format(isoMillis), p.batch.last().Time().Format(isoMillis)
	}
	if !r.m.Settings.asMessage() { // a message has no room for the records
		doc.Payload = string(r.event(p))
	}
	body, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	if r.m.Settings.asMessage() {
		return r.set.cfg.Queues.Send(hydrant.WithScope(r.set.hard, r.m.Scope), r.m.Settings.OnFailure, string(body), nil)
	}
	bucket := strings.TrimPrefix(r.m.Settings.OnFailure, "arn:aws:s3:::")
	key := fmt.Sprintf("aws/lambda/%s/%s/%s/%s-%s", r.m.ID, r.shard, now.Format("2006/01/02"), now.Format("2006-01-02T15.04.05"), uuid.NewString())
	return r.set.cfg.Objects.PutObject(hydrant.WithScope(r.set.hard, r.m.Scope), r.m.Scope, bucket, key, "application/octet-stream", body)
}
