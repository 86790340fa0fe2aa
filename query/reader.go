package query

import (
	"fmt"
	"strconv"
	"strings"
)

// reader is the table function over some files; named asks for the column of file names.
type reader func(paths []string, named bool) string

// readerOf chooses how the files of a table are read, by its SerDe.
func readerOf(t *Table, columns []typed) (reader, error) {
	class := strings.ToLower(t.SerDe + " " + t.InputFormat)
	switch {
	case strings.EqualFold(t.Parameters["table_type"], "ICEBERG"):
		return nil, refuse(BadTable, "table %s.%s is an Iceberg table, which cannot be read here", t.Database, t.Name)
	case strings.Contains(class, "parquet"):
		return parquetReader(columns), nil
	case strings.Contains(class, "jsonserde"):
		return jsonReader(t, columns), nil
	case strings.Contains(class, "opencsvserde"):
		return openCSVReader(t, columns), nil
	case strings.Contains(class, "lazysimpleserde"):
		return lazyReader(t, columns), nil
	}
	return nil, refuse(BadTable, "table %s.%s: files of SerDe %q cannot be read here; Parquet, JSON and CSV can", t.Database, t.Name, t.SerDe)
}

func parquetReader(columns []typed) reader {
	fields := make([]string, len(columns))
	for i, c := range columns {
		fields[i] = fmt.Sprintf("%s: {name: %[1]s, type: %s, default_value: NULL}", text(c.source), text(c.duck))
	}
	schema := "MAP {" + strings.Join(fields, ", ") + "}"
	return func(paths []string, named bool) string {
		return fmt.Sprintf("read_parquet(%s, schema = %s, filename = %t)", textList(paths), schema, named)
	}
}

// columnStruct declares columns to DuckDB's text readers.
func columnStruct(columns []typed) string {
	fields := make([]string, len(columns))
	for i, c := range columns {
		fields[i] = text(c.source) + ": " + text(c.duck)
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

func jsonReader(t *Table, columns []typed) reader {
	declared := columnStruct(columns)
	lenient := strings.EqualFold(t.SerDeParameters["ignore.malformed.json"], "true")
	return func(paths []string, named bool) string {
		return fmt.Sprintf("read_json(%s, format = 'newline_delimited', columns = %s, ignore_errors = %t, filename = %t)",
			textList(paths), declared, lenient, named)
	}
}

// parameter is a property of the SerDe or the table, or what Hive assumes.
func (t *Table) parameter(name, assumed string) string {
	if v := t.SerDeParameters[name]; v != "" {
		return v
	}
	if v := t.Parameters[name]; v != "" {
		return v
	}
	return assumed
}

func lazyReader(t *Table, columns []typed) reader {
	delimiter := t.parameter("field.delim", t.parameter("serialization.format", "\x01"))
	if delimiter == "1" { // Hive's word for its default
		delimiter = "\x01"
	}
	return csvReader(t, columns, delimiter, "", t.parameter("escape.delim", ""), t.parameter("serialization.null.format", `\N`))
}

func openCSVReader(t *Table, columns []typed) reader {
	quote := t.parameter("quoteChar", `"`)
	return csvReader(t, columns, t.parameter("separatorChar", ","), quote, t.parameter("escapeChar", quote), "")
}

func csvReader(t *Table, columns []typed, delimiter, quote, escape, null string) reader {
	declared := columnStruct(columns)
	skip, err := strconv.Atoi(t.parameter("skip.header.line.count", "0"))
	if err != nil || skip < 0 {
		skip = 0 // as Hive takes what is no number
	}
	return func(paths []string, named bool) string {
		return fmt.Sprintf("read_csv(%s, auto_detect = false, header = false, delim = %s, quote = %s, escape = %s, nullstr = %s, skip = %d, "+
			"null_padding = true, strict_mode = false, columns = %s, filename = %t)",
			textList(paths), text(delimiter), text(quote), text(escape), text(null), skip, declared, named)
	}
}
