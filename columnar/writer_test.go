package columnar_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/hydrant-stream/hydrant/columnar"
	"github.com/hydrant-stream/hydrant/columnar/internal/sample"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file under testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update and read the change", name)
	}
}

// TestGolden keeps the bytes of a file that has everything, and its schema as another library prints it:
// objects of a delivery that was cut short by a crash are written again by whatever version starts next.
func TestGolden(t *testing.T) {
	for _, version := range []string{"V1", "V2"} {
		var out bytes.Buffer
		w := newWriter(t, &out, everything, openx, columnar.Output{Compression: "UNCOMPRESSED", EnableDictionary: true, WriterVersion: version})
		for i := range 50 {
			add(t, w, fmt.Appendf(nil, `{"d":%d.5,"f":1,"t":3,"s":4,"i":%d,"l":6,"b":true,"x":"é","c":"abcd","v":"größe","y":"aGk="}`, i, i%3))
			add(t, w, []byte(`{"a":"2020-1-1","z":"2020-01-01T00:00:00.5Z","n":1.23456,"ad":[1,null,"2"],"aas":[["a"],[],null]}`))
			add(t, w, []byte(`{"m":{"a":1,"B":2},"mi":{"1":["x"]},"st":{"p":1,"q":{"r":[{"u":"v","w":1.5},{},["a",2]]}}}`))
		}
		closeWriter(t, w)
		golden(t, "everything."+version+".parquet", out.Bytes())
		f, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "everything.schema", []byte(f.Schema().String()+"\n"))
	}
}

// TestOutputs reads back every way to write a file, over many pages and row groups.
func TestOutputs(t *testing.T) {
	records := sample.Nested(300)
	var want []string
	for _, codec := range []string{"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"} {
		for _, version := range []string{"V1", "V2"} {
			for _, dict := range []bool{false, true} {
				opt := columnar.Output{Compression: codec, WriterVersion: version, EnableDictionary: dict, BlockSizeBytes: 60_000, PageSizeBytes: 4_000}
				schema, err := columnar.NewSchema(sample.NestedColumns)
				if err != nil {
					t.Fatal(err)
				}
				write := func() []byte {
					var out bytes.Buffer
					w, err := columnar.NewWriter(&out, schema, openx, opt)
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range records {
						add(t, w, r)
					}
					closeWriter(t, w)
					return out.Bytes()
				}
				file := write()
				if !bytes.Equal(file, write()) {
					t.Errorf("%+v: the same records gave other bytes", opt)
				}
				got := readback(t, file)
				if want == nil {
					want = got
				}
				if len(got) != 300 || !slices.Equal(got, want) {
					t.Errorf("%+v: rows differ", opt)
				}
			}
		}
	}
	// The first of them, by hand.
	if !strings.Contains(want[0], `"tags":["`) || !strings.Contains(want[0], `"price":9.99}]`) {
		t.Errorf("the first row is %s", want[0])
	}
}

// TestRejectsLeaveNoTrace: bad records between good ones change no byte.
func TestRejectsLeaveNoTrace(t *testing.T) {
	bad := []string{``, `{`, `[]`, `{"person0":{"name":"x","age":"y"}}`, `{"tags":["a","b"],"scores":[1,2,"x"]}`, `{"s0":"a"}{"s1":"b","items":[{"sku":"s"},{"qty":"many"}]}`,
		`{"attrs":{"k":"v"},"counts":{"a":1,"b":{}}}`, `{"seen":"never"}`, `{"s0":"a","s0":"b","day":"x"}`, `{"counts":{"a":1,"a":"x"}}`}
	write := func(spoil bool) []byte {
		schema, err := columnar.NewSchema(sample.NestedColumns)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w, err := columnar.NewWriter(&out, schema, openx, columnar.Output{EnableDictionary: true, BlockSizeBytes: 100_000, PageSizeBytes: 5_000})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range sample.Nested(1_500) {
			if spoil {
				var reject *columnar.Reject
				if err := w.Add([]byte(bad[i%len(bad)])); !errors.As(err, &reject) {
					t.Fatalf("%s: %v", bad[i%len(bad)], err)
				}
			}
			add(t, w, r)
		}
		closeWriter(t, w)
		if w.Rows() != 1_500 {
			t.Errorf("%d rows", w.Rows())
		}
		return out.Bytes()
	}
	if !bytes.Equal(write(true), write(false)) {
		t.Error("rejected records left a trace")
	}
}

