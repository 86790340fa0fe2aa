package dir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// CreateBucket makes a bucket. What is known of it is on disk before its folder is, since the folder
// is what makes it a bucket.
func (s *Store) CreateBucket(ctx context.Context, b blob.BucketInfo) error {
	dir, err := s.bucketDir(b.Name)
	if err != nil {
		return fmt.Errorf("bucket name %q cannot be a folder's", b.Name)
	}
	s.buckets.Lock()
	defer s.buckets.Unlock()
	if err := s.bucketThere(dir); err == nil {
		return blob.ErrBucketExists
	}
	js, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("create bucket %s: %w", b.Name, err)
	}
	// Claims left by a bucket of that name must not speak for the new one's files.
	if err := s.fs.RemoveAll(metaDir + "/" + dir); err != nil {
		return fmt.Errorf("create bucket %s: %w", b.Name, err)
	}
	if err := s.writeFile(bucketsDir, dir, js); err != nil {
		return err
	}
	if err := s.fs.MkdirAll(dir); err != nil {
		return fmt.Errorf("create bucket %s: %w", b.Name, err)
	}
	return nil
}

// DeleteBucket removes a bucket without objects, empty folders in it included.
func (s *Store) DeleteBucket(ctx context.Context, bucket string) error {
	dir, err := s.bucketDir(bucket)
	if err != nil {
		return err
	}
	s.buckets.Lock()
	defer s.buckets.Unlock()
	if err := s.bucketThere(dir); err != nil {
		return err
	}
	l, err := s.list(ctx, bucket, blob.ListPage{Max: 1})
	if err != nil {
		return err
	}
	if len(l.Objects) > 0 {
		return blob.ErrNotEmpty
	}
	if err := s.removeEmpty(dir); err != nil {
		// Files that are no objects keep their folder, and so the bucket.
		return fmt.Errorf("%w: %w", blob.ErrNotEmpty, err)
	}
	if err := s.fs.SyncDir(""); err != nil {
		return fmt.Errorf("delete bucket %s: %w", bucket, err)
	}
	if err := s.fs.RemoveAll(metaDir + "/" + dir); err != nil {
		return fmt.Errorf("delete bucket %s: %w", bucket, err)
	}
	if err := s.fs.RemoveAll(bucketsDir + "/" + dir); err != nil {
		return fmt.Errorf("delete bucket %s: %w", bucket, err)
	}
	return nil
}

// removeEmpty removes a folder that holds nothing but folders.
func (s *Store) removeEmpty(dir string) error {
	names, err := s.fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.removeEmpty(dir + "/" + name); err != nil {
			return err
		}
	}
	return s.fs.Remove(dir)
}

// Bucket describes one bucket.
func (s *Store) Bucket(ctx context.Context, bucket string) (blob.BucketInfo, error) {
	dir, err := s.bucketDir(bucket)
	if err != nil {
		return blob.BucketInfo{}, err
	}
	s.buckets.RLock()
	defer s.buckets.RUnlock()
	return s.bucketInfo(bucket, dir)
}

// Buckets lists all, by name.
func (s *Store) Buckets(ctx context.Context) ([]blob.BucketInfo, error) {
	s.buckets.RLock()
	defer s.buckets.RUnlock()
	dirs, err := s.fs.List("")
	if err != nil {
		return nil, fmt.Errorf("list buckets: %w", err)
	}
	var all []blob.BucketInfo
	for _, dir := range dirs {
		name, ok := s.sp.decode(dir)
		if !ok || dir == ownDir {
			continue
		}
		b, err := s.bucketInfo(name, dir)
		if errors.Is(err, blob.ErrNoBucket) {
			continue // a file beside the buckets
		}
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b blob.BucketInfo) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// bucketThere is called with buckets held, as is bucketInfo.
func (s *Store) bucketThere(dir string) error {
	fi, err := s.fs.Stat(dir)
	if missing(err) || err == nil && !fi.IsDir() {
		return blob.ErrNoBucket
	}
	return err
}

func (s *Store) bucketInfo(bucket, dir string) (blob.BucketInfo, error) {
	fi, err := s.fs.Stat(dir)
	if missing(err) || err == nil && !fi.IsDir() {
		return blob.BucketInfo{}, blob.ErrNoBucket
	}
	if err != nil {
		return blob.BucketInfo{}, err
	}
	js, err := s.readFile(bucketsDir + "/" + dir)
	if missing(err) { // a folder a person made: the default account's
		d := hydrant.Scope{}.Or()
		return blob.BucketInfo{Name: bucket, Region: d.Region, Account: d.Account, Created: fi.ModTime().UTC()}, nil
	}
	if err != nil {
		return blob.BucketInfo{}, err
	}
	var b blob.BucketInfo
	if err := json.Unmarshal(js, &b); err != nil {
		return blob.BucketInfo{}, fmt.Errorf("%s/%s: %w", bucketsDir, dir, err)
	}
	return b, nil
}
