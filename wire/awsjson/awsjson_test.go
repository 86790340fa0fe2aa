package awsjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// all uses every kind of member.
type all struct {
	S     string
	SP    *string
	B     bool
	BP    *bool
	I     int
	I32   int32
	I64   *int64
	U8    uint8
	F     float64
	F32   *float32
	Blob  []byte
	T     time.Time
	TP    *time.Time
	ISO   time.Time `timestamp:"iso8601"`
	List  []string
	Inner inner
	Ptr   *inner
	Items []inner
	Ptrs  []*inner
	Map   map[string]string
	Deep  map[string][]inner
	Raw   json.RawMessage
	Any   any
	Named named
	Alias string `json:"other,omitempty"`
	Bound string `in:"path"`
	Off   string `json:"-"`
	Self  *all
	embedded
	XMLName struct{} `xml:"x"`
}

type (
	inner    struct{ A, B string }
	named    string
	embedded struct{ Flat string }
)

func ptr[T any](v T) *T { return &v }

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		doc  string
		want all
	}{
		{`{}`, all{}},
		{` null `, all{}},
		{`{"S":"x","SP":"","B":true,"BP":false,"I":-7,"I32":2147483647,"I64":-9223372036854775808,"U8":255}`,
			all{S: "x", SP: ptr(""), B: true, BP: ptr(false), I: -7, I32: math.MaxInt32, I64: ptr(int64(math.MinInt64)), U8: 255}},
		{`{"F":1e-7,"F32":2.5}`, all{F: 1e-7, F32: ptr(float32(2.5))}},
		{`{"I":3.9,"I32":1e3}`, all{I: 3, I32: 1000}},
		{`{"S":3.25}`, all{S: "3.25"}},
		{`{"F":"-Infinity"}`, all{F: math.Inf(-1)}},
		{`{"Blob":""}`, all{Blob: []byte{}}},
		{`{"Blob":"aGk="}`, all{Blob: []byte("hi")}},
		{`{"Blob":"\u0061Gk="}`, all{Blob: []byte("hi")}},
		{`{"Blob":"Pz8\/"}`, all{Blob: []byte("???")}},
		{`{"T":1459799926.480,"TP":1459799926}`, all{T: time.UnixMilli(1459799926480).UTC(), TP: ptr(time.Unix(1459799926, 0).UTC())}},
		{`{"T":1.45979992648E9}`, all{T: time.UnixMilli(1459799926480).UTC()}},
		{`{"T":-1.5}`, all{T: time.UnixMilli(-1500).UTC()}},
		{`{"ISO":"2016-04-04T19:58:46.480Z"}`, all{ISO: time.UnixMilli(1459799926480).UTC()}},
		{`{"List":[],"Map":{}}`, all{List: []string{}, Map: map[string]string{}}},
		{`{"List":["a",null,"\n\t\"\\\/\b\f\r"]}`, all{List: []string{"a", "", "\n\t\"\\/\b\f\r"}}},
		{`{"Items":[{"A":"1"},{"B":"2"},{},{"A":"4"},{"A":"5"}]}`, all{Items: []inner{{A: "1"}, {B: "2"}, {}, {A: "4"}, {A: "5"}}}},
		{`{"Ptrs":[{"A":"1"},null]}`, all{Ptrs: []*inner{{A: "1"}, nil}}},
		{`{"Map":{"a":"1","b":null},"Deep":{"x":[{"A":"y"}]}}`, all{Map: map[string]string{"a": "1", "b": ""}, Deep: map[string][]inner{"x": {{A: "y"}}}}},
		{`{"Raw":{"a": [1,2]} ,"Any":{"a":[1,"x",null]}}`, all{Raw: json.RawMessage(`{"a": [1,2]}`), Any: map[string]any{"a": []any{1.0, "x", nil}}}},
		{`{"Named":"n","other":"o","Flat":"f","Alias":"no","Bound":"no","Off":"no","XMLName":{}}`, all{Named: "n", Alias: "o", embedded: embedded{"f"}}},
		{`{"S":null,"Items":null,"T":null,"Inner":null}`, all{}},
		{`{"S":"a","S":"b","Items":[{"A":"1"},{"A":"2"}],"Items":[{"B":"3"}]}`, all{S: "b", Items: []inner{{B: "3"}}}},
		{`{"Inner":{"A":"1"},"Inner":{"B":"2"},"I":1,"I":null}`, all{Inner: inner{B: "2"}}},
		{`{"Self":{"Self":{"S":"x"}}}`, all{Self: &all{Self: &all{S: "x"}}}},
		{`{"unknown":[{"a":{}},1.5e+9,"\u00e9",true,false,null],"S":"x"}`, all{S: "x"}},
		{`{"S":"\ud83d\ude95 \ud83d é 🚕"}`, all{S: "🚕 \uFFFD é 🚕"}},
		{"{\"S\":\"a\xffb\"}", all{S: "a\uFFFDb"}},
		{"\r\n\t {\t\"S\" :\n\"x\" } ", all{S: "x"}},
	} {
		var got all
		if _, err := Decode([]byte(c.doc), &got); err != nil {
			t.Errorf("%s: %v", c.doc, err)
		} else if d := cmp.Diff(c.want, got, cmp.AllowUnexported(all{}, embedded{})); d != "" {
			t.Errorf("%s: %s", c.doc, d)
		}
	}
}

