package firehose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/firehose/pack"
	"github.com/hydrant-stream/hydrant/columnar"
)

func checkConversion(d *ExtendedS3DestinationConfiguration) error {
	c := d.DataFormatConversionConfiguration
	if !c.enabled() {
		return nil
	}
	if d.CompressionFormat != pack.None {
		return invalid("The S3 destination's compression format must be set to UNCOMPRESSED when data format conversion is enabled")
	}
	if *d.BufferingHints.SizeInMBs < leastConversionSizeMB {
		return invalid("BufferingHints.SizeInMBs must be at least 64 when data format conversion is enabled.")
	}
	must := func(there bool, what string) error {
		if there {
			return nil
		}
		return invalid("%s must not be null", what)
	}
	err := errors.Join(
		must(c.SchemaConfiguration != nil, "SchemaConfiguration"),
		must(c.InputFormatConfiguration != nil, "InputFormatConfiguration"),
		must(c.OutputFormatConfiguration != nil, "OutputFormatConfiguration"))
	if err != nil {
		return firstFault(err)
	}
	if err := must(c.InputFormatConfiguration.Deserializer != nil, "Deserializer"); err != nil {
		return err
	}
	if err := must(c.OutputFormatConfiguration.Serializer != nil, "Serializer"); err != nil {
		return err
	}
	in, out := c.InputFormatConfiguration.Deserializer, c.OutputFormatConfiguration.Serializer
	switch {
	case in.OpenXJsonSerDe != nil && in.HiveJsonSerDe != nil:
		return invalid("More than one deserializer specified. Only one may be chosen.")
	case out.ParquetSerDe != nil && out.OrcSerDe != nil:
		return invalid("More than one serializer specified. Only one may be chosen.")
	case in.OpenXJsonSerDe == nil && in.HiveJsonSerDe == nil:
		return invalid("Deserializer must not be null")
	case out.ParquetSerDe == nil && out.OrcSerDe == nil:
		return invalid("Serializer must not be null")
	}
	t := c.SchemaConfiguration
	return firstFault(errors.Join(
		must(t.RoleARN != "", "RoleARN"),
		must(t.DatabaseName != "", "DatabaseName"),
		must(t.TableName != "", "TableName")))
}

// firstFault is the first of the faults joined in err, or nil.
func firstFault(err error) error {
	if f, ok := hydrant.AsFault(err); ok {
		return f
	}
	return nil
}

// checkTable asks for the table's columns and tries them, so that what could never be converted is
// refused now.
func (s *Service) checkTable(ctx context.Context, scope hydrant.Scope, c *DataFormatConversionConfiguration) error {
	if _, err := s.resolve(ctx, scope, c); err != nil {
		return createFault(err)
	}
	return nil
}

// createFault words a failure to find the schema as create and update do.
func createFault(err error) error {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	if cause, ok := hydrant.AsFault(f.cause); ok {
		return invalid("%s %s (Service: AWSGlue; Status Code: %d; Error Code: %s)", f.message, cause.Message, cause.HTTPStatus(), cause.Code)
	}
	return invalid("%s", f.message)
}

// conversion is all that turning records into columns depends on. It is part of an intent.
type conversion struct {
	Columns []hydrant.Column
	Input   columnar.Input
	Output  columnar.Output
	// Table is the schema's origin as error lines name it, with the version that was configured.
	Table SchemaConfiguration
	// Version is the table version the columns were taken from.
	Version string
}

const glueDenied = "Access was denied when calling Glue. Please ensure that the role specified in the data format conversion configuration has the necessary permissions."

// resolve looks up the columns of a conversion now. Its errors are *failure.
func (s *Service) resolve(ctx context.Context, scope hydrant.Scope, c *DataFormatConversionConfiguration) (*conversion, error) {
	t := *c.SchemaConfiguration
	where := hydrant.Scope{Account: orElse(t.CatalogId, scope.Account), Region: orElse(t.Region, scope.Region)}
	if err := s.mayReadTable(ctx, scope, &t); err != nil {
		return nil, err
	}
	columns, version, err := s.cfg.Tables.Columns(ctx, where, t.DatabaseName, t.TableName, orElse(t.VersionId, "LATEST"))
	switch {
	case hydrant.FaultCode(err) == "EntityNotFoundException":
		return nil, &failure{"DataFormatConversion.EntityNotFound",
			"The specified table/database could not be found. Please ensure that the table/database exists and that the values provided in the schema configuration are correct, especially with regards to casing.", err}
	case err != nil:
		return nil, &failure{"DataFormatConversion.InternalError", "The schema could not be read.", fmt.Errorf("columns of %s.%s: %w", t.DatabaseName, t.TableName, err)}
	case len(columns) == 0:
		return nil, &failure{invalidSchema, "The schema is invalid. The specified table has no columns.", nil}
	}
	conv := &conversion{
		Columns: columns,
		Input:   inputOf(c.InputFormatConfiguration.Deserializer),
		Output:  outputOf(c.OutputFormatConfiguration.Serializer.ParquetSerDe),
		Table:   t,
		Version: version,
	}
	_, err = conv.writer(io.Discard)
	return conv, err
}

// writer starts a Parquet file of these columns. Its errors are *failure.
func (c *conversion) writer(w io.Writer) (*columnar.Writer, error) {
	columns := make([]columnar.Column, len(c.Columns))
	for i, col := range c.Columns {
		columns[i] = columnar.Column(col)
	}
	schema, err := columnar.NewSchema(columns)
	if err != nil {
		return nil, &failure{invalidSchema, "The schema is invalid. " + err.Error(), err}
	}
	cw, err := columnar.NewWriter(w, schema, c.Input, c.Output)
	switch h := c.Input.Hive; {
	case err == nil:
		return cw, nil
	case h != nil && len(h.TimestampFormats) > 0:
		return nil, &failure{invalidSchema, fmt.Sprintf(
			"One or more SerDe options are invalid for org.apache.hcatalog.data.JsonSerDe: [Key: timestamp.formats Value: %s]",
			strings.Join(h.TimestampFormats, ",")), err}
	}
	return nil, &failure{invalidSchema, "The data format conversion configuration is invalid. " + err.Error(), err}
}

const invalidSchema = "DataFormatConversion.InvalidSchema"

func inputOf(d *Deserializer) columnar.Input {
	if h := d.HiveJsonSerDe; h != nil {
		return columnar.Input{Hive: &columnar.Hive{TimestampFormats: h.TimestampFormats}}
	}
	x := d.OpenXJsonSerDe
	return columnar.Input{OpenX: &columnar.OpenX{
		CaseSensitive:      x.CaseInsensitive != nil && !*x.CaseInsensitive,
		DotsToUnderscores:  isTrue(x.ConvertDotsInJsonKeysToUnderscores),
		ColumnToKeyMapping: x.ColumnToJsonKeyMappings,
	}}
}

func outputOf(p *ParquetSerDe) columnar.Output {
	o := columnar.Output{
		Compression: p.Compression,
		// Unset means yes: readers see no difference, and files of trips are a quarter smaller
		// (bench/results/columnar.txt).
		EnableDictionary: p.EnableDictionaryCompression == nil || *p.EnableDictionaryCompression,
		WriterVersion:    p.WriterVersion,
	}
	if p.BlockSizeBytes != nil {
		o.BlockSizeBytes = *p.BlockSizeBytes
	}
	if p.PageSizeBytes != nil {
		o.PageSizeBytes = *p.PageSizeBytes
	}
	return o
}
