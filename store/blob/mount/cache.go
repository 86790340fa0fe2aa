package mount

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// fetches is how many objects are fetched at a time.
const fetches = 8

// ErrCacheFull: what is wanted at the same time is more than the cache may hold. Whoever asked must
// want less, or the operator allow more.
var ErrCacheFull = errors.New("mount: the objects wanted are more than the cache may hold")

// Cache holds copies of objects as files, up to a limit; the longest unused go first. It begins empty:
// copies that outlived a process would have to be read to be trusted.
type Cache struct {
	lake  blob.Store
	fs    vfs.FS
	root  string
	limit int64

	mu    sync.Mutex
	files map[string]*copied
	idle  *list.List // of *copied nobody uses, the longest unused in front
	size  int64      // of all files, those under way included
}

var _ blob.Fetcher = (*Cache)(nil)

// copied is a file, or one under way.
type copied struct {
	name  string
	size  int64
	users int
	ready chan struct{} // closed when fetched
	err   error         // of fetching; read after ready
	idle  *list.Element
}

// OpenCache makes an empty cache in a folder, which is emptied.
func OpenCache(root string, limit int64, lake blob.Store) (*Cache, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	fs := vfs.OS(filepath.Dir(abs))
	if err := errors.Join(fs.RemoveAll(filepath.Base(abs)), fs.MkdirAll(filepath.Base(abs))); err != nil {
		return nil, fmt.Errorf("open cache in %s: %w", root, err)
	}
	return &Cache{lake: lake, fs: fs, root: abs, limit: limit, files: map[string]*copied{}, idle: list.New()}, nil
}

// Fetch makes files of objects. An object is the one that was listed: ETag and all.
func (c *Cache) Fetch(ctx context.Context, bucket string, objects []blob.Info) (paths []string, release func(), err error) {
	held := make([]*copied, 0, len(objects))
	release = func() { c.release(held) }
	fetch, ctx := errgroup.WithContext(ctx)
	fetch.SetLimit(fetches)
	for i := range objects {
		f, mine, err := c.take(bucket, &objects[i])
		if err != nil {
			return nil, nil, c.give(fetch, release, err)
		}
		held = append(held, f)
		paths = append(paths, filepath.Join(c.root, filepath.FromSlash(f.name)))
		fetch.Go(func() error {
			if mine {
				f.err = c.copy(ctx, bucket, &objects[i], f.name)
				close(f.ready)
				return f.err
			}
			select {
			case <-f.ready:
				return f.err
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}
	if err := fetch.Wait(); err != nil {
		release()
		return nil, nil, err
	}
	return paths, release, nil
}

// give gives up: what is under way ends first.
func (c *Cache) give(fetch *errgroup.Group, release func(), err error) error {
	err = errors.Join(err, fetch.Wait())
	release()
	return err
}

// fileName is where a copy lies: below a folder of its own its key, as far as a file can be called so.
// The folders of the key stay, for they may be what partitions a table.
func fileName(bucket string, o *blob.Info) string {
	sum := sha256.Sum256([]byte(bucket + "\x00" + o.Key + "\x00" + o.ETag))
	folder := hex.EncodeToString(sum[:16])
	plain := filepath.IsLocal(o.Key) && path.Clean(o.Key) == o.Key && !strings.ContainsFunc(o.Key, func(r rune) bool { return r < ' ' || r == '\\' })
	for part := range strings.SplitSeq(o.Key, "/") {
		plain = plain && len(part) <= 200
	}
	if !plain {
		return folder + "/object"
	}
	return folder + "/" + o.Key
}

// take takes a file into use; mine: the caller is to fetch it.
func (c *Cache) take(bucket string, o *blob.Info) (f *copied, mine bool, err error) {
	name := fileName(bucket, o)
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.files[name]; f != nil {
		f.users++
		if f.idle != nil {
			c.idle.Remove(f.idle)
			f.idle = nil
		}
		return f, false, nil
	}
	for c.size+o.Size > c.limit && c.idle.Len() > 0 {
		c.dropLocked(c.idle.Front().Value.(*copied))
	}
	if c.size+o.Size > c.limit {
		return nil, false, fmt.Errorf("%w: s3://%s/%s of %d bytes, beside %d that are in use, of at most %d", ErrCacheFull, bucket, o.Key, o.Size, c.size, c.limit)
	}
	f = &copied{name: name, size: o.Size, users: 1, ready: make(chan struct{})}
	c.files[name] = f
	c.size += f.size
	return f, true, nil
}

// release ends the use of files.
func (c *Cache) release(files []*copied) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range files {
		if f.users--; f.users > 0 {
			continue
		}
		if f.err != nil {
			c.dropLocked(f)
			continue
		}
		f.idle = c.idle.PushBack(f)
	}
}

func (c *Cache) dropLocked(f *copied) {
	if f.idle != nil {
		c.idle.Remove(f.idle)
	}
	delete(c.files, f.name)
	c.size -= f.size
	folder, _, _ := strings.Cut(f.name, "/")
	_ = c.fs.RemoveAll(path.Join(filepath.Base(c.root), folder)) // what stays is removed at the next start
}

// copy fetches an object into a file.
func (c *Cache) copy(ctx context.Context, bucket string, o *blob.Info, name string) (err error) {
	body, got, err := c.lake.Get(ctx, bucket, o.Key, nil)
	if err != nil {
		return fmt.Errorf("fetch s3://%s/%s: %w", bucket, o.Key, err)
	}
	defer body.Close()
	if got.ETag != o.ETag || got.Size != o.Size {
		return fmt.Errorf("fetch s3://%s/%s: it was overwritten since it was listed", bucket, o.Key)
	}
	at := path.Join(filepath.Base(c.root), name)
	if err := c.fs.MkdirAll(path.Dir(at)); err != nil {
		return err
	}
	file, err := c.fs.Create(at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	n, err := io.Copy(file, body)
	if err == nil && n != o.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("fetch s3://%s/%s: %w", bucket, o.Key, err)
	}
	return nil
}
