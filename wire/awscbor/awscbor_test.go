package awscbor

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type (
	all struct {
		S    string
		SP   *string
		B    bool
		I    int32
		I64  *int64
		U8   uint8
		F    float64
		Blob []byte
		T    time.Time
		L    []inner
		M    map[string]string
		R    []string `required:""`
		Self *all
		Off  string `json:"-"`
	}
	inner struct{ A string }
)

func ptr[T any](v T) *T { return &v }

func TestRoundTrip(t *testing.T) {
	for _, v := range []all{
		{R: []string{}},
		{S: "x", SP: ptr(""), B: true, I: -7, I64: ptr(int64(math.MinInt64)), U8: 255, F: -1e300, Blob: []byte{}, T: time.UnixMilli(1459799926480).UTC(),
			L: []inner{{"1"}, {}}, M: map[string]string{"b": "2", "a": ""}, R: []string{"r"}, Self: &all{S: "y", R: []string{}}},
		{S: strings.Repeat("é", 40000), Blob: bytes.Repeat([]byte{1}, 300), I: 1 << 20, I64: ptr(int64(1 << 40)), R: []string{}},
	} {
		for _, f := range []Form{Kinesis, RPC} {
			var got all
			if _, err := f.Decode(f.Append(nil, &v), &got); err != nil {
				t.Errorf("%+v: %v", v, err)
			} else if d := cmp.Diff(v, got); d != "" {
				t.Error(d)
			}
		}
	}
}

func TestBytes(t *testing.T) {
	for _, c := range []struct {
		form Form
		doc  string
		want all
	}{
		{Kinesis, "bfff", all{}},
		{Kinesis, "a0", all{}},
		{Kinesis, "bf6154c11b00000153e2fa1cd0ff", all{T: time.UnixMilli(0x153e2fa1cd0).UTC()}}, // {T: 1(ms)}
		{RPC, "a16154c11a57028cb6", all{T: time.Unix(0x57028cb6, 0).UTC()}},
		{RPC, "a16154c1f93e00", all{T: time.UnixMilli(1500).UTC()}},         // 1(1.5), half a word long
		{Kinesis, "a161537f61616162ff", all{S: "ab"}},                       // an indefinite string
		{Kinesis, "a164426c6f625f4101420203ff", all{Blob: []byte{1, 2, 3}}}, // an indefinite blob
		{Kinesis, "a1614cf6", all{}},                                        // null
		{Kinesis, "a1614c81a161416178", all{L: []inner{{"x"}}}},
		{Kinesis, "a2616e8301a0c1006153617a", all{S: "z"}}, // what is unknown is passed over
		{Kinesis, "a16149f94580", all{I: 5}},               // 5.5 is cut
	} {
		doc, err := hex.DecodeString(c.doc)
		if err != nil {
			t.Fatal(err)
		}
		var got all
		if _, err := c.form.Decode(doc, &got); err != nil {
			t.Errorf("%s: %v", c.doc, err)
		} else if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.doc, d)
		}
	}
	if got, want := hex.EncodeToString(Kinesis.Append(nil, &all{S: "z", T: time.UnixMilli(1)})), "bf6153617a6142f4614900625538006146fb0000000000000000"+"6154c101"+"61529fff"+"ff"; got != want {
		t.Errorf("wrote %s\nwant  %s", got, want)
	}
}

func TestWrong(t *testing.T) {
	for doc, want := range map[string]string{
		"":                                    "",
		"a1":                                  "",
		"a16153":                              "",
		"a161536578":                          "",
		"a16153617800":                        "",
		"a1616eff":                            "",
		"a1615380":                            "Start of list found where not expected",
		"a16153a0":                            "Start of structure or map found where not expected.",
		"a161536161":                          "ok",
		"a1615301":                            "Unexpected type: a value can not be converted to a string",
		"a1614c01":                            "Expected list or null",
		"a1614d01":                            "Expected map or null",
		"a161496161":                          "Unexpected type: a value can not be converted to a int32",
		"a161491a80000000":                    "Unexpected type: a value can not be converted to a int32",
		"80":                                  "Start of list found where not expected",
		"a1616e" + strings.Repeat("81", 1000): "",
		"a1616e" + strings.Repeat("c1", 1000): "",
		"a1614c9b7fffffffffffffff":            "",
	} {
		b, err := hex.DecodeString(doc)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Kinesis.Decode(b, new(all))
		var e *Error
		if want == "ok" && err == nil {
			continue
		}
		if !errors.As(err, &e) || e.Text != want {
			t.Errorf("%s: got %v, want %q", doc, err, want)
		}
	}
}

func TestPresent(t *testing.T) {
	v := struct {
		S *string
		L []struct{ A *string }
	}{ptr(""), []struct{ A *string }{{nil}, {ptr("")}}}
	got, err := Kinesis.Decode(Kinesis.Append(nil, &v), &struct {
		S string
		L []inner
	}{})
	if want := []string{"s", "l.2.member.a"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Kinesis.Append(nil, &all{S: "x", T: time.UnixMilli(1), L: []inner{{"a"}}, M: map[string]string{"a": "b"}, Blob: []byte{1}}))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var first, second all
		if _, err := Kinesis.Decode(doc, &first); err != nil {
			return
		}
		again := Kinesis.Append(nil, &first)
		if _, err := Kinesis.Decode(again, &second); err != nil {
			t.Fatalf("%x: %v", again, err)
		}
		if once := Kinesis.Append(nil, &second); !bytes.Equal(once, again) {
			t.Fatalf("first %x\nthen  %x", again, once)
		}
	})
}
