package e2e

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestE2ERealTrips replays 100,000 real trips through the whole pipeline and compares what landed
// with the input file, read by this test on its own.
func TestE2ERealTrips(t *testing.T) {
	if os.Getenv("HYDRANT_E2E") == "" {
		t.Skip("runs with make e2e")
	}
	file := taxiFile(t, "yellow_tripdata_2016-01.100k.jsonl.gz")
	data := t.TempDir()
	out, err := run(t, "demo", "--file", file, "--data", data)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"put         100000\n", "dropped     1699 ", "delivered   98301\n", "in errors   0\n", "verified "} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not report %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
	want := sumsOf(t, file)

	lake := filepath.Join(data, "s3", "kinesislabs-datalake-bucket", "nyctaxitrips")
	from := fmt.Sprintf("FROM read_parquet('%s/**/*.parquet')", lake)
	db := duck(t)
	var rows, ids int64
	var got sums
	if err := db.QueryRow("SELECT count(*), count(DISTINCT trip_id), sum(total_amount), sum(trip_distance), sum(passenger_count), sum(epoch(dropoff_datetime)), sum(pickup_latitude) "+from).
		Scan(&rows, &ids, &got.total, &got.distance, &got.passengers, &got.dropoff, &got.latitude); err != nil {
		t.Fatal(err)
	}
	if rows != 98301 || ids != rows {
		t.Errorf("%d rows, %d trip ids", rows, ids)
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"total_amount", got.total, want.total}, {"trip_distance", got.distance, want.distance}, {"passenger_count", got.passengers, want.passengers},
		{"dropoff_datetime", got.dropoff, want.dropoff}, {"pickup_latitude", got.latitude, want.latitude},
	} {
		if math.Abs(c.got-c.want) > 1e-9*math.Abs(c.want) {
			t.Errorf("sum of %s is %v, in the input %v", c.name, c.got, c.want)
		}
	}
	var types string
	if err := db.QueryRow("SELECT string_agg(column_name || ' ' || column_type, ', ') FROM (DESCRIBE SELECT * EXCLUDE (year, month, day, hour) " + strings.Replace(from, "')", "', hive_partitioning=true)", 1) + ")").Scan(&types); err != nil {
		t.Fatal(err)
	}
	const wantTypes = "pickup_latitude DOUBLE, pickup_longitude DOUBLE, dropoff_latitude DOUBLE, dropoff_longitude DOUBLE, trip_id BIGINT, trip_distance DOUBLE, passenger_count INTEGER, pickup_datetime TIMESTAMP, dropoff_datetime TIMESTAMP, total_amount DOUBLE"
	if types != wantTypes {
		t.Errorf("types\n got %s\nwant %s", types, wantTypes)
	}
}

type sums struct{ total, distance, passengers, dropoff, latitude float64 }

// sumsOf adds up the complete trips of the input, with nothing of hydrant's own.
func sumsOf(t *testing.T, file string) (s sums) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for lines := bufio.NewScanner(z); lines.Scan(); {
		var r struct {
			PickupLatitude   float64 `json:"pickup_latitude"`
			PickupLongitude  float64 `json:"pickup_longitude"`
			DropoffLatitude  float64 `json:"dropoff_latitude"`
			DropoffLongitude float64 `json:"dropoff_longitude"`
			Dropoff          string  `json:"tpep_dropoff_datetime"`
			Passengers       float64 `json:"passenger_count"`
			Distance         float64 `json:"trip_distance"`
			Total            float64 `json:"total_amount"`
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.PickupLatitude == 0 || r.PickupLongitude == 0 || r.DropoffLatitude == 0 || r.DropoffLongitude == 0 {
			continue
		}
		kept++
		at, err := time.Parse("2006-01-02 15:04:05", r.Dropoff)
		if err != nil {
			t.Fatal(err)
		}
		s.total += r.Total
		s.distance += r.Distance
		s.passengers += r.Passengers
		s.dropoff += float64(at.Unix())
		s.latitude += r.PickupLatitude
	}
	if kept != 98301 {
		t.Fatalf("the input holds %d complete trips", kept)
	}
	return s
}
