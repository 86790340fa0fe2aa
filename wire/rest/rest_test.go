package rest

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type in struct {
	Bucket   string            `in:"path"`
	Key      string            `in:"path=Key"`
	Max      *int32            `in:"query=max-keys"`
	Prefix   *string           `in:"query=prefix"`
	Keys     []string          `in:"query=tagKeys"`
	Others   map[string]string `in:"query"`
	Since    *time.Time        `in:"header=If-Modified-Since"`
	Parts    []string          `in:"header=X-Amz-Object-Attributes"`
	Bypass   *bool             `in:"header=X-Amz-Bypass"`
	MD5      []byte            `in:"header=Content-MD5"`
	Metadata map[string]string `in:"headers=x-amz-meta-"`
	Length   int64             `in:"length"`
	Body     io.Reader         `in:"payload"`
}

func TestRequest(t *testing.T) {
	p := NewPlan(reflect.TypeFor[in]())
	if p.Body || p.Payload == nil || !p.Payload.Stream {
		t.Errorf("plan %+v", p)
	}
	var got in
	query, _ := url.ParseQuery("max-keys=7&prefix=&tagKeys=a&tagKeys=b&other=x")
	h := http.Header{"If-Modified-Since": {"Mon, 04 Apr 2016 19:58:46 GMT"}, "X-Amz-Object-Attributes": {"ETag, Checksum", "ObjectSize"},
		"X-Amz-Bypass": {"true"}, "Content-Md5": {"aGk="}, "X-Amz-Meta-Who": {"me"}, "X-Amz-Meta-": {"nobody"}}
	if err := p.Request(reflect.ValueOf(&got).Elem(), map[string]string{"Bucket": "lake", "Key": "a/b"}, query, h, 9); err != nil {
		t.Fatal(err)
	}
	seven, empty, yes, since := int32(7), "", true, time.Date(2016, 4, 4, 19, 58, 46, 0, time.UTC)
	want := in{Bucket: "lake", Key: "a/b", Max: &seven, Prefix: &empty, Keys: []string{"a", "b"}, Others: map[string]string{"other": "x"},
		Since: &since, Parts: []string{"ETag", "Checksum", "ObjectSize"}, Bypass: &yes, MD5: []byte("hi"), Metadata: map[string]string{"who": "me"}, Length: 9}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRequestRefuses(t *testing.T) {
	p := NewPlan(reflect.TypeFor[in]())
	for query, member := range map[string]string{"max-keys=x": "max-keys", "max-keys=3000000000": "max-keys"} {
		q, _ := url.ParseQuery(query)
		var e *Error
		if err := p.Request(reflect.ValueOf(new(in)).Elem(), nil, q, nil, 0); !errors.As(err, &e) || e.Member != member {
			t.Errorf("%s: %v", query, err)
		}
	}
	for name, value := range map[string]string{"If-Modified-Since": "yesterday", "X-Amz-Bypass": "perhaps", "Content-Md5": "!"} {
		if err := p.Request(reflect.ValueOf(new(in)).Elem(), nil, nil, http.Header{name: {value}}, 0); err == nil {
			t.Errorf("%s: %s was taken", name, value)
		}
	}
}

func TestReply(t *testing.T) {
	type out struct {
		Status   int               `in:"status"`
		ETag     string            `in:"header"`
		Empty    string            `in:"header"`
		Size     *int64            `in:"header=Content-Length"`
		None     *int64            `in:"header=X-None"`
		Modified time.Time         `in:"header=Last-Modified"`
		Until    time.Time         `in:"header=X-Until" timestamp:"iso8601"`
		Never    time.Time         `in:"header=X-Never"`
		Metadata map[string]string `in:"headers=x-amz-meta-"`
		Forged   string            `in:"header=X-Forged"`
		InBody   string
	}
	p := NewPlan(reflect.TypeFor[out]())
	size, at := int64(0), time.UnixMilli(1459799926480)
	h := http.Header{}
	status := p.Reply(reflect.ValueOf(out{Status: 206, ETag: `"e"`, Size: &size, Modified: at, Until: at, Metadata: map[string]string{"who": "me"},
		Forged: "a\r\nSet-Cookie: b"}), h)
	want := http.Header{"Etag": {`"e"`}, "Content-Length": {"0"}, "Last-Modified": {"Mon, 04 Apr 2016 19:58:46 GMT"}, "X-Until": {"2016-04-04T19:58:46.480Z"},
		"X-Amz-Meta-Who": {"me"}, "X-Forged": {"a  Set-Cookie: b"}}
	if d := cmp.Diff(want, h); d != "" || status != 206 || !p.Body {
		t.Errorf("status %d, body %v, %s", status, p.Body, d)
	}
}
