package cloudwatch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

var ctx = hydrant.WithScope(context.Background(), scope)

func ptr[T any](v T) *T { return &v }

// counts tells the sample count, sum and maximum of a metric of AWS/Test by minutes since start.
func (h *house) counts(start time.Time, name string, dimensions ...Dimension) string {
	h.t.Helper()
	out, err := h.GetMetricStatistics(ctx, &GetMetricStatisticsIn{
		Namespace: "AWS/Test", MetricName: name, Dimensions: dimensions, StartTime: ptr(start.Add(-time.Hour)), EndTime: ptr(start.Add(22 * time.Hour)),
		Period: ptr(60), Statistics: []string{"SampleCount", "Sum", "Maximum"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	var all []string
	for _, p := range out.Datapoints {
		all = append(all, fmt.Sprintf("%v: %v %v %v %s", p.Timestamp.Sub(start).Minutes(), *p.SampleCount, *p.Sum, *p.Maximum, p.Unit))
	}
	return strings.Join(all, "; ")
}

func (h *house) expect(start time.Time, want, name string, dimensions ...Dimension) {
	h.t.Helper()
	if got := h.counts(start, name, dimensions...); got != want {
		h.t.Errorf("%s\n got %s\nwant %s", name, got, want)
	}
}

func (h *house) count(name string, value float64, dimensions map[string]string) {
	h.Put(scope, "AWS/Test", name, dimensions, value, "Count")
}

// What is counted is there at once, reaches the log when its minute is over, and outlives a restart; a
// minute in which nothing is counted costs nothing.
func TestMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		start := time.Now().Truncate(time.Minute)
		d := map[string]string{"Stream": "s", "A": "b"}
		same := []Dimension{{"A", "b"}, {"Stream", "s"}}
		h.count("n", 1, d)
		h.count("n", 5, d)
		h.count("n", 7, nil)
		h.expect(start, "0: 2 6 5 Count", "n", same...)
		h.expect(start, "0: 1 7 7 Count", "n")
		h.expect(start, "", "n", same[0])
		time.Sleep(62 * time.Second)
		if h.waiting() || h.namedMeters() != 0 {
			t.Errorf("meters are still held: active %v, by name %d", h.waiting(), h.namedMeters())
		}
		h.count("n", 2, d)
		h.expect(start, "0: 2 6 5 Count; 1: 1 2 2 Count", "n", same...)
		h.restart() // a clean stop keeps the open minute
		h.count("n", 3, d)
		h.expect(start, "0: 2 6 5 Count; 1: 2 5 3 Count", "n", same...)
		time.Sleep(time.Minute)
		h.crash() // a crash keeps closed minutes
		h.expect(start, "0: 2 6 5 Count; 1: 2 5 3 Count", "n", same...)
		before := h.log.(*segment.Engine).Stats().Groups
		time.Sleep(time.Hour)
		if after := h.log.(*segment.Engine).Stats().Groups; after != before {
			t.Errorf("%d commits in an idle hour", after-before)
		}
	})
}

// A PutMetricData is durable before its reply; what the house counts itself may lose its open minute.
func TestPutSurvivesPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		start := time.Now().Truncate(time.Minute)
		if _, err := h.PutMetricData(ctx, &PutMetricDataIn{Namespace: "App", MetricData: []MetricDatum{{MetricName: "n", Value: ptr(3.0)}, {MetricName: "m", Value: ptr(4.0)}}}); err != nil {
			t.Fatal(err)
		}
		h.count("own", 1, nil)
		h.crash()
		for name, want := range map[string]float64{"n": 3, "m": 4} {
			out, err := h.GetMetricStatistics(ctx, &GetMetricStatisticsIn{Namespace: "App", MetricName: name, StartTime: &start, EndTime: ptr(start.Add(time.Minute)), Period: ptr(60), Statistics: []string{"Sum"}})
			if err != nil || len(out.Datapoints) != 1 || *out.Datapoints[0].Sum != want {
				t.Errorf("%s: %+v, %v", name, out, err)
			}
		}
		h.expect(start, "", "own")
	})
}

