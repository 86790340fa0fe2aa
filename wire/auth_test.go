package wire_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/hydrant-stream/hydrant/wire"
	"github.com/hydrant-stream/hydrant/wire/sigv4"
)

func decodeFault(t *testing.T, body string) map[string]string {
	t.Helper()
	m := map[string]string{}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return m
}

func locked(c *wire.Config) { c.Keys = map[string]string{"AKIDEXAMPLE": "s3cr3t/+"} }

func TestKeys(t *testing.T) {
	h := open(t, locked)
	for _, c := range []struct{ name, key, secret, json, query, rest, object string }{
		{"right", "AKIDEXAMPLE", "s3cr3t/+", "", "", "", ""},
		{"unknown key", "AKIDOTHER", "x", "UnrecognizedClientException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"},
		{"wrong secret", "AKIDEXAMPLE", "x", "InvalidSignatureException", "SignatureDoesNotMatch", "InvalidSignatureException", "SignatureDoesNotMatch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := h.client(c.key, c.secret)
			check := func(what string, err error, code string) {
				t.Helper()
				if code == "" {
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
					return
				}
				wantCode(t, err, code, "")
			}
			_, err := kinesis.NewFromConfig(cfg).GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: aws.String("i")})
			check("kinesis", err, c.json)
			_, err = iam.NewFromConfig(cfg).TagRole(t.Context(), &iam.TagRoleInput{RoleName: aws.String("r"),
				Tags: []iamtypes.Tag{{Key: aws.String("a b"), Value: aws.String("+&=")}}})
			check("iam", err, c.query)
			_, err = lambda.NewFromConfig(cfg).Invoke(t.Context(), &lambda.InvokeInput{
				FunctionName: aws.String("arn:aws:lambda:x:0:function:f"), Payload: []byte("{}"), InvocationType: lambdatypes.InvocationTypeEvent})
			check("lambda", err, c.rest)
			objects := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
			_, err = objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("a b/ü+c"), Body: strings.NewReader("body")})
			check("s3", err, c.object)
			_, err = objects.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("lake"), Prefix: aws.String("a b/")})
			check("s3 list", err, c.object)
		})
	}
}

// Keys of sessions come and go: they are asked for, token and all.
func TestSessionKeys(t *testing.T) {
	h := open(t, func(c *wire.Config) {
		c.Secret = func(key, token string) (string, bool) { return "passing", key == "ASIA" && token == "tok" }
	})
	for token, code := range map[string]string{"tok": "", "other": "UnrecognizedClientException"} {
		cfg := h.client("", "")
		cfg.Credentials = credentials.NewStaticCredentialsProvider("ASIA", "passing", token)
		_, err := kinesis.NewFromConfig(cfg).GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: aws.String("i")})
		if code == "" && err != nil {
			t.Errorf("%s: %v", token, err)
		} else if code != "" {
			wantCode(t, err, code, "")
		}
	}
}

func TestUnsignedIsRefused(t *testing.T) {
	h := open(t, locked)
	resp, body := ask(t, h, "POST /\nContent-Type: application/x-amz-json-1.1\nX-Amz-Target: Kinesis_20131202.GetRecords\n\n{}")
	if f := decodeFault(t, body); resp.StatusCode != 400 || f["__type"] != "MissingAuthenticationTokenException" || f["message"] != "Missing Authentication Token" {
		t.Errorf("json: %d %v", resp.StatusCode, f)
	}
	resp, body = ask(t, h, "POST /\nContent-Type: application/x-www-form-urlencoded\n\nAction=GetCallerIdentity&Version=2011-06-15")
	if resp.StatusCode != 403 || !strings.Contains(body, "<Code>MissingAuthenticationToken</Code>") {
		t.Errorf("query: %d %s", resp.StatusCode, body)
	}
	resp, body = ask(t, h, "GET /lake/key")
	if resp.StatusCode != 403 || !strings.Contains(body, "<Code>AccessDenied</Code><Message>Access Denied</Message>") {
		t.Errorf("s3: %d %s", resp.StatusCode, body)
	}
	resp, body = ask(t, h, "GET /2015-03-31/functions")
	if resp.StatusCode != 403 || resp.Header.Get("X-Amzn-Errortype") != "MissingAuthenticationTokenException" {
		t.Errorf("lambda: %d %s", resp.StatusCode, body)
	}
}

