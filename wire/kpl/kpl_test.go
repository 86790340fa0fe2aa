package kpl

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
)

func pack(records ...Record) Record {
	p := Packer{MaxBytes: 1 << 20}
	for _, r := range records {
		if !p.Add(r) {
			panic("internal error: does not fit")
		}
	}
	return p.Take()
}

func same(a, b []Record) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Key != b[i].Key || a[i].ExplicitHashKey != b[i].ExplicitHashKey || !bytes.Equal(a[i].Data, b[i].Data) {
			return false
		}
	}
	return true
}

func TestPackAndUnpack(t *testing.T) {
	for _, records := range [][]Record{
		{{Key: "k", Data: []byte("one")}},
		{{Key: "k", Data: []byte{}}},
		{{Key: "a", Data: []byte("1")}, {Key: "b", Data: []byte("2")}, {Key: "a", Data: []byte("3")}},
		{{Key: "a", ExplicitHashKey: "0", Data: []byte("1")}, {Key: "ключ", Data: []byte("2")}, {Key: "a", ExplicitHashKey: "340282366920938463463374607431768211455", Data: bytes.Repeat([]byte{0xff}, 300)}},
	} {
		whole := pack(records...)
		if whole.Key != records[0].Key || whole.ExplicitHashKey != records[0].ExplicitHashKey {
			t.Errorf("the aggregate's keys are %q, %q", whole.Key, whole.ExplicitHashKey)
		}
		got, ok := Unpack(whole.Data)
		if !ok || !same(got, records) {
			t.Errorf("%q, %v; want %q", got, ok, records)
		}
	}
	if p := new(Packer); p.Take().Data != nil {
		t.Error("an empty packer gives an aggregate")
	}
}

// TestPackerIsFull: no aggregate is larger than it may be, the next record would have made it so, and order
// is kept across them.
func TestPackerIsFull(t *testing.T) {
	for _, most := range []int{0, 200, 1000, 1 << 20} {
		p := Packer{MaxBytes: most}
		limit := most
		if limit == 0 {
			limit = DefaultBytes
		}
		var out []Record
		take := func() Record {
			whole := p.Take()
			if n := len(whole.Key) + len(whole.Data); n > limit {
				t.Fatalf("%d bytes in an aggregate of %d", n, limit)
			}
			inner, ok := Unpack(whole.Data)
			if !ok {
				t.Fatal("does not unpack")
			}
			out = append(out, inner...)
			return whole
		}
		var in []Record
		for i := range 3000 {
			r := Record{Key: fmt.Sprintf("key-%d", i%50), Data: []byte(strings.Repeat("x", i%60))}
			if i%3 == 0 {
				r.ExplicitHashKey = fmt.Sprint(i % 7)
			}
			in = append(in, r)
			if !p.Add(r) {
				before := take()
				inner, _ := Unpack(before.Data)
				if more := pack(append(inner, r)...); len(more.Key)+len(more.Data) <= limit {
					t.Fatalf("refused record %d, which fits: %d of %d", i, len(more.Key)+len(more.Data), limit)
				}
				if !p.Add(r) {
					t.Fatal("an empty packer refuses")
				}
			}
		}
		take()
		if !same(out, in) {
			t.Errorf("limit %d: the records changed", most)
		}
	}
}

func seal(body string) []byte {
	sum := md5.Sum([]byte(body))
	return []byte(magic + body + string(sum[:]))
}

// TestNoAggregate: what only looks like one is left alone.
func TestNoAggregate(t *testing.T) {
	good := pack(Record{Key: "k", Data: []byte("data")}).Data
	flipped := bytes.Clone(good)
	flipped[7] ^= 1
	for name, b := range map[string][]byte{
		"empty": nil, "plain": []byte("plain text of some length, no aggregate"), "magic alone": []byte(magic),
		"nothing inside": seal(""), "cut": good[:len(good)-1], "without magic": good[1:], "a bit flipped": flipped,
		"no records":         seal("\x0a\x01k"),
		"key not in table":   seal("\x0a\x01k" + "\x1a\x05\x08\x01\x1a\x01d"),
		"hash not in table":  seal("\x0a\x01k" + "\x1a\x07\x08\x00\x10\x00\x1a\x01d"),
		"record without key": seal("\x0a\x01k" + "\x1a\x03\x1a\x01d"),
		"record, no data":    seal("\x0a\x01k" + "\x1a\x02\x08\x00"),
		"length too large":   seal("\x0a\x7fk"),
		"no protobuf":        seal("hello, this is no protobuf"),
		"field number 0":     seal("\x02\x01k"),
	} {
		if got, ok := Unpack(b); ok {
			t.Errorf("%s: %q", name, got)
		}
	}
	// Tables may follow, tags and unknown fields are read over.
	odd := seal("\x1a\x0b\x08\x00\x1a\x01d\x22\x04\x0a\x02tg" + "\x20\x05" + "\x29\x00\x00\x00\x00\x00\x00\x00\x00" + "\x35\x00\x00\x00\x00" + "\x0a\x01k")
	if got, ok := Unpack(odd); !ok || !same(got, []Record{{Key: "k", Data: []byte("d")}}) {
		t.Errorf("%q, %v", got, ok)
	}
}

// TestVectors holds the form to the byte: an aggregate a line, as hex, then key, hash key and data of each
// record inside. The Python library of the format makes the same bytes of the same records (conform_test.go).
func TestVectors(t *testing.T) {
	b, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		whole, err := hex.DecodeString(f[0])
		if err != nil {
			t.Fatal(err)
		}
		var want []Record
		for _, text := range f[1:] {
			m := strings.Split(text, "/")
			if len(m) != 3 {
				t.Fatalf("%q is not key/hash/data", text)
			}
			data, err := hex.DecodeString(m[2])
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, Record{m[0], m[1], data})
		}
		n++
		if got, ok := Unpack(whole); !ok || !same(got, want) {
			t.Errorf("line %d: %q, want %q", n, got, want)
		}
		if got := pack(want...); !bytes.Equal(got.Data, whole) {
			t.Errorf("line %d packs as %x", n, got.Data)
		}
	}
	if n < 4 {
		t.Errorf("%d vectors", n)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(pack(Record{Key: "a", Data: []byte("1")}, Record{Key: "b", ExplicitHashKey: "7", Data: []byte("2")}).Data)
	f.Add([]byte("\x0a\x01k\x1a\x05\x08\x00\x1a\x01d"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, whole := range [][]byte{b, seal(string(b))} {
			records, ok := Unpack(whole)
			if !ok {
				continue
			}
			p := Packer{MaxBytes: 1 << 30}
			for _, r := range records {
				p.Add(r)
			}
			if again, ok := Unpack(p.Take().Data); !ok || !same(again, records) {
				t.Errorf("%q became %q", records, again)
			}
		}
	})
}
