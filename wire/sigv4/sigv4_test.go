package sigv4

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var (
	keys = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: "tok/en=="}
	made = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

func secrets(key, _ string) (string, bool) { return keys.SecretAccessKey, key == keys.AccessKeyID }

func hashOf(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// arrive is r as the server sees it: written and read again.
func arrive(t *testing.T, r *http.Request) *http.Request {
	t.Helper()
	var wire bytes.Buffer
	out := r.Clone(t.Context())
	out.Body, _ = r.GetBody()
	if err := out.Write(&wire); err != nil {
		t.Fatal(err)
	}
	in, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestVerifyHeader(t *testing.T) {
	for _, c := range []struct{ name, service, url string }{
		{"kinesis", "kinesis", "http://localhost:4566/"},
		{"no path", "kinesis", "http://localhost:4566"},
		{"lambda", "lambda", "http://localhost:4566/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A0%3Afunction%3Af/invocations?Qualifier=%24LATEST"},
		{"trailing slash", "lambda", "http://localhost/2015-03-31/functions/?MaxItems=5&Marker=a%2Fb"},
		{"query order", "lambda", "http://localhost/x?b=2&a=1&a=0&a-b=3&c"},
		{"s3", "s3", "http://localhost:4566/lake/a%20b/c%2Bd//e~f.txt?partNumber=1&uploadId=x%3D"},
		{"s3 sub-resource", "s3", "http://lake.localhost:4566/?list-type=2&prefix=a%20b%2F&delimiter=%2F"},
		{"s3 unicode", "s3", "http://localhost:4566/lake/%C3%BC%F0%9F%9A%95"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := `{"StreamName":"trips"}`
			r, _ := http.NewRequest("POST", c.url, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			r.Header.Set("X-Amz-Meta-Spaces", "  a   b  ")
			r.Header.Set("Expect", "100-continue")
			if c.service == "s3" {
				r.Header.Set("X-Amz-Content-Sha256", hashOf(body))
			}
			s := signer.NewSigner(func(o *signer.SignerOptions) { o.DisableURIPathEscaping = c.service == "s3" })
			if err := s.SignHTTP(t.Context(), keys, r, hashOf(body), c.service, "eu-west-1", made); err != nil {
				t.Fatal(err)
			}
			check := Check{Secret: secrets, Now: made.Add(4 * time.Minute), PayloadHash: hashOf(body)}
			in := arrive(t, r)
			sig, err := Verify(in, check)
			if err != nil {
				var m *MismatchError
				errors.As(err, &m)
				t.Fatalf("%v\n%+v", err, m)
			}
			if sig.Key != "AKIDEXAMPLE" || sig.Region != "eu-west-1" || sig.Service != c.service || sig.Token != "tok/en==" {
				t.Errorf("read %+v", sig)
			}

			refused := func(what string, change func(r *http.Request, c *Check)) {
				t.Helper()
				in, c := arrive(t, r), check
				change(in, &c)
				if _, err := Verify(in, c); err == nil {
					t.Errorf("taken with %s", what)
				}
			}
			refused("another method", func(r *http.Request, _ *Check) { r.Method = "PUT" })
			refused("another path", func(r *http.Request, _ *Check) { r.URL.Path, r.URL.RawPath = "/other", "" })
			refused("another query", func(r *http.Request, _ *Check) { r.URL.RawQuery += "&x=y" })
			refused("another host", func(r *http.Request, _ *Check) { r.Host = "evil" })
			refused("another signed header", func(r *http.Request, _ *Check) { r.Header.Set("X-Amz-Meta-Spaces", "c") })
			refused("another secret", func(_ *http.Request, c *Check) {
				c.Secret = func(_, _ string) (string, bool) { return "other", true }
			})
			refused("an unknown key", func(_ *http.Request, c *Check) {
				c.Secret = func(_, _ string) (string, bool) { return "", false }
			})
			refused("a body that changed", func(r *http.Request, c *Check) {
				c.PayloadHash = hashOf("other")
				if r.Header.Get("X-Amz-Content-Sha256") != "" {
					r.Header.Set("X-Amz-Content-Sha256", hashOf("other"))
				}
			})
			refused("a late arrival", func(_ *http.Request, c *Check) { c.Now = made.Add(16 * time.Minute) })
			refused("an early arrival", func(_ *http.Request, c *Check) { c.Now = made.Add(-16 * time.Minute) })
			refused("another date", func(r *http.Request, _ *Check) {
				r.Header.Set("X-Amz-Date", made.Add(time.Second).Format(timeFormat))
			})
			refused("no signature", func(r *http.Request, _ *Check) { r.Header.Del("Authorization") })
		})
	}
}

func TestVerifyPresigned(t *testing.T) {
	r, _ := http.NewRequest("GET", "http://localhost:4566/lake/a%20b?X-Amz-Expires=60&versionId=x", nil)
	s := signer.NewSigner(func(o *signer.SignerOptions) { o.DisableURIPathEscaping = true })
	signed, _, err := s.PresignHTTP(t.Context(), keys, r, UnsignedPayload, "s3", "eu-west-1", made)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(signed)
	get := func() *http.Request {
		in := httptest.NewRequest("GET", u.RequestURI(), nil)
		in.Host = u.Host
		return in
	}
	check := Check{Secret: secrets, Now: made.Add(59 * time.Second)}
	if _, err := Verify(get(), check); err != nil {
		t.Fatal(err)
	}
	check.Now = made.Add(61 * time.Second)
	if _, err := Verify(get(), check); !errors.Is(err, ErrExpired) {
		t.Errorf("after its time: %v", err)
	}
	check.Now = made
	in := get()
	in.Header.Set("X-Amz-Acl", "public-read")
	var unsigned *UnsignedHeadersError
	if _, err := Verify(in, check); !errors.As(err, &unsigned) || unsigned.Names[0] != "x-amz-acl" {
		t.Errorf("with a header that was not signed: %v", err)
	}
	in = get()
	in.Header.Set("Authorization", "AWS4-HMAC-SHA256 x")
	if _, err := Verify(in, check); !errors.Is(err, ErrTwice) {
		t.Errorf("signed twice: %v", err)
	}
	in = get()
	q := in.URL.Query()
	q.Set("X-Amz-Expires", "604800")
	in.URL.RawQuery = q.Encode()
	var mismatch *MismatchError
	if _, err := Verify(in, check); !errors.As(err, &mismatch) {
		t.Errorf("with a longer life: %v", err)
	}
}

// The example of the S3 reference: 66560 bytes of 'a' in chunks of 64 KiB.
func TestChunks(t *testing.T) {
	sig := &Signature{Key: "AKIAIOSFODNN7EXAMPLE", Date: "20130524", Region: "us-east-1", Service: "s3",
		Time: time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC),
		Hex:  "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"}
	c := sig.Chunks("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
	for i, chunk := range []struct {
		n   int
		sig string
	}{
		{65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"},
		{1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"},
		{0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"},
	} {
		sum := sha256.Sum256(bytes.Repeat([]byte("a"), chunk.n))
		if err := c.Chunk(sum, chunk.sig); err != nil {
			t.Errorf("chunk %d: %v", i, err)
		}
	}
	if err := c.Chunk(sha256.Sum256(nil), strings.Repeat("0", 64)); err == nil {
		t.Error("a wrong signature was taken")
	}
}

func TestParseMalformed(t *testing.T) {
	for _, c := range []struct{ header, date, want string }{
		{"AWS4-HMAC-SHA256 ", "", "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. " +
			"Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " +
			"Authorization=AWS4-HMAC-SHA256 "},
		{"AWS4-HMAC-SHA256 Credential=a/20260102/r/s/aws4_request, Signature=x", "20260102T030405Z",
			"Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256 Credential=a/20260102/r/s/aws4_request, Signature=x"},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Authorization", c.header)
		if c.date != "" {
			r.Header.Set("X-Amz-Date", c.date)
		}
		if _, err := Parse(r, nil); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	r := httptest.NewRequest("GET", "/?X-Amz-Signature=x", nil)
	if _, err := Parse(r, r.URL.Query()); err == nil || !strings.HasPrefix(err.Error(), "Query-string authentication version 4 requires the X-Amz-Algorithm") {
		t.Errorf("got %v", err)
	}
}

func TestSkewText(t *testing.T) {
	now := time.Date(2024, 10, 8, 20, 4, 40, 0, time.UTC)
	e := &SkewError{Signed: time.Date(2024, 10, 8, 19, 55, 22, 0, time.UTC), Now: now, Allowed: 5 * time.Minute}
	if want := "Signature expired: 20241008T195522Z is now earlier than 20241008T195940Z (20241008T200440Z - 5 min.)"; e.Error() != want {
		t.Errorf("got  %s\nwant %s", e, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=a/20260102/r/s/aws4_request, SignedHeaders=host, Signature=x", "20260102T030405Z", "X-Amz-Credential=a/b/c/d/e&X-Amz-Expires=1")
	f.Fuzz(func(t *testing.T, header, date, query string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		r.Header.Set("Authorization", header)
		r.Header.Set("X-Amz-Date", date)
		if _, err := Verify(r, Check{Secret: secrets, Now: made}); err == nil || err.Error() == "" {
			t.Errorf("a signature was guessed: %v", err)
		}
	})
}
