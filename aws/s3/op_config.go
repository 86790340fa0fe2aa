package s3

import (
	"context"

	"github.com/hydrant-stream/hydrant"
)

// What clients ask of a bucket before they use it. Buckets here have no versions, policies, rules;
// these operations say so in the words AWS has for a bucket where none was ever set. Setting them is
// not implemented and says that, unless what is set is what holds here anyhow.

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

// PutBucketOwnershipControlsIn is the input of PutBucketOwnershipControls.
type PutBucketOwnershipControlsIn struct {
	BucketRef
	Rules []OwnershipRule `xml:"Rule,flattened"`
}

// PutBucketOwnershipControls takes what holds anyhow: all objects are the bucket owner's.
//
//	Wire     PUT /{Bucket}?ownershipControls
//	Differs  BucketOwnerPreferred and ObjectWriter are refused: there are no ACLs
func (s *Service) PutBucketOwnershipControls(ctx context.Context, in *PutBucketOwnershipControlsIn) (*struct{}, error) {
	if _, err := s.bucket(ctx, &in.BucketRef); err != nil {
		return nil, err
	}
	if len(in.Rules) != 1 {
		return nil, malformedXML()
	}
	switch in.Rules[0].ObjectOwnership {
	case "BucketOwnerEnforced":
		return &struct{}{}, nil
	case "BucketOwnerPreferred", "ObjectWriter":
		return nil, fault(501, "NotImplemented", "Object ownership other than BucketOwnerEnforced is not implemented.")
	}
	return nil, malformedXML()
}

// PutBucketAcl is refused as AWS refuses it where the owner's ownership is enforced.
//
//	Wire     PUT /{Bucket}?acl
func (s *Service) PutBucketAcl(ctx context.Context, in *BucketRef) (*struct{}, error) {
	if _, err := s.bucket(ctx, in); err != nil {
		return nil, err
	}
	return nil, fault(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
}

// PutObjectAcl is refused as PutBucketAcl is.
//
//	Wire     PUT /{Bucket}/{Key+}?acl
func (s *Service) PutObjectAcl(ctx context.Context, in *ObjectRef) (*struct{}, error) {
	return s.PutBucketAcl(ctx, &in.BucketRef)
}

// NotificationOut is the output of GetBucketNotificationConfiguration: nobody is notified.
type NotificationOut struct {
	XMLName struct{} `xml:"NotificationConfiguration"`
}

// GetBucketNotificationConfiguration tells that nobody is notified.
//
//	Wire     GET /{Bucket}?notification
func (s *Service) GetBucketNotificationConfiguration(ctx context.Context, in *BucketRef) (*NotificationOut, error) {
	_, err := s.bucket(ctx, in)
	return &NotificationOut{}, err
}

// RequestPaymentOut is the output of GetBucketRequestPayment.
type RequestPaymentOut struct {
	XMLName struct{} `xml:"RequestPaymentConfiguration"`
	Payer   string
}

// GetBucketRequestPayment tells that the owner pays.
//
//	Wire     GET /{Bucket}?requestPayment
func (s *Service) GetBucketRequestPayment(ctx context.Context, in *BucketRef) (*RequestPaymentOut, error) {
	_, err := s.bucket(ctx, in)
	return &RequestPaymentOut{Payer: "BucketOwner"}, err
}

// AccelerateOut is the output of GetBucketAccelerateConfiguration.
type AccelerateOut struct {
	XMLName struct{} `xml:"AccelerateConfiguration"`
}

// GetBucketAccelerateConfiguration tells that acceleration was never set.
//
//	Wire     GET /{Bucket}?accelerate
func (s *Service) GetBucketAccelerateConfiguration(ctx context.Context, in *BucketRef) (*AccelerateOut, error) {
	_, err := s.bucket(ctx, in)
	return &AccelerateOut{}, err
}

// LoggingOut is the output of GetBucketLogging.
type LoggingOut struct {
	XMLName struct{} `xml:"BucketLoggingStatus"`
}

// GetBucketLogging tells that access is not logged.
//
//	Wire     GET /{Bucket}?logging
func (s *Service) GetBucketLogging(ctx context.Context, in *BucketRef) (*LoggingOut, error) {
	_, err := s.bucket(ctx, in)
	return &LoggingOut{}, err
}

// unset answers for a setting no bucket here has.
func (s *Service) unset(ctx context.Context, in *BucketRef, f *hydrant.Fault) (*struct{}, error) {
	if _, err := s.bucket(ctx, in); err != nil {
		return nil, err
	}
	return nil, notSet(in, f)
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

// GetObjectLockConfiguration tells that objects are not locked.
//
//	Wire     GET /{Bucket}?object-lock
func (s *Service) GetObjectLockConfiguration(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.unset(ctx, in, fault(404, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"))
}

// GetBucketWebsite tells that the bucket is none.
//
//	Wire     GET /{Bucket}?website
func (s *Service) GetBucketWebsite(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.unset(ctx, in, fault(404, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"))
}

// GetBucketReplication tells that there are no rules.
//
//	Wire     GET /{Bucket}?replication
func (s *Service) GetBucketReplication(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.unset(ctx, in, fault(404, "ReplicationConfigurationNotFoundError", "The replication configuration was not found"))
}
