package s3_test

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestPutGet(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	in := &sdk.PutObjectInput{
		Bucket: aws.String("lake"), Key: aws.String("year=2016/a b+c:d.txt"), Body: strings.NewReader("hello"),
		ContentType: aws.String("text/plain"), ContentEncoding: aws.String("gzip"), CacheControl: aws.String("no-store"),
		ContentDisposition: aws.String("inline"), ContentLanguage: aws.String("de"), Metadata: map[string]string{"Color": "blue"},
		Tagging: aws.String("a=1&b=x%20y"), StorageClass: types.StorageClassStandardIa,
	}
	out := must(c.PutObject(ctx, in))(t)
	if aws.ToString(out.ETag) != `"5d41402abc4b2a76b9719d911017c592"` || out.ChecksumType != "FULL_OBJECT" || aws.ToString(out.ChecksumCRC32) != "NhCmhg==" {
		t.Errorf("put: %s %s %s", aws.ToString(out.ETag), out.ChecksumType, aws.ToString(out.ChecksumCRC32))
	}
	file, err := os.ReadFile(filepath.Join(h.root, "lake", "year=2016", "a b+c:d.txt"))
	if err != nil || string(file) != "hello" {
		t.Errorf("file %q, %v", file, err)
	}
	h.restart()
	c = h.client("us-east-1", "test")
	body, got := read(t, c, &sdk.GetObjectInput{Key: in.Key, ChecksumMode: types.ChecksumModeEnabled})
	if body != "hello" || aws.ToInt64(got.ContentLength) != 5 || aws.ToString(got.ETag) != aws.ToString(out.ETag) || aws.ToString(got.ContentType) != "text/plain" ||
		aws.ToString(got.ContentEncoding) != "gzip" || aws.ToString(got.CacheControl) != "no-store" || aws.ToString(got.ContentDisposition) != "inline" ||
		aws.ToString(got.ContentLanguage) != "de" || got.Metadata["color"] != "blue" || aws.ToInt32(got.TagCount) != 2 || got.StorageClass != "STANDARD_IA" ||
		aws.ToString(got.ChecksumCRC32) != "NhCmhg==" || time.Since(*got.LastModified) > time.Minute {
		t.Errorf("got %q %+v", body, got)
	}
	head := must(c.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: in.Bucket, Key: in.Key}))(t)
	if aws.ToInt64(head.ContentLength) != 5 || aws.ToString(head.ETag) != aws.ToString(out.ETag) || aws.ToString(head.ChecksumCRC32) != "" {
		t.Errorf("head %+v", head)
	}
	body, got = read(t, c, &sdk.GetObjectInput{Key: in.Key, ResponseContentType: aws.String("x/y"), ResponseCacheControl: aws.String("max-age=1")})
	if body != "hello" || aws.ToString(got.ContentType) != "x/y" || aws.ToString(got.CacheControl) != "max-age=1" {
		t.Errorf("overrides: %+v", got)
	}

	// The bare form: no checksum asked for, default content type.
	if resp, _ := h.do("PUT", "/lake/bare", "x"); resp.StatusCode != 200 || resp.Header.Get("X-Amz-Checksum-Crc64nvme") == "" {
		t.Errorf("bare put: %v", resp)
	}
	resp, text := h.do("GET", "/lake/bare", "")
	if text != "x" || resp.Header.Get("Content-Type") != "binary/octet-stream" || resp.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("bare get: %q %v", text, resp.Header)
	}
	_, err = c.GetObject(ctx, &sdk.GetObjectInput{Bucket: in.Bucket, Key: aws.String("none")})
	want(t, err, "NoSuchKey")
	_, err = c.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: in.Bucket, Key: aws.String("none")})
	want(t, err, "NotFound")
	_, err = c.GetObject(ctx, &sdk.GetObjectInput{Bucket: aws.String("none"), Key: aws.String("none")})
	want(t, err, "NoSuchBucket")
	_, err = h.client("us-east-1", "222222222222").GetObject(ctx, &sdk.GetObjectInput{Bucket: in.Bucket, Key: in.Key})
	want(t, err, "AccessDenied")
	_, text = h.do("GET", "/lake/none%3Cx", "")
	if !strings.Contains(text, "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>none&lt;x</Key><RequestId>") {
		t.Errorf("error document %s", text)
	}
}

