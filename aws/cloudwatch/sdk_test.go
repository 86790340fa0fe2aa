package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"

	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/wire"
)

// inEachProtocol runs a test with the SDK in all the protocols clients speak.
func inEachProtocol(t *testing.T, test func(t *testing.T, c *sdk.Client)) {
	service := schemas.GraniteServiceVersion20100801
	for name, protocol := range map[string]func(*sdk.Options){
		"rpc":   func(*sdk.Options) {}, // the SDK's own choice
		"json":  func(o *sdk.Options) { o.Protocol = awsjson.New10(service) },
		"query": func(o *sdk.Options) { o.Protocol = awsquery.New(service) },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			spoken := ""
			server := wire.NewServer(wire.Config{Services: []wire.Service{h.Wire()}})
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				spoken = r.Header.Get("Content-Type")
				server.ServeHTTP(w, r)
			}))
			t.Cleanup(front.Close)
			test(t, sdk.New(sdk.Options{
				BaseEndpoint: aws.String(front.URL), HTTPClient: awsbody.Over(nil), Region: scope.Region,
				Credentials:      credentials.NewStaticCredentialsProvider(scope.Account, "x", ""),
				RetryMaxAttempts: 1,
			}, protocol))
			want := map[string]string{"rpc": "application/cbor", "json": "application/x-amz-json-1.0", "query": "application/x-www-form-urlencoded"}[name]
			if spoken != want {
				t.Errorf("the SDK spoke %s, want %s", spoken, want)
			}
		})
	}
}

func dims(pairs ...string) (list []types.Dimension) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, types.Dimension{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return list
}

func put(t *testing.T, c *sdk.Client, data ...types.MetricDatum) {
	t.Helper()
	if _, err := c.PutMetricData(t.Context(), &sdk.PutMetricDataInput{Namespace: aws.String("App"), MetricData: data}); err != nil {
		t.Fatal(err)
	}
}

func TestSDKPutAndRead(t *testing.T) {
	inEachProtocol(t, func(t *testing.T, c *sdk.Client) {
		ctx, minute := t.Context(), time.Now().Add(-10*time.Minute).Truncate(time.Minute).UTC()
		name := aws.String("Latency")
		put(t, c,
			types.MetricDatum{MetricName: name, Dimensions: dims("Host", "a&<b", "Zone", "z"), Timestamp: aws.Time(minute.Add(59 * time.Second)),
				Values: []float64{1, 2.5}, Counts: []float64{3, 1}, Unit: types.StandardUnitMilliseconds},
			types.MetricDatum{MetricName: name, Dimensions: dims("Zone", "z", "Host", "a&<b"), Timestamp: aws.Time(minute), Value: aws.Float64(10), Unit: types.StandardUnitMilliseconds},
			types.MetricDatum{MetricName: name, Dimensions: dims("Host", "a&<b", "Zone", "z"), Timestamp: aws.Time(minute.Add(time.Minute)), Unit: types.StandardUnitMilliseconds,
				StatisticValues: &types.StatisticSet{SampleCount: aws.Float64(4), Sum: aws.Float64(20), Minimum: aws.Float64(1), Maximum: aws.Float64(9)}},
			types.MetricDatum{MetricName: name, Value: aws.Float64(7)}, // of no dimensions: another metric
		)
		in := &sdk.GetMetricStatisticsInput{Namespace: aws.String("App"), MetricName: name, Dimensions: dims("Zone", "z", "Host", "a&<b"),
			StartTime: aws.Time(minute), EndTime: aws.Time(minute.Add(5 * time.Minute)), Period: aws.Int32(60),
			Statistics: []types.Statistic{"SampleCount", "Sum", "Average", "Minimum", "Maximum"}}
		out, err := c.GetMetricStatistics(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Datapoints) != 2 || *out.Label != "Latency" {
			t.Fatalf("%d data points of %s", len(out.Datapoints), *out.Label)
		}
		for i, want := range []string{"5 15.5 3.1 1 10", "4 20 5 1 9"} {
			p := out.Datapoints[i]
			if got := fmt.Sprint(*p.SampleCount, *p.Sum, *p.Average, *p.Minimum, *p.Maximum); got != want || p.Unit != "Milliseconds" ||
				!p.Timestamp.Equal(minute.Add(time.Duration(i)*time.Minute)) {
				t.Errorf("point %d: %s %s at %v, want %s", i, got, p.Unit, p.Timestamp, want)
			}
		}
		in.Statistics, in.ExtendedStatistics = nil, []string{"p50", "p100", "TM(:50%)"}
		out, err = c.GetMetricStatistics(ctx, in)
		if err != nil || len(out.Datapoints) != 1 { // a statistic set has no percentiles
			t.Fatalf("%d data points with percentiles, %v", len(out.Datapoints), err)
		}
		if e := out.Datapoints[0].ExtendedStatistics; e["p50"] != 1 || e["p100"] != 10 || e["TM(:50%)"] != 1 {
			t.Errorf("percentiles are %v", e)
		}
		in.ExtendedStatistics, in.Statistics, in.Unit = nil, []types.Statistic{"Sum"}, types.StandardUnitSeconds
		if out, err = c.GetMetricStatistics(ctx, in); err != nil || len(out.Datapoints) != 0 {
			t.Errorf("in another unit: %d data points, %v", len(out.Datapoints), err)
		}
	})
}

