package tlc_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/hydrant-stream/hydrant/taxi"
	"github.com/hydrant-stream/hydrant/taxi/internal/realdata"
	"github.com/hydrant-stream/hydrant/taxi/tlc"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// read reads text as standard input and returns its events, the places of bad rows, and the error.
func read(text []byte) (events []string, bad []string, err error) {
	r := tlc.Open("-")
	r.Stdin = bytes.NewReader(text)
	r.OnReject = func(e *tlc.RowError) { bad = append(bad, e.Error()) }
	var t taxi.Trip
	for r.Next(&t) {
		events = append(events, string(t.AppendEvent(nil, 1)))
	}
	return events, bad, r.Err()
}

func event(members string) string {
	return strings.ReplaceAll(strings.ReplaceAll(`{`+members+`,"trip_id":1,"type":"trip"}`, "P0", `"pickup_datetime":"2016-01-01T00:00:00.000Z"`), "D1", `"dropoff_datetime":"2016-01-01T00:10:00.000Z"`)
}

func TestTextVariants(t *testing.T) {
	const row = "2016-01-01 00:00:00,2016-01-01 00:10:00"
	for _, c := range []struct {
		name, text string
		events     []string
		bad        []string
	}{
		{"2009", "vendor_name,Trip_Pickup_DateTime,Trip_Dropoff_DateTime,Start_Lon,End_Lat,store_and_forward,Rate_Code,Tip_Amt,Total_Amt\nVTS," + row + ",-73.9,40.7,,,1,.5\n",
			[]string{event(`"vendor_id":"VTS",P0,D1,"pickup_longitude":-73.9,"dropoff_latitude":40.7,"tip_amount":1,"total_amount":0.5`)}, nil},
		{"2014: spaces before names, CRLF, a blank line", "vendor_id, pickup_datetime, dropoff_datetime, surcharge\r\n\r\nCMT," + row + ",.46\r\n",
			[]string{event(`"vendor_id":"CMT",P0,D1,"surcharge":0.46`)}, nil},
		{"2015: no newline at the end", "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,RateCodeID,extra,improvement_surcharge\n2," + row + ",1,0,0.3",
			[]string{event(`"vendor_id":"2",P0,D1,"rate_code":1,"surcharge":0`)}, nil},
		{"green: a trailing space, extra empty fields", "VendorID,lpep_pickup_datetime,Lpep_dropoff_datetime,Payment_type,Trip_type \n1," + row + ",2,,,\n",
			[]string{event(`"vendor_id":"1",P0,D1,"payment_type":"2"`)}, nil},
		{"Azure", "vendorID,tpepPickupDateTime,tpepDropoffDateTime,puLocationId,startLon,startLat,storeAndFwdFlag\n1," + row + ",,0.0,0.0,Y\n",
			[]string{event(`"vendor_id":"1",P0,D1,"pickup_longitude":0.0,"pickup_latitude":0.0,"store_and_fwd_flag":"Y"`)}, nil},
		{"DEBS names neither cab nor driver", strings.Repeat("AB", 16) + "," + strings.Repeat("CD", 16) + "," + row + ",600,0.44,-73.9,40.7,-73.8,40.6,CSH,3.50,0.50,0.50,0.00,0.00,4.50\n",
			[]string{event(`P0,D1,"trip_distance":0.44,"pickup_longitude":-73.9,"pickup_latitude":40.7,"dropoff_longitude":-73.8,"dropoff_latitude":40.6,"payment_type":"CSH",` +
				`"fare_amount":3.50,"surcharge":0.50,"mta_tax":0.50,"tip_amount":0.00,"tolls_amount":0.00,"total_amount":4.50`)}, nil},
		{"quotes and a byte order mark", "\ufeff\"vendor_id\",pickup_datetime,dropoff_datetime\n\"C,\"\"M\"," + row + "\n", []string{event(`"vendor_id":"C,\"M",P0,D1`)}, nil},
		{"bad rows are told and passed", "vendor_id,pickup_datetime,dropoff_datetime,total_amount\na," + row + "\nb,2016-01-01,2016-01-01 00:10:00,1\nc,,2016-01-01 00:10:00,1\nd," + row + ",x\ne," + row + ",1,2\n\"f," + row + ",1\ng," + row + ",1\n",
			[]string{event(`"vendor_id":"g",P0,D1,"total_amount":1`)},
			[]string{"-:2: 3 fields under a header of 4", `-:3: pickup_datetime is not a time: "2016-01-01"`, "-:4: pickup_datetime is empty",
				`-:5: total_amount is not a number: "x"`, "-:6: 5 fields under a header of 4, and the extra ones are not empty", `-:7: extraneous or missing " in quoted-field`}},
		{"JSON lines", "\n" + `{"VendorID":2,"tpep_pickup_datetime":"2016-01-01 00:00:00","tpep_dropoff_datetime":"2016-01-01 00:10:00","extra":0.50,"payment_type":1,"mta_tax":null,"improvement_surcharge":0.3}` + "\r\n" +
			`{"tpep_dropoff_datetime":"2016-01-01 00:10:00","tpep_pickup_datetime":"2016-01-01 00:00:00","VendorID":"\u0032"}` + "\n" + `{"broken"` + "\n" + `{"tpep_pickup_datetime":["a"]}` + "\n" +
			`{"watermark":"2016-01-01T00:00:00.000Z","type":"watermark"}`,
			[]string{event(`"vendor_id":"2",P0,D1,"payment_type":"1","surcharge":0.50`), event(`"vendor_id":"2",P0,D1`)},
			[]string{"-:4: not one JSON object", "-:5: pickup_datetime is neither text nor a number", "-:6: a watermark, not a trip"}},
		{"events stay as they are", `{"dropoff_datetime":"2016-01-01T00:10:00.000Z", "anything":[1], "type":"trip","trip_id":77}` + "\n",
			[]string{`{"dropoff_datetime":"2016-01-01T00:10:00.000Z", "anything":[1], "type":"trip","trip_id":77}`}, nil},
		{"nothing", "", nil, nil},
		{"a header only", "pickup_datetime,dropoff_datetime\n", nil, nil},
		{"a line too long", "pickup_datetime,dropoff_datetime\n" + strings.Repeat("x", 2<<20) + "\n" + row + "\n", []string{event("P0,D1")}, []string{"-:2: line of more than 1048576 bytes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, bad, err := read([]byte(c.text))
			if err != nil || fmt.Sprintf("%q", events) != fmt.Sprintf("%q", c.events) || fmt.Sprintf("%q", bad) != fmt.Sprintf("%q", c.bad) {
				t.Errorf("got  %q\nbad  %q %v\nwant %q\nbad  %q", events, bad, err, c.events, c.bad)
			}
		})
	}
}

