package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/hydrant-stream/hydrant/taxi"
	"github.com/hydrant-stream/hydrant/wire/kpl"
)

// replayStream is a stream of two shards in memory, which refuses as it is told.
type replayStream struct {
	t      *testing.T
	latest time.Duration // each call takes up to so long
	refuse func(rng *rand.Rand) string
	fail   func(call int) error

	mu     sync.Mutex
	rng    *rand.Rand
	calls  int
	shard  [2][]replayGot
	marks  int
	maxLen int

	aggregates int
}

type replayGot struct {
	data string
	at   time.Time
}

func newReplayStream(t *testing.T) *replayStream {
	return &replayStream{t: t, rng: rand.New(rand.NewPCG(1, 2))}
}

var replayHashKeys = [2]string{"0", "170141183460469231731687303715884105728"}

func (s *replayStream) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	s.mu.Lock()
	wait := time.Duration(0)
	if s.latest > 0 {
		wait = time.Duration(s.rng.Int64N(int64(s.latest)))
	}
	call := s.calls
	s.calls++
	s.mu.Unlock()
	if err := replaySleep(ctx, wait); err != nil {
		return nil, err
	}
	if s.fail != nil {
		if err := s.fail(call); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &kinesis.PutRecordsOutput{FailedRecordCount: aws.Int32(0)}
	size := 0
	for _, r := range in.Records {
		size += len(r.Data) + len(*r.PartitionKey)
		if s.refuse != nil && r.ExplicitHashKey == nil {
			if code := s.refuse(s.rng); code != "" {
				*out.FailedRecordCount++
				out.Records = append(out.Records, types.PutRecordsResultEntry{ErrorCode: aws.String(code)})
				continue
			}
		}
		shard := len(*r.PartitionKey) % 2
		if r.ExplicitHashKey != nil {
			s.marks++
			shard = 0
			if *r.ExplicitHashKey == replayHashKeys[1] {
				shard = 1
			}
		}
		for _, data := range s.apart(r.Data) {
			s.shard[shard] = append(s.shard[shard], replayGot{data, time.Now()})
		}
		out.Records = append(out.Records, types.PutRecordsResultEntry{ShardId: aws.String("s")})
	}
	if len(in.Records) == 0 || len(in.Records) > 500 || size > 5<<20 {
		s.t.Errorf("a call of %d records and %d bytes", len(in.Records), size)
	}
	s.maxLen = max(s.maxLen, len(in.Records))
	return out, nil
}

// apart takes an aggregate apart; all of it must belong to one of the two shards.
func (s *replayStream) apart(data []byte) (all []string) {
	inner, ok := kpl.Unpack(data)
	if !ok {
		return []string{string(data)}
	}
	s.aggregates++
	half := md5.Sum([]byte(inner[0].Key))[0] >> 7
	for _, r := range inner {
		if md5.Sum([]byte(r.Key))[0]>>7 != half {
			s.t.Errorf("an aggregate holds keys of both shards")
		}
		all = append(all, string(r.Data))
	}
	return all
}

func (s *replayStream) ListShards(_ context.Context, in *kinesis.ListShardsInput, _ ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	closed := types.Shard{HashKeyRange: &types.HashKeyRange{StartingHashKey: aws.String("7")}, SequenceNumberRange: &types.SequenceNumberRange{EndingSequenceNumber: aws.String("9")}}
	open := func(i int) types.Shard {
		return types.Shard{HashKeyRange: &types.HashKeyRange{StartingHashKey: aws.String(replayHashKeys[i])}, SequenceNumberRange: &types.SequenceNumberRange{}}
	}
	if in.NextToken == nil {
		return &kinesis.ListShardsOutput{Shards: []types.Shard{closed, open(0)}, NextToken: aws.String("more")}, nil
	}
	return &kinesis.ListShardsOutput{Shards: []types.Shard{open(1)}}, nil
}

// ids counts the trips that arrived.
func (s *replayStream) ids() map[int64]int {
	ids := map[int64]int{}
	for _, shard := range s.shard {
		for _, r := range shard {
			var e struct {
				ID   int64  `json:"trip_id"`
				Type string `json:"type"`
			}
			if err := json.Unmarshal([]byte(r.data), &e); err != nil {
				s.t.Fatalf("%v in %s", err, r.data)
			}
			if e.Type == "trip" {
				ids[e.ID]++
			}
		}
	}
	return ids
}

func checkReplayed(t *testing.T, s *replayStream, n int) {
	t.Helper()
	ids := s.ids()
	if len(ids) != n {
		t.Errorf("%d different trips arrived, want %d", len(ids), n)
	}
	for id, times := range ids {
		if times != 1 {
			t.Errorf("trip %d arrived %d times", id, times)
		}
	}
}

func TestReplayFlatOutThroughThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplayStream(t)
		s.latest = 10 * time.Millisecond
		s.refuse = func(rng *rand.Rand) string {
			if rng.IntN(3) == 0 {
				return "ProvisionedThroughputExceededException"
			}
			return ""
		}
		s.fail = func(call int) error {
			if call%7 == 3 {
				return &types.ProvisionedThroughputExceededException{Message: aws.String("slow down")}
			}
			return nil
		}
		var reports int
		stats, err := replayTrips(t.Context(), s, replayOptions{
			Stream: "trips", Source: taxi.Generate(1, 20_000), Rows: 12_345, Report: func(replayStats) { reports++ }, Every: 20 * time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		checkReplayed(t, s, 12_345)
		if stats.Sent != 12_345 || stats.Throttled < 4000 || s.maxLen < 400 || reports < 2 || stats.Watermarks != 0 {
			t.Errorf("%+v, calls of up to %d records, %d reports", stats, s.maxLen, reports)
		}
	})
}

// replayTicks is a source of few partition keys, to see their order.
type replayTicks struct{ n, len int }

func (s *replayTicks) Len() int   { return s.len }
func (s *replayTicks) Err() error { return nil }
func (s *replayTicks) Next(e *taxi.Event) bool {
	if s.n == s.len {
		return false
	}
	s.n++
	e.ID, e.Dropoff = int64(s.n%7), int64(s.n)
	e.JSON = fmt.Appendf(e.JSON[:0], `{"trip_id":%d,"n":%d,"type":"trip"}`, e.ID, s.n)
	return true
}

func TestReplayKeepsOrderPerPartitionKey(t *testing.T) {
	t.Run("records", func(t *testing.T) { replayInOrder(t, false) })
	t.Run("aggregates", func(t *testing.T) { replayInOrder(t, true) })
}

func replayInOrder(t *testing.T, aggregate bool) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplayStream(t)
		s.latest = 20 * time.Millisecond
		s.fail = func(call int) error {
			if call%5 == 1 {
				return &types.InternalFailureException{}
			}
			return nil
		}
		if _, err := replayTrips(t.Context(), s, replayOptions{Stream: "trips", Source: &replayTicks{len: 9000}, InFlight: 4, Aggregate: aggregate}); err != nil {
			t.Fatal(err)
		}
		last := map[int64]int{}
		arrived := 0
		for _, shard := range s.shard {
			for _, r := range shard {
				var e struct {
					ID int64 `json:"trip_id"`
					N  int   `json:"n"`
				}
				if err := json.Unmarshal([]byte(r.data), &e); err != nil {
					t.Fatal(err)
				}
				if e.N <= last[e.ID] {
					t.Fatalf("of key %d, %d arrived after %d", e.ID, e.N, last[e.ID])
				}
				last[e.ID] = e.N
				arrived++
			}
		}
		if arrived != 9000 {
			t.Errorf("%d arrived, want 9000", arrived)
		}
	})
}

// TestReplayWatermarks: at speed, trips arrive at their time, and no trip follows a watermark of its
// own dropoff or a later one on the same shard.
func TestReplayWatermarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplayStream(t)
		s.latest = 300 * time.Millisecond
		begun := time.Now()
		const speedup = 36_000 // a week takes 16.8 s
		stats, err := replayTrips(t.Context(), s, replayOptions{Stream: "trips", Source: taxi.Generate(5, 20_000), Speedup: speedup, Watermark: true})
		if err != nil {
			t.Fatal(err)
		}
		checkReplayed(t, s, 20_000)
		if took := time.Since(begun); took < 16*time.Second || took > 18*time.Second {
			t.Errorf("a week at %d took %s", speedup, took)
		}
		if s.marks != stats.Watermarks || s.marks < 2*14 {
			t.Errorf("%d watermarks arrived, %d were counted", s.marks, stats.Watermarks)
		}
		for i, shard := range s.shard {
			var mark time.Time
			for _, r := range shard {
				var e struct {
					Watermark, Dropoff time.Time
					At                 time.Time `json:"dropoff_datetime"`
				}
				if err := json.Unmarshal([]byte(r.data), &e); err != nil {
					t.Fatal(err)
				}
				if !e.Watermark.IsZero() {
					if e.Watermark.Before(mark) {
						t.Errorf("shard %d: watermark %s after %s", i, e.Watermark, mark)
					}
					mark = e.Watermark
				} else if !e.At.IsZero() && !e.At.After(mark) {
					t.Errorf("shard %d: dropoff %s after watermark %s", i, e.At, mark)
				} else if early := begun.Add(e.At.Sub(stats.First) / speedup).Sub(r.at); !e.At.IsZero() && early > 0 {
					t.Errorf("a trip arrived %s before its time", early)
				}
			}
			if !mark.Equal(stats.EventTime) {
				t.Errorf("shard %d ends with watermark %s, want %s", i, mark, stats.EventTime)
			}
		}
	})
}

