package s3_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestSettingsAreKept: what is put on a bucket is told, outlives the process, and goes with the bucket.
func TestSettingsAreKept(t *testing.T) {
	h := newHouse(t)
	bucket := aws.String("kept")
	told := func() string {
		t.Helper()
		c := h.client("us-east-1", "111111111111")
		var b strings.Builder
		if tags, err := c.GetBucketTagging(ctx, &sdk.GetBucketTaggingInput{Bucket: bucket}); err != nil {
			want(t, err, "NoSuchTagSet")
		} else {
			for _, tag := range tags.TagSet {
				fmt.Fprintf(&b, "%s=%s ", *tag.Key, *tag.Value)
			}
		}
		if block, err := c.GetPublicAccessBlock(ctx, &sdk.GetPublicAccessBlockInput{Bucket: bucket}); err != nil {
			want(t, err, "NoSuchPublicAccessBlockConfiguration")
			b.WriteString("open ")
		} else {
			p := block.PublicAccessBlockConfiguration
			fmt.Fprint(&b, *p.BlockPublicAcls, *p.IgnorePublicAcls, *p.BlockPublicPolicy, *p.RestrictPublicBuckets, " ")
		}
		if e, err := c.GetBucketEncryption(ctx, &sdk.GetBucketEncryptionInput{Bucket: bucket}); err != nil {
			want(t, err, "ServerSideEncryptionConfigurationNotFoundError")
		} else {
			r := e.ServerSideEncryptionConfiguration.Rules[0]
			fmt.Fprint(&b, r.ApplyServerSideEncryptionByDefault.SSEAlgorithm, " ", *r.ApplyServerSideEncryptionByDefault.KMSMasterKeyID, " ", *r.BucketKeyEnabled)
		}
		return strings.TrimSpace(b.String())
	}
	check := func(when, want string) {
		t.Helper()
		if got := told(); got != want {
			t.Errorf("%s: told %q, want %q", when, got, want)
		}
	}
	c := h.client("us-east-1", "111111111111")
	create := func(tags ...types.Tag) {
		t.Helper()
		must(c.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{Tags: tags}}))(t)
	}
	create(tag("team", "taxis"))
	check("new", "team=taxis true true true true")
	create(tag("team", "cabs"))
	check("made again", "team=cabs true true true true")
	create()
	check("made again without tags", "team=cabs true true true true")

	must(c.PutBucketTagging(ctx, &sdk.PutBucketTaggingInput{Bucket: bucket, Tagging: &types.Tagging{TagSet: []types.Tag{tag("b", "2"), tag("a", "1")}}}))(t)
	must(c.PutPublicAccessBlock(ctx, &sdk.PutPublicAccessBlockInput{Bucket: bucket,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)}}))(t)
	must(c.PutBucketEncryption(ctx, encryption(bucket, "aws:kms", "alias/lake")))(t)
	h.restart()
	c = h.client("us-east-1", "111111111111")
	check("after a restart", "a=1 b=2 false false true false aws:kms alias/lake true")

	_, err := h.client("us-east-1", "222222222222").PutBucketTagging(ctx, &sdk.PutBucketTaggingInput{Bucket: bucket, Tagging: &types.Tagging{TagSet: []types.Tag{tag("x", "")}}})
	want(t, err, "AccessDenied")
	_, err = c.PutBucketTagging(ctx, &sdk.PutBucketTaggingInput{Bucket: bucket, Tagging: &types.Tagging{TagSet: []types.Tag{tag("a", "1"), tag("a", "2")}}})
	want(t, err, "InvalidTag")
	_, err = c.PutBucketEncryption(ctx, encryption(bucket, "ROT13", ""))
	want(t, err, "MalformedXML")
	_, err = c.PutBucketEncryption(ctx, encryption(bucket, "AES256", "alias/lake"))
	want(t, err, "InvalidArgument")
	check("after what was refused", "a=1 b=2 false false true false aws:kms alias/lake true")

	must(c.DeleteBucketTagging(ctx, &sdk.DeleteBucketTaggingInput{Bucket: bucket}))(t)
	must(c.DeleteBucketEncryption(ctx, &sdk.DeleteBucketEncryptionInput{Bucket: bucket}))(t)
	must(c.DeletePublicAccessBlock(ctx, &sdk.DeletePublicAccessBlockInput{Bucket: bucket}))(t)
	check("deleted", "open")
	must(c.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: bucket}))(t)
	create()
	check("a new bucket of the same name", "true true true true")
}

func tag(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }

func encryption(bucket *string, algorithm types.ServerSideEncryption, key string) *sdk.PutBucketEncryptionInput {
	d := &types.ServerSideEncryptionByDefault{SSEAlgorithm: algorithm}
	if key != "" {
		d.KMSMasterKeyID = &key
	}
	return &sdk.PutBucketEncryptionInput{Bucket: bucket, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: d, BucketKeyEnabled: aws.Bool(true)}}}}
}

// TestVersionsOfWhatHasNone: a bucket is emptied by its versions, page by page, as scripts do it.
func TestVersionsOfWhatHasNone(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	for _, k := range []string{"a/1", "a/2", "b c/3", "d"} {
		put(t, c, k, k)
	}
	rolled := must(c.ListObjectVersions(ctx, &sdk.ListObjectVersionsInput{Bucket: aws.String("lake"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(1)}))(t)
	var seen []string
	for {
		for _, p := range rolled.CommonPrefixes {
			seen = append(seen, *p.Prefix)
		}
		for _, v := range rolled.Versions {
			seen = append(seen, *v.Key)
		}
		if !aws.ToBool(rolled.IsTruncated) {
			break
		}
		rolled = must(c.ListObjectVersions(ctx, &sdk.ListObjectVersionsInput{Bucket: aws.String("lake"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(1),
			KeyMarker: rolled.NextKeyMarker, VersionIdMarker: rolled.NextVersionIdMarker}))(t)
	}
	if got := strings.Join(seen, "|"); got != "a/|b c/|d" {
		t.Errorf("rolled up: %q", got)
	}
	pages := sdk.NewListObjectVersionsPaginator(c, &sdk.ListObjectVersionsInput{Bucket: aws.String("lake"), MaxKeys: aws.Int32(3)})
	var all []types.ObjectIdentifier
	for pages.HasMorePages() {
		for _, v := range must(pages.NextPage(ctx))(t).Versions {
			if *v.VersionId != "null" || !*v.IsLatest {
				t.Errorf("version %+v", v)
			}
			all = append(all, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
	}
	if len(all) != 4 {
		t.Fatalf("%d versions", len(all))
	}
	out := must(c.DeleteObjects(ctx, &sdk.DeleteObjectsInput{Bucket: aws.String("lake"), Delete: &types.Delete{Objects: all}}))(t)
	if len(out.Deleted) != 4 || len(out.Errors) != 0 {
		t.Errorf("deleted %+v", out)
	}
	must(c.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: aws.String("lake")}))(t)
	_, err := c.ListObjectVersions(ctx, &sdk.ListObjectVersionsInput{Bucket: aws.String("lake")})
	want(t, err, "NoSuchBucket")
}
