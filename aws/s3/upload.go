package s3

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// uploadsBucket holds the bytes of parts, each an object "<upload id>/<number>-<random>": a part
// sent again is a new object, and the journal says which one counts. No client can name the bucket.
const uploadsBucket = ".uploads"

// The journal's keys. A part's number is padded so that parts come in order.
//
//	s3/upload/<upload id>              upload
//	s3/part/<upload id>/<number>       part
const (
	uploadKeys = "s3/upload/"
	partKeys   = "s3/part/"
)

// upload is a multipart upload under way.
type upload struct {
	ID        string
	Bucket    string
	Key       string
	Initiated time.Time
	Meta      blob.Meta
	// Algorithm is what the client named, "" for none. The object then gets CRC64NVME.
	Algorithm algorithm
	Type      string // of the checksum of the whole; "" with no Algorithm
}

// part is one that was uploaded.
type part struct {
	Number    int
	ETag      string
	Size      int64
	Modified  time.Time
	Algorithm algorithm
	Checksum  string
	Blob      string // key in uploadsBucket
}

func partKey(id string, number int) string { return fmt.Sprintf("%s%s/%05d", partKeys, id, number) }

// locks are mutexes by name, there while someone holds or awaits them.
type locks struct {
	mu   sync.Mutex
	held map[string]*namedLock
}

type namedLock struct {
	sync.Mutex
	users int
}

// lock takes the mutex of a name; the caller calls what it returns to let go.
func (l *locks) lock(name string) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*namedLock{}
	}
	n := l.held[name]
	if n == nil {
		n = &namedLock{}
		l.held[name] = n
	}
	n.users++
	l.mu.Unlock()
	n.Lock()
	return func() {
		n.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if n.users--; n.users == 0 {
			delete(l.held, name)
		}
	}
}

// openUploads removes bytes that belong to no part: of a part that was never recorded, or of an
// upload that ended while they were being removed.
func (s *Service) openUploads(ctx context.Context) error {
	err := s.store.CreateBucket(ctx, blob.BucketInfo{Name: uploadsBucket, Created: s.now().UTC()})
	if err != nil && !errors.Is(err, blob.ErrBucketExists) {
		return err
	}
	known := map[string]bool{}
	err = journal.Each(s.journal, partKeys, func(_ string, p part) error {
		known[p.Blob] = true
		return nil
	})
	if err != nil {
		return err
	}
	page := blob.ListPage{}
	for {
		l, err := s.store.List(ctx, uploadsBucket, page)
		if err != nil {
			return err
		}
		for _, o := range l.Objects {
			if !known[o.Key] {
				if err := s.store.Delete(ctx, uploadsBucket, o.Key); err != nil {
					return err
				}
			}
		}
		if page.After = l.Next; !l.More {
			return nil
		}
	}
}

// UploadRef is what every request about an upload carries.
type UploadRef struct {
	ObjectRef
	UploadID string `in:"query=uploadId"`
}

// upload finds an upload of the caller's.
func (s *Service) upload(ctx context.Context, in *UploadRef) (upload, error) {
	if _, err := s.bucket(ctx, &in.BucketRef); err != nil {
		return upload{}, err
	}
	u, ok, err := journal.Load[upload](s.journal, uploadKeys+in.UploadID)
	if err == nil && (!ok || u.Bucket != in.Bucket || u.Key != in.Key) {
		err = noSuchUpload(in.UploadID)
	}
	return u, err
}

// parts are an upload's, by number.
func (s *Service) parts(id string) (all []part, err error) {
	err = journal.Each(s.journal, partKeys+id+"/", func(_ string, p part) error {
		all = append(all, p)
		return nil
	})
	return all, err
}

