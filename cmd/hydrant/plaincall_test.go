package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// A plain call is signed for its service, made again when the service could not answer, and tells a refusal
// in the service's words.
func TestPlainCall(t *testing.T) {
	replies := []struct {
		status int
		body   string
	}{{500, `{}`}, {200, `{"Table":{"Name":"trips"}}`}, {400, `{"__type":"EntityNotFoundException","message":"no table"}`}}
	var seen []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if a := r.Header.Get("Authorization"); !strings.Contains(a, "Credential=KEY/") || !strings.Contains(a, "/eu-west-1/glue/aws4_request") {
			t.Errorf("signed as %s", a)
		}
		seen = append(seen, r.Header.Get("X-Amz-Target")+" "+string(body))
		reply := replies[len(seen)-1]
		w.WriteHeader(reply.status)
		io.WriteString(w, reply.body)
	}))
	defer srv.Close()
	cfg := aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(srv.URL + "/"), HTTPClient: srv.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("KEY", "secret", ""),
	}
	get := plainCall{service: "glue", target: "AWSGlue.GetTable"}
	var out struct{ Table struct{ Name string } }
	if err := get.do(t.Context(), cfg, map[string]string{"Name": "trips"}, &out); err != nil || out.Table.Name != "trips" {
		t.Errorf("%+v, %v", out, err)
	}
	err := get.do(t.Context(), cfg, nil, &out)
	if err == nil || !strings.Contains(err.Error(), "EntityNotFoundException: no table") {
		t.Error(err)
	}
	want := `AWSGlue.GetTable {"Name":"trips"}`
	if len(seen) != 3 || seen[0] != want || seen[1] != want {
		t.Errorf("%q", seen)
	}
	t.Setenv("AWS_ENDPOINT_URL_GLUE", "http://elsewhere")
	if got := get.endpoint(cfg); got != "http://elsewhere" {
		t.Error(got)
	}
	cfg.BaseEndpoint = nil
	if got := get.endpoint(cfg); got != "https://glue.eu-west-1.amazonaws.com" {
		t.Error(got)
	}
}
