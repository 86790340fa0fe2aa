package query

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// hiveNull is how Hive writes NULL in a folder's name.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// file is one object of a table and the values of its partition keys; nil is NULL.
type file struct {
	path   string
	uri    string // s3://bucket/key
	values []*string
	bucket string
	object blob.Info
}

// filesOf finds the files of a table, in order of their keys.
func (e *Engine) filesOf(ctx context.Context, t *Table) ([]file, error) {
	if len(t.PartitionKeys) == 0 {
		return e.filesUnder(ctx, t, t.Location, func(string) ([]*string, bool) { return nil, true })
	}
	projected, err := t.template()
	if err != nil {
		return nil, err
	}
	if projected != nil {
		return e.filesUnder(ctx, t, projected.location, projected.place)
	}
	var partitions []Partition
	if !t.projected() {
		if partitions, err = e.config.Catalog.Partitions(ctx, t.Database, t.Name); err != nil {
			return nil, fmt.Errorf("query: partitions of %s.%s: %w", t.Database, t.Name, err)
		}
	}
	if len(partitions) == 0 {
		return e.filesUnder(ctx, t, t.Location, func(below string) ([]*string, bool) {
			return folderValues(t.PartitionKeys, below), true
		})
	}
	return e.registered(ctx, t, partitions)
}

// registered finds the files of the catalog's partitions. Those below the table's location, which
// are mostly all, cost one listing together.
func (e *Engine) registered(ctx context.Context, t *Table, partitions []Partition) ([]file, error) {
	var files []file
	root := folder(t.Location)
	below := map[string][]*string{} // folder under the root, ending in "/" -> values
	for _, p := range partitions {
		if len(p.Values) != len(t.PartitionKeys) {
			return nil, refuse(BadTable, "a partition of %s.%s has %d values for %d keys", t.Database, t.Name, len(p.Values), len(t.PartitionKeys))
		}
		values := make([]*string, len(p.Values))
		for i := range p.Values {
			if p.Values[i] != hiveNull {
				values[i] = &p.Values[i]
			}
		}
		location := p.Location
		if location == "" {
			location = root
			for i, k := range t.PartitionKeys {
				location += k.Name + "=" + p.Values[i] + "/"
			}
		}
		if rest, ok := strings.CutPrefix(folder(location), root); ok && rest != "" {
			below[rest] = values
			continue
		}
		more, err := e.filesUnder(ctx, t, location, func(string) ([]*string, bool) { return values, true })
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	if len(below) == 0 {
		return files, nil
	}
	more, err := e.filesUnder(ctx, t, t.Location, func(name string) ([]*string, bool) {
		for end := strings.LastIndexByte(name, '/'); end >= 0; end = strings.LastIndexByte(name[:end], '/') {
			if v, ok := below[name[:end+1]]; ok {
				return v, true
			}
		}
		return nil, false
	})
	return append(files, more...), err
}

// filesUnder lists a location. place tells the partition of a key below it, and whether it is read.
func (e *Engine) filesUnder(ctx context.Context, t *Table, location string, place func(below string) ([]*string, bool)) ([]file, error) {
	bucket, prefix, err := splitLocation(location)
	if err != nil {
		return nil, refuse(BadTable, "table %s.%s: %v", t.Database, t.Name, err)
	}
	var files []file
	page := blob.ListPage{Prefix: prefix}
	for {
		l, err := e.config.Lake.List(ctx, bucket, page)
		if errors.Is(err, blob.ErrNoBucket) {
			return nil, refuse(BadTable, "table %s.%s: bucket %s does not exist", t.Database, t.Name, bucket)
		}
		if err != nil {
			return nil, fmt.Errorf("query: list %s: %w", location, err)
		}
		for _, o := range l.Objects {
			below := o.Key[len(prefix):]
			if hidden(below) || o.Size == 0 {
				continue
			}
			values, ok := place(below)
			if !ok {
				continue
			}
			f := file{uri: "s3://" + bucket + "/" + o.Key, values: values, bucket: bucket, object: o}
			if f.path, ok = e.config.Paths.Path(bucket, o.Key); !ok && e.config.Fetch == nil {
				return nil, fmt.Errorf("query: object %s is not a file", f.uri)
			}
			files = append(files, f)
		}
		if !l.More {
			return files, nil
		}
		page.After = l.Next
	}
}

// fetch gives files without a path one that is there until release is called.
func (e *Engine) fetch(ctx context.Context, files []file) (release func(), err error) {
	var releases []func()
	release = func() {
		for _, f := range releases {
			f()
		}
	}
	wanted := map[string][]int{} // bucket -> files
	for i, f := range files {
		if f.path == "" {
			wanted[f.bucket] = append(wanted[f.bucket], i)
		}
	}
	for bucket, of := range wanted {
		objects := make([]blob.Info, len(of))
		for n, i := range of {
			objects[n] = files[i].object
		}
		paths, done, err := e.config.Fetch.Fetch(ctx, bucket, objects)
		if err != nil {
			release()
			return nil, fmt.Errorf("query: %w", err)
		}
		releases = append(releases, done)
		for n, i := range of {
			files[i].path = paths[n]
		}
	}
	return release, nil
}

// hidden: a folder marker, or a name that begins with _ or . on any level below the location.
func hidden(below string) bool {
	if below == "" || strings.HasSuffix(below, "/") {
		return true
	}
	for _, part := range strings.Split(below, "/") {
		if strings.HasPrefix(part, "_") || strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}

// folderValues reads key=value folder names. A key that does not occur is NULL.
func folderValues(keys []Column, below string) []*string {
	values := make([]*string, len(keys))
	parts := strings.Split(below, "/")
	for _, part := range parts[:len(parts)-1] {
		name, value, ok := strings.Cut(part, "=")
		if !ok || value == hiveNull {
			continue
		}
		if decoded, err := url.PathUnescape(value); err == nil {
			value = decoded
		}
		for i, k := range keys {
			if strings.EqualFold(k.Name, name) {
				values[i] = &value
			}
		}
	}
	return values
}

// folder is a location ending in a slash.
func folder(location string) string { return strings.TrimRight(location, "/") + "/" }

// splitLocation takes s3://bucket/prefix apart. The prefix ends in a slash, or is empty.
func splitLocation(location string) (bucket, prefix string, err error) {
	scheme, rest, ok := strings.Cut(location, "://")
	if !ok || (scheme != "s3" && scheme != "s3a" && scheme != "s3n") {
		return "", "", fmt.Errorf("location %q is not s3://bucket/prefix/", location)
	}
	bucket, prefix, _ = strings.Cut(rest, "/")
	if bucket == "" {
		return "", "", fmt.Errorf("location %q names no bucket", location)
	}
	if prefix = strings.TrimRight(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return bucket, prefix, nil
}
