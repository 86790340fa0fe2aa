package dir

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// The file is the truth; what is kept beside it are claims.
//
// An object's ETag and metadata stand in .hydrant/meta/<bucket>/<hash of the key>.json, each claim
// with the size and the modification time of the file it speaks of. A claim holds only for a file
// of exactly that stamp. A writer first adds the claim of the new file to the one of the old, makes
// it durable, and only then renames the new file into place: whichever file a crash leaves there,
// its claim is there too. A file no claim speaks of, because a person put or changed it, is an
// object without metadata; its ETag is computed and then claimed like any other.

// stamp tells one file that had a key's name from another.
type stamp struct {
	Size  int64
	Mtime int64 // Unix ns
}

func stampOf(fi fs.FileInfo) stamp { return stamp{fi.Size(), fi.ModTime().UnixNano()} }

// claim is what is known of the file with a stamp.
type claim struct {
	stamp
	ETag string
	Meta blob.Meta
}

func (c claim) info(key string) blob.Info {
	return blob.Info{Key: key, Size: c.Size, ETag: c.ETag, Modified: time.Unix(0, c.Mtime).UTC(), Meta: c.Meta}
}

// sidecar is the file of claims of one key.
type sidecar struct {
	Key    string
	Claims []claim
}

// sidecarPath is the folder and the name of a key's claims. It is a hash so that no key is too long
// or too strange, and none in the way of another.
func sidecarPath(bucket, key string) (folder, name string) {
	sum := sha256.Sum256([]byte(key))
	h := hex.EncodeToString(sum[:])
	return metaDir + "/" + bucket + "/" + h[:2], h[2:] + ".json"
}

// claimed finds the claim that holds for a file of this stamp. Of two the last one wins.
func (s *Store) claimed(bucket, key string, at stamp) (claim, bool, error) {
	folder, name := sidecarPath(bucket, key)
	b, err := s.readFile(folder + "/" + name)
	if missing(err) {
		return claim{}, false, nil
	}
	if err != nil {
		return claim{}, false, err
	}
	var sc sidecar
	if err := json.Unmarshal(b, &sc); err != nil {
		// Sidecars are renamed into place whole: this is damage, and the file itself is still good.
		s.log.Warn("object metadata is not readable and is left aside", "path", folder+"/"+name, "error", err)
		return claim{}, false, nil
	}
	for i := len(sc.Claims) - 1; i >= 0; i-- {
		if sc.Claims[i].stamp == at && sc.Key == key {
			return sc.Claims[i], true, nil
		}
	}
	return claim{}, false, nil
}

// writeClaims replaces the claims of a key; they survive power loss when it returns. The caller
// holds the key's lock.
func (s *Store) writeClaims(bucket, key string, claims ...claim) error {
	b, err := json.Marshal(sidecar{Key: key, Claims: claims})
	if err != nil {
		return fmt.Errorf("metadata of %s/%s: %w", bucket, key, err)
	}
	folder, name := sidecarPath(bucket, key)
	return s.writeFile(folder, name, b)
}

// sum computes the ETag of a file.
func (s *Store) sum(path string) (string, error) {
	f, err := s.fs.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return "", err
	}
	h := md5.New()
	if _, err := s.copy(h, io.NewSectionReader(f, 0, size)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writeFile puts a small file in place, atomically and durably.
func (s *Store) writeFile(folder, name string, b []byte) error {
	tmp, f, err := s.temp()
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = s.fs.Rename(tmp, folder+"/"+name)
		if missing(err) {
			if err = s.fs.MkdirAll(folder); err == nil {
				err = s.fs.Rename(tmp, folder+"/"+name)
			}
		}
	}
	if err == nil {
		err = s.fs.SyncDir(folder)
	}
	if err != nil {
		_ = s.fs.Remove(tmp) // else the next start does
		return fmt.Errorf("write %s/%s: %w", folder, name, err)
	}
	return nil
}

func (s *Store) readFile(path string) ([]byte, error) {
	f, err := s.fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f)
}

func readAll(f vfs.File) ([]byte, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f, 0, size))
}
