package s3

import (
	"context"
	"strings"
	"time"
)

// ListObjectVersionsIn is the input of ListObjectVersions.
type ListObjectVersionsIn struct {
	ListQuery
	KeyMarker       string `in:"query=key-marker"`
	VersionIDMarker string `in:"query=version-id-marker"`
}

// ListObjectVersionsOut is the output of ListObjectVersions.
type ListObjectVersionsOut struct {
	XMLName             struct{} `xml:"ListVersionsResult"`
	Name                string
	Prefix              *string
	KeyMarker           *string
	VersionIDMarker     *string `xml:"VersionIdMarker"`
	NextKeyMarker       string
	NextVersionIDMarker string `xml:"NextVersionIdMarker"`
	Delimiter           string
	MaxKeys             int
	EncodingType        string
	IsTruncated         bool
	Versions            []ObjectVersion `xml:"Version,flattened"`
	CommonPrefixes      []CommonPrefix  `xml:"CommonPrefixes,flattened"`
}

// ObjectVersion is a version of an object in a listing.
type ObjectVersion struct {
	Key               string
	VersionID         string `xml:"VersionId"`
	IsLatest          bool
	LastModified      time.Time
	ETag              string
	ChecksumAlgorithm []string `xml:"ChecksumAlgorithm,flattened"`
	ChecksumType      string
	Size              int64
	StorageClass      string
	Owner             *Owner
}

// ListObjectVersions lists every object as the one version there is of it, "null", as AWS does for a
// bucket that was never versioned.
//
//	Wire     GET /{Bucket}?versions
//	Limits   maxPage
func (s *Service) ListObjectVersions(ctx context.Context, in *ListObjectVersionsIn) (*ListObjectVersionsOut, error) {
	if in.KeyMarker == "" && in.VersionIDMarker != "" {
		return nil, invalidArgument("A version-id marker cannot be specified without a key marker.", "version-id-marker", in.VersionIDMarker)
	}
	after := in.KeyMarker
	if in.rollsUp(after) {
		after += afterAll
	}
	l, owner, err := s.list(ctx, &in.ListQuery, after)
	if err != nil {
		return nil, err
	}
	enc := in.encoder()
	prefix, key, version := enc(in.Prefix), enc(in.KeyMarker), in.VersionIDMarker
	out := &ListObjectVersionsOut{
		Name: in.Bucket, Prefix: &prefix, KeyMarker: &key, VersionIDMarker: &version, Delimiter: enc(in.Delimiter),
		MaxKeys: page(in.MaxKeys), EncodingType: in.Encoding, IsTruncated: l.More, CommonPrefixes: commonPrefixes(l, enc),
	}
	for _, o := range objects(l, enc, owner) {
		out.Versions = append(out.Versions, ObjectVersion{
			Key: o.Key, VersionID: "null", IsLatest: true, LastModified: o.LastModified, ETag: o.ETag,
			ChecksumAlgorithm: o.ChecksumAlgorithm, ChecksumType: o.ChecksumType, Size: o.Size, StorageClass: o.StorageClass, Owner: o.Owner,
		})
	}
	if l.More {
		out.NextKeyMarker = enc(strings.TrimSuffix(l.Next, afterAll))
		if !strings.HasSuffix(l.Next, afterAll) {
			out.NextVersionIDMarker = "null"
		}
	}
	return out, nil
}
