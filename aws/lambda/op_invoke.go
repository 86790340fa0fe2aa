package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/lambda/runtime"
	"github.com/hydrant-stream/hydrant/wire"
)

type InvokeIn struct {
	FunctionName   string `in:"path=FunctionName" required:"" min:"1" max:"256"`
	Qualifier      string `in:"query=Qualifier" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
	InvocationType string `in:"header=X-Amz-Invocation-Type" enum:"Event|RequestResponse|DryRun"`
	LogType        string `in:"header=X-Amz-Log-Type" enum:"None|Tail"`
	ClientContext  string `in:"header=X-Amz-Client-Context"`
	Payload        []byte `in:"payload"`
}

type InvokeOut struct {
	StatusCode      int    `in:"status"`
	FunctionError   string `in:"header=X-Amz-Function-Error"`
	LogResult       string `in:"header=X-Amz-Log-Result"`
	ExecutedVersion string `in:"header=X-Amz-Executed-Version"`
	Payload         []byte `in:"payload"`
}

// Invoke runs a function, now or soon.
//
//	Wire     POST /2015-03-31/functions/{FunctionName}/invocations, 200 | 202 Event | 204 DryRun
//	Limits   maxSyncPayload, maxAsyncPayload, concurrency of function and account
//	Durable  an Event was on disk before the reply; it is tried three times
//	Differs  an init that fails is not tried a second time; when the caller goes away the function goes on
//	Proof    TestInvoke, TestEvent
func (s *Service) Invoke(ctx context.Context, in *InvokeIn) (*InvokeOut, error) {
	if len(in.Payload) > 0 && !json.Valid(in.Payload) {
		return nil, hydrant.Faultf("InvalidRequestContentException", "Could not parse request body into json: the payload is not valid JSON").WithField("Type", "User")
	}
	var client string
	if in.ClientContext != "" {
		b, err := base64.StdEncoding.DecodeString(in.ClientContext)
		if err != nil || !json.Valid(b) {
			return nil, hydrant.Faultf("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.").WithField("Type", "User")
		}
		client = string(b)
	}
	id := wire.CallOf(ctx).RequestID
	if id == "" {
		id = uuid.NewString()
	}
	c := call{ref: in.FunctionName, qualifier: in.Qualifier, id: id, payload: in.Payload, client: client}
	switch in.InvocationType {
	case "DryRun":
		_, cfg, err := s.resolve(ctx, in.FunctionName, in.Qualifier)
		if err != nil {
			return nil, err
		}
		return &InvokeOut{StatusCode: 204, ExecutedVersion: cfg.Version}, nil
	case "Event":
		if n := len(in.Payload); n > maxAsyncPayload {
			return nil, tooLarge("%d byte payload is too large for the Event invocation type (limit %d bytes)", n, maxAsyncPayload)
		}
		if err := s.allowed(); err != nil {
			return nil, err
		}
		f, cfg, err := s.resolve(ctx, in.FunctionName, in.Qualifier)
		if err != nil {
			return nil, err
		}
		_, inName, _ := parseName(ctx, in.FunctionName)
		c.ref = qualified(f.arn(), firstOf(in.Qualifier, inName))
		c.qualifier = ""
		if err := s.async.put(ctx, f.Scope, c); err != nil {
			return nil, err
		}
		return &InvokeOut{StatusCode: 202, ExecutedVersion: cfg.Version}, nil
	}
	r, err := s.invoke(ctx, c)
	if f, ok := hydrant.AsFault(err); ok && f.Code == "TooManyRequestsException" {
		if h := wire.CallOf(ctx).Header; h != nil {
			h.Set("Retry-After", "1")
		}
	}
	if err != nil {
		return nil, err
	}
	out := &InvokeOut{StatusCode: 200, FunctionError: r.Error, ExecutedVersion: r.version, Payload: r.Payload}
	if in.LogType == "Tail" {
		out.LogResult = base64.StdEncoding.EncodeToString(r.Tail)
	}
	return out, nil
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// call is one invocation, whoever asks for it.
type call struct {
	ref, qualifier string
	id             string // request id
	payload        []byte
	client         string // client context, JSON
	trace          string // X-Ray header; "": one that spells id
}

type result struct {
	runtime.Result
	version string
}

func (s *Service) allowed() error {
	if s.cfg.Allowed {
		return nil
	}
	return hydrant.Faultf("AccessDeniedException",
		"hydrant does not run functions while it listens beyond loopback: they would run with the rights of its operator. The operator may allow them.").WithStatus(403)
}

// invoke runs a function and waits for it.
func (s *Service) invoke(ctx context.Context, c call) (result, error) {
	f, cfg, err := s.resolve(ctx, c.ref, c.qualifier)
	if err != nil {
		return result{}, err
	}
	if err := s.allowed(); err != nil {
		return result{}, err
	}
	if f.creating && f.unsettled() {
		return result{}, errPending()
	}
	if n := len(c.payload); n > maxSyncPayload {
		return result{}, tooLarge("%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", n, maxSyncPayload)
	}
	spec := *f.specs[cfg.Version]
	if d := s.folders[f.Name]; d != nil && cfg.Version == latest {
		err = d.of(&spec, s.pool.Outdate)
	} else {
		spec.Root, err = s.code.root(cfg.CodeSha256)
	}
	if err != nil {
		return result{}, err
	}
	if spec.Opt, err = s.opt(f, cfg); err != nil {
		return result{}, err
	}
	if len(c.payload) == 0 {
		c.payload = []byte("{}")
	}
	_, inName, _ := parseName(ctx, c.ref)
	r, err := s.pool.Invoke(ctx, &spec, runtime.Invocation{
		ID:            c.id,
		ARN:           qualified(f.arn(), firstOf(c.qualifier, inName)),
		Payload:       c.payload,
		ClientContext: c.client,
		Trace:         c.trace,
	})
	s.measure(f, firstOf(c.qualifier, inName), r, err)
	switch {
	case errors.Is(err, runtime.ErrThrottled):
		return result{}, throttled("ConcurrentInvocationLimitExceeded")
	case errors.Is(err, runtime.ErrReserved):
		return result{}, throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
	case errors.Is(err, runtime.ErrNoInterpreter):
		f := hydrant.Faultf("InvalidRuntimeException", "%s", err.Error()).WithStatus(502).WithField("Type", "User")
		f.MessageMember = "Message"
		return result{}, f
	case errors.Is(err, runtime.ErrClosed):
		f := hydrant.Faultf("ServiceException", "hydrant is shutting down").WithStatus(500).WithField("Type", "Service")
		f.MessageMember = "Message"
		return result{}, f
	case err != nil:
		return result{}, err
	}
	return result{Result: r, version: cfg.Version}, nil
}

// measure gives the metrics of an invocation: of the function, and of the version or alias it was called by.
func (s *Service) measure(f *function, qualifier string, r runtime.Result, err error) {
	m := s.cfg.Metrics
	if m == nil {
		return
	}
	put := func(name string, value float64, unit string) {
		m.Put(f.Scope, "AWS/Lambda", name, map[string]string{"FunctionName": f.Name}, value, unit)
		if qualifier != "" {
			m.Put(f.Scope, "AWS/Lambda", name, map[string]string{"FunctionName": f.Name, "Resource": f.Name + ":" + qualifier}, value, unit)
		}
	}
	if errors.Is(err, runtime.ErrThrottled) || errors.Is(err, runtime.ErrReserved) {
		put("Throttles", 1, "Count")
		return
	}
	if err != nil {
		return
	}
	failed := 0.0
	if r.Error != "" {
		failed = 1
	}
	put("Invocations", 1, "Count")
	put("Errors", failed, "Count")
	put("Duration", float64(r.Duration.Microseconds())/1000, "Milliseconds")
	put("ConcurrentExecutions", float64(s.pool.Busy(f.arn())+1), "Count")
}
