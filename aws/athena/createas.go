package athena

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/aws/athena/trino"
	"github.com/hydrant-stream/hydrant/query"
)

// createTableAs makes a table of a query's rows: first its objects, then the table, then its partitions. A
// table that is in the catalog is whole, but for partitions that could not be added, which fails the
// statement and takes the table away again.
func (s *Service) createTableAs(ctx context.Context, e *execution, d *trino.Definition) error {
	database := e.database(d.Database)
	if _, err := s.config.Catalog.Table(ctx, database, d.Table); err == nil {
		if d.IfNotExists {
			return s.writeManifest(ctx, e, nil)
		}
		return &failure{d.Wrong("TABLE_ALREADY_EXISTS", "Destination table 'awsdatacatalog.%s.%s' already exists", database, d.Table).Error(), 1006}
	} else if !missing(err) {
		return err
	}
	if _, err := s.config.Catalog.Database(ctx, database); missing(err) {
		return &failure{d.Wrong("SCHEMA_NOT_FOUND", "Schema %s not found", database).Error(), 1006}
	} else if err != nil {
		return err
	}
	err := properties(d, []string{"format", "external_location", "partitioned_by", "write_compression", "parquet_compression", "field_delimiter"},
		[]string{"bucketed_by", "bucket_count", "orc_compression", "compression_level", "table_type", "is_external", "location", "partitioning"})
	if err != nil {
		return err
	}
	f, x, columns, err := s.layout(ctx, e, d)
	if err != nil {
		return err
	}
	keys := x.PartitionBy
	location, err := s.tableLocation(ctx, e, d, database)
	if err != nil {
		return err
	}
	data := len(columns) - len(keys)
	t := Table{
		Database: database, Name: d.Table, Type: "EXTERNAL_TABLE", Columns: columns[:data], PartitionKeys: columns[data:],
		Location: location, InputFormat: f.input, OutputFormat: f.output, SerDe: f.serde,
		SerDeParameters: map[string]string{"serialization.format": "1"},
		Parameters:      map[string]string{"EXTERNAL": "TRUE", "has_encrypted_data": "false", "transient_lastDdlTime": fmt.Sprint(time.Now().Unix())},
	}
	switch f.format {
	case query.Parquet:
		t.Parameters["parquet.compression"], t.Parameters["classification"] = x.Compression, "parquet"
	case query.Text:
		t.SerDeParameters["field.delim"] = x.Delimiter
	}
	if d.NoData {
		if err := s.writeManifest(ctx, e, nil); err != nil {
			return err
		}
		return s.config.Catalog.CreateTable(ctx, t)
	}
	return s.output(ctx, e, d, x, target{location: location, keys: keys}, func(partitions [][]string) error {
		err := s.config.Catalog.CreateTable(ctx, t)
		if present(err) {
			return &failure{d.Wrong("TABLE_ALREADY_EXISTS", "Destination table 'awsdatacatalog.%s.%s' already exists", database, d.Table).Error(), 1006}
		}
		if err != nil {
			return err
		}
		if err = s.addWritten(ctx, t, partitions); err != nil {
			_ = s.config.Catalog.DropTable(context.WithoutCancel(ctx), database, d.Table) // the first error counts
		}
		return err
	})
}

// tableLocation is where a new table lies: an empty place the statement names, or one of the execution's own.
func (s *Service) tableLocation(ctx context.Context, e *execution, d *trino.Definition, database string) (string, error) {
	given := first(d.Properties["external_location"])
	if given == "" {
		output := e.Output[:strings.LastIndexByte(e.Output, '/')+1]
		return output + "tables/" + e.ID + "/", nil
	}
	group, err := s.group(e.Scope, e.WorkGroup)
	if err != nil {
		return "", err
	}
	if own := group.Configuration.ResultConfiguration; group.enforced() && own != nil && own.OutputLocation != "" {
		return "", &failure{d.Wrong("INVALID_TABLE_PROPERTY", "The Athena query workgroup %s has enforced a centralized output location; remove the external_location property", e.WorkGroup).Error(), 1006}
	}
	location, err := folderURI(d, "external_location", given)
	if err != nil {
		return "", err
	}
	return location, s.empty(ctx, location, "Target directory for table '%s.%s' already exists: %s. You may need to manually clean the data at location '%s' before retrying. Athena will not delete data in your account.",
		database, d.Table, location, location)
}

// addWritten tells the catalog of partitions that were written.
func (s *Service) addWritten(ctx context.Context, t Table, partitions [][]string) error {
	keys := make([]string, len(t.PartitionKeys))
	for i, k := range t.PartitionKeys {
		keys[i] = k.Name
	}
	list := make([]Partition, len(partitions))
	for i, values := range partitions {
		list[i] = Partition{values, strings.TrimRight(t.Location, "/") + "/" + partitionPath(keys, values)}
	}
	if len(list) == 0 {
		return nil
	}
	_, err := s.config.Catalog.AddPartitions(ctx, t, list) // those that are there stay
	return err
}
