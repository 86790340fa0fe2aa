package cloudwatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
)

type (
	PutMetricDataIn struct {
		Namespace              string
		MetricData             []MetricDatum
		EntityMetricData       []EntityMetricData
		StrictEntityValidation *bool
	}
	EntityMetricData struct {
		Entity     *Entity
		MetricData []MetricDatum
	}
	Entity struct {
		KeyAttributes map[string]string
		Attributes    map[string]string
	}
	MetricDatum struct {
		MetricName        string
		Dimensions        []Dimension
		Timestamp         *time.Time
		Value             *float64
		StatisticValues   *StatisticSet
		Values            []float64
		Counts            []float64
		Unit              string
		StorageResolution *int
	}
	StatisticSet struct{ SampleCount, Sum, Minimum, Maximum *float64 }
)

// PutMetricData adds values to metrics, which come into being with their first.
//
//	Wire     GraniteServiceVersion20100801.PutMetricData over rpc-v2-cbor, json 1.0, query
//	Limits   maxPutData, maxPutValues, maxDimensions; maxAge back, maxAhead ahead of the clock
//	Durable  all values are on disk before the reply
//	Differs  values are there for reading at once; entities are accepted and not kept
func (s *Service) PutMetricData(ctx context.Context, in *PutMetricDataIn) (*struct{}, error) {
	if err := checkNamespace("Namespace", in.Namespace); err != nil {
		return nil, err
	}
	if strings.HasPrefix(in.Namespace, "AWS/") {
		return nil, invalid("The value AWS/ for parameter Namespace is invalid.")
	}
	if len(in.MetricData) == 0 && len(in.EntityMetricData) == 0 {
		return nil, missing("MetricData")
	}
	p := putting{scope: hydrant.ScopeOf(ctx), namespace: in.Namespace, now: time.Now(), at: map[series]int{}}
	if err := p.take("MetricData", in.MetricData); err != nil {
		return nil, err
	}
	for i, e := range in.EntityMetricData {
		if err := p.take(fmt.Sprintf("EntityMetricData.member.%d.MetricData", i+1), e.MetricData); err != nil {
			return nil, err
		}
	}
	if err := s.write(ctx, p.writes); err != nil {
		return nil, err
	}
	return &struct{}{}, nil
}

// putting gathers the data of one call by series.
type putting struct {
	scope     hydrant.Scope
	namespace string
	now       time.Time
	data      int
	writes    []write
	at        map[series]int
}

// take checks data and gathers them; name is the list's.
func (p *putting) take(name string, data []MetricDatum) error {
	if p.data += len(data); p.data > maxPutData {
		return tooMany(name, maxPutData)
	}
	for i := range data {
		d := &data[i]
		at := fmt.Sprintf("%s.member.%d", name, i+1)
		if err := d.check(at, p.now); err != nil {
			return err
		}
		of := series{p.scope, p.namespace, d.MetricName, joinDimensions(d.Dimensions)}
		n, known := p.at[of]
		if !known {
			n = len(p.writes)
			p.at[of] = n
			p.writes = append(p.writes, write{series: of})
		}
		p.writes[n].add(d.point(p.now))
	}
	return nil
}

// add joins a point with the one of its time and unit.
func (w *write) add(p point) {
	i := slices.IndexFunc(w.points, func(o point) bool { return o.time == p.time && o.unit == p.unit })
	if i < 0 {
		w.points = append(w.points, p)
		return
	}
	w.points[i].merge(&p.stat)
}

// point is a datum that was checked.
func (d *MetricDatum) point(now time.Time) point {
	at := now
	if d.Timestamp != nil {
		at = *d.Timestamp
	}
	p := point{time: at.Unix() / 60 * 60}
	if d.StorageResolution != nil && *d.StorageResolution == 1 {
		p.time = at.Unix()
	}
	p.unit, _ = unitOf(d.Unit)
	if d.Value != nil {
		p.stat.add(*d.Value, 1)
	}
	for i, v := range d.Values {
		n := 1.0
		if d.Counts != nil {
			n = d.Counts[i]
		}
		if n > 0 {
			p.stat.add(v, n)
		}
	}
	if c := d.StatisticValues; c != nil {
		p.addSet(*c.SampleCount, *c.Sum, *c.Minimum, *c.Maximum)
	}
	return p
}

