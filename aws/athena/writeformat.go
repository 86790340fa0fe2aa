package athena

import (
	"context"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/ddl"
	"github.com/hydrant-stream/hydrant/aws/athena/trino"
	"github.com/hydrant-stream/hydrant/query"
)

// fileFormat is a format that statements write: what the engine is told, and the classes of the catalog.
type fileFormat struct {
	format               query.Format
	compressions         []string // the first where none is given
	input, output, serde string
}

func formatOf(name string, compressions ...string) fileFormat {
	f := fileFormat{compressions: compressions}
	f.input, f.output, f.serde, _ = ddl.Format(name)
	return f
}

const hiveJSONSerDe = "org.apache.hive.hcatalog.data.JsonSerDe"

var fileFormats = func() map[string]fileFormat {
	parquet := formatOf("PARQUET", "GZIP", "SNAPPY", "ZSTD", "NONE")
	parquet.format = query.Parquet
	text := formatOf("TEXTFILE", "GZIP", "ZSTD", "NONE")
	text.format = query.Text
	json := text
	json.format, json.serde = query.JSON, hiveJSONSerDe
	return map[string]fileFormat{"PARQUET": parquet, "TEXTFILE": text, "JSON": json}
}()

// layout is how the rows of a statement's own query are written: in the format and partitions its properties
// ask for. hive are the columns as the catalog has them, partition keys last.
func (s *Service) layout(ctx context.Context, e *execution, d *trino.Definition) (f fileFormat, x query.Export, hive []Column, err error) {
	if f, err = format(d); err != nil {
		return f, x, nil, err
	}
	if x, err = f.export(d); err != nil {
		return f, x, nil, err
	}
	heads, err := s.columnsOf(ctx, e, d, expand)
	if err != nil {
		return f, x, nil, err
	}
	for _, k := range d.Properties["partitioned_by"] {
		x.PartitionBy = append(x.PartitionBy, strings.ToLower(k))
	}
	if err := lastColumns(d, heads, x.PartitionBy); err != nil {
		return f, x, nil, err
	}
	files, hive, err := fileColumns(d, heads, f.format)
	x.Columns, x.From = exported(files), len(files)
	return f, x, hive, err
}

// export reads from the properties of a statement how its files are written.
func (f fileFormat) export(d *trino.Definition) (query.Export, error) {
	x := query.Export{Format: f.format, Compression: f.compressions[0], Delimiter: "\x01"}
	for _, name := range []string{"write_compression", "compression", "parquet_compression"} {
		if c := first(d.Properties[name]); c != "" {
			x.Compression = strings.ToUpper(c)
		}
	}
	if !slices.Contains(f.compressions, x.Compression) {
		return x, &failure{d.Wrong("NOT_SUPPORTED", "compression %s of %s is not supported here; %s are", x.Compression, f.format, strings.Join(f.compressions, ", ")).Error(), 1006}
	}
	if x.Compression == "NONE" {
		x.Compression = "UNCOMPRESSED"
	}
	if v := first(d.Properties["field_delimiter"]); v != "" {
		x.Delimiter = v
	}
	if len(x.Delimiter) != 1 {
		return x, &failure{d.Wrong("INVALID_TABLE_PROPERTY", "field_delimiter must be one character").Error(), 1006}
	}
	return x, nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// properties refuses those a statement does not know, and those that are not served here.
func properties(d *trino.Definition, known, refused []string) error {
	for name := range d.Properties {
		switch {
		case slices.Contains(refused, name):
			return &failure{d.Wrong("NOT_SUPPORTED", "property %s is not supported here", name).Error(), 1006}
		case !slices.Contains(known, name):
			return &failure{d.Wrong("INVALID_TABLE_PROPERTY", "Catalog 'awsdatacatalog' table property '%s' does not exist", name).Error(), 1006}
		}
	}
	return nil
}

// format is the format that a statement asks for.
func format(d *trino.Definition) (fileFormat, error) {
	name := strings.ToUpper(first(d.Properties["format"]))
	if name == "" {
		name = "PARQUET"
	}
	f, ok := fileFormats[name]
	if !ok {
		return f, &failure{d.Wrong("NOT_SUPPORTED", "format %s is not supported here; PARQUET, JSON and TEXTFILE are", name).Error(), 1006}
	}
	return f, nil
}

// fileType is the type a column has in files; wide integers, which Hive has not, are bigint.
func fileType(t query.Type, duck string) string {
	switch t.Kind {
	case "HUGEINT", "UBIGINT", "UHUGEINT", "UINTEGER":
		return "BIGINT"
	case "UTINYINT", "USMALLINT":
		return "INTEGER"
	case "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS":
		return "TIMESTAMP"
	}
	return duck
}

// fileColumns are the columns of a query as files have them and as the catalog does.
func fileColumns(d *trino.Definition, heads []query.Column, f query.Format) (files []query.Column, hive []Column, err error) {
	for i, h := range heads {
		of := query.ParseType(h.Type)
		if of.Kind == untypedNull {
			return nil, nil, &failure{d.Wrong("COLUMN_TYPE_UNKNOWN", "Column type is unknown at position %d", i+1).Error(), 1006}
		}
		name, ok := hiveType(of)
		if _, has := plainTypes[of.Kind]; !ok || !has && of.Kind != "VARCHAR" && of.Kind != "DECIMAL" {
			return nil, nil, &failure{d.Wrong("NOT_SUPPORTED", "Unsupported Hive type: %s", trinoType(of)).Error(), 1006}
		}
		if nested := of.Kind == "LIST" || of.Kind == "MAP" || of.Kind == "STRUCT"; nested && f == query.Text {
			return nil, nil, &failure{d.Wrong("NOT_SUPPORTED", "column %s: arrays, maps and rows are not written as text here", h.Name).Error(), 1006}
		}
		lower := strings.ToLower(h.Name)
		files = append(files, query.Column{Name: lower, Type: fileType(of, h.Type)})
		hive = append(hive, Column{Name: lower, Type: name})
	}
	return files, hive, nil
}

// exported are columns of a query in their own order.
func exported(columns []query.Column) []query.ExportColumn {
	out := make([]query.ExportColumn, len(columns))
	for i, c := range columns {
		out[i] = query.ExportColumn{Column: c, From: i}
	}
	return out
}
