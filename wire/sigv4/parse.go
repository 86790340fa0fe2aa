// Package sigv4 reads and verifies AWS signatures of version 4: in the Authorization header, in the
// query of a presigned URL, and along the chunks of an S3 upload.
package sigv4

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
)

// Signature is what a request says about who signed it, and how. Parse alone verifies nothing.
type Signature struct {
	Key           string // access key id
	Date          string // yyyymmdd of the scope
	Region        string
	Service       string
	SignedHeaders []string // lower case, as given
	Hex           string
	Token         string // of a session, unverified
	Presigned     bool
	// Time is when it was made; zero if the request does not say so legibly.
	Time time.Time
	// Expires is how long a presigned URL holds.
	Expires time.Duration
}

// Scope is the credential scope: date/region/service/aws4_request.
func (s *Signature) Scope() string {
	return s.Date + "/" + s.Region + "/" + s.Service + "/aws4_request"
}

// Expired reports whether a presigned URL no longer holds at now.
func (s *Signature) Expired(now time.Time) bool {
	return s.Presigned && !s.Time.IsZero() && now.After(s.Time.Add(s.Expires))
}

// MalformedError says which parts of a signature are missing or unreadable, in AWS's sentences.
type MalformedError struct {
	Presigned bool
	Sentences []string
	Header    string // the Authorization header
}

func (e *MalformedError) Error() string {
	s := strings.Join(e.Sentences, " ")
	if !e.Presigned {
		s += " Authorization=" + e.Header
	}
	return s
}

// Parse reads the signature of a request. It is nil where there is none. With a *MalformedError
// comes what could be read.
func Parse(r *http.Request, query url.Values) (*Signature, error) {
	if query.Get("X-Amz-Signature") != "" || query.Get("X-Amz-Algorithm") != "" || query.Get("X-Amz-Credential") != "" {
		return parseQuery(query)
	}
	if h := r.Header.Get("Authorization"); strings.HasPrefix(h, "AWS4-") {
		return parseHeader(r, h)
	}
	return nil, nil
}

func parseHeader(r *http.Request, h string) (*Signature, error) {
	s := new(Signature)
	algo, rest, _ := strings.Cut(h, " ")
	found := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		if k, v, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
			found[k] = v
		}
	}
	bad := &MalformedError{Header: h}
	if algo != algorithm {
		bad.Sentences = append(bad.Sentences, "Unsupported AWS 'algorithm': '"+algo+"'.")
	}
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if found[name] == "" {
			bad.Sentences = append(bad.Sentences, "Authorization header requires '"+name+"' parameter.")
		}
	}
	stamp := r.Header.Get("X-Amz-Date")
	switch date := r.Header.Get("Date"); {
	case stamp != "":
		s.Time, _ = time.Parse(timeFormat, stamp)
	case date != "":
		if s.Time, _ = http.ParseTime(date); s.Time.IsZero() {
			s.Time, _ = time.Parse(timeFormat, date)
		}
	default:
		bad.Sentences = append(bad.Sentences, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if stamp != "" && s.Time.IsZero() {
		bad.Sentences = append(bad.Sentences, "Date must be in ISO-8601 'basic format'. Got '"+stamp+"'.")
	}
	if found["Credential"] != "" && !s.credential(found["Credential"]) {
		bad.Sentences = append(bad.Sentences, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '"+found["Credential"]+"'.")
	}
	s.Hex = found["Signature"]
	s.SignedHeaders = splitHeaders(found["SignedHeaders"])
	s.Token = r.Header.Get("X-Amz-Security-Token")
	if bad.Sentences != nil {
		return s, bad
	}
	return s, nil
}

func parseQuery(q url.Values) (*Signature, error) {
	s := &Signature{Presigned: true, Hex: q.Get("X-Amz-Signature"), Token: q.Get("X-Amz-Security-Token")}
	s.SignedHeaders = splitHeaders(q.Get("X-Amz-SignedHeaders"))
	bad := &MalformedError{Presigned: true}
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"} {
		if q.Get(name) == "" {
			bad.Sentences = []string{"Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."}
		}
	}
	known := s.credential(q.Get("X-Amz-Credential"))
	s.Time, _ = time.Parse(timeFormat, q.Get("X-Amz-Date"))
	seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
	s.Expires = time.Duration(max(0, min(seconds, maxExpires+1))) * time.Second
	if bad.Sentences == nil {
		switch {
		case q.Get("X-Amz-Algorithm") != algorithm:
			bad.Sentences = []string{"X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""}
		case !known:
			bad.Sentences = []string{"Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."}
		case s.Time.IsZero():
			bad.Sentences = []string{"X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""}
		case err != nil:
			bad.Sentences = []string{"X-Amz-Expires should be a number"}
		case seconds < 0:
			bad.Sentences = []string{"X-Amz-Expires must be non-negative"}
		case seconds > maxExpires:
			bad.Sentences = []string{"X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds"}
		}
	}
	if bad.Sentences != nil {
		return s, bad
	}
	return s, nil
}

const maxExpires = 604800 // seconds: a week

func (s *Signature) credential(c string) bool {
	p := strings.Split(c, "/")
	if n := len(p); n > 5 { // an access key may hold a slash
		p = append([]string{strings.Join(p[:n-4], "/")}, p[n-4:]...)
	}
	if len(p) != 5 {
		s.Key = p[0]
		return false
	}
	s.Key, s.Date, s.Region, s.Service = p[0], p[1], p[2], p[3]
	return p[4] == "aws4_request"
}

func splitHeaders(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.ToLower(s), ";")
}
