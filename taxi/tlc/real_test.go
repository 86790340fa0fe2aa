package tlc_test

import (
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant/taxi"
	"github.com/hydrant-stream/hydrant/taxi/internal/realdata"
	"github.com/hydrant-stream/hydrant/taxi/tlc"
)

// TestRealFiles reads every published file and counts what the filter keeps of it. The figures were
// counted by other programs, see the README that comes with the files.
func TestRealFiles(t *testing.T) {
	files := []struct {
		name              string
		rows, zero, kept  int
		firstDrop, lastDp string
	}{
		{"yellow_tripdata_2016-01.100k.jsonl.gz", 100000, 1699, 98301, "2016-01-01T00:00:00.000Z", "2016-01-30T12:05:11.000Z"},
		{"debs2015_sorted_2013-01-01.10k.csv.gz", 10004, 176, 9828, "2013-01-01T00:02:00.000Z", "2013-01-01T00:56:00.000Z"},
		{"yellow_tripdata_2015-06.10k.csv.gz", 9999, 141, 9858, "2015-06-01T00:00:00.000Z", "2015-06-06T18:14:37.000Z"},
		{"green_tripdata_2013-08.csv.gz", 7623, 540, 7083, "2013-08-01T09:09:06.000Z", "2013-09-01T00:25:07.000Z"},
		{"azure_yellow_2016-01.5k.csv.gz", 5000, 98, 4902, "2016-01-01T00:29:59.000Z", "2016-01-31T00:19:53.000Z"},
		{"azure_green_2016-01.5k.csv.gz", 5000, 7, 4993, "2016-01-01T00:11:01.000Z", "2016-01-31T21:28:54.000Z"},
		{"yellow_tripdata_2015-01.2k.csv.gz", 1999, 45, 1954, "2015-01-01T01:08:56.000Z", "2015-01-31T11:20:40.000Z"},
		{"yellow_tripdata_2016-02.2k.csv.gz", 1999, 43, 1956, "2016-02-01T00:00:50.000Z", "2016-02-25T23:31:50.000Z"},
		{"yellow_tripdata_2016-03.2k.csv.gz", 2013, 15, 1998, "2016-03-01T00:00:00.000Z", "2016-03-11T06:37:30.000Z"},
		{"yellow_tripdata_2013-01.1k.csv.gz", 997, 21, 976, "2013-01-01T14:27:39.000Z", "2013-01-13T12:59:00.000Z"},
		{"tlc_monthly_heads_2009-2017.tar.gz", 15802, 521, -1, "", ""},
		{"yellow_tripdata_sample_2019-01.10k.csv.gz", 10000, 0, 0, "2019-01-01T00:26:46.000Z", "2019-02-01T18:37:29.000Z"},
		{"green_tripdata_2024-01.parquet", 56551, 0, 0, "2023-12-31T14:46:45.000Z", "2024-02-01T19:17:30.000Z"},
	}
	for _, f := range files {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			r := tlc.Open(realdata.File(t, f.name))
			r.OnReject = func(e *tlc.RowError) { t.Errorf("rejected: %v", e) }
			s, err := tlc.Load(r)
			if err != nil {
				t.Fatal(err)
			}
			if s.Len() != f.rows {
				t.Errorf("%d rows, want %d", s.Len(), f.rows)
			}
			reasons := map[string]int{}
			var e taxi.Event
			var first, last []byte
			bytes, id, drop := 0, int64(0), int64(-1<<62)
			for s.Next(&e) {
				v := taxi.Check(e.JSON)
				reasons[v.Reason()]++
				if e.ID != id+1 || v.TripID != e.ID || e.Dropoff < drop {
					t.Fatalf("event %d at %d after %d at %d: %s", e.ID, e.Dropoff, id, drop, e.JSON)
				}
				id, drop = e.ID, e.Dropoff
				last = taxi.AppendTime(last[:0], drop)
				if first == nil {
					first = append(first, last...)
				}
				bytes += len(e.JSON) + 1
			}
			if reasons["zero_coordinate"] != f.zero && f.kept >= 0 || f.kept >= 0 && reasons[""] != f.kept {
				t.Errorf("verdicts %v, want %d zero and %d kept", reasons, f.zero, f.kept)
			}
			if f.kept < 0 {
				// Files from 2016-07 on have no coordinates: 3,534 of these rows.
				if reasons["zero_coordinate"] != f.zero || reasons["missing_pickup_longitude"] != f.rows-12268 || reasons[""] != 12268-f.zero {
					t.Errorf("verdicts %v", reasons)
				}
			}
			if f.firstDrop != "" && (string(first) != f.firstDrop || string(last) != f.lastDp) {
				t.Errorf("dropoffs %s .. %s, want %s .. %s", first, last, f.firstDrop, f.lastDp)
			}
			if strings.HasPrefix(f.name, "yellow_tripdata_2016-01") && (bytes+f.rows/2)/f.rows != 491 {
				t.Errorf("%d bytes a row, want 491", bytes/f.rows)
			}
		})
	}
}
