package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/wire"
)

// CompleteMultipartUploadIn is the input of CompleteMultipartUpload.
type CompleteMultipartUploadIn struct {
	UploadRef
	WriteConditions
	ChecksumHeaders
	ChecksumType string          `in:"header=x-amz-checksum-type"`
	ObjectSize   *int64          `in:"header=x-amz-mp-object-size"`
	Parts        []CompletedPart `xml:"Part,flattened"`
}

// CompletedPart is a part as the client names it.
type CompletedPart struct {
	PartNumber int
	ETag       string
	ChecksumElements
}

// CompleteMultipartUploadOut is the output of CompleteMultipartUpload.
type CompleteMultipartUploadOut struct {
	XMLName  struct{} `xml:"CompleteMultipartUploadResult"`
	Location string
	Bucket   string
	Key      string
	ETag     string
	ChecksumElements
	ChecksumType string
}

// CompleteMultipartUpload makes one object of the parts named.
//
//	Wire     POST /{Bucket}/{Key+}?uploadId
//	Limits   minPartBytes, maxParts
//	Order    readers see the object before or after, never in between
//	Durable  the object is on disk before the reply; after a crash before it, the upload is still
//	         there and may be completed again
func (s *Service) CompleteMultipartUpload(ctx context.Context, in *CompleteMultipartUploadIn) (*CompleteMultipartUploadOut, error) {
	unlock := s.uploads.lock(in.UploadID)
	defer unlock()
	u, err := s.upload(ctx, &in.UploadRef)
	if err != nil {
		return nil, err
	}
	parts, err := s.chosen(&u, in.Parts)
	if err != nil {
		return nil, err
	}
	if err := in.agrees(&u, parts); err != nil {
		return nil, err
	}
	put := blob.Put{Meta: u.Meta, ETag: etagOf(parts)}
	for _, p := range parts {
		piece := blob.Part{Number: p.Number, Size: p.Size}
		if u.Type == composite {
			piece.Checksum = p.Checksum
		}
		put.Meta.Parts = append(put.Meta.Parts, piece)
	}
	source := &joined{ctx: ctx, store: s.store, parts: parts}
	defer source.Close()
	body, err := in.body(source, &u)
	if err != nil {
		return nil, err
	}
	put.Meta.Checksums = body.sums
	if u.Type == composite {
		sum, err := in.composite(&u, parts)
		if err != nil {
			return nil, err
		}
		put.Meta.Checksums = map[string]string{string(u.Algorithm): sum}
	}
	o, err := s.put(ctx, u.Bucket, u.Key, body, put, &in.WriteConditions)
	if err != nil {
		return nil, err
	}
	if err := s.end(ctx, u.ID); err != nil {
		return nil, err
	}
	out := &CompleteMultipartUploadOut{Location: location(ctx, u.Bucket, u.Key), Bucket: u.Bucket, Key: u.Key, ETag: quote(o.ETag)}
	a, v := stored(o.Meta.Checksums)
	*out.field(a), out.ChecksumType = v, typeOf(v)
	return out, nil
}

// chosen finds the parts the client names among those that were uploaded.
func (s *Service) chosen(u *upload, named []CompletedPart) ([]part, error) {
	if len(named) == 0 {
		return nil, invalidRequest("You must specify at least one part")
	}
	there, err := s.parts(u.ID)
	if err != nil {
		return nil, err
	}
	byNumber := make(map[int]part, len(there))
	for _, p := range there {
		byNumber[p.Number] = p
	}
	parts := make([]part, 0, len(named))
	for i, n := range named {
		if i > 0 && n.PartNumber <= named[i-1].PartNumber {
			return nil, fault(400, "InvalidPartOrder", "The list of parts was not in ascending order. The parts list must be specified in order by part number.").
				WithField("UploadId", u.ID)
		}
		p, ok := byNumber[n.PartNumber]
		if !ok || unquote(n.ETag) != p.ETag {
			return nil, partFault(n, u.ID)
		}
		sum := *n.field(p.Algorithm)
		if sum == "" && u.Type == composite {
			return nil, invalidRequest(fmt.Sprintf("The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.",
				strings.ToLower(string(u.Algorithm)), n.PartNumber))
		}
		if sum != "" && sum != p.Checksum {
			return nil, partFault(n, u.ID)
		}
		parts = append(parts, p)
	}
	for i, p := range parts[:len(parts)-1] {
		if p.Size < minPartBytes {
			return nil, fault(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size").
				WithField("MinSizeAllowed", strconv.Itoa(minPartBytes)).WithField("ProposedSize", strconv.FormatInt(p.Size, 10)).
				WithField("PartNumber", strconv.Itoa(p.Number)).WithField("ETag", unquote(named[i].ETag))
		}
	}
	return parts, nil
}

// agrees holds what the request says of the whole against the upload.
func (in *CompleteMultipartUploadIn) agrees(u *upload, parts []part) error {
	if in.ChecksumType != "" && in.ChecksumType != u.Type {
		was := u.Type
		if was == "" {
			was = "null"
		}
		return invalidRequest("The upload was created using the " + was + " checksum mode. The complete request must use the same checksum mode.")
	}
	var size int64
	for _, p := range parts {
		size += p.Size
	}
	if in.ObjectSize != nil && *in.ObjectSize != size {
		return invalidRequest(fmt.Sprintf("The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d", *in.ObjectSize, size))
	}
	return nil
}

// body is the whole on its way into the store, compared with the checksum of it the request gives.
func (in *CompleteMultipartUploadIn) body(source *joined, u *upload) (*intake, error) {
	d := Digests{Length: -1}
	alg, value, err := in.given()
	if err != nil {
		return nil, err
	}
	if alg != "" && u.Type != composite {
		*d.fields()[alg] = value
	}
	body, err := receive(source, &d, u.algorithm())
	if err != nil {
		return nil, err
	}
	if body.alg != u.algorithm() {
		return nil, invalidRequest(fmt.Sprintf("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			strings.ToLower(string(u.algorithm())), strings.ToLower(string(body.alg))))
	}
	body.whole = true
	return body, nil
}

// composite is the checksum of the parts' checksums, compared with the one the request gives.
func (in *CompleteMultipartUploadIn) composite(u *upload, parts []part) (string, error) {
	sum, err := compose(u.Algorithm, parts)
	if err != nil {
		return "", err
	}
	alg, value, err := in.given()
	if err != nil {
		return "", err
	}
	if value != "" && (alg != u.Algorithm || withoutCount(value) != withoutCount(sum)) {
		return "", alg.badDigest()
	}
	return sum, nil
}

// etagOf is the MD5 of the parts' MD5s, and their number.
func etagOf(parts []part) string {
	h := md5.New()
	for _, p := range parts {
		b, _ := hex.DecodeString(p.ETag) // our own
		h.Write(b)
	}
	return fmt.Sprintf("%s-%d", hex.EncodeToString(h.Sum(nil)), len(parts))
}

// location is the object's URL as the client reaches us.
func location(ctx context.Context, bucket, key string) string {
	call := wire.CallOf(ctx)
	scheme := "http://"
	if call.TLS {
		scheme = "https://"
	}
	return scheme + call.Host + "/" + bucket + "/" + percentEncode(key)
}