// The texts were recorded on AWS.
func TestWrongTypes(t *testing.T) {
	for doc, want := range map[string]string{
		`{"S":true}`:           "class java.lang.Boolean can not be converted to an String",
		`{"S":23}`:             "class java.lang.Short can not be converted to an String",
		`{"S":-2147483648}`:    "class java.lang.Integer can not be converted to an String",
		`{"S":2147483648}`:     "class java.lang.Long can not be converted to an String",
		`{"S":[]}`:             "Start of list found where not expected",
		`{"S":{}}`:             "Start of structure or map found where not expected.",
		`{"I":"23"}`:           "class java.lang.String can not be converted to an Integer",
		`{"I32":true}`:         "class java.lang.Boolean can not be converted to an Integer",
		`{"I64":"1"}`:          "class java.lang.String can not be converted to an Long",
		`{"I32":2147483648}`:   "class java.lang.Long can not be converted to an Integer",
		`{"B":"true"}`:         "class java.lang.String can not be converted to an Boolean",
		`{"Blob":34.56}`:       "class java.lang.Double can not be converted to a Blob",
		`{"Blob":23}`:          "class java.lang.Short can not be converted to a Blob",
		`{"Blob":{}}`:          "Start of structure or map found where not expected.",
		`{"Blob":"x"}`:         "'x' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 1",
		`{"Blob":"=+/="}`:      "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='",
		`{"Blob":"+/+="}`:      "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected",
		`{"Blob":"aG\nk"}`:     "'aG\nk' can not be converted to a Blob: Invalid Base64 character: '\n'",
		`{"List":"23"}`:        "Expected list or null",
		`{"List":{}}`:          "Start of structure or map found where not expected.",
		`{"Items":[[]]}`:       "Start of list found where not expected",
		`{"Map":1}`:            "Expected map or null",
		`{"Map":[]}`:           "Start of list found where not expected",
		`{"Inner":"23"}`:       "Expected null",
		`{"T":true}`:           "class java.lang.Boolean can not be converted to milliseconds since epoch",
		`[]`:                   "Start of list found where not expected",
		`{"S":`:                "",
		`{"S":"x"`:             "",
		`{"S":"x"}}`:           "",
		`{"S":"x",}`:           "",
		`{"S" "x"}`:            "",
		`{S:"x"}`:              "",
		`{"S":'x'}`:            "",
		`{"S":tru}`:            "",
		`{"I":01}`:             "",
		`{"I":1.}`:             "",
		`{"I":-}`:              "",
		`{"I":1e}`:             "",
		"{\"S\":\"a\nb\"}":     "",
		`{"S":"\u12g4"}`:       "",
		`{"S":"\x"}`:           "",
		`{"Blob":"aGk`:         "",
		"{\"Blob\":\"aG\nk\"}": "",
		``:                     "",
		strings.Repeat(`{"Self":`, 500) + "{}" + strings.Repeat("}", 500): "",
		strings.Repeat(`[`, 100000):                                       "Start of list found where not expected",
		`{"x":` + strings.Repeat(`[`, 100000):                             "",
	} {
		var e *Error
		if _, err := Decode([]byte(doc), new(all)); !errors.As(err, &e) || e.Text != want {
			t.Errorf("%.60s: got %v, want %q", doc, err, want)
		}
	}
}

