// Package s3 is the object store as its clients know it: buckets, objects, multipart uploads, over
// REST and XML. The bytes lie in a blob.Store; settings of buckets and the state of uploads under way in the journal.
//
//	bucket.go    whose bucket it is; names
//	object.go    what is said of an object: headers in, headers out
//	intake.go    a body on its way in: lengths, digests, checksums
//	checksum.go  the five algorithms
//	condition.go If-Match and its kin; range.go the Range header
//	settings.go  what was set on a bucket
//	upload.go    a multipart upload
//	op_*.go      the operations
//
// Parts of uploads are objects of the bucket named by uploadsBucket, which no client can name.
package s3

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/wire"
)

// Config is what the service stands on.
type Config struct {
	// Store keeps buckets, objects and parts.
	Store blob.Store
	// Journal keeps the settings of buckets, which uploads are under way and what parts they have, under "s3/".
	Journal journal.Journal
	// Log takes what no client sees. nil discards.
	Log *slog.Logger
}

// Service is S3.
type Service struct {
	store   blob.Store
	journal journal.Journal
	log     *slog.Logger
	buckets locks // one per bucket whose settings change
	uploads locks // one per upload: parts are recorded and the upload ended one at a time
	now     func() time.Time
}

// New takes up the uploads the journal knows, and removes parts that belong to none.
func New(c Config) (*Service, error) {
	s := &Service{store: c.Store, journal: c.Journal, log: c.Log, now: time.Now}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.openUploads(context.Background()); err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	return s, nil
}