// TestShapes: records whose keys come in changing order, with some missing, some unknown, some in other
// spellings, fill the same columns.
func TestShapes(t *testing.T) {
	var out bytes.Buffer
	w := newWriter(t, &out, "a int;b int;c int", openx, columnar.Output{})
	var want []string
	for i := range 3_000 {
		switch i % 4 {
		case 0:
			add(t, w, fmt.Appendf(nil, `{"a":%d,"b":2,"c":3}`, i))
			want = append(want, fmt.Sprintf(`{"a":%d,"b":2,"c":3}`, i))
		case 1:
			add(t, w, fmt.Appendf(nil, `{"c":%d, "x%d":[1], "A":1}`, i, i))
			want = append(want, fmt.Sprintf(`{"a":1,"b":null,"c":%d}`, i))
		case 2:
			add(t, w, fmt.Appendf(nil, `{ "B" :%d , "c": 1}`, i))
			want = append(want, fmt.Sprintf(`{"a":null,"b":%d,"c":1}`, i))
		case 3:
			add(t, w, fmt.Appendf(nil, `{"\u0062":%d,"y":"c"}`, i))
			want = append(want, fmt.Sprintf(`{"a":null,"b":%d,"c":null}`, i))
		}
	}
	closeWriter(t, w)
	if got := readback(t, out.Bytes()); !slices.Equal(got, want) {
		t.Error("rows differ")
	}
}

type brokenSink struct{}

var errSink = errors.New("disk full")

func (brokenSink) Write([]byte) (int, error) { return 0, errSink }

// TestSinkError is final, and is no Reject.
func TestSinkError(t *testing.T) {
	schema, err := columnar.NewSchema(columns("a string"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := columnar.NewWriter(brokenSink{}, schema, openx, columnar.Output{BlockSizeBytes: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	record := []byte(`{"a":"` + strings.Repeat("x", 20_000) + `"}`)
	for err == nil && w.Rows() < 100 {
		err = w.Add(record)
	}
	if !errors.Is(err, errSink) {
		t.Fatalf("got %v", err)
	}
	for _, err := range []error{w.Add(record), w.Close()} {
		if !errors.Is(err, errSink) {
			t.Errorf("afterwards: %v", err)
		}
	}
}

// TestAllocations: an ordinary record costs no allocation once the columns have grown.
func TestAllocations(t *testing.T) {
	for name, c := range map[string]struct {
		columns []columnar.Column
		records [][]byte
	}{
		"trips":  {sample.TripColumns, sample.Trips(500)},
		"nested": {sample.NestedColumns, sample.Nested(500)},
	} {
		schema, err := columnar.NewSchema(c.columns)
		if err != nil {
			t.Fatal(err)
		}
		w, err := columnar.NewWriter(&bytes.Buffer{}, schema, openx, columnar.Output{BlockSizeBytes: 1 << 20, PageSizeBytes: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			for _, r := range c.records {
				add(t, w, r)
			}
		}
		perRun := testing.AllocsPerRun(20, func() {
			for _, r := range c.records {
				add(t, w, r)
			}
		})
		// Finished pages are allocated, each in one piece.
		if perRun > 100 {
			t.Errorf("%s: %.0f allocations for %d records", name, perRun, len(c.records))
		}
	}
}

// TestBuffered grows with what is held, and stays below the block size and the open pages.
func TestBuffered(t *testing.T) {
	var out bytes.Buffer
	w := newWriter(t, &out, "a string", openx, columnar.Output{Compression: "UNCOMPRESSED", BlockSizeBytes: 1 << 20, PageSizeBytes: 64 << 10})
	record := []byte(`{"a":"` + strings.Repeat("x", 1000) + `"}`)
	var most int64
	for range 10_000 {
		add(t, w, record)
		most = max(most, w.Buffered())
	}
	if most < 900<<10 || most > 1300<<10 {
		t.Errorf("at most %d bytes were held with blocks of 1 MiB", most)
	}
}
