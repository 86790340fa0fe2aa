package athena

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/ddl"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// valuesOf puts a partition's values in the order of the table's keys.
func valuesOf(t Table, spec ddl.Spec) ([]string, error) {
	values := make([]string, len(t.PartitionKeys))
	if len(t.PartitionKeys) == 0 {
		return nil, fail("FAILED: SemanticException table is not partitioned but partition spec exists: %s", specText(spec))
	}
	if len(spec) != len(t.PartitionKeys) {
		return nil, fail("FAILED: SemanticException partition spec %s doesn't contain all (%d) partition columns", specText(spec), len(t.PartitionKeys))
	}
	for _, p := range spec {
		i := slices.IndexFunc(t.PartitionKeys, func(c Column) bool { return c.Name == p.Key })
		if i < 0 {
			return nil, fail("FAILED: SemanticException [Error 10098]: Non-Partition column appears in the partition specification: %s", p.Key)
		}
		values[i] = p.Value
	}
	return values, nil
}

func specText(spec ddl.Spec) string {
	parts := make([]string, len(spec))
	for i, p := range spec {
		parts[i] = p.Key + "=" + p.Value
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// partitionName is a partition as Hive writes it: year=2016/month=01.
func partitionName(t Table, values []string) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = t.PartitionKeys[i].Name + "=" + url.PathEscape(v)
	}
	return strings.Join(parts, "/")
}

// place is where a partition lies that was given no location.
func place(t Table, values []string) string {
	return strings.TrimRight(t.Location, "/") + "/" + partitionName(t, values) + "/"
}

func partitionError(err error, values []string) error {
	if missing(err) {
		return fail("FAILED: SemanticException [Error 10006]: Partition not found %v", values)
	}
	return err
}

func (s *Service) addPartitions(ctx context.Context, e *execution, st *ddl.AddPartitions) error {
	t, err := s.table(ctx, e, st.Table)
	if err != nil {
		return err
	}
	list := make([]Partition, len(st.Partitions))
	for i, n := range st.Partitions {
		values, err := valuesOf(t, n.Spec)
		if err != nil {
			return err
		}
		list[i] = Partition{values, n.Location}
		if n.Location == "" {
			list[i].Location = place(t, values)
		}
	}
	if !st.IfNotExists { // so that the statement adds all or nothing
		have, err := s.config.Catalog.Partitions(ctx, t.Database, t.Name)
		if err != nil {
			return err
		}
		for _, p := range list {
			if slices.ContainsFunc(have, func(h Partition) bool { return slices.Equal(h.Values, p.Values) }) {
				return partitionExists()
			}
		}
	}
	existing, err := s.config.Catalog.AddPartitions(ctx, t, list)
	if err == nil && len(existing) > 0 && !st.IfNotExists {
		err = partitionExists()
	}
	return err
}

func partitionExists() error {
	return fail("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Partition already exists.)")
}

func (s *Service) dropPartitions(ctx context.Context, e *execution, st *ddl.DropPartitions) error {
	t, err := s.table(ctx, e, st.Table)
	if err != nil {
		return err
	}
	var all [][]string
	for _, spec := range st.Partitions {
		values, err := valuesOf(t, spec)
		if err != nil {
			return err
		}
		all = append(all, values)
	}
	for _, values := range all {
		err := s.config.Catalog.DropPartition(ctx, t.Database, t.Name, values)
		if missing(err) && st.IfExists {
			continue
		}
		if err != nil {
			return partitionError(err, values)
		}
	}
	return nil
}

func (s *Service) renamePartition(ctx context.Context, e *execution, st *ddl.RenamePartition) error {
	t, err := s.table(ctx, e, st.Table)
	if err != nil {
		return err
	}
	from, err := valuesOf(t, st.From)
	if err != nil {
		return err
	}
	to, err := valuesOf(t, st.To)
	if err != nil {
		return err
	}
	have, err := s.config.Catalog.Partitions(ctx, t.Database, t.Name)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(have, func(p Partition) bool { return slices.Equal(p.Values, from) })
	if i < 0 {
		return fail("FAILED: SemanticException [Error 10006]: Partition not found %v", from)
	}
	err = s.config.Catalog.ChangePartition(ctx, t, from, Partition{to, have[i].Location}) // the objects stay where they are
	if present(err) {
		return partitionExists()
	}
	return err
}

// repair adds the partitions whose folders, key=value for every key in order, lie below the table's
// location. It removes none.
func (s *Service) repair(ctx context.Context, e *execution, named ddl.Table) (lines []string, err error) {
	t, err := s.table(ctx, e, named)
	if err != nil {
		return nil, err
	}
	if len(t.PartitionKeys) == 0 {
		return nil, fail("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Table %s is not a partitioned table", t.Name)
	}
	found, err := s.folders(ctx, t)
	if err != nil {
		return nil, err
	}
	have, err := s.config.Catalog.Partitions(ctx, t.Database, t.Name)
	if err != nil {
		return nil, err
	}
	known, there := map[string]bool{}, map[string]bool{}
	for _, p := range have {
		known[strings.Join(p.Values, "\x00")] = true
	}
	var fresh []Partition
	for _, p := range found {
		id := strings.Join(p.Values, "\x00")
		if there[id] = true; !known[id] {
			fresh = append(fresh, p)
			lines = append(lines, "Partitions not in metastore:\t"+t.Name+":"+partitionName(t, p.Values))
		}
	}
	for _, p := range have {
		if !there[strings.Join(p.Values, "\x00")] && strings.HasPrefix(p.Location, t.Location) {
			lines = append(lines, "Partitions missing from filesystem:\t"+t.Name+":"+partitionName(t, p.Values))
		}
	}
	for _, p := range fresh {
		lines = append(lines, "Repair: Added partition to metastore "+t.Name+":"+partitionName(t, p.Values))
	}
	_, err = s.config.Catalog.AddPartitions(ctx, t, fresh)
	return lines, err
}

// folders walks the folders of a table, one level per key.
func (s *Service) folders(ctx context.Context, t Table) (found []Partition, err error) {
	bucket, prefix := splitURI(t.Location)
	if prefix = strings.TrimRight(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	var walk func(prefix string, values []string) error
	walk = func(prefix string, values []string) error {
		if len(values) == len(t.PartitionKeys) {
			found = append(found, Partition{slices.Clone(values), "s3://" + bucket + "/" + prefix})
			return nil
		}
		page := blob.ListPage{Prefix: prefix, Delimiter: "/"}
		for {
			l, err := s.config.Lake.List(ctx, bucket, page)
			if err != nil {
				return err
			}
			for _, p := range l.Prefixes {
				name, value, ok := strings.Cut(strings.TrimSuffix(p[len(prefix):], "/"), "=")
				if !ok || name != t.PartitionKeys[len(values)].Name || strings.Contains(value, ":") {
					continue
				}
				if decoded, err := url.PathUnescape(value); err == nil {
					value = decoded
				}
				if err := walk(p, append(slices.Clone(values), value)); err != nil {
					return err
				}
			}
			if !l.More {
				return nil
			}
			page.After = l.Next
		}
	}
	if err = walk(prefix, nil); errors.Is(err, blob.ErrNoBucket) {
		err = fail("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. MetaException(message:bucket %s does not exist)", bucket)
	}
	return found, err
}
