package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// onFiles opens the service on a file system, journal and objects both.
func onFiles(t *testing.T, fsys vfs.FS) *Service {
	t.Helper()
	store, err := dir.OpenFS(fsys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	j, err := journal.Open(fsys, ".hydrant/journal")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	s, err := New(Config{Store: store, Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func refTo(id string) UploadRef {
	return UploadRef{ObjectRef: ObjectRef{BucketRef: BucketRef{Bucket: "lake"}, Key: "k"}, UploadID: id}
}

func uploadPart(s *Service, id, body string) (string, error) {
	out, err := s.UploadPart(context.Background(), &UploadPartIn{UploadRef: refTo(id), PartNumber: 1, Digests: Digests{Length: -1}, Body: strings.NewReader(body)})
	if err != nil {
		return "", err
	}
	return out.ETag, nil
}

func completeUpload(s *Service, id, etag string) error {
	_, err := s.CompleteMultipartUpload(context.Background(), &CompleteMultipartUploadIn{UploadRef: refTo(id), Parts: []CompletedPart{{PartNumber: 1, ETag: etag}}})
	return err
}

// TestUploadSurvivesPowerCuts cuts the power before every file operation of an upload. Whatever
// was acknowledged is there; an upload not yet completed can be, with the part last acknowledged;
// no bytes stay behind that belong to nothing.
func TestUploadSurvivesPowerCuts(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(3) {
		mem := vfs.NewMem()
		faults := vfs.NewFaults(mem)
		s := onFiles(t, faults)
		if _, err := s.CreateBucket(ctx, &CreateBucketIn{BucketRef: BucketRef{Bucket: "lake"}}); err != nil {
			t.Fatal(err)
		}
		type cut struct {
			fs               *vfs.Mem
			id, etag, second string
			done             bool
			at               string
		}
		var cuts []cut
		var now cut
		faults.Trace(func(op vfs.Op, path string) {
			if op == vfs.OpRead || op == vfs.OpStat || op == vfs.OpOpen || op == vfs.OpClose || op == vfs.OpList {
				return
			}
			c := now
			c.fs, c.at = mem.CrashClone(seed, 0.5*float64(seed)), fmt.Sprint(op, " ", path)
			cuts = append(cuts, c)
		})
		out, err := s.CreateMultipartUpload(ctx, &CreateMultipartUploadIn{ObjectRef: refTo("").ObjectRef})
		if err != nil {
			t.Fatal(err)
		}
		now.id = out.UploadID
		if now.etag, err = uploadPart(s, now.id, "first"); err != nil {
			t.Fatal(err)
		}
		now.second = `"a9f0e61a137d86aa9db53465e0801612"` // of "second", under way
		if now.etag, err = uploadPart(s, now.id, "second"); err != nil || now.etag != now.second {
			t.Fatal(now.etag, err)
		}
		if err := completeUpload(s, now.id, now.etag); err != nil {
			t.Fatal(err)
		}
		now.done = true
		if _, err := uploadPart(s, now.id, "late"); hydrant.FaultCode(err) != "NoSuchUpload" {
			t.Fatal(err)
		}
		faults.Trace(nil)

		for _, c := range cuts {
			after := onFiles(t, c.fs)
			o, err := after.store.Head(ctx, "lake", "k")
			there := err == nil
			if err != nil && !errors.Is(err, blob.ErrNoKey) {
				t.Fatal(err)
			}
			if c.done && !there {
				t.Errorf("cut before %s: completed object is not there", c.at)
			}
			if c.etag != "" && !c.done {
				err := completeUpload(after, c.id, c.etag)
				if hydrant.FaultCode(err) == "InvalidPart" && c.second != "" {
					err = completeUpload(after, c.id, c.second)
				}
				if err != nil && (!there || hydrant.FaultCode(err) != "NoSuchUpload") {
					t.Errorf("cut before %s: object there %v, completion: %v", c.at, there, err)
				}
				if o, err = after.store.Head(ctx, "lake", "k"); err != nil {
					t.Errorf("cut before %s: completed object: %v", c.at, err)
				}
			}
			if o.Size > 0 {
				rc, _, err := after.store.Get(ctx, "lake", "k", nil)
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(rc)
				rc.Close()
				if err != nil || string(b) != "first" && string(b) != "second" || !strings.HasSuffix(o.ETag, "-1") {
					t.Errorf("cut before %s: object is %q, ETag %s, %v", c.at, b, o.ETag, err)
				}
			}
			uploads, err := after.uploadsTo("lake")
			if err != nil {
				t.Fatal(err)
			}
			l, err := after.store.List(ctx, uploadsBucket, blob.ListPage{})
			if err != nil || len(uploads) == 0 && len(l.Objects) > 0 {
				t.Errorf("cut before %s: %d parts of no upload, %v", c.at, len(l.Objects), err)
			}
		}
		if len(cuts) < 30 {
			t.Errorf("only %d cuts", len(cuts))
		}
	}
}
