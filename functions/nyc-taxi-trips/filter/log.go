package filter

import (
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/taxi"
)

// maxTrips is how many trip ids one line names.
const maxTrips = 50

// counts are numbers by name, in order of first sight: "ServiceUnavailableException:3 InternalFailure:1".
type counts []struct {
	name string
	n    int
}

func (c *counts) add(name string, n int) {
	for i := range *c {
		if (*c)[i].name == name {
			(*c)[i].n += n
			return
		}
	}
	*c = append(*c, struct {
		name string
		n    int
	}{name, n})
}

func (c counts) String() string {
	var b strings.Builder
	for i, e := range c {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(e.name + ":" + strconv.Itoa(e.n))
	}
	return b.String()
}

// drops are the records of a batch that were filtered out, by reason.
type drops struct {
	total  int
	counts counts
	ids    map[string]*idList
}

// add counts a record; one without a trip_id is named by its sequence number.
func (d *drops) add(v taxi.Verdict, r *record) {
	reason := v.Reason()
	d.total++
	d.counts.add(reason, 1)
	if d.ids == nil {
		d.ids = map[string]*idList{}
	}
	list := d.ids[reason]
	if list == nil {
		list = &idList{}
		d.ids[reason] = list
	}
	if v.TripID >= 0 {
		list.add(strconv.FormatInt(v.TripID, 10))
	} else {
		list.add("sequence " + r.sequence)
	}
}

// report logs a line per reason.
func (d *drops) report(log *slog.Logger) {
	for _, c := range d.counts {
		log.Info("dropped", "reason", c.name, "records", c.n, "trips", d.ids[c.name])
	}
}

func (d *drops) attrs() (attrs []any) {
	for _, c := range d.counts {
		attrs = append(attrs, c.name, c.n)
	}
	return attrs
}

// idList is a list of ids that shows its first maxTrips.
type idList struct {
	shown []string
	more  int
}

func (l *idList) add(id string) {
	if len(l.shown) == maxTrips {
		l.more++
		return
	}
	l.shown = append(l.shown, id)
}

func (l *idList) String() string {
	s := strings.Join(l.shown, ",")
	if l.more > 0 {
		s += " and " + strconv.Itoa(l.more) + " more"
	}
	return s
}

// seconds is how the function tells a time, in every language it is written in.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) + "s" }

func someTrips(items []item) *idList {
	l := &idList{}
	for i := range items {
		l.add(strconv.FormatInt(items[i].tripID, 10))
	}
	return l
}
