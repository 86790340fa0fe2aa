package columnar_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hydrant-stream/hydrant/columnar"
)

// TestMutations spoils good records in many small ways. Whatever comes of them, the writer does not panic,
// agrees with encoding/json on what is JSON, and the file holds as many rows as were counted.
func TestMutations(t *testing.T) {
	good := []string{
		`{"d":1.5,"f":"2","t":3,"s":4,"i":5,"l":6,"b":true,"x":"\u00e9\ud83d\ude00","c":"abcd","v":"größe"}`,
		`{"y":"aGk=","a":"2020-1-1","z":"2020-01-01T00:00:00.5Z","n":1.23456,"ad":[1,null,"2"],"aas":[["a"],[],null]}`,
		`{"m":{"a":1,"A":2},"mi":{"1":["x"]},"st":{"p":1,"q":{"r":[{"u":"v","w":1.5},[],["a",2]]}}}`,
		`{"d":1.5,"i":7,"x":"text","n":"1.5","z":"2016-01-01T00:00:00.123+01:30","a":"2020-01-01"}`,
		`{"ad":[1,2.5],"m":{"k":1},"st":{"p":1,"q":{"r":[{"u":"v","w":"Mon, 3 feb 16 1:05 PM"},{"w":"20160203040506"},{"w":"-17"}]}}}`,
		`{"x":{"K":[1, 2 ,{"l":"m"}]},"unknown":[{"a":"\"]}"}],"z":1451606400123,"n":"-99.5e-1","d":40.734695434570313}`,
	}
	pieces := []string{`"`, `\`, `{`, `}`, `[`, `]`, `,`, `:`, `null`, `1e5`, `-`, `.`, "\x00", "\xff", ` `, `{}`, `[]`, `"d":`, `"m":{"a":1}`, `9999999999999999999999`}
	r := rand.New(rand.NewPCG(9, 10))
	joda := columnar.Input{Hive: &columnar.Hive{TimestampFormats: []string{
		"yyyy-MM-dd'T'HH:mm:ss.SSSZ", "EEE, d MMM yy h:mm a", "yyyyMMddHHmmss", "YYYY D k'o''clock' SSS", "K e Z", "millis",
	}}}
	for _, in := range []columnar.Input{openx, hive, joda, {OpenX: &columnar.OpenX{CaseSensitive: true, DotsToUnderscores: true}}} {
		var out bytes.Buffer
		w := newWriter(t, &out, everything, in, columnar.Output{EnableDictionary: true, PageSizeBytes: 4096})
		accepted := 0
		for range 15_000 {
			record := []byte(good[r.IntN(len(good))])
			for range 1 + r.IntN(2) {
				at := r.IntN(len(record) + 1)
				to := min(len(record), at+r.IntN(4))
				if r.IntN(4) == 0 {
					to = at
				}
				record = slices.Replace(record, at, to, []byte(pieces[r.IntN(len(pieces))])...)
				if r.IntN(30) == 0 {
					record = record[:r.IntN(len(record)+1)]
				}
			}
			err := w.Add(record)
			var reject *columnar.Reject
			switch {
			case err == nil:
				accepted++
			case !errors.As(err, &reject):
				t.Fatal(err)
			}
			if json.Valid(record) && reject != nil && reject.Code == "DataFormatConversion.ParseError" {
				t.Fatalf("%q: %v", record, err)
			}
		}
		closeWriter(t, w)
		if rows := readback(t, out.Bytes()); int64(len(rows)) != w.Rows() || accepted < 100 {
			t.Errorf("%d rows in the file, %d counted, %d records accepted", len(rows), w.Rows(), accepted)
		}
	}
}
