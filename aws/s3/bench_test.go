package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// The whole way: an HTTP client, the service, the disk with its syncs. The client sends and reads
// plain HTTP, so that its own cost is small.
//
//	go test -run xxx -bench . ./aws/s3

var sizes = []struct {
	name string
	n    int
}{{"1KiB", 1 << 10}, {"64MiB", 64 << 20}}

func BenchmarkPut(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			h := newHouse(b)
			h.do("PUT", "/lake", "")
			body := string(piece(1, size.n))
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if resp, text := h.do("PUT", fmt.Sprint("/lake/p=", i%8, "/k"), body); resp.StatusCode != 200 {
					b.Fatal(resp.StatusCode, text)
				}
				i++
			}
		})
	}
}

// BenchmarkPutParallel has 16 writers at once.
func BenchmarkPutParallel(b *testing.B) {
	h := newHouse(b)
	h.do("PUT", "/lake", "")
	body := string(piece(1, 1<<10))
	b.SetBytes(1 << 10)
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if resp, text := h.do("PUT", fmt.Sprintf("/lake/p=%d/%p", i%8, pb), body); resp.StatusCode != 200 {
				b.Error(resp.StatusCode, text)
				return
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			h := newHouse(b)
			h.do("PUT", "/lake", "")
			h.do("PUT", "/lake/k", string(piece(1, size.n)))
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for b.Loop() {
				resp, err := h.web.Client().Get(h.url + "/lake/k")
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, resp.Body); n != int64(size.n) || err != nil {
					b.Fatal(n, err)
				}
				resp.Body.Close()
			}
		})
	}
}

// BenchmarkStorePut is the store alone.
func BenchmarkStorePut(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			h := newHouse(b)
			if err := h.store.CreateBucket(ctx, blob.BucketInfo{Name: "lake"}); err != nil {
				b.Fatal(err)
			}
			body := piece(1, size.n)
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.store.Put(ctx, "lake", "p=1/k", bytes.NewReader(body), blob.Put{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkList reads a page of a folder of 10,000 objects.
func BenchmarkList(b *testing.B) {
	h := newHouse(b)
	if err := h.store.CreateBucket(ctx, blob.BucketInfo{Name: "lake"}); err != nil {
		b.Fatal(err)
	}
	for i := range 10_000 {
		if _, err := h.store.Put(ctx, "lake", fmt.Sprintf("p=1/%05d", i), bytes.NewReader(nil), blob.Put{}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		l, err := h.store.List(ctx, "lake", blob.ListPage{Prefix: "p=1/", After: "p=1/05000"})
		if err != nil || len(l.Objects) != 1000 {
			b.Fatal(len(l.Objects), err)
		}
	}
}
