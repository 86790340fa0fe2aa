package wire_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/hydrant-stream/hydrant"
)

func TestSDKKinesis(t *testing.T) {
	h := open(t, nil)
	c := kinesis.NewFromConfig(h.client("123456789012", "x"))
	data := [][]byte{[]byte("one"), {}, bytes.Repeat([]byte{0, 255, '"'}, 5000)}
	in := &kinesis.PutRecordsInput{StreamName: aws.String("trips")}
	for _, d := range data {
		in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{Data: d, PartitionKey: aws.String("ключ \"<&>\" \U0001F695")})
	}
	out, err := c.PutRecords(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(out.Records); n != 3 || *out.Records[2].ShardId != "shardId-000000000000" || *out.FailedRecordCount != 0 {
		t.Errorf("PutRecords answered %d slots, %d failed", n, *out.FailedRecordCount)
	}
	if s := h.stream.scopes[0]; s != (hydrant.Scope{Account: "123456789012", Region: "eu-west-1"}) {
		t.Errorf("scope %v", s)
	}
	got, err := c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: aws.String("i")})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got.Records {
		if !bytes.Equal(r.Data, data[i]) || *r.PartitionKey != *in.Records[i].PartitionKey {
			t.Errorf("record %d came back as %.40q, %q", i, r.Data, *r.PartitionKey)
		}
		if !r.ApproximateArrivalTimestamp.Equal(arrival) {
			t.Errorf("arrival %v, want %v", r.ApproximateArrivalTimestamp, arrival)
		}
	}
	_, err = c.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("ok")})
	if err != nil {
		t.Error(err)
	}
	_, err = c.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("taken")})
	var inUse *kinesistypes.ResourceInUseException
	if !errors.As(err, &inUse) || *inUse.Message != "Stream taken is taken" {
		t.Errorf("got %v, want ResourceInUseException", err)
	}
	_, err = c.ListStreams(t.Context(), &kinesis.ListStreamsInput{})
	wantCode(t, err, "UnknownOperationException", "ListStreams of kinesis")
}

func wantCode(t *testing.T, err error, code, part string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), part) {
		t.Errorf("got %v, want %s …%s…", err, code, part)
	}
}

func TestSDKLambda(t *testing.T) {
	h := open(t, nil)
	c := lambda.NewFromConfig(h.client("AKIA", "x"))
	made, err := c.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("filter"), Role: aws.String("r"), Timeout: aws.Int32(9),
		Code:        &lambdatypes.FunctionCode{ZipFile: []byte("PK..")},
		Environment: &lambdatypes.Environment{Variables: map[string]string{"a": "1"}}})
	if err != nil {
		t.Fatal(err)
	}
	if *made.FunctionArn != "arn:aws:lambda:eu-west-1:000000000000:function:filter" || made.CodeSize != 4 || *made.Timeout != 9 || made.Environment.Variables["a"] != "1" {
		t.Errorf("got %+v", made)
	}
	inv, err := c.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("arn:aws:lambda:eu-west-1:000000000000:function:filter"),
		InvocationType: lambdatypes.InvocationTypeEvent, Payload: []byte(`{"x":1}`), Qualifier: aws.String("v/1")})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(inv.Payload), `arn:aws:lambda:eu-west-1:000000000000:function:filter:Event:{"x":1}`; got != want || *inv.FunctionError != "v/1" || inv.StatusCode != 200 {
		t.Errorf("got %s %v", got, inv)
	}
	list, err := c.ListFunctions(t.Context(), &lambda.ListFunctionsInput{Marker: aws.String("m")})
	if err != nil || *list.NextMarker != "m+" {
		t.Errorf("ListFunctions: %v %v", list, err)
	}
	_, err = c.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("no")})
	var missing *lambdatypes.ResourceNotFoundException
	if !errors.As(err, &missing) || *missing.Message != "Function not found: no" || *missing.Type != "User" {
		t.Errorf("got %v", err)
	}
	_, err = c.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f")})
	var conflict *lambdatypes.ResourceConflictException
	if !errors.As(err, &conflict) || *conflict.Message != "busy" {
		t.Errorf("got %v", err)
	}
	arn := "arn:aws:lambda:eu-west-1:0:function:f"
	if _, err = c.UntagResource(t.Context(), &lambda.UntagResourceInput{Resource: &arn, TagKeys: []string{"a", "b c"}}); err != nil {
		t.Error(err)
	}
	tags, err := c.ListTags(t.Context(), &lambda.ListTagsInput{Resource: &arn})
	if err != nil || tags.Tags["arn"] != arn {
		t.Errorf("ListTags: %v %v", tags, err)
	}
	_, err = c.GetAccountSettings(t.Context(), &lambda.GetAccountSettingsInput{})
	wantCode(t, err, "UnknownOperationException", "/2016-08-19/account-settings")
}

