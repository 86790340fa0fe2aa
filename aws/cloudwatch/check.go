package cloudwatch

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hydrant-stream/hydrant"
)

// CloudWatch words what is wrong with a request itself, parameter by parameter, by the names that the
// query protocol gives them: MetricData.member.1.Value.

func invalid(format string, args ...any) error {
	return hydrant.Faultf("InvalidParameterValueException", format, args...)
}

func missing(name string) error {
	return hydrant.Faultf("MissingRequiredParameterException", "The parameter %s is required.", name)
}

func conflict(format string, args ...any) error {
	return hydrant.Faultf("InvalidParameterCombinationException", format, args...)
}

// exclusive: of two parameters only one may be given.
func exclusive(a, b string) error {
	return conflict("The parameters %s and %s are mutually exclusive and you have specified both.", a, b)
}

func tooMany(name string, most int) error {
	return invalid("The collection %s must not have a size greater than %d.", name, most)
}

// checkText holds a name against its length. Control characters part names in our keys; AWS refuses them
// too.
func checkText(name, value string, most int) error {
	switch {
	case value == "":
		return missing(name)
	case utf8.RuneCountInString(value) > most:
		return invalid("The parameter %s must be shorter than %d characters.", name, most+1)
	case strings.IndexFunc(value, unicode.IsControl) >= 0:
		return invalid("The parameter %s must not contain control characters.", name)
	}
	return nil
}

func checkNamespace(name, value string) error {
	if err := checkText(name, value, maxName); err != nil {
		return err
	}
	if strings.HasPrefix(value, ":") {
		return invalid("The value %s for parameter %s is invalid.", value, name)
	}
	return nil
}

func checkDimensions(name string, list []Dimension) error {
	if len(list) > maxDimensions {
		return tooMany(name, maxDimensions)
	}
	for i, d := range list {
		at := fmt.Sprintf("%s.member.%d", name, i+1)
		if err := checkText(at+".Name", d.Name, maxName); err != nil {
			return err
		}
		if err := checkText(at+".Value", d.Value, maxDimension); err != nil {
			return err
		}
		if strings.HasPrefix(d.Name, ":") {
			return invalid("The value %s for parameter %s.Name is invalid.", d.Name, at)
		}
		for _, other := range list[:i] {
			if other.Name == d.Name {
				return invalid("No Metric may specify the same dimension twice.")
			}
		}
	}
	return nil
}

func checkUnit(name, value string) (unit, error) {
	u, ok := unitOf(value)
	if !ok {
		return u, invalid("The parameter %s must be a value in the set %s.", name, unitSet())
	}
	return u, nil
}

func checkNumber(name string, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > maxMagnitude {
		return invalid("The value %v for parameter %s is invalid.", v, name)
	}
	return nil
}

func checkPeriod(name string, p int) error {
	if p < 1 || p%60 != 0 && p != 1 && p != 5 && p != 10 && p != 20 && p != 30 {
		return invalid("The parameter %s must be a value in the set [ 1, 5, 10, 20, 30 ] or a multiple of 60.", name)
	}
	return nil
}
