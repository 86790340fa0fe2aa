package cloudwatch

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// statistic takes one number out of a stat; ok is false where the values do not allow it.
type statistic func(*stat) (v float64, ok bool)

// basic are the statistics every stat can tell.
var basic = map[string]statistic{
	"SampleCount": func(s *stat) (float64, bool) { return s.count, true },
	"Sum":         func(s *stat) (float64, bool) { return s.sum, true },
	"Average":     func(s *stat) (float64, bool) { return s.sum / s.count, true },
	"Minimum":     func(s *stat) (float64, bool) { return s.min, true },
	"Maximum":     func(s *stat) (float64, bool) { return s.max, true },
}

var (
	short = regexp.MustCompile(`^(?i)(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{0,10})?)$`)
	long  = regexp.MustCompile(`^(?i)(TM|WM|TC|TS|PR)\((\d+(?:\.\d+)?)?(%?):(\d+(?:\.\d+)?)?(%?)\)$`)
)

// extended reads a statistic that needs the values themselves: p99.9; tm, wm, tc and ts with one number
// or a range, "TM(10%:90%)"; IQM; PR(0:300).
func extended(name string) (statistic, bool) {
	if name == "IQM" {
		return within("TM", share(.25), share(.75)), true
	}
	if m := short.FindStringSubmatch(name); m != nil {
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil || n > 100 {
			return nil, false
		}
		if strings.EqualFold(m[1], "p") {
			return func(s *stat) (float64, bool) {
				if !s.known() {
					return 0, false
				}
				return s.quantile(n / 100), true
			}, true
		}
		return within(strings.ToUpper(m[1]), share(0), share(n/100)), true
	}
	m := long.FindStringSubmatch(name)
	if m == nil || m[2] == "" && m[4] == "" || m[2] != "" && m[4] != "" && m[3] != m[5] {
		return nil, false
	}
	percent := m[3] == "%" || m[5] == "%"
	kind := strings.ToUpper(m[1])
	if kind == "PR" && percent {
		return nil, false
	}
	low, high := bound{value: math.Inf(-1)}, bound{value: math.Inf(1)}
	if percent {
		low, high = share(0), share(1)
	}
	for _, b := range []struct {
		text string
		into *bound
	}{{m[2], &low}, {m[4], &high}} {
		if b.text == "" {
			continue
		}
		n, err := strconv.ParseFloat(b.text, 64)
		if err != nil || percent && n > 100 {
			return nil, false
		}
		if *b.into = (bound{value: n}); percent {
			*b.into = share(n / 100)
		}
	}
	return within(kind, low, high), true
}

// bound is an end of a range of values: a value, or a share of all of them.
type bound struct {
	value   float64
	isShare bool
}

func share(of float64) bound { return bound{of, true} }

// within is a statistic of the values between two bounds: their mean (TM), number (TC), sum (TS), share
// of all in percent (PR), or the mean of all with those outside moved to the bounds (WM).
func within(kind string, low, high bound) statistic {
	return func(s *stat) (float64, bool) {
		if !s.known() {
			return 0, false
		}
		count, sum, below, above := s.cut(low, high)
		switch kind {
		case "TC":
			return count, true
		case "TS":
			return sum, true
		case "PR":
			return 100 * count / s.count, true
		case "WM":
			least, most := low.value, high.value
			if low.isShare {
				least, most = s.quantile(low.value), s.quantile(high.value)
			}
			if below > 0 {
				sum += least * below
			}
			if above > 0 {
				sum += most * above
			}
			return sum / s.count, true
		}
		return sum / count, count > 0
	}
}

// cut counts and sums the values between two bounds (above low, up to high), and counts those outside.
func (s *stat) cut(low, high bound) (count, sum, below, above float64) {
	seen := 0.0
	for _, p := range s.spread {
		n := p.count
		if low.isShare {
			n = max(0, min(seen+p.count, high.value*s.count)-max(seen, low.value*s.count))
			below += max(0, min(seen+p.count, low.value*s.count)-seen)
		} else if p.value <= low.value {
			below += p.count
			n = 0
		} else if p.value > high.value {
			n = 0
		}
		seen += p.count
		count += n
		sum += n * p.value
	}
	return count, sum, below, s.count - count - below
}
