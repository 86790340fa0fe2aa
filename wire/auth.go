package wire

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/sigv4"
)

type signature = sigv4.Signature

// readSignature learns who calls and from which Region. Whether that is true is authenticate's.
func (x *exchange) readSignature() {
	x.sig, x.sigErr = sigv4.Parse(x.r, x.queryValues())
	if x.sig != nil {
		x.call.AccessKey = x.sig.Key
		if isRegion(x.sig.Region) {
			x.scope.Region = x.sig.Region
		}
		if isAccount(x.sig.Key) {
			x.scope.Account = x.sig.Key
		} else if x.s.Account != nil {
			x.scope.Account = x.s.Account(x.sig.Key, x.sig.Token)
		}
	}
	x.scope = x.scope.Or()
}

// isRegion keeps names that are none out of ARNs and keys.
func isRegion(s string) bool {
	return len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// isAccount: a 12-digit access key is the account itself.
func isAccount(key string) bool {
	return len(key) == 12 && strings.Trim(key, "0123456789") == ""
}

// signed: requests must be signed, and the signatures are verified.
func (s *Server) signed() bool { return s.Keys != nil || s.Secret != nil }

// secret is the secret of an access key.
func (s *Server) secret(key, token string) (string, bool) {
	secret, ok := s.Keys[key]
	if !ok && s.Secret != nil {
		return s.Secret(key, token)
	}
	return secret, ok
}

// authenticate checks the signature where keys are configured. Without them only presigned URLs are
// looked at: their expiry is a promise to whoever handed them out.
func (x *exchange) authenticate() error {
	if !x.s.signed() {
		switch {
		case x.sig == nil || !x.sig.Presigned:
			return nil
		case x.sigErr != nil:
			return x.authFault(x.sigErr)
		case x.sig.Expired(x.s.Now()):
			return x.authFault(sigv4.ErrExpired)
		}
		return nil
	}
	c := sigv4.Check{Now: x.s.Now(), Secret: x.s.secret}
	stated := x.r.Header.Get("X-Amz-Content-Sha256")
	if x.svc.Protocol == RESTXML {
		if x.sig != nil && !x.sig.Presigned && stated == "" {
			return hydrant.Faultf("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
		}
	} else {
		// Everything but objects is small enough to be read before it is believed.
		if err := x.readBody(); err != nil {
			return err
		}
		c.PayloadHash = hex.EncodeToString(x.bodySum[:])
	}
	sig, err := sigv4.Verify(x.r, c)
	switch {
	case err != nil:
		return x.authFault(err)
	case sig.Service != x.svc.Signing:
		return x.authFault(&scopeError{want: x.svc.Signing})
	case c.PayloadHash != "" && stated != "" && stated != c.PayloadHash:
		return x.authFault(&sigv4.MismatchError{Signature: sig})
	}
	return nil
}

// scopeError: signed for another service.
type scopeError struct{ want string }

func (e *scopeError) Error() string {
	return "Credential should be scoped to correct service: '" + e.want + "'. "
}

// authFault words an error of package sigv4 as the protocol does.
func (x *exchange) authFault(err error) error {
	switch {
	case x.svc.Protocol == RESTXML && errors.Is(err, sigv4.ErrExpired):
		return objectAuthFault(err).
			WithField("X-Amz-Expires", strconv.Itoa(int(x.sig.Expires.Seconds()))).
			WithField("Expires", x.sig.Time.Add(x.sig.Expires).Format(time.RFC3339)).
			WithField("ServerTime", x.s.Now().UTC().Format(time.RFC3339))
	case x.svc.Protocol == RESTXML:
		return objectAuthFault(err)
	case x.svc.Protocol == Query:
		return queryAuthFault(err)
	case x.svc.Protocol == RESTJSON:
		return jsonAuthFault(err).WithStatus(http.StatusForbidden)
	default:
		return jsonAuthFault(err)
	}
}

const mismatchText = "The request signature we calculated does not match the signature you provided. Check your "

// jsonAuthFault: the layer before the service answers, not the service; all it says is HTTP 400.
func jsonAuthFault(err error) *hydrant.Fault {
	var malformed *sigv4.MalformedError
	var skew *sigv4.SkewError
	var scope *scopeError
	switch {
	case errors.Is(err, sigv4.ErrUnsigned):
		return hydrant.Faultf("MissingAuthenticationTokenException", "Missing Authentication Token")
	case errors.Is(err, sigv4.ErrUnknownKey):
		return hydrant.Faultf("UnrecognizedClientException", "The security token included in the request is invalid.")
	case errors.Is(err, sigv4.ErrTwice):
		return hydrant.Faultf("InvalidSignatureException", "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
	case errors.Is(err, sigv4.ErrExpired):
		return hydrant.Faultf("InvalidSignatureException", "Signature expired.")
	case errors.As(err, &malformed):
		return hydrant.Faultf("IncompleteSignatureException", "%s", malformed.Error())
	case errors.As(err, &skew):
		return hydrant.Faultf("InvalidSignatureException", "%s", skew.Error())
	case errors.As(err, &scope):
		return hydrant.Faultf("InvalidSignatureException", "%s", scope.Error())
	default:
		return hydrant.Faultf("InvalidSignatureException", mismatchText+
			"AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
}

// queryAuthFault: the same sentences under the query services' older names.
func queryAuthFault(err error) *hydrant.Fault {
	f := jsonAuthFault(err).WithStatus(http.StatusForbidden)
	switch f.Code {
	case "MissingAuthenticationTokenException":
		f.Code = "MissingAuthenticationToken"
	case "UnrecognizedClientException":
		f.Code = "InvalidClientTokenId"
	case "IncompleteSignatureException":
		f.Code, f.Status = "IncompleteSignature", http.StatusBadRequest
	default:
		f.Code = "SignatureDoesNotMatch"
	}
	return f
}

// objectAuthFault: S3 tells most, down to what it signed.
func objectAuthFault(err error) *hydrant.Fault {
	var malformed *sigv4.MalformedError
	var skew *sigv4.SkewError
	var mismatch *sigv4.MismatchError
	var scope *scopeError
	var headers *sigv4.UnsignedHeadersError
	f := &hydrant.Fault{Code: "AccessDenied", Message: "Access Denied", Status: http.StatusForbidden}
	switch {
	case errors.Is(err, sigv4.ErrExpired):
		f.Message = "Request has expired"
	case errors.Is(err, sigv4.ErrUnknownKey):
		f.Code, f.Message = "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
	case errors.Is(err, sigv4.ErrTwice):
		return hydrant.Faultf("InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "+
			"Signature query string parameter or the Authorization header should be specified")
	case errors.As(err, &headers):
		f.Message = "There were headers present in the request which were not signed"
		return f.WithField("HeadersNotSigned", strings.Join(headers.Names, ", "))
	case errors.As(err, &malformed):
		code := "AuthorizationHeaderMalformed"
		if malformed.Presigned {
			code = "AuthorizationQueryParametersError"
		}
		return hydrant.Faultf(code, "%s", strings.Join(malformed.Sentences, " "))
	case errors.As(err, &scope):
		return hydrant.Faultf("AuthorizationHeaderMalformed",
			"The authorization header is malformed; incorrect service. This endpoint belongs to \"%s\".", scope.want)
	case errors.As(err, &skew):
		f.Code, f.Message = "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."
		return f.WithField("RequestTime", skew.Signed.UTC().Format("20060102T150405Z")).
			WithField("ServerTime", skew.Now.UTC().Format(time.RFC3339)).
			WithField("MaxAllowedSkewMilliseconds", strconv.FormatInt(skew.Allowed.Milliseconds(), 10))
	case errors.As(err, &mismatch):
		f.Code, f.Message = "SignatureDoesNotMatch", mismatchText+"key and signing method."
		return f.WithField("AWSAccessKeyId", mismatch.Signature.Key).
			WithField("SignatureProvided", mismatch.Signature.Hex).
			WithField("StringToSign", mismatch.StringToSign).
			WithField("StringToSignBytes", hexBytes(mismatch.StringToSign)).
			WithField("CanonicalRequest", mismatch.Canonical).
			WithField("CanonicalRequestBytes", hexBytes(mismatch.Canonical))
	}
	return f
}

// hexBytes is s as S3 shows bytes: "41 57 53".
func hexBytes(s string) string {
	b := make([]byte, 0, 3*len(s))
	for i := range len(s) {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, "0123456789abcdef"[s[i]>>4], "0123456789abcdef"[s[i]&15])
	}
	return string(b)
}
