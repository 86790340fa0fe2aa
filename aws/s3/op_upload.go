package s3

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// CreateMultipartUploadIn is the input of CreateMultipartUpload.
type CreateMultipartUploadIn struct {
	ObjectRef
	WriteHeaders
	ChecksumAlgorithm string `in:"header=x-amz-checksum-algorithm"`
	ChecksumType      string `in:"header=x-amz-checksum-type"`
}

// CreateMultipartUploadOut is the output of CreateMultipartUpload.
type CreateMultipartUploadOut struct {
	XMLName           struct{} `xml:"InitiateMultipartUploadResult"`
	ChecksumAlgorithm string   `in:"header=x-amz-checksum-algorithm"`
	ChecksumType      string   `in:"header=x-amz-checksum-type"`
	Bucket            string
	Key               string
	UploadID          string `xml:"UploadId"`
}

// CreateMultipartUpload begins an upload in parts.
//
//	Wire     POST /{Bucket}/{Key+}?uploads
//	Durable  the upload is on disk before the reply and lives until it is completed or aborted
func (s *Service) CreateMultipartUpload(ctx context.Context, in *CreateMultipartUploadIn) (*CreateMultipartUploadOut, error) {
	if _, err := s.bucket(ctx, &in.BucketRef); err != nil {
		return nil, err
	}
	if err := blob.CheckKey(in.Key); err != nil {
		return nil, asFault(err, in.Bucket, in.Key)
	}
	meta, err := in.meta()
	if err != nil {
		return nil, err
	}
	alg, err := algorithmNamed(in.ChecksumAlgorithm)
	if err != nil {
		return nil, err
	}
	u := upload{ID: newID(), Bucket: in.Bucket, Key: in.Key, Initiated: s.now().UTC(), Meta: meta, Algorithm: alg, Type: in.ChecksumType}
	switch {
	case alg == "" && u.Type != "":
		return nil, invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	case alg != "" && u.Type == "":
		u.Type = alg.defaultType()
	case alg == crc64NVME && u.Type == composite, (alg == sha1Sum || alg == sha256Sum) && u.Type == fullObject:
		return nil, invalidRequest(fmt.Sprintf("The %s checksum type cannot be used with the %s checksum algorithm.", u.Type, strings.ToLower(string(alg))))
	case u.Type != "" && u.Type != composite && u.Type != fullObject:
		return nil, invalidRequest("Value for x-amz-checksum-type header is invalid.")
	}
	if err := s.journal.Commit(ctx, journal.Set(uploadKeys+u.ID, u)); err != nil {
		return nil, err
	}
	return &CreateMultipartUploadOut{ChecksumAlgorithm: string(alg), ChecksumType: u.Type, Bucket: u.Bucket, Key: u.Key, UploadID: u.ID}, nil
}

// UploadPartIn is the input of UploadPart.
type UploadPartIn struct {
	UploadRef
	PartNumber  int    `in:"query=partNumber"`
	CustomerKey string `in:"header=x-amz-server-side-encryption-customer-algorithm"`
	Digests
	Body io.Reader `in:"payload"`
}

// UploadPartOut is the output of UploadPart.
type UploadPartOut struct {
	ETag string `in:"header=ETag"`
	ChecksumHeaders
}

