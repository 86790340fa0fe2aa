// Package mount is a store of which some buckets lie elsewhere: they are shown under their names
// between those of the store at home.
//
//	mount.go    which bucket lies where; a Mount read from s3://BUCKET/PREFIX
//	store.go    the calls, handed on
//	cache.go    objects from elsewhere as files, for DuckDB
package mount

import (
	"fmt"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// Mount shows a bucket, or what lies below a prefix of it, as a bucket of the house.
type Mount struct {
	Name   string // in the house
	Bucket string // elsewhere
	Prefix string // "" or ending in a slash
}

// Parse reads [NAME=]s3://BUCKET[/PREFIX]. Without NAME the bucket keeps its own.
func Parse(s string) (Mount, error) {
	name, uri, ok := strings.Cut(s, "=")
	if !ok || strings.Contains(name, "/") {
		name, uri = "", s
	}
	rest, ok := strings.CutPrefix(uri, "s3://")
	bucket, prefix, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return Mount{}, fmt.Errorf("%q is not s3://BUCKET, s3://BUCKET/PREFIX or NAME=s3://BUCKET/PREFIX", s)
	}
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	if name == "" {
		name = bucket
	}
	return Mount{name, bucket, prefix}, nil
}

// Home is the store of the buckets that are not mounted.
type Home interface {
	blob.Store
	blob.Pather
}

// Store is Home, and the mounted buckets of another store over it.
type Store struct {
	home   Home
	away   blob.Store
	mounts []Mount
	opened time.Time
}

var (
	_ blob.Store  = (*Store)(nil)
	_ blob.Pather = (*Store)(nil)
)

// New mounts buckets of away over home. A bucket of home that has the name of a mount is hidden.
func New(home Home, away blob.Store, mounts []Mount) (*Store, error) {
	seen := map[string]bool{}
	for _, m := range mounts {
		if seen[m.Name] {
			return nil, fmt.Errorf("two buckets are mounted as %s", m.Name)
		}
		seen[m.Name] = true
	}
	return &Store{home: home, away: away, mounts: mounts, opened: time.Now().UTC()}, nil
}

// mount finds what a bucket's name stands for.
func (s *Store) mount(bucket string) (Mount, bool) {
	for _, m := range s.mounts {
		if m.Name == bucket {
			return m, true
		}
	}
	return Mount{}, false
}

// shown is an object of elsewhere as the house names it.
func (m Mount) shown(o blob.Info) blob.Info {
	o.Key = strings.TrimPrefix(o.Key, m.Prefix)
	return o
}
