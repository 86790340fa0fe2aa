package firehose

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// farStreams makes delivery streams into the bucket of the endpoint, the first with more to deliver than one
// request holds, and has them deliver. It returns what they were given.
func farStreams(h *house, names ...string) map[string][]string {
	h.t.Helper()
	put := map[string][]string{}
	for n, name := range names {
		h.create(name, func(d *ExtendedS3DestinationConfiguration) {
			d.BucketARN, d.Prefix = "arn:aws:s3:::there", new(name+"/")
		})
		size := 10
		if n == 0 {
			size = 900_000
		}
		for i := range 12 {
			r := fmt.Sprintf("%d%s\n", i, strings.Repeat(".", size))
			h.put(name, r)
			put[name] = append(put[name], r)
		}
		h.hasten(name)
	}
	return put
}

func (h *house) hasten(name string) {
	h.t.Helper()
	w := h.find(here, name).work.Load()
	bounds, err := h.log.Bounds(w.shard)
	if err != nil {
		h.t.Fatal(err)
	}
	w.direct.hasten(bounds.Next)
}

// wantOnce holds the bucket of the endpoint against what was put.
func (h *house) wantOnce(put map[string][]string) {
	h.t.Helper()
	got := map[string][]string{}
	for key, body := range h.objects("there") {
		name, _, _ := strings.Cut(key, "/")
		got[name] = append(got[name], slices.Collect(strings.Lines(body))...)
	}
	for name, records := range put {
		if !slices.Equal(records, got[name]) {
			h.t.Errorf("%s: %d records were put, %d are there", name, len(records), len(got[name]))
		}
	}
	if len(got) != len(put) {
		h.t.Errorf("there are objects of %v", slices.Collect(maps.Keys(got)))
	}
}

func (h *house) inDoubt(bucket string) bool {
	d, _ := h.turns.doubted(bucket)
	return d != nil
}

// TestLakeSlow: a lake that takes nothing for longer than anybody wants to wait, though it answers when asked
// whether it is there, holds up no other delivery, and what was on its way lands once when it is mended.
func TestLakeSlow(t *testing.T) {
	for _, trouble := range []string{"deaf", "silent", "sips", "drips"} {
		t.Run(trouble, func(t *testing.T) {
			h, f := farHouse(t, 10*time.Minute, func(c *Config) { c.Builders, c.Patience = 2, 200*time.Millisecond })
			f.writes.Store(true)
			f.trouble.Store(trouble)
			put := farStreams(h, "far", "far2", "far3", "far4")
			h.create("near", nil)
			until(t, "the bucket is not in doubt", func() bool { return h.inDoubt("there") })
			for range 3 {
				h.put("near", "goes on")
				h.flush("near")
			}
			// One waits in the place of buckets in doubt. Where another had begun, it has given way.
			until(t, "a sound place is not given back", func() bool { return len(h.turns.sound) == 0 && len(h.turns.unsound) == 1 })
			// All say why they wait.
			until(t, "it is not told why", func() bool {
				told := 0
				for name := range put {
					if f := h.find(here, name).describe().FailureDescription; f != nil && strings.HasPrefix(f.Details, "InternalError: s3://there/") {
						told++
					}
				}
				return told == len(put)
			})
			f.mend()
			for name := range put {
				h.flush(name)
				h.wantFailing(name, "")
			}
			h.wantOnce(put)
			if h.inDoubt("there") || len(h.turns.unsound) > 0 || len(h.turns.sound) > 0 {
				t.Error("the bucket is still in doubt, or a turn was not given back")
			}
		})
	}
}

// TestCloseWhileLakeHangs: closing does not wait for a lake that takes nothing, in the midst of an upload in
// parts or not; after the next start all lands once.
func TestCloseWhileLakeHangs(t *testing.T) {
	for _, writes := range []bool{true, false} {
		h, f := farHouse(t, 10*time.Minute, func(c *Config) { c.Patience = 200 * time.Millisecond })
		f.writes.Store(writes)
		f.trouble.Store("deaf")
		put := farStreams(h, "far", "far2", "far3")
		until(t, "nothing is on its way", func() bool { return f.met.Load() > 0 && h.inDoubt("there") })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		closed := make(chan struct{})
		go func() { h.Close(); close(closed) }()
		select {
		case <-closed:
		case <-ctx.Done():
			t.Fatal("close waits for the lake")
		}
		cancel()
		h.start()
		f.mend()
		for name := range put {
			h.flush(name)
		}
		h.wantOnce(put)
	}
}
