// Package mem keeps objects in memory, for tests of those who write and read objects.
package mem

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// Store is a blob.Store that forgets everything when the process ends.
type Store struct {
	mu      sync.RWMutex
	buckets map[string]*bucket
}

type bucket struct {
	info    blob.BucketInfo
	objects map[string]object
}

// An object's bytes are never changed, so readers share them.
type object struct {
	info blob.Info
	data []byte
}

var _ blob.Store = (*Store)(nil)

// New makes an empty store.
func New() *Store { return &Store{buckets: map[string]*bucket{}} }

// CreateBucket makes a bucket.
func (s *Store) CreateBucket(ctx context.Context, b blob.BucketInfo) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[b.Name] != nil {
		return blob.ErrBucketExists
	}
	s.buckets[b.Name] = &bucket{info: b, objects: map[string]object{}}
	return nil
}

// DeleteBucket removes an empty bucket.
func (s *Store) DeleteBucket(ctx context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[name]
	switch {
	case b == nil:
		return blob.ErrNoBucket
	case len(b.objects) > 0:
		return blob.ErrNotEmpty
	}
	delete(s.buckets, name)
	return nil
}

// Bucket describes one bucket.
func (s *Store) Bucket(ctx context.Context, name string) (blob.BucketInfo, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if b := s.buckets[name]; b != nil {
		return b.info, nil
	}
	return blob.BucketInfo{}, blob.ErrNoBucket
}

// Buckets lists all, by name.
func (s *Store) Buckets(ctx context.Context) ([]blob.BucketInfo, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []blob.BucketInfo
	for _, name := range slices.Sorted(maps.Keys(s.buckets)) {
		all = append(all, s.buckets[name].info)
	}
	return all, nil
}

// Put writes an object whole.
func (s *Store) Put(ctx context.Context, bucket, key string, body io.Reader, p blob.Put) (blob.Info, error) {
	if err := blob.CheckKey(key); err != nil {
		return blob.Info{}, err
	}
	if _, err := s.Bucket(ctx, bucket); err != nil {
		return blob.Info{}, err
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return blob.Info{}, err
	}
	o := object{data: data, info: blob.Info{Key: key, Size: int64(len(data)), ETag: p.ETag, Modified: time.Now().UTC(), Meta: clone(p.Meta)}}
	if o.info.ETag == "" {
		sum := md5.Sum(data)
		o.info.ETag = hex.EncodeToString(sum[:])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil {
		return blob.Info{}, blob.ErrNoBucket
	}
	old, exists := b.objects[key]
	if p.IfAbsent && exists || p.IfMatch != "" && (!exists || old.info.ETag != p.IfMatch) {
		return blob.Info{}, blob.ErrPrecondition
	}
	b.objects[key] = o
	return o.info, nil
}

// Get opens an object or a part of it.
func (s *Store) Get(ctx context.Context, bucket, key string, r *blob.Range) (io.ReadCloser, blob.Info, error) {
	o, err := s.object(bucket, key)
	if err != nil {
		return nil, blob.Info{}, err
	}
	part := r.Clip(o.info.Size)
	return io.NopCloser(bytes.NewReader(o.data[part.Offset : part.Offset+part.Length])), o.info, nil
}

// Head describes an object.
func (s *Store) Head(ctx context.Context, bucket, key string) (blob.Info, error) {
	o, err := s.object(bucket, key)
	return o.info, err
}

func (s *Store) object(bucket, key string) (object, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[bucket]
	if b == nil {
		return object{}, blob.ErrNoBucket
	}
	o, ok := b.objects[key]
	if !ok {
		return object{}, blob.ErrNoKey
	}
	o.info.Meta = clone(o.info.Meta)
	return o, nil
}

// SetTags replaces the tags of an object.
func (s *Store) SetTags(ctx context.Context, bucket, key string, tags map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil {
		return blob.ErrNoBucket
	}
	o, ok := b.objects[key]
	if !ok {
		return blob.ErrNoKey
	}
	o.info.Meta.Tags = maps.Clone(tags)
	b.objects[key] = o
	return nil
}

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, bucket, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil {
		return blob.ErrNoBucket
	}
	delete(b.objects, key)
	return nil
}

// List returns one page of keys.
func (s *Store) List(ctx context.Context, bucket string, p blob.ListPage) (blob.Listing, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[bucket]
	if b == nil {
		return blob.Listing{}, blob.ErrNoBucket
	}
	g := blob.NewPager(p)
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		full, err := g.Offer(key, func() (blob.Info, error) {
			info := b.objects[key].info
			info.Meta = clone(info.Meta)
			return info, nil
		})
		if full || err != nil {
			return g.Listing(), err
		}
	}
	return g.Listing(), nil
}

// clone copies what a caller might change later.
func clone(m blob.Meta) blob.Meta {
	m.User, m.Checksums, m.Tags = maps.Clone(m.User), maps.Clone(m.Checksums), maps.Clone(m.Tags)
	m.Parts = slices.Clone(m.Parts)
	return m
}
