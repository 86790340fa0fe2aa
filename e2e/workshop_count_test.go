package e2e

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// trip is the trip of an id. Each tenth has no coordinates, which the function drops.
func trip(id int) string {
	latitude := 40.7
	if id%10 == 0 {
		latitude = 0
	}
	return fmt.Sprintf(`{"type":"trip","trip_id":%d,"pickup_latitude":%g,"pickup_longitude":-73.9,"dropoff_latitude":40.8,"dropoff_longitude":-73.9,"trip_distance":1.5,`+
		`"passenger_count":1,"pickup_datetime":"2016-01-01T00:00:00Z","dropoff_datetime":"2016-01-01T00:10:00Z","total_amount":%d.25}`, id, latitude, id%50)
}

// whole are how many trips come through and what they cost.
func (w *workshop) whole() (n int, total float64) {
	for id := 1; id <= w.put; id++ {
		if id%10 != 0 {
			n++
			total += float64(id%50) + 0.25
		}
	}
	return n, total
}

func (w *workshop) trips(n int) {
	w.t.Helper()
	for left := n; left > 0; left -= 500 {
		var entries []kinesistypes.PutRecordsRequestEntry
		for range min(left, 500) {
			w.put++
			entries = append(entries, kinesistypes.PutRecordsRequestEntry{Data: []byte(trip(w.put)), PartitionKey: aws.String(strconv.Itoa(w.put))})
		}
		out, err := w.kinesis.PutRecords(w.ctx, &kinesis.PutRecordsInput{StreamARN: aws.String(workshopStream), Records: entries})
		w.must(err)
		if *out.FailedRecordCount != 0 {
			w.t.Fatalf("%d trips refused", *out.FailedRecordCount)
		}
	}
}

var batchDone = regexp.MustCompile(`msg="batch done".* records=(\d+) sent=(\d+) unsent=0`)

// landed waits for all trips to be through the function, by its log, delivers them, and counts them: in the
// log, in the lake's files as DuckDB reads them, in Athena's rows and in the file of its result.
func (w *workshop) landed() {
	w.t.Helper()
	n, total := w.whole()
	var records, sent int
	w.until("batch of all trips in the function's log", func() bool {
		records, sent = 0, 0
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(w.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/nyc-taxi-trips"), FilterPattern: aws.String(`"batch done"`)})
		for pages.HasMorePages() {
			out, err := pages.NextPage(w.ctx)
			if err != nil {
				return false // no group yet
			}
			for _, e := range out.Events {
				m := batchDone.FindStringSubmatch(*e.Message)
				if m == nil {
					w.t.Fatalf("log line %q", *e.Message)
				}
				a, _ := strconv.Atoi(m[1])
				b, _ := strconv.Atoi(m[2])
				records, sent = records+a, sent+b
			}
		}
		return records >= w.put
	})
	if records != w.put || sent != n {
		w.t.Errorf("the function's log: %d records, %d sent, want %d and %d", records, sent, w.put, n)
	}
	if out, err := run(w.t, "flush", "--endpoint", w.p.url, "nyc-taxi-trips"); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}

	dir := w.t.TempDir()
	pages := s3.NewListObjectsV2Paginator(w.s3, &s3.ListObjectsV2Input{Bucket: aws.String(workshopBucket), Prefix: aws.String("nyctaxitrips/")})
	files := 0
	for pages.HasMorePages() {
		out, err := pages.NextPage(w.ctx)
		w.must(err)
		for _, o := range out.Contents {
			body := w.object("s3://" + workshopBucket + "/" + *o.Key)
			if int64(len(body)) != *o.Size {
				w.t.Errorf("%s has %d bytes, listed with %d", *o.Key, len(body), *o.Size)
			}
			files++
			w.must(os.WriteFile(filepath.Join(dir, strconv.Itoa(files)+".parquet"), body, 0o644))
		}
	}
	var rows, ids int
	var sum float64
	w.must(duck(w.t).QueryRow("SELECT count(*), count(DISTINCT trip_id), sum(total_amount) FROM read_parquet('"+dir+"/*.parquet')").Scan(&rows, &ids, &sum))
	if rows != n || ids != n || sum != total {
		w.t.Errorf("%d files hold %d trips, %d different ones, for %g; want %d for %g", files, rows, ids, sum, n, total)
	}

	w.query("MSCK REPAIR TABLE nyctaxitrips")
	got, at := w.query("SELECT count(*), count(DISTINCT trip_id), sum(total_amount) FROM nyctaxitrips")
	want := fmt.Sprintf("%d %d %.1f", n, n, total)
	if strings.Join(got[0], " ") != want {
		w.t.Errorf("Athena counts %v, want %s", got[0], want)
	}
	lines, err := csv.NewReader(bytes.NewReader(w.object(at))).ReadAll()
	if err != nil || len(lines) != 2 || strings.Join(lines[1], " ") != want {
		w.t.Errorf("%s holds %v, %v", at, lines, err)
	}
	all, _ := w.query("SELECT trip_id FROM nyctaxitrips ORDER BY trip_id") // more than one page
	if len(all) != n || all[n-1][0] != strconv.Itoa(w.put-1) {
		w.t.Errorf("%d rows, want %d", len(all), n)
	}
}

// stream reads all of the stream in both ways: polled, and pushed to a consumer.
func (w *workshop) stream() {
	w.t.Helper()
	shards, err := w.kinesis.ListShards(w.ctx, &kinesis.ListShardsInput{StreamARN: aws.String(workshopStream)})
	w.must(err)
	consumer := w.consumer("counter")
	polled, pushed := map[string]int{}, map[string]int{}
	for _, shard := range shards.Shards {
		it, err := w.kinesis.GetShardIterator(w.ctx, &kinesis.GetShardIteratorInput{StreamARN: aws.String(workshopStream), ShardId: shard.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon})
		w.must(err)
		of := 0 // the shard's records
		for next := it.ShardIterator; ; {
			out, err := w.kinesis.GetRecords(w.ctx, &kinesis.GetRecordsInput{ShardIterator: next})
			w.must(err)
			for _, r := range out.Records {
				polled[string(r.Data)]++
				of++
			}
			if next = out.NextShardIterator; *out.MillisBehindLatest == 0 {
				break
			}
		}
		sub, err := w.kinesis.SubscribeToShard(w.ctx, &kinesis.SubscribeToShardInput{ConsumerARN: &consumer, ShardId: shard.ShardId,
			StartingPosition: &kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeTrimHorizon}})
		w.must(err)
		for e := range sub.GetStream().Events() {
			for _, r := range e.(*kinesistypes.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value.Records {
				pushed[string(r.Data)]++
				of--
			}
			if of <= 0 {
				break
			}
		}
		w.must(sub.GetStream().Close())
	}
	for id := 1; id <= w.put; id++ {
		if data := trip(id); polled[data] != 1 || pushed[data] != 1 {
			w.t.Fatalf("trip %d was polled %d times and pushed %d times", id, polled[data], pushed[data])
		}
	}
	if len(polled) != w.put || len(pushed) != w.put {
		w.t.Errorf("%d records polled and %d pushed, want %d", len(polled), len(pushed), w.put)
	}
}
