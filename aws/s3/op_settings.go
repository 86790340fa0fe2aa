package s3

import (
	"context"
	"slices"
)

// What can be set on a bucket and is kept: its tags, its block of public access, its encryption.

// GetBucketTagging lists a bucket's tags by key.
//
//	Wire     GET /{Bucket}?tagging
func (s *Service) GetBucketTagging(ctx context.Context, in *BucketRef) (*TaggingOut, error) {
	v, err := s.settings(ctx, in)
	if err != nil {
		return nil, err
	}
	if len(v.Tags) == 0 {
		return nil, notSet(in, fault(404, "NoSuchTagSet", "The TagSet does not exist"))
	}
	return &TaggingOut{TagSet: tagSet(v.Tags)}, nil
}

// PutBucketTaggingIn is the input of PutBucketTagging.
type PutBucketTaggingIn struct {
	BucketRef
	TagSet []Tag `xml:"TagSet>Tag"`
}

// PutBucketTagging replaces a bucket's tags.
//
//	Wire     PUT /{Bucket}?tagging
//	Limits   maxBucketTags, maxTagKey, maxTagValue
//	Durable  the tags are on disk before the reply
func (s *Service) PutBucketTagging(ctx context.Context, in *PutBucketTaggingIn) (*struct{}, error) {
	tags, err := bucketTags(in.TagSet)
	if err != nil {
		return nil, err
	}
	return s.set(ctx, &in.BucketRef, func(v *settings) { v.Tags = tags })
}

func bucketTags(set []Tag) (map[string]string, error) {
	if len(set) > maxBucketTags {
		return nil, malformedXML()
	}
	tags, err := byKey(set)
	if err == nil {
		err = checkTags(tags)
	}
	return tags, err
}

// DeleteBucketTagging removes all tags of a bucket.
//
//	Wire     DELETE /{Bucket}?tagging
func (s *Service) DeleteBucketTagging(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.set(ctx, in, func(v *settings) { v.Tags = nil })
}

// PublicAccessBlock says what of a bucket must not be made public.
type PublicAccessBlock struct {
	BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets bool
}

// PublicAccessBlockOut is the output of GetPublicAccessBlock.
type PublicAccessBlockOut struct {
	XMLName struct{} `xml:"PublicAccessBlockConfiguration"`
	PublicAccessBlock
}

// GetPublicAccessBlock tells what was put, or that all is blocked, as it is for a new bucket.
//
//	Wire     GET /{Bucket}?publicAccessBlock
func (s *Service) GetPublicAccessBlock(ctx context.Context, in *BucketRef) (*PublicAccessBlockOut, error) {
	v, err := s.settings(ctx, in)
	switch {
	case err != nil:
		return nil, err
	case v.Open:
		return nil, notSet(in, fault(404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"))
	case v.PublicAccess == nil:
		return &PublicAccessBlockOut{PublicAccessBlock: PublicAccessBlock{true, true, true, true}}, nil
	}
	return &PublicAccessBlockOut{PublicAccessBlock: *v.PublicAccess}, nil
}

// PutPublicAccessBlockIn is the input of PutPublicAccessBlock.
type PutPublicAccessBlockIn struct {
	BucketRef
	PublicAccessBlock
}

// PutPublicAccessBlock keeps what must not be made public.
//
//	Wire     PUT /{Bucket}?publicAccessBlock
//	Durable  the setting is on disk before the reply
//	Differs  nothing can be made public here, whatever it says
func (s *Service) PutPublicAccessBlock(ctx context.Context, in *PutPublicAccessBlockIn) (*struct{}, error) {
	return s.set(ctx, &in.BucketRef, func(v *settings) { v.PublicAccess, v.Open = &in.PublicAccessBlock, false })
}

// DeletePublicAccessBlock takes the block away.
//
//	Wire     DELETE /{Bucket}?publicAccessBlock
//	Differs  nothing becomes public
func (s *Service) DeletePublicAccessBlock(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.set(ctx, in, func(v *settings) { v.PublicAccess, v.Open = nil, true })
}

// EncryptionRule says how objects are to be encrypted where a writer does not.
type EncryptionRule struct {
	ApplyServerSideEncryptionByDefault *EncryptionDefault `json:",omitempty"`
	BucketKeyEnabled                   bool
	BlockedEncryptionTypes             *BlockedEncryption `json:",omitempty"`
}

// EncryptionDefault names an algorithm, and a key of KMS.
type EncryptionDefault struct {
	SSEAlgorithm   string
	KMSMasterKeyID string `json:",omitempty"`
}

// BlockedEncryption are ways to encrypt that writers may not ask for.
type BlockedEncryption struct {
	EncryptionType []string `xml:"EncryptionType,flattened"`
}

// EncryptionOut is the output of GetBucketEncryption.
type EncryptionOut struct {
	XMLName struct{}         `xml:"ServerSideEncryptionConfiguration"`
	Rules   []EncryptionRule `xml:"Rule,flattened"`
}

// GetBucketEncryption tells what was put.
//
//	Wire     GET /{Bucket}?encryption
//	Differs  on AWS every bucket is encrypted, with SSE-S3 where nothing was put
func (s *Service) GetBucketEncryption(ctx context.Context, in *BucketRef) (*EncryptionOut, error) {
	v, err := s.settings(ctx, in)
	if err != nil {
		return nil, err
	}
	if len(v.Encryption) == 0 {
		return nil, notSet(in, fault(404, "ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found"))
	}
	return &EncryptionOut{Rules: v.Encryption}, nil
}

// PutBucketEncryptionIn is the input of PutBucketEncryption.
type PutBucketEncryptionIn struct {
	BucketRef
	Rules []EncryptionRule `xml:"Rule,flattened"`
}

// PutBucketEncryption keeps how objects are to be encrypted.
//
//	Wire     PUT /{Bucket}?encryption
//	Durable  the setting is on disk before the reply
//	Differs  it is kept and told; nothing here is encrypted
func (s *Service) PutBucketEncryption(ctx context.Context, in *PutBucketEncryptionIn) (*struct{}, error) {
	if len(in.Rules) != 1 {
		return nil, malformedXML()
	}
	if d := in.Rules[0].ApplyServerSideEncryptionByDefault; d != nil {
		switch {
		case !slices.Contains([]string{"AES256", "aws:kms", "aws:kms:dsse"}, d.SSEAlgorithm):
			return nil, malformedXML()
		case d.SSEAlgorithm == "AES256" && d.KMSMasterKeyID != "":
			return nil, invalidArgument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse", "KMSMasterKeyID", d.KMSMasterKeyID)
		}
	}
	return s.set(ctx, &in.BucketRef, func(v *settings) { v.Encryption = in.Rules })
}

// DeleteBucketEncryption forgets what was put.
//
//	Wire     DELETE /{Bucket}?encryption
func (s *Service) DeleteBucketEncryption(ctx context.Context, in *BucketRef) (*struct{}, error) {
	return s.set(ctx, in, func(v *settings) { v.Encryption = nil })
}
