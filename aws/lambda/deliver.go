package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// Conditions under which an asynchronous event leaves the queue, in the words of the records about it.
const (
	asyncSuccess = "Success"
	asyncRetries = "RetriesExhausted"
	asyncTooOld  = "EventAgeExceeded"
)

// outcomeRecord is what a destination is told of an asynchronous event.
type outcomeRecord struct {
	Version        string `json:"version"`
	Timestamp      string `json:"timestamp"`
	RequestContext struct {
		RequestID   string `json:"requestId"`
		FunctionARN string `json:"functionArn"`
		Condition   string `json:"condition"`
		Invokes     int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	RequestPayload  json.RawMessage  `json:"requestPayload"`
	ResponseContext *responseContext `json:"responseContext,omitempty"`
	ResponsePayload json.RawMessage  `json:"responsePayload,omitempty"`
}

type responseContext struct {
	StatusCode int    `json:"statusCode"`
	Version    string `json:"executedVersion"`
	Error      string `json:"functionError,omitempty"`
}

// settled ends an event: its record goes to the destination for what became of it, then it leaves the
// queue. A record for a function is queued in the commit that forgets the event, so that it is neither
// lost nor queued twice; an object may be stored twice by a crash between the two.
func (q *queue) settled(e queued, payload []byte, r result, ran bool, condition string) {
	a := q.s.asyncOf(hydrant.WithScope(context.Background(), e.Scope), e.Function)
	to := a.OnFailure
	if condition == asyncSuccess {
		to = a.OnSuccess
	}
	if to == "" {
		q.forget(e)
		return
	}
	body := e.record(payload, r, ran, condition)
	log := q.s.cfg.Log.With("function", e.Function, "request", e.Request, "destination", to)
	if strings.Contains(to, ":function:") {
		next := queued{ID: uuid.NewString(), Scope: e.Scope, Function: to, Request: uuid.NewString(), Accepted: time.Now().UTC()}
		if err := writeDurably(q.file(next.ID), body); err != nil {
			q.failed(e, "destination is not told; the event stays in the queue", err)
			return
		}
		if err := q.s.cfg.Journal.Commit(context.Background(), journal.Set(asyncPrefix+next.ID, next), journal.Unset(asyncPrefix+e.ID)); err != nil {
			os.Remove(q.file(next.ID))
			q.failed(e, "destination is not told; the event stays in the queue", err)
			return
		}
		q.drop(e)
		q.admit(next)
		log.Debug("destination is told", "condition", condition)
		return
	}
	now := time.Now().UTC()
	name, _ := strings.CutPrefix(strings.SplitN(e.Function, ":", 8)[6], "function:")
	key := fmt.Sprintf("aws/lambda/async/%s/%s/%s-%s", name, now.Format("2006/01/02"), now.Format("2006-01-02T15.04.05"), e.ID)
	bucket := strings.TrimPrefix(to, "arn:aws:s3:::")
	for pause := time.Second; ; pause = min(2*pause, 5*time.Minute) {
		err := q.s.cfg.Objects.PutObject(hydrant.WithScope(q.stop, e.Scope), e.Scope, bucket, key, "application/json", body)
		if err == nil {
			q.forget(e)
			return
		}
		log.Warn("destination does not take the record; it is tried again", "pause", pause, "err", err)
		if m := q.s.cfg.Metrics; m != nil {
			m.Put(e.Scope, "AWS/Lambda", "DestinationDeliveryFailures", map[string]string{"FunctionName": name}, 1, "Count")
		}
		if !sleep(q.stop, pause) {
			return // the next start invokes once more and tells then
		}
	}
}

func (q *queue) failed(e queued, what string, err error) {
	q.s.cfg.Log.Error(what, "function", e.Function, "request", e.Request, "err", err)
}

// record writes down what became of an event. ran: r is a function's answer.
func (e queued) record(payload []byte, r result, ran bool, condition string) []byte {
	var doc outcomeRecord
	doc.Version = "1.0"
	doc.Timestamp = time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	doc.RequestContext.RequestID = e.Request
	doc.RequestContext.FunctionARN = e.Function
	if strings.Count(e.Function, ":") == 6 {
		doc.RequestContext.FunctionARN += ":" + latest
	}
	doc.RequestContext.Condition = condition
	doc.RequestContext.Invokes = e.Failures
	if condition == asyncSuccess {
		doc.RequestContext.Invokes++
	}
	doc.RequestPayload = asJSON(payload)
	if ran {
		doc.ResponseContext = &responseContext{StatusCode: 200, Version: r.version, Error: r.Error}
		doc.ResponsePayload = asJSON(r.Payload)
	}
	body, err := json.Marshal(doc)
	if err != nil {
		panic("internal error: " + err.Error()) // its raw members are valid
	}
	return body
}

// asJSON is what a function was given or returned, as a string where it is no JSON.
func asJSON(b []byte) json.RawMessage {
	if len(b) == 0 {
		return json.RawMessage("null")
	}
	if json.Valid(b) {
		return b
	}
	quoted, _ := json.Marshal(string(b)) // strings always marshal
	return quoted
}
