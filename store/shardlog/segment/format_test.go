package segment

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant"
)

// pieces are the layouts of the format, their sizes as the code has them.
var pieces = map[string]int{
	"Header": headerSize, "Frame": frameSize, "Record": recordSize,
	"List entry": entrySize, "Directory entry": dirEntrySize, "Trailer": trailerSize,
}

var (
	docRow  = regexp.MustCompile(`^\| (\d+) \| (\d+|-) \| (.*) \|$`)
	codeRow = regexp.MustCompile(`^//\t(\d+) +(\d+|-) +(.*)$`)
)

// layouts reads the tables of a text: for each heading that names a piece, the rows below.
func layouts(t *testing.T, path string, heading, row *regexp.Regexp) map[string][][3]string {
	t.Helper()
	b, err := os.ReadFile(path)
	check(t, err)
	out, at := map[string][][3]string{}, ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		if m := heading.FindStringSubmatch(line); m != nil {
			at = m[1]
		} else if m := row.FindStringSubmatch(line); m != nil {
			out[at] = append(out[at], [3]string{m[1], m[2], strings.ReplaceAll(m[3], "`", "")})
		}
	}
	return out
}

// The page docs/format/segment.md, the comments above the encoders and the constants agree.
func TestLayoutsAgree(t *testing.T) {
	doc := layouts(t, "../../../docs/format/segment.md", regexp.MustCompile(`^### (.*)$`), docRow)
	code := map[string][][3]string{}
	for _, file := range []string{"format.go", "footer.go"} {
		for name, rows := range layouts(t, file, regexp.MustCompile(`^// ([A-Z][a-z]*(?: entry)?)(?: \(.*)?:$`), codeRow) {
			code[name] = rows
		}
	}
	for name, size := range pieces {
		if fmt.Sprint(doc[name]) != fmt.Sprint(code[name]) {
			t.Errorf("%s: the page has\n%q\nthe code\n%q", name, doc[name], code[name])
		}
		at := 0
		for _, row := range doc[name] {
			if row[0] != strconv.Itoa(at) {
				t.Errorf("%s: a field at %s, want %d", name, row[0], at)
			}
			n, err := strconv.Atoi(row[1])
			if err != nil {
				break // "-": the rest
			}
			at += n
		}
		if at != size {
			t.Errorf("%s: the fields are %d bytes, the constant says %d", name, at, size)
		}
	}
}

func FuzzFrame(f *testing.F) {
	const salt, pos = 7, 99
	for _, rs := range [][]hydrant.Record{nil, {{Key: "k", Data: []byte("data")}}, {{}, {Key: "key"}, {Data: []byte{0}}}} {
		f.Add(encodeFrame(frame{kind: kindRecords, back: 3, shard: 4, first: 5, time: 6, count: uint32(len(rs))}, rs, salt, pos), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, resign bool) {
		if resign && len(b) >= frameSize { // let the fuzzer past the checksum
			le.PutUint32(b[4:], uint32(len(b)))
			copy(b[8:], frameMagic)
			le.PutUint32(b, crcAt(salt, pos, b[4:]))
		}
		fr, bad := parseFrame(b, salt, pos)
		if bad != nil {
			return
		}
		records, bad := appendRecords(nil, fr, b[frameSize:fr.length], pos, new(keys))
		if bad != nil {
			return
		}
		if again := encodeFrame(fr, records, salt, pos); !bytes.Equal(again, b[:fr.length]) {
			t.Errorf("decoded and encoded again:\n%x\n%x", b[:fr.length], again)
		}
	})
}

func encodeFrame(f frame, records []hydrant.Record, salt uint64, pos int64) []byte {
	b := make([]byte, frameSize)
	for i := range records {
		b = appendRecord(b, &records[i])
	}
	finishFrame(b, f, salt, pos)
	return b
}

func FuzzFooter(f *testing.F) {
	h := header{number: 3, last: 3, salt: 9}
	const end = 1000
	for n := range 3 {
		var extents []extent
		var lists [][]entry
		for i := range n {
			x := extent{shard: uint64(i + 1)}
			var list []entry
			for k := range 2 {
				list = append(list, entry{uint32(44 + k), 60, uint64(k * 2), int64(k), 2})
				x.add(list[k])
			}
			extents, lists = append(extents, x), append(lists, list)
		}
		f.Add(appendFooter(nil, h, end, extents, lists))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		size := end + int64(len(b))
		tr, bad := parseTrailer(b[max(0, len(b)-trailerSize):], h, size)
		if bad != nil || tr.end < end {
			return
		}
		dir := b[tr.dir-end : len(b)-trailerSize]
		extents, bad := parseDirectory(dir, h, tr)
		if bad != nil {
			return
		}
		var lists [][]entry
		for _, x := range extents {
			list := b[x.list-end:][:int(x.frames)*entrySize]
			if crcAt(h.salt, x.list, list) != x.crc {
				return
			}
			lists = append(lists, parseList(list))
		}
		if again := appendFooter(nil, h, tr.end, extents, lists); !bytes.Equal(again, b[tr.end-end:]) {
			t.Errorf("decoded and encoded again:\n%x\n%x", b, again)
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add(header{1, 2, 3, 4}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, bad := parseHeader(b); bad == nil && !bytes.Equal(h.append(nil), b[:headerSize]) {
			t.Errorf("decoded and encoded again: %x", b)
		}
	})
}
