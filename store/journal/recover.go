package journal

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/hydrant-stream/hydrant/store/vfs"
)

// recover reads the newest snapshot and the logs from its generation on, cuts a torn tail, and
// leaves the last log open for writing.
//
// What a crash can leave: a snapshot under its temporary name (dropped); files older than the newest
// snapshot (dropped); a last log that has no frame yet (dropped, and the log before is the last); a
// last log whose last frame is torn (cut: its commit never returned). A frame is written only after
// the one before was synced, so an invalid frame that a valid one follows is damage, and so is
// anything invalid in a file that is not the last log.
func (l *log) recover() error {
	if err := l.fs.MkdirAll(l.dir); err != nil {
		return err
	}
	snap, logs, stale, err := l.survey()
	if err != nil {
		return err
	}
	s := &state{}
	if snap > 0 {
		if err := l.readSnapshot(snap, s); err != nil {
			return err
		}
	}
	bare, logs, err := l.bareLog(logs)
	if err != nil {
		return err
	}
	for i, g := range logs {
		if err := l.readLog(g, i == len(logs)-1, s); err != nil {
			return err
		}
	}
	if bare != nil {
		if bare.base > l.sequence {
			return &CorruptionError{File: l.path(fileName(bare.generation, logExt)), Offset: 16,
				Reason: "frames are missing before this log", Got: fmt.Sprint(l.sequence), Want: fmt.Sprint(bare.base)}
		}
		stale = append(stale, fileName(bare.generation, logExt))
	}
	for _, name := range stale {
		if err := l.fs.Remove(l.path(name)); err != nil {
			return err
		}
	}
	l.root.Store(s)
	if l.file == nil {
		l.head = header{generation: max(snap, 1), base: l.sequence, salt: newSalt()}
		l.size = headerSize
		l.file, err = createLog(l.fs, l.dir, l.path(fileName(l.head.generation, logExt)), l.head)
		return err
	}
	return l.fs.SyncDir(l.dir)
}

// bareLog takes the last log from logs where it has no frame: it was about to be begun, or its
// beginning was given up and commits stayed with the log before. A header torn at that moment is
// returned as one with base 0.
func (l *log) bareLog(logs []uint64) (*header, []uint64, error) {
	if len(logs) == 0 {
		return nil, nil, nil
	}
	g := logs[len(logs)-1]
	info, err := l.fs.Stat(l.path(fileName(g, logExt)))
	if err != nil || info.Size() > headerSize {
		return nil, logs, err
	}
	f, b, err := l.readFile(fileName(g, logExt))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	h, bad := parseHeader(b)
	if bad != nil {
		h = header{}
	}
	h.generation = g
	return &h, logs[:len(logs)-1], nil
}

// survey sorts the folder's files: the newest snapshot (0: none), the logs that follow it, and what
// is left over.
func (l *log) survey() (snap uint64, logs []uint64, stale []string, err error) {
	names, err := l.fs.List(l.dir)
	if err != nil {
		return 0, nil, nil, err
	}
	for _, name := range names {
		if g, ext, ok := parseName(name); ok && ext == snapExt {
			snap = max(snap, g)
		}
	}
	for _, name := range names {
		g, ext, ok := parseName(name)
		switch {
		case !ok:
		case ext == logExt && g >= snap:
			logs = append(logs, g)
		case ext == snapExt && g == snap:
		default:
			stale = append(stale, name)
		}
	}
	slices.Sort(logs)
	// The log of a snapshot's generation is made before the snapshot, and logs follow one another.
	want := max(snap, 1)
	for _, g := range logs {
		if g != want {
			break
		}
		want++
	}
	if n := uint64(len(logs)); want != max(snap, 1)+n || snap > 0 && n == 0 {
		return 0, nil, nil, &CorruptionError{File: l.path(fileName(want, logExt)),
			Reason: "file is missing", Got: "no file", Want: "the log of this generation"}
	}
	return snap, logs, stale, nil
}

func (l *log) readFile(name string) (vfs.File, []byte, error) {
	f, err := l.fs.Open(l.path(name))
	if err != nil {
		return nil, nil, err
	}
	size, err := f.Size()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); err != nil && !(errors.Is(err, io.EOF) && int64(n) == size) {
		f.Close()
		return nil, nil, fmt.Errorf("read %s: %w", l.path(name), err)
	}
	return f, b, nil
}

