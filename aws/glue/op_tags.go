package glue

import (
	"context"
	"maps"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

const maxTags = 50

type GetTagsIn struct {
	ResourceArn string `required:"" min:"1" max:"10240" pattern:"arn:aws(-(cn|us-gov|iso(-[bef])?))?:glue:.*"`
}

type GetTagsOut struct{ Tags map[string]string }

// GetTags answers the tags of a database.
//
//	Wire     AWSGlue.GetTags over json 1.1
//	Differs  databases only: of what there is here, nothing else has tags on AWS either
//	Proof    TestTagsOfDatabases
func (s *Service) GetTags(ctx context.Context, in *GetTagsIn) (*GetTagsOut, error) {
	c, db, err := s.tagged(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags, err := c.tags(db)
	if tags == nil {
		tags = map[string]string{}
	}
	return &GetTagsOut{tags}, err
}

type TagResourceIn struct {
	ResourceArn string            `required:"" min:"1" max:"10240" pattern:"arn:aws(-(cn|us-gov|iso(-[bef])?))?:glue:.*"`
	TagsToAdd   map[string]string `required:"" max:"50"`
}

// TagResource adds tags to a database, over those of the same keys.
//
//	Wire     AWSGlue.TagResource over json 1.1
//	Limits   maxTags
//	Durable  in the journal before the reply
//	Differs  databases only
//	Proof    TestTagsOfDatabases
func (s *Service) TagResource(ctx context.Context, in *TagResourceIn) (*Empty, error) {
	return s.retag(ctx, in.ResourceArn, func(tags map[string]string) { maps.Copy(tags, in.TagsToAdd) })
}

type UntagResourceIn struct {
	ResourceArn  string   `required:"" min:"1" max:"10240" pattern:"arn:aws(-(cn|us-gov|iso(-[bef])?))?:glue:.*"`
	TagsToRemove []string `required:"" max:"50"`
}

// UntagResource takes tags off a database; one that is not there is no error.
//
//	Wire     AWSGlue.UntagResource over json 1.1
//	Durable  in the journal before the reply
//	Differs  databases only
//	Proof    TestTagsOfDatabases
func (s *Service) UntagResource(ctx context.Context, in *UntagResourceIn) (*Empty, error) {
	return s.retag(ctx, in.ResourceArn, func(tags map[string]string) {
		for _, k := range in.TagsToRemove {
			delete(tags, k)
		}
	})
}

func (s *Service) retag(ctx context.Context, arn string, change func(map[string]string)) (*Empty, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	c, db, err := s.tagged(ctx, arn)
	if err != nil {
		return nil, err
	}
	was, err := c.tags(db)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	maps.Copy(tags, was)
	change(tags)
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	return &Empty{}, s.journal.Commit(ctx, c.setTags(db, tags))
}

// tagged finds the database an ARN names.
func (s *Service) tagged(ctx context.Context, arn string) (c catalog, db string, err error) {
	if c, err = s.catalog(ctx, ""); err != nil {
		return c, "", err
	}
	a, err := hydrant.ParseARN(arn)
	if err != nil || a.Scope() != c.scope {
		return c, "", invalid("Invalid resource ARN: %s", arn)
	}
	name, ok := a.Name("database/")
	if !ok {
		return c, "", invalid("Tags of %s are not supported: databases have tags.", arn)
	}
	d, err := c.database(strings.ToLower(name))
	return c, d.Name, err
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return invalid("A resource can have at most %d tags.", maxTags)
	}
	for k, v := range tags {
		if k == "" || len([]rune(k)) > 128 || len([]rune(v)) > 256 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return invalid("The tag %q is not valid: a key has 1 to 128 characters and does not begin with aws:, a value has up to 256.", k)
		}
	}
	return nil
}

func (c catalog) tags(db string) (map[string]string, error) {
	tags, _, err := journal.Load[map[string]string](c.journal, c.tagsKey(db))
	return tags, err
}

func (c catalog) setTags(db string, tags map[string]string) journal.Change {
	if len(tags) == 0 {
		return journal.Unset(c.tagsKey(db))
	}
	return journal.Set(c.tagsKey(db), tags)
}
