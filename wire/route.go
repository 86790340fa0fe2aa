package wire

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/hydrant-stream/hydrant"
)

// route finds the service a request is for. All services share one port, so the signs are read in
// the order in which they are sure:
//
//	X-Amz-Target; the path of smithy's RPC; the service in the credential scope; Action and Version
//	of a form; a dated path; else an object store, the bucket in the host or in the path.
func (s *Server) route(x *exchange) error {
	r := x.r
	x.readSignature()
	target := r.Header.Get("X-Amz-Target")
	prefix, _, _ := strings.Cut(target, ".")

	switch svc := s.byTarget[prefix]; {
	case svc != nil:
		x.become(svc)
	case target != "":
		return hydrant.Faultf("UnknownOperationException", "No service here answers to X-Amz-Target %s.", target)
	default:
		if err := s.routeUntargeted(x); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) routeUntargeted(x *exchange) error {
	r := x.r
	if name, _, ok := rpcPath(x.path); ok {
		if svc := s.byTarget[name]; svc != nil {
			x.become(svc)
			return nil
		}
		return hydrant.Faultf("UnknownOperationException", "No service here is called %s.", name)
	}
	form := isForm(r)
	if x.sig != nil {
		if svc := pick(s.bySigning[x.sig.Service], form || x.queryValues().Has("Action")); svc != nil {
			x.become(svc)
			return nil
		}
		if x.sig.Service != "" && x.sig.Service != "s3" && (s.paths == nil || !s.paths.claims(x.path)) {
			x.speaker = speakerFor(form)
			return hydrant.Faultf("UnknownOperationException", "The service %s is not served here.", x.sig.Service)
		}
	}
	if x.path == "/" && (form || x.queryValues().Has("Action")) {
		if err := x.readForm(); err != nil {
			x.speaker = querySpeaker{}
			return err
		}
		for _, svc := range s.services {
			if svc.Protocol == Query && svc.Version == x.form.Get("Version") && x.form.Get("Action") != "" {
				x.become(svc)
				return nil
			}
		}
		if x.form.Get("Action") != "" && x.form.Get("Version") != "" {
			x.speaker = querySpeaker{}
			return hydrant.Faultf("InvalidAction", "No service here has the action %s of version %s.",
				x.form.Get("Action"), x.form.Get("Version"))
		}
	}
	switch {
	case s.paths != nil && s.paths.claims(x.path):
		x.become(s.paths)
	case s.objects != nil:
		x.become(s.objects)
	default:
		return hydrant.Faultf("UnknownOperationException", "No service here answers %s %s.", r.Method, r.URL.Path).
			WithStatus(http.StatusNotFound)
	}
	return nil
}

// become makes svc the one that answers.
func (x *exchange) become(svc *service) {
	x.svc, x.speaker, x.call.Service = svc, svc.speaker, svc.Name
	h := x.w.Header()
	if svc.Protocol == RESTXML {
		x.call.RequestID = strings.ToUpper(strings.ReplaceAll(x.call.RequestID, "-", "")[16:])
		h.Set("X-Amz-Request-Id", x.call.RequestID)
		if bucket := x.s.bucketOf(x.r.Host); bucket != "" {
			x.path = "/" + url.PathEscape(bucket) + x.path
		}
	} else {
		h["X-Amzn-Requestid"] = []string{x.call.RequestID}
	}
	if svc.HostID {
		h.Set("X-Amz-Id-2", newHostID())
	}
}

// pick chooses among the services of one signing name: CloudWatch speaks as a form and as JSON.
func pick(list []*service, form bool) *service {
	for _, svc := range list {
		if form == (svc.Protocol == Query) {
			return svc
		}
	}
	if len(list) > 0 {
		return list[0]
	}
	return nil
}

func speakerFor(form bool) speaker {
	if form {
		return querySpeaker{}
	}
	return jsonSpeaker{}
}

func isForm(r *http.Request) bool {
	return mediaType(r.Header.Get("Content-Type")) == "application/x-www-form-urlencoded"
}

// mediaType is a content type without parameters, in lower case.
func mediaType(v string) string {
	v, _, _ = strings.Cut(v, ";")
	return strings.ToLower(strings.TrimSpace(v))
}

// claims reports whether the path begins like one of the service's own, date included
// ("/2015-03-31/functions").
func (svc *service) claims(path string) bool {
	for _, op := range svc.rows {
		if op.pattern.leads(path) {
			return true
		}
	}
	return isDated(path)
}

// isDated: the first segment is a date, as in the paths of Lambda's API. A bucket may be called
// that, but then its requests are signed for s3, or say so by their host.
func isDated(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if len(first) != 10 || first[4] != '-' || first[7] != '-' {
		return false
	}
	return strings.Trim(first, "0123456789-") == "" && strings.Count(path, "/") > 1
}

// bucketOf is the bucket named by a host, or "" where the host is the server's own.
func (s *Server) bucketOf(hostport string) string {
	host := strings.ToLower(hostport)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if net.ParseIP(strings.Trim(host, "[]")) != nil {
		return ""
	}
	for _, own := range s.Hosts {
		own = strings.ToLower(own)
		if host == own {
			return ""
		}
		if bucket, ok := strings.CutSuffix(host, "."+own); ok && !storeName(bucket) {
			return trimStore(bucket)
		}
	}
	if bucket, ok := strings.CutSuffix(host, ".localhost"); ok {
		if storeName(bucket) {
			return ""
		}
		return trimStore(bucket)
	}
	for _, mark := range []string{".s3.", ".s3-"} {
		if at := strings.Index(host, mark); at > 0 {
			return host[:at]
		}
	}
	return ""
}

// storeName: "s3" or "s3.eu-west-1" before the own name address the store, not a bucket.
func storeName(label string) bool { return label == "s3" || strings.HasPrefix(label, "s3.") }

// trimStore takes the store's own labels off: "trips.s3.eu-west-1" is the bucket trips.
func trimStore(bucket string) string {
	if at := strings.Index(bucket, ".s3."); at > 0 {
		return bucket[:at]
	}
	return strings.TrimSuffix(bucket, ".s3")
}
