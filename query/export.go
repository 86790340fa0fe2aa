package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Export says into which files the rows of a statement go.
type Export struct {
	// Columns are those of the files, in DuckDB's types. The statement has From columns.
	Columns []ExportColumn
	From    int
	// PartitionBy names those of the columns that are not in the files but in the names of folders.
	PartitionBy []string
	Format      Format
	Compression string // UNCOMPRESSED, GZIP, SNAPPY or ZSTD, as far as the format knows it
	Delimiter   string // of Text
}

// ExportColumn is a column of files and, by its place, that of the statement which it is; -1 is NULL.
type ExportColumn struct {
	Column
	From int
}

// Format is a format of files.
type Format string

const (
	Parquet Format = "parquet"
	JSON    Format = "json" // a document per line
	Text    Format = "text" // Hive's: no quotes, \N for NULL
)

// Part is one file of an export.
type Part struct {
	Path   string
	Size   int64
	Values []*string // of PartitionBy; nil is NULL
}

// Export runs a statement into files of Parquet, JSON or text and hands them over, all at once. They are
// there until take returns, whose error is returned as it is. No file is empty of rows.
//
// What the statement itself is to blame for comes back as *Error.
func (e *Engine) Export(ctx context.Context, s Statement, x Export, take func(parts []Part) error) (rows int64, err error) {
	free, err := e.slot(ctx)
	if err != nil {
		return 0, err
	}
	defer free()
	return e.export(ctx, s, x, take)
}

// lines are the options of text without quotes.
func lines(delimiter string) []string {
	return []string{"FORMAT csv", "HEADER false", "QUOTE ''", "ESCAPE ''", `NULLSTR '\N'`, "DELIMITER " + text(delimiter)}
}

// copySQL is the statement that writes the files of an export into a folder.
func (x *Export) copySQL(statement, folder string) (string, error) {
	names, items, members := make([]string, x.From), []string{}, []string{}
	for i := range names {
		names[i] = fmt.Sprintf("c%d", i)
	}
	for _, c := range x.Columns {
		value := "NULL"
		if c.From >= 0 {
			value = names[c.From]
		}
		value = fmt.Sprintf("CAST(%s AS %s)", value, c.Type)
		if x.Format == JSON && !slices.Contains(x.PartitionBy, c.Name) {
			members = append(members, ident(c.Name)+" := "+value)
			continue
		}
		items = append(items, value+" AS "+ident(c.Name))
	}
	options := []string{"COMPRESSION " + text(x.Compression)}
	switch x.Format {
	case Parquet:
		options = append(options, "FORMAT parquet")
	case JSON:
		// A line of text whose one value is the document, which holds no control character.
		items = append([]string{"to_json(struct_pack(" + strings.Join(members, ", ") + ")) AS document"}, items...)
		options = append(options, lines("\x01")...)
	case Text:
		options = append(options, lines(x.Delimiter)...)
	default:
		return "", errors.New("query: no format is given")
	}
	to := folder + "/part"
	if len(x.PartitionBy) > 0 {
		keys := make([]string, len(x.PartitionBy))
		for i, k := range x.PartitionBy {
			keys[i] = ident(k)
		}
		to, options = folder+"/parts", append(options, "PARTITION_BY ("+strings.Join(keys, ", ")+")")
	}
	return fmt.Sprintf("COPY (SELECT %s FROM (%s\n) AS t (%s)) TO %s (%s)",
		strings.Join(items, ", "), statement, strings.Join(names, ", "), text(to), strings.Join(options, ", ")), nil
}
