package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// BucketRef is what every request about a bucket carries.
type BucketRef struct {
	Bucket        string `in:"path=Bucket"`
	ExpectedOwner string `in:"header=x-amz-expected-bucket-owner"`
}

// bucket finds the bucket a request is about and sees that it is the caller's.
func (s *Service) bucket(ctx context.Context, r *BucketRef) (blob.BucketInfo, error) {
	return s.owned(ctx, r.Bucket, r.ExpectedOwner)
}

// owned finds a bucket of the caller's account. Buckets have no policies, so nobody else's request
// is allowed.
func (s *Service) owned(ctx context.Context, name, expectedOwner string) (blob.BucketInfo, error) {
	if !nameable(name) {
		return blob.BucketInfo{}, noSuchBucket(name)
	}
	b, err := s.store.Bucket(ctx, name)
	if errors.Is(err, blob.ErrNoBucket) {
		return b, noSuchBucket(name)
	}
	if err != nil {
		return b, err
	}
	if b.Account != hydrant.ScopeOf(ctx).Account || expectedOwner != "" && expectedOwner != b.Account {
		return b, accessDenied()
	}
	return b, nil
}

// nameable reports whether a name follows the rules for buckets.
func nameable(name string) bool {
	if len(name) < 3 || len(name) > 63 || net.ParseIP(name) != nil || strings.Contains(name, "..") {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'; letter {
			continue
		}
		if c != '-' && c != '.' || i == 0 || i == len(name)-1 {
			return false
		}
	}
	for _, p := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, p) {
			return false
		}
	}
	for _, p := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, p) {
			return false
		}
	}
	return true
}

// Owner names an account as S3 does.
type Owner struct {
	ID string
}

// ownerOf is an account's canonical user id: 64 hex digits that stay the same.
func ownerOf(account string) *Owner {
	sum := sha256.Sum256([]byte("canonical user id of " + account))
	return &Owner{ID: hex.EncodeToString(sum[:])}
}
