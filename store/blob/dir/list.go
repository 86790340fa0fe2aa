package dir

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// List returns one page of keys. It opens only the folders the page touches.
func (s *Store) List(ctx context.Context, bucket string, p blob.ListPage) (blob.Listing, error) {
	if err := s.bucketExists(bucket); err != nil {
		return blob.Listing{}, err
	}
	return s.list(ctx, bucket, p)
}

func (s *Store) list(ctx context.Context, bucket string, p blob.ListPage) (blob.Listing, error) {
	dir, err := s.bucketDir(bucket)
	if err != nil {
		return blob.Listing{}, err
	}
	w := &walk{s: s, ctx: ctx, bucket: bucket, page: blob.NewPager(p)}
	stem := p.Prefix[:strings.LastIndexByte(p.Prefix, '/')+1]
	if stem != "" {
		// The folder of "x/" is where its object "x/" would be.
		if folder, _ := s.sp.path(stem); folder != "" {
			dir += "/" + folder
		}
	}
	if err := w.folder(dir, stem); err != nil {
		return blob.Listing{}, fmt.Errorf("list %s: %w", bucket, err)
	}
	return w.page.Listing(), nil
}

// walk goes through folders in the byte order of keys, which is not that of names: "a-b" comes
// before "a/b" and after "a". So every name stands for two places, one as a file and one, with a
// slash, as a folder; which of them it is turns out when its turn comes.
type walk struct {
	s      *Store
	ctx    context.Context
	bucket string
	page   *blob.Pager
}

// step is one place of a name.
type step struct {
	key    string // of the file, or what all keys in the folder begin with
	folder string // path of the folder; "" for the file
	file   *bool  // what the name's turn as a file has shown
}

// folder walks through the folder at path, whose keys begin with stem.
func (w *walk) folder(path, stem string) error {
	if w.page.Skips(stem) || len(stem) > blob.MaxKey {
		return nil
	}
	if err := alive(w.ctx); err != nil {
		return err
	}
	steps, err := w.steps(nil, path, stem, "")
	if err != nil {
		return err
	}
	slices.SortFunc(steps, func(a, b step) int { return strings.Compare(a.key, b.key) })
	for _, st := range steps {
		if w.page.Skips(stem) {
			return nil
		}
		if st.folder != "" {
			if *st.file {
				continue
			}
			if err := w.folder(st.folder, st.key); err != nil {
				return err
			}
			continue
		}
		if *st.file, err = w.file(st.key); err != nil {
			return err
		}
	}
	return nil
}

// steps reads a folder. spelled is the beginning of a segment too long for one name, which goes on
// in here.
func (w *walk) steps(to []step, path, stem, spelled string) ([]step, error) {
	names, err := w.s.fs.List(path)
	if err != nil {
		if fi, serr := w.s.fs.Stat(path); missing(serr) || serr == nil && !fi.IsDir() {
			return to, nil // gone, or not a folder
		}
		return nil, err
	}
	for _, name := range names {
		if piece, ok := strings.CutSuffix(name, continued); ok {
			if to, err = w.steps(to, path+"/"+name, stem, spelled+piece); err != nil {
				return nil, err
			}
			continue
		}
		plain, aside := strings.CutSuffix(name, beside)
		seg, ok := w.s.sp.decode(spelled + plain)
		if !ok || !w.s.sp.spells(seg, spelled, plain) {
			continue // not an object's name
		}
		file := new(bool)
		if key := stem + seg; w.page.Wants(key) && key != "" {
			to = append(to, step{key: key, file: file})
		}
		if !aside && !w.page.Skips(stem+seg+"/") {
			to = append(to, step{key: stem + seg + "/", folder: path + "/" + name, file: file})
		}
	}
	return to, nil
}

// file offers the object with this key, if there is one. plain: its file has the key's own name, so
// that there is no folder of that name.
func (w *walk) file(key string) (plain bool, err error) {
	if !w.page.Wants(key) {
		return false, nil
	}
	at, err := w.s.place(w.bucket, key)
	if err != nil {
		return false, nil // longer than a key may be
	}
	o, err := w.s.look(at, false)
	if errors.Is(err, blob.ErrNoKey) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = w.page.Offer(key, func() (blob.Info, error) {
		if o.ETag == "" {
			c, err := w.s.head(at)
			return c.info(key), err
		}
		return o.info(key), nil
	})
	return o.path == at.path(), err
}
