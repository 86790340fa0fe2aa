package cloudwatch

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant"
)

// series is what CloudWatch calls a metric: a name in a namespace with its dimensions. There is no
// roll-up: other dimensions are another series.
//
// Dimensions are sorted by name and joined to one string, name and value each behind a tab: control
// characters are refused in all names, so tabs part them.
type series struct {
	scope           hydrant.Scope
	namespace, name string
	dimensions      string
}

// Dimension is a name and a value.
type Dimension struct{ Name, Value string }

func joinDimensions(list []Dimension) string {
	if len(list) == 0 {
		return ""
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Dimension) int { return cmp.Compare(a.Name, b.Name) })
	var b strings.Builder
	for _, d := range list {
		b.WriteString("\t" + d.Name + "\t" + d.Value)
	}
	return b.String()
}

func splitDimensions(s string) (list []Dimension) {
	parts := strings.Split(s, "\t")
	for i := 1; i+1 < len(parts); i += 2 {
		list = append(list, Dimension{parts[i], parts[i+1]})
	}
	return list
}

// The journal holds which series there are: under each of these keys the day (Unix days, in decimal) on
// which the series last got data, so that it can be told which are in use and which may go.
const indexPrefix = "cloudwatch/metric/"

func scopePrefix(sc hydrant.Scope) string { return indexPrefix + sc.String() + "/" }

func (s series) metric() string { return s.namespace + "\t" + s.name }

func (s series) key() string { return scopePrefix(s.scope) + s.metric() + s.dimensions }

// seriesOf reads a key of the journal back.
func seriesOf(key string) (s series, ok bool) {
	parts := strings.SplitN(strings.TrimPrefix(key, indexPrefix), "/", 3)
	if len(parts) != 3 {
		return s, false
	}
	s.scope = hydrant.Scope{Account: parts[0], Region: parts[1]}
	if s.namespace, s.name, ok = strings.Cut(parts[2], "\t"); !ok {
		return s, false
	}
	if at := strings.IndexByte(s.name, '\t'); at >= 0 {
		s.name, s.dimensions = s.name[:at], s.name[at:]
	}
	return s, true
}

// shard is the name of the shard that keeps the data of all series of this name. The log bounds names;
// one that is too long goes by its hash.
func (s series) shard() string {
	name := "cloudwatch/" + s.scope.String() + "/" + s.metric()
	if len(name) <= 1024 {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return "cloudwatch/" + hex.EncodeToString(sum[:])
}
