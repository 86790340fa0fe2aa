package s3_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestBuckets(t *testing.T) {
	h := newHouse(t)
	east, west := h.client("us-east-1", "111111111111"), h.client("eu-west-1", "111111111111")
	other := h.client("us-east-1", "222222222222")
	create := func(c *sdk.Client, name, constraint string) error {
		in := &sdk.CreateBucketInput{Bucket: aws.String(name)}
		if constraint != "" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(constraint)}
		}
		_, err := c.CreateBucket(ctx, in)
		return err
	}
	for _, c := range []struct {
		by               *sdk.Client
		name, constraint string
		code             string
	}{
		{east, "one", "", ""},
		{east, "one", "", ""},
		{other, "one", "", "BucketAlreadyExists"},
		{west, "one", "eu-west-1", "BucketAlreadyOwnedByYou"},
		{west, "two", "", "IllegalLocationConstraintException"},
		{west, "two", "eu-west-2", "IllegalLocationConstraintException"},
		{west, "two", "eu-west-1", ""},
		{west, "two", "eu-west-1", "BucketAlreadyOwnedByYou"},
		{east, "three", "us-east-1", "InvalidLocationConstraint"},
		{east, "three", "moon", "InvalidLocationConstraint"},
		{east, "three", "ap-south-1", ""},
		{east, "Upper", "", "InvalidBucketName"},
		{east, "ab", "", "InvalidBucketName"},
		{east, "a..b", "", "InvalidBucketName"},
		{east, "-ab", "", "InvalidBucketName"},
		{east, "192.168.5.4", "", "InvalidBucketName"},
		{east, "xn--abc", "", "InvalidBucketName"},
		{east, strings.Repeat("x", 64), "", "InvalidBucketName"},
	} {
		t.Run(c.name+" "+c.constraint, func(t *testing.T) { want(t, create(c.by, c.name, c.constraint), c.code) })
	}

	list := must(west.ListBuckets(ctx, &sdk.ListBucketsInput{}))(t)
	var names []string
	for _, b := range list.Buckets {
		names = append(names, *b.Name+"="+aws.ToString(b.BucketRegion))
	}
	if got := strings.Join(names, " "); got != "one=us-east-1 three=ap-south-1 two=eu-west-1" {
		t.Errorf("buckets %s", got)
	}
	if n := len(must(other.ListBuckets(ctx, &sdk.ListBucketsInput{}))(t).Buckets); n != 0 {
		t.Errorf("another account sees %d buckets", n)
	}
	page := must(east.ListBuckets(ctx, &sdk.ListBucketsInput{MaxBuckets: aws.Int32(2)}))(t)
	rest := must(east.ListBuckets(ctx, &sdk.ListBucketsInput{MaxBuckets: aws.Int32(2), ContinuationToken: page.ContinuationToken}))(t)
	if len(page.Buckets) != 2 || len(rest.Buckets) != 1 || rest.ContinuationToken != nil {
		t.Errorf("pages of %d and %d", len(page.Buckets), len(rest.Buckets))
	}

	head := must(east.HeadBucket(ctx, &sdk.HeadBucketInput{Bucket: aws.String("two")}))(t)
	if aws.ToString(head.BucketRegion) != "eu-west-1" {
		t.Errorf("region %v", aws.ToString(head.BucketRegion))
	}
	_, err := other.HeadBucket(ctx, &sdk.HeadBucketInput{Bucket: aws.String("one")})
	want(t, err, "Forbidden")
	_, err = east.HeadBucket(ctx, &sdk.HeadBucketInput{Bucket: aws.String("none")})
	want(t, err, "NotFound")
	_, err = east.HeadBucket(ctx, &sdk.HeadBucketInput{Bucket: aws.String("one"), ExpectedBucketOwner: aws.String("222222222222")})
	want(t, err, "Forbidden")
	for name, region := range map[string]string{"one": "", "two": "eu-west-1"} {
		loc := must(east.GetBucketLocation(ctx, &sdk.GetBucketLocationInput{Bucket: aws.String(name)}))(t)
		if string(loc.LocationConstraint) != region {
			t.Errorf("location of %s: %q", name, loc.LocationConstraint)
		}
	}

	must(east.PutObject(ctx, &sdk.PutObjectInput{Bucket: aws.String("one"), Key: aws.String("a/b"), Body: strings.NewReader("x")}))(t)
	_, err = east.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: aws.String("one")})
	want(t, err, "BucketNotEmpty")
	_, err = other.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: aws.String("two")})
	want(t, err, "AccessDenied")
	must(east.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: aws.String("two")}))(t)
	_, err = east.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: aws.String("two")})
	want(t, err, "NoSuchBucket")
	want(t, create(other, "two", ""), "")
}