func TestSDKListMetrics(t *testing.T) {
	inEachProtocol(t, func(t *testing.T, c *sdk.Client) {
		var data []types.MetricDatum
		for i := range 600 {
			data = append(data, types.MetricDatum{MetricName: aws.String(fmt.Sprint("m", i%2)), Dimensions: dims("Id", fmt.Sprintf("%03d", i), "Kind", "x"), Value: aws.Float64(1)})
		}
		put(t, c, data...)
		put(t, c, types.MetricDatum{MetricName: aws.String("m"), Value: aws.Float64(1)})
		var names []string
		pages := sdk.NewListMetricsPaginator(c, &sdk.ListMetricsInput{Namespace: aws.String("App")})
		n := 0
		for ; pages.HasMorePages(); n++ {
			out, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range out.Metrics {
				name := *m.MetricName
				for _, d := range m.Dimensions {
					name += " " + *d.Name + "=" + *d.Value
				}
				names = append(names, name)
			}
		}
		if n != 2 || len(names) != 601 || names[0] != "m" || names[1] != "m0 Id=000 Kind=x" || names[600] != "m1 Id=599 Kind=x" {
			t.Errorf("%d metrics on %d pages, from %q to %q", len(names), n, names[:2], names[len(names)-1])
		}
		for _, f := range []struct {
			in   sdk.ListMetricsInput
			want int
		}{
			{sdk.ListMetricsInput{MetricName: aws.String("m1")}, 300},
			{sdk.ListMetricsInput{Namespace: aws.String("App"), MetricName: aws.String("m")}, 1},
			{sdk.ListMetricsInput{Namespace: aws.String("Ap")}, 0},
			{sdk.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: aws.String("Id"), Value: aws.String("007")}, {Name: aws.String("Kind")}}}, 1},
			{sdk.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: aws.String("Host")}}}, 0},
			{sdk.ListMetricsInput{MetricName: aws.String("m1"), RecentlyActive: types.RecentlyActivePt3h}, 300},
		} {
			if out, err := c.ListMetrics(t.Context(), &f.in); err != nil || len(out.Metrics) != f.want {
				t.Errorf("%+v: %d metrics, want %d (%v)", f.in, len(out.Metrics), f.want, err)
			}
		}
	})
}

