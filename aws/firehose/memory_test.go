package firehose

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant/store/vfs"
)

// 500 open partitions, and 1,000 delivery streams, cost less than 1 GB. Run with HYDRANT_HEAVY=1.
func TestMemory(t *testing.T) {
	if os.Getenv("HYDRANT_HEAVY") == "" {
		t.Skip("HYDRANT_HEAVY=1 runs it")
	}
	const most = 1 << 30
	used := func(what string) {
		t.Helper()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		t.Logf("%s: %d MiB from the system, %d MiB live, %d goroutines", what, m.Sys>>20, m.HeapAlloc>>20, runtime.NumGoroutine())
		if m.Sys > most {
			t.Errorf("%s: %d MiB", what, m.Sys>>20)
		}
	}
	h := on(t, vfs.OS(t.TempDir()))
	defer h.close()
	h.bucket("lake")
	pad := strings.Repeat("x", 900)
	h.create("partitioned", func(d *ExtendedS3DestinationConfiguration) {
		converting(d)
		keyed("!{partitionKeyFromQuery:k}/", jq("{k: (.id % 500)}"))(d)
	})
	const batches = 400
	for b := range batches {
		records := make([]string, 500)
		for i := range records {
			records[i] = fmt.Sprintf(`{"id":%d,"pad":"%s"}`, b*500+i, pad)
		}
		h.put("partitioned", records...)
	}
	keys, err := h.Flush(t.Context(), here, "partitioned") // fsyncs of a busy disk take their time
	if err != nil {
		t.Fatal(err)
	}
	used(fmt.Sprintf("%d records in 500 partitions, delivered as %d objects", batches*500, len(keys)))
	if len(keys) < 500 {
		t.Errorf("%d objects", len(keys))
	}
	for n := range 1000 {
		h.create(fmt.Sprint("s", n), converting)
	}
	for n := range 1000 {
		h.put(fmt.Sprint("s", n), fmt.Sprintf(`{"id":%d,"pad":"%s"}`, n, pad))
	}
	for n := range 1000 {
		h.flush(fmt.Sprint("s", n))
	}
	used("1,000 delivery streams, each delivered once")
}
