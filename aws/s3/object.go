package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hydrant-stream/hydrant/store/blob"
)

const defaultContentType = "binary/octet-stream"

// ObjectRef is what every request about an object carries.
type ObjectRef struct {
	BucketRef
	Key string `in:"path=Key"`
}

// WriteHeaders are what a writer says of an object beside its bytes.
type WriteHeaders struct {
	ContentType        string            `in:"header=Content-Type"`
	ContentEncoding    string            `in:"header=Content-Encoding"`
	CacheControl       string            `in:"header=Cache-Control"`
	ContentDisposition string            `in:"header=Content-Disposition"`
	ContentLanguage    string            `in:"header=Content-Language"`
	Expires            string            `in:"header=Expires"`
	StorageClass       string            `in:"header=x-amz-storage-class"`
	Metadata           map[string]string `in:"headers=x-amz-meta-"`
	Tagging            string            `in:"header=x-amz-tagging"`

	ACL           string `in:"header=x-amz-acl"`
	Grants        string `in:"header=x-amz-grant-full-control"`
	GrantRead     string `in:"header=x-amz-grant-read"`
	CustomerKey   string `in:"header=x-amz-server-side-encryption-customer-algorithm"`
	Redirect      string `in:"header=x-amz-website-redirect-location"`
	LockMode      string `in:"header=x-amz-object-lock-mode"`
	LegalHold     string `in:"header=x-amz-object-lock-legal-hold"`
	LockUntilDate string `in:"header=x-amz-object-lock-retain-until-date"`
}

var storageClasses = map[string]bool{"": true, "STANDARD": true, "REDUCED_REDUNDANCY": true, "STANDARD_IA": true, "ONEZONE_IA": true,
	"INTELLIGENT_TIERING": true, "GLACIER": true, "DEEP_ARCHIVE": true, "GLACIER_IR": true}

// meta checks the headers and turns them into what is kept. What is not there is refused, not
// passed over: a client that asks for its own encryption key must not believe it was used.
func (h *WriteHeaders) meta() (blob.Meta, error) {
	var m blob.Meta
	switch {
	case h.CustomerKey != "":
		return m, notImplemented("x-amz-server-side-encryption-customer-algorithm")
	case h.Redirect != "":
		return m, notImplemented("x-amz-website-redirect-location")
	case h.LockMode != "" || h.LegalHold != "" || h.LockUntilDate != "":
		return m, invalidRequest("Bucket is missing Object Lock Configuration")
	case h.ACL != "" && h.ACL != "private" && h.ACL != "bucket-owner-full-control" || h.Grants != "" || h.GrantRead != "":
		return m, fault(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	case !storageClasses[h.StorageClass]:
		return m, fault(400, "InvalidStorageClass", "The storage class you specified is not valid").WithField("StorageClassRequested", h.StorageClass)
	}
	size := 0
	for k, v := range h.Metadata {
		size += len(k) + len(v)
	}
	if size > maxMetadataBytes {
		return m, fault(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size").
			WithField("Size", strconv.Itoa(size)).WithField("MaxSizeAllowed", strconv.Itoa(maxMetadataBytes))
	}
	tags, err := parseTagging(h.Tagging)
	if err != nil {
		return m, err
	}
	m = blob.Meta{
		ContentType: h.ContentType, ContentEncoding: withoutChunked(h.ContentEncoding), CacheControl: h.CacheControl,
		Disposition: h.ContentDisposition, Language: h.ContentLanguage, Expires: h.Expires,
		User: maps.Clone(h.Metadata), Tags: tags,
	}
	if h.StorageClass != "STANDARD" {
		m.StorageClass = h.StorageClass
	}
	if m.ContentType == "" {
		m.ContentType = defaultContentType
	}
	return m, nil
}

// withoutChunked takes aws-chunked off: it was the coding of the way, not of the object.
func withoutChunked(encoding string) string {
	var keep []string
	for c := range strings.SplitSeq(encoding, ",") {
		if c = strings.TrimSpace(c); c != "" && !strings.EqualFold(c, "aws-chunked") {
			keep = append(keep, c)
		}
	}
	return strings.Join(keep, ",")
}

// parseTagging reads the x-amz-tagging header, a query string.
func parseTagging(s string) (map[string]string, error) {
	if s == "" {
		return nil, nil
	}
	bad := invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", "x-amz-tagging", s)
	q, err := url.ParseQuery(s)
	if err != nil {
		return nil, bad
	}
	tags := make(map[string]string, len(q))
	for k, v := range q {
		if len(v) != 1 {
			return nil, bad
		}
		tags[k] = v[0]
	}
	return tags, checkObjectTags(tags)
}

func checkObjectTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return fault(400, "BadRequest", fmt.Sprintf("Object tags cannot be greater than %d", maxTags))
	}
	return checkTags(tags)
}

