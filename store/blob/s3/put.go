package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithy "github.com/aws/smithy-go"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// Put writes an object whole. One that is not longer than a part is sent in one; a longer one in
// parts, which become the object when all are there and are thrown away when the body fails. Checksums
// that are known only at the end of a body sent in parts are not kept.
func (s *Store) Put(ctx context.Context, bucket, key string, body io.Reader, p blob.Put) (blob.Info, error) {
	if err := blob.CheckKey(key); err != nil {
		return blob.Info{}, err
	}
	held := s.parts.Get().(*[]byte)
	defer s.parts.Put(held)
	n, err := io.ReadFull(body, *held)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return s.putWhole(ctx, bucket, key, (*held)[:n], p)
	case err != nil:
		return blob.Info{}, err
	}
	return s.putParts(ctx, bucket, key, *held, body, p)
}

func (s *Store) putWhole(ctx context.Context, bucket, key string, body []byte, p blob.Put) (blob.Info, error) {
	ctx, cancel := s.call(ctx)
	defer cancel()
	h := headersOf(&p)
	in := &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body))),
		ContentType: h.contentType, ContentEncoding: h.contentEncoding, CacheControl: h.cacheControl, ContentDisposition: h.disposition,
		ContentLanguage: h.language, Metadata: h.user, Tagging: h.tagging, StorageClass: h.class,
		ServerSideEncryption: h.encryption, SSEKMSKeyId: h.key,
	}
	in.IfNoneMatch, in.IfMatch = conditions(p)
	at := time.Now()
	out, err := s.client.PutObject(ctx, in, h.options)
	if err != nil {
		return blob.Info{}, s.refused(ctx, err, p, place{bucket, key})
	}
	return written(key, int64(len(body)), out.ETag, at, p.Meta), nil
}

func conditions(p blob.Put) (ifNoneMatch, ifMatch *string) {
	if p.IfAbsent {
		ifNoneMatch = aws.String("*")
	}
	if p.IfMatch != "" {
		ifMatch = aws.String(`"` + p.IfMatch + `"`)
	}
	return ifNoneMatch, ifMatch
}

// refused words the answer to a write. An If-Match of an object that is not there is answered with
// NoSuchKey.
func (s *Store) refused(ctx context.Context, err error, p blob.Put, at place) error {
	err = s.fault(ctx, err, at)
	if errors.Is(err, blob.ErrNoKey) {
		if err = s.missing(ctx, err, at.bucket); p.IfMatch != "" && errors.Is(err, blob.ErrNoKey) {
			return blob.ErrPrecondition
		}
	}
	return err
}

// putParts sends held, a whole part, and what is left of body, through the memory of held.
func (s *Store) putParts(ctx context.Context, bucket, key string, held []byte, body io.Reader, p blob.Put) (info blob.Info, err error) {
	at := place{bucket, key}
	id, err := s.begin(ctx, at, &p)
	if err != nil {
		return info, err
	}
	defer func() {
		if err != nil {
			s.abort(ctx, at, id)
		}
	}()
	var parts []types.CompletedPart
	var size int64
	for n := len(held); n > 0; {
		if len(parts) == maxParts {
			return info, fmt.Errorf("s3://%s/%s: longer than %d parts of %d bytes", bucket, key, maxParts, partBytes)
		}
		part, err := s.part(ctx, at, id, int32(len(parts)+1), held[:n])
		if err != nil {
			return info, err
		}
		parts = append(parts, part)
		size += int64(n)
		if n < len(held) {
			break
		}
		if n, err = io.ReadFull(body, held); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return info, err
		}
	}
	call, cancel := s.call(ctx)
	defer cancel()
	in := &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: &id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
	in.IfNoneMatch, in.IfMatch = conditions(p)
	now := time.Now()
	out, err := s.client.CompleteMultipartUpload(call, in)
	if err != nil {
		return info, s.refused(call, err, p, at)
	}
	return written(key, size, out.ETag, now, p.Meta), nil
}

// begin opens an upload in parts. Uploads of the same key that could not be aborted, or were begun before
// this store was opened, which is what a process left that was killed, would be kept, and paid for, for ever.
func (s *Store) begin(ctx context.Context, at place, p *blob.Put) (id string, err error) {
	ctx, cancel := s.call(ctx)
	defer cancel()
	s.abortLeft(ctx, at)
	if left, err := s.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &at.bucket, Prefix: &at.key}); err == nil {
		for _, u := range left.Uploads {
			if aws.ToString(u.Key) == at.key && u.Initiated != nil && u.Initiated.Before(s.opened.Add(-time.Second)) {
				s.abort(ctx, at, aws.ToString(u.UploadId))
			}
		}
	}
	h := headersOf(p)
	out, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &at.bucket, Key: &at.key,
		ContentType: h.contentType, ContentEncoding: h.contentEncoding, CacheControl: h.cacheControl, ContentDisposition: h.disposition,
		ContentLanguage: h.language, Metadata: h.user, Tagging: h.tagging, StorageClass: h.class,
		ServerSideEncryption: h.encryption, SSEKMSKeyId: h.key,
	}, h.options)
	if err != nil {
		return "", s.fault(ctx, err, at)
	}
	return aws.ToString(out.UploadId), nil
}

func (s *Store) part(ctx context.Context, at place, id string, number int32, body []byte) (types.CompletedPart, error) {
	ctx, cancel := s.call(ctx)
	defer cancel()
	out, err := s.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &at.bucket, Key: &at.key, UploadId: &id, PartNumber: &number, Body: bytes.NewReader(body), ContentLength: aws.Int64(int64(len(body))),
	})
	if err != nil {
		return types.CompletedPart{}, s.fault(ctx, err, at)
	}
	return types.CompletedPart{ETag: out.ETag, PartNumber: &number}, nil
}

// abort throws the parts of an upload away, as well as it can: an endpoint that is away keeps them
// until the next upload of the key, or its removal.
func (s *Store) abort(ctx context.Context, at place, ids ...string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(s.timeout, abortTimeout))
	defer cancel()
	for i, id := range ids {
		_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &at.bucket, Key: &at.key, UploadId: &id})
		if none, ok := errors.AsType[smithy.APIError](err); err == nil || ok && none.ErrorCode() == "NoSuchUpload" {
			continue
		}
		s.mu.Lock()
		s.left[at] = append(s.left[at], ids[i:]...)
		s.mu.Unlock()
		return
	}
}

// abortLeft aborts what could not be aborted before.
func (s *Store) abortLeft(ctx context.Context, at place) {
	s.mu.Lock()
	ids := s.left[at]
	delete(s.left, at)
	s.mu.Unlock()
	s.abort(ctx, at, ids...)
}