// keepPart stores a part's bytes and then records it in place of one of the same number.
func (s *Service) keepPart(ctx context.Context, u *upload, ref *UploadRef, number int, body *intake) (part, error) {
	p := part{Number: number, Blob: fmt.Sprintf("%s/%05d-%s", u.ID, number, newID()[:16])}
	o, err := s.store.Put(ctx, uploadsBucket, p.Blob, body, blob.Put{})
	if err != nil {
		return p, asFault(err, ref.Bucket, ref.Key)
	}
	p.ETag, p.Size, p.Modified = o.ETag, o.Size, o.Modified
	p.Algorithm, p.Checksum = stored(body.sums)

	unlock := s.uploads.lock(u.ID)
	defer unlock()
	if _, err := s.upload(ctx, ref); err != nil { // it ended meanwhile
		s.dropParts(ctx, p)
		return p, err
	}
	old, replaces, err := journal.Load[part](s.journal, partKey(u.ID, number))
	if err != nil {
		return p, err
	}
	if err := s.journal.Commit(ctx, journal.Set(partKey(u.ID, number), p)); err != nil {
		return p, err // whether it is recorded is not known: the bytes stay for the next start to judge
	}
	if replaces {
		s.dropParts(ctx, old)
	}
	return p, nil
}

// end forgets an upload, and then removes its bytes. The caller holds its lock.
func (s *Service) end(ctx context.Context, id string) error {
	all, err := s.parts(id)
	if err != nil {
		return err
	}
	changes := []journal.Change{journal.Unset(uploadKeys + id)}
	for _, p := range all {
		changes = append(changes, journal.Unset(partKey(id, p.Number)))
	}
	if err := s.journal.Commit(ctx, changes...); err != nil {
		return err
	}
	s.dropParts(ctx, all...)
	return nil
}

// dropParts removes bytes no part counts on any more. What stays is removed at the next start.
func (s *Service) dropParts(ctx context.Context, parts ...part) {
	for _, p := range parts {
		if err := ignoreGone(s.store.Delete(context.WithoutCancel(ctx), uploadsBucket, p.Blob)); err != nil {
			s.log.Warn("part of an ended upload stays until the next start", "part", p.Blob, "error", err)
		}
	}
}

// dropUploads ends all uploads to a bucket.
func (s *Service) dropUploads(ctx context.Context, bucket string) error {
	all, err := s.uploadsTo(bucket)
	for _, u := range all {
		unlock := s.uploads.lock(u.ID)
		err = errors.Join(err, s.end(ctx, u.ID))
		unlock()
	}
	return err
}

// uploadsTo are the uploads to a bucket that are under way.
func (s *Service) uploadsTo(bucket string) (all []upload, err error) {
	err = journal.Each(s.journal, uploadKeys, func(_ string, u upload) error {
		if u.Bucket == bucket {
			all = append(all, u)
		}
		return nil
	})
	return all, err
}

// joined reads parts one after the other, with one open at a time.
type joined struct {
	ctx   context.Context
	store blob.Store
	parts []part
	open  io.ReadCloser
}

func (j *joined) Read(b []byte) (int, error) {
	for {
		if j.open == nil {
			if len(j.parts) == 0 {
				return 0, io.EOF
			}
			var err error
			if j.open, _, err = j.store.Get(j.ctx, uploadsBucket, j.parts[0].Blob, nil); err != nil {
				if errors.Is(err, blob.ErrNoKey) {
					err = errors.New("its bytes are gone") // our fault, not a key the client asked for in vain
				}
				return 0, fmt.Errorf("part %d of an upload: %w", j.parts[0].Number, err)
			}
			j.parts = j.parts[1:]
		}
		n, err := j.open.Read(b)
		if err == io.EOF {
			j.open.Close()
			j.open, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (j *joined) Close() {
	if j.open != nil {
		j.open.Close()
	}
}

// compose sums up the checksums of parts.
func compose(a algorithm, parts []part) (string, error) {
	h := a.hash()
	for _, p := range parts {
		b, err := base64.StdEncoding.DecodeString(p.Checksum)
		if err != nil {
			return "", fmt.Errorf("checksum of part %d: %w", p.Number, err)
		}
		h.Write(b)
	}
	return fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(h.Sum(nil)), len(parts)), nil
}

// withoutCount is a composite checksum without its "-n".
func withoutCount(sum string) string {
	sum, _, _ = strings.Cut(sum, "-")
	return sum
}

// partFault says that a part the client names is not there as it says.
func partFault(p CompletedPart, id string) *hydrant.Fault {
	return fault(400, "InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.").
		WithField("ETag", unquote(p.ETag)).WithField("PartNumber", fmt.Sprint(p.PartNumber)).WithField("UploadId", id)
}
