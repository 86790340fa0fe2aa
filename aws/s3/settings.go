package s3

import (
	"context"
	"fmt"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// settingsKeys are the journal's: s3/bucket/<name> -> settings.
const settingsKeys = "s3/bucket/"

// settings are what was said of a bucket since it was made. The zero value is a new bucket's.
type settings struct {
	Tags map[string]string `json:",omitempty"`
	// PublicAccess is what was put in place of the default, which blocks all. Open: it was deleted.
	PublicAccess *PublicAccessBlock `json:",omitempty"`
	Open         bool               `json:",omitempty"`
	Encryption   []EncryptionRule   `json:",omitempty"`
}

func (v *settings) empty() bool {
	return len(v.Tags) == 0 && v.PublicAccess == nil && !v.Open && len(v.Encryption) == 0
}

// settings of a bucket of the caller's.
func (s *Service) settings(ctx context.Context, r *BucketRef) (v settings, err error) {
	if _, err := s.bucket(ctx, r); err != nil {
		return v, err
	}
	v, _, err = journal.Load[settings](s.journal, settingsKeys+r.Bucket)
	return v, err
}

// set changes the settings of a bucket of the caller's. They are on disk when it returns.
func (s *Service) set(ctx context.Context, r *BucketRef, change func(*settings)) (*struct{}, error) {
	defer s.buckets.lock(r.Bucket)()
	v, err := s.settings(ctx, r)
	if err != nil {
		return nil, err
	}
	change(&v)
	return &struct{}{}, s.keep(ctx, r.Bucket, &v)
}

// keep puts the settings of a bucket on disk; what says nothing has no entry.
func (s *Service) keep(ctx context.Context, bucket string, v *settings) error {
	change := journal.Set(settingsKeys+bucket, v)
	if v.empty() {
		if _, ok, err := journal.Load[settings](s.journal, settingsKeys+bucket); err != nil || !ok {
			return err
		}
		change = journal.Unset(settingsKeys + bucket)
	}
	if err := s.journal.Commit(ctx, change); err != nil {
		return fmt.Errorf("settings of bucket: %w", err)
	}
	return nil
}

// notSet answers for a setting the bucket does not have.
func notSet(r *BucketRef, f *hydrant.Fault) *hydrant.Fault {
	return f.WithField("BucketName", r.Bucket)
}
