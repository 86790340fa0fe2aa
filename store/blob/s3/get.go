package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// Get opens an object or a part of it.
func (s *Store) Get(ctx context.Context, bucket, key string, r *blob.Range) (io.ReadCloser, blob.Info, error) {
	if blob.CheckKey(key) != nil {
		return nil, blob.Info{}, s.missing(ctx, blob.ErrNoKey, bucket)
	}
	if r != nil && r.Length == 0 {
		return s.getNothing(ctx, bucket, key)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	in := &s3.GetObjectInput{Bucket: &bucket, Key: &key}
	if r != nil {
		in.Range = aws.String(rangeHeader(r))
	}
	out, err := s.client.GetObject(ctx, in)
	if err != nil {
		defer cancel(nil)
		if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && e.HTTPStatusCode() == http.StatusRequestedRangeNotSatisfiable {
			return s.getNothing(ctx, bucket, key)
		}
		return nil, blob.Info{}, s.missing(ctx, s.fault(ctx, err, place{bucket, key}), bucket)
	}
	info := described(key, &s3.HeadObjectOutput{
		ContentLength: out.ContentLength, ETag: out.ETag, LastModified: out.LastModified, ContentType: out.ContentType, ContentEncoding: out.ContentEncoding,
		CacheControl: out.CacheControl, ContentDisposition: out.ContentDisposition, ContentLanguage: out.ContentLanguage, ExpiresString: out.ExpiresString,
		StorageClass: out.StorageClass, Metadata: out.Metadata,
	})
	if _, total, ok := strings.Cut(aws.ToString(out.ContentRange), "/"); ok {
		if n, err := strconv.ParseInt(total, 10, 64); err == nil {
			info.Size = n
		}
	}
	info.Meta.Tags, err = s.tags(ctx, bucket, key, out.TagCount)
	if err != nil {
		out.Body.Close()
		cancel(nil)
		return nil, blob.Info{}, err
	}
	return &patient{body: out.Body, cancel: cancel, timer: time.AfterFunc(s.idle, func() { cancel(errSilent) }), idle: s.idle}, info, nil
}

// getNothing is the empty part of an object.
func (s *Store) getNothing(ctx context.Context, bucket, key string) (io.ReadCloser, blob.Info, error) {
	info, err := s.Head(ctx, bucket, key)
	if err != nil {
		return nil, info, err
	}
	return io.NopCloser(strings.NewReader("")), info, nil
}

func rangeHeader(r *blob.Range) string {
	from := max(r.Offset, 0)
	h := "bytes=" + strconv.FormatInt(from, 10) + "-"
	if r.Length > 0 && from+r.Length > 0 {
		h += strconv.FormatInt(from+r.Length-1, 10)
	}
	return h
}

// patient is a body that ends with an error when a read waits longer than idle.
type patient struct {
	body   io.ReadCloser
	cancel context.CancelCauseFunc
	timer  *time.Timer
	idle   time.Duration
}

func (p *patient) Read(b []byte) (int, error) {
	p.timer.Reset(p.idle)
	n, err := p.body.Read(b)
	p.timer.Stop() // a reader may take its time
	return n, err
}

func (p *patient) Close() error {
	p.timer.Stop()
	err := p.body.Close()
	p.cancel(nil)
	return err
}

// Head describes an object.
func (s *Store) Head(ctx context.Context, bucket, key string) (blob.Info, error) {
	if blob.CheckKey(key) != nil {
		return blob.Info{}, s.missing(ctx, blob.ErrNoKey, bucket)
	}
	ctx, cancel := s.call(ctx)
	defer cancel()
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return blob.Info{}, s.missing(ctx, s.fault(ctx, err, place{bucket, key}), bucket)
	}
	info := described(key, out)
	info.Meta.Tags, err = s.tags(ctx, bucket, key, out.TagCount)
	return info, err
}

// tags asks for the tags of an object that is said to have some.
func (s *Store) tags(ctx context.Context, bucket, key string, count *int32) (map[string]string, error) {
	if aws.ToInt32(count) == 0 {
		return nil, nil
	}
	ctx, cancel := s.call(ctx)
	defer cancel()
	out, err := s.client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, s.fault(ctx, err, place{bucket, key})
	}
	tags := map[string]string{}
	for _, t := range out.TagSet {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}

// SetTags replaces the tags of an object.
func (s *Store) SetTags(ctx context.Context, bucket, key string, tags map[string]string) error {
	ctx, cancel := s.call(ctx)
	defer cancel()
	if len(tags) == 0 { // some endpoints cannot read an empty set
		if _, err := s.Head(ctx, bucket, key); err != nil {
			return err
		}
		_, err := s.client.DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingInput{Bucket: &bucket, Key: &key})
		return s.fault(ctx, err, place{bucket, key})
	}
	set := []types.Tag{}
	for k, v := range tags {
		set = append(set, types.Tag{Key: &k, Value: &v})
	}
	_, err := s.client.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: &bucket, Key: &key, Tagging: &types.Tagging{TagSet: set}})
	return s.fault(ctx, err, place{bucket, key})
}

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, bucket, key string) error {
	ctx, cancel := s.call(ctx)
	defer cancel()
	if blob.CheckKey(key) != nil {
		_, err := s.Bucket(ctx, bucket)
		return err
	}
	s.abortLeft(ctx, place{bucket, key})
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
	if err = s.fault(ctx, err, place{bucket, key}); errors.Is(err, blob.ErrNoKey) {
		return nil
	}
	return err
}
