package tlc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/hydrant-stream/hydrant/taxi"
	"github.com/hydrant-stream/hydrant/taxi/internal/scan"
)

var (
	errNotJSON   = errors.New("not one JSON object")
	errWatermark = errors.New("a watermark, not a trip")
)

// jsonRows reads JSON lines: rows under TLC's names, or the replay tool's events.
type jsonRows struct {
	in   lines
	row  taxi.Row
	keys []knownKey // of the last row, by position: rows repeat their order
}

type knownKey struct {
	name  string
	field taxi.Field
}

const (
	tripID   = taxi.TripID
	tripType = taxi.Type
)

func (j *jsonRows) next(t *taxi.Trip) error {
	line, err := j.in.next()
	if err != nil {
		return err
	}
	line = bytes.TrimSpace(line)
	if err := j.read(line, t); err != nil {
		return j.in.bad(err)
	}
	return nil
}

func (j *jsonRows) read(line []byte, t *taxi.Trip) error {
	j.row.Reset()
	ownID, kind := int64(-1), ""
	w := scan.New(line)
	for n := 0; w.Next(); n++ {
		f := j.field(n, w.Key)
		switch {
		case f == tripID && w.Kind == scan.Number:
			if id, err := strconv.ParseInt(string(w.Value), 10, 64); err == nil && id >= 0 {
				ownID = id
			}
		case f == tripType && w.Kind == scan.String:
			kind = string(w.Value)
		case f <= taxi.Total:
			text, err := plain(&w)
			if err != nil {
				return fmt.Errorf("%s %w", f, err)
			}
			j.row.Set(f, text)
		}
	}
	switch {
	case !w.OK():
		return errNotJSON
	case kind == "watermark":
		return errWatermark
	case kind == "trip" && ownID >= 0:
		return j.event(line, ownID, t)
	}
	return j.row.Trip(t)
}

// event takes a line that is an event with a number of its own as it stands: what is wrong in it
// beyond its dropoff time, by which it is replayed, is the filter's to find.
func (j *jsonRows) event(line []byte, id int64, t *taxi.Trip) error {
	ms, ok := taxi.ParseTime(j.row.Text(taxi.Dropoff))
	if !ok {
		return fmt.Errorf("%s is not a time: %.40q", taxi.Dropoff, j.row.Text(taxi.Dropoff))
	}
	t.Dropoff, t.OwnID = ms, id
	t.Body = append(t.Body[:0], line...)
	return nil
}

// plain is the text of a scalar value, nil for null.
func plain(w *scan.Walker) ([]byte, error) {
	switch {
	case w.Kind == scan.Null:
		return nil, nil
	case w.Kind == scan.Number, w.Kind == scan.String && !w.Escaped:
		return w.Value, nil
	case w.Kind == scan.String:
		var s string
		if err := json.Unmarshal([]byte(`"`+string(w.Value)+`"`), &s); err != nil {
			return nil, err
		}
		return []byte(s), nil
	}
	return nil, errors.New("is neither text nor a number")
}

func (j *jsonRows) field(n int, key []byte) taxi.Field {
	if n < len(j.keys) && j.keys[n].name == string(key) {
		return j.keys[n].field
	}
	known := knownKey{name: string(key)}
	switch known.name {
	case "trip_id":
		known.field = tripID
	case "type":
		known.field = tripType
	default:
		known.field = column(key)
	}
	if n < len(j.keys) {
		j.keys[n] = known
	} else if n == len(j.keys) && n < 64 {
		j.keys = append(j.keys, known)
	}
	return known.field
}
