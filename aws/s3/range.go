package s3

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// parseRange reads a Range header for an object of size bytes. nil: all of it, as for a form that
// is not understood or names several parts. A part that begins past the end is InvalidRange.
func parseRange(header string, size int64) (*blob.Range, error) {
	spec, ok := strings.CutPrefix(strings.TrimSpace(header), "bytes=")
	first, last, ok2 := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || !ok2 || strings.Contains(spec, ",") {
		return nil, nil
	}
	unsatisfiable := fault(416, "InvalidRange", "The requested range is not satisfiable").
		WithField("ActualObjectSize", strconv.FormatInt(size, 10)).WithField("RangeRequested", header)
	if first == "" {
		n, err := strconv.ParseUint(last, 10, 63)
		switch {
		case err != nil:
			return nil, nil
		case n == 0 || size == 0:
			return nil, unsatisfiable
		}
		length := min(int64(n), size)
		return &blob.Range{Offset: size - length, Length: length}, nil
	}
	from, err := strconv.ParseUint(first, 10, 63)
	if err != nil {
		return nil, nil
	}
	to := size - 1
	if last != "" {
		n, err := strconv.ParseUint(last, 10, 63)
		if err != nil || n < from {
			return nil, nil
		}
		to = min(to, int64(n))
	}
	if int64(from) >= size {
		return nil, unsatisfiable
	}
	return &blob.Range{Offset: int64(from), Length: to - int64(from) + 1}, nil
}

// partRange is where the part of that number lies. An object written in one has one part.
func partRange(o *blob.Info, number int) (*blob.Range, error) {
	parts := max(len(o.Meta.Parts), 1)
	if number < 1 || number > maxParts {
		return nil, invalidArgument(fmt.Sprintf("Part number must be an integer between 1 and %d, inclusive", maxParts), "partNumber", strconv.Itoa(number))
	}
	if number > parts {
		return nil, fault(416, "InvalidPartNumber", "The requested partnumber is not satisfiable").
			WithField("ActualPartCount", strconv.Itoa(parts)).WithField("PartNumberRequested", strconv.Itoa(number))
	}
	if len(o.Meta.Parts) == 0 {
		return &blob.Range{Length: o.Size}, nil
	}
	var r blob.Range
	for _, p := range o.Meta.Parts[:number-1] {
		r.Offset += p.Size
	}
	r.Length = o.Meta.Parts[number-1].Size
	return &r, nil
}

func contentRange(r *blob.Range, size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", r.Offset, r.Offset+r.Length-1, size)
}
