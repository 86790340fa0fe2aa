package s3

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// afterAll behind a prefix is greater than every key that begins with it; no key holds that byte.
const afterAll = "\xff"

// ListQuery is what both listings ask.
type ListQuery struct {
	BucketRef
	Prefix    string `in:"query=prefix"`
	Delimiter string `in:"query=delimiter"`
	MaxKeys   *int   `in:"query=max-keys"`
	Encoding  string `in:"query=encoding-type"`
}

// Object is an object in a listing.
type Object struct {
	Key               string
	LastModified      time.Time
	ETag              string
	ChecksumAlgorithm []string `xml:"ChecksumAlgorithm,flattened"`
	ChecksumType      string
	Size              int64
	StorageClass      string
	Owner             *Owner
}

// CommonPrefix stands for all keys that begin with it.
type CommonPrefix struct {
	Prefix string
}

// ListObjectsV2In is the input of ListObjectsV2.
type ListObjectsV2In struct {
	ListQuery
	ContinuationToken *string `in:"query=continuation-token"`
	StartAfter        string  `in:"query=start-after"`
	FetchOwner        bool    `in:"query=fetch-owner"`
}

// ListObjectsV2Out is the output of ListObjectsV2.
type ListObjectsV2Out struct {
	XMLName               struct{} `xml:"ListBucketResult"`
	Name                  string
	Prefix                *string
	Delimiter             string
	MaxKeys               int
	EncodingType          string
	KeyCount              int
	IsTruncated           bool
	ContinuationToken     *string
	NextContinuationToken string
	StartAfter            string
	Contents              []Object       `xml:"Contents,flattened"`
	CommonPrefixes        []CommonPrefix `xml:"CommonPrefixes,flattened"`
}

// ListObjectsV2 lists keys in byte order, rolled up at a delimiter.
//
//	Wire     GET /{Bucket}?list-type=2
//	Limits   maxPage
//	Order    each page is read as it is asked for: keys written meanwhile may be in it
func (s *Service) ListObjectsV2(ctx context.Context, in *ListObjectsV2In) (*ListObjectsV2Out, error) {
	after := in.StartAfter
	if in.ContinuationToken != nil {
		if *in.ContinuationToken == "" {
			return nil, invalidArgument("The continuation token provided is incorrect", "continuation-token", "")
		}
		var err error
		if after, err = readToken(*in.ContinuationToken); err != nil {
			return nil, err
		}
	}
	l, owner, err := s.list(ctx, &in.ListQuery, after)
	if err != nil {
		return nil, err
	}
	if !in.FetchOwner {
		owner = nil
	}
	enc := in.encoder()
	prefix := enc(in.Prefix)
	out := &ListObjectsV2Out{
		Name: in.Bucket, Prefix: &prefix, Delimiter: enc(in.Delimiter), MaxKeys: page(in.MaxKeys), EncodingType: in.Encoding,
		KeyCount: len(l.Objects) + len(l.Prefixes), IsTruncated: l.More, ContinuationToken: in.ContinuationToken,
		StartAfter: enc(in.StartAfter), Contents: objects(l, enc, owner), CommonPrefixes: commonPrefixes(l, enc),
	}
	if l.More {
		out.NextContinuationToken = token(l.Next)
	}
	return out, nil
}

// ListObjectsIn is the input of ListObjects.
type ListObjectsIn struct {
	ListQuery
	Marker string `in:"query=marker"`
}

// ListObjectsOut is the output of ListObjects.
type ListObjectsOut struct {
	XMLName        struct{} `xml:"ListBucketResult"`
	Name           string
	Prefix         *string
	Marker         *string
	NextMarker     string
	Delimiter      string
	MaxKeys        int
	EncodingType   string
	IsTruncated    bool
	Contents       []Object       `xml:"Contents,flattened"`
	CommonPrefixes []CommonPrefix `xml:"CommonPrefixes,flattened"`
}

