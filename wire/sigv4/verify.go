package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a request may say of its payload in X-Amz-Content-Sha256, instead of a hash.
const (
	UnsignedPayload         = "UNSIGNED-PAYLOAD"
	StreamingPayload        = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	StreamingPayloadTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	StreamingUnsigned       = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

var (
	// ErrUnsigned: the request bears no signature.
	ErrUnsigned = errors.New("sigv4: the request is not signed")
	// ErrUnknownKey: nobody knows the access key.
	ErrUnknownKey = errors.New("sigv4: unknown access key")
	// ErrExpired: a presigned URL is past its time.
	ErrExpired = errors.New("sigv4: the presigned URL has expired")
	// ErrTwice: the request is signed both in its query and in a header.
	ErrTwice = errors.New("sigv4: two signatures")
)

// MismatchError: the signature is not the one we compute. It carries what we computed it from, which
// is what a client needs to find its mistake.
type MismatchError struct {
	Signature    *Signature
	StringToSign string
	Canonical    string
}

func (e *MismatchError) Error() string { return "sigv4: the signature does not match" }

// SkewError: the request was made too long ago, or in the future.
type SkewError struct {
	Signed, Now time.Time
	Allowed     time.Duration
}

func (e *SkewError) Error() string {
	s, n := e.Signed.Format(timeFormat), e.Now.UTC().Format(timeFormat)
	minutes := int(e.Allowed / time.Minute)
	if e.Signed.Before(e.Now) {
		return fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %d min.)",
			s, e.Now.UTC().Add(-e.Allowed).Format(timeFormat), n, minutes)
	}
	return fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %d min.)",
		s, e.Now.UTC().Add(e.Allowed).Format(timeFormat), n, minutes)
}

// UnsignedHeadersError: S3 refuses x-amz headers that the signature does not cover.
type UnsignedHeadersError struct{ Names []string }

func (e *UnsignedHeadersError) Error() string {
	return "sigv4: headers present that were not signed: " + strings.Join(e.Names, ", ")
}

// Check is what verification needs beside the request.
type Check struct {
	// Secret is the secret of an access key; token is the session's, or "".
	Secret func(key, token string) (secret string, ok bool)
	Now    time.Time
	// PayloadHash is the hex SHA-256 of the body, for requests that do not state it themselves.
	PayloadHash string
}

// Verify checks the signature of a request: the body only as far as PayloadHash and the
// X-Amz-Content-Sha256 header speak for it. It returns the errors above, or a *MalformedError.
func Verify(r *http.Request, c Check) (*Signature, error) {
	query := r.URL.Query()
	if query.Has("X-Amz-Algorithm") && r.Header.Get("Authorization") != "" {
		return nil, ErrTwice
	}
	s, err := Parse(r, query)
	if err != nil {
		return s, err
	}
	if s == nil {
		return nil, ErrUnsigned
	}
	secret, ok := c.Secret(s.Key, s.Token)
	if !ok {
		return s, ErrUnknownKey
	}
	if err := s.checkTime(c.Now); err != nil {
		return s, err
	}
	canonical := s.canonical(r, query, s.payloadHash(r, query, c))
	toSign := s.stringToSign(algorithm, hexSum(canonical))
	want := hex.EncodeToString(sign(s.key(secret), toSign))
	if !hmac.Equal([]byte(want), []byte(s.Hex)) {
		return s, &MismatchError{Signature: s, StringToSign: toSign, Canonical: canonical}
	}
	if names := s.unsigned(r); names != nil {
		return s, &UnsignedHeadersError{Names: names}
	}
	return s, nil
}

func (s *Signature) checkTime(now time.Time) error {
	if s.Presigned {
		if s.Expired(now) {
			return ErrExpired
		}
		if s.Time.After(now.Add(15 * time.Minute)) {
			return &SkewError{Signed: s.Time, Now: now, Allowed: 15 * time.Minute}
		}
		return nil
	}
	allowed := 5 * time.Minute
	if s.Service == "s3" || s.Service == "sts" {
		allowed = 15 * time.Minute
	}
	if now.Sub(s.Time).Abs() > allowed {
		return &SkewError{Signed: s.Time, Now: now, Allowed: allowed}
	}
	return nil
}

// payloadHash is the last line of the canonical request.
func (s *Signature) payloadHash(r *http.Request, query url.Values, c Check) string {
	if h := r.Header.Get("X-Amz-Content-Sha256"); h != "" {
		return h
	}
	if s.Presigned && s.Service == "s3" {
		if h := query.Get("X-Amz-Content-Sha256"); h != "" {
			return h
		}
		return UnsignedPayload
	}
	return c.PayloadHash
}

func (s *Signature) stringToSign(algorithm string, rest ...string) string {
	return algorithm + "\n" + s.Time.UTC().Format(timeFormat) + "\n" + s.Scope() + "\n" + strings.Join(rest, "\n")
}

// key is the signing key: the secret, narrowed to the scope.
func (s *Signature) key(secret string) []byte {
	k := sign([]byte("AWS4"+secret), s.Date)
	k = sign(k, s.Region)
	k = sign(k, s.Service)
	return sign(k, "aws4_request")
}

func sign(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// canonical is the request as both sides write it down before signing.
func (s *Signature) canonical(r *http.Request, query url.Values, payloadHash string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n")
	b.WriteString(s.canonicalPath(r) + "\n")
	b.WriteString(s.canonicalQuery(query) + "\n")
	for _, name := range s.SignedHeaders {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(s.SignedHeaders, ";") + "\n" + payloadHash)
	return b.String()
}

// canonicalPath: S3 signs the path as it is sent; everybody else cleans it and encodes it once more.
func (s *Signature) canonicalPath(r *http.Request) string {
	p := r.URL.EscapedPath()
	if p == "" {
		return "/"
	}
	if s.Service == "s3" {
		return p
	}
	clean := path.Clean(p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return encode(clean, true)
}

func (s *Signature) canonicalQuery(query url.Values) string {
	pairs := make([]string, 0, len(query))
	for k, values := range query {
		if k == "X-Amz-Signature" {
			continue
		}
		for _, v := range values {
			// A byte below every encoded one between name and value sorts by name first.
			pairs = append(pairs, encode(k, false)+"\x00"+encode(v, false))
		}
	}
	slices.Sort(pairs)
	return strings.ReplaceAll(strings.Join(pairs, "&"), "\x00", "=")
}

// encode is RFC 3986's percent-encoding.
func encode(s string, keepSlash bool) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9',
			c == '-', c == '_', c == '.', c == '~', c == '/' && keepSlash:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}

func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		if r.Header.Get(name) == "" && r.ContentLength >= 0 {
			return strconv.FormatInt(r.ContentLength, 10)
		}
	case "transfer-encoding":
		return strings.Join(r.TransferEncoding, ",")
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == '\t' }), " ")
	}
	return strings.Join(values, ",")
}

// unsigned lists headers S3 wants signed and that are not.
func (s *Signature) unsigned(r *http.Request) (names []string) {
	if !slices.Contains(s.SignedHeaders, "host") {
		names = append(names, "host")
	}
	if s.Service != "s3" {
		return names
	}
	for k := range r.Header {
		k = strings.ToLower(k)
		if strings.HasPrefix(k, "x-amz-") && k != "x-amz-content-sha256" && !slices.Contains(s.SignedHeaders, k) {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	return names
}