func TestSDKS3(t *testing.T) {
	h := open(t, nil)
	for _, pathStyle := range []bool{true, false} {
		cfg := h.client("AKIA", "x")
		cfg.BaseEndpoint = aws.String(strings.Replace(h.URL, "127.0.0.1", "localhost", 1))
		cfg.HTTPClient = anyHost(h)
		c := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = pathStyle })
		key := "year=2016/a b+c%2Fd//ü.txt"
		put, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: &key, Body: strings.NewReader("some body"),
			ContentType: aws.String("text/plain"), Metadata: map[string]string{"Who": "me"}})
		if err != nil {
			t.Fatal(err)
		}
		if *put.ETag != `"1ab0e6a9d5ef0c4a1a8b3ff1b8d92de0"` && len(*put.ETag) != 34 {
			t.Errorf("ETag %s", *put.ETag)
		}
		last := h.objects.puts[len(h.objects.puts)-1]
		if last.Bucket != "lake" || last.Key != key || last.Length != 9 || last.ContentType != "text/plain" || last.Metadata["who"] != "me" || last.CRC32 == "" {
			t.Errorf("path style %v: put %+v", pathStyle, last)
		}
		get, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("lake"), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(get.Body)
		if string(b) != "some body" || err != nil || *get.ContentLength != 9 || get.Metadata["who"] != "me" || !get.LastModified.Equal(arrival.Truncate(1e9)) {
			t.Errorf("got %q %v %+v", b, err, get)
		}
		part, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("lake"), Key: &key, Range: aws.String("bytes=1-2")})
		if err != nil {
			t.Fatal(err)
		}
		b, _ = io.ReadAll(part.Body)
		if string(b) != "om" || *part.ContentRange != "bytes 1-2/9" {
			t.Errorf("range: %q %v", b, *part.ContentRange)
		}
		head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("lake"), Key: &key})
		if err != nil || *head.ContentLength != 9 {
			t.Errorf("HeadObject: %v %v", head, err)
		}
		_, err = c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("lake"), Key: aws.String("no")})
		var missing *s3types.NotFound
		if !errors.As(err, &missing) {
			t.Errorf("HeadObject of nothing: %v", err)
		}
		_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("no")})
		var noKey *s3types.NoSuchKey
		if !errors.As(err, &noKey) || *noKey.Message != "The specified key does not exist." {
			t.Errorf("GetObject of nothing: %v", err)
		}
		list, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("lake"), Prefix: aws.String("year=")})
		if err != nil || len(list.Contents) != 1 || *list.Contents[0].Key != key || *list.CommonPrefixes[0].Prefix != "year=2016/" || *list.KeyCount != 1 {
			t.Errorf("ListObjectsV2: %+v %v", list, err)
		}
		_, err = c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("b2"),
			CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}})
		if err != nil {
			t.Error(err)
		}
		loc, err := c.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: aws.String("b2")})
		if err != nil || loc.LocationConstraint != "eu-west-1" {
			t.Errorf("GetBucketLocation: %v %v", loc, err)
		}
		_, err = c.GetBucketAcl(t.Context(), &s3.GetBucketAclInput{Bucket: aws.String("b2")})
		wantCode(t, err, "NotImplemented", "acl")
		buckets, err := c.ListBuckets(t.Context(), &s3.ListBucketsInput{})
		if err != nil || len(buckets.Buckets) != 2 || *buckets.Buckets[1].Name != "a&b" {
			t.Errorf("ListBuckets: %v %v", buckets, err)
		}
		del, err := c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String("lake"),
			Delete: &s3types.Delete{Objects: []s3types.ObjectIdentifier{{Key: aws.String("x")}, {Key: aws.String("y")}}}})
		if err != nil || len(del.Deleted) != 2 || *del.Deleted[1].Key != "y" {
			t.Errorf("DeleteObjects: %v %v", del, err)
		}
		cp, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String("lake"), Key: aws.String("z"), CopySource: aws.String("lake/x")})
		if err != nil || *cp.CopyObjectResult.ETag != `"copied"` {
			t.Errorf("CopyObject: %v %v", cp, err)
		}
	}
}

func TestSDKQuery(t *testing.T) {
	h := open(t, nil)
	who, err := sts.NewFromConfig(h.client("123456789012", "x")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || *who.Account != "123456789012" || *who.Arn != "arn:aws:iam::123456789012:root" {
		t.Errorf("GetCallerIdentity: %v %v", who, err)
	}
	c := iam.NewFromConfig(h.client("AKIA", "x"))
	var tags []iamtypes.Tag
	for _, k := range strings.Split("k0 k1 k2 k3 k4 k5 k6 k7 k8 k9 k10 k11", " ") {
		tags = append(tags, iamtypes.Tag{Key: aws.String(k), Value: aws.String("<" + k + "> & more")})
	}
	if _, err := c.TagRole(t.Context(), &iam.TagRoleInput{RoleName: aws.String("r"), Tags: tags}); err != nil {
		t.Fatal(err)
	}
	got, err := c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("r")})
	if err != nil {
		t.Fatal(err)
	}
	same := slices.EqualFunc(got.Role.Tags, tags, func(a, b iamtypes.Tag) bool { return *a.Key == *b.Key && *a.Value == *b.Value })
	if !same || !got.Role.CreateDate.Equal(arrival) {
		t.Errorf("role came back as %+v", got.Role)
	}
	_, err = c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("no")})
	var missing *iamtypes.NoSuchEntityException
	if !errors.As(err, &missing) || *missing.Message != "The role with name no cannot be found." {
		t.Errorf("got %v", err)
	}
	_, err = c.ListUsers(t.Context(), &iam.ListUsersInput{})
	wantCode(t, err, "InvalidAction", "ListUsers")
	_, err = c.TagRole(t.Context(), &iam.TagRoleInput{RoleName: aws.String("bad name"), Tags: tags[:1]})
	wantCode(t, err, "ValidationError", "Value 'bad name' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+")
}

// anyHost is a client that reaches the house by whatever host a URL names.
func anyHost(h *house) *http.Client {
	return &http.Client{Transport: rewrite(strings.TrimPrefix(h.URL, "http://"))}
}

type rewrite string

func (to rewrite) RoundTrip(r *http.Request) (*http.Response, error) {
	c := r.Clone(r.Context())
	c.Host = r.URL.Host
	c.URL.Host = string(to)
	return http.DefaultTransport.RoundTrip(c)
}