func TestPresent(t *testing.T) {
	doc := `{"S":"","SP":"x","Items":[{"A":"x","B":""},{"A":""}],"Self":{"other":""},"List":["",""],"Map":{"k":""}}`
	got, err := Decode([]byte(doc), new(all))
	want := []string{"s", "items.1.member.b", "items.2.member.a", "self.other", "list.1.member", "list.2.member", "map.k"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestAppend(t *testing.T) {
	type out struct {
		S    string
		N    int32
		B    bool
		P    *int64
		F    float64
		Blob []byte
		T    time.Time
		I    time.Time `timestamp:"iso8601"`
		L    []inner
		M    map[string]int
		R    []string `required:""`
		RB   []byte   `required:""`
		Raw  json.RawMessage
		X    string `in:"header"`
	}
	for _, c := range []struct {
		out  out
		want string
	}{
		{out{}, `{"N":0,"B":false,"F":0,"R":[],"RB":""}`},
		{out{S: "<a href=\"x\">&\u2028\n\x01é\xff", P: ptr(int64(0)), F: 1e21, Blob: []byte{}, L: []inner{}, M: map[string]int{}},
			`{"S":"<a href=\"x\">&` + "\u2028" + `\n\u0001é\ufffd","N":0,"B":false,"P":0,"F":1e+21,"Blob":"","L":[],"M":{},"R":[],"RB":""}`},
		{out{T: time.UnixMilli(1459799926480), I: time.UnixMilli(1459799926480), L: []inner{{A: "1"}, {}}, M: map[string]int{"b": 2, "a": 1}, Raw: json.RawMessage(`{"x":1}`), Blob: []byte("hi"), R: []string{""}},
			`{"N":0,"B":false,"F":0,"Blob":"aGk=","T":1459799926.480,"I":"2016-04-04T19:58:46.480Z","L":[{"A":"1"},{}],"M":{"a":1,"b":2},"R":[""],"RB":"","Raw":{"x":1}}`},
		{out{T: time.Unix(1459799926, 0), F: 0.1}, `{"N":0,"B":false,"F":0.1,"T":1459799926,"R":[],"RB":""}`},
		{out{F: math.NaN()}, `{"N":0,"B":false,"F":"NaN","R":[],"RB":""}`},
	} {
		if got := string(Append(nil, &c.out)); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if got := Append(nil, c.out); !json.Valid(got) {
			t.Errorf("%s is not JSON", got)
		}
	}
}

// A decoded value keeps nothing of the document, which goes back to a pool.
func TestDocumentMayBeReused(t *testing.T) {
	doc := []byte(`{"S":"text","Blob":"aGkhISE=","Map":{"k":"v"},"Raw":[1]}`)
	var got all
	if _, err := Decode(doc, &got); err != nil {
		t.Fatal(err)
	}
	for i := range doc {
		doc[i] = 'X'
	}
	if got.S != "text" || string(got.Blob) != "hi!!!" || got.Map["k"] != "v" || string(got.Raw) != "[1]" {
		t.Errorf("the value changed with its document: %+v", got)
	}
}

// Values from one chunk of the arena must not grow into each other.
func TestBlobsAreApart(t *testing.T) {
	var v struct{ L [][]byte }
	if _, err := Decode([]byte(`{"L":["YQ==","Yg=="]}`), &v); err != nil {
		t.Fatal(err)
	}
	_ = append(v.L[0], "zzz"...)
	if string(v.L[1]) != "b" {
		t.Errorf("appending to one blob changed the next to %q", v.L[1])
	}
}

func TestImpossibleShapes(t *testing.T) {
	for _, v := range []any{struct{ C chan int }{}, struct{ M map[int]string }{}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T was taken", v)
				}
			}()
			Prepare(reflect.TypeOf(v))
		}()
	}
}

