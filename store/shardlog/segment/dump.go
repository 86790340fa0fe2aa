package segment

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"

	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// Dump prints what the segments in a folder hold, for people: one JSON line per frame, or one per
// record. It reads every frame and checks it; where one is not valid it says so and goes on with the
// next segment. No engine may have the folder open.
func Dump(w io.Writer, fsys vfs.FS, dir string, records bool) error {
	shards, err := journal.Open(fsys, path.Join(dir, "shards"))
	if err != nil {
		return err
	}
	defer shards.Close()
	d := &dump{out: json.NewEncoder(w), fs: fsys, records: records, names: map[uint64]string{}}
	err = journal.Each(shards, shardPrefix, func(key string, m shardMeta) error {
		var id shardlog.ShardID
		if _, err := fmt.Sscanf(key, shardPrefix+"%016x", &id); err != nil {
			return err
		}
		d.names[uint64(id)] = m.Name
		return nil
	})
	if err != nil {
		return err
	}
	files, err := fsys.List(dir)
	if err != nil {
		return err
	}
	slices.Sort(files)
	for _, name := range files {
		if _, ext, ok := parseName(name); ok && ext != tmpExt {
			if err := d.segment(path.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

type dump struct {
	out     *json.Encoder
	fs      vfs.FS
	records bool
	names   map[uint64]string
}

// dumpLine is a frame, a record, or what is wrong.
type dumpLine struct {
	Segment  string `json:"segment"`
	Position int64  `json:"position"`
	Kind     string `json:"kind"`
	Shard    string `json:"shard,omitempty"`
	Offset   uint64 `json:"offset"`
	Time     int64  `json:"time,omitempty"` // Unix ms
	Count    uint32 `json:"count,omitempty"`
	Bytes    int    `json:"bytes,omitempty"`
	Key      string `json:"key,omitempty"`
	Data     []byte `json:"data,omitempty"`
	Problem  string `json:"problem,omitempty"`
}

func (d *dump) segment(name string) error {
	f, err := d.fs.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	head := make([]byte, min(size, headerSize))
	if err := readFull(f, name, head, 0); err != nil {
		return err
	}
	h, bad := parseHeader(head)
	if bad != nil {
		return d.out.Encode(dumpLine{Segment: name, Kind: "damage", Problem: bad.Error()})
	}
	for pos := int64(headerSize); pos+frameSize <= size; {
		fr, body, bad, err := d.frame(f, name, h, pos, size)
		if err != nil {
			return err
		}
		if bad != nil {
			// The footer, or room not yet written to, begins where frames end.
			return d.out.Encode(dumpLine{Segment: name, Position: pos, Kind: "end", Problem: bad.Reason})
		}
		if err := d.print(name, pos, fr, body); err != nil {
			return err
		}
		pos += int64(fr.length)
	}
	return nil
}

func (d *dump) frame(f vfs.File, name string, h header, pos, size int64) (frame, []byte, *CorruptionError, error) {
	head := make([]byte, frameSize)
	if err := readFull(f, name, head, pos); err != nil {
		return frame{}, nil, nil, err
	}
	length := min(int64(le.Uint32(head[4:])), size-pos, maxFrame)
	b := make([]byte, max(length, frameSize))
	if err := readFull(f, name, b, pos); err != nil {
		return frame{}, nil, nil, err
	}
	fr, bad := parseFrame(b, h.salt, pos)
	if bad != nil {
		return frame{}, nil, bad, nil
	}
	return fr, b[frameSize:], nil, nil
}

var dumpKinds = map[byte]string{kindRecords: "records", kindBegin: "begin", kindClosed: "closed"}

func (d *dump) print(name string, pos int64, f frame, body []byte) error {
	line := dumpLine{Segment: name, Position: pos, Kind: dumpKinds[f.kind], Offset: f.first, Time: f.time, Count: f.count, Bytes: f.length}
	if f.kind == kindRecords {
		if line.Shard = d.names[f.shard]; line.Shard == "" {
			line.Shard = fmt.Sprintf("deleted shard %d", f.shard)
		}
		if d.records {
			return d.printRecords(line, f, body)
		}
	}
	return d.out.Encode(line)
}

func (d *dump) printRecords(line dumpLine, f frame, body []byte) error {
	records, bad := appendRecords(nil, f, body, line.Position, new(keys))
	if bad != nil {
		line.Problem = bad.Error()
		return d.out.Encode(line)
	}
	line.Kind, line.Count = "record", 0
	for _, r := range records {
		line.Offset, line.Key, line.Data, line.Bytes = r.Offset, r.Key, r.Data, r.Size()
		if err := d.out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
