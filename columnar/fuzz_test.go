package columnar_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hydrant-stream/hydrant/columnar"
)

const everything = `d double;f float;t tinyint;s smallint;i int;l bigint;b boolean;x string;c char(3);v varchar(5);` +
	`y binary;a date;z timestamp;n decimal(20,4);ad array<double>;aas array<array<string>>;m map<string,int>;mi map<int,array<string>>;` +
	`st struct<p:int,q:struct<r:array<struct<u:string,w:timestamp>>>>`

func seeds(f *testing.F) {
	for _, s := range []string{
		`{"d":1.5,"f":"2","t":3,"s":4,"i":5,"l":6,"b":true,"x":"\u00e9","c":"abcd","v":"größe"}`,
		`{"y":"aGk=","a":"2020-1-1","z":"2020-01-01T00:00:00.5Z","n":1.23456,"ad":[1,null,"2"],"aas":[["a"],[],null]}`,
		`{"m":{"a":1,"A":2},"mi":{"1":["x"]},"st":{"p":1,"q":{"r":[{"u":"v","w":1.5},[],["a",2]]}}}`,
		`{"d":1}{"d":"oops"}`, `{"x":{"K":[1, 2 ,{"l":"m"}]}}`, `{"D":1,"d":2,"unknown":[{"a":"\"]}"}]}`,
		`{"z":"2020-1-1 1:2:3.4"}`, `{"z":99999999999999999999}`, `{"n":"1e-40"}`, ` `, `[1]`, `"x"`, `{`, `{"d":1e400}`,
	} {
		f.Add([]byte(s))
	}
}

// FuzzAdd: any bytes are answered with rows or with a Reject, leave a readable file, and what was
// rejected leaves no trace in it.
func FuzzAdd(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, record []byte) {
		for _, in := range []columnar.Input{openx, hive, {Hive: &columnar.Hive{TimestampFormats: []string{"millis", "yyyy-MM-dd"}}}} {
			good := []byte(`{"d":1,"ad":[1,2],"m":{"k":1},"st":{"p":2}}`)
			var with, without bytes.Buffer
			w := newWriter(t, &with, everything, in, columnar.Output{})
			add(t, w, good)
			err := w.Add(record)
			var reject *columnar.Reject
			if err != nil && !errors.As(err, &reject) {
				t.Fatal(err)
			}
			add(t, w, good)
			closeWriter(t, w)
			if rows := readback(t, with.Bytes()); int64(len(rows)) != w.Rows() {
				t.Fatalf("%d rows in the file, %d counted", len(rows), w.Rows())
			}
			if reject == nil {
				continue
			}
			if !utf8.ValidString(reject.Message) || reject.Offset < 0 || reject.Offset > len(record) {
				t.Fatalf("odd rejection %+v", reject)
			}
			w = newWriter(t, &without, everything, in, columnar.Output{})
			add(t, w, good)
			add(t, w, good)
			closeWriter(t, w)
			if !bytes.Equal(with.Bytes(), without.Bytes()) {
				t.Fatal("a rejected record left a trace")
			}
		}
	})
}

// FuzzGrammar: a ParseError is answered exactly where encoding/json finds no sequence of JSON values.
func FuzzGrammar(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, record []byte) {
		valid := true
		for d := json.NewDecoder(bytes.NewReader(record)); ; {
			var raw json.RawMessage
			if err := d.Decode(&raw); err != nil {
				valid = err.Error() == "EOF"
				break
			}
			// encoding/json lets numbers and literals touch what follows; we want them apart.
			if c := raw[0]; c != '{' && c != '[' && c != '"' {
				return
			}
		}
		var out bytes.Buffer
		err := newWriter(t, &out, "zz int", openx, columnar.Output{}).Add(record)
		var reject *columnar.Reject
		broken := errors.As(err, &reject) && reject.Code == "DataFormatConversion.ParseError"
		if broken == valid {
			t.Fatalf("%q: encoding/json says valid=%t, we say %v", record, valid, err)
		}
	})
}

// FuzzObject: an object of scalars that encoding/json accepts is accepted, with the same values.
func FuzzObject(f *testing.F) {
	f.Add(`a`, 1.5, `k`, "v\u00e9\n")
	f.Add(`x"y`, math.Copysign(0, -1), `X"Y`, "\x00\xff")
	f.Fuzz(func(t *testing.T, k1 string, v1 float64, k2 string, v2 string) {
		if math.IsNaN(v1) || math.IsInf(v1, 0) {
			return
		}
		record, err := json.Marshal(map[string]any{k1: v1, k2: v2, "d": v1, "x": v2})
		if err != nil {
			return
		}
		var out bytes.Buffer
		w := newWriter(t, &out, "d double;x string", columnar.Input{OpenX: &columnar.OpenX{CaseSensitive: true}}, columnar.Output{})
		add(t, w, record)
		closeWriter(t, w)
		var oracle struct{ X string }
		if err := json.Unmarshal([]byte(`{"X":`+string(mustJSON(v2))+`}`), &oracle); err != nil {
			t.Fatal(err)
		}
		want := `{"d":` + strconv.FormatFloat(v1, 'g', -1, 64) + `,"x":` + strconv.Quote(oracle.X) + `}`
		if got := readback(t, out.Bytes())[0]; got != want {
			t.Fatalf("%s\n got %s\nwant %s", record, got, want)
		}
	})
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// FuzzFloat: a number means what strconv.ParseFloat says, to the last bit.
func FuzzFloat(f *testing.F) {
	for _, s := range []string{"0", "-0.0", "1e22", "1e23", "9007199254740993", "40.734695434570313", "-73.990371704101563", "2.2250738585072011e-308",
		"5e-324", "1.7976931348623159e308", "123456789012345678901234567890", "0.000000000000000000000000000000123", "4503599627370496.5", "4503599627370497.5",
		"9007199254740992.5e0", "18446744073709551615e27", "1e-27", "9999999999999999999e-27", "8.5e-5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !json.Valid([]byte(s)) || strings.ContainsAny(s, `"{[tfn `+"\t\r\n") {
			return
		}
		want, bad := strconv.ParseFloat(s, 64)
		var out bytes.Buffer
		w := newWriter(t, &out, "a double", openx, columnar.Output{Compression: "UNCOMPRESSED"})
		err := w.Add([]byte(`{"a":` + s + `}`))
		if (err != nil) != (bad != nil) {
			t.Fatalf("%s: strconv says %v, we say %v", s, bad, err)
		}
		closeWriter(t, w)
		if err != nil {
			return
		}
		got, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimPrefix(readback(t, out.Bytes())[0], `{"a":`), `}`), 64)
		if math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s: got %v, want %v", s, got, want)
		}
	})
}

func add(t testing.TB, w *columnar.Writer, record []byte) {
	t.Helper()
	if err := w.Add(record); err != nil {
		t.Fatalf("%s: %v", record, err)
	}
}

func closeWriter(t testing.TB, w *columnar.Writer) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