// FuzzDecode: no input panics; what encoding/json calls a document, we do; and what we decoded comes
// back the same from our own document of it.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"S":"x","Items":[{"A":"1"}],"Blob":"aGk=","T":1.5e9,"Map":{"a":""},"Raw":[1],"Any":{"a":1}}`))
	f.Add([]byte(`{"Self":{"I":-0,"F":1e400,"S":"\ud800\u0000"}}`))
	f.Add([]byte(`{"Blob":"a\u0047k=","unknown":[[[{}]]]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		_, err := Decode(doc, new(struct{}))
		var e *Error
		deep := bytes.Count(doc, []byte("["))+bytes.Count(doc, []byte("{")) > maxDepth
		malformed := errors.As(err, &e) && e.Text == ""
		if isObject(doc) && !deep && malformed == json.Valid(doc) {
			t.Fatalf("malformed %v, but json.Valid says %v", err, json.Valid(doc))
		}
		var first, second all
		if _, err := Decode(doc, &first); err != nil {
			return
		}
		again := Append(nil, &first)
		if !json.Valid(again) {
			t.Fatalf("%q is not JSON", again)
		}
		if _, err := Decode(again, &second); err != nil {
			t.Fatalf("%q: %v", again, err)
		}
		if once := Append(nil, &second); !bytes.Equal(once, again) {
			t.Fatalf("first %q\nthen  %q", again, once)
		}
	})
}

func isObject(doc []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(doc, " \t\r\n"), []byte("{"))
}

type (
	batch struct {
		StreamName string
		Records    []entry
	}
	entry struct {
		Data         []byte
		PartitionKey string
	}
)

// putRecords is a call of 500 records of 300 bytes.
func putRecords() (batch, []byte) {
	b := batch{StreamName: "trips"}
	for i := range 500 {
		b.Records = append(b.Records, entry{Data: bytes.Repeat([]byte{byte(i), 'x', 0xfe}, 100), PartitionKey: "key-" + strings.Repeat("7", i%20)})
	}
	doc, _ := json.Marshal(b)
	return b, doc
}

func BenchmarkPutRecords(b *testing.B) {
	v, doc := putRecords()
	b.Run("decode/plan", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decode(doc, new(batch)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode/encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			if err := json.Unmarshal(doc, new(batch)); err != nil {
				b.Fatal(err)
			}
		}
	})
	buf := make([]byte, 0, len(doc))
	b.Run("encode/plan", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		for b.Loop() {
			buf = Append(buf[:0], &v)
		}
	})
	b.Run("encode/encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		b.ReportAllocs()
		w := bytes.NewBuffer(buf)
		for b.Loop() {
			w.Reset()
			if err := json.NewEncoder(w).Encode(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The benchmark's document is the same for both.
func TestPutRecordsAgrees(t *testing.T) {
	v, doc := putRecords()
	if got := Append(nil, &v); !bytes.Equal(got, doc) {
		t.Error("the document differs from encoding/json's")
	}
	var got batch
	if _, err := Decode(doc, &got); err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("decoded differently: %v", err)
	}
}
