package runtime

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxReply is the largest answer of a function.
const maxReply = 6291556

// api is the Runtime API of one instance: a listener of its own, because AWS_LAMBDA_RUNTIME_API is
// host:port and nothing else in a request says which process it comes from.
type api struct {
	addr       string
	asks       chan *ask
	replies    chan reply
	initErrors chan reply
	current    atomic.Pointer[string] // request id of the event in hand
	gone       chan struct{}          // closed when the instance ends
	srv        *http.Server
	handlers   sync.WaitGroup
	served     chan struct{}
}

// ask is the runtime waiting for its next event.
type ask struct {
	ch chan delivery // holds one
}

// give hands over the event. Where the connection has gone meanwhile the runtime will ask again.
func (a *ask) give(d delivery) { a.ch <- d }

type delivery struct {
	inv      *Invocation
	deadline time.Time
}

// reply is what the runtime sent for an event, or about its start.
type reply struct {
	body      []byte
	failed    bool
	errorType string
}

func listen() (*api, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &api{
		addr:       l.Addr().String(),
		asks:       make(chan *ask),
		replies:    make(chan reply),
		initErrors: make(chan reply),
		gone:       make(chan struct{}),
		served:     make(chan struct{}),
	}
	mux := http.NewServeMux()
	handle := func(pattern string, h http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			a.handlers.Add(1)
			defer a.handlers.Done()
			h(w, r)
		})
	}
	handle("GET /2018-06-01/runtime/invocation/next", a.next)
	handle("POST /2018-06-01/runtime/invocation/{id}/response", a.response)
	handle("POST /2018-06-01/runtime/invocation/{id}/error", a.failure)
	handle("POST /2018-06-01/runtime/init/error", a.initError)
	a.srv = &http.Server{Handler: mux}
	go func() {
		defer close(a.served)
		_ = a.srv.Serve(l) // ErrServerClosed
	}()
	return a, nil
}

// close ends the listener and every handler.
func (a *api) close() {
	close(a.gone)
	a.srv.Close()
	<-a.served
	a.handlers.Wait()
}

func (a *api) next(w http.ResponseWriter, r *http.Request) {
	q := &ask{ch: make(chan delivery, 1)}
	select {
	case a.asks <- q:
	case <-r.Context().Done():
		return
	case <-a.gone:
		return
	}
	select {
	case d := <-q.ch:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(d.inv.Payload)))
		h.Set("Lambda-Runtime-Aws-Request-Id", d.inv.ID)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(d.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", d.inv.ARN)
		h.Set("Lambda-Runtime-Trace-Id", cmp.Or(d.inv.Trace, traceID(d.inv.ID)))
		if d.inv.ClientContext != "" {
			h.Set("Lambda-Runtime-Client-Context", d.inv.ClientContext)
		}
		w.Write(d.inv.Payload)
	case <-r.Context().Done():
	case <-a.gone:
	}
}

func (a *api) response(w http.ResponseWriter, r *http.Request) {
	body, ok := a.body(w, r)
	if !ok {
		return
	}
	a.reply(w, r, reply{body: body})
}

func (a *api) failure(w http.ResponseWriter, r *http.Request) {
	body, ok := a.body(w, r)
	if !ok {
		return
	}
	a.reply(w, r, reply{body: body, failed: true, errorType: errorType(r, body)})
}

// body reads the answer; one that is too large fails the invocation.
func (a *api) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReply+1))
	if err != nil {
		return nil, false // the connection broke; the runtime has no answer and knows it
	}
	if len(body) <= maxReply {
		return body, true
	}
	const kind = "Function.ResponseSizeTooLarge"
	text := fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxReply)
	if a.hand(r, reply{body: document(kind, text), failed: true, errorType: kind}) {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
	}
	return nil, false
}

func (a *api) reply(w http.ResponseWriter, r *http.Request, v reply) {
	if !a.hand(r, v) {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	accept(w)
}

// hand gives a reply to the instance, once per event. False: the event is not in hand (any more).
func (a *api) hand(r *http.Request, v reply) bool {
	cur := a.current.Load()
	if cur == nil || *cur != r.PathValue("id") || !a.current.CompareAndSwap(cur, nil) {
		return false
	}
	select {
	case a.replies <- v:
		return true
	case <-a.gone:
		return false
	}
}

func (a *api) initError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReply))
	if err != nil {
		return
	}
	select {
	case a.initErrors <- reply{body: body, failed: true, errorType: errorType(r, body)}:
		accept(w)
	case <-r.Context().Done():
	case <-a.gone:
	}
}

// errorType is what the runtime says went wrong: its header, or the document's own member.
func errorType(r *http.Request, body []byte) string {
	if t := r.Header.Get("Lambda-Runtime-Function-Error-Type"); t != "" {
		return t
	}
	var doc struct{ ErrorType string }
	_ = json.Unmarshal(body, &doc) // a document that is none has no type
	return doc.ErrorType
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, kind, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(document(kind, text))
}

// traceID is an unsampled X-Ray header that spells the request id. SDKs repeat it in every call a
// function makes (X-Amzn-Trace-Id), so that a call can be traced to the invocation it came from.
func traceID(id string) string {
	h := strings.ReplaceAll(id, "-", "")
	if len(h) != 32 {
		h = fmt.Sprintf("%x", sha256.Sum256([]byte(id)))[:32]
	}
	return fmt.Sprintf("Root=1-%s-%s;Parent=%s;Sampled=0", h[:8], h[8:], h[16:])
}
