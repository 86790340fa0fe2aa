// Package blob keeps objects in buckets: the lake. dir keeps them as plain files, mem in memory,
// s3 in any S3-compatible endpoint; mount shows buckets of one store between those of another; blobtest is the behaviour all of them show.
package blob

import (
	"context"
	"errors"
	"io"
	"time"
)

// Info describes an object.
type Info struct {
	Key      string
	Size     int64
	ETag     string // without quotes: hex MD5, or "<hex>-<parts>" for a multipart upload
	Modified time.Time
	Meta     Meta
}

// Meta is what a writer says of an object, kept beside its bytes.
type Meta struct {
	ContentType     string            `json:",omitempty"`
	ContentEncoding string            `json:",omitempty"`
	CacheControl    string            `json:",omitempty"`
	Disposition     string            `json:",omitempty"`
	Language        string            `json:",omitempty"`
	Expires         string            `json:",omitempty"`
	User            map[string]string `json:",omitempty"` // x-amz-meta-*, names in lower case
	Checksums       map[string]string `json:",omitempty"` // e.g. "CRC32" -> base64
	Tags            map[string]string `json:",omitempty"`
	StorageClass    string            `json:",omitempty"` // as the writer named it; "" is STANDARD
	// Parts are the pieces of a multipart upload in order, so that a reader may ask for one by its
	// number. Empty for an object that was written in one.
	Parts []Part `json:",omitempty"`
}

// Part is one piece of a multipart upload.
type Part struct {
	Number   int
	Size     int64
	Checksum string `json:",omitempty"` // base64, of the object's checksum algorithm
}

// Put says how an object is written.
type Put struct {
	Meta Meta
	// ETag overrides the MD5 of the bytes (multipart completion).
	ETag string
	// IfAbsent: fail with ErrPrecondition where the key exists. IfMatch: fail with ErrPrecondition
	// unless the key exists with that ETag. Both are decided atomically with the write.
	IfAbsent bool
	IfMatch  string
	// KMSKey: an endpoint is to encrypt the object with this key of KMS. Stores of our own encrypt nothing
	// and ignore it.
	KMSKey string
}

// Range is a part of an object: Length bytes from Offset. Length < 0 means to the end.
type Range struct{ Offset, Length int64 }

// ListPage bounds a listing.
type ListPage struct {
	Prefix string
	// After: only keys greater than this one, in byte order.
	After string
	// Delimiter: keys that hold it after Prefix are rolled up into Prefixes. "" = none.
	Delimiter string
	// Max bounds objects plus prefixes. 0 means 1,000.
	Max int
}

// Listing is one page, in byte order of the keys.
type Listing struct {
	Objects  []Info
	Prefixes []string
	// Next is what to pass as After for the following page; More says whether there is one.
	Next string
	More bool
}

// BucketInfo describes a bucket.
type BucketInfo struct {
	Name    string
	Region  string
	Account string
	Created time.Time
}

// Store keeps objects. All methods may be called concurrently.
type Store interface {
	// CreateBucket makes a bucket. ErrBucketExists where there is one of that name.
	CreateBucket(ctx context.Context, b BucketInfo) error
	// DeleteBucket removes an empty bucket. ErrNoBucket, ErrNotEmpty.
	DeleteBucket(ctx context.Context, bucket string) error
	// Bucket describes one bucket. ErrNoBucket.
	Bucket(ctx context.Context, bucket string) (BucketInfo, error)
	// Buckets lists all, by name.
	Buckets(ctx context.Context) ([]BucketInfo, error)

	// Put writes an object whole: readers see the old bytes or the new ones, never a mix, and when
	// it returns the object survives power loss. An error from body is returned and nothing is
	// written. p.Meta is looked at after body has ended, so that body may fill in Checksums of what
	// passed through it. ErrNoBucket, ErrPrecondition, ErrBadKey.
	Put(ctx context.Context, bucket, key string, body io.Reader, p Put) (Info, error)
	// Get opens an object, or the part of it that r names (nil: all of it); the caller closes it.
	// An overwrite or delete does not disturb a reader that is open. ErrNoBucket, ErrNoKey.
	// The part is clipped to the object.
	Get(ctx context.Context, bucket, key string, r *Range) (io.ReadCloser, Info, error)
	// Head describes an object. ErrNoBucket, ErrNoKey.
	Head(ctx context.Context, bucket, key string) (Info, error)
	// SetTags replaces the tags of an object and leaves its bytes, ETag and time alone.
	// ErrNoBucket, ErrNoKey.
	SetTags(ctx context.Context, bucket, key string, tags map[string]string) error
	// Delete removes an object; one that is not there is no error. ErrNoBucket.
	Delete(ctx context.Context, bucket, key string) error
	// List returns one page of keys. ErrNoBucket.
	List(ctx context.Context, bucket string, p ListPage) (Listing, error)
}

// Pather is a Store whose objects are files that another program (DuckDB) may open by name.
type Pather interface {
	// Path is where the object's bytes are; it may not exist. ok is false where there is no such file.
	Path(bucket, key string) (path string, ok bool)
}

// Fetcher makes files of objects that are not (Pather).
type Fetcher interface {
	// Fetch copies objects, as they were listed, to files of the returned paths, in the same order. The
	// files are there until release is called, and no longer to be relied on then.
	Fetch(ctx context.Context, bucket string, objects []Info) (paths []string, release func(), err error)
}

var (
	ErrNoBucket     = errors.New("blob: no such bucket")
	ErrBucketExists = errors.New("blob: bucket exists")
	ErrNotEmpty     = errors.New("blob: bucket not empty")
	ErrNoKey        = errors.New("blob: no such key")
	// ErrPrecondition: IfAbsent or IfMatch did not hold; nothing was written.
	ErrPrecondition = errors.New("blob: precondition failed")
	// ErrBadKey: the key is empty, longer than 1,024 bytes, or not UTF-8.
	ErrBadKey = errors.New("blob: bad key")
)
