package cloudwatch

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func statOf(values ...float64) *stat {
	s := &stat{}
	for _, v := range values {
		s.add(v, 1)
	}
	return s
}

func TestStatistics(t *testing.T) {
	ten := statOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	set := statOf(1)
	set.addSet(3, 6, 1, 3)
	negative := statOf(-1, 1)
	same := &stat{}
	same.addSet(4, 20, 5, 5)
	const none = -12345
	for _, c := range []struct {
		of   *stat
		name string
		want float64
	}{
		{ten, "SampleCount", 10}, {ten, "Sum", 55}, {ten, "Average", 5.5}, {ten, "Minimum", 1}, {ten, "Maximum", 10},
		{ten, "p0", 1}, {ten, "p10", 1}, {ten, "p50", 5}, {ten, "p50.1", 6}, {ten, "p99", 10}, {ten, "p100", 10},
		{ten, "tm90", 5}, {ten, "TM(10%:90%)", 5.5}, {ten, "TM(2:4)", 3.5}, {ten, "TM(:4)", 2.5}, {ten, "TM(8:)", 9.5},
		{ten, "tc90", 9}, {ten, "ts90", 45}, {ten, "TC(80%:)", 2}, {ten, "IQM", 5.5}, {ten, "PR(0:5)", 50}, {ten, "PR(9:)", 10},
		{ten, "wm90", 5.4}, {ten, "WM(3:8)", 5.5}, {ten, "WM(20%:80%)", 5.3},
		{set, "SampleCount", 4}, {set, "Sum", 7}, {set, "Maximum", 3}, {set, "p50", none}, {set, "tm90", none},
		{negative, "Average", 0}, {negative, "p50", none},
		{same, "p90", 5}, {same, "Sum", 20},
	} {
		of, ok := basic[c.name]
		if !ok {
			if of, ok = extended(c.name); !ok {
				t.Errorf("%s is not a statistic", c.name)
				continue
			}
		}
		if v, ok := of(c.of); ok != (c.want != none) || ok && math.Abs(v-c.want) > 1e-9 {
			t.Errorf("%s is %v, %v; want %v", c.name, v, ok, c.want)
		}
	}
	for _, name := range []string{"", "p", "p101", "p-1", "sum", "q50", "TM(:)", "TM(1:2%)", "PR(1%:2%)", "tm", "TM(1%:101%)", "p50x"} {
		if _, ok := extended(name); ok {
			t.Errorf("%q is taken for a statistic", name)
		}
	}
}

// Many different values are rounded, and percentiles stay near the truth; what adds up does exactly.
func TestManyValues(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var halves [2]stat
	var all []float64
	for i := range 20_000 {
		v := math.Exp(rnd.NormFloat64()) * 100
		all = append(all, v)
		halves[i%2].add(v, 1)
	}
	s := halves[0]
	s.merge(&halves[1])
	slices.Sort(all)
	if n := len(s.spread); n > maxSpread || s.count != 20_000 || s.min != all[0] || s.max != all[len(all)-1] {
		t.Errorf("%d values for %v, from %v to %v", n, s.count, s.min, s.max)
	}
	for _, q := range []float64{.01, .5, .9, .99, .999} {
		want := all[int(q*20_000)]
		if got := s.quantile(q); math.Abs(got-want) > .07*want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	wide := &stat{}
	for i := -360; i <= 360; i++ { // nothing can be wider
		wide.add(math.Ldexp(1.3, i), 1)
	}
	if n := len(wide.spread); n > 725 || wide.count != 721 {
		t.Errorf("the widest spread keeps %d values of %v", n, wide.count)
	}
}

func TestPointsSurviveTheirRecord(t *testing.T) {
	blurred := statOf(1)
	blurred.addSet(10, 55, 1, 10)
	many := &stat{}
	for i := range 1000 {
		many.add(float64(i)*1.01, 1)
	}
	want := []point{
		{time: 60, unit: 1, stat: *statOf(5)},
		{time: 1_800_000_000, unit: 26, stat: *statOf(3, 1, 2, 2)},
		{time: 120, stat: *blurred},
		{time: 180, stat: *many},
		{time: 240, stat: *statOf(-7, -7)},
	}
	var got []point
	if err := decodePoints(encodePoints(want), func(p *point) { got = append(got, *p) }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(point{}, stat{}, portion{})); d != "" {
		// A set keeps no bits, for it has no values to round.
		got[2].bits = want[2].bits
		if d := cmp.Diff(want, got, cmp.AllowUnexported(point{}, stat{}, portion{})); d != "" {
			t.Error(d)
		}
	}
}

func FuzzDecodePoints(f *testing.F) {
	f.Add(encodePoints([]point{{time: 60, unit: 3, stat: *statOf(1, 2)}, {time: 60, stat: *statOf(1)}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = decodePoints(data, func(p *point) { p.merge(statOf(1)) })
	})
}

func TestSeriesSurviveTheirKey(t *testing.T) {
	for _, list := range [][]Dimension{nil, {{"b", "2/\\x"}, {"a", "1"}}} {
		s := series{scope, "My/App", "Latency", joinDimensions(list)}
		if got, ok := seriesOf(s.key()); !ok || got != s || len(splitDimensions(got.dimensions)) != len(list) {
			t.Errorf("%q became %+v", s.key(), got)
		}
	}
}
