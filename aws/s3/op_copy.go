package s3

import (
	"context"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// CopySource is where a copy comes from.
type CopySource struct {
	Source              string `in:"header=x-amz-copy-source"`
	SourceExpectedOwner string `in:"header=x-amz-source-expected-bucket-owner"`
	SourceCustomerKey   string `in:"header=x-amz-copy-source-server-side-encryption-customer-algorithm"`
	CopyConditions
}

// parse reads "/bucket/key?versionId=null", encoded.
func (c *CopySource) parse() (bucket, key string, err error) {
	source, query, _ := strings.Cut(c.Source, "?")
	plain, err := url.PathUnescape(source)
	bucket, key, ok := strings.Cut(strings.TrimPrefix(plain, "/"), "/")
	if err != nil || !ok || bucket == "" || key == "" {
		return "", "", invalidArgument("Invalid copy source object key", "x-amz-copy-source", c.Source)
	}
	if v, ok := strings.CutPrefix(query, "versionId="); ok {
		if err := checkVersion(v); err != nil {
			return "", "", err
		}
	}
	if c.SourceCustomerKey != "" {
		return "", "", notImplemented("x-amz-copy-source-server-side-encryption-customer-algorithm")
	}
	return bucket, key, nil
}

// openSource opens what is to be copied; pick chooses its part.
func (s *Service) openSource(ctx context.Context, c *CopySource, pick func(blob.Info) (*blob.Range, error)) (io.ReadCloser, blob.Info, *blob.Range, error) {
	bucket, key, err := c.parse()
	if err != nil {
		return nil, blob.Info{}, nil, err
	}
	if _, err := s.owned(ctx, bucket, c.SourceExpectedOwner); err != nil {
		return nil, blob.Info{}, nil, err
	}
	return s.openPart(ctx, bucket, key, func(o blob.Info) (*blob.Range, error) {
		if err := c.hold(&o); err != nil {
			return nil, err
		}
		return pick(o)
	})
}

// CopyObjectIn is the input of CopyObject.
type CopyObjectIn struct {
	ObjectRef
	CopySource
	WriteHeaders
	WriteConditions
	MetadataDirective string `in:"header=x-amz-metadata-directive"`
	TaggingDirective  string `in:"header=x-amz-tagging-directive"`
	ChecksumAlgorithm string `in:"header=x-amz-checksum-algorithm"`
}

// CopyObjectOut is the output of CopyObject.
type CopyObjectOut struct {
	XMLName      struct{} `xml:"CopyObjectResult"`
	LastModified time.Time
	ETag         string
	ChecksumElements
	ChecksumType string
}

// CopyObject writes an object from another, with its metadata and tags or with new ones.
//
//	Wire     PUT /{Bucket}/{Key+} with x-amz-copy-source
//	Limits   maxPutBytes
//	Durable  the copy is on disk before the reply
func (s *Service) CopyObject(ctx context.Context, in *CopyObjectIn) (*CopyObjectOut, error) {
	if _, err := s.bucket(ctx, &in.BucketRef); err != nil {
		return nil, err
	}
	for header, d := range map[string]string{"x-amz-metadata-directive": in.MetadataDirective, "x-amz-tagging-directive": in.TaggingDirective} {
		if d != "" && d != "COPY" && d != "REPLACE" {
			return nil, invalidArgument("Unknown directive.", header, d)
		}
	}
	alg, err := algorithmNamed(in.ChecksumAlgorithm)
	if err != nil {
		return nil, err
	}
	meta, err := in.meta()
	if err != nil {
		return nil, err
	}
	from, source, _, err := s.openSource(ctx, &in.CopySource, in.whole)
	if err != nil {
		return nil, err
	}
	defer from.Close()

	if in.MetadataDirective != "REPLACE" {
		class, tags := meta.StorageClass, meta.Tags
		meta = source.Meta
		meta.StorageClass, meta.Tags, meta.Parts = class, tags, nil
	}
	if in.TaggingDirective != "REPLACE" {
		meta.Tags = source.Meta.Tags
	}
	if alg == "" {
		if alg, _ = stored(source.Meta.Checksums); alg == "" {
			alg = crc64NVME
		}
	}
	body, err := receive(from, &Digests{Length: source.Size}, alg)
	if err != nil {
		return nil, err
	}
	meta.Checksums = body.sums
	o, err := s.put(ctx, in.Bucket, in.Key, body, blob.Put{Meta: meta}, &in.WriteConditions)
	if err != nil {
		return nil, err
	}
	out := &CopyObjectOut{LastModified: o.Modified, ETag: quote(o.ETag), ChecksumType: fullObject}
	a, v := stored(o.Meta.Checksums)
	*out.field(a) = v
	return out, nil
}

// whole takes all of the source, and refuses a copy that would change nothing.
func (in *CopyObjectIn) whole(o blob.Info) (*blob.Range, error) {
	if o.Size > maxPutBytes {
		return nil, invalidRequest("The specified copy source is larger than the maximum allowable size for a copy source: 5368709120")
	}
	bucket, key, _ := in.parse()
	same := bucket == in.Bucket && key == in.Key
	changes := in.MetadataDirective == "REPLACE" || in.StorageClass != "" && in.StorageClass != storageClass(&o)
	if same && !changes {
		return nil, invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	return nil, nil
}
