package cloudwatch

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// line is a time series: values by the time their period begins, Unix seconds.
type line struct {
	label  string
	period int
	at     map[int64]float64
}

// value is what an expression comes to: a number, one line, or several.
type value struct {
	isNumber bool
	number   float64
	lines    []line
	several  bool // an array, of one line even
	word     string
}

func numberOf(v float64) value { return value{isNumber: true, number: v} }
func lineOf(l line) value      { return value{lines: []line{l}} }

// evaluation comes to the values of queries that may name each other. Each is read once.
type evaluation struct {
	queries []*query
	fetch   func(*query) (line, error)
	window  func(period int) window // asked for, in periods
	done    map[*query]value
	within  map[*query]bool // on the way to a value: naming one of these again is a circle
}

// lines is what a query answers with.
func (e *evaluation) lines(q *query) ([]line, error) {
	v, err := e.value(q)
	if err != nil {
		return nil, err
	}
	if v.isNumber {
		return nil, invalid("Error in expression '%s': the result is a single value and not a time series.", q.Id)
	}
	lines := slices.Clone(v.lines)
	if q.of == nil && !v.several {
		lines[0].label = q.Id
	}
	return lines, nil
}

func (e *evaluation) value(q *query) (value, error) {
	if v, ok := e.done[q]; ok {
		return v, nil
	}
	if e.done == nil {
		e.done, e.within = map[*query]value{}, map[*query]bool{}
	}
	if e.within[q] {
		return value{}, invalid("Error in expression '%s': it depends on itself.", q.Id)
	}
	e.within[q] = true
	defer delete(e.within, q)
	var v value
	if q.of != nil {
		l, err := e.fetch(q)
		if err != nil {
			return v, err
		}
		v = lineOf(l)
	} else {
		var err error
		if v, err = e.eval(q.tree); err != nil {
			return v, q.explain(err)
		}
		if v.word != "" {
			return v, q.explain(wrong("%s is not a value.", v.word))
		}
	}
	e.done[q] = v
	return v, nil
}

// explain says in which expression an error arose, unless it is told already.
func (q *query) explain(err error) error {
	var m mistake
	if errors.As(err, &m) {
		return invalid("Error in expression '%s': %s", q.Id, string(m))
	}
	return err
}

// mistake is what is wrong with an expression.
type mistake string

func (m mistake) Error() string { return string(m) }

func wrong(format string, args ...any) error { return mistake(fmt.Sprintf(format, args...)) }

func (e *evaluation) eval(n node) (value, error) {
	switch n := n.(type) {
	case number:
		return numberOf(float64(n)), nil
	case text:
		return value{word: string(n)}, nil
	case name:
		for _, q := range e.queries {
			if q.Id == string(n) {
				return e.value(q)
			}
		}
		if w := string(n); w == "REPEAT" || w == "LINEAR" {
			return value{word: w}, nil
		}
		return value{}, wrong("there is no query of the id %s.", string(n))
	case negated:
		v, err := e.operand(n.of)
		if err != nil {
			return v, err
		}
		return each(v, func(x float64) float64 { return -x }), nil
	case reckoned:
		a, err := e.operand(n.a)
		if err != nil {
			return a, err
		}
		b, err := e.operand(n.b)
		if err != nil {
			return b, err
		}
		return combine(n.op, a, b)
	case array:
		out := value{several: true}
		for _, part := range n {
			v, err := e.operand(part)
			if err != nil {
				return v, err
			}
			if v.isNumber {
				return v, wrong("an array holds time series only.")
			}
			out.lines = append(out.lines, v.lines...)
		}
		return out, nil
	case call:
		return functions[n.function](e, n.args)
	}
	return value{}, wrong("it cannot be understood.")
}

// operand is a value that can be reckoned with.
func (e *evaluation) operand(n node) (value, error) {
	v, err := e.eval(n)
	if err == nil && v.word != "" {
		err = wrong("%s is not a value.", v.word)
	}
	return v, err
}

// each applies f to every number.
func each(v value, f func(float64) float64) value {
	if v.isNumber {
		return numberOf(f(v.number))
	}
	return eachLine(v, func(l line) line {
		out := l.empty()
		for t, x := range l.at {
			out.put(t, f(x))
		}
		return out
	})
}

func eachLine(v value, f func(line) line) value {
	out := value{several: v.several}
	for _, l := range v.lines {
		out.lines = append(out.lines, f(l))
	}
	return out
}

func (l line) empty() line { return line{label: l.label, period: l.period, at: map[int64]float64{}} }

// put sets a value; what is no number is no value.
func (l line) put(t int64, v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		l.at[t] = v
	}
}

func reckon(op byte, a, b float64) float64 {
	switch op {
	case '+':
		return a + b
	case '-':
		return a - b
	case '*':
		return a * b
	case '/':
		return a / b
	}
	return math.Pow(a, b)
}

// combine reckons with two values. Two lines meet where both have a value.
func combine(op byte, a, b value) (value, error) {
	switch {
	case a.isNumber && b.isNumber:
		return numberOf(reckon(op, a.number, b.number)), nil
	case a.isNumber:
		return each(b, func(x float64) float64 { return reckon(op, a.number, x) }), nil
	case b.isNumber:
		return each(a, func(x float64) float64 { return reckon(op, x, b.number) }), nil
	case a.several && b.several:
		return value{}, wrong("two arrays do not go with %c.", op)
	}
	if err := samePeriod(append(a.lines[:len(a.lines):len(a.lines)], b.lines...)); err != nil {
		return value{}, err
	}
	meet := func(x, y, label line) line {
		out := label.empty()
		for t, v := range x.at {
			if w, ok := y.at[t]; ok {
				out.put(t, reckon(op, v, w))
			}
		}
		return out
	}
	if b.several {
		return eachLine(b, func(l line) line { return meet(a.lines[0], l, l) }), nil
	}
	return eachLine(a, func(l line) line { return meet(l, b.lines[0], l) }), nil
}

func samePeriod(lines []line) error {
	period := 0
	for _, l := range lines {
		switch {
		case l.period == 0: // of no metric at all
		case period == 0:
			period = l.period
		case l.period != period:
			return wrong("its metrics have periods of %d and %d seconds, and must have one.", period, l.period)
		}
	}
	return nil
}

// metrics are the lines of the metrics in a request, of those whose id holds a word.
func (e *evaluation) metrics(word string) (value, error) {
	out := value{several: true}
	for _, q := range e.queries {
		if q.of == nil || !strings.Contains(q.Id, word) {
			continue
		}
		v, err := e.value(q)
		if err != nil {
			return v, err
		}
		out.lines = append(out.lines, v.lines...)
	}
	return out, nil
}
