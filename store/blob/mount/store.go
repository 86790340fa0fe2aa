package mount

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// CreateBucket makes a bucket at home, or that of a mount elsewhere.
func (s *Store) CreateBucket(ctx context.Context, b blob.BucketInfo) error {
	m, ok := s.mount(b.Name)
	if !ok {
		return s.home.CreateBucket(ctx, b)
	}
	b.Name = m.Bucket
	return s.away.CreateBucket(ctx, b)
}

// DeleteBucket removes an empty bucket. One of which only a prefix is shown is not the house's to remove.
func (s *Store) DeleteBucket(ctx context.Context, bucket string) error {
	m, ok := s.mount(bucket)
	switch {
	case !ok:
		return s.home.DeleteBucket(ctx, bucket)
	case m.Prefix != "":
		return hydrant.Faultf("AccessDenied", "%s stands for s3://%s/%s and cannot be deleted here.", m.Name, m.Bucket, m.Prefix).WithStatus(403)
	}
	return s.away.DeleteBucket(ctx, m.Bucket)
}

// Bucket describes one bucket. A mounted one belongs to every account of the house: whoever started
// the house opened it to all of them, as far as their policies go.
func (s *Store) Bucket(ctx context.Context, bucket string) (blob.BucketInfo, error) {
	m, ok := s.mount(bucket)
	if !ok {
		return s.home.Bucket(ctx, bucket)
	}
	b, err := s.away.Bucket(ctx, m.Bucket)
	b.Name, b.Account, b.Created = m.Name, hydrant.ScopeOf(ctx).Or().Account, s.opened
	return b, err
}

// Buckets lists all, by name. Mounts are listed without asking whether they are there, so that a list
// needs nobody else.
func (s *Store) Buckets(ctx context.Context) ([]blob.BucketInfo, error) {
	all, err := s.home.Buckets(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(b blob.BucketInfo) bool { _, hidden := s.mount(b.Name); return hidden })
	scope := hydrant.ScopeOf(ctx).Or()
	for _, m := range s.mounts {
		all = append(all, blob.BucketInfo{Name: m.Name, Region: scope.Region, Account: scope.Account, Created: s.opened})
	}
	slices.SortFunc(all, func(a, b blob.BucketInfo) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Put writes an object.
func (s *Store) Put(ctx context.Context, bucket, key string, body io.Reader, p blob.Put) (blob.Info, error) {
	m, ok := s.mount(bucket)
	if !ok {
		return s.home.Put(ctx, bucket, key, body, p)
	}
	if err := blob.CheckKey(key); err != nil {
		return blob.Info{}, err
	}
	o, err := s.away.Put(ctx, m.Bucket, m.Prefix+key, body, p)
	return m.shown(o), err
}

// Get opens an object or a part of it.
func (s *Store) Get(ctx context.Context, bucket, key string, r *blob.Range) (io.ReadCloser, blob.Info, error) {
	m, ok := s.mount(bucket)
	if !ok {
		return s.home.Get(ctx, bucket, key, r)
	}
	body, o, err := s.away.Get(ctx, m.Bucket, m.Prefix+key, r)
	return body, m.shown(o), err
}

// Head describes an object.
func (s *Store) Head(ctx context.Context, bucket, key string) (blob.Info, error) {
	m, ok := s.mount(bucket)
	if !ok {
		return s.home.Head(ctx, bucket, key)
	}
	o, err := s.away.Head(ctx, m.Bucket, m.Prefix+key)
	return m.shown(o), err
}

// SetTags replaces the tags of an object.
func (s *Store) SetTags(ctx context.Context, bucket, key string, tags map[string]string) error {
	m, ok := s.mount(bucket)
	if !ok {
		return s.home.SetTags(ctx, bucket, key, tags)
	}
	return s.away.SetTags(ctx, m.Bucket, m.Prefix+key, tags)
}

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, bucket, key string) error {
	m, ok := s.mount(bucket)
	if !ok {
		return s.home.Delete(ctx, bucket, key)
	}
	return s.away.Delete(ctx, m.Bucket, m.Prefix+key)
}

// List returns one page of keys.
func (s *Store) List(ctx context.Context, bucket string, p blob.ListPage) (blob.Listing, error) {
	m, ok := s.mount(bucket)
	if !ok {
		return s.home.List(ctx, bucket, p)
	}
	p.Prefix = m.Prefix + p.Prefix
	if p.After != "" {
		p.After = m.Prefix + p.After
	}
	l, err := s.away.List(ctx, m.Bucket, p)
	for i := range l.Objects {
		l.Objects[i] = m.shown(l.Objects[i])
	}
	for i := range l.Prefixes {
		l.Prefixes[i] = strings.TrimPrefix(l.Prefixes[i], m.Prefix)
	}
	l.Next = strings.TrimPrefix(l.Next, m.Prefix)
	return l, err
}

// Path is where an object at home lies.
func (s *Store) Path(bucket, key string) (string, bool) {
	if _, ok := s.mount(bucket); ok {
		return "", false
	}
	return s.home.Path(bucket, key)
}
