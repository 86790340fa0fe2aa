package athena

import (
	"context"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/trino"
)

// unload writes a query's rows to an empty place in the lake; the catalog is not told.
func (s *Service) unload(ctx context.Context, e *execution, d *trino.Definition) error {
	err := properties(d, []string{"format", "partitioned_by", "compression", "field_delimiter"}, []string{"compression_level"})
	if err != nil {
		return err
	}
	f, err := format(d)
	if err != nil {
		return err
	}
	x, err := f.export(d)
	if err != nil {
		return err
	}
	location, err := folderURI(d, "TO", d.To)
	if err != nil {
		return err
	}
	heads, err := s.columnsOf(ctx, e, d, expand)
	if err != nil {
		return err
	}
	keys := d.Properties["partitioned_by"]
	for i := range keys {
		keys[i] = strings.ToLower(keys[i])
	}
	if err := lastColumns(d, heads, keys); err != nil {
		return err
	}
	columns, _, err := fileColumns(d, heads, f.format)
	if err != nil {
		return err
	}
	x.Columns, x.From, x.PartitionBy = exported(columns), len(columns), keys
	if err := s.empty(ctx, location, "Target directory already exists: %s. You may need to manually clean the data at location '%s' before retrying.", location, location); err != nil {
		return err
	}
	return s.output(ctx, e, d, x, target{location: location, keys: keys}, func([][]string) error { return nil })
}
