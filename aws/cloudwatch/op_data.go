package cloudwatch

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hydrant-stream/hydrant"
)

type (
	GetMetricDataIn struct {
		MetricDataQueries []MetricDataQuery
		StartTime         *time.Time
		EndTime           *time.Time
		NextToken         string
		ScanBy            string
		MaxDatapoints     *int
		LabelOptions      *struct{ Timezone string }
	}
	// MetricDataQuery asks for a statistic of a metric or for the result of an expression.
	MetricDataQuery struct {
		Id         string
		MetricStat *MetricStat
		Expression string
		Label      string
		ReturnData *bool
		Period     *int
		AccountId  string
	}
	MetricStat struct {
		Metric *Metric
		Period *int
		Stat   string
		Unit   string
	}
	GetMetricDataOut struct {
		MetricDataResults []MetricDataResult `required:""`
		NextToken         string
		Messages          []MessageData `required:""`
	}
	MetricDataResult struct {
		Id         string
		Label      string
		Timestamps []time.Time `required:""`
		Values     []float64   `required:""`
		StatusCode string
		Messages   []MessageData
	}
	MessageData struct{ Code, Value string }
)

// GetMetricData tells statistics of many metrics, and what expressions make of them.
//
//	Wire     GraniteServiceVersion20100801.GetMetricData over rpc-v2-cbor, json 1.0, query
//	Limits   maxQueries, maxDataPage
//	Order    results as queried; points newest first unless ScanBy says otherwise
//	Differs  expressions know + - * / ^, SUM AVG MIN MAX STDDEV, METRICS, RATE, DIFF, FILL, ABS, CEIL, FLOOR and PERIOD;
//	         SEARCH, Metrics Insights and all other functions are refused by name; what meets in an expression must have one
//	         period; labels are taken as they are; a metric put in several units is taken together where none is asked for
func (s *Service) GetMetricData(ctx context.Context, in *GetMetricDataIn) (*GetMetricDataOut, error) {
	queries, err := in.check()
	if err != nil {
		return nil, asValidation(err)
	}
	skip := 0
	if in.NextToken != "" {
		if skip, err = openDataToken(in.NextToken); err != nil {
			return nil, err
		}
	}
	e := evaluation{queries: queries, window: func(period int) window { return newWindow(*in.StartTime, *in.EndTime, period) }}
	e.fetch = func(q *query) (line, error) { return s.line(ctx, q, e.window(q.period)) }
	var all []MetricDataResult
	for _, q := range queries {
		if !q.returned {
			continue
		}
		lines, err := e.lines(q)
		if err != nil {
			return nil, asValidation(err)
		}
		for _, l := range lines {
			all = append(all, l.result(q, in.ScanBy == "TimestampAscending"))
		}
	}
	most := maxDataPage
	if in.MaxDatapoints != nil {
		most = *in.MaxDatapoints
	}
	return pageOf(all, skip, most), nil
}

// line reads the statistic a query asks for.
func (s *Service) line(ctx context.Context, q *query, w window) (line, error) {
	m := q.of.Metric
	of := series{hydrant.ScopeOf(ctx), m.Namespace, m.MetricName, joinDimensions(m.Dimensions)}
	l := line{label: m.MetricName, period: q.period, at: map[int64]float64{}}
	if q.AccountId != "" && q.AccountId != of.scope.Account {
		return l, nil
	}
	slots := map[int64]*stat{}
	err := s.points(ctx, of, w.from, w.to, func(p *point) {
		if q.of.Unit != "" && p.unit.String() != q.of.Unit {
			return
		}
		at := w.time(w.index(p.time)).Unix()
		if slots[at] == nil {
			slots[at] = &stat{}
		}
		slots[at].merge(&p.stat)
	})
	for at, st := range slots {
		if v, ok := q.measure(st); ok {
			l.at[at] = v
		}
	}
	return l, err
}

func (l *line) result(q *query, ascending bool) MetricDataResult {
	r := MetricDataResult{Id: q.Id, Label: q.Label, StatusCode: "Complete", Timestamps: []time.Time{}, Values: []float64{}}
	if r.Label == "" {
		r.Label = l.label
	}
	times := slices.Sorted(maps.Keys(l.at))
	if !ascending {
		slices.Reverse(times)
	}
	for _, t := range times {
		r.Timestamps, r.Values = append(r.Timestamps, time.Unix(t, 0).UTC()), append(r.Values, l.at[t])
	}
	return r
}

// pageOf is the page behind skip points. A result that goes on with the next page is PartialData.
func pageOf(all []MetricDataResult, skip, most int) *GetMetricDataOut {
	out := &GetMetricDataOut{MetricDataResults: []MetricDataResult{}, Messages: []MessageData{}}
	next := skip + most
	for _, r := range all {
		n := len(r.Values)
		if n > 0 && skip >= n || n == 0 && skip > 0 {
			skip -= n
			continue
		}
		if most == 0 {
			out.NextToken = dataToken(next)
			break
		}
		end := min(n, skip+most)
		if end < n {
			r.StatusCode = "PartialData"
		}
		r.Timestamps, r.Values = r.Timestamps[skip:end], r.Values[skip:end]
		most -= end - skip
		skip = 0
		out.MetricDataResults = append(out.MetricDataResults, r)
		if r.StatusCode == "PartialData" {
			out.NextToken = dataToken(next)
			break
		}
	}
	return out
}

