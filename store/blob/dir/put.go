package dir

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// Put writes an object whole.
func (s *Store) Put(ctx context.Context, bucket, key string, body io.Reader, p blob.Put) (blob.Info, error) {
	at, err := s.place(bucket, key)
	if err != nil {
		return blob.Info{}, err
	}
	if err := s.bucketThere(at.bucket); err != nil {
		return blob.Info{}, err
	}
	n, err := s.receive(body, p)
	if err != nil {
		return blob.Info{}, err
	}
	defer n.drop(s)
	if err := alive(ctx); err != nil {
		return blob.Info{}, err
	}

	s.buckets.RLock()
	defer s.buckets.RUnlock()
	if err := s.bucketThere(at.bucket); err != nil {
		return blob.Info{}, err
	}
	for {
		if err := s.makeFolder(at); err != nil {
			return blob.Info{}, fmt.Errorf("put %s/%s: %w", bucket, key, err)
		}
		placed, err := s.replace(at, n, p)
		if err != nil {
			return blob.Info{}, fmt.Errorf("put %s/%s: %w", bucket, key, err)
		}
		if placed {
			return n.claim.info(key), nil
		}
		// A delete took the empty folder away again.
	}
}

// arrival is a file on its way, whole and synced, and what will be claimed of it.
type arrival struct {
	claim
	path string
	f    vfs.File
}

// drop lets go of the file and, where it did not get its name, removes it.
func (n *arrival) drop(s *Store) {
	n.f.Close()
	if n.path != "" {
		_ = s.fs.Remove(n.path) // else the next start does
	}
}

// receive writes body to a temporary file.
func (s *Store) receive(body io.Reader, p blob.Put) (*arrival, error) {
	path, f, err := s.temp()
	if err != nil {
		return nil, fmt.Errorf("put: %w", err)
	}
	n := &arrival{path: path, f: f}
	err = func() error {
		var sum hash.Hash
		var w io.Writer = f
		if p.ETag == "" {
			sum = md5.New()
			w = io.MultiWriter(f, sum)
		}
		if _, err := s.copy(w, body); err != nil {
			return err
		}
		n.ETag, n.Meta = p.ETag, p.Meta
		if sum != nil {
			n.ETag = hex.EncodeToString(sum.Sum(nil))
		}
		return n.settle(s)
	}()
	if err != nil {
		n.drop(s)
		return nil, err
	}
	return n, nil
}

// settle syncs the file and takes its stamp. The first Sync of a file just created covers its
// modification time, and so does one after Truncate.
func (n *arrival) settle(s *Store) error {
	if err := n.f.Sync(); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	fi, err := s.fs.Stat(n.path)
	if err != nil {
		return fmt.Errorf("put: %w", err)
	}
	n.stamp = stampOf(fi)
	return nil
}

// distinguish gives the file another modification time than that of a stamp: two files of equal
// size written within one tick of the clock would share their claims.
func (n *arrival) distinguish(s *Store, from stamp) error {
	for n.stamp == from {
		time.Sleep(time.Millisecond)
		if err := n.f.Truncate(n.Size); err != nil {
			return fmt.Errorf("put: %w", err)
		}
		if err := n.settle(s); err != nil {
			return err
		}
	}
	return nil
}

// replace decides the conditions and gives the arrival its name. Where that was not done and there
// is no error, the folder has gone.
func (s *Store) replace(at place, n *arrival, p blob.Put) (placed bool, err error) {
	mu := s.keyLock(at.bucket, at.key)
	mu.Lock()
	defer mu.Unlock()
	old, there, err := s.find(at)
	if err != nil {
		return false, err
	}
	claims, err := s.admit(at, old, there, p)
	if err != nil {
		return false, err
	}
	if there {
		if err := n.distinguish(s, old.stamp); err != nil {
			return false, err
		}
	}
	if err := s.writeClaims(at.bucket, at.key, append(claims, n.claim)...); err != nil {
		return false, err
	}

	target := at.path()
	if fi, err := s.fs.Stat(target); err == nil && fi.IsDir() {
		target += beside
	}
	if err := s.fs.Rename(n.path, target); err != nil {
		if _, serr := s.fs.Stat(n.path); missing(err) && serr == nil {
			return false, nil
		}
		return false, err
	}
	n.path = ""
	if there && old.path != target {
		if err := s.fs.Remove(old.path); err != nil && !missing(err) {
			return false, err
		}
	}
	return true, s.fs.SyncDir(at.folder)
}