// ListObjects is the first version of ListObjectsV2: it goes on after a key instead of by a token.
//
//	Wire     GET /{Bucket}
//	Limits   maxPage
func (s *Service) ListObjects(ctx context.Context, in *ListObjectsIn) (*ListObjectsOut, error) {
	after := in.Marker
	if in.rollsUp(after) {
		after += afterAll
	}
	l, owner, err := s.list(ctx, &in.ListQuery, after)
	if err != nil {
		return nil, err
	}
	enc := in.encoder()
	prefix, marker := enc(in.Prefix), enc(in.Marker)
	out := &ListObjectsOut{
		Name: in.Bucket, Prefix: &prefix, Marker: &marker, Delimiter: enc(in.Delimiter), MaxKeys: page(in.MaxKeys),
		EncodingType: in.Encoding, IsTruncated: l.More, Contents: objects(l, enc, owner), CommonPrefixes: commonPrefixes(l, enc),
	}
	if l.More && in.Delimiter != "" {
		out.NextMarker = enc(strings.TrimSuffix(l.Next, afterAll))
	}
	return out, nil
}

// rollsUp reports whether a marker was a common prefix: what it stands for is not to be listed again.
func (q *ListQuery) rollsUp(marker string) bool {
	return q.Delimiter != "" && strings.HasSuffix(marker, q.Delimiter) && strings.HasPrefix(marker, q.Prefix) && len(marker) > len(q.Prefix)
}

func (s *Service) list(ctx context.Context, q *ListQuery, after string) (blob.Listing, *Owner, error) {
	b, err := s.bucket(ctx, &q.BucketRef)
	if err != nil {
		return blob.Listing{}, nil, err
	}
	if q.Encoding != "" && q.Encoding != "url" {
		return blob.Listing{}, nil, invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", q.Encoding)
	}
	if q.MaxKeys != nil && *q.MaxKeys < 0 {
		return blob.Listing{}, nil, invalidArgument("Argument maxKeys must be an integer between 0 and 2147483647", "maxKeys", "")
	}
	n := page(q.MaxKeys)
	if n == 0 {
		return blob.Listing{}, nil, nil
	}
	l, err := s.store.List(ctx, q.Bucket, blob.ListPage{Prefix: q.Prefix, After: after, Delimiter: q.Delimiter, Max: n})
	return l, ownerOf(b.Account), asFault(err, q.Bucket, "")
}

// page is how many items a page holds: as many as asked for, up to maxPage.
func page(asked *int) int {
	if asked == nil {
		return maxPage
	}
	return max(0, min(*asked, maxPage))
}

func objects(l blob.Listing, enc func(string) string, owner *Owner) []Object {
	var out []Object
	for i := range l.Objects {
		o := &l.Objects[i]
		item := Object{Key: enc(o.Key), LastModified: o.Modified, ETag: quote(o.ETag), Size: o.Size, StorageClass: storageClass(o), Owner: owner}
		if a, v := stored(o.Meta.Checksums); v != "" {
			item.ChecksumAlgorithm, item.ChecksumType = []string{string(a)}, typeOf(v)
		}
		out = append(out, item)
	}
	return out
}

func commonPrefixes(l blob.Listing, enc func(string) string) []CommonPrefix {
	var out []CommonPrefix
	for _, p := range l.Prefixes {
		out = append(out, CommonPrefix{enc(p)})
	}
	return out
}

// encoder is how keys are written: as they are, or in percent signs where the client asked for a
// form that XML can hold in any case.
func (q *ListQuery) encoder() func(string) string {
	if q.Encoding != "url" {
		return func(s string) string { return s }
	}
	return percentEncode
}

func percentEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.*/", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// token makes a key into a continuation token, which clients pass back and do not read.
func token(after string) string { return base64.RawURLEncoding.EncodeToString([]byte("1" + after)) }

func readToken(t string) (string, error) {
	if t == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(t)
	if err != nil || len(b) == 0 || b[0] != '1' {
		return "", invalidArgument("The continuation token provided is incorrect", "continuation-token", t)
	}
	return string(b[1:]), nil
}
