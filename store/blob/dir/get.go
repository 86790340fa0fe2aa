package dir

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// found is the file of an object.
type found struct {
	stamp
	path string
}

// find looks for an object's file. The caller holds the key's lock.
func (s *Store) find(at place) (found, bool, error) {
	for _, path := range []string{at.path(), at.path() + beside} {
		fi, err := s.fs.Stat(path)
		switch {
		case missing(err) || err == nil && fi.IsDir():
		case err != nil:
			return found{}, false, err
		default:
			return found{stampOf(fi), path}, true, nil
		}
	}
	return found{}, false, nil
}

// Get opens an object or a part of it.
func (s *Store) Get(ctx context.Context, bucket, key string, r *blob.Range) (io.ReadCloser, blob.Info, error) {
	at, err := s.existing(bucket, key)
	if err != nil {
		return nil, blob.Info{}, err
	}
	for {
		o, err := s.look(at, true)
		if err != nil {
			return nil, blob.Info{}, err
		}
		if o.ETag != "" {
			part := r.Clip(o.Size)
			return &reader{io.NewSectionReader(o.f, part.Offset, part.Length), o.f}, o.info(key), nil
		}
		o.f.Close()
		if err := s.adopt(at, o.stamp); err != nil {
			return nil, blob.Info{}, err
		}
	}
}

// reader is an open object. It is an io.Seeker and an io.ReaderAt, too.
type reader struct {
	*io.SectionReader
	f vfs.File
}

func (r *reader) Close() error { return r.f.Close() }

// Head describes an object.
func (s *Store) Head(ctx context.Context, bucket, key string) (blob.Info, error) {
	at, err := s.existing(bucket, key)
	if err != nil {
		return blob.Info{}, err
	}
	c, err := s.head(at)
	if err != nil {
		return blob.Info{}, err
	}
	return c.info(key), nil
}

func (s *Store) head(at place) (claim, error) {
	for {
		o, err := s.look(at, false)
		if err != nil || o.ETag != "" {
			return o.claim, err
		}
		if err := s.adopt(at, o.stamp); err != nil {
			return claim{}, err
		}
	}
}

// sight is an object at one moment. Without an ETag: nothing is claimed of this file yet.
type sight struct {
	claim
	path string
	f    vfs.File // where it was asked to be opened
}

// look finds an object's file and what is claimed of it.
func (s *Store) look(at place, open bool) (sight, error) {
	mu := s.keyLock(at.bucket, at.key)
	mu.RLock()
	defer mu.RUnlock()
	o, there, err := s.find(at)
	if err != nil {
		return sight{}, fmt.Errorf("look for %s/%s: %w", at.bucket, at.key, err)
	}
	if !there {
		return sight{}, blob.ErrNoKey
	}
	c, ok, err := s.claimed(at.bucket, at.key, o.stamp)
	if err != nil {
		return sight{}, fmt.Errorf("metadata of %s/%s: %w", at.bucket, at.key, err)
	}
	if !ok {
		c = claim{stamp: o.stamp}
	}
	seen := sight{claim: c, path: o.path}
	if !open {
		return seen, nil
	}
	seen.f, err = s.fs.Open(o.path)
	if missing(err) { // a person removed it just now
		return sight{}, blob.ErrNoKey
	}
	if err != nil {
		return sight{}, fmt.Errorf("open %s/%s: %w", at.bucket, at.key, err)
	}
	return seen, nil
}

// adopt computes the ETag of a file a person put here and claims it, unless the file has changed
// meanwhile: the caller looks again.
func (s *Store) adopt(at place, was stamp) error {
	mu := s.keyLock(at.bucket, at.key)
	mu.RLock()
	o, there, err := s.find(at)
	mu.RUnlock()
	if err != nil || !there || o.stamp != was {
		return err
	}
	etag, err := s.sum(o.path)
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sum of %s/%s: %w", at.bucket, at.key, err)
	}
	mu.Lock()
	defer mu.Unlock()
	o, there, err = s.find(at)
	if err != nil || !there || o.stamp != was {
		return err
	}
	return s.writeClaims(at.bucket, at.key, claim{stamp: was, ETag: etag})
}

// existing is the place of an object in a bucket that is there. A key no object can have is one
// that is not there.
func (s *Store) existing(bucket, key string) (place, error) {
	at, err := s.place(bucket, key)
	if errors.Is(err, blob.ErrBadKey) {
		if err := s.bucketExists(bucket); err != nil {
			return place{}, err
		}
		return place{}, blob.ErrNoKey
	}
	if err != nil {
		return place{}, err
	}
	return at, s.bucketThere(at.bucket)
}

func (s *Store) bucketExists(bucket string) error {
	dir, err := s.bucketDir(bucket)
	if err != nil {
		return err
	}
	return s.bucketThere(dir)
}
