package segment

import (
	"context"
	"errors"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// FuzzOpen starts on a segment of any bytes: the engine opens, and every record it shows has been checked,
// or it names the damage. It never panics, and never shows a record that was not put.
func FuzzOpen(f *testing.F) {
	const path, next = "log/0000000000000001.seg", "log/0000000000000002.seg"
	ctx := context.Background()
	content := func(m *vfs.Mem) []byte {
		info, err := m.Stat(path)
		if err != nil {
			f.Fatal(err)
		}
		b := make([]byte, info.Size())
		file, err := m.Open(path)
		if err != nil {
			f.Fatal(err)
		}
		defer file.Close()
		if _, err := file.ReadAt(b, 0); err != nil {
			f.Fatal(err)
		}
		return b
	}
	// The log that the fuzzer damages: running, closed in order, and its first segment sealed.
	disk := vfs.NewMem()
	e, err := Open(disk, "log", Options{SegmentBytes: 600})
	if err != nil {
		f.Fatal(err)
	}
	id, err := e.Open(ctx, "s")
	if err != nil {
		f.Fatal(err)
	}
	put := func(text string) {
		if err := e.Append(ctx, []shardlog.Batch{{Shard: id, Records: []hydrant.Record{{Key: "k", Data: []byte(text)}, {Key: "k", Data: []byte(text)}}}}); err != nil {
			f.Fatal(err)
		}
	}
	put("record")
	f.Add(content(disk))
	journal := disk.CrashClone(1, 1) // the shard is known, whatever the segment says
	put("record")
	f.Add(content(disk))
	for range 10 {
		put("record")
	}
	if err := e.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(content(disk))
	f.Add([]byte{})

	f.Fuzz(func(t *testing.T, b []byte) {
		m := journal.CrashClone(1, 1)
		file, err := m.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt(b, 0); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(file.Sync(), file.Close()); err != nil {
			t.Fatal(err)
		}
		e, err := Open(m, "log", Options{})
		var bad *CorruptionError
		if errors.As(err, &bad) {
			if bad.File != path && bad.File != next { // sealed, it says that another followed
				t.Errorf("damage to %s is told of %s", path, bad.File)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		id, err := e.Open(ctx, "s")
		if err != nil {
			t.Fatal(err)
		}
		bounds, err := e.Bounds(id)
		if err != nil {
			t.Fatal(err)
		}
		page, err := e.Read(ctx, id, bounds.Low, shardlog.Limit{Records: 100})
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			if r.Key != "k" || string(r.Data) != "record" {
				t.Errorf("a record %q %q that nobody put", r.Key, r.Data)
			}
		}
	})
}