func (l *log) readSnapshot(g uint64, s *state) error {
	name := fileName(g, snapExt)
	f, b, err := l.readFile(name)
	if err != nil {
		return err
	}
	defer f.Close()
	h, bad := parseHeader(b)
	if bad == nil && h.generation != g {
		bad = &CorruptionError{Offset: 8, Reason: "generation", Got: fmt.Sprint(h.generation), Want: fmt.Sprint(g)}
	}
	for pos, ended := int64(headerSize), false; bad == nil && !ended; {
		var fr frame
		var n int
		if fr, n, bad = parseFrame(b[pos:], h.salt, pos); bad != nil {
			break
		}
		switch {
		case fr.sequence != h.base:
			bad = &CorruptionError{Offset: pos + 12, Reason: "snapshot's base", Got: fmt.Sprint(fr.sequence), Want: fmt.Sprint(h.base)}
		case fr.kind == kindPart:
			for _, c := range fr.changes {
				s.apply(c)
			}
		case fr.kind == kindEnd:
			ended = true
			if int(fr.count) != s.keys {
				bad = &CorruptionError{Offset: pos + 20, Reason: "count of keys", Got: fmt.Sprint(s.keys), Want: fmt.Sprint(fr.count)}
			} else if rest := len(b) - int(pos) - n; rest != 0 {
				bad = &CorruptionError{Offset: pos + int64(n), Reason: "bytes after the snapshot's end", Got: fmt.Sprint(rest), Want: "0"}
			}
		default:
			bad = &CorruptionError{Offset: pos + 11, Reason: "kind of frame", Got: fmt.Sprintf("%q", fr.kind), Want: "s or e"}
		}
		pos += int64(n)
	}
	if bad != nil {
		bad.File = l.path(name)
		return bad
	}
	l.sequence = h.base
	return nil
}

// readLog applies one log; the last one is left open for writing.
func (l *log) readLog(g uint64, last bool, s *state) error {
	name := fileName(g, logExt)
	f, b, err := l.readFile(name)
	if err != nil {
		return err
	}
	end, tail, bad := l.replay(b, g, last, s)
	if bad != nil {
		f.Close()
		bad.File = l.path(name)
		return bad
	}
	l.logged += end - headerSize
	if !last {
		return f.Close()
	}
	l.file, l.size = f, end
	return l.settle(b, tail, end)
}

// replay applies the frames of a log. tail is where the last valid one begins.
func (l *log) replay(b []byte, g uint64, last bool, s *state) (end, tail int64, bad *CorruptionError) {
	h, bad := parseHeader(b)
	if bad != nil {
		return 0, 0, bad
	}
	if h.generation != g {
		return 0, 0, &CorruptionError{Offset: 8, Reason: "generation", Got: fmt.Sprint(h.generation), Want: fmt.Sprint(g)}
	}
	if h.base != l.sequence {
		return 0, 0, &CorruptionError{Offset: 16, Reason: "sequence before this log", Got: fmt.Sprint(l.sequence), Want: fmt.Sprint(h.base)}
	}
	l.head = h
	pos := int64(headerSize)
	for pos < int64(len(b)) {
		fr, n, bad := parseFrame(b[pos:], h.salt, pos)
		if bad != nil {
			if last && laterFrame(b[pos:], h.salt, pos) < 0 {
				break
			}
			return 0, 0, bad
		}
		if fr.kind != kindChanges || fr.sequence != l.sequence+1 {
			return 0, 0, &CorruptionError{Offset: pos + 12, Reason: "frame out of sequence",
				Got: fmt.Sprintf("%c %d", fr.kind, fr.sequence), Want: fmt.Sprintf("c %d", l.sequence+1)}
		}
		for _, c := range fr.changes {
			s.apply(c)
		}
		l.sequence++
		tail = pos
		pos += int64(n)
	}
	return pos, tail, nil
}

// settle makes certain that what was read is on the disk. A process may have died between its write
// and its sync, or after a sync that failed: then the page cache can show bytes that the disk does
// not have and that the system no longer holds for dirty. So the last frame, the only one this can
// be true of, is written again before the sync.
func (l *log) settle(b []byte, tail, end int64) error {
	if end < int64(len(b)) {
		if err := l.file.Truncate(end); err != nil {
			return err
		}
	}
	if _, err := l.file.WriteAt(b[tail:end], tail); err != nil {
		return err
	}
	return l.file.Sync()
}
