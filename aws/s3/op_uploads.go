package s3

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// ListPartsIn is the input of ListParts.
type ListPartsIn struct {
	UploadRef
	MaxParts         *int `in:"query=max-parts"`
	PartNumberMarker int  `in:"query=part-number-marker"`
}

// ListPartsOut is the output of ListParts.
type ListPartsOut struct {
	XMLName              struct{} `xml:"ListPartsResult"`
	Bucket               string
	Key                  string
	UploadID             string `xml:"UploadId"`
	PartNumberMarker     int
	NextPartNumberMarker int
	MaxParts             int
	IsTruncated          bool
	Parts                []UploadedPart `xml:"Part,flattened"`
	Initiator            *Owner
	Owner                *Owner
	StorageClass         string
	ChecksumAlgorithm    string
	ChecksumType         string
}

// UploadedPart is a part in a listing.
type UploadedPart struct {
	PartNumber   int
	LastModified time.Time
	ETag         string
	Size         int64
	ChecksumElements
}

// ListParts lists what was uploaded so far, by part number.
//
//	Wire     GET /{Bucket}/{Key+}?uploadId
//	Limits   maxPage
func (s *Service) ListParts(ctx context.Context, in *ListPartsIn) (*ListPartsOut, error) {
	u, err := s.upload(ctx, &in.UploadRef)
	if err != nil {
		return nil, err
	}
	b, err := s.bucket(ctx, &in.BucketRef)
	if err != nil {
		return nil, err
	}
	all, err := s.parts(u.ID)
	if err != nil {
		return nil, err
	}
	owner := ownerOf(b.Account)
	out := &ListPartsOut{
		Bucket: u.Bucket, Key: u.Key, UploadID: u.ID, PartNumberMarker: in.PartNumberMarker, MaxParts: page(in.MaxParts),
		Initiator: owner, Owner: owner, StorageClass: storageClass(&blob.Info{Meta: u.Meta}),
		ChecksumAlgorithm: string(u.Algorithm), ChecksumType: u.Type,
	}
	for _, p := range all {
		if p.Number <= in.PartNumberMarker {
			continue
		}
		if len(out.Parts) == out.MaxParts {
			out.IsTruncated = true
			break
		}
		item := UploadedPart{PartNumber: p.Number, LastModified: p.Modified, ETag: quote(p.ETag), Size: p.Size}
		if u.Algorithm != "" {
			*item.field(p.Algorithm) = p.Checksum
		}
		out.Parts = append(out.Parts, item)
		out.NextPartNumberMarker = p.Number
	}
	return out, nil
}

// ListMultipartUploadsIn is the input of ListMultipartUploads.
type ListMultipartUploadsIn struct {
	BucketRef
	Prefix         string `in:"query=prefix"`
	Delimiter      string `in:"query=delimiter"`
	KeyMarker      string `in:"query=key-marker"`
	UploadIDMarker string `in:"query=upload-id-marker"`
	MaxUploads     *int   `in:"query=max-uploads"`
	Encoding       string `in:"query=encoding-type"`
}

// ListMultipartUploadsOut is the output of ListMultipartUploads.
type ListMultipartUploadsOut struct {
	XMLName            struct{} `xml:"ListMultipartUploadsResult"`
	Bucket             string
	KeyMarker          *string
	UploadIDMarker     *string `xml:"UploadIdMarker"`
	NextKeyMarker      string
	NextUploadIDMarker string `xml:"NextUploadIdMarker"`
	Prefix             *string
	Delimiter          string
	EncodingType       string
	MaxUploads         int
	IsTruncated        bool
	Uploads            []UploadUnderWay `xml:"Upload,flattened"`
	CommonPrefixes     []CommonPrefix   `xml:"CommonPrefixes,flattened"`
}

// UploadUnderWay is an upload in a listing.
type UploadUnderWay struct {
	UploadID          string `xml:"UploadId"`
	Key               string
	Initiated         time.Time
	StorageClass      string
	Owner             *Owner
	Initiator         *Owner
	ChecksumAlgorithm string
	ChecksumType      string
}

// ListMultipartUploads lists the uploads under way, by key and then by when they began.
//
//	Wire     GET /{Bucket}?uploads
//	Limits   maxPage
func (s *Service) ListMultipartUploads(ctx context.Context, in *ListMultipartUploadsIn) (*ListMultipartUploadsOut, error) {
	b, err := s.bucket(ctx, &in.BucketRef)
	if err != nil {
		return nil, err
	}
	if in.Encoding != "" && in.Encoding != "url" {
		return nil, invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", in.Encoding)
	}
	all, err := s.uploadsTo(in.Bucket)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b upload) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), a.Initiated.Compare(b.Initiated), strings.Compare(a.ID, b.ID))
	})
	enc := (&ListQuery{Encoding: in.Encoding}).encoder()
	marker, prefix := enc(in.KeyMarker), enc(in.Prefix)
	out := &ListMultipartUploadsOut{
		Bucket: in.Bucket, KeyMarker: &marker, UploadIDMarker: &in.UploadIDMarker, Prefix: &prefix,
		Delimiter: enc(in.Delimiter), EncodingType: in.Encoding, MaxUploads: page(in.MaxUploads),
	}
	owner := ownerOf(b.Account)
	common, lastKey, lastID := "", "", ""
	for _, u := range in.remaining(all) {
		rolled := ""
		if i := strings.Index(u.Key[len(in.Prefix):], in.Delimiter); in.Delimiter != "" && i >= 0 {
			rolled = u.Key[:len(in.Prefix)+i+len(in.Delimiter)]
		}
		if rolled != "" && rolled == common {
			lastKey, lastID = u.Key, u.ID
			continue
		}
		if len(out.Uploads)+len(out.CommonPrefixes) == out.MaxUploads {
			out.IsTruncated, out.NextKeyMarker, out.NextUploadIDMarker = true, enc(lastKey), lastID
			break
		}
		lastKey, lastID = u.Key, u.ID
		if common = rolled; rolled != "" {
			out.CommonPrefixes = append(out.CommonPrefixes, CommonPrefix{enc(rolled)})
			continue
		}
		out.Uploads = append(out.Uploads, UploadUnderWay{u.ID, enc(u.Key), u.Initiated, storageClass(&blob.Info{Meta: u.Meta}), owner, owner, string(u.Algorithm), u.Type})
	}
	return out, nil
}

// remaining are the uploads with the prefix, after the markers.
func (in *ListMultipartUploadsIn) remaining(sorted []upload) []upload {
	passed := false // the upload the marker names, among those of its key
	return slices.DeleteFunc(sorted, func(u upload) bool {
		switch {
		case !strings.HasPrefix(u.Key, in.Prefix) || u.Key < in.KeyMarker:
			return true
		case u.Key > in.KeyMarker || in.KeyMarker == "":
			return false
		case in.UploadIDMarker == "" || !passed:
			passed = passed || u.ID == in.UploadIDMarker
			return true
		}
		return false
	})
}
