package mount_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/blobtest"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/blob/mem"
	"github.com/hydrant-stream/hydrant/store/blob/mount"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]mount.Mount{
		"s3://lake":               {"lake", "lake", ""},
		"s3://lake/":              {"lake", "lake", ""},
		"s3://lake/a/b":           {"lake", "lake", "a/b/"},
		"trips=s3://lake/a/":      {"trips", "lake", "a/"},
		"s3://lake/year=2016/":    {"lake", "lake", "year=2016/"},
		"trips=s3://lake/year=1/": {"trips", "lake", "year=1/"},
	} {
		if got, err := mount.Parse(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "lake", "s3://", "s3:///x", "https://lake", "a=b=s3://c"} {
		if m, err := mount.Parse(in); err == nil {
			t.Errorf("%q is %+v", in, m)
		}
	}
}

func open(t *testing.T, mounts ...mount.Mount) (all *mount.Store, away *mem.Store) {
	t.Helper()
	home, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { home.Close() })
	away = mem.New()
	all, err = mount.New(home, away, mounts)
	if err != nil {
		t.Fatal(err)
	}
	return all, away
}

// TestBlob runs the suite over a bucket elsewhere, whole and as a prefix of another.
func TestBlob(t *testing.T) {
	blobtest.RunEndpoint(t, func(t *testing.T) blob.Store {
		all, _ := open(t, mount.Mount{Name: "lake", Bucket: "far"})
		return all
	}, "buckets") // a mount is listed before it is made
}

func put(t *testing.T, s blob.Store, bucket, key, body string) blob.Info {
	t.Helper()
	info, err := s.Put(t.Context(), bucket, key, strings.NewReader(body), blob.Put{})
	if err != nil {
		t.Fatalf("put %s/%s: %v", bucket, key, err)
	}
	return info
}

func TestPrefix(t *testing.T) {
	all, away := open(t, mount.Mount{Name: "trips", Bucket: "far", Prefix: "a/b/"})
	ctx := hydrant.WithScope(t.Context(), hydrant.Scope{Account: "111122223333", Region: "eu-west-1"})
	for _, b := range []string{"home", "trips"} {
		if err := all.CreateBucket(ctx, blob.BucketInfo{Name: b, Account: "111122223333"}); err != nil {
			t.Fatal(err)
		}
	}
	put(t, away, "far", "other", "not shown")
	put(t, away, "far", "a/bc", "not shown")
	if info := put(t, all, "trips", "x/1", "one"); info.Key != "x/1" {
		t.Errorf("put %+v", info)
	}
	put(t, all, "trips", "x/2", "two")
	put(t, all, "trips", "y", "three")
	if o, err := away.Head(ctx, "far", "a/b/x/1"); err != nil || o.Size != 3 {
		t.Errorf("elsewhere: %+v, %v", o, err)
	}
	var keys []string
	for p := (blob.ListPage{Delimiter: "/", Max: 1}); ; {
		l, err := all.List(ctx, "trips", p)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range l.Objects {
			keys = append(keys, o.Key)
		}
		keys = append(keys, l.Prefixes...)
		if p.After = l.Next; !l.More {
			break
		}
	}
	if !slices.Equal(keys, []string{"x/", "y"}) {
		t.Errorf("listed %q", keys)
	}
	if b, err := all.Bucket(ctx, "trips"); err != nil || b.Account != "111122223333" || b.Name != "trips" {
		t.Errorf("bucket %+v, %v", b, err)
	}
	list, err := all.Buckets(ctx)
	if err != nil || len(list) != 2 || list[0].Name != "home" || list[1].Name != "trips" {
		t.Errorf("buckets %+v, %v", list, err)
	}
	if err := all.DeleteBucket(ctx, "trips"); hydrant.FaultCode(err) != "AccessDenied" {
		t.Errorf("delete of a prefix's bucket: %v", err)
	}
	if _, ok := all.Path("trips", "y"); ok {
		t.Error("an object elsewhere has a path")
	}
	put(t, all, "home", "h", "x")
	if _, ok := all.Path("home", "h"); !ok {
		t.Error("an object at home has no path")
	}
	if _, err := mount.New(nil, nil, []mount.Mount{{Name: "a", Bucket: "b"}, {Name: "a", Bucket: "c"}}); err == nil {
		t.Error("two buckets of one name")
	}
}

func TestCache(t *testing.T) {
	lake := mem.New()
	if err := lake.CreateBucket(t.Context(), blob.BucketInfo{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	var objects []blob.Info
	for i := range 4 {
		objects = append(objects, put(t, lake, "b", fmt.Sprintf("year=%d/x.parquet", i), strings.Repeat(fmt.Sprint(i), 100)))
	}
	odd := put(t, lake, "b", "../../odd", "odd")
	c, err := mount.OpenCache(t.TempDir()+"/cache", 250, lake)
	if err != nil {
		t.Fatal(err)
	}
	fetch := func(of ...blob.Info) ([]string, func()) {
		t.Helper()
		paths, release, err := c.Fetch(t.Context(), "b", of)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range paths {
			r, _, err := lake.Get(t.Context(), "b", of[i].Key, nil)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := io.ReadAll(r)
			if got, err := os.ReadFile(p); err != nil || string(got) != string(want) {
				t.Errorf("%s holds %.20q, %v", of[i].Key, got, err)
			}
		}
		return paths, release
	}
	exists := func(p string) bool { _, err := os.Stat(p); return err == nil }
	first, release := fetch(objects[0], objects[1])
	if !strings.HasSuffix(first[0], "/year=0/x.parquet") {
		t.Errorf("the folders of the key are lost: %s", first[0])
	}
	if _, _, err := c.Fetch(t.Context(), "b", objects[2:3]); !errors.Is(err, mount.ErrCacheFull) {
		t.Errorf("more than the limit: %v", err)
	}
	again, release2 := fetch(objects[0])
	release()
	// 0 is in use still, so 1 goes.
	_, release3 := fetch(objects[2])
	if again[0] != first[0] || !exists(first[0]) || exists(first[1]) {
		t.Errorf("0 there: %v, 1 there: %v", exists(first[0]), exists(first[1]))
	}
	release2()
	release3()
	_, release = fetch(odd)
	release()
	// An object that is not what was listed is not taken, and leaves no hole.
	put(t, lake, "b", objects[3].Key, "changed")
	for range 2 {
		if _, _, err := c.Fetch(t.Context(), "b", objects[3:]); err == nil || !strings.Contains(err.Error(), "overwritten") {
			t.Errorf("overwritten meanwhile: %v", err)
		}
	}
	_, release = fetch(objects[0], objects[2])
	release()
}
