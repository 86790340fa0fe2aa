package cloudwatch

import (
	"maps"
	"math"
	"slices"
)

// functions are those of metric math that are here.
var functions map[string]func(*evaluation, []node) (value, error)

func init() { // they evaluate their arguments, which may be calls
	functions = map[string]func(*evaluation, []node) (value, error){
		"SUM":     over(func(v []float64) float64 { return sumOf(v) }),
		"AVG":     over(func(v []float64) float64 { return sumOf(v) / float64(len(v)) }),
		"MIN":     over(slices.Min[[]float64]),
		"MAX":     over(slices.Max[[]float64]),
		"STDDEV":  over(deviation),
		"ABS":     eachOf(math.Abs),
		"CEIL":    eachOf(math.Ceil),
		"FLOOR":   eachOf(math.Floor),
		"RATE":    steps(func(step, seconds float64) float64 { return step / seconds }),
		"DIFF":    steps(func(step, _ float64) float64 { return step }),
		"FILL":    fill,
		"METRICS": metricsOf,
		"PERIOD":  periodOf,
	}
}

func sumOf(v []float64) (sum float64) {
	for _, x := range v {
		sum += x
	}
	return sum
}

func deviation(v []float64) float64 {
	mean, squares := sumOf(v)/float64(len(v)), 0.0
	for _, x := range v {
		squares += (x - mean) * (x - mean)
	}
	return math.Sqrt(squares / float64(len(v)))
}

// only evaluates the one argument a function has.
func (e *evaluation) only(args []node) (value, error) {
	if len(args) != 1 {
		return value{}, wrong("a function of one argument is given %d.", len(args))
	}
	return e.operand(args[0])
}

// series evaluates the one argument of a function that wants lines.
func (e *evaluation) series(args []node) (value, error) {
	v, err := e.only(args)
	if err == nil && v.isNumber {
		err = wrong("a function of time series is given a single value.")
	}
	return v, err
}

// over makes a function that sums up: an array time by time to one line, a line to one number.
func over(f func([]float64) float64) func(*evaluation, []node) (value, error) {
	return func(e *evaluation, args []node) (value, error) {
		v, err := e.series(args)
		if err != nil {
			return v, err
		}
		if !v.several {
			all := slices.Collect(maps.Values(v.lines[0].at))
			if len(all) == 0 {
				return numberOf(math.NaN()), nil // what is reckoned with it has no data points
			}
			slices.Sort(all) // floats do not add up the same in any order
			return numberOf(f(all)), nil
		}
		if err := samePeriod(v.lines); err != nil {
			return v, err
		}
		out := line{at: map[int64]float64{}}
		byTime := map[int64][]float64{}
		for _, l := range v.lines {
			out.period = l.period
			for t, x := range l.at {
				byTime[t] = append(byTime[t], x)
			}
		}
		for t, all := range byTime {
			out.put(t, f(all))
		}
		return lineOf(out), nil
	}
}

func eachOf(f func(float64) float64) func(*evaluation, []node) (value, error) {
	return func(e *evaluation, args []node) (value, error) {
		v, err := e.only(args)
		if err != nil {
			return v, err
		}
		return each(v, f), nil
	}
}

// steps makes a function of the difference from each data point to the one before.
func steps(f func(step, seconds float64) float64) func(*evaluation, []node) (value, error) {
	return func(e *evaluation, args []node) (value, error) {
		v, err := e.series(args)
		if err != nil {
			return v, err
		}
		return eachLine(v, func(l line) line {
			out := l.empty()
			times := slices.Sorted(maps.Keys(l.at))
			for i := 1; i < len(times); i++ {
				out.put(times[i], f(l.at[times[i]]-l.at[times[i-1]], float64(times[i]-times[i-1])))
			}
			return out
		}), nil
	}
}

// fill gives the periods without a value one: a number throughout, REPEAT the one before, or LINEAR
// between its neighbours.
func fill(e *evaluation, args []node) (value, error) {
	if len(args) != 2 {
		return value{}, wrong("FILL wants a time series and what to fill it with.")
	}
	v, err := e.series(args[:1])
	if err != nil {
		return v, err
	}
	with, err := e.eval(args[1])
	if err != nil {
		return with, err
	}
	if !with.isNumber && with.word != "REPEAT" && with.word != "LINEAR" {
		return value{}, wrong("FILL fills with a number, REPEAT or LINEAR.")
	}
	for _, l := range v.lines {
		if w := e.window(max(l.period, 1)); l.period > 0 && w.index(w.to) > maxDataPage {
			return value{}, wrong("FILL would make more than %d data points.", maxDataPage)
		}
	}
	return eachLine(v, func(l line) line {
		if l.period == 0 {
			return l
		}
		return l.filled(e.window(l.period), with)
	}), nil
}

func (l line) filled(w window, with value) line {
	out := l.empty()
	times := slices.Sorted(maps.Keys(l.at))
	next := 0 // of times, the first after t
	for t := w.from; t < w.to; t += w.period {
		for next < len(times) && times[next] <= t {
			next++
		}
		if v, ok := l.at[t]; ok {
			out.put(t, v)
			continue
		}
		switch {
		case with.isNumber:
			out.put(t, with.number)
		case next == 0: // nothing yet to go on from
		case with.word == "REPEAT":
			out.put(t, l.at[times[next-1]])
		case next < len(times):
			a, b := times[next-1], times[next]
			out.put(t, l.at[a]+(l.at[b]-l.at[a])*float64(t-a)/float64(b-a))
		}
	}
	return out
}

func metricsOf(e *evaluation, args []node) (value, error) {
	word := ""
	if len(args) > 0 {
		t, ok := args[0].(text)
		if !ok || len(args) > 1 {
			return value{}, wrong("METRICS takes one text at most.")
		}
		word = string(t)
	}
	return e.metrics(word)
}

func periodOf(e *evaluation, args []node) (value, error) {
	v, err := e.series(args)
	if err != nil {
		return v, err
	}
	if v.several {
		return v, wrong("PERIOD wants one time series.")
	}
	return numberOf(float64(v.lines[0].period)), nil
}