func TestPresigned(t *testing.T) {
	for _, keys := range []bool{true, false} {
		now := time.Now()
		h := open(t, func(c *wire.Config) {
			if keys {
				locked(c)
			}
			c.Now = func() time.Time { return now }
		})
		c := s3.NewPresignClient(s3.NewFromConfig(h.client("AKIDEXAMPLE", "s3cr3t/+"), func(o *s3.Options) { o.UsePathStyle = true }))
		put, err := c.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("a b")}, s3.WithPresignExpires(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		send := func() (int, string) {
			r, _ := http.NewRequest("PUT", put.URL, strings.NewReader("presigned"))
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, _ := io.ReadAll(resp.Body)
			return resp.StatusCode, string(b)
		}
		if status, body := send(); status != 200 || string(h.objects.blobs["lake/a b"]) != "presigned" {
			t.Errorf("keys %v: %d %s", keys, status, body)
		}
		now = now.Add(2 * time.Minute)
		status, body := send()
		if status != 403 || !strings.Contains(body, "<Code>AccessDenied</Code><Message>Request has expired</Message>") || !strings.Contains(body, "<X-Amz-Expires>60</X-Amz-Expires>") {
			t.Errorf("keys %v, after its time: %d %s", keys, status, body)
		}
	}
}

// chunkedPut uploads over TLS from a stream, which makes the SDK chunk the body with a trailer.
func TestTrailingChecksum(t *testing.T) {
	for _, change := range []func(*wire.Config){nil, locked} {
		h := open(t, change)
		cfg := h.client("AKIDEXAMPLE", "s3cr3t/+")
		// The SDK uses trailers over TLS only; the transport turns https back into our plain http.
		cfg.BaseEndpoint = aws.String(strings.Replace(h.URL, "http://127.0.0.1", "https://localhost", 1))
		cfg.HTTPClient = &http.Client{Transport: plainly(strings.TrimPrefix(h.URL, "http://"))}
		c := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
		body := bytes.Repeat([]byte("0123456789"), 20000)
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("k"),
			Body: io.MultiReader(bytes.NewReader(body)), ContentLength: aws.Int64(int64(len(body))), ContentEncoding: aws.String("gzip")},
			s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware))
		if err != nil {
			t.Fatal(err)
		}
		got := h.objects.puts[0]
		if !bytes.Equal(h.objects.blobs["lake/k"], body) || got.Length != int64(len(body)) || got.ContentEncoding != "gzip" || !got.trailed {
			t.Errorf("got %d bytes, %+v", len(h.objects.blobs["lake/k"]), got)
		}
	}
}

type plainly string

func (to plainly) RoundTrip(r *http.Request) (*http.Response, error) {
	c := r.Clone(r.Context())
	if c.Host == "" {
		c.Host = r.URL.Host
	}
	c.URL.Scheme, c.URL.Host = "http", string(to)
	return http.DefaultTransport.RoundTrip(c)
}

