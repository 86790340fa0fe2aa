package s3

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"

	"github.com/hydrant-stream/hydrant"
)

// DeleteObjectIn is the input of DeleteObject.
type DeleteObjectIn struct {
	ObjectRef
	VersionID string `in:"query=versionId"`
	IfMatch   string `in:"header=If-Match"`
}

// DeleteObject removes an object. One that is not there is removed already.
//
//	Wire     DELETE /{Bucket}/{Key+}
//	Durable  the object is gone from disk before the reply
//	Differs  If-Match is refused: the store cannot decide it together with the delete
func (s *Service) DeleteObject(ctx context.Context, in *DeleteObjectIn) (*struct{}, error) {
	if _, err := s.bucket(ctx, &in.BucketRef); err != nil {
		return nil, err
	}
	if err := checkVersion(in.VersionID); err != nil {
		return nil, err
	}
	if in.IfMatch != "" {
		return nil, notImplemented("If-Match")
	}
	if err := s.store.Delete(ctx, in.Bucket, in.Key); err != nil {
		return nil, asFault(err, in.Bucket, in.Key)
	}
	return &struct{}{}, nil
}

// DeleteObjectsIn is the input of DeleteObjects. Its document is read here, because what was said of
// its bytes must be compared first.
type DeleteObjectsIn struct {
	BucketRef
	Digests
	Body []byte `in:"payload"`
}

// deletion is the document.
type deletion struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool     `xml:"Quiet"`
	Objects []struct {
		Key       string  `xml:"Key"`
		VersionID string  `xml:"VersionId"`
		ETag      *string `xml:"ETag"`
	} `xml:"Object"`
}

// DeleteObjectsOut is the output of DeleteObjects.
type DeleteObjectsOut struct {
	XMLName struct{}      `xml:"DeleteResult"`
	Deleted []Deleted     `xml:"Deleted,flattened"`
	Errors  []DeleteError `xml:"Error,flattened"`
}

// Deleted names a key that is no longer there.
type Deleted struct{ Key string }

// DeleteError says why a key is still there.
type DeleteError struct{ Key, Code, Message string }

// DeleteObjects removes up to maxDeletes objects.
//
//	Wire     POST /{Bucket}?delete
//	Limits   maxDeletes
//	Partial  a key that could not be removed has an entry in Errors; the call succeeds
//	Order    in the order of the request
func (s *Service) DeleteObjects(ctx context.Context, in *DeleteObjectsIn) (*DeleteObjectsOut, error) {
	if _, err := s.bucket(ctx, &in.BucketRef); err != nil {
		return nil, err
	}
	if a, _, _ := in.given(); a == "" && in.ContentMD5 == "" && in.Trailer == "" {
		return nil, invalidRequest("Missing required header for this request: Content-MD5")
	}
	if in.Trailer == "" { // else its checksum came behind the body and went with it
		in.Length = int64(len(in.Body))
		body, err := receive(bytes.NewReader(in.Body), &in.Digests, crc64NVME)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return nil, err
		}
	}
	var d deletion
	if err := xml.Unmarshal(in.Body, &d); err != nil || len(d.Objects) == 0 || len(d.Objects) > maxDeletes {
		return nil, malformedXML()
	}
	out := &DeleteObjectsOut{}
	for _, o := range d.Objects {
		err := checkVersion(o.VersionID)
		if o.ETag != nil {
			err = notImplemented("ETag")
		}
		if err == nil {
			err = asFault(s.store.Delete(ctx, in.Bucket, o.Key), in.Bucket, o.Key)
		}
		if err == nil {
			if !d.Quiet {
				out.Deleted = append(out.Deleted, Deleted{o.Key})
			}
			continue
		}
		f, ok := hydrant.AsFault(err)
		if !ok {
			s.log.Error("delete failed", "bucket", in.Bucket, "key", o.Key, "error", err)
			f = fault(500, "InternalError", "We encountered an internal error. Please try again.")
		}
		out.Errors = append(out.Errors, DeleteError{o.Key, f.Code, f.Message})
	}
	return out, nil
}
