package s3

const (
	maxPutBytes      = 5 << 30 // of one PutObject, UploadPart or CopyObject
	minPartBytes     = 5 << 20 // of every part but the last
	maxParts         = 10_000
	maxMetadataBytes = 2 << 10 // names and values of x-amz-meta-* together
	maxDeletes       = 1000    // keys of one DeleteObjects
	maxPage          = 1000    // keys, parts or uploads of one listing
	maxTags          = 10      // of an object
	maxBucketTags    = 50
	maxTagKey        = 128 // characters
	maxTagValue      = 256
)
