package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// errSilent ends a call whose endpoint neither takes nor gives anything.
var errSilent = errors.New("s3: the endpoint does not answer in time")

// place is what a call is about: a bucket, or an object.
type place struct{ bucket, key string }

// fault words what a call answered. A refusal (AccessDenied and the like) is a *hydrant.Fault with
// the endpoint's code.
func (s *Store) fault(ctx context.Context, err error, p place) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
		return fmt.Errorf("s3://%s/%s: %w: %w", p.bucket, p.key, cause, err)
	}
	status := 0
	if r, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = r.HTTPStatusCode()
	}
	code, message := "", ""
	if a, ok := errors.AsType[smithy.APIError](err); ok {
		code, message = a.ErrorCode(), a.ErrorMessage()
	}
	switch code {
	case "NoSuchBucket":
		return blob.ErrNoBucket
	case "NoSuchKey":
		return blob.ErrNoKey
	case "BucketAlreadyExists", "BucketAlreadyOwnedByYou":
		return blob.ErrBucketExists
	case "BucketNotEmpty":
		return blob.ErrNotEmpty
	case "PreconditionFailed", "ConditionalRequestConflict":
		return blob.ErrPrecondition
	case "KeyTooLongError":
		return blob.ErrBadKey
	}
	switch status {
	case http.StatusNotFound: // of a HEAD, which has no body to tell more
		if p.key == "" {
			return blob.ErrNoBucket
		}
		return blob.ErrNoKey
	case http.StatusPreconditionFailed:
		return blob.ErrPrecondition
	case http.StatusForbidden:
		if code == "" || code == "Forbidden" {
			code = "AccessDenied"
		}
		return hydrant.Faultf(code, "%s", orElse(message, "Access Denied")).WithStatus(status)
	}
	return fmt.Errorf("s3://%s/%s: %w", p.bucket, p.key, err)
}

// missing tells a missing bucket from a missing key where the answer to a HEAD did not.
func (s *Store) missing(ctx context.Context, err error, bucket string) error {
	if !errors.Is(err, blob.ErrNoKey) {
		return err
	}
	if _, of := s.Bucket(ctx, bucket); errors.Is(of, blob.ErrNoBucket) {
		return of
	}
	return err
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