// A token of GetMetricData is how many points came before.
func dataToken(points int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("points:" + strconv.Itoa(points)))
}

func openDataToken(token string) (int, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	digits, ok := strings.CutPrefix(string(b), "points:")
	n, bad := strconv.Atoi(digits)
	if err != nil || !ok || bad != nil || n < 0 {
		return 0, hydrant.Faultf("InvalidNextToken", "The value %s for parameter NextToken is invalid.", token)
	}
	return n, nil
}

// query is a checked MetricDataQuery.
type query struct {
	*MetricDataQuery
	returned bool
	of       *MetricStat
	measure  statistic
	period   int // of a metric
	tree     node
}

// GetMetricData has one code for all that is wrong with a request.
func asValidation(err error) error {
	if f, ok := hydrant.AsFault(err); ok {
		return hydrant.Faultf("ValidationException", "%s", f.Message)
	}
	return err
}

func (in *GetMetricDataIn) check() ([]*query, error) {
	switch {
	case len(in.MetricDataQueries) == 0:
		return nil, missing("MetricDataQueries")
	case len(in.MetricDataQueries) > maxQueries:
		return nil, tooMany("MetricDataQueries", maxQueries)
	case in.StartTime == nil:
		return nil, missing("StartTime")
	case in.EndTime == nil:
		return nil, missing("EndTime")
	case !in.StartTime.Before(*in.EndTime):
		return nil, invalid("The parameter StartTime must be less than the parameter EndTime.")
	case in.ScanBy != "" && in.ScanBy != "TimestampAscending" && in.ScanBy != "TimestampDescending":
		return nil, invalid("The parameter ScanBy must be a value in the set [ TimestampDescending, TimestampAscending ].")
	case in.MaxDatapoints != nil && (*in.MaxDatapoints < 1 || *in.MaxDatapoints > maxDataPage):
		return nil, invalid("The parameter MaxDatapoints must be between 1 and %d.", maxDataPage)
	}
	var queries []*query
	ids, returned := map[string]bool{}, false
	for i := range in.MetricDataQueries {
		q, err := in.MetricDataQueries[i].check(fmt.Sprintf("MetricDataQueries.member.%d", i+1))
		if err != nil {
			return nil, err
		}
		if ids[q.Id] {
			return nil, invalid("The values for parameter id in MetricDataQueries are not unique.")
		}
		ids[q.Id] = true
		returned = returned || q.returned
		queries = append(queries, q)
	}
	if !returned {
		return nil, invalid("At least one element of the parameter MetricDataQueries must have ReturnData set to true.")
	}
	return queries, nil
}

var idPattern = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

func (d *MetricDataQuery) check(name string) (*query, error) {
	q := &query{MetricDataQuery: d, returned: d.ReturnData == nil || *d.ReturnData}
	switch {
	case d.Id == "":
		return nil, missing(name + ".Id")
	case len(d.Id) > maxQueryID || !idPattern.MatchString(d.Id):
		return nil, invalid("The value %s for parameter %s.Id must match the expression ^[a-z][a-zA-Z0-9_]*$.", d.Id, name)
	case d.MetricStat != nil && d.Expression != "":
		return nil, exclusive(name+".Expression", name+".MetricStat")
	case d.MetricStat == nil && d.Expression == "":
		return nil, invalid("At least one of the parameters %[1]s.Expression and %[1]s.MetricStat must be specified.", name)
	case utf8.RuneCountInString(d.Expression) > maxExpression:
		return nil, invalid("The parameter %s.Expression must be shorter than %d characters.", name, maxExpression+1)
	case d.Expression != "":
		var err error
		if q.tree, err = parse(d.Expression); err != nil {
			return nil, invalid("Error in expression '%s': %s", d.Id, err)
		}
		return q, nil
	}
	return q, q.checkStat(name + ".MetricStat")
}

func (q *query) checkStat(name string) error {
	q.of = q.MetricStat
	m := q.of.Metric
	if m == nil {
		return missing(name + ".Metric")
	}
	if err := checkNamespace(name+".Metric.Namespace", m.Namespace); err != nil {
		return err
	}
	if err := checkText(name+".Metric.MetricName", m.MetricName, maxName); err != nil {
		return err
	}
	if err := checkDimensions(name+".Metric.Dimensions", m.Dimensions); err != nil {
		return err
	}
	if _, err := checkUnit(name+".Unit", q.of.Unit); err != nil {
		return err
	}
	if q.of.Period == nil {
		return missing(name + ".Period")
	}
	if q.period = *q.of.Period; q.of.Stat == "" {
		return missing(name + ".Stat")
	}
	if err := checkPeriod(name+".Period", q.period); err != nil {
		return err
	}
	ok := false
	if q.measure, ok = basic[q.of.Stat]; !ok {
		if q.measure, ok = extended(q.of.Stat); !ok {
			return invalid("The value %s for parameter %s.Stat is not a valid statistic.", q.of.Stat, name)
		}
	}
	return nil
}