func TestSDKGetMetricData(t *testing.T) {
	inEachProtocol(t, func(t *testing.T, c *sdk.Client) {
		start := time.Now().Add(-time.Hour).Truncate(time.Minute).UTC()
		for i := range 30 {
			put(t, c, types.MetricDatum{MetricName: aws.String("n"), Timestamp: aws.Time(start.Add(time.Duration(i) * time.Minute)), Value: aws.Float64(float64(i))})
		}
		stat := func(metric, stat string) *types.MetricStat {
			return &types.MetricStat{Metric: &types.Metric{Namespace: aws.String("App"), MetricName: &metric}, Period: aws.Int32(60), Stat: &stat}
		}
		in := &sdk.GetMetricDataInput{StartTime: &start, EndTime: aws.Time(start.Add(time.Hour)), ScanBy: types.ScanByTimestampAscending, MaxDatapoints: aws.Int32(25),
			MetricDataQueries: []types.MetricDataQuery{
				{Id: aws.String("m1"), MetricStat: stat("n", "Sum")},
				{Id: aws.String("none"), MetricStat: stat("nothing", "Sum")},
				{Id: aws.String("hidden"), MetricStat: stat("n", "p99"), ReturnData: aws.Bool(false)},
				{Id: aws.String("e1"), Expression: aws.String("m1 + hidden"), Label: aws.String("twice")},
			}}
		var told []string
		values := map[string]float64{}
		pages := sdk.NewGetMetricDataPaginator(c, in)
		for pages.HasMorePages() {
			out, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.MetricDataResults {
				told = append(told, fmt.Sprintf("%s %s %d %s", *r.Id, *r.Label, len(r.Values), r.StatusCode))
				for i, v := range r.Values {
					if at := start.Add(time.Duration(v) * time.Minute); *r.Id == "m1" && !r.Timestamps[i].Equal(at) {
						t.Errorf("%v is at %v", v, r.Timestamps[i])
					}
					values[*r.Id] += v
				}
			}
			told = append(told, "|")
		}
		want := "m1 n 25 PartialData | m1 n 5 Complete none nothing 0 Complete e1 twice 20 PartialData | e1 twice 10 Complete |"
		if got := strings.Join(told, " "); got != want {
			t.Errorf("pages\n got %s\nwant %s", got, want)
		}
		if values["m1"] != 435 || values["e1"] != 870 {
			t.Errorf("sums are %v", values)
		}
		in.MaxDatapoints, in.ScanBy = nil, ""
		out, err := c.GetMetricData(t.Context(), in)
		if err != nil || !out.MetricDataResults[0].Timestamps[0].Equal(start.Add(29*time.Minute)) {
			t.Errorf("the newest does not come first: %v", err)
		}
	})
}

