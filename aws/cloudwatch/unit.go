package cloudwatch

import (
	"slices"
	"strings"
)

// unit is what the values of a data point count. The numbers are on disk: new ones come last.
type unit byte

const noUnit unit = 0

var units = []string{
	"None", "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
	"Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
	"Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second",
	"Gigabits/Second", "Terabits/Second", "Count/Second",
}

func (u unit) String() string { return units[u] }

// unitOf is the unit of that name; "" is None.
func unitOf(name string) (unit, bool) {
	if name == "" {
		return noUnit, true
	}
	i := slices.Index(units, name)
	return unit(max(i, 0)), i >= 0
}

// unitSet lists the units as AWS's faults do.
func unitSet() string {
	return "[ " + strings.Join(append(units[1:len(units):len(units)], units[0]), ", ") + " ]"
}
