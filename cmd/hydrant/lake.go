package main

import (
	"context"
	"path/filepath"

	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/blob/mount"
	"github.com/hydrant-stream/hydrant/store/blob/s3"
)

// lake is where objects lie: the data folder, but for the buckets that --lake names.
type lake struct {
	mount.Home
	copies blob.Fetcher // of objects that are not files; nil where all are
}

// openLake opens the store of the data folder and what is mounted over it. An endpoint that is away
// does not keep the house from opening.
func openLake(ctx context.Context, c Config, closing func(func() error)) (l lake, err error) {
	mounts, err := c.mounts()
	if err != nil {
		return l, err
	}
	home, err := dir.Open(filepath.Join(c.Data, "s3"))
	if err != nil {
		return l, err
	}
	closing(home.Close)
	if len(mounts) == 0 {
		return lake{Home: home}, nil
	}
	away, err := s3.Open(ctx, s3.Config{Endpoint: c.LakeEndpoint})
	if err != nil {
		return l, err
	}
	all, err := mount.New(home, away, mounts)
	if err != nil {
		return l, err
	}
	copies, err := mount.OpenCache(filepath.Join(c.Data, "lake-cache"), int64(c.LakeCacheMiB)<<20, all)
	return lake{all, copies}, err
}
