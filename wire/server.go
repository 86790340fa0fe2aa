package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/faults"
)

// Config is what a Server needs of the house. The zero value of a field means what its comment says.
type Config struct {
	Services []Service
	// Log takes what a client must not see: errors that are no Fault, panics. nil discards.
	Log *slog.Logger
	// Before runs after an input was decoded and validated and before its operation: throttling,
	// limits and IAM. An error it returns answers the call.
	Before func(ctx context.Context, c *Call, in any) error
	// Faults are the rules of what goes wrong on purpose, after Before and before the operation. nil: none.
	Faults *faults.Table
	// Done is told how every request ended; code is the fault's, or "". Bytes are those of the bodies.
	Done func(c *Call, status int, code string, took time.Duration, inBytes, outBytes int64)
	// Known names the operations of a service's model. It is asked only to word the fault about an
	// operation that is not here.
	Known func(service string) []string
	// MaxBody is the largest body read into memory, in bytes, by service name. Streamed payloads are
	// not bounded by it. Default: what the Service says.
	MaxBody map[string]int64
	// BodyMemory bounds, in bytes, what large bodies of RPC calls take at once: those that find no room wait,
	// and are told to come again when that takes too long. Default: 256 MiB.
	BodyMemory int64
	// Hosts are the names the server is reached by, without port. A label before one of them is a
	// bucket. "localhost" is always among them.
	Hosts []string
	// Keys are secrets by access key. When set, every request must be signed with one of them; when
	// nil any credentials are taken, and none.
	Keys map[string]string
	// Secret finds secrets that come and go, such as those of assumed roles: it is asked for keys that
	// are not in Keys, with the session token of the request. Setting it alone also makes signatures count.
	Secret func(accessKey, token string) (secret string, ok bool)
	// Account is the account an access key belongs to that is not itself 12 digits, or "" for the default
	// one; token is the session's. nil: all belong to the default account.
	Account func(accessKey, token string) string
	// Now is the clock of expiries and signatures. nil means time.Now.
	Now func() time.Time
}

// Server speaks for all services on one port. It is an http.Handler; mount it bare: an
// http.ServeMux in front would redirect object keys that hold "//" or "..".
type Server struct {
	Config
	services  []*service
	byTarget  map[string]*service
	bySigning map[string][]*service
	paths     *service // the REST-JSON service found by a dated path
	objects   *service // the REST-XML service that takes what nobody else does
	bodies    room
	patience  time.Duration // of a call that waits for it
}

// NewServer finds a place for every row. An operation twice, or one without its HTTP binding, is a mistake
// in the program and panics; mistakes in shapes show at the operation's first call, or in Prepare.
func NewServer(c Config) *Server {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.BodyMemory == 0 {
		c.BodyMemory = defaultBodyMemory
	}
	s := &Server{Config: c, bodies: room{free: c.BodyMemory}, patience: bodyPatience, byTarget: map[string]*service{}, bySigning: map[string][]*service{}}
	for _, def := range inEachProtocol(c.Services) {
		svc := compile(def)
		if n := c.MaxBody[def.Name]; n > 0 {
			svc.maxBody = n
		}
		s.services = append(s.services, svc)
		s.bySigning[svc.Signing] = append(s.bySigning[svc.Signing], svc)
		switch {
		case def.Protocol == AWSJSON:
			s.byTarget[def.Target] = svc
		case def.Protocol == RESTJSON && s.paths == nil:
			s.paths = svc
		case def.Protocol == RESTXML && s.objects == nil:
			s.objects = svc
		}
	}
	return s
}

// NewHTTPServer is an http.Server for h with the settings a Server wants: HTTP/1.1, HTTP/2 over TLS
// and HTTP/2 in clear text on the same port. Bodies may take as long as they take: a stream is no
// error; headers may not.
func NewHTTPServer(h http.Handler) *http.Server {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           h,
		Protocols:         p,
		ReadHeaderTimeout: 20 * time.Second,
		IdleTimeout:       3 * time.Minute, // longer than the SDKs keep idle connections, so that they close first
		MaxHeaderBytes:    64 << 10,
		ConnContext:       markTLS,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 1000},
	}
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := newExchange(s, w, r)
	defer x.finish()
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		s.Log.Error("panic in operation", "service", x.call.Service, "op", x.call.Op,
			"request", x.call.RequestID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		x.fail(errPanic)
	}()
	if err := x.serve(r.Context()); err != nil {
		x.fail(err)
	}
}

var errPanic = errors.New("panic") // already logged

// serve is the life of a request. An error it returns is still to be told to the client.
func (x *exchange) serve(ctx context.Context) error {
	if err := x.s.route(x); err != nil {
		return err
	}
	if err := x.authenticate(); err != nil {
		return err
	}
	op, err := x.speaker.operation(x)
	if err != nil {
		return err
	}
	x.op, x.call.Op = op, op.Name
	op.ready()
	in, present, err := x.speaker.decode(x)
	if err != nil {
		return err
	}
	if !x.valid {
		if err := op.validate(in, present); err != nil {
			return err
		}
	}
	ctx = hydrant.WithScope(ctx, x.scope)
	ctx = WithCall(ctx, &x.call)
	if x.s.Before != nil {
		if err := x.s.Before(ctx, &x.call, in); err != nil {
			return err
		}
	}
	var plan faults.Plan
	if x.s.Faults.Armed() {
		if plan, err = x.injure(ctx, in); err != nil {
			return err
		}
		if plan.Entries != nil {
			ctx = faults.WithEntries(ctx, plan.Entries)
		}
	}
	out, err := op.Call(ctx, in)
	if plan.DropEnd {
		return errDropped
	}
	if err != nil {
		return err
	}
	return x.speaker.reply(ctx, x, out)
}

// errDropped ends a call whose connection a rule of the fault table cuts.
var errDropped = errors.New("dropped on purpose")

// injure does to a call what the fault table has for it; what is to come after the operation, and for
// single records, it returns.
func (x *exchange) injure(ctx context.Context, in any) (faults.Plan, error) {
	plan := x.s.Faults.Plan(x.svc.Name, x.op.Name, x.scope.Account, in)
	if plan.Latency > 0 {
		late := time.NewTimer(plan.Latency)
		defer late.Stop()
		select {
		case <-late.C:
		case <-ctx.Done():
			return plan, ctx.Err()
		}
	}
	switch {
	case plan.Drop:
		return plan, errDropped
	case plan.Fault != nil:
		return plan, plan.Fault
	}
	return plan, nil
}

// fail answers with a fault; an error that is none is logged and hidden behind InternalFailure.
func (x *exchange) fail(err error) {
	if errors.Is(err, errDropped) {
		x.code = "Dropped"
		panic(http.ErrAbortHandler)
	}
	f, ok := hydrant.AsFault(err)
	if !ok {
		if x.r.Context().Err() != nil {
			x.code, x.w.status = "ClientGone", statusClientGone
			return
		}
		if !errors.Is(err, errPanic) {
			x.s.Log.Error("operation failed", "service", x.call.Service, "op", x.call.Op,
				"request", x.call.RequestID, "error", err)
		}
		f = x.speaker.internal()
	}
	x.code = f.Code
	if x.w.status != 0 {
		// The reply has begun and cannot be taken back: cut the connection so that the client does
		// not take the part for the whole.
		panic(http.ErrAbortHandler)
	}
	x.speaker.fault(x, f)
}

// statusClientGone is what Done hears when the client left before its answer.
const statusClientGone = 499
