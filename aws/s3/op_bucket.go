package s3

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/journal"
)

const firstRegion = "us-east-1"

var regionForm = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d$`)

// CreateBucketIn is the input of CreateBucket.
type CreateBucketIn struct {
	BucketRef
	ACL                string `in:"header=x-amz-acl"`
	Ownership          string `in:"header=x-amz-object-ownership"`
	ObjectLock         bool   `in:"header=x-amz-bucket-object-lock-enabled"`
	LocationConstraint string
	Bucketing          *struct{ Type string } `xml:"Bucket"` // of a directory bucket
	Tags               []Tag                  `xml:"Tags>Tag"`
}

// CreateBucketOut is the output of CreateBucket.
type CreateBucketOut struct {
	Location string `in:"header=Location"`
}

// CreateBucket makes a bucket. Its name is one among all accounts and Regions.
//
//	Wire     PUT /{Bucket}
//	Durable  the bucket is on disk before the reply
//	Differs  object lock, ACLs and directory buckets are refused
func (s *Service) CreateBucket(ctx context.Context, in *CreateBucketIn) (*CreateBucketOut, error) {
	scope := hydrant.ScopeOf(ctx)
	if !nameable(in.Bucket) {
		return nil, fault(400, "InvalidBucketName", "The specified bucket is not valid.").WithField("BucketName", in.Bucket)
	}
	region, err := regionFor(in.LocationConstraint, scope.Region)
	if err != nil {
		return nil, err
	}
	switch {
	case in.ObjectLock:
		return nil, notImplemented("x-amz-bucket-object-lock-enabled")
	case in.Ownership != "" && in.Ownership != "BucketOwnerEnforced":
		return nil, notImplemented("x-amz-object-ownership")
	case in.ACL != "" && in.ACL != "private":
		return nil, fault(400, "InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
	case in.Bucketing != nil:
		return nil, fault(501, "NotImplemented", "Directory buckets are not implemented.")
	}
	tags, err := bucketTags(in.Tags)
	if err != nil {
		return nil, err
	}
	defer s.buckets.lock(in.Bucket)()
	err = s.store.CreateBucket(ctx, blob.BucketInfo{Name: in.Bucket, Region: region, Account: scope.Account, Created: s.now().UTC()})
	if errors.Is(err, blob.ErrBucketExists) {
		return s.createAgain(ctx, in.Bucket, region, scope, tags)
	}
	if err != nil {
		return nil, err
	}
	// Also where there are no tags: a crash may have left what was said of a bucket of this name before.
	return &CreateBucketOut{Location: "/" + in.Bucket}, s.keep(ctx, in.Bucket, &settings{Tags: tags})
}

// createAgain answers for a bucket that is there. In the first Region one's own is made again
// without complaint, with the tags that are asked for: a crash may have come between it and them.
func (s *Service) createAgain(ctx context.Context, name, region string, scope hydrant.Scope, tags map[string]string) (*CreateBucketOut, error) {
	b, err := s.store.Bucket(ctx, name)
	if err != nil {
		return nil, asFault(err, name, "")
	}
	switch {
	case b.Account != scope.Account:
		return nil, fault(409, "BucketAlreadyExists", "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.").
			WithField("BucketName", name)
	case b.Region == firstRegion && region == firstRegion && scope.Region == firstRegion:
		v, _, err := journal.Load[settings](s.journal, settingsKeys+name)
		if err == nil && len(tags) > 0 {
			v.Tags = tags
			err = s.keep(ctx, name, &v)
		}
		return &CreateBucketOut{Location: "/" + name}, err
	}
	return nil, fault(409, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.").
		WithField("BucketName", name)
}

// regionFor is the Region a bucket comes to lie in. Only the first Region makes buckets elsewhere,
// and only there none need be named.
func regionFor(constraint, at string) (string, error) {
	switch {
	case constraint == "" && at == firstRegion:
		return firstRegion, nil
	case constraint == "":
		return "", fault(400, "IllegalLocationConstraintException", "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.")
	case constraint == firstRegion || constraint != "EU" && !regionForm.MatchString(constraint):
		return "", fault(400, "InvalidLocationConstraint", "The specified location-constraint is not valid").WithField("LocationConstraint", constraint)
	}
	region := constraint
	if constraint == "EU" {
		region = "eu-west-1"
	}
	if at != firstRegion && at != region {
		return "", fault(400, "IllegalLocationConstraintException", "The "+constraint+" location constraint is incompatible for the region specific endpoint this request was sent to.")
	}
	return region, nil
}

// HeadBucketOut is the output of HeadBucket.
type HeadBucketOut struct {
	Region      string `in:"header=x-amz-bucket-region"`
	AccessPoint bool   `in:"header=x-amz-access-point-alias"`
}

// HeadBucket tells whether a bucket is there and the caller's.
//
//	Wire     HEAD /{Bucket}
func (s *Service) HeadBucket(ctx context.Context, in *BucketRef) (*HeadBucketOut, error) {
	b, err := s.bucket(ctx, in)
	if err != nil {
		return nil, err
	}
	return &HeadBucketOut{Region: b.Region}, nil
}

// DeleteBucket removes an empty bucket, and what was uploaded to it and not completed.
//
//	Wire     DELETE /{Bucket}
func (s *Service) DeleteBucket(ctx context.Context, in *BucketRef) (*struct{}, error) {
	if _, err := s.bucket(ctx, in); err != nil {
		return nil, err
	}
	defer s.buckets.lock(in.Bucket)()
	err := s.store.DeleteBucket(ctx, in.Bucket)
	if errors.Is(err, blob.ErrNotEmpty) {
		return nil, fault(409, "BucketNotEmpty", "The bucket you tried to delete is not empty").WithField("BucketName", in.Bucket)
	}
	if err != nil {
		return nil, asFault(err, in.Bucket, "")
	}
	return &struct{}{}, errors.Join(s.keep(ctx, in.Bucket, &settings{}), s.dropUploads(ctx, in.Bucket))
}

// ListBucketsIn is the input of ListBuckets.
type ListBucketsIn struct {
	MaxBuckets        *int   `in:"query=max-buckets"`
	ContinuationToken string `in:"query=continuation-token"`
	Prefix            string `in:"query=prefix"`
	BucketRegion      string `in:"query=bucket-region"`
}

// ListBucketsOut is the output of ListBuckets.
type ListBucketsOut struct {
	XMLName           struct{} `xml:"ListAllMyBucketsResult"`
	Owner             *Owner
	Buckets           []Bucket `xml:"Buckets>Bucket"`
	ContinuationToken string
	Prefix            string
}

// Bucket is a bucket in a listing.
type Bucket struct {
	Name         string
	CreationDate time.Time
	BucketRegion string
}

// ListBuckets lists the caller's buckets by name.
//
//	Wire     GET /
//	Differs  a folder whose name is no bucket's is not listed
func (s *Service) ListBuckets(ctx context.Context, in *ListBucketsIn) (*ListBucketsOut, error) {
	scope := hydrant.ScopeOf(ctx)
	all, err := s.store.Buckets(ctx)
	if err != nil {
		return nil, err
	}
	most := len(all)
	if in.MaxBuckets != nil {
		if most = *in.MaxBuckets; most < 1 || most > 10000 {
			return nil, invalidArgument("Argument max-buckets must be an integer between 1 and 10000", "max-buckets", "")
		}
	}
	after, err := readToken(in.ContinuationToken)
	if err != nil {
		return nil, err
	}
	out := &ListBucketsOut{Owner: ownerOf(scope.Account), Buckets: []Bucket{}, Prefix: in.Prefix}
	for _, b := range all {
		if b.Account != scope.Account || !nameable(b.Name) || b.Name <= after || !strings.HasPrefix(b.Name, in.Prefix) ||
			in.BucketRegion != "" && b.Region != in.BucketRegion {
			continue
		}
		if len(out.Buckets) == most {
			out.ContinuationToken = token(out.Buckets[most-1].Name)
			break
		}
		out.Buckets = append(out.Buckets, Bucket{b.Name, b.Created, b.Region})
	}
	return out, nil
}

// GetBucketLocationOut is the output of GetBucketLocation.
type GetBucketLocationOut struct {
	XMLName  struct{} `xml:"LocationConstraint"`
	Location string   `xml:",chardata"`
}

// GetBucketLocation tells a bucket's Region, and nothing for the first one.
//
//	Wire     GET /{Bucket}?location
func (s *Service) GetBucketLocation(ctx context.Context, in *BucketRef) (*GetBucketLocationOut, error) {
	b, err := s.bucket(ctx, in)
	if err != nil {
		return nil, err
	}
	if b.Region == firstRegion {
		return &GetBucketLocationOut{}, nil
	}
	return &GetBucketLocationOut{Location: b.Region}, nil
}