// A log that takes no writes for a while loses nothing that is counted.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		faults := vfs.NewFaults(h.files)
		h.disk = faults
		h.restart()
		start := time.Now().Truncate(time.Minute)
		h.count("n", 1, nil)
		time.Sleep(62 * time.Second)
		faults.Add(vfs.Rule{Op: vfs.OpWrite, Err: syscall.ENOSPC, Times: 2})
		for range 3 {
			h.count("n", 2, nil)
			time.Sleep(time.Minute)
		}
		h.expect(start, "0: 1 1 1 Count; 1: 1 2 2 Count; 2: 1 2 2 Count; 3: 1 2 2 Count", "n")
		h.restart()
		h.expect(start, "0: 1 1 1 Count; 1: 1 2 2 Count; 2: 1 2 2 Count; 3: 1 2 2 Count", "n")
	})
}

// Data expires, then its metric.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		start := time.Now().Truncate(time.Minute)
		h.count("old", 1, nil)
		time.Sleep(7 * 24 * time.Hour)
		h.count("other", 1, nil)
		listed := func() string {
			out, err := h.ListMetrics(ctx, &ListMetricsIn{})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, m := range out.Metrics {
				names = append(names, m.MetricName)
			}
			return strings.Join(names, " ")
		}
		if got := listed(); got != "old other" {
			t.Errorf("listed are %q", got)
		}
		h.expect(start, "0: 1 1 1 Count", "old")
		time.Sleep(8*24*time.Hour + time.Minute)
		if got := listed(); got != "other" {
			t.Errorf("after 15 days listed are %q", got)
		}
		h.expect(start, "", "old")
		time.Sleep(3 * 24 * time.Hour)
		h.count("other", 1, nil)
		time.Sleep(2 * time.Minute)
		if _, there := h.journal.Get(series{scope, "AWS/Test", "old", ""}.key()); there {
			t.Error("the expired metric is still in the index")
		}
		h.count("old", 4, nil) // it may come again
		time.Sleep(2 * time.Minute)
		if got := h.counts(time.Now().Truncate(time.Minute), "old"); got != "-2: 1 4 4 Count" {
			t.Errorf("new data of an old metric: %q", got)
		}
	})
}

// RecentlyActive looks three hours back, and accounts and Regions do not see each other's metrics.
func TestRecentlyActiveAndScopes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		h.count("n", 1, map[string]string{"D": "old"})
		time.Sleep(4 * time.Hour)
		h.count("n", 1, map[string]string{"D": "flushed"})
		time.Sleep(time.Hour)
		h.count("n", 1, map[string]string{"D": "open"})
		h.Put(hydrant.Scope{Account: scope.Account, Region: "us-east-1"}, "AWS/Test", "n", map[string]string{"D": "elsewhere"}, 1, "Count")
		for recent, want := range map[string]string{"": "flushed old open", "PT3H": "flushed open"} {
			out, err := h.ListMetrics(ctx, &ListMetricsIn{RecentlyActive: recent})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range out.Metrics {
				got = append(got, m.Dimensions[0].Value)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("recently active %q: %q", recent, got)
			}
		}
	})
}

// Periods begin at the start of what is asked for, rounded down; short ones see the seconds of
// high-resolution data.
func TestPeriods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour + 30*time.Second)
		h := open(t)
		base := time.Now().Truncate(time.Minute)
		at := func(s int) *time.Time { return ptr(base.Add(time.Duration(s) * time.Second)) }
		var data []MetricDatum
		for _, s := range []int{0, 1, 9, 10, 61, 299, 300} {
			data = append(data, MetricDatum{MetricName: "n", Timestamp: at(s), Value: ptr(1.0), StorageResolution: ptr(1)})
		}
		if _, err := h.PutMetricData(ctx, &PutMetricDataIn{Namespace: "App", MetricData: data}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			from, to, period int
			want             string
		}{
			{0, 600, 60, "0=4 60=1 240=1 300=1"},
			{30, 600, 300, "0=6 300=1"},
			{60, 600, 300, "60=3"},
			{0, 300, 60, "0=4 60=1 240=1"}, // the end is not included
			{7, 20, 5, "5=1 10=1"},
			{0, 20, 10, "0=3 10=1"},
			{0, 3, 1, "0=1 1=1"},
		} {
			out, err := h.GetMetricStatistics(ctx, &GetMetricStatisticsIn{Namespace: "App", MetricName: "n", StartTime: at(c.from), EndTime: at(c.to), Period: &c.period, Statistics: []string{"Sum"}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range out.Datapoints {
				got = append(got, fmt.Sprintf("%v=%v", p.Timestamp.Sub(base).Seconds(), *p.Sum))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%d to %d by %d: %q, want %s", c.from, c.to, c.period, got, c.want)
			}
		}
	})
}