// UploadPart uploads one part, in place of one of that number.
//
//	Wire     PUT /{Bucket}/{Key+}?partNumber&uploadId
//	Limits   maxPutBytes, maxParts
//	Durable  the part is on disk before the reply
func (s *Service) UploadPart(ctx context.Context, in *UploadPartIn) (*UploadPartOut, error) {
	u, err := s.upload(ctx, &in.UploadRef)
	if err != nil {
		return nil, err
	}
	if err := checkPartNumber(in.PartNumber); err != nil {
		return nil, err
	}
	if in.CustomerKey != "" {
		return nil, notImplemented("x-amz-server-side-encryption-customer-algorithm")
	}
	body, err := receive(in.Body, &in.Digests, u.algorithm())
	if err != nil {
		return nil, err
	}
	if u.Algorithm != "" && body.alg != u.Algorithm {
		return nil, invalidRequest(fmt.Sprintf("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			strings.ToLower(string(u.Algorithm)), strings.ToLower(string(body.alg))))
	}
	p, err := s.keepPart(ctx, &u, &in.UploadRef, in.PartNumber, body)
	if err != nil {
		return nil, err
	}
	out := &UploadPartOut{ETag: quote(p.ETag)}
	*out.fields()[p.Algorithm] = p.Checksum
	return out, nil
}

// algorithm is the one parts are summed with.
func (u *upload) algorithm() algorithm {
	if u.Algorithm == "" {
		return crc64NVME
	}
	return u.Algorithm
}

func checkPartNumber(n int) error {
	if n < 1 || n > maxParts {
		return invalidArgument(fmt.Sprintf("Part number must be an integer between 1 and %d, inclusive", maxParts), "partNumber", strconv.Itoa(n))
	}
	return nil
}

// UploadPartCopyIn is the input of UploadPartCopy.
type UploadPartCopyIn struct {
	UploadRef
	PartNumber int `in:"query=partNumber"`
	CopySource
	Range string `in:"header=x-amz-copy-source-range"`
}

// UploadPartCopyOut is the output of UploadPartCopy.
type UploadPartCopyOut struct {
	XMLName      struct{} `xml:"CopyPartResult"`
	LastModified time.Time
	ETag         string
	ChecksumElements
}

// UploadPartCopy makes a part of an object that is there, or of a range of it.
//
//	Wire     PUT /{Bucket}/{Key+}?partNumber&uploadId with x-amz-copy-source
//	Limits   maxPutBytes, maxParts
func (s *Service) UploadPartCopy(ctx context.Context, in *UploadPartCopyIn) (*UploadPartCopyOut, error) {
	u, err := s.upload(ctx, &in.UploadRef)
	if err != nil {
		return nil, err
	}
	if err := checkPartNumber(in.PartNumber); err != nil {
		return nil, err
	}
	from, o, r, err := s.openSource(ctx, &in.CopySource, in.pick)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	body, err := receive(from, &Digests{Length: r.Clip(o.Size).Length}, u.algorithm())
	if err != nil {
		return nil, err
	}
	p, err := s.keepPart(ctx, &u, &in.UploadRef, in.PartNumber, body)
	if err != nil {
		return nil, err
	}
	out := &UploadPartCopyOut{LastModified: p.Modified, ETag: quote(p.ETag)}
	*out.field(p.Algorithm) = p.Checksum
	return out, nil
}

// pick reads the range, which unlike a GET's must be exact.
func (in *UploadPartCopyIn) pick(o blob.Info) (*blob.Range, error) {
	if in.Range == "" {
		if o.Size > maxPutBytes {
			return nil, invalidRequest("The specified copy source is larger than the maximum allowable size for a copy source: 5368709120")
		}
		return nil, nil
	}
	first, last, ok := strings.Cut(strings.TrimPrefix(in.Range, "bytes="), "-")
	from, err1 := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	if !ok || err1 != nil || err2 != nil || from > to || !strings.HasPrefix(in.Range, "bytes=") {
		return nil, invalidArgument("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
			"x-amz-copy-source-range", in.Range)
	}
	if to >= o.Size {
		return nil, invalidArgument(fmt.Sprintf("Range specified is not valid for source object of size: %d", o.Size), "x-amz-copy-source-range", in.Range)
	}
	return &blob.Range{Offset: from, Length: to - from + 1}, nil
}

// AbortMultipartUpload ends an upload and forgets its parts.
//
//	Wire     DELETE /{Bucket}/{Key+}?uploadId
func (s *Service) AbortMultipartUpload(ctx context.Context, in *UploadRef) (*struct{}, error) {
	unlock := s.uploads.lock(in.UploadID)
	defer unlock()
	u, err := s.upload(ctx, in)
	if err != nil {
		return nil, err
	}
	return &struct{}{}, s.end(ctx, u.ID)
}
