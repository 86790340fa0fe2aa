package s3

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// PutObjectIn is the input of PutObject.
type PutObjectIn struct {
	ObjectRef
	WriteHeaders
	WriteConditions
	Digests
	Body io.Reader `in:"payload"`
}

// PutObjectOut is the output of PutObject.
type PutObjectOut struct {
	ETag string `in:"header=ETag"`
	ChecksumHeaders
	ChecksumType string `in:"header=x-amz-checksum-type"`
}

// PutObject writes an object whole.
//
//	Wire     PUT /{Bucket}/{Key+}
//	Limits   maxPutBytes, maxMetadataBytes, maxTags
//	Order    of writers of one key the last one wins; readers see one or the other whole
//	Durable  the object is on disk before the reply
//	Differs  x-amz-server-side-encryption is accepted, nothing is encrypted; customer keys, object
//	         lock and website redirects are refused
func (s *Service) PutObject(ctx context.Context, in *PutObjectIn) (*PutObjectOut, error) {
	if _, err := s.bucket(ctx, &in.BucketRef); err != nil {
		return nil, err
	}
	meta, err := in.meta()
	if err != nil {
		return nil, err
	}
	body, err := receive(in.Body, &in.Digests, crc64NVME)
	if err != nil {
		return nil, err
	}
	meta.Checksums = body.sums
	o, err := s.put(ctx, in.Bucket, in.Key, body, blob.Put{Meta: meta}, &in.WriteConditions)
	if err != nil {
		return nil, err
	}
	out := &PutObjectOut{ETag: quote(o.ETag), ChecksumType: fullObject}
	a, v := stored(o.Meta.Checksums)
	*out.fields()[a] = v
	return out, nil
}

// put writes into the store under a client's conditions.
func (s *Service) put(ctx context.Context, bucket, key string, body io.Reader, p blob.Put, c *WriteConditions) (blob.Info, error) {
	if err := c.put(&p); err != nil {
		return blob.Info{}, err
	}
	o, err := s.store.Put(ctx, bucket, key, body, p)
	if errors.Is(err, blob.ErrPrecondition) {
		if p.IfMatch != "" {
			if _, err := s.store.Head(ctx, bucket, key); errors.Is(err, blob.ErrNoKey) {
				return o, noSuchKey(key)
			}
		}
		return o, c.failed()
	}
	return o, asFault(err, bucket, key)
}

// GetObjectIn is the input of GetObject and HeadObject.
type GetObjectIn struct {
	ObjectRef
	ReadConditions
	Range        string `in:"header=Range"`
	PartNumber   *int   `in:"query=partNumber"`
	VersionID    string `in:"query=versionId"`
	ChecksumMode string `in:"header=x-amz-checksum-mode"`
	CustomerKey  string `in:"header=x-amz-server-side-encryption-customer-algorithm"`

	ResponseCacheControl       string `in:"query=response-cache-control"`
	ResponseContentDisposition string `in:"query=response-content-disposition"`
	ResponseContentEncoding    string `in:"query=response-content-encoding"`
	ResponseContentLanguage    string `in:"query=response-content-language"`
	ResponseContentType        string `in:"query=response-content-type"`
	ResponseExpires            string `in:"query=response-expires"`
}

// GetObjectOut is the output of GetObject.
type GetObjectOut struct {
	ReadHeaders
	Body io.ReadCloser `in:"payload"`
}

// GetObject reads an object, or a range or a part of it.
//
//	Wire     GET /{Bucket}/{Key+}
//	Order    the reader keeps the object it opened, whatever is written meanwhile
//	Differs  several ranges in one request are answered with the whole object, as on AWS
func (s *Service) GetObject(ctx context.Context, in *GetObjectIn) (*GetObjectOut, error) {
	if err := s.readable(ctx, in); err != nil {
		return nil, err
	}
	out := &GetObjectOut{}
	var o blob.Info
	var r *blob.Range
	var err error
	if in.Range == "" && in.PartNumber == nil {
		out.Body, o, err = s.open(ctx, in.Bucket, in.Key, in.hold)
	} else {
		out.Body, o, r, err = s.openPart(ctx, in.Bucket, in.Key, in.pick)
	}
	if err != nil {
		return nil, err
	}
	in.answer(&out.ReadHeaders, &o, r)
	return out, nil
}

// HeadObjectOut is the output of HeadObject.
type HeadObjectOut struct {
	ReadHeaders
}

// HeadObject tells of an object what GetObject would, without the bytes.
//
//	Wire     HEAD /{Bucket}/{Key+}
func (s *Service) HeadObject(ctx context.Context, in *GetObjectIn) (*HeadObjectOut, error) {
	if err := s.readable(ctx, in); err != nil {
		return nil, err
	}
	o, err := s.store.Head(ctx, in.Bucket, in.Key)
	if err != nil {
		return nil, asFault(err, in.Bucket, in.Key)
	}
	r, err := in.pick(o)
	if err != nil {
		return nil, err
	}
	out := &HeadObjectOut{}
	in.answer(&out.ReadHeaders, &o, r)
	return out, nil
}

// readable sees to all that does not depend on the object.
func (s *Service) readable(ctx context.Context, in *GetObjectIn) error {
	if _, err := s.bucket(ctx, &in.BucketRef); err != nil {
		return err
	}
	if in.CustomerKey != "" {
		return notImplemented("x-amz-server-side-encryption-customer-algorithm")
	}
	if in.Range != "" && in.PartNumber != nil {
		return invalidRequest("Cannot specify both Range header and partNumber query parameter")
	}
	return checkVersion(in.VersionID)
}

