package athena

import (
	"bufio"
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFloatText(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 1.5: "1.5", 1e7: "1.0E7", 9999999: "9999999.0", 1.25e-3: "0.00125", 1e-5: "1.0E-5", -2.5e300: "-2.5E300", math.Inf(-1): "-Infinity",
	} {
		if got := floatText(f, 64); got != want {
			t.Errorf("%g: got %s want %s", f, got, want)
		}
	}
	if got := floatText(float64(float32(0.1)), 32); got != "0.1" {
		t.Error(got)
	}
}

func TestCSV(t *testing.T) {
	text := func(s string) *string { return &s }
	rows := [][]*string{{text("a"), nil, text("")}, {text("q\"\n,"), text("ü"), nil}, {nil}, {nil, nil}}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	for _, r := range rows {
		if err := writeCSV(w, r); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	if want := "\"a\",,\"\"\n\"q\"\"\n,\",\"ü\",\n\n,\n"; b.String() != want {
		t.Errorf("got %q", b.String())
	}
	r := bufio.NewReader(strings.NewReader(b.String()))
	size := int64(0)
	for _, want := range rows {
		row, n, err := readCSV(r)
		if err != nil {
			t.Fatal(err)
		}
		size += n
		var got []*string
		for _, d := range row.Data {
			got = append(got, d.VarCharValue)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if size != int64(b.Len()) {
		t.Errorf("read %d bytes of %d", size, b.Len())
	}
}

func TestIntervalText(t *testing.T) {
	for in, want := range map[string]string{"15m30s": "0 00:15:30.000", "1 days 2h0m0.5s": "1 02:00:00.500", "14 months": "1-2", "-1 days": "-1 00:00:00.000", "0s": "0 00:00:00.000"} {
		if got := intervalText(in); got != want {
			t.Errorf("%s: got %s want %s", in, got, want)
		}
	}
}
