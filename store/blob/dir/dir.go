// Package dir keeps objects as plain files that a person can find and open: the object
// trips/year=2016/x.parquet of bucket lake is the file lake/trips/year=2016/x.parquet below the
// root. A folder below the root is a bucket and a file in it is an object, whoever put it there.
//
//	root/<bucket>/<key>              the bytes; spell.go says how strange keys are spelled
//	root/.hydrant/format             version of this layout
//	root/.hydrant/lock               held while a store is open
//	root/.hydrant/buckets/<bucket>   who owns a bucket and where
//	root/.hydrant/meta/<bucket>/     ETags and metadata (claim.go)
//	root/.hydrant/tmp/               files on their way; emptied when the store is opened
//
// An object is written beside, synced, and renamed into place, so that a reader sees the old file
// or the new one and an open reader keeps what it opened.
//
// Locks, in this order: buckets (a bucket comes or goes; held shared by every write), tree (a
// folder comes), then the stripe of one key. No call holds two stripes.
package dir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

const (
	ownDir     = ".hydrant"
	metaDir    = ownDir + "/meta"
	tmpDir     = ownDir + "/tmp"
	bucketsDir = ownDir + "/buckets"
	formatName = "format"
	version    = 1
	stripes    = 256
	copyBytes  = 256 << 10
)

// Store is a blob.Store in a folder.
type Store struct {
	fs      vfs.FS
	root    string // of the operating system; "" where fs is not its files
	log     *slog.Logger
	lock    io.Closer
	sp      spelling
	temps   atomic.Uint64
	buffers sync.Pool // *[]byte of copyBytes

	buckets sync.RWMutex
	tree    sync.RWMutex
	seed    maphash.Seed
	stripe  [stripes]sync.RWMutex
}

var (
	_ blob.Store  = (*Store)(nil)
	_ blob.Pather = (*Store)(nil)
)

// Open opens the store in the folder root, making it where it is not there. One store may be open
// on a folder at a time: vfs.ErrLocked otherwise.
func Open(root string) (*Store, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open objects in %s: %w", root, err)
	}
	s, err := OpenFS(vfs.OS(abs))
	if err != nil {
		return nil, fmt.Errorf("open objects in %s: %w", root, err)
	}
	s.root = abs
	return s, nil
}

// OpenFS is Open on any file system. Path then knows no files.
func OpenFS(fsys vfs.FS) (*Store, error) {
	s := &Store{fs: fsys, log: slog.Default(), seed: maphash.MakeSeed()}
	s.buffers.New = func() any { b := make([]byte, copyBytes); return &b }
	for _, d := range []string{ownDir, metaDir, bucketsDir} {
		if err := fsys.MkdirAll(d); err != nil {
			return nil, err
		}
	}
	lock, err := vfs.Lock(fsys, ownDir+"/lock")
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, err
	}
	s.lock = lock
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepare throws away what was on its way and checks that the layout is one we know.
func (s *Store) prepare() error {
	if err := s.fs.RemoveAll(tmpDir); err != nil {
		return err
	}
	if err := s.fs.MkdirAll(tmpDir); err != nil {
		return err
	}
	fold, err := s.folds()
	if err != nil {
		return err
	}
	type format struct {
		Version int
		// Fold: upper-case letters are spelled in hex, because the file system the store was made
		// on does not tell them from lower-case ones.
		Fold bool
	}
	path := ownDir + "/" + formatName
	b, err := s.readFile(path)
	if missing(err) {
		s.sp.fold = fold
		b, _ := json.Marshal(format{version, fold})
		return s.writeFile(ownDir, formatName, b)
	}
	if err != nil {
		return err
	}
	var f format
	if err := json.Unmarshal(b, &f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if f.Version != version {
		return fmt.Errorf("%s: layout version %d, this program knows %d", path, f.Version, version)
	}
	if fold && !f.Fold {
		return fmt.Errorf("%s: the store was made on a file system that tells upper from lower case, and this one does not", path)
	}
	s.sp.fold = f.Fold
	return nil
}

// folds finds out whether the file system takes "A" for "a".
func (s *Store) folds() (bool, error) {
	f, err := s.fs.Create(tmpDir + "/case")
	if err != nil {
		return false, err
	}
	if err := f.Close(); err != nil {
		return false, err
	}
	_, err = s.fs.Stat(tmpDir + "/CASE")
	if err != nil && !missing(err) {
		return false, err
	}
	return err == nil, s.fs.Remove(tmpDir + "/case")
}

// Close lets another process open the folder. Calls still running are not waited for.
func (s *Store) Close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

// Path is the file that holds an object. It may change when "a/b" comes to "a".
func (s *Store) Path(bucket, key string) (string, bool) {
	at, err := s.place(bucket, key)
	if s.root == "" || err != nil {
		return "", false
	}
	path := at.path()
	fi, err := s.fs.Stat(path)
	switch {
	case err == nil && fi.IsDir():
		path += beside
	case missing(err):
		if _, err := s.fs.Stat(path + beside); err == nil {
			path += beside
		}
	}
	return filepath.Join(s.root, filepath.FromSlash(path)), true
}

// place is where an object's file is.
type place struct {
	bucket string // the bucket's folder
	folder string // the object's, with the bucket's
	name   string
	key    string
}

func (p place) path() string { return p.folder + "/" + p.name }

func (s *Store) place(bucket, key string) (place, error) {
	dir, err := s.bucketDir(bucket)
	if err != nil {
		return place{}, err
	}
	if err := blob.CheckKey(key); err != nil {
		return place{}, err
	}
	folder, name := s.sp.path(key)
	if folder != "" {
		folder = dir + "/" + folder
	} else {
		folder = dir
	}
	return place{bucket: dir, folder: folder, name: name, key: key}, nil
}

// bucketDir is the folder of a bucket. A name that cannot be a folder's is no bucket's.
func (s *Store) bucketDir(bucket string) (string, error) {
	if bucket == "" || bucket == ownDir || strings.Contains(bucket, "/") {
		return "", blob.ErrNoBucket
	}
	pieces := s.sp.segment(bucket)
	if len(pieces) > 1 {
		return "", blob.ErrNoBucket
	}
	return pieces[0], nil
}

// keyLock is the lock of one key's file and claims.
func (s *Store) keyLock(bucket, key string) *sync.RWMutex {
	var h maphash.Hash
	h.SetSeed(s.seed)
	h.WriteString(bucket)
	h.WriteByte('/')
	h.WriteString(key)
	return &s.stripe[h.Sum64()%stripes]
}

// temp makes a file on its way.
func (s *Store) temp() (string, vfs.File, error) {
	path := tmpDir + "/" + strconv.FormatUint(s.temps.Add(1), 10)
	f, err := s.fs.Create(path)
	return path, f, err
}

func (s *Store) copy(w io.Writer, r io.Reader) (int64, error) {
	b := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(b)
	return io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, *b)
}

// missing reports that a path leads nowhere: its end is not there, or what should be a folder on
// the way is a file, or a name is longer than any file's can be.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG)
}

// alive is the context's error, so that long walks end with their caller.
func alive(ctx context.Context) error { return context.Cause(ctx) }