// What is wrong is told with the code of the query protocol, which clients have always seen.
func TestSDKFaults(t *testing.T) {
	datum := func(change func(*types.MetricDatum)) func(context.Context, *sdk.Client) error {
		return func(ctx context.Context, c *sdk.Client) error {
			d := types.MetricDatum{MetricName: aws.String("m"), Value: aws.Float64(1)}
			change(&d)
			_, err := c.PutMetricData(ctx, &sdk.PutMetricDataInput{Namespace: aws.String("App"), MetricData: []types.MetricDatum{{MetricName: aws.String("first"), Value: aws.Float64(1)}, d}})
			return err
		}
	}
	now := time.Now()
	statistics := func(change func(*sdk.GetMetricStatisticsInput)) func(context.Context, *sdk.Client) error {
		return func(ctx context.Context, c *sdk.Client) error {
			in := &sdk.GetMetricStatisticsInput{Namespace: aws.String("App"), MetricName: aws.String("m"), StartTime: aws.Time(now.Add(-time.Hour)), EndTime: &now, Period: aws.Int32(60), Statistics: []types.Statistic{"Sum"}}
			change(in)
			_, err := c.GetMetricStatistics(ctx, in)
			return err
		}
	}
	data := func(q ...types.MetricDataQuery) func(context.Context, *sdk.Client) error {
		return func(ctx context.Context, c *sdk.Client) error {
			_, err := c.GetMetricData(ctx, &sdk.GetMetricDataInput{StartTime: aws.Time(now.Add(-time.Hour)), EndTime: &now, MetricDataQueries: q})
			return err
		}
	}
	metric := &types.Metric{Namespace: aws.String("App"), MetricName: aws.String("m")}
	cases := []struct {
		code, text string
		call       func(context.Context, *sdk.Client) error
	}{
		{"InvalidParameterCombination", "The parameters MetricData.member.2.Value and MetricData.member.2.Values are mutually exclusive and you have specified both.",
			datum(func(d *types.MetricDatum) { d.Values = []float64{1} })},
		{"InvalidParameterValue", "The parameters MetricData.member.2.Values and MetricData.member.2.Counts must be of the same size.",
			datum(func(d *types.MetricDatum) { d.Value, d.Values, d.Counts = nil, []float64{1}, []float64{1, 2} })},
		{"InvalidParameterValue", "The parameter MetricData.member.2.Timestamp must specify a time within the past two weeks.",
			datum(func(d *types.MetricDatum) { d.Timestamp = aws.Time(now.Add(-15 * 24 * time.Hour)) })},
		{"InvalidParameterValue", "The parameter MetricData.member.2.Timestamp must specify a time no more than two hours in the future.",
			datum(func(d *types.MetricDatum) { d.Timestamp = aws.Time(now.Add(3 * time.Hour)) })},
		{"InvalidParameterValue", "No Metric may specify the same dimension twice.", datum(func(d *types.MetricDatum) { d.Dimensions = dims("a", "1", "a", "2") })},
		{"InvalidParameterValue", "The collection MetricData.member.2.Dimensions must not have a size greater than 30.", datum(func(d *types.MetricDatum) {
			for i := range 31 {
				d.Dimensions = append(d.Dimensions, dims(fmt.Sprint(i), "x")...)
			}
		})},
		{"InvalidParameterValue", "The parameter MetricData.member.2.Unit must be a value in the set " + unitSet() + ".", datum(func(d *types.MetricDatum) { d.Unit = "Furlongs" })},
		{"InvalidParameterValue", "The value 1e+200 for parameter MetricData.member.2.Value is invalid.", datum(func(d *types.MetricDatum) { d.Value = aws.Float64(1e200) })},
		{"InvalidParameterCombination", "You have requested up to 3,600 datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
			statistics(func(in *sdk.GetMetricStatisticsInput) { in.Period = aws.Int32(1) })},
		{"InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.", statistics(func(in *sdk.GetMetricStatisticsInput) { in.EndTime = in.StartTime })},
		{"InvalidParameterCombination", "At least one of the parameters Statistics and ExtendedStatistics must be specified.", statistics(func(in *sdk.GetMetricStatisticsInput) { in.Statistics = nil })},
		{"InvalidParameterValue", "The parameter Period must be a value in the set [ 1, 5, 10, 20, 30 ] or a multiple of 60.", statistics(func(in *sdk.GetMetricStatisticsInput) { in.Period = aws.Int32(90) })},
		{"ValidationError", "The value Best for parameter MetricDataQueries.member.1.MetricStat.Stat is not a valid statistic.",
			data(types.MetricDataQuery{Id: aws.String("a"), MetricStat: &types.MetricStat{Metric: metric, Period: aws.Int32(60), Stat: aws.String("Best")}})},
		{"ValidationError", "Error in expression 'a': the function SEARCH is not supported here.", data(types.MetricDataQuery{Id: aws.String("a"), Expression: aws.String("SEARCH('{App}', 'Sum')")})},
		{"ValidationError", "The values for parameter id in MetricDataQueries are not unique.",
			data(types.MetricDataQuery{Id: aws.String("a"), Expression: aws.String("1")}, types.MetricDataQuery{Id: aws.String("a"), Expression: aws.String("1")})},
	}
	// Over query the SDK finds the shape behind a code and reports that.
	shapes := map[string]string{}
	for shape, code := range new(Service).Wire().QueryCodes {
		shapes[code] = shape
	}
	inEachProtocol(t, func(t *testing.T, c *sdk.Client) {
		for _, f := range cases {
			err := f.call(t.Context(), c)
			var got smithy.APIError
			if !errors.As(err, &got) || got.ErrorCode() != f.code && got.ErrorCode() != shapes[f.code] || got.ErrorMessage() != f.text {
				t.Errorf("got  %v\nwant %s: %s", err, f.code, f.text)
			}
		}
		out, err := c.ListMetrics(t.Context(), &sdk.ListMetricsInput{})
		if err != nil || len(out.Metrics) != 0 {
			t.Errorf("%d metrics came of refused calls, %v", len(out.Metrics), err)
		}
	})
}

// NaN is no JSON, but CBOR and forms can say it.
func TestSDKNotANumber(t *testing.T) {
	inEachProtocol(t, func(t *testing.T, c *sdk.Client) {
		_, err := c.PutMetricData(t.Context(), &sdk.PutMetricDataInput{Namespace: aws.String("App"), MetricData: []types.MetricDatum{{MetricName: aws.String("m"), Value: aws.Float64(math.NaN())}}})
		if err == nil {
			t.Error("NaN was taken")
		}
	})
}