// Units are apart where none is asked for.
func TestUnits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		start := time.Now().Truncate(time.Minute)
		h.Put(scope, "AWS/Test", "n", nil, 1, "Bytes")
		h.Put(scope, "AWS/Test", "n", nil, 2, "Count")
		h.expect(start, "0: 1 1 1 Bytes; 0: 1 2 2 Count", "n")
	})
}

func TestPutFaults(t *testing.T) {
	h := open(t)
	set := func(count, sum, least, most float64) *StatisticSet { return &StatisticSet{&count, &sum, &least, &most} }
	const at = "The parameter MetricData.member.1."
	for want, in := range map[string]PutMetricDataIn{
		"The parameter Namespace is required.":                                                           {},
		"The parameter MetricData is required.":                                                          {Namespace: "App"},
		"The value :a for parameter Namespace is invalid.":                                               {Namespace: ":a"},
		"The value AWS/ for parameter Namespace is invalid.":                                             {Namespace: "AWS/Mine", MetricData: []MetricDatum{{MetricName: "n", Value: ptr(1.0)}}},
		"The parameter Namespace must be shorter than 256 characters.":                                   {Namespace: strings.Repeat("é", 256)},
		at + "MetricName is required.":                                                                   {MetricData: []MetricDatum{{}}},
		at + "MetricName must not contain control characters.":                                           {MetricData: []MetricDatum{{MetricName: "a\tb"}}},
		at + "Dimensions.member.1.Value is required.":                                                    {MetricData: []MetricDatum{{MetricName: "n", Dimensions: []Dimension{{"a", ""}}}}},
		at + "StatisticValues.Maximum is required.":                                                      {MetricData: []MetricDatum{{MetricName: "n", StatisticValues: &StatisticSet{}}}},
		at + "StatisticValues.SampleCount must not equal 0.":                                             {MetricData: []MetricDatum{{MetricName: "n", StatisticValues: set(0, 0, 0, 0)}}},
		at + "StatisticValues.Maximum must be greater than MetricData.member.1.StatisticValues.Minimum.": {MetricData: []MetricDatum{{MetricName: "n", StatisticValues: set(1, 0, 1, 0)}}},
		at + "Counts must hold a count greater than 0.":                                                  {MetricData: []MetricDatum{{MetricName: "n", Values: []float64{1}, Counts: []float64{0}}}},
		at + "StorageResolution must be a value in the set [ 1, 60 ].":                                   {MetricData: []MetricDatum{{MetricName: "n", Value: ptr(1.0), StorageResolution: ptr(5)}}},
		"The value -1 for parameter MetricData.member.1.Counts.member.1 is invalid.":                     {MetricData: []MetricDatum{{MetricName: "n", Values: []float64{1}, Counts: []float64{-1}}}},
		"At least one of the parameters MetricData.member.1.Value, MetricData.member.1.Values or MetricData.member.1.StatisticValues must be specified.": {MetricData: []MetricDatum{{MetricName: "n"}}},
		"The collection MetricData must not have a size greater than 1000.":                                                                              {MetricData: make([]MetricDatum, 1001)},
		"The collection MetricData.member.1.Values must not have a size greater than 150.":                                                               {MetricData: []MetricDatum{{MetricName: "n", Values: make([]float64, 151)}}},
		"The parameter EntityMetricData.member.1.MetricData.member.1.MetricName is required.":                                                            {EntityMetricData: []EntityMetricData{{MetricData: []MetricDatum{{}}}}},
	} {
		if in.Namespace == "" && (in.MetricData != nil || in.EntityMetricData != nil) {
			in.Namespace = "App"
		}
		_, err := h.PutMetricData(ctx, &in)
		if f, ok := hydrant.AsFault(err); !ok || f.Message != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if out, err := h.ListMetrics(ctx, &ListMetricsIn{}); err != nil || len(out.Metrics) != 0 {
		t.Errorf("%d metrics came of refused calls, %v", len(out.Metrics), err)
	}
}

// Many count at once while others read and minutes end: nothing is lost and nothing counted twice.
func TestConcurrent(t *testing.T) {
	h := open(t)
	start := time.Now().Truncate(time.Minute).Add(-time.Minute)
	var counting, reading sync.WaitGroup
	stop := make(chan struct{})
	meter := h.Meter(scope, "AWS/Test", "n", map[string]string{"D": "0"}, "Count")
	for g := range 4 {
		counting.Go(func() {
			for i := range 2000 {
				if i%2 == 0 {
					meter.Add(1)
				} else {
					h.Put(scope, "AWS/Test", "n", map[string]string{"D": fmt.Sprint(i % 8)}, 1, "Count")
				}
				if i%500 == g {
					if err := h.flush(ctx, time.Now().Unix()+60); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	reading.Go(func() {
		for last := 0.0; ; {
			select {
			case <-stop:
				return
			default:
			}
			sum := h.sum(start)
			if total := sum["0"]; total < last {
				t.Errorf("the count fell from %v to %v", last, total)
				return
			}
			last = sum["0"]
		}
	})
	counting.Wait()
	close(stop)
	reading.Wait()
	want := map[string]float64{"0": 4000, "1": 1000, "3": 1000, "5": 1000, "7": 1000}
	if got := h.sum(start); !maps.Equal(got, want) {
		t.Errorf("counted %v", got)
	}
	h.restart()
	if got := h.sum(start); !maps.Equal(got, want) {
		t.Errorf("after a restart %v", got)
	}
}

// sum adds up the metric n by its dimension D.
func (h *house) sum(start time.Time) map[string]float64 {
	out := map[string]float64{}
	for _, d := range []string{"0", "1", "3", "5", "7"} {
		err := h.points(ctx, series{scope, "AWS/Test", "n", joinDimensions([]Dimension{{"D", d}})}, start.Unix(), start.Unix()+3600, func(p *point) { out[d] += p.sum })
		if err != nil {
			h.t.Error(err)
		}
	}
	return out
}

// A metric's name too long for a shard's goes by its hash.
func TestLongNames(t *testing.T) {
	h := open(t)
	long := strings.Repeat("é", 255)
	var data []MetricDatum
	for _, last := range []string{"", "b"} {
		data = append(data, MetricDatum{MetricName: long[:508] + last, Value: ptr(1.0), Dimensions: []Dimension{{long, strings.Repeat("v", 1024)}}})
	}
	if _, err := h.PutMetricData(ctx, &PutMetricDataIn{Namespace: long, MetricData: data}); err != nil {
		t.Fatal(err)
	}
	h.restart()
	out, err := h.ListMetrics(ctx, &ListMetricsIn{Namespace: long})
	if err != nil || len(out.Metrics) != 2 || !slices.Equal(out.Metrics[1].Dimensions, data[1].Dimensions) {
		t.Fatalf("%v %v", out, err)
	}
	now := time.Now()
	for _, d := range data {
		got, err := h.GetMetricStatistics(ctx, &GetMetricStatisticsIn{Namespace: long, MetricName: d.MetricName, Dimensions: d.Dimensions, StartTime: ptr(now.Add(-2 * time.Minute)), EndTime: ptr(now.Add(time.Minute)), Period: ptr(60), Statistics: []string{"Sum"}})
		if err != nil || len(got.Datapoints) != 1 || *got.Datapoints[0].Sum != 1 {
			t.Errorf("%+v %v", got, err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	h := open(b)
	d := map[string]string{"DeliveryStreamName": "taxi"}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			h.Put(scope, "AWS/Firehose", "IncomingRecords", d, 500, "Count")
		}
	})
}

func BenchmarkMeter(b *testing.B) {
	h := open(b)
	m := h.Meter(scope, "AWS/Kinesis", "IncomingBytes", map[string]string{"StreamName": "s"}, "Bytes")
	b.ReportAllocs()
	i := 0.0
	for b.Loop() {
		i++
		m.Add(i)
	}
}