// TestWhatIsNotThere: a request about something a bucket does not have is told so, and is never
// taken for one about the bucket.
func TestWhatIsNotThere(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	bucket := aws.String("lake")
	if v := must(c.GetBucketVersioning(ctx, &sdk.GetBucketVersioningInput{Bucket: bucket}))(t); v.Status != "" {
		t.Errorf("versioning %q", v.Status)
	}
	acl := must(c.GetBucketAcl(ctx, &sdk.GetBucketAclInput{Bucket: bucket}))(t)
	if len(acl.Grants) != 1 || acl.Grants[0].Permission != "FULL_CONTROL" || acl.Grants[0].Grantee.Type != "CanonicalUser" ||
		aws.ToString(acl.Grants[0].Grantee.ID) != aws.ToString(acl.Owner.ID) {
		t.Errorf("acl %+v", acl)
	}
	_, err := c.GetBucketPolicy(ctx, &sdk.GetBucketPolicyInput{Bucket: bucket})
	want(t, err, "NoSuchBucketPolicy")
	_, err = c.GetBucketTagging(ctx, &sdk.GetBucketTaggingInput{Bucket: bucket})
	want(t, err, "NoSuchTagSet")
	_, err = c.GetBucketLifecycleConfiguration(ctx, &sdk.GetBucketLifecycleConfigurationInput{Bucket: bucket})
	want(t, err, "NoSuchLifecycleConfiguration")
	_, err = c.DeleteBucketPolicy(ctx, &sdk.DeleteBucketPolicyInput{Bucket: bucket})
	want(t, err, "NotImplemented")
	_, err = c.PutBucketVersioning(ctx, &sdk.PutBucketVersioningInput{Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: "Enabled"}})
	want(t, err, "NotImplemented")
	put(t, c, "k", "body")
	_, err = c.PutObjectAcl(ctx, &sdk.PutObjectAclInput{Bucket: bucket, Key: aws.String("k"), ACL: "public-read"})
	want(t, err, "AccessControlListNotSupported")
	_, err = c.GetBucketWebsite(ctx, &sdk.GetBucketWebsiteInput{Bucket: bucket})
	want(t, err, "NoSuchWebsiteConfiguration")
	_, err = c.GetBucketReplication(ctx, &sdk.GetBucketReplicationInput{Bucket: bucket})
	want(t, err, "ReplicationConfigurationNotFoundError")
	if n := must(c.GetBucketNotificationConfiguration(ctx, &sdk.GetBucketNotificationConfigurationInput{Bucket: bucket}))(t); n.EventBridgeConfiguration != nil {
		t.Errorf("notification %+v", n)
	}
	if l := must(c.GetBucketLogging(ctx, &sdk.GetBucketLoggingInput{Bucket: bucket}))(t); l.LoggingEnabled != nil {
		t.Errorf("logging %+v", l)
	}
	if p := must(c.GetBucketRequestPayment(ctx, &sdk.GetBucketRequestPaymentInput{Bucket: bucket}))(t); p.Payer != types.PayerBucketOwner {
		t.Errorf("payer %q", p.Payer)
	}
	if a := must(c.GetBucketAccelerateConfiguration(ctx, &sdk.GetBucketAccelerateConfigurationInput{Bucket: bucket}))(t); a.Status != "" {
		t.Errorf("acceleration %q", a.Status)
	}
	owned := func(o types.ObjectOwnership) *sdk.PutBucketOwnershipControlsInput {
		return &sdk.PutBucketOwnershipControlsInput{Bucket: bucket, OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: o}}}}
	}
	must(c.PutBucketOwnershipControls(ctx, owned(types.ObjectOwnershipBucketOwnerEnforced)))(t)
	_, err = c.PutBucketOwnershipControls(ctx, owned(types.ObjectOwnershipObjectWriter))
	want(t, err, "NotImplemented")
	_, err = c.RestoreObject(ctx, &sdk.RestoreObjectInput{Bucket: bucket, Key: aws.String("k")})
	want(t, err, "NotImplemented")
	if got, _ := read(t, c, &sdk.GetObjectInput{Key: aws.String("k")}); got != "body" {
		t.Errorf("object is %q", got)
	}
	_, err = c.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: aws.String(".uploads")})
	want(t, err, "NoSuchBucket")
	must(c.HeadBucket(ctx, &sdk.HeadBucketInput{Bucket: bucket}))(t)
}
