package access

import (
	"encoding/xml"
	"net/url"
	"strconv"
	"strings"
)

const s3ARN = "arn:aws:s3:::"

var s3Rules = func() map[string]rule {
	m := map[string]rule{}
	bucketOf := one(func(x *input) string { return s3ARN + x.text("Bucket") })
	objectOf := one(func(x *input) string { return s3ARN + x.text("Bucket") + "/" + x.text("Key") })
	on := func(op, action string, where func(*input) []string) {
		m[op] = rule{actions: []string{action}, on: where}
	}
	m["ListBuckets"] = rule{actions: []string{"ListAllMyBuckets"}}
	each(m, rule{on: bucketOf}, "CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "GetBucketLocation", "GetBucketAcl",
		"GetBucketNotification", "GetBucketOwnershipControls", "GetBucketPolicy", "GetBucketPolicyStatus", "GetBucketTagging",
		"GetBucketVersioning", "PutBucketAcl", "GetBucketRequestPayment", "GetBucketLogging", "GetBucketWebsite",
		"PutBucketOwnershipControls", "PutBucketPolicy", "PutBucketTagging", "PutBucketVersioning")
	each(m, rule{actions: []string{"ListBucket"}, on: bucketOf, keys: listing}, "HeadBucket", "ListObjects", "ListObjectsV2")
	on("ListMultipartUploads", "ListBucketMultipartUploads", bucketOf)
	on("ListObjectVersions", "ListBucketVersions", bucketOf)
	on("GetBucketCors", "GetBucketCORS", bucketOf)
	on("PutBucketCors", "PutBucketCORS", bucketOf)
	on("DeleteBucketCors", "PutBucketCORS", bucketOf)
	on("DeleteBucketTagging", "PutBucketTagging", bucketOf)
	on("GetBucketLifecycleConfiguration", "GetLifecycleConfiguration", bucketOf)
	on("PutBucketLifecycleConfiguration", "PutLifecycleConfiguration", bucketOf)
	on("GetBucketEncryption", "GetEncryptionConfiguration", bucketOf)
	on("PutBucketEncryption", "PutEncryptionConfiguration", bucketOf)
	on("DeleteBucketEncryption", "PutEncryptionConfiguration", bucketOf)
	on("GetPublicAccessBlock", "GetBucketPublicAccessBlock", bucketOf)
	on("PutPublicAccessBlock", "PutBucketPublicAccessBlock", bucketOf)
	on("DeletePublicAccessBlock", "PutBucketPublicAccessBlock", bucketOf)
	on("GetBucketAccelerateConfiguration", "GetAccelerateConfiguration", bucketOf)
	on("GetBucketReplication", "GetReplicationConfiguration", bucketOf)
	on("GetObjectLockConfiguration", "GetBucketObjectLockConfiguration", bucketOf)
	on("GetBucketNotificationConfiguration", "GetBucketNotification", bucketOf)
	on("PutBucketNotificationConfiguration", "PutBucketNotification", bucketOf)

	each(m, rule{on: objectOf}, "AbortMultipartUpload", "GetObjectAcl", "GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging", "PutObjectAcl")
	each(m, rule{actions: []string{"GetObject"}, on: objectOf}, "GetObject", "HeadObject", "SelectObjectContent")
	m["GetObjectAttributes"] = rule{actions: []string{"GetObject", "GetObjectAttributes"}, on: objectOf}
	m["DeleteObject"] = rule{on: objectOf}
	m["DeleteObjects"] = rule{actions: []string{"DeleteObject"}, on: objectsToDelete}
	each(m, rule{actions: []string{"PutObject"}, on: objectOf, also: tagging}, "PutObject", "CreateMultipartUpload")
	each(m, rule{actions: []string{"PutObject"}, on: objectOf}, "UploadPart", "CompleteMultipartUpload")
	each(m, rule{actions: []string{"PutObject"}, on: objectOf, also: source}, "CopyObject", "UploadPartCopy")
	on("ListParts", "ListMultipartUploadParts", objectOf)
	return m
}()

// listing are the keys by which policies let see a part of a bucket.
func listing(x *input) map[string][]string {
	keys := map[string][]string{"s3:prefix": {x.text("Prefix")}, "s3:delimiter": {x.text("Delimiter")}}
	if v := x.field("MaxKeys"); v.IsValid() && v.CanInt() {
		keys["s3:max-keys"] = []string{strconv.FormatInt(v.Int(), 10)}
	}
	return keys
}

// tagging: an object written with tags needs leave to tag.
func tagging(x *input) []Need {
	if !x.has("Tagging") {
		return nil
	}
	return []Need{{Action: "s3:PutObjectTagging", Resource: s3ARN + x.text("Bucket") + "/" + x.text("Key")}}
}

// source: a copy reads what it copies.
func source(x *input) []Need {
	from, _, _ := strings.Cut(x.text("Source"), "?")
	plain, err := url.PathUnescape(from)
	if err != nil {
		plain = from
	}
	return []Need{{Action: "s3:GetObject", Resource: s3ARN + strings.TrimPrefix(plain, "/")}}
}

// objectsToDelete are the keys in the body of DeleteObjects. Where it cannot be read no key will be
// deleted either; the need is then on all of them.
func objectsToDelete(x *input) (arns []string) {
	bucket := s3ARN + x.text("Bucket") + "/"
	var doc struct {
		Object []struct{ Key string }
	}
	if body := x.field("Body"); body.IsValid() && body.Type().String() == "[]uint8" && xml.Unmarshal(body.Bytes(), &doc) == nil {
		for _, o := range doc.Object {
			arns = append(arns, bucket+o.Key)
		}
	}
	if arns == nil {
		return []string{bucket + "*"}
	}
	return arns
}
