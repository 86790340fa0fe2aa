package segment

import "fmt"

// scanned is what a scan found in a segment without a footer.
type scanned struct {
	frames  []frameAt
	end     int64  // of the last valid frame
	size    int64  // of the file
	group   int64  // where the last group begins
	lastGrp []byte // its bytes
}

type frameAt struct {
	frame
	pos int64
}

// scan reads the frames of a segment that has no footer: up to end, where all must be valid, or,
// with end -1, up to a torn last group.
//
// Telling a torn group from damage: a group is written after the one before was synced, and each
// frame says where its group begins. So when a valid frame follows an invalid one and its group
// begins after it, the invalid bytes had been synced: damage. When its group begins at or before
// them they are one group, whose sectors may reach the disk in any order: torn. When nothing valid
// follows, the invalid bytes are the last group, torn or, if it had been synced, damaged; this one
// case cannot be told apart unless the engine was closed in order (a closed frame follows then).
func (r *recovery) scan(g *segment, end int64) (scanned, error) {
	size, err := g.file.Size()
	if err != nil {
		return scanned{}, err
	}
	limit := size
	if end >= 0 {
		limit = min(end, size)
	}
	b := make([]byte, limit)
	if err := readFull(g.file, g.path, b, 0); err != nil {
		return scanned{}, err
	}
	out := scanned{size: size, end: headerSize, group: headerSize}
	fail := func(bad *CorruptionError) (scanned, error) {
		bad.File = g.path
		return scanned{}, bad
	}
	for pos := int64(headerSize); pos < limit; pos = out.end {
		f, bad := parseFrame(b[pos:], g.salt, pos)
		if bad != nil {
			if end < 0 && laterGroup(b[pos:], g.salt, pos) < 0 {
				break
			}
			return fail(bad)
		}
		group := pos - int64(f.back)
		switch {
		case f.back == 0:
			out.group = pos
		case group != out.group:
			return fail(damage(pos+12, "beginning of the group", group, out.group))
		}
		switch {
		case f.kind == kindBegin && pos == headerSize, f.kind == kindRecords && (pos > headerSize || g.header.end > 0), f.kind == kindClosed && f.back == 0:
		default:
			return fail(damage(pos+11, "kind of frame", fmt.Sprintf("%q", f.kind), "'r', 'c', or 'b' at the beginning"))
		}
		out.frames = append(out.frames, frameAt{f, pos})
		out.end = pos + int64(f.length)
	}
	if end >= 0 && out.end != end {
		return fail(damage(out.end, "frames end early", out.end, end))
	}
	out.lastGrp = b[out.group:out.end]
	return out, nil
}

// endBefore reads from the begin frame of a segment where the frames of the one before it end.
func (r *recovery) endBefore(g, next *segment) (int64, error) {
	b := make([]byte, frameSize)
	if err := readFull(next.file, next.path, b, headerSize); err != nil {
		return 0, err
	}
	f, bad := parseFrame(b, next.salt, headerSize)
	switch {
	case bad != nil:
	case f.kind != kindBegin:
		bad = damage(headerSize+11, "kind of frame", fmt.Sprintf("%q", f.kind), fmt.Sprintf("%q", kindBegin))
	case f.shard != g.last:
		bad = damage(headerSize+16, "number of the segment before", g.last, f.shard)
	}
	if bad != nil {
		bad.File = next.path
		return 0, bad
	}
	return int64(f.first), nil
}

// readFooter reads trailer and directory. A *CorruptionError says that there is none, or no whole
// one.
func (e *Engine) readFooter(g *segment) (trailer, []extent, error) {
	named := func(bad *CorruptionError) error {
		bad.File = g.path
		return bad
	}
	size, err := g.file.Size()
	if err != nil {
		return trailer{}, nil, err
	}
	b := make([]byte, max(0, min(trailerSize, size-headerSize)))
	if err := readFull(g.file, g.path, b, size-int64(len(b))); err != nil {
		return trailer{}, nil, err
	}
	t, bad := parseTrailer(b, g.header, size)
	if bad != nil {
		return trailer{}, nil, named(bad)
	}
	b = make([]byte, int64(t.shards)*dirEntrySize)
	if err := readFull(g.file, g.path, b, t.dir); err != nil {
		return trailer{}, nil, err
	}
	extents, bad := parseDirectory(b, g.header, t)
	if bad != nil {
		return trailer{}, nil, named(bad)
	}
	return t, extents, nil
}

// readLists checks all lists of a footer and returns its bytes.
func (e *Engine) readLists(g *segment, t trailer, extents []extent) ([]byte, error) {
	b := make([]byte, t.dir+int64(len(extents))*dirEntrySize+trailerSize-t.end)
	if err := readFull(g.file, g.path, b, t.end); err != nil {
		return nil, err
	}
	for _, x := range extents {
		at := x.list - t.end
		if got := crcAt(g.salt, x.list, b[at:at+int64(x.frames)*entrySize]); got != x.crc {
			bad := badCRC(x.list, x.crc, got)
			bad.File = g.path
			return nil, bad
		}
	}
	return b, nil
}
