package athena

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/trino"
	"github.com/hydrant-stream/hydrant/query"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// insert adds a query's rows to a table as further objects, and the partitions that are new to the catalog.
func (s *Service) insert(ctx context.Context, e *execution, d *trino.Definition) error {
	database := e.database(d.Database)
	t, err := s.config.Catalog.Table(ctx, database, d.Table)
	switch {
	case missing(err):
		return &failure{d.Wrong("TABLE_NOT_FOUND", "Table 'awsdatacatalog.%s.%s' does not exist", database, d.Table).Error(), 1006}
	case err != nil:
		return err
	case t.Type == virtualView:
		return &failure{d.Wrong("NOT_SUPPORTED", "Inserting into views is not supported").Error(), 1006}
	case t.Parameters["storage.location.template"] != "":
		return &failure{d.Wrong("NOT_SUPPORTED", "Inserting into a table with a storage.location.template is not supported here").Error(), 1006}
	}
	f, err := formatOfTable(d, t)
	if err != nil {
		return err
	}
	x, err := f.export(d)
	if err != nil {
		return err
	}
	if c := strings.ToUpper(t.Parameters["parquet.compression"]); f.format == query.Parquet && slices.Contains(f.compressions, c) && c != "NONE" {
		x.Compression = c
	}
	if delimiter := t.SerDeParameters["field.delim"]; delimiter != "" {
		x.Delimiter = delimiter
	}
	if err := s.fit(ctx, e, d, t, &x); err != nil {
		return err
	}
	to := target{location: strings.TrimRight(t.Location, "/") + "/", at: map[string]string{}}
	for _, k := range t.PartitionKeys {
		to.keys = append(to.keys, k.Name)
	}
	x.PartitionBy = to.keys
	register, err := s.registered(ctx, t, &to)
	if err != nil {
		return err
	}
	return s.output(ctx, e, d, x, to, func(partitions [][]string) error {
		if !register {
			return nil
		}
		return s.addWritten(ctx, t, partitions)
	})
}

// formatOfTable is the format of a table's files.
func formatOfTable(d *trino.Definition, t Table) (fileFormat, error) {
	serde := strings.ToLower(t.SerDe)
	for name, part := range map[string]string{"PARQUET": "parquet", "JSON": "jsonserde", "TEXTFILE": "lazysimpleserde"} {
		if strings.Contains(serde, part) {
			return fileFormats[name], nil
		}
	}
	return fileFormat{}, &failure{d.Wrong("NOT_SUPPORTED", "Inserting into a table with SerDe %s is not supported here", t.SerDe).Error(), 1006}
}

// fit puts the columns of an insert's query in the place of the table's. Columns that are not named are NULL.
func (s *Service) fit(ctx context.Context, e *execution, d *trino.Definition, t Table, x *query.Export) error {
	all := append(slices.Clone(t.Columns), t.PartitionKeys...)
	named := d.Columns
	if named == nil {
		for _, c := range all {
			named = append(named, c.Name)
		}
	}
	heads, err := s.anyColumnsOf(ctx, e, d, expand)
	if err != nil {
		return err
	}
	var want, have []string
	place := map[string]int{}
	for i, n := range named {
		at := slices.IndexFunc(all, func(c Column) bool { return c.Name == n })
		if at < 0 {
			return &failure{d.Wrong("COLUMN_NOT_FOUND", "Insert column name does not exist in target table: %s", n).Error(), 1006}
		}
		if _, twice := place[n]; twice {
			return &failure{d.Wrong("DUPLICATE_COLUMN_NAME", "Insert column name is specified more than once: %s", n).Error(), 1006}
		}
		place[n] = i
		duck, err := query.DuckType(all[at].Type)
		if err != nil {
			return &failure{d.Wrong("HIVE_UNSUPPORTED_FORMAT", "column %s: %v", n, err).Error(), 1006}
		}
		want = append(want, trinoType(query.ParseType(duck)))
	}
	fits := len(heads) == len(named)
	for i, h := range heads {
		have = append(have, trinoType(query.ParseType(h.Type)))
		fits = fits && coerces(query.ParseType(h.Type), want[min(i, len(want)-1)])
	}
	if !fits {
		return &failure{d.Wrong("TYPE_MISMATCH", "Insert query has mismatched column types: Table: [%s], Query: [%s]", strings.Join(want, ", "), strings.Join(have, ", ")).Error(), 1006}
	}
	for _, c := range all {
		duck, err := query.DuckType(c.Type)
		if err != nil {
			return &failure{d.Wrong("HIVE_UNSUPPORTED_FORMAT", "column %s: %v", c.Name, err).Error(), 1006}
		}
		column := query.ExportColumn{Column: query.Column{Name: c.Name, Type: duck}, From: -1}
		if i, ok := place[c.Name]; ok {
			column.From = i
		}
		x.Columns = append(x.Columns, column)
	}
	x.From = len(heads)
	return nil
}

// numbers are Trino's types of numbers, the narrow before the wide.
var numbers = []string{"tinyint", "smallint", "integer", "bigint", "decimal", "real", "double"}

// coerces tells whether Trino lets a value go into a column of a type without a CAST.
func coerces(from query.Type, to string) bool {
	plain := func(s string) string { s, _, _ = strings.Cut(s, "("); return s }
	have, want := plain(trinoType(from)), plain(to)
	if from.Kind == untypedNull || have == want {
		return true
	}
	a, b := slices.Index(numbers, have), slices.Index(numbers, want)
	switch {
	case a >= 0 && b >= 0:
		return a < b
	case have == "date":
		return want == "timestamp"
	}
	return false
}

// registered finds where the table's partitions lie, and tells whether the catalog is to be told of new
// ones. It is not where folders are read because none is registered: the first would hide the others.
func (s *Service) registered(ctx context.Context, t Table, to *target) (bool, error) {
	if len(t.PartitionKeys) == 0 || strings.EqualFold(t.Parameters["projection.enabled"], "true") {
		return false, nil
	}
	list, err := s.config.Catalog.Partitions(ctx, t.Database, t.Name)
	if err != nil {
		return false, err
	}
	for _, p := range list {
		if len(p.Values) == len(to.keys) && p.Location != "" {
			to.at[partitionPath(to.keys, p.Values)] = strings.TrimRight(p.Location, "/") + "/"
		}
	}
	if len(list) > 0 {
		return true, nil
	}
	bucket, prefix := splitURI(to.location)
	l, err := s.config.Lake.List(ctx, bucket, blob.ListPage{Prefix: prefix, Max: 1})
	if err != nil {
		return false, fmt.Errorf("list %s: %w", to.location, err)
	}
	return len(l.Objects) == 0, nil
}