// TestReplayAggregates: trips of a shard travel together, refused aggregates are sent again, nothing is lost
// or doubled, and the figures count trips.
func TestReplayAggregates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplayStream(t)
		s.latest = 20 * time.Millisecond
		s.refuse = func(rng *rand.Rand) string {
			if rng.IntN(4) == 0 {
				return "ProvisionedThroughputExceededException"
			}
			return ""
		}
		stats, err := replayTrips(t.Context(), s, replayOptions{Stream: "trips", Source: taxi.Generate(3, 20_000), Aggregate: true})
		if err != nil {
			t.Fatal(err)
		}
		checkReplayed(t, s, 20_000)
		if stats.Sent != 20_000 || stats.Throttled == 0 || s.aggregates == 0 || s.aggregates > 2000 {
			t.Errorf("%+v in %d aggregates", stats, s.aggregates)
		}
	})
}

func TestReplayStopsWithTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplayStream(t)
		s.fail = func(int) error {
			return &types.ResourceNotFoundException{Message: aws.String("Stream trips not found.")}
		}
		_, err := replayTrips(t.Context(), s, replayOptions{Stream: "trips", Source: taxi.Generate(1, 100_000)})
		var h hinted
		if err == nil || !strings.Contains(err.Error(), "Stream trips not found.") || !errors.As(err, &h) || !strings.Contains(h.hint, "create-stream") {
			t.Errorf("a missing stream: %v", err)
		}

		s = newReplayStream(t)
		s.refuse = func(*rand.Rand) string { return "ProvisionedThroughputExceededException" }
		begun := time.Now()
		stats, err := replayTrips(t.Context(), s, replayOptions{Stream: "trips", Source: taxi.Generate(1, 1000)})
		if err == nil || !strings.Contains(err.Error(), "nothing accepted") || stats.Sent != 0 || time.Since(begun) > time.Minute {
			t.Errorf("a stream that takes nothing: %v after %s, %+v", err, time.Since(begun), stats)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s = newReplayStream(t)
		stats, err = replayTrips(ctx, s, replayOptions{Stream: "trips", Source: taxi.Generate(1, 10_000), Speedup: 3600})
		if !errors.Is(err, context.DeadlineExceeded) || stats.Sent == 0 || stats.Sent != len(s.ids()) {
			t.Errorf("interrupted: %v, %d sent, %d arrived", err, stats.Sent, len(s.ids()))
		}
	})
}

func TestReplaySourceReportsUnreadableRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trips")
	text := "vendor_id,pickup_datetime,dropoff_datetime,total_amount\nCMT,2013-01-01 00:00:00,2013-01-01 00:10:00,7\nCMT,yesterday,2013-01-01 00:10:00,7\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := replayCmd{File: []string{path}}
	s, err := c.source()
	if err != nil || s.Len() != 1 {
		t.Errorf("%v, %v", s, err)
	}
}

func TestReplayShowsLinesWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	p := &replayProgress{out: &out, total: 100_000, every: 5 * time.Second}
	at := time.Date(2016, 1, 1, 2, 6, 0, 0, time.UTC)
	s := replayStats{Sent: 50_000, Bytes: 24_500_000, Calls: 101, Throttled: 1234, First: at.Add(-time.Hour), EventTime: at, Lag: 1500 * time.Millisecond, Took: 5 * time.Second}
	p.show(s)
	want := "hydrant: 50,000 of 100,000 · 10,000 trips/s · 2016-01-01 02:06:00 · 1.5s behind · 1,234 resent\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
	want = "50,000 trips (24.5 MB) put on trips in 5s: 10,000 trips/s, 4.9 MB/s\ndropoffs 2016-01-01 01:06:00 .. 2016-01-01 02:06:00\n101 calls, 1,234 entries throttled and resent"
	if got := s.summary("trips"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAWSConfigWithoutAnySettings(t *testing.T) {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	cfg, err := awsConfig(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil || keys.AccessKeyID != "test" || aws.ToString(cfg.BaseEndpoint) != defaultEndpoint || cfg.Region != "us-east-1" {
		t.Errorf("keys %s, endpoint %s, Region %s, %v", keys.AccessKeyID, aws.ToString(cfg.BaseEndpoint), cfg.Region, err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIA1")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	t.Setenv("AWS_ENDPOINT_URL", "http://10.0.0.1:1")
	cfg, err = awsConfig(t.Context(), "", "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	keys, err = cfg.Credentials.Retrieve(t.Context())
	if err != nil || keys.AccessKeyID != "AKIA1" || aws.ToString(cfg.BaseEndpoint) != "http://10.0.0.1:1" || cfg.Region != "eu-west-1" {
		t.Errorf("keys %s, endpoint %s, Region %s, %v", keys.AccessKeyID, aws.ToString(cfg.BaseEndpoint), cfg.Region, err)
	}
	if cfg, err = awsConfig(t.Context(), awsItself, "eu-west-1"); err != nil || cfg.BaseEndpoint != nil {
		t.Errorf("AWS itself: endpoint %s, %v", aws.ToString(cfg.BaseEndpoint), err)
	}
}