func TestRefusals(t *testing.T) {
	h := newHouse(t)
	h.lake()
	md5sum := md5.Sum([]byte("other"))
	for _, c := range []struct {
		name   string
		status int
		code   string
		header []string
	}{
		{"key too long", 400, "KeyTooLongError", nil},
		{"md5 form", 400, "InvalidDigest", []string{"Content-MD5", "abc"}},
		{"md5", 400, "BadDigest", []string{"Content-MD5", base64.StdEncoding.EncodeToString(md5sum[:])}},
		{"crc form", 400, "InvalidRequest", []string{"x-amz-checksum-crc32", "!"}},
		{"crc", 400, "BadDigest", []string{"x-amz-checksum-crc32", "AAAAAA=="}},
		{"two sums", 400, "InvalidRequest", []string{"x-amz-checksum-crc32", "AAAAAA==", "x-amz-checksum-crc32c", "AAAAAA=="}},
		{"xxhash", 501, "NotImplemented", []string{"x-amz-checksum-xxhash3", "AAAAAAAAAAA="}},
		{"xxhash trailer", 400, "InvalidRequest", []string{"x-amz-trailer", "x-amz-checksum-xxhash3"}},
		{"metadata", 400, "MetadataTooLarge", []string{"x-amz-meta-a", strings.Repeat("x", 2048)}},
		{"tags", 400, "BadRequest", []string{"x-amz-tagging", "a&b&c&d&e&f&g&h&i&j&k"}},
		{"tag twice", 400, "InvalidArgument", []string{"x-amz-tagging", "a=1&a=2"}},
		{"acl", 400, "AccessControlListNotSupported", []string{"x-amz-acl", "public-read"}},
		{"customer key", 501, "NotImplemented", []string{"x-amz-server-side-encryption-customer-algorithm", "AES256"}},
		{"lock", 400, "InvalidRequest", []string{"x-amz-object-lock-mode", "GOVERNANCE"}},
		{"class", 400, "InvalidStorageClass", []string{"x-amz-storage-class", "CHEAP"}},
		{"if-none-match", 501, "NotImplemented", []string{"If-None-Match", `"abc"`}},
		{"if-match", 404, "NoSuchKey", []string{"If-Match", `"abc"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := "k"
			if c.code == "KeyTooLongError" {
				key = strings.Repeat("k", 1025)
			}
			resp, body := h.do("PUT", "/lake/"+key, "body", c.header...)
			if resp.StatusCode != c.status || !strings.Contains(body, "<Code>"+c.code+"</Code>") {
				t.Errorf("%d %s", resp.StatusCode, body)
			}
			if resp, _ := h.do("HEAD", "/lake/k", ""); resp.StatusCode != 404 {
				t.Errorf("a refused object is there: %d", resp.StatusCode)
			}
		})
	}
}

func TestChecksums(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	sums := map[types.ChecksumAlgorithm]string{ // of "123456789"
		types.ChecksumAlgorithmCrc32: "y/Q5Jg==", types.ChecksumAlgorithmCrc32c: "4waSgw==", types.ChecksumAlgorithmCrc64nvme: "rosUhgp5mIg=",
		types.ChecksumAlgorithmSha1: "98O8HYCOBHMq32eZZczDTKeuNEE=", types.ChecksumAlgorithmSha256: "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
	}
	pick := func(out *sdk.GetObjectOutput) map[types.ChecksumAlgorithm]string {
		return map[types.ChecksumAlgorithm]string{
			types.ChecksumAlgorithmCrc32: aws.ToString(out.ChecksumCRC32), types.ChecksumAlgorithmCrc32c: aws.ToString(out.ChecksumCRC32C),
			types.ChecksumAlgorithmCrc64nvme: aws.ToString(out.ChecksumCRC64NVME), types.ChecksumAlgorithmSha1: aws.ToString(out.ChecksumSHA1),
			types.ChecksumAlgorithmSha256: aws.ToString(out.ChecksumSHA256),
		}
	}
	for alg, sum := range sums {
		// With the header the client computes or, for CRC64NVME, one set by hand.
		in := &sdk.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String(string(alg)), Body: strings.NewReader("123456789"), ChecksumAlgorithm: alg}
		if alg == types.ChecksumAlgorithmCrc64nvme {
			in.ChecksumCRC64NVME = aws.String(sum)
		}
		must(c.PutObject(ctx, in))(t)
		_, out := read(t, c, &sdk.GetObjectInput{Key: aws.String(string(alg)), ChecksumMode: types.ChecksumModeEnabled})
		for a, got := range pick(out) {
			if a == alg && got != sum || a != alg && got != "" {
				t.Errorf("%s: %s is %q", alg, a, got)
			}
		}
		attrs := must(c.GetObjectAttributes(ctx, &sdk.GetObjectAttributesInput{Bucket: aws.String("lake"), Key: aws.String(string(alg)),
			ObjectAttributes: []types.ObjectAttributes{"ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"}}))(t)
		if aws.ToInt64(attrs.ObjectSize) != 9 || attrs.StorageClass != "STANDARD" || attrs.Checksum == nil || attrs.Checksum.ChecksumType != "FULL_OBJECT" ||
			attrs.ObjectParts != nil || aws.ToString(attrs.ETag) != "25f9e794323b453885f5181f1b624d0b" {
			t.Errorf("%s attributes %+v", alg, attrs)
		}
	}
}

// TestTrailer: a checksum that comes after the body, in aws-chunked coding.
func TestTrailer(t *testing.T) {
	h := newHouse(t)
	h.lake()
	send := func(sum string) *http.Response {
		body := "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" + sum + "\r\n\r\n"
		resp, _ := h.do("PUT", "/lake/k", body, "Content-Encoding", "gzip,aws-chunked", "X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
			"X-Amz-Decoded-Content-Length", "5", "X-Amz-Trailer", "x-amz-checksum-crc32")
		return resp
	}
	if resp := send("AAAAAA=="); resp.StatusCode != 400 {
		t.Errorf("wrong trailer: %d", resp.StatusCode)
	}
	if resp, _ := h.do("HEAD", "/lake/k", ""); resp.StatusCode != 404 {
		t.Errorf("wrong trailer was written: %d", resp.StatusCode)
	}
	if resp := send("NhCmhg=="); resp.StatusCode != 200 || resp.Header.Get("X-Amz-Checksum-Crc32") != "NhCmhg==" {
		t.Errorf("trailer: %v", resp)
	}
	resp, body := h.do("GET", "/lake/k", "", "Accept-Encoding", "identity")
	if body != "hello" || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%q %v", body, resp.Header)
	}
}

// TestVirtualHost: SDKs put the bucket into the host unless told otherwise.
func TestVirtualHost(t *testing.T) {
	h := newHouse(t)
	h.lake()
	server := h.web.Listener.Addr()
	_, port, err := net.SplitHostPort(server.String())
	if err != nil {
		t.Fatal(err)
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.String())
	}
	web := &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	c := h.client("us-east-1", "test", func(o *sdk.Options) {
		o.UsePathStyle, o.HTTPClient, o.BaseEndpoint = false, web, aws.String("http://localhost:"+port)
	})
	put(t, c, "a b/k", "hello")
	if body, _ := read(t, c, &sdk.GetObjectInput{Key: aws.String("a b/k")}); body != "hello" {
		t.Errorf("got %q", body)
	}
	l := must(c.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: aws.String("lake")}))(t)
	if len(l.Contents) != 1 || *l.Contents[0].Key != "a b/k" {
		t.Errorf("listed %+v", l.Contents)
	}
}

func TestTLS(t *testing.T) {
	h := newHouse(t)
	h.web.Close()
	h.jnl.Close()
	h.store.Close()
	h.start(true)
	c := h.lake() // over TLS the SDK sends its checksum in a trailer
	out := must(c.PutObject(ctx, &sdk.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("k"), Body: io.MultiReader(strings.NewReader("hel"), strings.NewReader("lo")), ContentLength: aws.Int64(5)}))(t)
	if aws.ToString(out.ChecksumCRC32) != "NhCmhg==" {
		t.Errorf("put %+v", out)
	}
	if body, _ := read(t, c, &sdk.GetObjectInput{Key: aws.String("k")}); body != "hello" {
		t.Errorf("got %q", body)
	}
}

func TestRanges(t *testing.T) {
	h := newHouse(t)
	h.lake()
	h.do("PUT", "/lake/k", "0123456789")
	h.do("PUT", "/lake/empty", "")
	for _, c := range []struct {
		key, spec string
		status    int
		body      string
		cr        string
	}{
		{"k", "bytes=0-3", 206, "0123", "bytes 0-3/10"},
		{"k", "bytes=4-", 206, "456789", "bytes 4-9/10"},
		{"k", "bytes=8-100", 206, "89", "bytes 8-9/10"},
		{"k", "bytes=-3", 206, "789", "bytes 7-9/10"},
		{"k", "bytes=-30", 206, "0123456789", "bytes 0-9/10"},
		{"k", "bytes=0-1,3-4", 200, "0123456789", ""},
		{"k", "bytes=5-3", 200, "0123456789", ""},
		{"k", "bytes=a-b", 200, "0123456789", ""},
		{"k", "lines=0-1", 200, "0123456789", ""},
		{"k", "bytes=10-", 416, "<ActualObjectSize>10</ActualObjectSize>", ""},
		{"k", "bytes=-0", 416, "<RangeRequested>bytes=-0</RangeRequested>", ""},
		{"empty", "bytes=0-1", 416, "InvalidRange", ""},
	} {
		resp, body := h.do("GET", "/lake/"+c.key, "", "Range", c.spec)
		if resp.StatusCode != c.status || resp.Header.Get("Content-Range") != c.cr || c.status < 400 && body != c.body || !strings.Contains(body, c.body) {
			t.Errorf("%s: %d %q %q", c.spec, resp.StatusCode, resp.Header.Get("Content-Range"), body)
		}
		resp, _ = h.do("HEAD", "/lake/"+c.key, "", "Range", c.spec)
		if resp.StatusCode != c.status || c.status < 400 && resp.ContentLength != int64(len(c.body)) {
			t.Errorf("HEAD %s: %d, length %d", c.spec, resp.StatusCode, resp.ContentLength)
		}
	}
	resp, body := h.do("GET", "/lake/k?partNumber=1", "")
	if resp.StatusCode != 206 || body != "0123456789" || resp.Header.Get("X-Amz-Mp-Parts-Count") != "" {
		t.Errorf("part 1: %d %q", resp.StatusCode, body)
	}
	if resp, body := h.do("GET", "/lake/k?partNumber=2", ""); resp.StatusCode != 416 || !strings.Contains(body, "InvalidPartNumber") {
		t.Errorf("part 2: %d %q", resp.StatusCode, body)
	}
}

func TestConditions(t *testing.T) {
	h := newHouse(t)
	h.lake()
	h.do("PUT", "/lake/k", "hello")
	const tag, old, future = `"5d41402abc4b2a76b9719d911017c592"`, "Mon, 02 Jan 2006 15:04:05 GMT", "Mon, 02 Jan 2996 15:04:05 GMT"
	for _, c := range []struct {
		header []string
		status int
	}{
		{[]string{"If-Match", tag}, 200},
		{[]string{"If-Match", `"x"`}, 412},
		{[]string{"If-Match", "*"}, 200},
		{[]string{"If-None-Match", tag}, 304},
		{[]string{"If-None-Match", `"x", ` + tag}, 304},
		{[]string{"If-None-Match", `"x"`}, 200},
		{[]string{"If-Modified-Since", old}, 200},
		{[]string{"If-Modified-Since", future}, 304},
		{[]string{"If-Unmodified-Since", old}, 412},
		{[]string{"If-Unmodified-Since", future}, 200},
		{[]string{"If-Match", tag, "If-Unmodified-Since", old}, 200},
		{[]string{"If-None-Match", `"x"`, "If-Modified-Since", future}, 200},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			if resp, body := h.do(method, "/lake/k", "", c.header...); resp.StatusCode != c.status || c.status == 304 && body != "" {
				t.Errorf("%s %v: %d %q", method, c.header, resp.StatusCode, body)
			}
		}
	}
	for _, c := range []struct {
		key    string
		header []string
		status int
		text   string
	}{
		{"k", []string{"If-None-Match", "*"}, 412, "<Condition>If-None-Match</Condition>"},
		{"new", []string{"If-None-Match", "*"}, 200, ""},
		{"k", []string{"If-Match", `"x"`}, 412, "<Condition>If-Match</Condition>"},
		{"k", []string{"If-Match", tag}, 200, ""},
	} {
		if resp, body := h.do("PUT", "/lake/"+c.key, "hello", c.header...); resp.StatusCode != c.status || !strings.Contains(body, c.text) {
			t.Errorf("PUT %s %v: %d %s", c.key, c.header, resp.StatusCode, body)
		}
	}
}

func TestCopy(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	must(c.PutObject(ctx, &sdk.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("a b/ü"), Body: strings.NewReader("hello"),
		ContentType: aws.String("text/plain"), Metadata: map[string]string{"m": "1"}, Tagging: aws.String("t=1"), ChecksumAlgorithm: types.ChecksumAlgorithmSha256}))(t)
	copyTo := func(key string, edit func(*sdk.CopyObjectInput)) (*sdk.CopyObjectOutput, error) {
		in := &sdk.CopyObjectInput{Bucket: aws.String("lake"), Key: aws.String(key), CopySource: aws.String("lake/a%20b/%C3%BC")}
		if edit != nil {
			edit(in)
		}
		return c.CopyObject(ctx, in)
	}
	out := must(copyTo("same", nil))(t)
	sum := sha256.Sum256([]byte("hello"))
	if aws.ToString(out.CopyObjectResult.ETag) != `"5d41402abc4b2a76b9719d911017c592"` || aws.ToString(out.CopyObjectResult.ChecksumSHA256) != base64.StdEncoding.EncodeToString(sum[:]) {
		t.Errorf("copy %+v", out.CopyObjectResult)
	}
	body, got := read(t, c, &sdk.GetObjectInput{Key: aws.String("same")})
	if body != "hello" || aws.ToString(got.ContentType) != "text/plain" || got.Metadata["m"] != "1" || aws.ToInt32(got.TagCount) != 1 {
		t.Errorf("copied %q %+v", body, got)
	}
	must(copyTo("new", func(in *sdk.CopyObjectInput) {
		in.MetadataDirective, in.TaggingDirective = "REPLACE", "REPLACE"
		in.ContentType, in.Metadata, in.Tagging = aws.String("x/y"), map[string]string{"n": "2"}, aws.String("u=1&v=2")
	}))(t)
	body, got = read(t, c, &sdk.GetObjectInput{Key: aws.String("new")})
	if body != "hello" || aws.ToString(got.ContentType) != "x/y" || got.Metadata["m"] != "" || got.Metadata["n"] != "2" || aws.ToInt32(got.TagCount) != 2 {
		t.Errorf("replaced %q %+v", body, got)
	}
	_, err := copyTo("a b/ü", nil)
	want(t, err, "InvalidRequest")
	_, err = copyTo("a b/ü", func(in *sdk.CopyObjectInput) { in.MetadataDirective, in.ContentType = "REPLACE", aws.String("q/q") })
	want(t, err, "")
	_, err = copyTo("x", func(in *sdk.CopyObjectInput) { in.CopySource = aws.String("lake/none") })
	want(t, err, "NoSuchKey")
	_, err = copyTo("x", func(in *sdk.CopyObjectInput) { in.CopySource = aws.String("none/none") })
	want(t, err, "NoSuchBucket")
	_, err = copyTo("x", func(in *sdk.CopyObjectInput) { in.CopySourceIfMatch = aws.String("abc") })
	want(t, err, "PreconditionFailed")
	_, err = copyTo("same", func(in *sdk.CopyObjectInput) { in.IfNoneMatch = aws.String("*") })
	want(t, err, "PreconditionFailed")
}

func TestTagging(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	put(t, c, "k", "x")
	key := &sdk.GetObjectTaggingInput{Bucket: aws.String("lake"), Key: aws.String("k")}
	tags := func() string {
		var s []string
		for _, tag := range must(c.GetObjectTagging(ctx, key))(t).TagSet {
			s = append(s, *tag.Key+"="+*tag.Value)
		}
		return strings.Join(s, " ")
	}
	set := func(kv ...string) error {
		in := &sdk.PutObjectTaggingInput{Bucket: key.Bucket, Key: key.Key, Tagging: &types.Tagging{TagSet: []types.Tag{}}}
		for i := 0; i < len(kv); i += 2 {
			in.Tagging.TagSet = append(in.Tagging.TagSet, types.Tag{Key: &kv[i], Value: &kv[i+1]})
		}
		_, err := c.PutObjectTagging(ctx, in)
		return err
	}
	want(t, set("b", "2", "a", "1"), "")
	if got := tags(); got != "a=1 b=2" {
		t.Errorf("tags %q", got)
	}
	want(t, set("a", "1", "a", "2"), "InvalidTag")
	want(t, set("aws:x", "1"), "InvalidTag")
	want(t, set("a", strings.Repeat("v", 257)), "InvalidTag")
	h.restart()
	c = h.client("us-east-1", "test")
	if got := tags(); got != "a=1 b=2" {
		t.Errorf("tags after a restart %q", got)
	}
	must(c.DeleteObjectTagging(ctx, &sdk.DeleteObjectTaggingInput{Bucket: key.Bucket, Key: key.Key}))(t)
	if got := tags(); got != "" {
		t.Errorf("tags %q", got)
	}
	key.Key = aws.String("none")
	_, err := c.GetObjectTagging(ctx, key)
	want(t, err, "NoSuchKey")
}

func TestDelete(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	for _, k := range []string{"a", "a/b", "c", "d<&>"} {
		put(t, c, k, k)
	}
	must(c.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: aws.String("lake"), Key: aws.String("a")}))(t)
	must(c.DeleteObject(ctx, &sdk.DeleteObjectInput{Bucket: aws.String("lake"), Key: aws.String("a")}))(t)
	remove := func(quiet bool, keys ...string) *sdk.DeleteObjectsOutput {
		d := &types.Delete{Quiet: aws.Bool(quiet)}
		for _, k := range keys {
			d.Objects = append(d.Objects, types.ObjectIdentifier{Key: aws.String(k)})
		}
		return must(c.DeleteObjects(ctx, &sdk.DeleteObjectsInput{Bucket: aws.String("lake"), Delete: d}))(t)
	}
	if out := remove(false, "c", "d<&>", "none"); len(out.Deleted) != 3 || *out.Deleted[1].Key != "d<&>" || len(out.Errors) != 0 {
		t.Errorf("%+v", out)
	}
	if out := remove(true, "none"); len(out.Deleted) != 0 {
		t.Errorf("quiet: %+v", out)
	}
	l := must(c.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: aws.String("lake")}))(t)
	if len(l.Contents) != 1 || *l.Contents[0].Key != "a/b" {
		t.Errorf("left: %+v", l.Contents)
	}
	doc := "<Delete><Object><Key>a/b</Key></Object></Delete>"
	sum := base64.StdEncoding.EncodeToString(crcBytes(doc))
	for _, c := range []struct {
		body   string
		header []string
		code   string
	}{
		{doc, nil, "InvalidRequest"},
		{doc, []string{"x-amz-checksum-crc32", "AAAAAA=="}, "BadDigest"},
		{"<Delete>", []string{"x-amz-checksum-crc32", base64.StdEncoding.EncodeToString(crcBytes("<Delete>"))}, "MalformedXML"},
		{doc, []string{"x-amz-checksum-crc32", sum}, ""},
	} {
		resp, body := h.do("POST", "/lake?delete", c.body, c.header...)
		if ok := resp.StatusCode == 200; ok != (c.code == "") || !strings.Contains(body, c.code) {
			t.Errorf("%v: %d %s", c.header, resp.StatusCode, body)
		}
	}
}

func crcBytes(s string) []byte {
	h := crc32.NewIEEE()
	io.WriteString(h, s)
	return h.Sum(nil)
}

func TestListing(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	for _, k := range []string{"a", "a-b", "a/1", "a/2", "a/b/3", "sp ace/ü+%", "z"} {
		put(t, c, k, k)
	}
	v2 := func(in sdk.ListObjectsV2Input) (keys string) {
		in.Bucket = aws.String("lake")
		for {
			out := must(c.ListObjectsV2(ctx, &in))(t)
			if int(*out.KeyCount) != len(out.Contents)+len(out.CommonPrefixes) {
				t.Errorf("KeyCount %d", *out.KeyCount)
			}
			for _, o := range out.Contents {
				keys += *o.Key + ","
			}
			for _, p := range out.CommonPrefixes {
				keys += *p.Prefix + ","
			}
			if !*out.IsTruncated {
				return strings.TrimSuffix(keys, ",")
			}
			in.ContinuationToken = out.NextContinuationToken
		}
	}
	v1 := func(in sdk.ListObjectsInput) (keys string) {
		in.Bucket = aws.String("lake")
		for {
			out := must(c.ListObjects(ctx, &in))(t)
			last := ""
			for _, o := range out.Contents {
				keys, last = keys+*o.Key+",", *o.Key
				if o.Owner == nil {
					t.Error("no owner")
				}
			}
			for _, p := range out.CommonPrefixes {
				keys += *p.Prefix + ","
			}
			if !*out.IsTruncated {
				return strings.TrimSuffix(keys, ",")
			}
			in.Marker = aws.String(last)
			if aws.ToString(in.Delimiter) != "" {
				in.Marker = out.NextMarker
			}
		}
	}
	for _, c := range []struct{ prefix, delimiter, after, want string }{
		{"", "", "", "a,a-b,a/1,a/2,a/b/3,sp ace/ü+%,z"},
		{"", "/", "", "a,a-b,a/,sp ace/,z"},
		{"a/", "/", "", "a/1,a/2,a/b/"},
		{"a", "", "a-b", "a/1,a/2,a/b/3"},
		{"nothing", "", "", ""},
	} {
		in := sdk.ListObjectsV2Input{Prefix: aws.String(c.prefix), Delimiter: aws.String(c.delimiter), StartAfter: aws.String(c.after)}
		in1 := sdk.ListObjectsInput{Prefix: in.Prefix, Delimiter: in.Delimiter, Marker: in.StartAfter, MaxKeys: aws.Int32(1)}
		one := in
		one.MaxKeys = aws.Int32(1)
		if got := v2(one); got != c.want {
			t.Errorf("v2 by one %+v: %s", c, got)
		}
		if got := v1(in1); got != c.want {
			t.Errorf("v1 by one %+v: %s", c, got)
		}
		if c.delimiter == "" {
			if got := v2(in); got != c.want {
				t.Errorf("v2 %+v: %s", c, got)
			}
		}
	}
	_, body := h.do("GET", "/lake?list-type=2&encoding-type=url&prefix=sp", "")
	if !strings.Contains(body, "<Key>sp%20ace/%C3%BC%2B%25</Key>") || !strings.Contains(body, "<Prefix>sp</Prefix>") || !strings.Contains(body, "<StorageClass>STANDARD</StorageClass>") {
		t.Errorf("%s", body)
	}
	if resp, body := h.do("GET", "/lake?list-type=2&encoding-type=hex", ""); resp.StatusCode != 400 || !strings.Contains(body, "Invalid Encoding Method specified in Request") {
		t.Errorf("%s", body)
	}
	if _, body := h.do("GET", "/lake?list-type=2&max-keys=0", ""); !strings.Contains(body, "<MaxKeys>0</MaxKeys>") || strings.Contains(body, "<Contents>") {
		t.Errorf("%s", body)
	}
	out := must(c.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: aws.String("lake"), FetchOwner: aws.Bool(true)}))(t)
	if out.Contents[0].Owner == nil || aws.ToString(out.Contents[0].ETag) != `"0cc175b9c0f1b6a831c399e269772661"` || out.Contents[0].ChecksumType != "FULL_OBJECT" {
		t.Errorf("%+v", out.Contents[0])
	}
}

func TestPresigned(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	p := sdk.NewPresignClient(c)
	up := must(p.PresignPutObject(ctx, &sdk.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("a b/k")}))(t)
	if resp, body := h.do(up.Method, strings.TrimPrefix(up.URL, h.url), "presigned"); resp.StatusCode != 200 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	down := must(p.PresignGetObject(ctx, &sdk.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("a b/k"), ResponseContentType: aws.String("x/y")}))(t)
	resp, body := h.do(down.Method, strings.TrimPrefix(down.URL, h.url), "")
	if body != "presigned" || resp.Header.Get("Content-Type") != "x/y" {
		t.Errorf("%q %v", body, resp.Header)
	}
}

// TestOneWriter: of concurrent conditional writers one wins, through the whole way.
func TestOneWriter(t *testing.T) {
	h := newHouse(t)
	h.lake()
	var wg sync.WaitGroup
	won := make(chan string, 8)
	for i := range 8 {
		wg.Go(func() {
			body := fmt.Sprint("writer ", i)
			resp, _ := h.do("PUT", "/lake/k", body, "If-None-Match", "*")
			if resp.StatusCode == 200 {
				sum := md5.Sum([]byte(body))
				won <- hex.EncodeToString(sum[:])
			} else if resp.StatusCode != 412 {
				t.Errorf("status %d", resp.StatusCode)
			}
		})
	}
	wg.Wait()
	close(won)
	resp, _ := h.do("HEAD", "/lake/k", "")
	if len(won) != 1 || resp.Header.Get("ETag") != `"`+<-won+`"` {
		t.Errorf("not one winner: %s", resp.Header.Get("ETag"))
	}
}