// admit decides a put's conditions against the file that is there, and returns what is claimed of
// that file: it holds until the new one has its name.
func (s *Store) admit(at place, old found, there bool, p blob.Put) ([]claim, error) {
	if !there {
		if p.IfMatch != "" {
			return nil, blob.ErrPrecondition
		}
		return nil, nil
	}
	if p.IfAbsent {
		return nil, blob.ErrPrecondition
	}
	c, claimed, err := s.claimed(at.bucket, at.key, old.stamp)
	if err != nil {
		return nil, err
	}
	if !claimed && p.IfMatch != "" {
		if c.ETag, err = s.sum(old.path); err != nil {
			return nil, err
		}
	}
	if p.IfMatch != "" && c.ETag != p.IfMatch {
		return nil, blob.ErrPrecondition
	}
	if !claimed {
		return nil, nil
	}
	return []claim{c}, nil
}

// SetTags replaces the tags of an object.
func (s *Store) SetTags(ctx context.Context, bucket, key string, tags map[string]string) error {
	at, err := s.existing(bucket, key)
	if err != nil {
		return err
	}
	s.buckets.RLock()
	defer s.buckets.RUnlock()
	for {
		o, err := s.head(at) // also computes what is not yet claimed
		if err != nil {
			return err
		}
		done, err := s.retag(at, o.stamp, tags)
		if done || err != nil {
			return err
		}
	}
}

// retag writes the tags where the object is still the file with that stamp.
func (s *Store) retag(at place, was stamp, tags map[string]string) (done bool, err error) {
	mu := s.keyLock(at.bucket, at.key)
	mu.Lock()
	defer mu.Unlock()
	now, there, err := s.find(at)
	if err != nil || !there || now.stamp != was {
		return false, err
	}
	c, ok, err := s.claimed(at.bucket, at.key, now.stamp)
	if err != nil || !ok {
		return false, err
	}
	c.Meta.Tags = tags
	return true, s.writeClaims(at.bucket, at.key, c)
}

// Delete removes an object and the folders it leaves empty.
func (s *Store) Delete(ctx context.Context, bucket, key string) error {
	at, err := s.place(bucket, key)
	if errors.Is(err, blob.ErrBadKey) {
		return s.bucketExists(bucket)
	}
	if err != nil {
		return err
	}
	s.buckets.RLock()
	defer s.buckets.RUnlock()
	if err := s.bucketThere(at.bucket); err != nil {
		return err
	}
	gone, err := s.remove(at)
	if err != nil || !gone {
		return err
	}
	s.prune(at)
	return nil
}

func (s *Store) remove(at place) (gone bool, err error) {
	mu := s.keyLock(at.bucket, at.key)
	mu.Lock()
	defer mu.Unlock()
	// The stale one of two files, which a crash can leave, must not come to light.
	for _, path := range []string{at.path() + beside, at.path()} {
		fi, err := s.fs.Stat(path)
		if missing(err) || err == nil && fi.IsDir() {
			continue
		}
		if err == nil {
			err = s.fs.Remove(path)
		}
		if err != nil {
			return false, fmt.Errorf("delete %s/%s: %w", at.bucket, at.key, err)
		}
		gone = true
	}
	if !gone {
		return false, nil
	}
	if err := s.syncUp(at); err != nil {
		return false, fmt.Errorf("delete %s/%s: %w", at.bucket, at.key, err)
	}
	// Claims of a file that is gone claim nothing; that they go as well is tidiness.
	folder, name := sidecarPath(at.bucket, at.key)
	_ = s.fs.Remove(folder + "/" + name)
	return true, nil
}
