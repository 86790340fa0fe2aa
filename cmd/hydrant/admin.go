package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/firehose"
	"github.com/hydrant-stream/hydrant/aws/lambda"
	"github.com/hydrant-stream/hydrant/aws/lambda/source"
)

// routes puts hydrant's own few paths before the wire. A signed request is always AWS's: a bucket
// may be called "metrics".
func (s *server) routes() http.Handler {
	own := http.NewServeMux()
	own.HandleFunc("GET /_hydrant/health", s.health)
	own.HandleFunc("POST /_hydrant/reset", local(s.handleReset))
	own.HandleFunc("POST /moto-api/reset", local(s.handleReset))
	own.HandleFunc("POST /_hydrant/firehose/{name}/flush", local(s.handleFlush))
	own.HandleFunc("GET /_hydrant/firehose/{name}/deliveries", local(s.handleDeliveries))
	own.HandleFunc("GET /_hydrant/mappings", local(s.handleMappings))
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		own.HandleFunc(method+" /_hydrant/faults", local(s.handleFaults))
	}
	own.HandleFunc("POST /_hydrant/query", local(s.handleQuery))
	own.HandleFunc("/_hydrant/", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusNotFound, problem{"no such path: " + r.Method + " " + r.URL.Path})
	})
	// The signature in the URL admits the caller: it is made for one download of a function's code.
	own.HandleFunc("GET "+lambda.CodePath, func(w http.ResponseWriter, r *http.Request) {
		s.house.Load().lambda.CodeHandler().ServeHTTP(w, r)
	})
	own.Handle("GET /metrics", s.metrics.handler(s.house.Load))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ours(r.URL.Path) && !signed(r) {
			own.ServeHTTP(w, r)
			return
		}
		s.house.Load().wire.ServeHTTP(w, r)
	})
}

func ours(path string) bool {
	return path == "/metrics" || path == "/moto-api/reset" || strings.HasPrefix(path, "/_hydrant/")
}

func signed(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.URL.Query().Has("X-Amz-Signature") || r.Header.Get("X-Amz-Target") != ""
}

// problem is the body of an answer that is no success.
type problem struct {
	Error string `json:"error"`
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) //nolint:errcheck // the client is gone, or it is not
}

func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if f, ok := hydrant.AsFault(err); ok {
		status = f.HTTPStatus()
		if f.Code == "ResourceNotFoundException" {
			status = http.StatusNotFound
		}
	} else if errors.Is(err, context.Canceled) {
		status = 499
	}
	reply(w, status, problem{err.Error()})
}

// local refuses callers from other machines: these paths carry no signature.
func local(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			reply(w, http.StatusForbidden, problem{"only from this machine"})
			return
		}
		// A page in a browser must not reach these either.
		if r.Header.Get("Origin") != "" && !strings.HasSuffix(r.Header.Get("Origin"), "//"+r.Host) {
			reply(w, http.StatusForbidden, problem{"not from another site"})
			return
		}
		next(w, r)
	}
}

// scoped is the request's context with the account and Region of its query, or the defaults.
func scoped(r *http.Request) (context.Context, hydrant.Scope) {
	q := r.URL.Query()
	scope := hydrant.Scope{Account: q.Get("account"), Region: q.Get("region")}.Or()
	return hydrant.WithScope(r.Context(), scope), scope
}

func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	services := map[string]string{}
	for _, svc := range s.house.Load().services() {
		services[svc.Name] = "running"
	}
	reply(w, http.StatusOK, struct {
		Status   string            `json:"status"`
		Version  string            `json:"version"`
		Services map[string]string `json:"services"`
	}{"ok", version(), services})
}

func (s *server) handleReset(w http.ResponseWriter, r *http.Request) {
	if err := s.reset(context.WithoutCancel(r.Context())); err != nil {
		fail(w, err)
		return
	}
	reply(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"ok"})
}

func (s *server) handleFlush(w http.ResponseWriter, r *http.Request) {
	ctx, scope := scoped(r)
	keys, err := s.house.Load().firehose.Flush(ctx, scope, r.PathValue("name"))
	if err != nil {
		fail(w, err)
		return
	}
	if keys == nil {
		keys = []string{}
	}
	reply(w, http.StatusOK, flushed{keys})
}

type flushed struct {
	Keys []string `json:"keys"`
}

func (s *server) handleQuery(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		SQL string `json:"sql"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&ask); err != nil || strings.TrimSpace(ask.SQL) == "" {
		reply(w, http.StatusBadRequest, problem{`the body must be {"sql": "SELECT ..."}`})
		return
	}
	ctx, _ := scoped(r)
	res, err := s.house.Load().query.Query(ctx, ask.SQL)
	if err != nil {
		reply(w, http.StatusBadRequest, problem{err.Error()})
		return
	}
	reply(w, http.StatusOK, newTable(res))
}

func (s *server) handleDeliveries(w http.ResponseWriter, r *http.Request) {
	_, scope := scoped(r)
	list, err := s.house.Load().firehose.Manifest(scope, r.PathValue("name"))
	if err != nil {
		fail(w, err)
		return
	}
	if list == nil {
		list = []firehose.Entry{}
	}
	reply(w, http.StatusOK, list)
}

// mappings is how far the event source mappings have come.
type mappings struct {
	Mappings []source.Progress `json:"mappings"`
}

// lag is how many records one mapping has before it; known is false while it has no shard.
func (m *mappings) lag(uuid string) (behind uint64, known bool) {
	for _, p := range m.Mappings {
		if p.Mapping == uuid {
			behind += p.Behind
			known = true
		}
	}
	return behind, known
}

func (s *server) handleMappings(w http.ResponseWriter, r *http.Request) {
	list, err := s.house.Load().lambda.Progress(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	reply(w, http.StatusOK, mappings{list})
}