func TestBodyMustMatchItsHash(t *testing.T) {
	h := open(t, locked)
	sign := func(stated string) *http.Request {
		r, _ := http.NewRequest("PUT", h.URL+"/lake/k", strings.NewReader("body"))
		r.Header.Set("X-Amz-Content-Sha256", stated)
		s := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		creds, _ := h.client("AKIDEXAMPLE", "s3cr3t/+").Credentials.Retrieve(context.Background())
		if err := s.SignHTTP(t.Context(), creds, r, stated, "s3", "eu-west-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		return r
	}
	resp, err := http.DefaultClient.Do(sign(strings.Repeat("00", 32)))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != 400 || !strings.Contains(string(b), "XAmzContentSHA256Mismatch") || len(h.objects.puts) != 0 {
		t.Errorf("got %d %s", resp.StatusCode, b)
	}
}

// An upload whose chunks are signed one by one is taken, and one changed byte refuses it.
func TestSignedChunks(t *testing.T) {
	h := open(t, locked)
	now := time.Now().UTC().Truncate(time.Second)
	put := func(sent string) (int, string) {
		r, _ := http.NewRequest("PUT", h.URL+"/lake/k", nil)
		r.Header.Set("X-Amz-Content-Sha256", sigv4.StreamingPayload)
		r.Header.Set("Content-Encoding", "aws-chunked")
		r.Header.Set("X-Amz-Decoded-Content-Length", "5")
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		creds := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "s3cr3t/+"}
		if err := signer.SignHTTP(t.Context(), creds, r, sigv4.StreamingPayload, "s3", "eu-west-1", now); err != nil {
			t.Fatal(err)
		}
		sig, err := sigv4.Parse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		// Sign the chunks as a client does, by hand.
		last, body := sig.Hex, ""
		for i, chunk := range []string{"hello", ""} {
			toSign := strings.Join([]string{"AWS4-HMAC-SHA256-PAYLOAD", now.Format("20060102T150405Z"), sig.Scope(), last, sha(""), sha(chunk)}, "\n")
			key := []byte("AWS4s3cr3t/+")
			for _, part := range []string{sig.Date, "eu-west-1", "s3", "aws4_request"} {
				key = mac(key, part)
			}
			last = hex.EncodeToString(mac(key, toSign))
			body += fmt.Sprintf("%x;chunk-signature=%s\r\n%s\r\n", len(chunk), last, []string{sent, ""}[i])
		}
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if status, body := put("hellO"); status != 403 || !strings.Contains(body, "<Code>SignatureDoesNotMatch</Code>") || len(h.objects.puts) != 0 {
		t.Errorf("a changed chunk: %d %s", status, body)
	}
	if status, body := put("hello"); status != 200 || string(h.objects.blobs["lake/k"]) != "hello" {
		t.Errorf("%d %s", status, body)
	}
}

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func TestBrokenUploads(t *testing.T) {
	h := open(t, nil)
	for _, c := range []struct{ name, headers, body, code string }{
		{"not chunked", "X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER", "hello", "InvalidRequest"},
		{"cut short", "X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER", "5\r\nhel", "IncompleteBody"},
		{"not the length", "Content-Encoding: aws-chunked\nX-Amz-Decoded-Content-Length: 7", "5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"},
		{"no length", "Content-Encoding: aws-chunked\nX-Amz-Decoded-Content-Length: x", "5\r\nhello\r\n0\r\n\r\n", "InvalidArgument"},
	} {
		resp, body := ask(t, h, "PUT /lake/k\n"+c.headers+"\n\n"+c.body)
		if resp.StatusCode != 400 || !strings.Contains(body, "<Code>"+c.code+"</Code>") {
			t.Errorf("%s: %d %s", c.name, resp.StatusCode, body)
		}
	}
	if len(h.objects.puts) != 0 {
		t.Error("a broken upload was stored")
	}
}

// One port answers HTTP/1.1, with Expect: 100-continue, and HTTP/2 in clear text.
func TestHTTPServer(t *testing.T) {
	store := &objects{blobs: map[string][]byte{}, meta: map[string]putObjectIn{}}
	srv := wire.NewHTTPServer(wire.NewServer(wire.Config{Services: []wire.Service{store.wire()}}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	defer func() {
		srv.Close()
		<-done
	}()
	for _, h2 := range []bool{false, true} {
		p := new(http.Protocols)
		p.SetHTTP1(!h2)
		p.SetUnencryptedHTTP2(h2)
		c := &http.Client{Transport: &http.Transport{Protocols: p, ExpectContinueTimeout: time.Minute}}
		r, _ := http.NewRequest("PUT", "http://"+l.Addr().String()+"/lake/k", strings.NewReader("body"))
		r.Header.Set("Expect", "100-continue")
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 || resp.ProtoMajor != map[bool]int{false: 1, true: 2}[h2] || string(store.blobs["lake/k"]) != "body" {
			t.Errorf("h2 %v: %d %s", h2, resp.StatusCode, resp.Proto)
		}
		c.CloseIdleConnections()
	}
}
