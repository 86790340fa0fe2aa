package s3

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// checksumsName is the user metadata that keeps checksums a client of ours gave: endpoints differ in
// which they know. Objects without any, as deliveries are, carry no such entry.
const checksumsName = "hydrant-checksums"

// octets is what S3 calls an object that nobody said the type of. It is sent, for the SDK would say
// something else.
const octets = "binary/octet-stream"

// headers are what both ways of writing an object send.
type headers struct {
	contentType, contentEncoding, cacheControl, disposition, language, tagging *string
	class                                                                      types.StorageClass
	user                                                                       map[string]string
	encryption                                                                 types.ServerSideEncryption
	key                                                                        *string
	options                                                                    func(*s3.Options)
}

func headersOf(p *blob.Put) headers {
	m := &p.Meta
	h := headers{
		contentType: aws.String(orElse(m.ContentType, octets)), contentEncoding: given(m.ContentEncoding), cacheControl: given(m.CacheControl),
		disposition: given(m.Disposition), language: given(m.Language), class: types.StorageClass(m.StorageClass),
		user: map[string]string{}, options: func(*s3.Options) {},
	}
	for k, v := range m.User {
		h.user[k] = v
	}
	if len(m.Checksums) > 0 {
		b, _ := json.Marshal(m.Checksums) // strings marshal
		h.user[checksumsName] = string(b)
	}
	if len(m.Tags) > 0 {
		q := url.Values{}
		for k, v := range m.Tags {
			q.Set(k, v)
		}
		h.tagging = aws.String(strings.ReplaceAll(q.Encode(), "+", "%20"))
	}
	if p.KMSKey != "" {
		h.encryption, h.key = types.ServerSideEncryptionAwsKms, &p.KMSKey
	}
	if m.Expires != "" { // the SDK takes a time only, and any text is allowed
		expires := smithyhttp.SetHeaderValue("Expires", m.Expires)
		h.options = func(o *s3.Options) {
			o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error { return expires(stack) })
		}
	}
	return h
}

func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// described is an object as the answer to a GET or HEAD describes it, without tags.
func described(key string, h *s3.HeadObjectOutput) blob.Info {
	o := blob.Info{
		Key: key, Size: aws.ToInt64(h.ContentLength), ETag: strings.Trim(aws.ToString(h.ETag), `"`), Modified: aws.ToTime(h.LastModified).UTC(),
		Meta: blob.Meta{
			ContentType: aws.ToString(h.ContentType), ContentEncoding: aws.ToString(h.ContentEncoding), CacheControl: aws.ToString(h.CacheControl),
			Disposition: aws.ToString(h.ContentDisposition), Language: aws.ToString(h.ContentLanguage), Expires: aws.ToString(h.ExpiresString),
			StorageClass: string(h.StorageClass),
		},
	}
	if o.Meta.ContentType == octets {
		o.Meta.ContentType = ""
	}
	for k, v := range h.Metadata {
		if k = strings.ToLower(k); k == checksumsName && json.Unmarshal([]byte(v), &o.Meta.Checksums) == nil {
			continue
		}
		if o.Meta.User == nil {
			o.Meta.User = map[string]string{}
		}
		o.Meta.User[k] = v
	}
	return o
}

// written is an object as its writer knows it.
func written(key string, size int64, etag *string, at time.Time, m blob.Meta) blob.Info {
	m.Parts = nil
	return blob.Info{Key: key, Size: size, ETag: strings.Trim(aws.ToString(etag), `"`), Modified: at.UTC().Truncate(time.Second), Meta: m}
}
