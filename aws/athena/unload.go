package athena

import (
	"context"

	"github.com/hydrant-stream/hydrant/aws/athena/trino"
)

// unload writes a query's rows to an empty place in the lake; the catalog is not told.
func (s *Service) unload(ctx context.Context, e *execution, d *trino.Definition) error {
	err := properties(d, []string{"format", "partitioned_by", "compression", "field_delimiter"}, []string{"compression_level"})
	if err != nil {
		return err
	}
	location, err := folderURI(d, "TO", d.To)
	if err != nil {
		return err
	}
	_, x, _, err := s.layout(ctx, e, d)
	if err != nil {
		return err
	}
	if err := s.empty(ctx, location, "Target directory already exists: %s. You may need to manually clean the data at location '%s' before retrying.", location, location); err != nil {
		return err
	}
	return s.output(ctx, e, d, x, target{location: location, keys: x.PartitionBy}, func([][]string) error { return nil })
}
