package query

import (
	"regexp"
	"strings"
)

// Partition projection: a table whose properties say where its partitions lie, so that the catalog
// need not know them.
//
//	projection.enabled          "true": registered partitions are not looked at
//	storage.location.template   s3://bucket/prefix/${datehour}/; without it, folders are key=value
//	projection.KEY.format       of a date; the slashes in it are folders
//
// Here the folders that are there give the values; ranges, intervals and enumerations, which tell
// Athena what to look for, are not needed and do not hide what lies outside of them.

func (t *Table) projected() bool {
	return len(t.PartitionKeys) > 0 && strings.EqualFold(t.Parameters["projection.enabled"], "true")
}

// template is where projected partitions lie: a location to list and what a key below it looks like.
type template struct {
	location string
	below    *regexp.Regexp // a group per partition key
	groups   []int          // by partition key, the group that holds its value
	// inPath is, by partition key, the pattern that finds its value in a file's whole name.
	inPath []string
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// template reads storage.location.template; nil where there is none.
func (t *Table) template() (*template, error) {
	text := t.Parameters["storage.location.template"]
	if !t.projected() || text == "" {
		return nil, nil
	}
	first := strings.Index(text, "${")
	if first < 0 {
		first = len(text)
	}
	start := strings.LastIndexByte(text[:first], '/') + 1
	p := &template{location: text[:start], groups: make([]int, len(t.PartitionKeys)), inPath: make([]string, len(t.PartitionKeys))}
	_, prefix, err := splitLocation(p.location)
	if err != nil {
		return nil, refuse(BadTable, "table %s.%s: %v", t.Database, t.Name, err)
	}
	rest := strings.TrimRight(text[start:], "/") + "/"
	names := placeholder.FindAllStringSubmatch(rest, -1)
	pieces := placeholder.Split(rest, -1)
	all := regexp.QuoteMeta(pieces[0])
	for n, name := range names {
		key := indexOf(t.PartitionKeys, name[1])
		if key < 0 {
			return nil, refuse(BadTable, "table %s.%s: storage.location.template names %s, which is no partition key", t.Database, t.Name, name[0])
		}
		p.groups[key] = n + 1
		all += "(" + t.folders(name[1]) + ")" + regexp.QuoteMeta(pieces[n+1])
	}
	for key, k := range t.PartitionKeys {
		if p.groups[key] == 0 {
			return nil, refuse(BadTable, "table %s.%s: storage.location.template lacks ${%s}", t.Database, t.Name, k.Name)
		}
		path := `.*/` + regexp.QuoteMeta(prefix+pieces[0])
		for n, name := range names {
			group := "(?:"
			if strings.EqualFold(name[1], k.Name) {
				group = "("
			}
			path += group + t.folders(name[1]) + ")" + regexp.QuoteMeta(pieces[n+1])
		}
		p.inPath[key] = path
	}
	p.below = regexp.MustCompile("^" + all)
	return p, nil
}

// folders is the pattern of a key's value, which spans folders where its format does.
func (t *Table) folders(key string) string {
	return `[^/]+` + strings.Repeat(`/[^/]+`, strings.Count(t.Parameters["projection."+strings.ToLower(key)+".format"], "/"))
}

func indexOf(columns []Column, name string) int {
	for i, c := range columns {
		if strings.EqualFold(c.Name, name) {
			return i
		}
	}
	return -1
}

// place reads the partition values of a key below the location; ok is false where it is in none.
func (p *template) place(below string) (values []*string, ok bool) {
	m := p.below.FindStringSubmatch(below)
	if m == nil {
		return nil, false
	}
	values = make([]*string, len(p.groups))
	for key, group := range p.groups {
		values[key] = &m[group]
	}
	return values, true
}