// Wire is the service's operations.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:      "s3",
		Protocol:  wire.RESTXML,
		Namespace: "http://s3.amazonaws.com/doc/2006-03-01/",
		Selectors: subresources,
		Ops: []wire.Row{
			wire.Op("ListBuckets", s.ListBuckets).HTTP("GET", "/", 200),
			wire.Op("CreateBucket", s.CreateBucket).HTTP("PUT", "/{Bucket}", 200),
			wire.Op("HeadBucket", s.HeadBucket).HTTP("HEAD", "/{Bucket}", 200),
			wire.Op("DeleteBucket", s.DeleteBucket).HTTP("DELETE", "/{Bucket}", 204),
			wire.Op("GetBucketLocation", s.GetBucketLocation).HTTP("GET", "/{Bucket}?location", 200),

			wire.Op("ListObjects", s.ListObjects).HTTP("GET", "/{Bucket}", 200),
			wire.Op("ListObjectVersions", s.ListObjectVersions).HTTP("GET", "/{Bucket}?versions", 200),
			wire.Op("ListObjectsV2", s.ListObjectsV2).HTTP("GET", "/{Bucket}?list-type=2", 200),

			wire.Op("PutObject", s.PutObject).HTTP("PUT", "/{Bucket}/{Key+}", 200),
			wire.Op("CopyObject", s.CopyObject).HTTP("PUT", "/{Bucket}/{Key+}?@x-amz-copy-source", 200),
			wire.Op("GetObject", s.GetObject).HTTP("GET", "/{Bucket}/{Key+}", 200),
			wire.Op("HeadObject", s.HeadObject).HTTP("HEAD", "/{Bucket}/{Key+}", 200),
			wire.Op("GetObjectAttributes", s.GetObjectAttributes).HTTP("GET", "/{Bucket}/{Key+}?attributes", 200),
			wire.Op("DeleteObject", s.DeleteObject).HTTP("DELETE", "/{Bucket}/{Key+}", 204),
			wire.Op("DeleteObjects", s.DeleteObjects).HTTP("POST", "/{Bucket}?delete", 200),
			wire.Op("GetObjectTagging", s.GetObjectTagging).HTTP("GET", "/{Bucket}/{Key+}?tagging", 200),
			wire.Op("PutObjectTagging", s.PutObjectTagging).HTTP("PUT", "/{Bucket}/{Key+}?tagging", 200),
			wire.Op("DeleteObjectTagging", s.DeleteObjectTagging).HTTP("DELETE", "/{Bucket}/{Key+}?tagging", 204),

			wire.Op("CreateMultipartUpload", s.CreateMultipartUpload).HTTP("POST", "/{Bucket}/{Key+}?uploads", 200),
			wire.Op("UploadPart", s.UploadPart).HTTP("PUT", "/{Bucket}/{Key+}?partNumber&uploadId", 200),
			wire.Op("UploadPartCopy", s.UploadPartCopy).HTTP("PUT", "/{Bucket}/{Key+}?partNumber&uploadId&@x-amz-copy-source", 200),
			wire.Op("CompleteMultipartUpload", s.CompleteMultipartUpload).HTTP("POST", "/{Bucket}/{Key+}?uploadId", 200),
			wire.Op("AbortMultipartUpload", s.AbortMultipartUpload).HTTP("DELETE", "/{Bucket}/{Key+}?uploadId", 204),
			wire.Op("ListParts", s.ListParts).HTTP("GET", "/{Bucket}/{Key+}?uploadId", 200),
			wire.Op("ListMultipartUploads", s.ListMultipartUploads).HTTP("GET", "/{Bucket}?uploads", 200),

			wire.Op("GetBucketVersioning", s.GetBucketVersioning).HTTP("GET", "/{Bucket}?versioning", 200),
			wire.Op("GetBucketAcl", s.GetBucketAcl).HTTP("GET", "/{Bucket}?acl", 200),
			wire.Op("GetObjectAcl", s.GetObjectAcl).HTTP("GET", "/{Bucket}/{Key+}?acl", 200),
			wire.Op("PutBucketAcl", s.PutBucketAcl).HTTP("PUT", "/{Bucket}?acl", 200),
			wire.Op("PutObjectAcl", s.PutObjectAcl).HTTP("PUT", "/{Bucket}/{Key+}?acl", 200),
			wire.Op("PutBucketOwnershipControls", s.PutBucketOwnershipControls).HTTP("PUT", "/{Bucket}?ownershipControls", 200),
			wire.Op("GetBucketOwnershipControls", s.GetBucketOwnershipControls).HTTP("GET", "/{Bucket}?ownershipControls", 200),
			wire.Op("GetBucketPolicy", s.GetBucketPolicy).HTTP("GET", "/{Bucket}?policy", 200),
			wire.Op("GetBucketPolicyStatus", s.GetBucketPolicyStatus).HTTP("GET", "/{Bucket}?policyStatus", 200),
			wire.Op("GetBucketNotificationConfiguration", s.GetBucketNotificationConfiguration).HTTP("GET", "/{Bucket}?notification", 200),
			wire.Op("GetBucketRequestPayment", s.GetBucketRequestPayment).HTTP("GET", "/{Bucket}?requestPayment", 200),
			wire.Op("GetBucketAccelerateConfiguration", s.GetBucketAccelerateConfiguration).HTTP("GET", "/{Bucket}?accelerate", 200),
			wire.Op("GetBucketLogging", s.GetBucketLogging).HTTP("GET", "/{Bucket}?logging", 200),
			wire.Op("GetBucketWebsite", s.GetBucketWebsite).HTTP("GET", "/{Bucket}?website", 200),
			wire.Op("GetBucketReplication", s.GetBucketReplication).HTTP("GET", "/{Bucket}?replication", 200),
			wire.Op("GetBucketCors", s.GetBucketCors).HTTP("GET", "/{Bucket}?cors", 200),
			wire.Op("GetBucketLifecycleConfiguration", s.GetBucketLifecycleConfiguration).HTTP("GET", "/{Bucket}?lifecycle", 200),
			wire.Op("GetObjectLockConfiguration", s.GetObjectLockConfiguration).HTTP("GET", "/{Bucket}?object-lock", 200),

			wire.Op("GetBucketTagging", s.GetBucketTagging).HTTP("GET", "/{Bucket}?tagging", 200),
			wire.Op("PutBucketTagging", s.PutBucketTagging).HTTP("PUT", "/{Bucket}?tagging", 204),
			wire.Op("DeleteBucketTagging", s.DeleteBucketTagging).HTTP("DELETE", "/{Bucket}?tagging", 204),
			wire.Op("GetPublicAccessBlock", s.GetPublicAccessBlock).HTTP("GET", "/{Bucket}?publicAccessBlock", 200),
			wire.Op("PutPublicAccessBlock", s.PutPublicAccessBlock).HTTP("PUT", "/{Bucket}?publicAccessBlock", 200),
			wire.Op("DeletePublicAccessBlock", s.DeletePublicAccessBlock).HTTP("DELETE", "/{Bucket}?publicAccessBlock", 204),
			wire.Op("GetBucketEncryption", s.GetBucketEncryption).HTTP("GET", "/{Bucket}?encryption", 200),
			wire.Op("PutBucketEncryption", s.PutBucketEncryption).HTTP("PUT", "/{Bucket}?encryption", 200),
			wire.Op("DeleteBucketEncryption", s.DeleteBucketEncryption).HTTP("DELETE", "/{Bucket}?encryption", 204),
		},
	}
}

// subresources are the query keys that make a request one about something else than the bucket or
// the object itself: DELETE /b?policy is no DeleteBucket.
var subresources = []string{
	"abac", "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering", "inventory",
	"legal-hold", "lifecycle", "location", "logging", "metadataConfiguration", "metadataInventoryTable", "metadataJournalTable",
	"metadataTable", "metrics", "notification", "object-lock", "ownershipControls", "policy", "policyStatus",
	"publicAccessBlock", "renameObject", "replication", "requestPayment", "restore", "retention", "select", "session",
	"tagging", "torrent", "uploadId", "uploads", "versioning", "versions", "website",
}

// newID is a name nobody can guess.
func newID() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// ignoreGone is err unless it says that what was to be removed is not there.
func ignoreGone(err error) error {
	if errors.Is(err, blob.ErrNoBucket) || errors.Is(err, blob.ErrNoKey) {
		return nil
	}
	return err
}