// checkTags checks keys and values.
func checkTags(tags map[string]string) error {
	for k, v := range tags {
		if n := utf8.RuneCountInString(k); n == 0 || n > maxTagKey || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return fault(400, "InvalidTag", "The TagKey you have provided is invalid").WithField("TagKey", k)
		}
		if utf8.RuneCountInString(v) > maxTagValue {
			return fault(400, "InvalidTag", "The TagValue you have provided is invalid").WithField("TagKey", k).WithField("TagValue", v)
		}
	}
	return nil
}

// ReadHeaders are what a reader is told of an object.
type ReadHeaders struct {
	Status        int    `in:"status"`
	ContentLength *int64 `in:"header=Content-Length"`
	ContentRange  string `in:"header=Content-Range"`
	AcceptRanges  string `in:"header=Accept-Ranges"`

	ETag               string            `in:"header=ETag"`
	LastModified       time.Time         `in:"header=Last-Modified"`
	ContentType        string            `in:"header=Content-Type"`
	ContentEncoding    string            `in:"header=Content-Encoding"`
	CacheControl       string            `in:"header=Cache-Control"`
	ContentDisposition string            `in:"header=Content-Disposition"`
	ContentLanguage    string            `in:"header=Content-Language"`
	Expires            string            `in:"header=Expires"`
	StorageClass       string            `in:"header=x-amz-storage-class"`
	Metadata           map[string]string `in:"headers=x-amz-meta-"`
	TagCount           *int              `in:"header=x-amz-tagging-count"`
	PartsCount         *int              `in:"header=x-amz-mp-parts-count"`
	ChecksumHeaders
	ChecksumType string `in:"header=x-amz-checksum-type"`
}

// describe fills in what is told of every object. A checksum is told where the whole was asked for.
func (h *ReadHeaders) describe(o *blob.Info, checksum bool) {
	m := &o.Meta
	h.AcceptRanges = "bytes"
	h.ETag = quote(o.ETag)
	h.LastModified = o.Modified
	h.ContentType = m.ContentType
	if h.ContentType == "" {
		h.ContentType = defaultContentType
	}
	h.ContentEncoding, h.CacheControl, h.ContentDisposition = m.ContentEncoding, m.CacheControl, m.Disposition
	h.ContentLanguage, h.Expires, h.StorageClass, h.Metadata = m.Language, m.Expires, m.StorageClass, m.User
	if n := len(m.Tags); n > 0 {
		h.TagCount = &n
	}
	if a, v := stored(m.Checksums); checksum && v != "" {
		*h.fields()[a] = v
		h.ChecksumType = typeOf(v)
	}
}

// quote puts an ETag into the quotes it travels in.
func quote(etag string) string { return `"` + etag + `"` }

// unquote reads an ETag with or without them.
func unquote(etag string) string {
	etag = strings.TrimPrefix(strings.TrimSpace(etag), "W/")
	return strings.Trim(etag, `"`)
}

// checkVersion refuses any version but the one an object of an unversioned bucket has.
func checkVersion(id string) error {
	if id == "" || id == "null" {
		return nil
	}
	return invalidArgument("Invalid version id specified", "versionId", id)
}

// open opens all of an object, if admit lets it.
func (s *Service) open(ctx context.Context, bucket, key string, admit func(*blob.Info) error) (io.ReadCloser, blob.Info, error) {
	body, o, err := s.store.Get(ctx, bucket, key, nil)
	if err != nil {
		return nil, o, asFault(err, bucket, key)
	}
	if err := admit(&o); err != nil {
		body.Close()
		return nil, o, err
	}
	return body, o, nil
}

// openPart opens the part of an object that pick chooses, as one moment's view: where the object is
// replaced between the look and the opening, pick chooses again.
func (s *Service) openPart(ctx context.Context, bucket, key string, pick func(blob.Info) (*blob.Range, error)) (io.ReadCloser, blob.Info, *blob.Range, error) {
	const tries = 10
	for i := 0; ; i++ {
		o, err := s.store.Head(ctx, bucket, key)
		if err != nil {
			return nil, o, nil, asFault(err, bucket, key)
		}
		r, err := pick(o)
		if err != nil {
			return nil, o, nil, err
		}
		body, now, err := s.store.Get(ctx, bucket, key, r)
		if err != nil {
			return nil, o, nil, asFault(err, bucket, key)
		}
		if now.ETag == o.ETag && now.Size == o.Size && now.Modified.Equal(o.Modified) {
			return body, now, r, nil
		}
		body.Close()
		if i == tries {
			return nil, o, nil, errors.New("s3: object is replaced faster than it can be opened")
		}
	}
}