// check holds a datum against what AWS asks of one; name is the datum's.
func (d *MetricDatum) check(name string, now time.Time) error {
	if err := checkText(name+".MetricName", d.MetricName, maxName); err != nil {
		return err
	}
	if err := checkDimensions(name+".Dimensions", d.Dimensions); err != nil {
		return err
	}
	if _, err := checkUnit(name+".Unit", d.Unit); err != nil {
		return err
	}
	if t := d.Timestamp; t != nil {
		switch {
		case now.Sub(*t) > maxAge:
			return invalid("The parameter %s.Timestamp must specify a time within the past two weeks.", name)
		case t.Sub(now) > maxAhead:
			return invalid("The parameter %s.Timestamp must specify a time no more than two hours in the future.", name)
		}
	}
	if r := d.StorageResolution; r != nil && *r != 1 && *r != 60 {
		return invalid("The parameter %s.StorageResolution must be a value in the set [ 1, 60 ].", name)
	}
	return d.checkValues(name)
}

func (d *MetricDatum) checkValues(name string) error {
	switch {
	case d.Value != nil && d.Values != nil:
		return exclusive(name+".Value", name+".Values")
	case d.Value != nil && d.StatisticValues != nil:
		return exclusive(name+".Value", name+".StatisticValues")
	case d.Value == nil && len(d.Values) == 0 && d.StatisticValues == nil:
		return hydrant.Faultf("MissingRequiredParameterException",
			"At least one of the parameters %[1]s.Value, %[1]s.Values or %[1]s.StatisticValues must be specified.", name)
	case d.Counts != nil && len(d.Counts) != len(d.Values):
		return invalid("The parameters %[1]s.Values and %[1]s.Counts must be of the same size.", name)
	case len(d.Values) > maxPutValues:
		return tooMany(name+".Values", maxPutValues)
	}
	if d.Value != nil {
		if err := checkNumber(name+".Value", *d.Value); err != nil {
			return err
		}
	}
	total := 0.0
	for i, v := range d.Values {
		if err := checkNumber(fmt.Sprintf("%s.Values.member.%d", name, i+1), v); err != nil {
			return err
		}
		if d.Counts == nil {
			total++
			continue
		}
		at := fmt.Sprintf("%s.Counts.member.%d", name, i+1)
		if err := checkNumber(at, d.Counts[i]); err != nil {
			return err
		}
		if d.Counts[i] < 0 {
			return invalid("The value %v for parameter %s is invalid.", d.Counts[i], at)
		}
		total += d.Counts[i]
	}
	if d.Values != nil && total == 0 {
		return invalid("The parameter %s.Counts must hold a count greater than 0.", name)
	}
	if d.StatisticValues != nil {
		return d.StatisticValues.check(name + ".StatisticValues")
	}
	return nil
}

func (c *StatisticSet) check(name string) error {
	for _, m := range []struct {
		name  string
		value *float64
	}{{"Maximum", c.Maximum}, {"Minimum", c.Minimum}, {"SampleCount", c.SampleCount}, {"Sum", c.Sum}} {
		if m.value == nil {
			return missing(name + "." + m.name)
		}
		if err := checkNumber(name+"."+m.name, *m.value); err != nil {
			return err
		}
	}
	switch {
	case *c.Maximum < *c.Minimum:
		return invalid("The parameter %[1]s.Maximum must be greater than %[1]s.Minimum.", name)
	case *c.SampleCount < 0:
		return invalid("The parameter %s.SampleCount must be greater than 0.", name)
	case *c.SampleCount == 0:
		return invalid("The parameter %s.SampleCount must not equal 0.", name)
	}
	return nil
}
