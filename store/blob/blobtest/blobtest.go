// Package blobtest is the behaviour every blob.Store shows. A store's own test calls Run.
package blobtest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// RunEndpoint is Run for a store behind an endpoint of S3's protocol, which can say less: the ETag is
// the endpoint's, listings carry no Meta, times are whole seconds of its clock, sizes of parts are
// not kept, and buckets have no account. Tests named in except are left out, for endpoints that are
// known to differ from S3 there.
func RunEndpoint(t *testing.T, open func(t *testing.T) blob.Store, except ...string) {
	run(t, func(t *testing.T) blob.Store { return endpoint{open(t)} }, except)
}

type endpoint struct{ blob.Store }

// same compares what two calls say of one object. listed: one of them is a listing.
func same(t *testing.T, s blob.Store, what string, want, got blob.Info, listed bool) {
	t.Helper()
	if _, ok := s.(endpoint); ok {
		if d := got.Modified.Sub(want.Modified).Abs(); d > time.Minute {
			t.Errorf("%s: modified %v, want %v", what, got.Modified, want.Modified)
		}
		got.Modified, want.Meta.Parts, got.Meta.Parts = want.Modified, nil, nil
		if listed {
			want.Meta, got.Meta = blob.Meta{StorageClass: want.Meta.StorageClass}, blob.Meta{StorageClass: got.Meta.StorageClass}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s:\n%s", what, d)
	}
}

// Run runs the behaviour suite. open returns a new, empty store each time.
func Run(t *testing.T, open func(t *testing.T) blob.Store) { run(t, open, nil) }

func run(t *testing.T, open func(t *testing.T) blob.Store, except []string) {
	for name, f := range map[string]func(*testing.T, blob.Store){
		"buckets":        buckets,
		"round trip":     roundTrip,
		"overwrite":      overwrite,
		"ranges":         ranges,
		"conditions":     conditions,
		"one of many":    oneOfMany,
		"failing body":   failingBody,
		"late checksums": lateChecksums,
		"tags":           tags,
		"strange keys":   strangeKeys,
		"bad keys":       badKeys,
		"listing":        listing,
		"random listing": randomListing,
		"missing":        missingThings,
		"open reader":    openReader,
		"churn":          churn,
	} {
		if slices.Contains(except, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, open(t))
		})
	}
}

const bucket = "lake"

var ctx = context.Background()

func make1(t *testing.T, s blob.Store) {
	t.Helper()
	if err := s.CreateBucket(ctx, blob.BucketInfo{Name: bucket, Region: "eu-west-1", Account: "111122223333", Created: time.Unix(1700000000, 0).UTC()}); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s blob.Store, key, body string) blob.Info {
	t.Helper()
	info, err := s.Put(ctx, bucket, key, strings.NewReader(body), blob.Put{})
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return info
}

