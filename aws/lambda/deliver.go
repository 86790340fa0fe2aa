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
	ctx := hydrant.WithScope(context.Background(), e.Scope)
	if condition != asyncSuccess && !q.deadLetter(ctx, e, payload, r, ran, condition) {
		return
	}
	a := q.s.asyncOf(ctx, e.Function)
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
	put := func(ctx context.Context) error { return q.s.cfg.Queues.Send(ctx, to, string(body), nil) }
	if bucket, ok := strings.CutPrefix(to, "arn:aws:s3:::"); ok {
		now := time.Now().UTC()
		key := fmt.Sprintf("aws/lambda/async/%s/%s/%s-%s", e.name(), now.Format("2006/01/02"), now.Format("2006-01-02T15.04.05"), e.ID)
		put = func(ctx context.Context) error {
			return q.s.cfg.Objects.PutObject(ctx, e.Scope, bucket, key, "application/json", body)
		}
	}
	if q.tell(e, to, "DestinationDeliveryFailures", put) {
		q.forget(e)
	}
}

// deadLetter sends an event that was given up to its function's dead-letter queue, as it came. False: the queue did not take it
// before we stopped; the next start invokes once more.
func (q *queue) deadLetter(ctx context.Context, e queued, payload []byte, r result, ran bool, condition string) bool {
	_, cfg, err := q.s.resolve(ctx, e.Function, "")
	if err != nil || cfg.DeadLetterConfig == nil || q.s.cfg.Queues == nil {
		return true
	}
	code, text := 200, ""
	var doc struct{ ErrorMessage string }
	if json.Unmarshal(r.Payload, &doc) == nil {
		text = doc.ErrorMessage
	}
	if !ran {
		code, text = 429, condition
	}
	if len(text) > maxDeadLetterText {
		text = strings.ToValidUTF8(text[:maxDeadLetterText], "")
	}
	attributes := map[string]any{"RequestID": e.Request, "ErrorCode": code}
	if text != "" { // an attribute is never empty
		attributes["ErrorMessage"] = text
	}
	to := cfg.DeadLetterConfig.TargetArn
	body := string(payload)
	if body == "" {
		body = "{}"
	}
	return q.tell(e, to, "DeadLetterErrors", func(ctx context.Context) error { return q.s.cfg.Queues.Send(ctx, to, body, attributes) })
}

// maxDeadLetterText is how much of an error a dead letter tells, bytes.
const maxDeadLetterText = 1 << 10

// tell repeats put until the destination has taken what it is told. False: we stopped before.
func (q *queue) tell(e queued, to, metric string, put func(context.Context) error) bool {
	for pause := time.Second; ; pause = min(2*pause, 5*time.Minute) {
		err := put(hydrant.WithScope(q.stop, e.Scope))
		if err == nil {
			return true
		}
		q.s.cfg.Log.Warn("destination does not take the record; it is tried again", "function", e.Function, "request", e.Request, "destination", to, "pause", pause, "err", err)
		if m := q.s.cfg.Metrics; m != nil {
			m.Put(e.Scope, "AWS/Lambda", metric, map[string]string{"FunctionName": e.name()}, 1, "Count")
		}
		if !sleep(q.stop, pause) {
			return false
		}
	}
}

// name is the function's, without its qualifier.
func (e *queued) name() string {
	name, _ := strings.CutPrefix(strings.SplitN(e.Function, ":", 8)[6], "function:")
	return name
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