// pick decides the conditions and which bytes are meant: nil is all.
func (in *GetObjectIn) pick(o blob.Info) (*blob.Range, error) {
	if err := in.hold(&o); err != nil {
		return nil, err
	}
	if in.PartNumber != nil {
		return partRange(&o, *in.PartNumber)
	}
	if in.Range != "" {
		return parseRange(in.Range, o.Size)
	}
	return nil, nil
}

func (in *GetObjectIn) answer(h *ReadHeaders, o *blob.Info, r *blob.Range) {
	h.describe(o, in.ChecksumMode == "ENABLED" && r == nil)
	length := o.Size
	if r != nil {
		length = r.Length
		if o.Size > 0 {
			h.Status = 206
			h.ContentRange = contentRange(r, o.Size)
		}
	}
	h.ContentLength = &length
	if n := len(o.Meta.Parts); in.PartNumber != nil && n > 0 {
		h.PartsCount = &n
	}
	for _, override := range []struct {
		with string
		of   *string
	}{
		{in.ResponseCacheControl, &h.CacheControl}, {in.ResponseContentDisposition, &h.ContentDisposition},
		{in.ResponseContentEncoding, &h.ContentEncoding}, {in.ResponseContentLanguage, &h.ContentLanguage},
		{in.ResponseContentType, &h.ContentType}, {in.ResponseExpires, &h.Expires},
	} {
		if override.with != "" {
			*override.of = override.with
		}
	}
}

// GetObjectAttributesIn is the input of GetObjectAttributes.
type GetObjectAttributesIn struct {
	ObjectRef
	VersionID        string   `in:"query=versionId"`
	Attributes       []string `in:"header=x-amz-object-attributes"`
	MaxParts         *int     `in:"header=x-amz-max-parts"`
	PartNumberMarker int      `in:"header=x-amz-part-number-marker"`
}

// GetObjectAttributesOut is the output of GetObjectAttributes.
type GetObjectAttributesOut struct {
	XMLName      struct{}  `xml:"GetObjectAttributesResponse"`
	LastModified time.Time `in:"header=Last-Modified"`
	ETag         string
	Checksum     *ObjectChecksum
	ObjectParts  *ObjectParts
	StorageClass string
	ObjectSize   *int64
}

// ObjectChecksum is an object's checksum in XML.
type ObjectChecksum struct {
	ChecksumElements
	ChecksumType string
}

// ObjectParts are the parts an object was uploaded in.
type ObjectParts struct {
	PartsCount           int
	PartNumberMarker     int
	NextPartNumberMarker int
	MaxParts             int
	IsTruncated          bool
	Parts                []ObjectPart `xml:"Part,flattened"`
}

// ObjectPart is one of them.
type ObjectPart struct {
	PartNumber int
	Size       int64
	ChecksumElements
}

// GetObjectAttributes tells the attributes of an object that are asked for.
//
//	Wire     GET /{Bucket}/{Key+}?attributes
func (s *Service) GetObjectAttributes(ctx context.Context, in *GetObjectAttributesIn) (*GetObjectAttributesOut, error) {
	if _, err := s.bucket(ctx, &in.BucketRef); err != nil {
		return nil, err
	}
	if err := checkVersion(in.VersionID); err != nil {
		return nil, err
	}
	if len(in.Attributes) == 0 {
		return nil, invalidRequest("The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	o, err := s.store.Head(ctx, in.Bucket, in.Key)
	if err != nil {
		return nil, asFault(err, in.Bucket, in.Key)
	}
	out := &GetObjectAttributesOut{LastModified: o.Modified}
	alg, sum := stored(o.Meta.Checksums)
	for _, a := range in.Attributes {
		switch a {
		case "ETag":
			out.ETag = o.ETag
		case "ObjectSize":
			out.ObjectSize = &o.Size
		case "StorageClass":
			out.StorageClass = storageClass(&o)
		case "Checksum":
			if sum != "" {
				out.Checksum = &ObjectChecksum{ChecksumType: typeOf(sum)}
				*out.Checksum.field(alg) = withoutCount(sum)
			}
		case "ObjectParts":
			out.ObjectParts = in.parts(&o, alg)
		default:
			return nil, invalidArgument("Invalid attribute name specified.", "x-amz-object-attributes", a)
		}
	}
	return out, nil
}

// parts lists the parts after the marker. As on AWS, they are listed one by one only where each has
// its own checksum.
func (in *GetObjectAttributesIn) parts(o *blob.Info, alg algorithm) *ObjectParts {
	if len(o.Meta.Parts) == 0 {
		return nil
	}
	out := &ObjectParts{PartsCount: len(o.Meta.Parts), PartNumberMarker: in.PartNumberMarker, MaxParts: page(in.MaxParts)}
	if o.Meta.Parts[0].Checksum == "" {
		return out
	}
	for i, p := range o.Meta.Parts {
		if i+1 <= in.PartNumberMarker {
			continue
		}
		if len(out.Parts) == out.MaxParts {
			out.IsTruncated = true
			break
		}
		part := ObjectPart{PartNumber: p.Number, Size: p.Size}
		*part.field(alg) = p.Checksum
		out.Parts = append(out.Parts, part)
		out.NextPartNumberMarker = i + 1
	}
	return out
}

func storageClass(o *blob.Info) string {
	if o.Meta.StorageClass == "" {
		return "STANDARD"
	}
	return o.Meta.StorageClass
}