func get(t *testing.T, s blob.Store, key string, r *blob.Range) (string, blob.Info) {
	t.Helper()
	rc, info, err := s.Get(ctx, bucket, key, r)
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	defer rc.Close()
	b, err := io.ReadAll(rc)
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	return string(b), info
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func etag(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

func buckets(t *testing.T, s blob.Store) {
	make1(t, s)
	wantErr(t, s.CreateBucket(ctx, blob.BucketInfo{Name: bucket}), blob.ErrBucketExists)
	if err := s.CreateBucket(ctx, blob.BucketInfo{Name: "a.b-c", Region: "us-east-1", Account: "000000000000"}); err != nil {
		t.Fatal(err)
	}
	b, err := s.Bucket(ctx, bucket)
	if _, ok := s.(endpoint); ok {
		b.Region, b.Account, b.Created = "eu-west-1", "111122223333", time.Unix(1700000000, 0)
	}
	if err != nil || b.Region != "eu-west-1" || b.Account != "111122223333" || !b.Created.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("bucket %+v, %v", b, err)
	}
	all, err := s.Buckets(ctx)
	if err != nil || len(all) != 2 || all[0].Name != "a.b-c" || all[1].Name != bucket {
		t.Errorf("buckets %v, %v", all, err)
	}
	put(t, s, "x/y", "1")
	wantErr(t, s.DeleteBucket(ctx, bucket), blob.ErrNotEmpty)
	if err := s.Delete(ctx, bucket, "x/y"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteBucket(ctx, bucket); err != nil {
		t.Fatal(err)
	}
	_, err = s.Bucket(ctx, bucket)
	wantErr(t, err, blob.ErrNoBucket)
	wantErr(t, s.DeleteBucket(ctx, bucket), blob.ErrNoBucket)
	make1(t, s)
	l, err := s.List(ctx, bucket, blob.ListPage{})
	if err != nil || len(l.Objects) != 0 {
		t.Errorf("a bucket made again holds %v, %v", l.Objects, err)
	}
}

func roundTrip(t *testing.T, s blob.Store) {
	make1(t, s)
	meta := blob.Meta{
		ContentType: "text/plain", ContentEncoding: "gzip", CacheControl: "no-store", Disposition: "inline", Language: "de",
		Expires: "never", User: map[string]string{"a": "1"}, Checksums: map[string]string{"CRC32": "AAAA"},
		Tags: map[string]string{"k": "v"}, StorageClass: "STANDARD_IA", Parts: []blob.Part{{Number: 1, Size: 5, Checksum: "x"}},
	}
	before := time.Now().Add(-time.Minute)
	want := blob.Info{Key: "dir/hello", Size: 5, ETag: etag("hello"), Meta: meta}
	info, err := s.Put(ctx, bucket, "dir/hello", strings.NewReader("hello"), blob.Put{Meta: meta})
	if err != nil {
		t.Fatal(err)
	}
	if info.Modified.Before(before) {
		t.Errorf("modified %v", info.Modified)
	}
	want.Modified = info.Modified
	same(t, s, "put", want, info, false)
	body, got := get(t, s, "dir/hello", nil)
	if body != "hello" {
		t.Errorf("body %q", body)
	}
	same(t, s, "get differs from put", info, got, false)
	head, err := s.Head(ctx, bucket, "dir/hello")
	if err != nil {
		t.Fatal(err)
	}
	same(t, s, "head differs from put", info, head, false)
	l, err := s.List(ctx, bucket, blob.ListPage{})
	if err != nil || len(l.Objects) != 1 {
		t.Fatalf("listed %v, %v", l.Objects, err)
	}
	same(t, s, "list differs from put", info, l.Objects[0], true)
	if _, ok := s.(endpoint); ok {
		return
	}
	info, err = s.Put(ctx, bucket, "multi", strings.NewReader("hello"), blob.Put{ETag: "abc-2"})
	if err != nil || info.ETag != "abc-2" {
		t.Errorf("given ETag: %+v, %v", info, err)
	}
}

func overwrite(t *testing.T, s blob.Store) {
	make1(t, s)
	for _, body := range []string{"one", "two", "", "a longer one", "two"} {
		put(t, s, "k", body)
		got, info := get(t, s, "k", nil)
		if got != body || info.ETag != etag(body) || info.Size != int64(len(body)) {
			t.Errorf("got %q, %+v; want %q", got, info, body)
		}
	}
	// Metadata belongs to the writing, not to the bytes.
	for _, ct := range []string{"a/a", "b/b", ""} {
		if _, err := s.Put(ctx, bucket, "k", strings.NewReader(""), blob.Put{Meta: blob.Meta{ContentType: ct}}); err != nil {
			t.Fatal(err)
		}
		if info, err := s.Head(ctx, bucket, "k"); err != nil || info.Meta.ContentType != ct {
			t.Errorf("content type %q, %v; want %q", info.Meta.ContentType, err, ct)
		}
	}
}

func ranges(t *testing.T, s blob.Store) {
	make1(t, s)
	put(t, s, "k", "0123456789")
	for _, c := range []struct {
		r    blob.Range
		want string
	}{
		{blob.Range{Offset: 0, Length: 3}, "012"}, {blob.Range{Offset: 3, Length: 4}, "3456"}, {blob.Range{Offset: 8, Length: 100}, "89"},
		{blob.Range{Offset: 4, Length: -1}, "456789"}, {blob.Range{Offset: 10, Length: 1}, ""}, {blob.Range{Offset: 99, Length: -1}, ""}, {blob.Range{}, ""},
	} {
		if got, info := get(t, s, "k", &c.r); got != c.want || info.Size != 10 {
			t.Errorf("range %+v: %q of %d, want %q", c.r, got, info.Size, c.want)
		}
	}
}

func conditions(t *testing.T, s blob.Store) {
	make1(t, s)
	try := func(body string, p blob.Put) error {
		_, err := s.Put(ctx, bucket, "k", strings.NewReader(body), p)
		return err
	}
	wantErr(t, try("0", blob.Put{IfMatch: etag("0")}), blob.ErrPrecondition)
	wantErr(t, try("1", blob.Put{IfAbsent: true}), nil)
	wantErr(t, try("2", blob.Put{IfAbsent: true}), blob.ErrPrecondition)
	wantErr(t, try("3", blob.Put{IfMatch: etag("2")}), blob.ErrPrecondition)
	if got, _ := get(t, s, "k", nil); got != "1" {
		t.Errorf("a refused put was written: %q", got)
	}
	wantErr(t, try("4", blob.Put{IfMatch: etag("1")}), nil)
	if got, _ := get(t, s, "k", nil); got != "4" {
		t.Errorf("got %q, want 4", got)
	}
}

// oneOfMany: of many writers that all ask for an absent key, or for the same old ETag, one wins.
func oneOfMany(t *testing.T, s blob.Store) {
	make1(t, s)
	race := func(p blob.Put) (won []string) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		for i := range 8 {
			wg.Go(func() {
				body := fmt.Sprintf("%v-%d", p.IfAbsent, i)
				_, err := s.Put(ctx, bucket, "k", strings.NewReader(body), p)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won = append(won, body)
				} else if !errors.Is(err, blob.ErrPrecondition) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		return won
	}
	for _, p := range []blob.Put{{IfAbsent: true}, {}} {
		if !p.IfAbsent {
			info, err := s.Head(ctx, bucket, "k")
			if err != nil {
				t.Fatal(err)
			}
			p.IfMatch = info.ETag
		}
		won := race(p)
		if len(won) != 1 {
			t.Fatalf("%d writers won: %v", len(won), won)
		}
		if got, _ := get(t, s, "k", nil); got != won[0] {
			t.Errorf("object is %q, winner wrote %q", got, won[0])
		}
	}
}

func failingBody(t *testing.T, s blob.Store) {
	make1(t, s)
	put(t, s, "k", "old")
	broken := errors.New("connection lost")
	_, err := s.Put(ctx, bucket, "k", io.MultiReader(strings.NewReader("new"), errReader{broken}), blob.Put{})
	wantErr(t, err, broken)
	if got, _ := get(t, s, "k", nil); got != "old" {
		t.Errorf("got %q after a put that failed", got)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func lateChecksums(t *testing.T, s blob.Store) {
	make1(t, s)
	sums := map[string]string{}
	body := io.MultiReader(strings.NewReader("x"), atEnd(func() { sums["CRC32"] = "late" }))
	info, err := s.Put(ctx, bucket, "k", body, blob.Put{Meta: blob.Meta{Checksums: sums}})
	if err != nil || info.Meta.Checksums["CRC32"] != "late" {
		t.Errorf("put: %+v, %v", info, err)
	}
	if info, err := s.Head(ctx, bucket, "k"); err != nil || info.Meta.Checksums["CRC32"] != "late" {
		t.Errorf("head: %+v, %v", info, err)
	}
}

type atEnd func()

func (f atEnd) Read([]byte) (int, error) { f(); return 0, io.EOF }

func tags(t *testing.T, s blob.Store) {
	make1(t, s)
	was, err := s.Put(ctx, bucket, "k", strings.NewReader("x"), blob.Put{Meta: blob.Meta{ContentType: "a/b"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []map[string]string{{"a": "1", "b": "2"}, {"c": "3"}, nil} {
		if err := s.SetTags(ctx, bucket, "k", want); err != nil {
			t.Fatal(err)
		}
		info, err := s.Head(ctx, bucket, "k")
		if err != nil || len(info.Meta.Tags) != len(want) {
			t.Errorf("tags %v, %v; want %v", info.Meta.Tags, err, want)
		}
		for k, v := range want {
			if info.Meta.Tags[k] != v {
				t.Errorf("tags %v, want %v", info.Meta.Tags, want)
			}
		}
		if info.ETag != was.ETag || !info.Modified.Equal(was.Modified) || info.Meta.ContentType != "a/b" {
			t.Errorf("tagging changed %+v to %+v", was, info)
		}
	}
	wantErr(t, s.SetTags(ctx, bucket, "none", nil), blob.ErrNoKey)
	wantErr(t, s.SetTags(ctx, "nobucket", "k", nil), blob.ErrNoBucket)
}

// StrangeKeys are keys that trouble file systems, in byte order.
func StrangeKeys() []string {
	keys := []string{
		"a", "a/", "a/b", "a/b/c", "a//b", "a//", "/", "//", "///", "/a", "a-b", "a.b", "a b", "a!b", "a0", "ab", "A", "aB", "AB/x", "ab/x",
		".", "..", "./x", "../x", "x/..", "x/.", "x/../y", "x/./y", "...", ".hidden", ".hydrant", ".hydrant/meta/lake", "a/.", "..%2F",
		"%", "%%", "%-", "%.", "%..", "%+", "%=", "a%=", "a%+", "a%25=", "%25", "%2525", "%01", "100%", "50%-off", "%00", "%7F", "%2E", "%2F", "%41", "a%", "%C3%A9",
		"\x00", "a\x00b", "\n", "tab\there", "\x7f", "é", "e\u0301", "日本/語", "😀", "back\\slash", "quo\"te", "col:on", "plus+plus", "eq=ual", "sp ace/ x ", "semi;colon", "q?&*<>|",
		"year=2016/month=01/day=02/trips-1-2016-01-02-03-04-05-uuid.parquet", "CON", "nul.txt", "dot.", "trail ",
		strings.Repeat("x", 253), strings.Repeat("x", 254), strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat("x", 1024),
		strings.Repeat("x", 252) + "/y", strings.Repeat("x", 300) + "/y", strings.Repeat("x", 300) + "/" + strings.Repeat("z", 400), strings.Repeat("x", 252) + "y", strings.Repeat("x", 252) + "yz",
		strings.Repeat("é", 200), strings.Repeat("日", 341), "a" + strings.Repeat("é", 200), strings.Repeat("%-", 200), strings.Repeat("\x01", 300), strings.Repeat(".", 254), strings.Repeat(".", 255), strings.Repeat(".", 600),
		strings.Repeat("/", 40), strings.Repeat("./", 40), strings.Repeat("a/", 100) + "b",
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func strangeKeys(t *testing.T, s blob.Store) {
	make1(t, s)
	keys := StrangeKeys()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2 { // the second round meets every folder and file of the first
		for _, i := range rnd.Perm(len(keys)) {
			put(t, s, keys[i], "body of "+keys[i])
		}
	}
	for _, k := range keys {
		if got, info := get(t, s, k, nil); got != "body of "+k || info.Key != k {
			t.Errorf("key %.40q holds %.60q", k, got)
		}
	}
	if got := all(t, s, blob.ListPage{Max: 7}); !slices.Equal(got, keys) {
		t.Errorf("listed\n%.60q\nwant\n%.60q", got, keys)
	}
	// Each goes alone.
	for n, i := range rnd.Perm(len(keys)) {
		if err := s.Delete(ctx, bucket, keys[i]); err != nil {
			t.Fatalf("delete %.40q: %v", keys[i], err)
		}
		if _, err := s.Head(ctx, bucket, keys[i]); !errors.Is(err, blob.ErrNoKey) {
			t.Errorf("%.40q is there after its delete: %v", keys[i], err)
		}
		keys[i], n = "", n+1
		if n%20 == 0 {
			want := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k == "" })
			if got := all(t, s, blob.ListPage{}); !slices.Equal(got, want) {
				t.Fatalf("listed\n%.60q\nwant\n%.60q", got, want)
			}
		}
	}
	if err := s.DeleteBucket(ctx, bucket); err != nil {
		t.Errorf("bucket is not empty after its objects: %v", err)
	}
}

func badKeys(t *testing.T, s blob.Store) {
	make1(t, s)
	for _, k := range []string{"", strings.Repeat("x", 1025), "\xff", "a/\xc3"} {
		_, err := s.Put(ctx, bucket, k, strings.NewReader("x"), blob.Put{})
		wantErr(t, err, blob.ErrBadKey)
		_, err = s.Head(ctx, bucket, k)
		wantErr(t, err, blob.ErrNoKey)
		wantErr(t, s.Delete(ctx, bucket, k), nil)
	}
}

// all lists with continuation, keys and rolled-up prefixes together.
func all(t *testing.T, s blob.Store, p blob.ListPage) []string {
	t.Helper()
	got := []string{}
	for {
		l, err := s.List(ctx, bucket, p)
		if err != nil {
			t.Fatal(err)
		}
		n := len(got)
		for _, o := range l.Objects {
			got = append(got, o.Key)
		}
		got = append(got, l.Prefixes...)
		slices.Sort(got[n:])
		limit := p.Max
		if limit == 0 {
			limit = 1000
		}
		if len(got)-n > limit || l.More && len(got)-n != limit {
			t.Fatalf("page of %d with Max %d, More %v", len(got)-n, p.Max, l.More)
		}
		if !l.More {
			return got
		}
		p.After = l.Next
	}
}

func listing(t *testing.T, s blob.Store) {
	make1(t, s)
	for _, k := range []string{"a", "a-b", "a/1", "a/2", "a/b/3", "a0", "b/", "b/x", "c//d", "c/d"} {
		put(t, s, k, k)
	}
	for _, c := range []struct {
		p    blob.ListPage
		want string
	}{
		{blob.ListPage{}, "a a-b a/1 a/2 a/b/3 a0 b/ b/x c//d c/d"},
		{blob.ListPage{Delimiter: "/"}, "a a-b a/ a0 b/ c/"},
		{blob.ListPage{Delimiter: "/", Prefix: "a"}, "a a-b a/ a0"},
		{blob.ListPage{Delimiter: "/", Prefix: "a/"}, "a/1 a/2 a/b/"},
		{blob.ListPage{Delimiter: "/", Prefix: "a/b"}, "a/b/"},
		{blob.ListPage{Delimiter: "/", Prefix: "b/"}, "b/ b/x"},
		{blob.ListPage{Delimiter: "/", Prefix: "c/"}, "c// c/d"},
		{blob.ListPage{Delimiter: "-"}, "a a- a/1 a/2 a/b/3 a0 b/ b/x c//d c/d"},
		{blob.ListPage{Delimiter: "b/"}, "a a-b a/1 a/2 a/b/ a0 b/ c//d c/d"},
		{blob.ListPage{Prefix: "a/"}, "a/1 a/2 a/b/3"},
		{blob.ListPage{Prefix: "none/"}, ""},
		{blob.ListPage{Prefix: "a/1/"}, ""},
		{blob.ListPage{After: "a"}, "a-b a/1 a/2 a/b/3 a0 b/ b/x c//d c/d"},
		{blob.ListPage{After: "a/1", Prefix: "a"}, "a/2 a/b/3 a0"},
		{blob.ListPage{After: "a/9", Delimiter: "/"}, "a/ a0 b/ c/"},
		{blob.ListPage{After: "zzz"}, ""},
	} {
		for _, n := range []int{0, 1, 2, 3} {
			c.p.Max = n
			if got := strings.Join(all(t, s, c.p), " "); got != c.want {
				t.Errorf("%+v:\n got %s\nwant %s", c.p, got, c.want)
			}
		}
	}
}

// randomListing compares with the plain meaning of prefix, delimiter, After.
func randomListing(t *testing.T, s blob.Store) {
	make1(t, s)
	rnd := rand.New(rand.NewPCG(7, 7))
	word := func(n int) string {
		b := make([]byte, rnd.IntN(n))
		for i := range b {
			b[i] = "ab-/.%"[rnd.IntN(6)]
		}
		return string(b)
	}
	var keys []string
	for range 100 {
		k := "a" + word(7)
		put(t, s, k, "x")
		keys = append(keys, k)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	for range 300 {
		p := blob.ListPage{Prefix: word(4), After: word(5), Delimiter: []string{"", "/", "/", "-", "a/"}[rnd.IntN(5)], Max: rnd.IntN(20)}
		if rnd.IntN(2) == 0 {
			p.Prefix = "a" + p.Prefix
		}
		want := []string{}
		for _, k := range keys {
			rest, ok := strings.CutPrefix(k, p.Prefix)
			if !ok || k <= p.After {
				continue
			}
			if i := strings.Index(rest, p.Delimiter); p.Delimiter != "" && i >= 0 {
				k = p.Prefix + rest[:i+len(p.Delimiter)]
			}
			if len(want) == 0 || want[len(want)-1] != k {
				want = append(want, k)
			}
		}
		if got := all(t, s, p); !slices.Equal(got, want) {
			t.Fatalf("%+v:\n got %q\nwant %q", p, got, want)
		}
	}
}

func missingThings(t *testing.T, s blob.Store) {
	_, err := s.Put(ctx, bucket, "k", strings.NewReader("x"), blob.Put{})
	wantErr(t, err, blob.ErrNoBucket)
	_, _, err = s.Get(ctx, bucket, "k", nil)
	wantErr(t, err, blob.ErrNoBucket)
	_, err = s.Head(ctx, bucket, "k")
	wantErr(t, err, blob.ErrNoBucket)
	_, err = s.List(ctx, bucket, blob.ListPage{})
	wantErr(t, err, blob.ErrNoBucket)
	wantErr(t, s.Delete(ctx, bucket, "k"), blob.ErrNoBucket)
	make1(t, s)
	put(t, s, "a/b", "x")
	for _, k := range []string{"k", "a", "a/", "a/b/", "a/b/c", "a/c"} {
		_, _, err = s.Get(ctx, bucket, k, nil)
		wantErr(t, err, blob.ErrNoKey)
		_, err = s.Head(ctx, bucket, k)
		wantErr(t, err, blob.ErrNoKey)
		wantErr(t, s.Delete(ctx, bucket, k), nil)
	}
	if got, _ := get(t, s, "a/b", nil); got != "x" {
		t.Errorf("a/b holds %q", got)
	}
}

func openReader(t *testing.T, s blob.Store) {
	make1(t, s)
	old := strings.Repeat("old", 100_000)
	put(t, s, "k", old)
	rc, _, err := s.Get(ctx, bucket, "k", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	put(t, s, "k", "new")
	if err := s.Delete(ctx, bucket, "k"); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(rc)
	if err != nil || string(b) != old {
		t.Errorf("an open reader was disturbed: %d bytes, %v", len(b), err)
	}
}

// churn: writers and deleters of neighbouring keys, which share folders and names, never disturb
// each other, and readers see whole objects.
func churn(t *testing.T, s blob.Store) {
	make1(t, s)
	keys := []string{"a", "a/b", "a/b/c", "a/b/d", "a/"}
	bodies := map[string]bool{}
	for _, k := range keys {
		for i := range 3 {
			bodies[churnBody(k, i)] = true
		}
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 3))
			for range 40 {
				k := keys[rnd.IntN(len(keys))]
				switch rnd.IntN(4) {
				case 0:
					if err := s.Delete(ctx, bucket, k); err != nil {
						t.Errorf("delete %s: %v", k, err)
					}
				case 1:
					rc, info, err := s.Get(ctx, bucket, k, nil)
					if errors.Is(err, blob.ErrNoKey) {
						continue
					}
					if err != nil {
						t.Errorf("get %s: %v", k, err)
						continue
					}
					b, err := io.ReadAll(rc)
					rc.Close()
					if err != nil || !bodies[string(b)] || info.ETag != etag(string(b)) || !bytes.HasPrefix(b, []byte(k+" ")) {
						t.Errorf("get %s: %.20q etag %s, %v", k, b, info.ETag, err)
					}
				default:
					if _, err := s.Put(ctx, bucket, k, strings.NewReader(churnBody(k, rnd.IntN(3))), blob.Put{}); err != nil {
						t.Errorf("put %s: %v", k, err)
					}
				}
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		put(t, s, k, "last "+k)
	}
	slices.Sort(keys)
	if got := all(t, s, blob.ListPage{}); !slices.Equal(got, keys) {
		t.Errorf("listed %q, want %q", got, keys)
	}
}

func churnBody(key string, i int) string {
	return key + " " + strings.Repeat(string(rune('0'+i)), 1000)
}
