package cloudwatch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hydrant-stream/hydrant"
)

type (
	GetMetricStatisticsIn struct {
		Namespace          string
		MetricName         string
		Dimensions         []Dimension
		StartTime          *time.Time
		EndTime            *time.Time
		Period             *int
		Statistics         []string
		ExtendedStatistics []string
		Unit               string
	}
	GetMetricStatisticsOut struct {
		Label      string
		Datapoints []Datapoint `required:""`
	}
	Datapoint struct {
		Timestamp          time.Time
		SampleCount        *float64
		Average            *float64
		Sum                *float64
		Minimum            *float64
		Maximum            *float64
		Unit               string
		ExtendedStatistics map[string]float64
	}
)

// GetMetricStatistics tells statistics of one metric, period by period.
//
//	Wire     GraniteServiceVersion20100801.GetMetricStatistics over rpc-v2-cbor, json 1.0, query
//	Limits   maxDatapoints; data is kept for retention
//	Order    of time, then unit: AWS has none
//	Differs  percentiles are the nearest rank and exact while a period has few different values
func (s *Service) GetMetricStatistics(ctx context.Context, in *GetMetricStatisticsIn) (*GetMetricStatisticsOut, error) {
	w, measures, err := in.check()
	if err != nil {
		return nil, err
	}
	of := series{hydrant.ScopeOf(ctx), in.Namespace, in.MetricName, joinDimensions(in.Dimensions)}
	type slot struct {
		index int64
		unit  unit
	}
	slots := map[slot]*stat{}
	err = s.points(ctx, of, w.from, w.to, func(p *point) {
		if in.Unit != "" && p.unit.String() != in.Unit {
			return
		}
		at := slot{w.index(p.time), p.unit}
		if slots[at] == nil {
			slots[at] = &stat{}
		}
		slots[at].merge(&p.stat)
	})
	if err != nil {
		return nil, err
	}
	out := &GetMetricStatisticsOut{Label: in.MetricName, Datapoints: []Datapoint{}}
	for at, st := range slots {
		d := Datapoint{Timestamp: w.time(at.index), Unit: at.unit.String()}
		for i, of := range measures {
			if v, ok := of(st); ok {
				d.set(in.statistic(i), v)
			}
		}
		if len(in.Statistics) > 0 || d.ExtendedStatistics != nil {
			out.Datapoints = append(out.Datapoints, d)
		}
	}
	slices.SortFunc(out.Datapoints, func(a, b Datapoint) int {
		return cmp.Or(a.Timestamp.Compare(b.Timestamp), cmp.Compare(a.Unit, b.Unit))
	})
	return out, nil
}

func (d *Datapoint) set(name string, v float64) {
	switch name {
	case "SampleCount":
		d.SampleCount = &v
	case "Average":
		d.Average = &v
	case "Sum":
		d.Sum = &v
	case "Minimum":
		d.Minimum = &v
	case "Maximum":
		d.Maximum = &v
	default:
		if d.ExtendedStatistics == nil {
			d.ExtendedStatistics = map[string]float64{}
		}
		d.ExtendedStatistics[name] = v
	}
}

// statistic is the name of the statistic at i: the basic ones, then the extended.
func (in *GetMetricStatisticsIn) statistic(i int) string {
	if i < len(in.Statistics) {
		return in.Statistics[i]
	}
	return in.ExtendedStatistics[i-len(in.Statistics)]
}

func (in *GetMetricStatisticsIn) check() (w window, measures []statistic, err error) {
	if err := checkNamespace("Namespace", in.Namespace); err != nil {
		return w, nil, err
	}
	if err := checkText("MetricName", in.MetricName, maxName); err != nil {
		return w, nil, err
	}
	if err := checkDimensions("Dimensions", in.Dimensions); err != nil {
		return w, nil, err
	}
	if _, err := checkUnit("Unit", in.Unit); err != nil {
		return w, nil, err
	}
	switch {
	case in.StartTime == nil:
		return w, nil, missing("StartTime")
	case in.EndTime == nil:
		return w, nil, missing("EndTime")
	case in.Period == nil:
		return w, nil, missing("Period")
	case len(in.Statistics) == 0 && len(in.ExtendedStatistics) == 0:
		return w, nil, conflict("At least one of the parameters Statistics and ExtendedStatistics must be specified.")
	case len(in.Statistics) > maxStatistics:
		return w, nil, tooMany("Statistics", maxStatistics)
	case len(in.ExtendedStatistics) > maxExtended:
		return w, nil, tooMany("ExtendedStatistics", maxExtended)
	}
	if err := checkPeriod("Period", *in.Period); err != nil {
		return w, nil, err
	}
	if !in.StartTime.Before(*in.EndTime) {
		return w, nil, invalid("The parameter StartTime must be less than the parameter EndTime.")
	}
	for i, name := range in.Statistics {
		of, ok := basic[name]
		if !ok {
			return w, nil, invalid("The parameter Statistics.member.%d must be a value in the set [ Average, Sum, SampleCount, Maximum, Minimum ].", i+1)
		}
		measures = append(measures, of)
	}
	for i, name := range in.ExtendedStatistics {
		of, ok := extended(name)
		if !ok {
			return w, nil, invalid("The value %s for parameter ExtendedStatistics.member.%d is not a valid statistic.", name, i+1)
		}
		measures = append(measures, of)
	}
	if n := int64(in.EndTime.Sub(*in.StartTime).Seconds()) / int64(*in.Period); n > maxDatapoints {
		return w, nil, conflict("You have requested up to %s datapoints, which exceeds the limit of %s. "+
			"You may reduce the datapoints requested by increasing Period, or decreasing the time range.", thousands(n), thousands(maxDatapoints))
	}
	return newWindow(*in.StartTime, *in.EndTime, *in.Period), measures, nil
}

// thousands writes 1440 as 1,440.
func thousands(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// window is a stretch of time cut into periods from its beginning on. Seconds since 1970.
type window struct{ from, to, period int64 }

// newWindow begins on a whole minute, or for short periods on a whole period, as AWS rounds; short
// periods look no further back than AWS keeps seconds.
func newWindow(start, end time.Time, period int) window {
	w := window{from: start.Unix(), to: end.Unix(), period: int64(period)}
	if end.Nanosecond() > 0 {
		w.to++ // what began in the last second belongs to it
	}
	if grid := min(w.period, 60); grid > 0 {
		w.from = floor(w.from, grid)
	}
	if period < 60 {
		w.from = max(w.from, floor(time.Now().Add(-fineFor).Unix(), w.period))
	}
	return w
}

func floor(n, step int64) int64 { return n - (n%step+step)%step }

func (w window) index(t int64) int64        { return (t - w.from) / w.period }
func (w window) time(index int64) time.Time { return time.Unix(w.from+index*w.period, 0).UTC() }
