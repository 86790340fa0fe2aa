package wire_test

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant/wire"
)

// FuzzServer: whatever a request says, the server answers, and no panic is behind the answer.
func FuzzServer(f *testing.F) {
	f.Add("POST", "/", "", "application/x-amz-json-1.1", "Kinesis_20131202.PutRecords", "", []byte(`{"Records":[{"Data":"","PartitionKey":""}]}`))
	f.Add("POST", "/", "", "application/x-amz-cbor-1.1", "Kinesis_20131202.GetRecords", "", []byte("\xa1\x6dShardIterator\x61i"))
	f.Add("POST", "/", "", "application/x-www-form-urlencoded", "", "", []byte("Action=TagRole&Version=2010-05-08&Tags.member.1.Key=k"))
	f.Add("PUT", "/lake/a%2Fb", "x-id=y&uploads", "", "", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", []byte("1\r\nx\r\n0\r\na:b\r\n\r\n"))
	f.Add("GET", "/lake", "list-type=2&max-keys=3&X-Amz-Credential=a/b/c/s3/aws4_request&X-Amz-Expires=1", "", "", "", []byte{})
	f.Add("POST", "/2015-03-31/functions/f/invocations", "Qualifier=1", "", "", "", []byte("{}"))
	f.Add("POST", "/service/Kinesis_20131202/operation/GetRecords", "", "application/cbor", "", "", []byte("\xbf\xff"))
	f.Fuzz(func(t *testing.T, method, path, query, contentType, target, sha string, body []byte) {
		o := &objects{blobs: map[string][]byte{}, meta: map[string]putObjectIn{}, config: map[string]string{}}
		var log bytes.Buffer
		s := wire.NewServer(wire.Config{
			Services: []wire.Service{(&stream{}).wire(), functions(), o.wire(), identity(), roles()},
			Log:      slog.New(slog.NewTextHandler(&log, nil)),
		})
		r := httptest.NewRequest("GET", "/", bytes.NewReader(body))
		r.Method = method
		p, err := url.PathUnescape(path)
		if err != nil || strings.Contains(string(body), "panic") {
			return
		}
		r.URL = &url.URL{Path: p, RawPath: path, RawQuery: query}
		for k, v := range map[string]string{"Content-Type": contentType, "X-Amz-Target": target, "X-Amz-Content-Sha256": sha} {
			if v != "" {
				r.Header.Set(k, v)
			}
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code < 100 || w.Code >= 600 || strings.Contains(log.String(), "panic") {
			t.Fatalf("%d: %s", w.Code, log.String())
		}
		if w.Header().Get("X-Amzn-Requestid") == "" && w.Header().Get("X-Amz-Request-Id") == "" {
			t.Errorf("%d without a request id", w.Code)
		}
	})
}
