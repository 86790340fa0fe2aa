package s3

import (
	"context"

	"github.com/hydrant-stream/hydrant"
)

// What clients ask of a bucket before they use it. Buckets here have no versions, policies, rules;
// these operations say so in the words AWS has for a bucket where none was ever set. Setting them is
// not implemented and says that.

// GetBucketVersioningOut is empty for a bucket that was never versioned.
type GetBucketVersioningOut struct {
	XMLName struct{} `xml:"VersioningConfiguration"`
	Status  string
}

// GetBucketVersioning tells that a bucket keeps no versions.
//
//	Wire     GET /{Bucket}?versioning
func (s *Service) GetBucketVersioning(ctx context.Context, in *BucketRef) (*GetBucketVersioningOut, error) {
	_, err := s.bucket(ctx, in)
	return &GetBucketVersioningOut{}, err
}

// AclOut is the output of GetBucketAcl and GetObjectAcl.
type AclOut struct {
	XMLName struct{} `xml:"AccessControlPolicy"`
	Owner   *Owner
	Grants  []Grant `xml:"AccessControlList>Grant"`
}

// Grant is one line of an access control list.
type Grant struct {
	Grantee    Grantee
	Permission string
}

// Grantee is who may.
type Grantee struct {
	Type string `xml:"xsi:type,attr"`
	ID   string
}

// GetBucketAcl tells that the owner, and nobody else, may do all.
//
//	Wire     GET /{Bucket}?acl
func (s *Service) GetBucketAcl(ctx context.Context, in *BucketRef) (*AclOut, error) {
	b, err := s.bucket(ctx, in)
	if err != nil {
		return nil, err
	}
	owner := ownerOf(b.Account)
	return &AclOut{Owner: owner, Grants: []Grant{{Grantee{"CanonicalUser", owner.ID}, "FULL_CONTROL"}}}, nil
}

// GetObjectAcl is GetBucketAcl for an object: it belongs to the bucket's owner.
//
//	Wire     GET /{Bucket}/{Key+}?acl
func (s *Service) GetObjectAcl(ctx context.Context, in *ObjectRef) (*AclOut, error) {
	out, err := s.GetBucketAcl(ctx, &in.BucketRef)
	if err != nil {
		return nil, err
	}
	if _, err := s.store.Head(ctx, in.Bucket, in.Key); err != nil {
		return nil, asFault(err, in.Bucket, in.Key)
	}
	return out, nil
}

// OwnershipControlsOut is the output of GetBucketOwnershipControls.
type OwnershipControlsOut struct {
	XMLName struct{}        `xml:"OwnershipControls"`
	Rules   []OwnershipRule `xml:"Rule,flattened"`
}

// OwnershipRule says whose an uploaded object is.
type OwnershipRule struct{ ObjectOwnership string }

// GetBucketOwnershipControls tells that all objects are the bucket owner's.
//
//	Wire     GET /{Bucket}?ownershipControls
func (s *Service) GetBucketOwnershipControls(ctx context.Context, in *BucketRef) (*OwnershipControlsOut, error) {
	_, err := s.bucket(ctx, in)
	return &OwnershipControlsOut{Rules: []OwnershipRule{{"BucketOwnerEnforced"}}}, err
}

// unset answers for a setting no bucket here has.
func (s *Service) unset(ctx context.Context, in *BucketRef, f *hydrant.Fault) (*struct{}, error) {
	if _, err := s.bucket(ctx, in); err != nil {
		return nil, err
	}
	return nil, f.WithField("BucketName", in.Bucket)
}

// GetBucketPolicy tells that there is none.
//
//	Wire     GET /{Bucket}?policy
func (s *Service) GetBucketPolicy(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.unset(ctx, in, fault(404, "NoSuchBucketPolicy", "The bucket policy does not exist"))
}

// GetBucketPolicyStatus tells that there is no policy.
//
//	Wire     GET /{Bucket}?policyStatus
func (s *Service) GetBucketPolicyStatus(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.unset(ctx, in, fault(404, "NoSuchBucketPolicy", "The bucket policy does not exist"))
}

// GetBucketTagging tells that there are no tags.
//
//	Wire     GET /{Bucket}?tagging
func (s *Service) GetBucketTagging(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.unset(ctx, in, fault(404, "NoSuchTagSet", "The TagSet does not exist"))
}

// GetBucketCors tells that there are no rules.
//
//	Wire     GET /{Bucket}?cors
func (s *Service) GetBucketCors(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.unset(ctx, in, fault(404, "NoSuchCORSConfiguration", "The CORS configuration does not exist"))
}

// GetBucketLifecycleConfiguration tells that there are no rules.
//
//	Wire     GET /{Bucket}?lifecycle
func (s *Service) GetBucketLifecycleConfiguration(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.unset(ctx, in, fault(404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"))
}

// GetBucketEncryption tells that nothing is encrypted.
//
//	Wire     GET /{Bucket}?encryption
//	Differs  on AWS every bucket is encrypted
func (s *Service) GetBucketEncryption(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.unset(ctx, in, fault(404, "ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found"))
}

// GetObjectLockConfiguration tells that objects are not locked.
//
//	Wire     GET /{Bucket}?object-lock
func (s *Service) GetObjectLockConfiguration(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.unset(ctx, in, fault(404, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"))
}
