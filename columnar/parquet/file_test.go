package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

func testFile(t *testing.T, out *bytes.Buffer, opt Options, fields ...*Field) *File {
	t.Helper()
	if opt.BlockBytes == 0 {
		opt.BlockBytes = 1 << 30
	}
	if opt.PageBytes == 0 {
		opt.PageBytes = 1 << 20
	}
	f, err := NewFile(out, &Field{Name: "root", Fields: fields}, opt)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRollback(t *testing.T) {
	write := func(bad bool) []byte {
		var out bytes.Buffer
		f := testFile(t, &out, Options{Dictionary: true},
			&Field{Name: "a", Repetition: Optional, Type: ByteArray}, &Field{Name: "b", Repetition: Repeated, Type: Int64})
		a, b := f.Columns()[0], f.Columns()[1]
		for i := range 100 {
			f.Mark()
			if bad {
				a.Bytes([]byte("gone"), 0)
				b.Int64(1, 0)
				b.Int64(2, 1)
				f.Rollback()
			}
			a.Null(0, 0)
			b.Int64(int64(i), 0)
			if err := f.EndRows(1, 10); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	if !bytes.Equal(write(true), write(false)) {
		t.Error("what was rolled back left a trace")
	}
}

func TestPagesAndGroups(t *testing.T) {
	var out bytes.Buffer
	f := testFile(t, &out, Options{BlockBytes: 200_000, PageBytes: 8_000}, &Field{Name: "a", Repetition: Optional, Type: Int64})
	a := f.Columns()[0]
	for i := range 100_000 {
		a.Int64(int64(i), 0)
		if err := f.EndRows(1, 8); err != nil {
			t.Fatal(err)
		}
		// A page may outgrow its size by what is appended between two looks.
		if len(a.values) > 8_000+lookEvery {
			t.Fatalf("an open page of %d bytes", len(a.values))
		}
		if f.Buffered() > 200_000+100_000 {
			t.Fatalf("%d bytes held", f.Buffered())
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(f.groups); n < 4 || n > 6 {
		t.Errorf("%d row groups for 900 KB in blocks of 200 KB", n)
	}
	if f.Rows() != 100_000 {
		t.Errorf("%d rows", f.Rows())
	}
}

type brokenSink struct{ after int }

var errSink = errors.New("disk full")

func (s *brokenSink) Write(p []byte) (int, error) {
	if s.after -= len(p); s.after < 0 {
		return 0, errSink
	}
	return len(p), nil
}

func TestSinkErrors(t *testing.T) {
	for after := range 300 {
		f, err := NewFile(&brokenSink{after}, &Field{Name: "root", Fields: []*Field{{Name: "a", Type: Int64}}},
			Options{BlockBytes: 1 << 20, PageBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		f.Columns()[0].Int64(1, 0)
		if err := f.EndRows(1, 8); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil && !errors.Is(err, errSink) {
			t.Fatalf("after %d bytes: %v", after, err)
		} else if err == nil && after < 50 {
			t.Fatalf("a sink that takes %d bytes took the file", after)
		}
	}
}

func TestDictionaryGivesUp(t *testing.T) {
	var out bytes.Buffer
	f := testFile(t, &out, Options{Dictionary: true},
		&Field{Name: "few", Type: Int64}, &Field{Name: "many", Type: Int64}, &Field{Name: "later", Type: Int64})
	for i := range 300_000 {
		f.Columns()[0].Int64(int64(i%7), 0)
		f.Columns()[1].Int64(int64(i), 0)
		f.Columns()[2].Int64(int64(max(0, i-50_000)), 0) // pays at first, then outgrows maxDictBytes
		if err := f.EndRows(1, 24); err != nil {
			t.Fatal(err)
		}
	}
	few, many, later := f.Columns()[0], f.Columns()[1], f.Columns()[2]
	if few.dictPages == 0 || few.plainPages != 0 {
		t.Errorf("few values: %d pages by dictionary, %d plain", few.dictPages, few.plainPages)
	}
	if many.dictPages != 0 || many.dict != nil {
		t.Errorf("many values: %d pages by dictionary", many.dictPages)
	}
	if later.dictPages == 0 || later.plainPages == 0 || len(later.dict.plain) > maxDictBytes {
		t.Errorf("later many: %d pages by dictionary, %d plain, %d bytes", later.dictPages, later.plainPages, len(later.dict.plain))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestBounds(t *testing.T) {
	le := binary.LittleEndian
	double := func(vs ...float64) (b []byte) {
		for _, v := range vs {
			b = le.AppendUint64(b, math.Float64bits(v))
		}
		return b
	}
	for name, c := range map[string]struct {
		field  Field
		values []byte
		lo, hi []byte
	}{
		"double":           {Field{Type: Double}, double(3, -1, 2), double(-1), double(3)},
		"zeros":            {Field{Type: Double}, double(0), double(math.Copysign(0, -1)), double(0)},
		"negative zero":    {Field{Type: Double}, double(math.Copysign(0, -1)), double(math.Copysign(0, -1)), double(0)},
		"not a number":     {Field{Type: Double}, double(1, math.NaN(), 2), nil, nil},
		"nothing":          {Field{Type: Double}, nil, nil, nil},
		"int96":            {Field{Type: Int96}, make([]byte, 12), nil, nil},
		"int32":            {Field{Type: Int32}, le.AppendUint32(le.AppendUint32(nil, 5), 0xffffffff), le.AppendUint32(nil, 0xffffffff), le.AppendUint32(nil, 5)},
		"text":             {Field{Type: ByteArray}, []byte("\x01\x00\x00\x00b\x02\x00\x00\x00\xc3\xa9\x00\x00\x00\x00"), []byte{}, []byte("é")},
		"negative decimal": {Field{Type: Fixed, Length: 2, Converted: Decimal}, []byte{0xff, 0xfe, 0x00, 0x05, 0xff, 0xff}, []byte{0xff, 0xfe}, []byte{0x00, 0x05}},
		"boolean":          {Field{Type: Boolean}, []byte{1, 1}, []byte{1}, []byte{1}},
	} {
		s := newStats(&c.field)
		s.add(c.values)
		got := s.bounds()
		if got == nil {
			if c.lo != nil {
				t.Errorf("%s: no bounds", name)
			}
			continue
		}
		if c.lo == nil || !bytes.Equal(got[0], c.lo) || !bytes.Equal(got[1], c.hi) {
			t.Errorf("%s: got %x, want %x and %x", name, got, c.lo, c.hi)
		}
	}
}
