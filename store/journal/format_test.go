package journal

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The page docs/format/journal.md, the comment above the encoder and the constants agree.
func TestLayoutsAgree(t *testing.T) {
	doc := layouts(t, "../../docs/format/journal.md", `^### (.*)$`, `^\| (\d+) \| (\d+|-) \| (.*) \|$`)
	code := layouts(t, "format.go", `^// ([A-Z][a-z]*)(?: \(.*)?:$`, `^//\t(\d+) +(\d+|-) +(.*)$`)
	for name, size := range map[string]int{"Header": headerSize, "Frame": frameSize, "Change": changeSize} {
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

// layouts reads the tables of a text: for each heading, the rows below it.
func layouts(t *testing.T, path, heading, row string) map[string][][3]string {
	t.Helper()
	b, err := os.ReadFile(path)
	check(t, err)
	headings, rows := regexp.MustCompile(heading), regexp.MustCompile(row)
	out, at := map[string][][3]string{}, ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		if m := headings.FindStringSubmatch(line); m != nil {
			at = m[1]
		} else if m := rows.FindStringSubmatch(line); m != nil {
			out[at] = append(out[at], [3]string{m[1], m[2], m[3]})
		}
	}
	return out
}

func FuzzFrame(f *testing.F) {
	const salt, pos = 7, 99
	for _, changes := range [][]Change{nil, {{"k", []byte("v")}}, {{"gone", nil}, {"", []byte{}}}} {
		f.Add(encodeFrame(frame{kindChanges, 5, uint32(len(changes)), changes}, salt, pos), true)
	}
	f.Add(encodeFrame(frame{kind: kindEnd, sequence: 5, count: 3}, salt, pos), true)
	f.Fuzz(func(t *testing.T, b []byte, resign bool) {
		if resign && len(b) >= frameSize { // let the fuzzer past the checksum
			le.PutUint32(b[4:], uint32(len(b)))
			copy(b[8:], frameMagic)
			le.PutUint32(b, frameCRC(b, salt, pos))
		}
		fr, n, bad := parseFrame(b, salt, pos)
		if bad != nil {
			return
		}
		if again := encodeFrame(fr, salt, pos); !bytes.Equal(again, b[:n]) {
			t.Errorf("decoded and encoded again:\n%x\n%x", b[:n], again)
		}
	})
}

func encodeFrame(f frame, salt uint64, pos int64) []byte {
	b := beginFrame(nil)
	for _, c := range f.changes {
		b = appendChange(b, c)
	}
	endFrame(b, 0, f.kind, f.sequence, f.count, salt, pos)
	return b
}

func FuzzHeader(f *testing.F) {
	f.Add(header{1, 2, 3}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, bad := parseHeader(b); bad == nil && !bytes.Equal(h.append(nil), b[:headerSize]) {
			t.Errorf("decoded and encoded again: %x", b)
		}
	})
}
