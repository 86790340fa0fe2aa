package s3

import (
	"context"
	"maps"
	"slices"
)

// Tag is a tag in XML.
type Tag struct{ Key, Value string }

// TaggingIn is the input of GetObjectTagging and DeleteObjectTagging.
type TaggingIn struct {
	ObjectRef
	VersionID string `in:"query=versionId"`
}

// TaggingOut is the output of GetObjectTagging and GetBucketTagging.
type TaggingOut struct {
	XMLName struct{} `xml:"Tagging"`
	TagSet  []Tag    `xml:"TagSet>Tag"`
}

// GetObjectTagging lists an object's tags by key.
//
//	Wire     GET /{Bucket}/{Key+}?tagging
func (s *Service) GetObjectTagging(ctx context.Context, in *TaggingIn) (*TaggingOut, error) {
	if _, err := s.bucket(ctx, &in.BucketRef); err != nil {
		return nil, err
	}
	if err := checkVersion(in.VersionID); err != nil {
		return nil, err
	}
	o, err := s.store.Head(ctx, in.Bucket, in.Key)
	if err != nil {
		return nil, asFault(err, in.Bucket, in.Key)
	}
	return &TaggingOut{TagSet: tagSet(o.Meta.Tags)}, nil
}

// PutObjectTaggingIn is the input of PutObjectTagging.
type PutObjectTaggingIn struct {
	TaggingIn
	TagSet []Tag `xml:"TagSet>Tag"`
}

// PutObjectTagging replaces an object's tags.
//
//	Wire     PUT /{Bucket}/{Key+}?tagging
//	Limits   maxTags, maxTagKey, maxTagValue
//	Durable  the tags are on disk before the reply
func (s *Service) PutObjectTagging(ctx context.Context, in *PutObjectTaggingIn) (*struct{}, error) {
	tags, err := byKey(in.TagSet)
	if err == nil {
		err = checkObjectTags(tags)
	}
	if err != nil {
		return nil, err
	}
	return s.setTags(ctx, &in.TaggingIn, tags)
}

func byKey(set []Tag) (map[string]string, error) {
	tags := make(map[string]string, len(set))
	for _, t := range set {
		if _, twice := tags[t.Key]; twice {
			return nil, fault(400, "InvalidTag", "Cannot provide multiple Tags with the same key").WithField("TagKey", t.Key)
		}
		tags[t.Key] = t.Value
	}
	return tags, nil
}

// tagSet are tags as a document holds them, by key.
func tagSet(tags map[string]string) []Tag {
	out := []Tag{}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, Tag{k, tags[k]})
	}
	return out
}

// DeleteObjectTagging removes all tags of an object.
//
//	Wire     DELETE /{Bucket}/{Key+}?tagging
func (s *Service) DeleteObjectTagging(ctx context.Context, in *TaggingIn) (*struct{}, error) {
	return s.setTags(ctx, in, nil)
}

func (s *Service) setTags(ctx context.Context, in *TaggingIn, tags map[string]string) (*struct{}, error) {
	if _, err := s.bucket(ctx, &in.BucketRef); err != nil {
		return nil, err
	}
	if err := checkVersion(in.VersionID); err != nil {
		return nil, err
	}
	if err := s.store.SetTags(ctx, in.Bucket, in.Key, tags); err != nil {
		return nil, asFault(err, in.Bucket, in.Key)
	}
	return &struct{}{}, nil
}