func pack(t *testing.T, open func(io.Writer) io.WriteCloser, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := open(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gz(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

func TestPackings(t *testing.T) {
	plain := []byte("pickup_datetime,dropoff_datetime\n2016-01-01 00:00:00,2016-01-01 00:10:00\n")
	zs := func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	lz := func(w io.Writer) io.WriteCloser { return lz4.NewWriter(w) }
	var archive bytes.Buffer
	tw := tar.NewWriter(&archive)
	for name, data := range map[string][]byte{"d/": nil, "d/plain": plain, "d/gz": pack(t, gz, plain)} {
		h := &tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644, Typeflag: tar.TypeReg}
		if data == nil {
			h.Typeflag = tar.TypeDir
		}
		if err := tw.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write(data); err != nil && data != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		rows int
	}{
		"gzip": {pack(t, gz, plain), 1}, "zstd": {pack(t, zs, plain), 1}, "lz4": {pack(t, lz, plain), 1}, "two gzip members": {append(pack(t, gz, plain), pack(t, gz, plain[33:])...), 2},
		"gzip in zstd": {pack(t, zs, pack(t, gz, plain)), 1}, "tar": {archive.Bytes(), 2}, "tar.gz": {pack(t, gz, archive.Bytes()), 2},
	} {
		events, bad, err := read(c.data)
		if err != nil || len(bad) != 0 || len(events) != c.rows || events[0] != event("P0,D1") {
			t.Errorf("%s: %q %q %v", name, events, bad, err)
		}
	}
}

func TestDamageIsAnError(t *testing.T) {
	var text bytes.Buffer
	text.WriteString("pickup_datetime,dropoff_datetime\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "2016-01-01 00:00:%02d,2016-01-01 00:10:00\n", i*7%60)
	}
	packed := pack(t, gz, text.Bytes())
	flipped := bytes.Clone(packed)
	flipped[len(flipped)/2] ^= 0xff
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"cut short":     {packed[:len(packed)*2/3], "unexpected EOF"},
		"flipped":       {flipped, "-:"},
		"other columns": {[]byte("a,b,c\n1,2,3\n"), "-:1: not a header of trip records"},
		"two columns":   {[]byte("pickup_datetime,dropoff_datetime,extra,surcharge\n"), "two columns for surcharge"},
		"zip":           {[]byte("PK\x03\x04rest"), "zip and xz are not read"},
		"not Parquet":   {[]byte("PAR1 and no more PAR1"), "-: "},
		"too deep":      {pack(t, gz, pack(t, gz, pack(t, gz, pack(t, gz, packed)))), "packed more than 4 times"},
	} {
		if _, _, err := read(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	r := tlc.Open(filepath.Join(t.TempDir(), "none"))
	if _, err := tlc.Load(r); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a missing file: %v", err)
	}
}

// writeParquet writes 2,500 trips with nulls, in two row groups, in columns of every kind that is read.
func writeParquet(t *testing.T) []byte {
	t.Helper()
	must := func(n schema.Node, err error) schema.Node {
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	opt, req := parquet.Repetitions.Optional, parquet.Repetitions.Required
	nanos := schema.NewTimestampLogicalType(false, schema.TimeUnitNanos)
	root, err := schema.NewGroupNode("schema", req, schema.FieldList{
		schema.NewInt64Node("VendorID", opt, -1),
		must(schema.NewPrimitiveNodeLogical("tpep_pickup_datetime", opt, nanos, parquet.Types.Int64, -1, -1)),
		must(schema.NewPrimitiveNodeConverted("tpep_dropoff_datetime", req, parquet.Types.Int64, schema.ConvertedTypes.TimestampMillis, -1, 0, 0, -1)),
		schema.NewFloat64Node("passenger_count", opt, -1),
		schema.NewFloat32Node("trip_distance", opt, -1),
		schema.NewByteArrayNode("store_and_fwd_flag", opt, -1),
		schema.NewInt32Node("PULocationID", opt, -1),
	}, -1)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := file.NewParquetWriter(&out, root)
	for from := 0; from < 2500; from += 1500 {
		g := w.AppendRowGroup()
		for c := range root.NumFields() {
			col, err := g.NextColumn()
			if err != nil {
				t.Fatal(err)
			}
			for i := from; i < min(from+1500, 2500); i++ {
				there := []int16{1}
				if c == 1 && i == 1000 || c == 3 && i%3 == 0 {
					there = []int16{0}
				}
				switch w := col.(type) {
				case *file.Int32ColumnChunkWriter:
					_, err = w.WriteBatch([]int32{7}, there, nil)
				case *file.Int64ColumnChunkWriter:
					v := [3]int64{2, 1451606400_000_000_000, 1451606400_000 + int64(i)*1000}[c]
					_, err = w.WriteBatch([]int64{v}, there, nil)
				case *file.Float64ColumnChunkWriter:
					_, err = w.WriteBatch([]float64{float64(i % 3)}, there, nil)
				case *file.Float32ColumnChunkWriter:
					_, err = w.WriteBatch([]float32{0.1}, there, nil)
				case *file.ByteArrayColumnChunkWriter:
					_, err = w.WriteBatch([]parquet.ByteArray{[]byte("N")}, there, nil)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := col.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestParquet(t *testing.T) {
	data := writeParquet(t)
	events, bad, err := read(pack(t, gz, data))
	if err != nil || len(events) != 2499 || len(bad) != 1 || bad[0] != "-:1001: pickup_datetime is empty" {
		t.Fatalf("%d events, bad %q, %v", len(events), bad, err)
	}
	for i, want := range map[int]string{
		0:    `{"vendor_id":"2","pickup_datetime":"2016-01-01T00:00:00.000Z","dropoff_datetime":"2016-01-01T00:00:00.000Z","trip_distance":0.1,"store_and_fwd_flag":"N","trip_id":1,"type":"trip"}`,
		2498: `{"vendor_id":"2","pickup_datetime":"2016-01-01T00:00:00.000Z","dropoff_datetime":"2016-01-01T00:41:39.000Z","trip_distance":0.1,"store_and_fwd_flag":"N","trip_id":1,"type":"trip"}`,
		2:    `{"vendor_id":"2","pickup_datetime":"2016-01-01T00:00:00.000Z","dropoff_datetime":"2016-01-01T00:00:02.000Z","passenger_count":2,"trip_distance":0.1,"store_and_fwd_flag":"N","trip_id":1,"type":"trip"}`,
	} {
		if events[i] != want {
			t.Errorf("event %d\ngot  %s\nwant %s", i, events[i], want)
		}
	}
	// From a file on disk, and damaged in many places: an error or other values, never a crash.
	path := filepath.Join(t.TempDir(), "trips")
	for i := 0; i < len(data); i += 4999 {
		broken := bytes.Clone(data)
		broken[i] ^= 0xa5
		if err := os.WriteFile(path, broken, 0o644); err != nil {
			t.Fatal(err)
		}
		_, _ = tlc.Load(tlc.Open(path))
	}
}

func TestLoadSortsAndNumbers(t *testing.T) {
	dir := t.TempDir()
	rows, events := filepath.Join(dir, "rows"), filepath.Join(dir, "events")
	const later = `{"dropoff_datetime":"2016-01-01T00:30:00.000Z","trip_id":500,"type":"trip"}`
	if err := os.WriteFile(rows, []byte("vendor_id,pickup_datetime,dropoff_datetime\na,2016-01-01 00:00:00,2016-01-01 00:40:00\nb,2016-01-01 00:00:00,2016-01-01 00:10:00\nc,2016-01-01 00:00:00,2016-01-01 00:10:00\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(events, []byte(later+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := tlc.Load(tlc.Open(rows, events))
	if err != nil || s.Len() != 4 {
		t.Fatal(s, err)
	}
	var got []string
	var e taxi.Event
	for s.Next(&e) {
		got = append(got, fmt.Sprintf("%d %.15s", e.ID, e.JSON))
	}
	want := `["501 {\"vendor_id\":\"b" "502 {\"vendor_id\":\"c" "500 {\"dropoff_datet" "503 {\"vendor_id\":\"a"]`
	if fmt.Sprintf("%q", got) != want {
		t.Errorf("got  %q\nwant %s", got, want)
	}
}

func BenchmarkCSV(b *testing.B) {
	text := unpacked(b, "yellow_tripdata_2015-06.10k.csv.gz")
	benchmark(b, text, 9999)
}

func BenchmarkJSONLines(b *testing.B) {
	text := unpacked(b, "yellow_tripdata_2016-01.100k.jsonl.gz")
	benchmark(b, text, 100_000)
}

func unpacked(b *testing.B, name string) []byte {
	f, err := os.Open(realdata.File(b, name))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	return text
}

func benchmark(b *testing.B, text []byte, rows int) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r := tlc.Open("-")
		r.Stdin = bytes.NewReader(text)
		var t taxi.Trip
		n := 0
		for r.Next(&t) {
			n++
		}
		if n != rows || r.Err() != nil {
			b.Fatal(n, r.Err())
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
