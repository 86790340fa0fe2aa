package dir

import (
	"fmt"
	"strings"
)

// makeFolder makes the folders above an object, durably. A file in the way is another object:
// "a" moves beside, to "a%=", when "a/b" comes.
func (s *Store) makeFolder(at place) error {
	if at.folder == at.bucket {
		return nil
	}
	s.tree.RLock()
	fi, err := s.fs.Stat(at.folder)
	s.tree.RUnlock()
	if err == nil && fi.IsDir() {
		return nil
	}
	s.tree.Lock()
	defer s.tree.Unlock()
	path := at.bucket
	for _, name := range strings.Split(at.folder[len(at.bucket)+1:], "/") {
		path += "/" + name
		if fi, err := s.fs.Stat(path); err == nil && fi.IsDir() {
			continue
		}
		if err := s.makeOne(at, path); err != nil {
			return fmt.Errorf("make folder %s: %w", path, err)
		}
	}
	return nil
}

// makeOne makes one folder, under the lock of the object whose name it takes. tree is held.
func (s *Store) makeOne(at place, path string) error {
	key, ok := s.keyOf(path[len(at.bucket)+1:])
	if ok {
		mu := s.keyLock(at.bucket, key)
		mu.Lock()
		defer mu.Unlock()
	}
	if fi, err := s.fs.Stat(path); err == nil && !fi.IsDir() {
		if err := s.fs.Rename(path, path+beside); err != nil {
			return err
		}
		if err := s.fs.SyncDir(path[:strings.LastIndexByte(path, '/')]); err != nil {
			return err
		}
	}
	return s.fs.MkdirAll(path)
}

// keyOf is the key whose object would be the file at a path in a bucket.
func (s *Store) keyOf(path string) (string, bool) {
	var key, spelled strings.Builder
	for i, name := range strings.Split(path, "/") {
		if i > 0 && spelled.Len() == 0 {
			key.WriteByte('/')
		}
		piece, more := strings.CutSuffix(name, continued)
		spelled.WriteString(piece)
		if more {
			continue
		}
		seg, ok := s.sp.decode(spelled.String())
		if !ok {
			return "", false
		}
		key.WriteString(seg)
		spelled.Reset()
	}
	return key.String(), spelled.Len() == 0
}

// prune removes the folders above an object that are empty, up to the bucket. A put that is on its
// way into one of them makes it again.
func (s *Store) prune(at place) {
	s.tree.Lock()
	defer s.tree.Unlock()
	for dir := at.folder; dir != at.bucket; dir = dir[:strings.LastIndexByte(dir, '/')] {
		if s.fs.Remove(dir) != nil {
			return // not empty
		}
	}
}

// syncUp makes a removal from an object's folder durable. Where the folder itself was pruned
// meanwhile, that it has gone is what must be.
func (s *Store) syncUp(at place) error {
	for dir := at.folder; ; dir = dir[:strings.LastIndexByte(dir, '/')] {
		if err := s.fs.SyncDir(dir); !missing(err) || dir == at.bucket {
			return err
		}
	}
}
